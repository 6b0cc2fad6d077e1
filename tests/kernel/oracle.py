"""What the city's rules say about promises, written down a second time and independently.

Nothing here reads the limits table, the working calendar or the clock functions: a mistake there
must not repeat itself here.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from itertools import compress, count, islice
from typing import Any

from dispatch.models import Assignment
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
    "consultation": {"L1": 30 * MINUTE, "L2": HOUR, "L3": 12 * HOUR, "L4": 12 * HOUR},
    "coordination": {"L1": HOUR, "L2": 4 * HOUR},
}
_ALWAYS = {
    "final_reply": 24 * HOUR, "callback": 3 * DAY, "closing": 24 * HOUR,
    "extension_ruling": 4 * HOUR, "facts": 3 * DAY, "ledger_ruling": DAY,
}  # fmt: skip
_WORKING_DAYS = {
    "supervision": 3, "coordination": 2, "rise_to_order": 1, "rise_to_criticism": 5,
    "exclusion_ruling": 5, "appeal_ruling": 5,
}  # fmt: skip
LONGEST_OBJECTION_PAUSE = DAY
LEAST_LEFT_AFTER_LEDGER = DAY
SETTLED_AFTER_MEETING = DAY
INSTRUCTED_URGENTLY = 4 * HOUR
CALLBACK_FOLLOWS_AFTER = HOUR
# A part is due when four fifths of the asking unit's own time have passed.
PART = (4, 5)
# Levels that stand still while somebody else decides; the others are too urgent.
STANDING_STILL = ("L3", "L4")
# What a unit owes to whoever waits for its work: parts below its own must be due before that.
OWED_TO_OTHERS = (
    "first_contact", "feedback", "final_reply", "measure", "cooperation", "delegation",
)  # fmt: skip
MINUTES_IN = {"minutes": 1, "hours": 60, "calendar_days": 24 * 60, "working_days": 24 * 60}


def due(kind: str, level: str, urgency: str, start: dt.datetime) -> dt.datetime:
    """When a promise falls due; no holiday lies in the weeks these tests live in."""
    if kind in ("promise", "feedback"):
        return start + _FEEDBACK[level, urgency if level == "L3" else ""]
    if level in _BY_LEVEL.get(kind, ()):
        return start + _BY_LEVEL[kind][level]
    if kind in _WORKING_DAYS:
        return _after_working_days(start, _WORKING_DAYS[kind])
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


class Sheet:
    """One promise on squared paper: a box for every minute from its start, ticked where the minute
    counts. What was promised is a number of ticked boxes; it is due when they are used up.

    A pause rubs ticks out and ending it early puts them back; an extension asks for more boxes; a
    higher level asks for fewer. Instants lie on whole minutes. `is_off` says which days are not
    worked; a promise in working days that begins on one ends with the last worked day, one
    microsecond before midnight, and stays that microsecond short for good.
    """

    LENGTH = 240  # days of paper; the tests' promises end well before

    def __init__(
        self, start: dt.datetime, amount: int, unit: str, is_off: Callable[[dt.date], bool]
    ) -> None:
        self.start = start.astimezone(BUSINESS_ZONE)
        self.is_counted_in_days_worked = unit == "working_days"
        self.paper = self._ticked(is_off)
        self.boxes = bytearray(self.paper)
        self.is_short = self.is_counted_in_days_worked and is_off(self.start.date())
        self.owed = amount * MINUTES_IN[unit]
        self.pause_bound: dt.datetime | None = None
        self.paused_at: dt.datetime | None = None

    def _ticked(self, is_off: Callable[[dt.date], bool]) -> bytearray:
        boxes = bytearray()
        day, minute_of_day = self.start.date(), self.start.hour * 60 + self.start.minute
        for _ in range(self.LENGTH):
            counts = not (self.is_counted_in_days_worked and is_off(day))
            boxes += bytes([counts]) * (MINUTES_IN["calendar_days"] - minute_of_day)
            day, minute_of_day = day + DAY, 0
        return boxes

    @property
    def due_at(self) -> dt.datetime:
        """The end of the last ticked box that is owed; a promise that is not short is handed over
        at the beginning of the next box that counts."""
        nth = self.owed - self.is_short
        box = next(islice(compress(count(), self.boxes), nth, None))
        if self.is_short:
            return self.start + (box + 1) * MINUTE - dt.timedelta(microseconds=1)
        return self.start + box * MINUTE

    def is_amber(self, at: dt.datetime) -> bool:
        """Three quarters of the way have been gone by the clock on the wall."""
        return 4 * (at - self.start) >= 3 * (self.due_at - self.start)

    def is_late(self, at: dt.datetime) -> bool:
        return at >= self.due_at

    def pause(self, at: dt.datetime, until: dt.datetime) -> None:
        self.resume(at)
        self.paused_at, self.pause_bound = at, until
        first, last = self._box(at), self._box(until)
        self.boxes[first:last] = bytes(last - first)

    def resume(self, at: dt.datetime) -> None:
        if self.pause_bound is not None and at < self.pause_bound:
            first, last = self._box(at), self._box(self.pause_bound)
            self.boxes[first:last] = self.paper[first:last]
        self.pause_bound = self.paused_at = None

    def extend(self, amount: int, unit: str) -> None:
        self.owed += amount * MINUTES_IN[unit]

    def raise_level(self, at: dt.datetime, other: Sheet) -> bool:
        """Run by the other sheet, begun at `at`, where that ends sooner."""
        self.resume(at)
        due = other.due_at
        if due >= self.due_at:
            return False
        whole = due + dt.timedelta(microseconds=1) if other.is_short else due
        self.owed, self.is_short = sum(self.boxes[: self._box(whole)]), other.is_short
        return True

    def _box(self, at: dt.datetime) -> int:
        return (at - self.start) // MINUTE


@dataclass
class Promise:
    """One clock as the book knows it."""

    kind: str
    ticket_id: int
    unit_id: int | None
    subject_id: int | None
    started_at: dt.datetime
    due_at: dt.datetime
    is_broken: bool = False
    stopped_at: dt.datetime | None = None
    stands_still_since: dt.datetime | None = None
    at_most_until: dt.datetime | None = None
    because_of: str = ""

    def is_open(self, at: dt.datetime) -> bool:
        return self.stopped_at is None and not self.is_broken and at < self.due_at

    def stand_still(self, at: dt.datetime, until: dt.datetime, verb: str) -> None:
        if self.is_open(at):
            self.go_on(at)
            self.stands_still_since, self.at_most_until, self.because_of = at, until, verb
            self.due_at += until - at

    def go_on(self, at: dt.datetime) -> None:
        """What was not used of the bound is given back."""
        if self.at_most_until is not None and at < self.at_most_until and self.is_open(at):
            self.due_at -= self.at_most_until - at
        if self.is_open(at):
            self.stands_still_since = self.at_most_until = None


@dataclass
class Said:
    """An act as the book hears of it: the verb, its words, and how the ticket stood before."""

    verb: str
    words: dict[str, Any]
    ticket: Ticket
    lead_order: int | None


@dataclass
class Book:
    """Every promise ever seen, with what must have become of it."""

    promises: dict[int, Promise] = field(default_factory=dict)
    # By ticket: what was asked for and is still to be decided.
    asked: dict[int, dt.timedelta] = field(default_factory=dict)
    review_at: dict[int, dt.datetime] = field(default_factory=dict)
    said: Said | None = None

    def hear(self, said: Said, after: Ticket, at: dt.datetime) -> None:
        """What an act does to promises that were made before it."""
        self.said = said
        own = [p for p in self._running(after.pk) if p.unit_id and p.subject_id == said.lead_order
               and p.unit_id == said.ticket.lead_unit_id]  # fmt: skip
        match said.verb:
            case "object":
                self._all_stand_still(own, at, LONGEST_OBJECTION_PAUSE)
            case "ask_extension":
                feedback = [p for p in own if p.kind == "feedback"]
                self._all_stand_still(feedback, at, _ALWAYS["extension_ruling"])
                unit = HOUR if said.ticket.level == "L2" else DAY
                self.asked[after.pk] = said.words["amount"] * unit
            case "ask_facts":
                owed = [p for p in own if p.kind in ("feedback", "measure")]
                self._all_stand_still(owed, at, _ALWAYS["facts"])
            case "reject_objection":
                self._go_on(own, at, "object")
            case "refuse_extension":
                self._go_on(own, at, "ask_extension")
            case "facts_received":
                self._go_on(own, at, "ask_facts")
            case "grant_extension":
                self._go_on(own, at, "ask_extension")
                for promise in own:
                    if promise.kind == "feedback" and promise.is_open(at):
                        promise.due_at += self.asked[after.pk]
            case "hold" | "review_hold":
                self.review_at[after.pk] = said.words.get("review_at") or said.words["next_at"]
            case "classify" if _rank(after) != _rank(said.ticket):
                self._run_by_new_level(after, at)

    def _running(self, ticket_id: int) -> list[Promise]:
        return [
            p for p in self.promises.values() if p.ticket_id == ticket_id and p.stopped_at is None
        ]

    def _all_stand_still(
        self, promises: list[Promise], at: dt.datetime, most: dt.timedelta
    ) -> None:
        assert self.said is not None
        if self.said.ticket.level in STANDING_STILL:
            for promise in promises:
                promise.stand_still(at, at + most, self.said.verb)

    def _go_on(self, promises: list[Promise], at: dt.datetime, asked: str) -> None:
        for promise in promises:
            if promise.because_of == asked:
                promise.go_on(at)

    def _run_by_new_level(self, ticket: Ticket, at: dt.datetime) -> None:
        """Sooner where that is sooner; what stood still runs again."""
        for promise in self._running(ticket.pk):
            start = None
            if promise.kind in ("promise", "dispatch"):
                start = promise.started_at
            elif promise.kind in ("sign", "first_contact", "feedback"):
                promise.go_on(at)
                start = at
            if start is not None and promise.is_open(at):
                sooner = due(promise.kind, ticket.level, ticket.urgency, start)
                promise.due_at = min(promise.due_at, sooner)

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
            self._moved(promise, clock, at)
            self._ended(promise, clock, at, was_swept=was_swept)
            self._told(promise, clock, breaches.get(clock.pk, []), at)
        self.said = None

    # --- what is new ----------------------------------------------------------------------

    def _new(self, clock: Clock, ticket: Ticket, at: dt.datetime) -> Promise:
        assert clock.started_at == at
        assert clock.due_at == self._expected(clock, ticket, at), clock
        promise = Promise(
            clock.kind, ticket.pk, clock.unit_id, clock.subject_id, clock.started_at, clock.due_at
        )
        self.promises[clock.pk] = promise
        return promise

    def _expected(self, clock: Clock, ticket: Ticket, at: dt.datetime) -> dt.datetime:
        verb, words = (self.said.verb, self.said.words) if self.said else ("", {})
        match clock.kind, verb:
            case "feedback" | "measure", "clear_hold":
                return at + max(LEAST_LEFT_AFTER_LEDGER, self._left_on_ledger(clock))
            case "measure", _:
                return words["next_at"]
            case "onsite", _:
                return words["meet_at"]
            case "supervision", "instruct" | "send_back_instruction":
                urgent = at + INSTRUCTED_URGENTLY if ticket.level in ("L1", "L2") else None
                return words.get("due_at") or urgent or due(clock.kind, ticket.level, "", at)
            case "onsite_ruling", _:
                return words["meet_at"] + SETTLED_AFTER_MEETING
            case "ledger_review", _:
                return self.review_at[ticket.pk]
            case "cooperation" | "delegation", "interim":
                return words["next_at"]
            case "cooperation" | "delegation", _:
                return self._part_due(clock, ticket, at, words.get("due_at"))
            case "consultation", _:
                limit = due(clock.kind, ticket.level, "", at)
                return self._no_later_than("dispatch", ticket, at, limit)
            case "extension_ruling", _:
                return self._no_later_than("feedback", ticket, at, at + _ALWAYS[clock.kind])
        return due(clock.kind, ticket.level, ticket.urgency, clock.opens_at)

    def _no_later_than(
        self, kind: str, ticket: Ticket, at: dt.datetime, limit: dt.datetime
    ) -> dt.datetime:
        others = [p.due_at for p in self._running(ticket.pk) if p.kind == kind and at < p.due_at]
        return min([limit, *others])

    def _left_on_ledger(self, clock: Clock) -> dt.timedelta:
        """What remained when it went onto the ledger; nothing of what had been missed."""
        stood = [p for p in self.promises.values() if p.subject_id == clock.subject_id
                 and p.kind == clock.kind and p.stopped_at is not None]  # fmt: skip
        last = stood[-1]
        assert last.stopped_at is not None
        return dt.timedelta(0) if last.is_broken else last.due_at - last.stopped_at

    def _part_due(
        self, clock: Clock, ticket: Ticket, at: dt.datetime, named: dt.datetime | None
    ) -> dt.datetime:
        """Earlier than what the asking unit owes itself (R-051)."""
        part = Assignment.objects.select_related("parent").get(pk=clock.subject_id)
        assert part.parent is not None
        asker = (part.parent_id, part.parent.unit_id)
        last = max(
            (p.due_at for p in self._running(ticket.pk)
             if (p.subject_id, p.unit_id) == asker and p.kind in OWED_TO_OTHERS),
            default=at,
        )  # fmt: skip
        if last <= at:
            last = due("feedback", ticket.level, ticket.urgency, at)
        expected = named or at + (last - at) * PART[0] / PART[1]
        assert at < expected < last
        return expected

    # --- what became of it ----------------------------------------------------------------

    def _moved(self, promise: Promise, clock: Clock, at: dt.datetime) -> None:
        if clock.stopped_at is not None and promise.stopped_at is None:
            promise.go_on(at)
        if promise.kind == "callback" and clock.due_at < promise.due_at:
            promise.due_at = clock.due_at  # a reply brings the call-back forward
        assert clock.due_at == promise.due_at, f"{clock} must be due {promise}"

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


def _rank(ticket: Ticket) -> tuple[str, str]:
    return ticket.level, ticket.urgency if ticket.level == "L3" else ""
