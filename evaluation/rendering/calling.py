"""How evaluation's events read."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from evaluation.models import CallbackChannel, CallOutcome, Satisfaction
from intake.models import CloseCode
from intake.rendering import register_events


def _called_back(data: dict[str, Any]) -> str:
    """What was answered; by whom it was written where that was not the hotline's agent."""
    said = _said(data)
    if "channel" in data:
        return str(CallbackChannel(data["channel"]).label) + _("，") + said
    return said


def _said(data: dict[str, Any]) -> str:
    if data.get("is_withheld"):
        return _("已评价，诉求人要求不向承办单位显示")
    if data.get("resolved") is None:
        return str(CallOutcome(data["outcome"]).label)
    solved = _("已解决") if data["resolved"] else _("未解决")
    return solved + _("，") + str(Satisfaction(data["satisfaction"]).label)


register_events(
    {
        "called_back": gettext_lazy("回访"),
        "rehandled": gettext_lazy("退回重新办理"),
        "closed": gettext_lazy("办结"),
    },
    {
        "called_back": _called_back,
        "rehandled": lambda data: (
            (_("第 %(n)s 轮，附督办单") if data["with_order"] else _("第 %(n)s 轮"))
            % {"n": data["round"]}
        ),
        "closed": lambda data: str(CloseCode(data["code"]).label),
    },
)
