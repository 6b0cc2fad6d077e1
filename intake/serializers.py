"""Tickets as the API shows them.

Rows are built by hand from columns, because deep serializers would cost more than everything
else in a request; the serializer classes beside them say the same to the OpenAPI document, and
a test holds the two together.
"""

from __future__ import annotations

import copy
import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from hotline.core.actors import Actor
from hotline.core.api.schema import choices_of
from hotline.core.models import Channel, ClockKind
from hotline.core.places import area_by_code, channels, units
from hotline.core.privacy.phones import mask_name, mask_phone
from hotline.core.working_time import BUSINESS_ZONE
from intake import verbs
from intake.models import (
    Clock,
    CloseCode,
    Level,
    RequestType,
    State,
    Ticket,
    TicketEvent,
    TicketRequester,
    Urgency,
)
from intake.models.requesters import PartyRole
from intake.own_affairs import clocks_known_to
from intake.rendering import event_detail, event_label
from knowledge.models import categories

# Ids of rows mean nothing outside and are left out of an event's data.
_INNER_IDS = frozenset({"assignment", "clock", "subject", "result", "link"})


# --- small parts -----------------------------------------------------------------------------


class NamedSerializer(serializers.Serializer[Any]):
    """Something with a code, and what it is called."""

    code = serializers.CharField()
    name = serializers.CharField()


def named(thing: Any) -> dict[str, str] | None:
    return {"code": thing.code, "name": thing.name} if thing else None


def instant(at: dt.datetime | None) -> str | None:
    """RFC 3339 in business time."""
    return at.astimezone(BUSINESS_ZONE).isoformat() if at else None


def channel_by_id(channel_id: int | None) -> Channel | None:
    return next((c for c in channels().values() if c.pk == channel_id), None)


# --- standing and row ------------------------------------------------------------------------


class TicketStandingSerializer(serializers.Serializer[Any]):
    """Where a ticket stands: what an action answers."""

    number = serializers.CharField()
    state = choices_of(State)
    version = serializers.IntegerField(help_text=_("每次改动加一；放进 If-Match"))
    level = choices_of(Level)
    urgency = choices_of(Urgency)
    lead_unit = NamedSerializer(allow_null=True)
    promised_at = serializers.DateTimeField(help_text=_("对诉求人承诺的时间，自受理起算"))
    dispatched_at = serializers.DateTimeField(allow_null=True)
    replied_at = serializers.DateTimeField(allow_null=True)
    closed_at = serializers.DateTimeField(allow_null=True)
    close_code = serializers.ChoiceField(choices=CloseCode.choices, allow_blank=True)
    is_overdue = serializers.BooleanField(help_text=_("承诺时间已过，尚未答复"))


class ActedTicketSerializer(TicketStandingSerializer):
    """After an action: where the ticket stands, and what may follow."""

    allowed_actions = serializers.ListField(
        child=serializers.CharField(), help_text=_("您现在可以对它做的动作")
    )


class TicketRowSerializer(TicketStandingSerializer):
    """A ticket in a list."""

    title = serializers.CharField()
    request_type = choices_of(RequestType)
    category = NamedSerializer(allow_null=True)
    area = NamedSerializer(allow_null=True)
    district = NamedSerializer(allow_null=True)
    channel = NamedSerializer()
    is_anonymous = serializers.BooleanField()
    is_confidential = serializers.BooleanField()
    called_at = serializers.DateTimeField(help_text=_("诉求人提出的时间"))
    accepted_at = serializers.DateTimeField()


_STANDING = (
    "number", "state", "version", "level", "urgency", "lead_unit_id", "promised_at",
    "dispatched_at", "replied_at", "closed_at", "close_code",
)  # fmt: skip
# What a row reads; all of it in one query.
ROW_COLUMNS = (
    *_STANDING, "request_type", "category_id", "channel_id", "is_anonymous", "is_confidential",
    "called_at", "accepted_at", "text__title", "area__code", "area__name", "district__code",
    "district__name",
)  # fmt: skip


def _standing(v: dict[str, Any], at: dt.datetime) -> dict[str, Any]:
    late = v["promised_at"] <= at and v["replied_at"] is None and v["state"] != State.CLOSED
    return {
        "number": v["number"],
        "state": v["state"],
        "version": v["version"],
        "level": v["level"],
        "urgency": v["urgency"],
        "lead_unit": named(units().get(v["lead_unit_id"])),
        "promised_at": instant(v["promised_at"]),
        "dispatched_at": instant(v["dispatched_at"]),
        "replied_at": instant(v["replied_at"]),
        "closed_at": instant(v["closed_at"]),
        "close_code": v["close_code"],
        "is_overdue": late,
    }


def row(v: dict[str, Any], at: dt.datetime) -> dict[str, Any]:
    """A ticket in a list, from `ROW_COLUMNS`."""
    return _standing(v, at) | {
        "title": v["text__title"],
        "request_type": v["request_type"],
        "category": named(categories().get(v["category_id"])),
        "area": _place(v["area__code"], v["area__name"]),
        "district": _place(v["district__code"], v["district__name"]),
        "channel": named(channel_by_id(v["channel_id"])),
        "is_anonymous": v["is_anonymous"],
        "is_confidential": v["is_confidential"],
        "called_at": instant(v["called_at"]),
        "accepted_at": instant(v["accepted_at"]),
    }


def _place(code: str | None, name: str | None) -> dict[str, str] | None:
    return {"code": code, "name": name} if code and name else None


def row_of(ticket: Ticket, at: dt.datetime) -> dict[str, Any]:
    """The same from a ticket in hand, whose area and text are loaded: no query."""
    district = ticket.area.code_at(1) if ticket.area else None
    found = area_by_code(district) if district and ticket.district_id else None
    v = _columns(ticket, _STANDING) | _columns(
        ticket,
        ("request_type", "category_id", "channel_id", "is_anonymous", "is_confidential",
         "called_at", "accepted_at"),
    )  # fmt: skip
    v |= {
        "text__title": ticket.text.title,
        "area__code": ticket.area.code if ticket.area else None,
        "area__name": ticket.area.name if ticket.area else None,
        "district__code": found.code if found else None,
        "district__name": found.name if found else None,
    }
    return row(v, at)


def acted(ticket: Ticket, actor: Actor, at: dt.datetime) -> dict[str, Any]:
    """What an action answers; no query."""
    standing = _standing(_columns(ticket, _STANDING), at)
    return standing | {"allowed_actions": allowed_actions(ticket, actor)}


def _columns(ticket: Ticket, names: tuple[str, ...]) -> dict[str, Any]:
    return {name: getattr(ticket, name) for name in names}


def allowed_actions(ticket: Ticket, actor: Actor) -> list[str]:
    return [verb.name for verb in verbs.allowed_for(ticket, actor)]


# --- detail ----------------------------------------------------------------------------------


class RequesterSerializer(serializers.Serializer[Any]):
    """Who raised the matter, always masked; in clear by `reveal` only."""

    role = choices_of(PartyRole)
    name = serializers.CharField(help_text=_("打码"))
    phone = serializers.CharField(help_text=_("打码"))
    wants_callback = serializers.BooleanField()


class ClockSerializer(serializers.Serializer[Any]):
    """A promise with its due time."""

    kind = choices_of(ClockKind)
    unit = NamedSerializer(allow_null=True, help_text=_("谁的承诺；热线自己的为 null"))
    opens_at = serializers.DateTimeField()
    due_at = serializers.DateTimeField()
    is_provisional = serializers.BooleanField(help_text=_("当年工作日历未公布，暂定"))
    stopped_at = serializers.DateTimeField(allow_null=True)
    breached_at = serializers.DateTimeField(allow_null=True)


@dataclass(frozen=True)
class Section:
    """A part of the detail that a higher app supplies: what it shows of a ticket to an actor."""

    name: str
    serializer: serializers.BaseSerializer[Any]
    load: Callable[[Ticket, Actor], Any]


_SECTIONS: list[Section] = []


def register_section(
    name: str, serializer: serializers.BaseSerializer[Any], load: Callable[[Ticket, Actor], Any]
) -> None:
    """Called when a higher app's API is loaded, which is before the first request."""
    _SECTIONS.append(Section(name, serializer, load))


class TicketDetailSerializer(TicketRowSerializer):
    """Everything of a ticket but who raised it."""

    matter = serializers.CharField(help_text=_("电话、证件号码已替换为引用"))
    address = serializers.CharField(allow_blank=True)
    target = serializers.CharField(allow_blank=True, help_text=_("被反映单位"))
    requesters = RequesterSerializer(
        many=True, help_text=_("打码；保密件对承办单位不显示任何身份信息")
    )
    clocks = ClockSerializer(many=True)
    allowed_actions = serializers.ListField(child=serializers.CharField())

    def get_fields(self) -> dict[str, Any]:
        return super().get_fields() | {s.name: copy.deepcopy(s.serializer) for s in _SECTIONS}


def detail(ticket: Ticket, actor: Actor, at: dt.datetime) -> dict[str, Any]:
    """The whole ticket as this actor may see it; a query for people, clocks and each section."""
    shown = row_of(ticket, at) | {
        "matter": ticket.text.matter,
        "address": ticket.text.address,
        "target": ticket.text.target,
        "requesters": _requesters(ticket) if _sees_masked(ticket, actor) else [],
        "clocks": _clocks(ticket, actor),
        "allowed_actions": allowed_actions(ticket, actor),
    }
    return shown | {section.name: section.load(ticket, actor) for section in _SECTIONS}


def _sees_masked(ticket: Ticket, actor: Actor) -> bool:
    """Of a confidential ticket only the hotline and the channel that brought it see even a
    masked name (R-018)."""
    is_own = actor.kind == "client" and ticket.client_id == actor.id
    return not ticket.is_confidential or actor.sees_all or is_own


def _requesters(ticket: Ticket) -> list[dict[str, Any]]:
    parties = TicketRequester.objects.filter(ticket=ticket, left_at=None)
    return [
        {
            "role": party.role,
            "name": mask_name(party.requester.name or ""),
            "phone": mask_phone(party.requester.phone),
            "wants_callback": party.wants_callback,
        }
        for party in parties.select_related("requester").order_by("id")
    ]


def _clocks(ticket: Ticket, actor: Actor) -> list[dict[str, Any]]:
    """A channel sees the promise to the citizen; how the city divides its time is its own."""
    kept = Clock.objects.filter(ticket=ticket, is_cancelled=False).order_by("due_at", "id")
    clocks = clocks_known_to(kept, actor)
    if not (actor.sees_all or actor.unit_ids or actor.district_ids):
        clocks = clocks.filter(kind=ClockKind.PROMISE)
    return [
        {
            "kind": clock.kind,
            "unit": named(units().get(clock.unit_id or 0)),
            "opens_at": instant(clock.opens_at),
            "due_at": instant(clock.due_at),
            "is_provisional": clock.is_provisional,
            "stopped_at": instant(clock.stopped_at),
            "breached_at": instant(clock.breached_at),
        }
        for clock in clocks
    ]


# --- events ----------------------------------------------------------------------------------


class EventSerializer(serializers.Serializer[Any]):
    """A fact about a ticket. `seq` has no gaps; `data` holds codes only."""

    seq = serializers.IntegerField()
    type = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]
    detail = serializers.CharField(allow_blank=True)
    occurred_at = serializers.DateTimeField()
    recorded_at = serializers.DateTimeField()
    actor = serializers.CharField(help_text=_("谁：渠道只看到 staff、client、citizen、system"))
    unit = NamedSerializer(allow_null=True)
    data = serializers.DictField()  # type: ignore[assignment]


def event(e: TicketEvent, names: dict[str, str]) -> dict[str, Any]:
    """`names` are those of the actors, where this reader may know them."""
    return {
        "seq": e.seq,
        "type": e.type,
        "label": event_label(e.type),
        "detail": event_detail(e),
        "occurred_at": instant(e.occurred_at),
        "recorded_at": instant(e.recorded_at),
        "actor": names.get(e.actor, e.actor.partition(":")[0]),
        "unit": named(units().get(e.unit_id or 0)),
        "data": {name: value for name, value in e.data.items() if name not in _INNER_IDS},
    }


# --- who raised it ---------------------------------------------------------------------------


class IdentitySerializer(serializers.Serializer[Any]):
    role = choices_of(PartyRole)
    name = serializers.CharField(allow_blank=True)
    phone = serializers.CharField()


class ReferenceSerializer(serializers.Serializer[Any]):
    """A number taken out of the matter, and what stands there instead."""

    token = serializers.CharField(help_text=_("正文中的引用"))
    kind = serializers.CharField()
    value = serializers.CharField()


class RevealedSerializer(serializers.Serializer[Any]):
    """The requester in clear. Every call is written down with who looked and why."""

    people = IdentitySerializer(many=True)
    door = serializers.CharField(allow_blank=True)
    references = ReferenceSerializer(many=True)
