"""What the city's rules say about promises, written down a second time and independently.

Nothing here reads the limits table, the working calendar or the clock functions: a mistake there
must not repeat itself here.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, field

from hotline.core.working_time import BUSINESS_ZONE
from intake.models import Clock, Ticket, TicketEvent

MINUTE, HOUR, DAY = dt.timedelta(minutes=1), dt.timedelta(hours=1), dt.timedelta(days=1)

_FEEDBACK = {
    ("L1", ""): 2 * HOUR,
    ("L2", ""): 24 * HOUR,
    ("L3", "urgent"): DAY,
    ("L3", "prompt"): 3 * DAY,
    ("L3", "ordinary"): 7 * DAY,
    ("L4", ""): 15 * DAY,
}
_BY_LEVEL = {
    "dispatch": {"L1": HOUR, "L2": 2 * HOUR, "L3": DAY, "L4": DAY},
    "sign": {"L1": 10 * MINUTE, "L2": HOUR, "L3": 12 * HOUR, "L4": 12 * HOUR},
    "first_contact": {"L1": 30 * MINUTE, "L2": 2 * HOUR, "L3": DAY, "L4": DAY},
    "ruling": {"L1": 30 * MINUTE, "L2": 4 * HOUR, "L3": 4 * HOUR, "L4": 4 * HOUR},
}
_ALWAYS = {"final_reply": 24 * HOUR, "callback": 3 * DAY, "closing": 24 * HOUR}
SUPERVISION_WORKING_DAYS = 3


def due(kind: str, level: str, urgency: str, start: dt.datetime) -> dt.datetime:
    """When a promise falls due; no holiday lies in the weeks these tests live in."""
    if kind in ("promise", "feedback"):
        return start + _FEEDBACK[level, urgency if level == "L3" else ""]
    if kind in _BY_LEVEL:
        return start + _BY_LEVEL[kind][level]
    if kind == "supervision":
        return _after_working_days(start, SUPERVISION_WORKING_DAYS)
    return start + _ALWAYS[kind]


def _after_working_days(start: dt.datetime, days: int) -> dt.datetime:
    begun = start.astimezone(BUSINESS_ZONE)
    day, is_off = begun, begun.weekday() > 4
    while days:
        day += DAY
        days -= day.weekday() < 5
    if is_off:  # what begins on a day off ends with the last working day
        return day.replace(hour=23, minute=59, second=59, microsecond=999_999)
    return day


@dataclass
class Promise:
    """One clock as the book knows it."""

    kind: str
    due_at: dt.datetime
    is_broken: bool = False
    stopped_at: dt.datetime | None = None


@dataclass
class Book:
    """Every promise ever seen, with what must have become of it."""

    promises: dict[int, Promise] = field(default_factory=dict)

    def check(self, tickets: Iterable[Ticket], at: dt.datetime, *, was_swept: bool) -> None:
        """Compare what is stored with what must be true at `at`, and take over what is new."""
        numbers = {ticket.pk: ticket for ticket in tickets}
        breaches: dict[int, list[TicketEvent]] = {}
        for event in TicketEvent.objects.filter(ticket_id__in=numbers, type="breached"):
            breaches.setdefault(event.data["clock"], []).append(event)
        for clock in Clock.objects.filter(ticket_id__in=numbers).order_by("id"):
            promise = self.promises.get(clock.pk)
            if promise is None:
                promise = self._new(clock, numbers[clock.ticket_id], at)
            self._moved(promise, clock)
            self._ended(promise, clock, at, was_swept=was_swept)
            self._told(promise, clock, breaches.get(clock.pk, []), at)

    def _new(self, clock: Clock, ticket: Ticket, at: dt.datetime) -> Promise:
        assert clock.started_at == at
        if clock.kind != "measure":  # a measure names its own date
            assert clock.due_at == due(clock.kind, ticket.level, ticket.urgency, clock.opens_at)
        promise = Promise(clock.kind, clock.due_at)
        self.promises[clock.pk] = promise
        return promise

    def _moved(self, promise: Promise, clock: Clock) -> None:
        assert clock.due_at <= promise.due_at, "a promise is only ever brought forward"
        if promise.stopped_at or promise.is_broken:
            assert clock.due_at == promise.due_at, "what is over does not move"
        promise.due_at = clock.due_at

    def _ended(self, promise: Promise, clock: Clock, at: dt.datetime, *, was_swept: bool) -> None:
        if promise.stopped_at is None and clock.stopped_at is not None:
            assert clock.stopped_at == at
            promise.stopped_at = at
            promise.is_broken = at >= promise.due_at
        assert clock.stopped_at == promise.stopped_at, "what is over stays over"
        if promise.stopped_at is None and was_swept:
            promise.is_broken = at >= promise.due_at
            assert (clock.warned_at is not None or promise.is_broken) == (
                at >= clock.warn_at or clock.warned_at is not None
            )
        if promise.stopped_at is None and clock.breached_at is not None:
            assert at >= promise.due_at, "nothing is late before its time"
            promise.is_broken = True

    def _told(
        self, promise: Promise, clock: Clock, events: list[TicketEvent], at: dt.datetime
    ) -> None:
        assert clock.breached_at == (promise.due_at if promise.is_broken else None)
        assert [event.occurred_at for event in events] == [promise.due_at] * promise.is_broken
        assert clock.is_late(at) == ((promise.stopped_at or at) >= promise.due_at)
