"""Codes to words: events, actors and fields are put into sentences when they are read."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from hotline.core.models import ApiClient, ClockKind, Staff
from hotline.core.places import units
from intake.models import CloseCode, TicketEvent

Sentence = Callable[[dict[str, Any]], str]
_LABELS: dict[str, str | Promise] = {}
_DETAILS: dict[str, Sentence] = {}


def register_events(
    labels: dict[str, str | Promise], details: dict[str, Sentence] | None = None
) -> None:
    """An app says what its event types are called and how their data reads."""
    _LABELS.update(labels)
    _DETAILS.update(details or {})


def event_label(type: str) -> str:
    return str(_LABELS.get(type, type))


def event_detail(event: TicketEvent) -> str:
    """The event's data as a sentence; empty when the label says it all."""
    detail = _DETAILS.get(event.type)
    return detail(event.data) if detail else ""


def unit_name(unit_id: int | None) -> str:
    unit = units().get(unit_id) if unit_id else None
    return unit.name if unit else ""


def actor_name(reference: str) -> str:
    """Who an event's actor code stands for."""
    return actor_names([reference])[reference]


def actor_names(references: list[str]) -> dict[str, str]:
    """The names behind actor codes, in two queries however many there are."""
    ids: dict[str, set[int]] = {"staff": set(), "client": set()}
    for reference in references:
        kind, _colon, pk = reference.partition(":")
        if kind in ids and pk:
            ids[kind].add(int(pk))
    staff = dict(Staff.objects.filter(pk__in=ids["staff"]).values_list("pk", "display_name"))
    clients = dict(ApiClient.objects.filter(pk__in=ids["client"]).values_list("pk", "name"))
    names: dict[str, str] = {}
    for reference in references:
        kind, _colon, pk = reference.partition(":")
        match kind:
            case "staff":
                names[reference] = staff.get(int(pk), reference)
            case "client":
                names[reference] = clients.get(int(pk), reference)
            case "citizen":
                names[reference] = _("诉求人")
            case _:
                names[reference] = _("系统")
    return names


def clock_label(kind: str) -> str:
    return str(ClockKind(kind).label)


def _informed(data: dict[str, Any]) -> str:
    words = [str(CloseCode(data["code"]).label)]
    if data.get("transferred_to"):
        words.append(_("转接 %(line)s") % {"line": data["transferred_to"]})
    if data.get("earlier"):
        words.append(_("关联工单 %(number)s") % {"number": data["earlier"]})
    return _("；").join(words)


register_events(
    {
        "accepted": gettext_lazy("受理"),
        "answered": gettext_lazy("当场答复，办结"),
        "informed": gettext_lazy("告知办结"),
        "merged": gettext_lazy("并入其他工单"),
        "joined": gettext_lazy("有工单并入"),
        "split": gettext_lazy("有工单拆出"),
        "withdrawn": gettext_lazy("诉求人撤回"),
        "reopened": gettext_lazy("重新受理"),
        "amended": gettext_lazy("修改诉求内容"),
        "classified": gettext_lazy("调整分类或等级"),
        "noted": gettext_lazy("备注"),
        "warned": gettext_lazy("临期提醒"),
        "breached": gettext_lazy("超时"),
        "recomputed": gettext_lazy("时限按新公布的日历重算"),
    },
    {
        "informed": _informed,
        "merged": lambda data: _("并入 %(number)s") % {"number": data["into"]},
        "joined": lambda data: _("并入的工单：%(number)s") % {"number": data["source"]},
        "split": lambda data: _("拆出的工单：%(number)s") % {"number": data["source"]},
        "amended": lambda data: _("第 %(n)s 版") % {"n": data["revision"]},
        "warned": lambda data: clock_label(data["kind"]),
        "breached": lambda data: clock_label(data["kind"]),
        "recomputed": lambda data: clock_label(data["kind"]),
    },
)
