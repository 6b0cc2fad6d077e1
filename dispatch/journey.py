"""一单到底: who held a ticket from when to when, read from its events and orders.

Pure functions over plain rows. The stretches follow each other without a gap from acceptance to
the close (or to now), so that what every holder held adds up to the whole.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from django.db import models
from django.utils.translation import gettext_lazy as _

from dispatch.models import Assignment, AssignmentRole
from hotline.core.actors import Actor
from intake.models import Ticket


class Holder(models.TextChoices):
    """With whom a ticket lies."""

    DESK = "desk", _("热线派单")
    UNIT = "unit", _("主办单位")
    CALLBACK = "callback", _("待回访")
    CLOSED = "closed", _("已办结")


class Happening(Protocol):
    """What is read of an event; its data only where an authority answered."""

    type: str
    occurred_at: dt.datetime
    unit_id: int | None
    data: dict[str, object]


class Led(Protocol):
    """What is read of an order."""

    role: str
    unit_id: int
    dispatched_at: dt.datetime


@dataclass(frozen=True)
class Stretch:
    """A stretch of time with one holder; `unit_id` says which unit where a unit led."""

    holder: Holder
    unit_id: int | None
    since: dt.datetime
    until: dt.datetime

    @property
    def length(self) -> dt.timedelta:
        return self.until - self.since


# Events after which somebody else holds the ticket. All others leave it where it is.
_TO_DESK = ("accepted", "recalled", "returned", "reopened", "undone")
_TO_UNIT = ("dispatched", "rehandled")
_TO_CALLBACK = ("replied",)
_TO_NOBODY = ("closed", "answered", "informed", "merged", "withdrawn")
TURNS = (*_TO_DESK, *_TO_UNIT, *_TO_CALLBACK, *_TO_NOBODY, "escalation_answered")


def stretches(
    events: Iterable[Happening], orders: Sequence[Led], until: dt.datetime
) -> list[Stretch]:
    """Who held the ticket, one after the other, from its first event to its close or to `until`.

    `events` in the order of their numbers; those that hand nothing over may be among them. The
    seconds of a dispatch that was undone are the desk's: it was a slip of the hand. In whole
    seconds, as they are shown, so that what is shown adds up.
    """
    turns: list[tuple[Holder, int | None, dt.datetime]] = []
    for event in events:
        turn = _turn(event, orders)
        if turn is None:
            continue
        if event.type == "undone" and turns:
            turns[-1] = (Holder.DESK, None, turns[-1][2])
        turns.append((*turn, _whole(event.occurred_at)))
    if not turns:
        return []
    ends = [since for _holder, _unit, since in turns[1:]]
    if turns[-1][0] == Holder.CLOSED:
        turns.pop()  # the journey ends with the close; the time before a reopening belongs to it
    else:
        ends.append(max(_whole(until), turns[-1][2]))
    found: list[Stretch] = []
    for (holder, unit_id, since), end in zip(turns, ends, strict=True):
        if found and (found[-1].holder, found[-1].unit_id) == (holder, unit_id):
            found[-1] = Stretch(holder, unit_id, found[-1].since, end)
        elif end > since:
            found.append(Stretch(holder, unit_id, since, end))
    return found


def held(journey: Iterable[Stretch]) -> dict[tuple[Holder, int | None], dt.timedelta]:
    """How long each held it in all, the first holder first; the sum is `elapsed`."""
    sums: dict[tuple[Holder, int | None], dt.timedelta] = {}
    for stretch in journey:
        key = (stretch.holder, stretch.unit_id)
        sums[key] = sums.get(key, dt.timedelta()) + stretch.length
    return sums


def elapsed(journey: Sequence[Stretch]) -> dt.timedelta:
    """From acceptance to the close, or to now."""
    return journey[-1].until - journey[0].since if journey else dt.timedelta()


def _turn(event: Happening, orders: Sequence[Led]) -> tuple[Holder, int | None] | None:
    """With whom the ticket lies after this event; None where it stays."""
    if event.type in _TO_DESK:
        return Holder.DESK, None
    if event.type in _TO_UNIT:
        return Holder.UNIT, event.unit_id
    if event.type in _TO_CALLBACK:
        return Holder.CALLBACK, None
    if event.type in _TO_NOBODY:
        return Holder.CLOSED, None
    if event.type == "escalation_answered" and event.data.get("takes_over"):
        return Holder.UNIT, _took_over(orders, event.occurred_at)
    return None


def _took_over(orders: Sequence[Led], at: dt.datetime) -> int | None:
    """The unit whose lead order began with the authority's answer."""
    led = (o for o in orders if o.role == AssignmentRole.LEAD and o.dispatched_at == at)
    return next((order.unit_id for order in led), None)


def _whole(at: dt.datetime) -> dt.datetime:
    return at.replace(microsecond=0)


def with_below(orders: Iterable[Assignment], seen: set[int]) -> list[Assignment]:
    """The orders that may be seen, and what hangs below them: who asks for help sees what becomes
    of it. An order can move to a younger parent when a higher unit takes over, so ids say nothing
    about depth."""
    orders, seen = list(orders), set(seen)
    grown = True
    while grown:
        below = {o.pk for o in orders if o.parent_id in seen} - seen
        seen |= below
        grown = bool(below)
    return [order for order in orders if order.pk in seen]


def readable(orders: Iterable[Assignment], ticket: Ticket, actor: Actor) -> set[int]:
    """The orders whose words this reader may read: all for the hotline, the lead and the district;
    for a unit that assists or was asked, its own and what hangs below them."""
    orders = list(orders)
    if (
        actor.sees_all
        or ticket.district_id in actor.district_ids
        or ticket.lead_unit_id in actor.watched_unit_ids
    ):
        return {order.pk for order in orders}
    own = {order.pk for order in orders if order.unit_id in actor.watched_unit_ids}
    return {order.pk for order in with_below(orders, own)}
