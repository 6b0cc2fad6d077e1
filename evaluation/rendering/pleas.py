"""How the events of exclusions and appeals read, and who may read them."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from evaluation.models import AppealGround, ExclusionGround, ExclusionScope
from intake.own_affairs import register_own_affairs
from intake.rendering import register_events


def _asked(data: dict[str, Any]) -> str:
    return _("%(scope)s：%(ground)s") % {
        "scope": ExclusionScope(data["scope"]).label,
        "ground": ExclusionGround(data["ground"]).label,
    }


def _scope(data: dict[str, Any]) -> str:
    return str(ExclusionScope(data["scope"]).label)


register_events(
    {
        "exclusion_asked": gettext_lazy("申请剔除"),
        "exclusion_granted": gettext_lazy("同意剔除"),
        "exclusion_refused": gettext_lazy("不同意剔除"),
        "appealed": gettext_lazy("考评申诉"),
        "appeal_upheld": gettext_lazy("申诉成立"),
        "appeal_rejected": gettext_lazy("申诉不成立"),
    },
    {
        "exclusion_asked": _asked,
        "exclusion_granted": _asked,
        "exclusion_refused": _scope,
        "appealed": lambda data: str(AppealGround(data["ground"]).label),
    },
)
# What a unit asks about its own result is no other unit's business.
register_own_affairs(
    "exclusion_asked", "exclusion_granted", "exclusion_refused",
    "appealed", "appeal_upheld", "appeal_rejected",
)  # fmt: skip
