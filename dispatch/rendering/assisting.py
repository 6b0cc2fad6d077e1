"""How asking for help, and helping, read in the timeline."""

from __future__ import annotations

from typing import Any

from django.utils.dateparse import parse_datetime
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from dispatch.models import Solved
from hotline.core.places import unit_by_code
from intake.rendering import register_events


def unit_called(code: str | None) -> str:
    """The unit's name as it is today."""
    unit = unit_by_code(code) if code else None
    return unit.name if unit else code or ""


def _moment(text: str) -> str:
    at = parse_datetime(text)
    return f"{localtime(at):%m-%d %H:%M}" if at else ""


def _asked(data: dict[str, Any]) -> str:
    words = [
        _("由%(unit)s提出") % {"unit": unit_called(data.get("of"))},
        _("时限 %(due)s") % {"due": _moment(data["due_at"])},
    ]
    return _("；").join(words)


def _handed_in(data: dict[str, Any]) -> str:
    words = [_("由%(unit)s反馈") % {"unit": unit_called(data.get("by"))}]
    if data.get("solved"):
        words.append(_("单位自评：%(solved)s") % {"solved": Solved(data["solved"]).label})
    if data.get("is_late"):
        words.append(_("逾期"))
    return _("；").join(words)


def _interim(data: dict[str, Any]) -> str:
    words = [
        _("由%(unit)s反馈") % {"unit": unit_called(data.get("by"))},
        _("%(due)s前反馈结果") % {"due": _moment(data["next_at"])},
    ]
    return _("；").join(words)


register_events(
    {
        "cooperation_asked": gettext_lazy("请求协办"),
        "delegated": gettext_lazy("转交办理"),
        "part_signed": gettext_lazy("签收协办任务"),
        "handed_in": gettext_lazy("协办结果"),
        "interim_reported": gettext_lazy("协办阶段性反馈"),
        "released": gettext_lazy("解除协办"),
    },
    {
        "cooperation_asked": _asked,
        "delegated": _asked,
        "handed_in": _handed_in,
        "interim_reported": _interim,
        "released": lambda data: _("由%(unit)s提出的任务") % {"unit": unit_called(data.get("of"))},
    },
)
