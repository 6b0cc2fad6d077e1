"""How dispatch's events read."""

from __future__ import annotations

from typing import Any

from django.utils.dateparse import parse_datetime
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from dispatch.models import ContactMethod, ReplyKind, Solved
from hotline.core.places import unit_by_code
from intake.rendering import register_events


def _dispatched(data: dict[str, Any]) -> str:
    due = parse_datetime(data["due_at"])
    words = [_("反馈时限 %(due)s") % {"due": f"{localtime(due):%m-%d %H:%M}" if due else ""}]
    copy = unit_by_code(data["copy"]) if data.get("copy") else None
    if copy:
        words.append(_("抄送%(unit)s督办") % {"unit": copy.name})
    return _("；").join(words)


def _objected(data: dict[str, Any]) -> str:
    proposed = unit_by_code(data["proposed"]) if data.get("proposed") else None
    return _("建议派至%(unit)s") % {"unit": proposed.name} if proposed else ""


register_events(
    {
        "dispatched": gettext_lazy("派单"),
        "signed": gettext_lazy("签收"),
        "contacted": gettext_lazy("联系诉求人"),
        "reported": gettext_lazy("阶段反馈"),
        "replied": gettext_lazy("答复"),
        "recalled": gettext_lazy("收回派单"),
        "objected": gettext_lazy("提出派单异议"),
        "returned": gettext_lazy("异议成立，退回"),
        "objection_rejected": gettext_lazy("异议不成立"),
        "answer_accepted": gettext_lazy("认可督办答复"),
    },
    {
        "dispatched": _dispatched,
        "contacted": lambda data: str(ContactMethod(data["method"]).label),
        "reported": lambda data: str(ReplyKind(data["kind"]).label),
        "replied": lambda data: (
            _("单位自评：%(solved)s") % {"solved": Solved(data["solved"]).label}
        ),
        "objected": _objected,
    },
)
