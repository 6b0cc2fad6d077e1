"""一单到底: one ticket from its acceptance to its end, hand by hand, and how long each held it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from django.utils.translation import gettext as _

from dispatch.journey import TURNS, Holder, Stretch, elapsed, stretches
from dispatch.journey import readable as readable_orders
from dispatch.models import Assignment, Objection, ObjectionOutcome
from hotline.core.actors import Actor
from hotline.core.places import units
from intake.models import Ticket, TicketEvent

_DAY = dt.timedelta(days=1)
# How wide the bar is in its own measure.
BAR_WIDTH = 1000


@dataclass(frozen=True)
class Hand:
    """A stretch of time in one holder's hands. `days` are rounded so that they add up to the total;
    `x` and `width` are its place in the bar, `tone` its colour."""

    name: str
    since: dt.datetime
    until: dt.datetime
    days: float
    x: int
    width: int
    tone: str


@dataclass(frozen=True)
class Sum:
    """How long one holder had it in all, and what part of the whole that is."""

    name: str
    tone: str
    days: float
    percent: float


@dataclass(frozen=True)
class OrderNode:
    """An order from when to when, with what was objected and the orders below it."""

    order: Assignment
    until: dt.datetime | None
    objection: str
    children: list[OrderNode] = field(default_factory=list)


@dataclass(frozen=True)
class Journey:
    """The whole life: its hands in order, their sums, every order ever given, and the tickets that
    were merged in."""

    hands: list[Hand]
    sums: list[Sum]
    days: float
    orders: list[OrderNode]
    merged: list[Ticket]

    @property
    def repeated(self) -> int:
        """How often a unit had to handle it once more after a call-back."""
        return sum(node.order.round - 1 for node in self.orders)

    @property
    def since(self) -> dt.datetime | None:
        return self.hands[0].since if self.hands else None

    @property
    def until(self) -> dt.datetime | None:
        return self.hands[-1].until if self.hands else None


def read_journey(ticket: Ticket, actor: Actor, at: dt.datetime) -> Journey:
    """Read everything and add it up; a merged ticket is named to those who may see it."""
    orders = list(ticket.assignments.select_related("unit").order_by("pk"))
    # Nothing was recorded before acceptance: older months need not be looked at.
    events = TicketEvent.objects.filter(
        ticket_id=ticket.pk, recorded_at__gte=ticket.accepted_at, type__in=TURNS
    )
    found = stretches(events.order_by("seq"), orders, at)
    hands = list(_hands(found))
    merged = Ticket.objects.visible_to(actor).filter(merged_into=ticket).select_related("text")
    return Journey(
        hands=hands,
        sums=_sums(hands),
        days=round(elapsed(found) / _DAY, 2),
        orders=_nodes(ticket, orders, readable_orders(orders, ticket, actor)),
        merged=list(merged.order_by("pk")),
    )


# --- hands -----------------------------------------------------------------------------------


def _hands(found: Sequence[Stretch]) -> Iterator[Hand]:
    """Each end is rounded, not each length: what is shown adds up to what is shown."""
    tones = _tones(found)
    total = elapsed(found)
    for stretch in found:
        since, until = (at - found[0].since for at in (stretch.since, stretch.until))
        x = _in_bar(since, total)
        yield Hand(
            name=_name(stretch),
            since=stretch.since,
            until=stretch.until,
            days=round(round(until / _DAY, 2) - round(since / _DAY, 2), 2),
            x=x,
            width=_in_bar(until, total) - x,
            tone=tones[stretch.holder, stretch.unit_id],
        )


def _in_bar(length: dt.timedelta, total: dt.timedelta) -> int:
    return round(length / total * BAR_WIDTH) if total else 0


def _name(stretch: Stretch) -> str:
    unit = units().get(stretch.unit_id or 0)
    return unit.name if unit else str(stretch.holder.label)


def _tones(found: Iterable[Stretch]) -> dict[tuple[Holder, int | None], str]:
    """A colour for every holder; units take turns, and the words beside it decide anyway."""
    tones: dict[tuple[Holder, int | None], str] = {}
    for stretch in found:
        key = (stretch.holder, stretch.unit_id)
        if key not in tones:
            led = sum(holder == Holder.UNIT for holder, _unit in tones)
            is_unit = stretch.holder == Holder.UNIT
            tones[key] = f"unit-{led % 4 + 1}" if is_unit else str(stretch.holder)
    return tones


def _sums(hands: Sequence[Hand]) -> list[Sum]:
    """The first holder first; the days are those of the hands."""
    days: dict[tuple[str, str], float] = {}
    for hand in hands:
        key = (hand.name, hand.tone)
        days[key] = round(days.get(key, 0) + hand.days, 2)
    total = sum(days.values())
    return [
        Sum(name, tone, length, round(100 * length / total, 1) if total else 0.0)
        for (name, tone), length in days.items()
    ]


# --- orders ----------------------------------------------------------------------------------


def _nodes(ticket: Ticket, orders: Sequence[Assignment], readable: set[int]) -> list[OrderNode]:
    """Every order of every round; what was asked of others hangs below who asked. The words of
    orders that are not the reader's stay with those who wrote them."""
    objected = Objection.objects.filter(assignment__ticket=ticket).select_related(
        "proposed_unit", "designated_unit"
    )
    words = {objection.assignment_id: _objection(objection) for objection in objected}
    below: dict[int | None, list[Assignment]] = {}
    for order in orders:
        if order.pk not in readable:
            order.task = ""
            words.pop(order.pk, None)
        below.setdefault(order.parent_id, []).append(order)

    def node(order: Assignment) -> OrderNode:
        return OrderNode(
            order=order,
            until=_until(order),
            objection=words.get(order.pk, ""),
            children=[node(child) for child in below.get(order.pk, ())],
        )

    return [node(order) for order in below.get(None, ())]


def _until(order: Assignment) -> dt.datetime | None:
    """When it ended; None while it is open. An order of a lead ends with its last reply."""
    if order.is_open:
        return None
    return max(filter(None, (order.ended_at, order.replied_at)), default=None)


def _objection(objection: Objection) -> str:
    """What was objected, and how it was ruled."""
    words = [objection.reason]
    if objection.proposed_unit is not None:
        words.append(_("建议派至%(unit)s") % {"unit": objection.proposed_unit.name})
    if objection.outcome:
        words.append(str(ObjectionOutcome(objection.outcome).label))
    else:
        words.append(_("正在审核"))
    return _("；").join(words)
