"""How asking for time reads in the timeline."""

from __future__ import annotations

from typing import Any

from django.utils.dateparse import parse_datetime
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from dispatch.models import Decision, ExtensionReason, HoldKind
from hotline.core.working_time import TimeUnit
from intake.rendering import register_events


def _moment(written: str) -> str:
    at = parse_datetime(written)
    return f"{localtime(at):%m-%d %H:%M}" if at else ""


def _length(data: dict[str, Any]) -> str:
    return f"{data['amount']} {TimeUnit(data['unit']).label}"


def _extension_asked(data: dict[str, Any]) -> str:
    return _("%(length)s，%(ground)s") % {
        "length": _length(data),
        "ground": ExtensionReason(data["ground"]).label,
    }


def _extension_granted(data: dict[str, Any]) -> str:
    return _("延长 %(length)s，反馈时限 %(due)s") % {
        "length": _length(data),
        "due": _moment(data["due_at"]),
    }


def _extension_refused(data: dict[str, Any]) -> str:
    if data["outcome"] == Decision.LAPSED:
        return _("反馈已经超时或已经给出，申请失效")
    return ""


def _hold_asked(data: dict[str, Any]) -> str:
    return _("%(kind)s，%(at)s 复核") % {
        "kind": HoldKind(data["kind"]).label,
        "at": _moment(data["review_at"]),
    }


register_events(
    {
        "extension_asked": gettext_lazy("申请延期"),
        "extension_granted": gettext_lazy("同意延期"),
        "extension_refused": gettext_lazy("未同意延期"),
        "facts_asked": gettext_lazy("请诉求人补充情况"),
        "facts_received": gettext_lazy("诉求人补充了情况"),
        "hold_asked": gettext_lazy("申请挂账"),
        "hold_approved": gettext_lazy("同意挂账"),
        "hold_refused": gettext_lazy("不同意挂账"),
        "hold_reviewed": gettext_lazy("挂账复核"),
        "hold_cleared": gettext_lazy("解除挂账"),
    },
    {
        "extension_asked": _extension_asked,
        "extension_granted": _extension_granted,
        "extension_refused": _extension_refused,
        "facts_asked": lambda data: _("最多等到 %(at)s") % {"at": _moment(data["until"])},
        "hold_asked": _hold_asked,
        "hold_approved": lambda data: _("%(at)s 复核") % {"at": _moment(data["review_at"])},
        "hold_reviewed": lambda data: _("下次 %(at)s 复核") % {"at": _moment(data["next_at"])},
        "hold_cleared": lambda data: _("反馈时限 %(due)s") % {"due": _moment(data["due_at"])},
    },
)
