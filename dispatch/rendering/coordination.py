"""How consultations and questions to an authority read in the timeline."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from dispatch.rendering.assisting import unit_called
from intake.rendering import register_events


def _opened(data: dict[str, Any]) -> str:
    names = _("、").join(unit_called(code) for code in data["members"])
    return _("参加单位：%(units)s") % {"units": names}


def _concluded(data: dict[str, Any]) -> str:
    decided = unit_called(data.get("decided"))
    return _("确定由%(unit)s承办") % {"unit": decided} if decided else ""


def _escalated(data: dict[str, Any]) -> str:
    names = {"unit": unit_called(data["by"]), "authority": unit_called(data["authority"])}
    return _("%(unit)s提请%(authority)s协调") % names


def _answered(data: dict[str, Any]) -> str:
    name = {"unit": unit_called(data["authority"])}
    if data.get("takes_over"):
        return _("由%(unit)s提级办理") % name
    return _("%(unit)s已答复") % name


register_events(
    {
        "consultation_opened": gettext_lazy("派单前会商"),
        "consultation_concluded": gettext_lazy("会商结论"),
        "escalated": gettext_lazy("提请上级协调"),
        "escalation_answered": gettext_lazy("上级协调答复"),
    },
    {
        "consultation_opened": _opened,
        "consultation_concluded": _concluded,
        "escalated": _escalated,
        "escalation_answered": _answered,
    },
)
