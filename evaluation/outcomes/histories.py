"""What the fold reads of a ticket: its events, its requesters, their answers, the decisions about
its assessment. Everything here was recorded once, with its time, and is never changed."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from dispatch.models import Assignment, AssignmentRole
from evaluation.models import Appeal, CallbackResult, Exclusion, PleaOutcome
from hotline.core.models import Area, Unit
from hotline.core.places import units
from hotline.core.reference import remembered
from intake.models import Ticket, TicketEvent, TicketRequester
from intake.models.requesters import PartyRole
from knowledge.models import categories

# The events that say anything about what became of a ticket in a unit's hands.
FACTS = (
    "accepted", "classified", "dispatched", "recalled", "undone", "returned", "objected",
    "objection_rejected", "signed", "contacted", "reported", "replied", "rehandled",
    "extension_asked", "extension_granted", "extension_refused", "facts_asked", "facts_received",
    "hold_asked", "hold_approved", "hold_cleared", "recomputed", "escalation_answered",
    "cooperation_asked", "delegated", "part_signed", "interim_reported", "handed_in", "released",
    "breached", "closed", "withdrawn", "merged", "reopened",
)  # fmt: skip


class Event(NamedTuple):
    """A ticket's event, without who acted."""

    seq: int
    type: str
    occurred_at: dt.datetime
    recorded_at: dt.datetime
    unit_id: int | None
    data: dict[str, Any]


class Answer(NamedTuple):
    """A valid answer of a requester: about which unit's handling, by which channel, when."""

    id: int
    unit_id: int
    called_at: dt.datetime
    channel: str
    contacted: bool
    resolved: bool
    satisfaction: str


class Party(NamedTuple):
    """A requester's part in a ticket, from when to when."""

    requester_id: int
    is_main: bool
    wants_callback: bool
    joined_at: dt.datetime
    left_at: dt.datetime | None


class Ruling(NamedTuple):
    """A decision in a unit's favour: its ticket leaves the rates or the volume on a ground, or one
    answer (`result_id`) is set aside for it."""

    unit_id: int
    ruled_at: dt.datetime
    scope: str = ""
    ground: str = ""
    result_id: int | None = None


@dataclass(frozen=True)
class Codes:
    """Which rows the codes in events stand for."""

    units: Mapping[str, int] = field(default_factory=dict)
    categories: Mapping[str, int] = field(default_factory=dict)
    areas: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class History:
    """One ticket's recorded facts: `events` in the order of their numbers, `answers` in the order
    they were given."""

    ticket_id: int
    number: str
    events: tuple[Event, ...]
    parties: tuple[Party, ...] = ()
    answers: tuple[Answer, ...] = ()
    rulings: tuple[Ruling, ...] = ()
    codes: Codes = field(default_factory=Codes)

    def known_at(self, at: dt.datetime) -> dt.datetime:
        """`at`, or when the last of these facts was recorded: clocks of several machines differ a
        little, and what is written down is known."""
        instants = [at, *(event.recorded_at for event in self.events)]
        instants += [answer.called_at for answer in self.answers]
        instants += [ruling.ruled_at for ruling in self.rulings]
        return max(instants)


def histories(ticket_ids: Collection[int]) -> Iterator[History]:
    """The histories of these tickets, lowest id first: at most nine statements however many
    there are, so a caller asks for a thousand at a time, no more."""
    rows = Ticket.objects.filter(pk__in=ticket_ids).values_list(
        "pk", "number", "accepted_at", "category_id", "area_id"
    )
    tickets = {pk: number for pk, number, *_rest in rows}
    # No event is older than its ticket: earlier months' partitions are not looked at.
    events = _events(ticket_ids, since=min((at for _pk, _number, at, *_ in rows), default=None))
    parties, answers = _parties(ticket_ids), _answers(ticket_ids)
    rulings = _rulings(ticket_ids)
    codes = _codes(
        events,
        categories_now={pk: category_id for pk, *_rest, category_id, _area_id in rows},
        areas_now={pk: area_id for pk, *_rest, area_id in rows},
    )
    for pk in sorted(tickets):
        yield History(
            ticket_id=pk,
            number=tickets[pk],
            events=tuple(events.get(pk, ())),
            parties=tuple(parties.get(pk, ())),
            answers=tuple(answers.get(pk, ())),
            rulings=tuple(rulings.get(pk, ())),
            codes=codes,
        )


def _events(ticket_ids: Collection[int], since: dt.datetime | None) -> dict[int, list[Event]]:
    if since is None:
        return {}
    rows = TicketEvent.objects.filter(
        ticket_id__in=ticket_ids, recorded_at__gte=since, type__in=FACTS
    )
    return _grouped(Event, rows.order_by("ticket_id", "seq"), "ticket_id", Event._fields)


def _parties(ticket_ids: Collection[int]) -> dict[int, list[Party]]:
    rows = TicketRequester.objects.filter(ticket_id__in=ticket_ids).order_by("pk")
    found: dict[int, list[Party]] = defaultdict(list)
    for ticket_id, requester_id, role, wants, joined_at, left_at in rows.values_list(
        "ticket_id", "requester_id", "role", "wants_callback", "joined_at", "left_at"
    ):
        is_main = role == PartyRole.MAIN
        found[ticket_id].append(Party(requester_id, is_main, wants, joined_at, left_at))
    return found


def _answers(ticket_ids: Collection[int]) -> dict[int, list[Answer]]:
    rows = CallbackResult.objects.filter(ticket_id__in=ticket_ids, is_valid=True)
    return _grouped(Answer, rows.order_by("called_at", "pk"), "ticket_id", Answer._fields)


def _rulings(ticket_ids: Collection[int]) -> dict[int, list[Ruling]]:
    """Pleas that were granted; those refused or lapsed leave everything as it is."""
    granted = {"ticket_id__in": ticket_ids, "outcome": PleaOutcome.GRANTED}
    found: dict[int, list[Ruling]] = defaultdict(list)
    exclusions = Exclusion.objects.filter(**granted).order_by("ruled_at", "pk")
    for ticket_id, unit_id, ruled_at, scope, ground in exclusions.values_list(
        "ticket_id", "unit_id", "ruled_at", "scope", "ground"
    ):
        assert ruled_at is not None  # granted by somebody at some time
        found[ticket_id].append(Ruling(unit_id, ruled_at, scope, ground))
    appeals = Appeal.objects.filter(**granted).order_by("ruled_at", "pk")
    for ticket_id, unit_id, ruled_at, result_id in appeals.values_list(
        "ticket_id", "unit_id", "ruled_at", "result_id"
    ):
        assert ruled_at is not None
        found[ticket_id].append(Ruling(unit_id, ruled_at, result_id=result_id))
    return found


def _grouped(made: Any, rows: Any, key: str, fields: Iterable[str]) -> dict[int, list[Any]]:
    found: dict[int, list[Any]] = defaultdict(list)
    for pk, *values in rows.values_list(key, *fields):
        found[pk].append(made(*values))
    return found


# --- what codes stand for --------------------------------------------------------------------


Events = Mapping[int, list[Event]]


def _codes(
    events: Events,
    *,
    categories_now: Mapping[int, int | None],
    areas_now: Mapping[int, int | None],
) -> Codes:
    """What the codes stand for: by whoever bears them now, or else by what the tickets and their
    orders say. A code that nobody bears and nothing tells of is left out."""
    named: set[str] = set()
    placed: set[str] = set()
    for data in (event.data for found in events.values() for event in found):
        named.update(data.get("cooperators") or ())
        named.update(filter(None, (data.get("by"), data.get("authority"))))
        if data.get("area"):
            placed.add(data["area"])
    units = _unit_ids(named)
    if not named <= units.keys():
        units = _former_units(events) | units
    classes = {category.code: pk for pk, category in categories().items()}
    return Codes(
        units=units,
        categories=_last_named("category", events, categories_now) | classes,
        areas=_last_named("area", events, areas_now) | _area_ids(placed),
    )


def _last_named(name: str, events: Events, now: Mapping[int, int | None]) -> dict[str, int]:
    """What a ticket was given last is what it has now, whatever code that bears today."""
    found: dict[str, int] = {}
    for ticket_id, happened in events.items():
        code = next((e.data[name] for e in reversed(happened) if e.data.get(name)), None)
        pk = now[ticket_id]
        if code is not None and pk is not None:
            found[code] = pk
    return found


def _former_units(events: Events) -> dict[str, int]:
    """Units by the codes that events call them by, from the orders that those events speak of."""
    found: dict[str, int] = {}
    orders: dict[int, list[Assignment]] = defaultdict(list)
    for order in Assignment.objects.filter(ticket_id__in=events.keys()).order_by("pk"):
        orders[order.ticket_id].append(order)
    for ticket_id, happened in events.items():
        for event in happened:
            found |= _told_by_orders(event, orders[ticket_id])
    return found


def _told_by_orders(event: Event, orders: Iterable[Assignment]) -> dict[str, int]:
    data = event.data
    given = [order for order in orders if order.dispatched_at == event.occurred_at]
    if event.type == "dispatched":
        asked = [o.unit_id for o in given if o.role == AssignmentRole.COOPERATE]
        codes = data["cooperators"]
        return dict(zip(codes, asked, strict=True)) if len(codes) == len(asked) else {}
    if event.type == "escalation_answered":
        leads = [o.unit_id for o in given if o.role == AssignmentRole.LEAD]
        return {data["authority"]: leads[-1]} if leads else {}
    if event.type in ("interim_reported", "handed_in"):
        units = {order.pk: order.unit_id for order in orders}
        return {data["by"]: units[data["assignment"]]}
    return {}


@remembered(Area)
def _areas_met() -> dict[str, int]:
    """Areas that were asked for in the last seconds; a city has thousands."""
    return {}


def _area_ids(codes: set[str]) -> dict[str, int]:
    met = _areas_met()
    if not codes <= met.keys():
        met.update(Area.objects.filter(code__in=codes).values_list("code", "pk"))
    return met


def _unit_ids(codes: set[str]) -> dict[str, int]:
    known = {unit.code: pk for pk, unit in units().items()}
    if not codes <= known.keys():  # founded in another process a moment ago
        known |= dict(Unit.objects.filter(code__in=codes).values_list("code", "pk"))
    return known
