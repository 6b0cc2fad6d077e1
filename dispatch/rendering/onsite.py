"""How calling units to a place, and settling it there, read in the timeline."""

from __future__ import annotations

from typing import Any

from django.utils.dateparse import parse_datetime
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from dispatch.models import OnsiteGround
from dispatch.rendering.assisting import unit_called
from intake.rendering import register_events


def _names(codes: list[str]) -> str:
    return _("、").join(unit_called(code) for code in codes)


def _ordered(data: dict[str, Any]) -> str:
    meet_at = parse_datetime(data["meet_at"])
    words = [
        str(OnsiteGround(data["ground"]).label),
        _("%(at)s 到场") % {"at": f"{localtime(meet_at):%m-%d %H:%M}" if meet_at else ""},
        _names(data["members"]),
    ]
    return _("；").join(words)


def _arrived(data: dict[str, Any]) -> str:
    name = {"unit": unit_called(data["unit"])}
    return _("%(unit)s迟到") % name if data["is_late"] else name["unit"]


def _decided(data: dict[str, Any]) -> str:
    words = []
    if data["lead"]:
        words.append(_("主办：%(unit)s") % {"unit": unit_called(data["lead"])})
    if data["cooperators"]:
        words.append(_("协办：%(units)s") % {"units": _names(data["cooperators"])})
    if data["absent"]:
        words.append(_("未到场：%(units)s") % {"units": _names(data["absent"])})
    return _("；").join(words)


register_events(
    {
        "onsite_ordered": gettext_lazy("要求到现场"),
        "onsite_arrived": gettext_lazy("到达现场"),
        "onsite_decided": gettext_lazy("现场责任划分"),
    },
    {
        "onsite_ordered": _ordered,
        "onsite_arrived": _arrived,
        "onsite_decided": _decided,
    },
)
