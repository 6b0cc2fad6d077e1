"""Clocks that are paused, extended and raised at random, against promises kept on squared paper."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from math import inf
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, event, given, note, settings
from hypothesis import strategies as st

from hotline.core import limits
from hotline.core.actors import SYSTEM
from hotline.core.working_time import BUSINESS_ZONE, Calendar
from intake import clocks
from intake import services as intake
from intake.acts import Act
from intake.models import Clock, ClockAdjustment, Ticket, TicketEvent
from tests.factories import AT, accepted_ticket, days, hours, minutes
from tests.kernel.oracle import MINUTE, Sheet

NEW_YEAR = dt.datetime(2027, 1, 1, tzinfo=BUSINESS_ZONE)
ALL_DAYS = [dt.date(2026, 1, 1) + days(n) for n in range(365 * 2)]
ELAPSED = {
    "minutes": st.integers(1, 3_000),
    "hours": st.integers(1, 200),
    "calendar_days": st.integers(1, 20),
}
WORKED = {"working_days": st.integers(1, 15)}
ACTS = ("pause", "pause", "resume", "extend", "raise", "sweep", "sweep", "stop")


# --- calendars ----------------------------------------------------------------------------


@dataclass
class City:
    """Which days are worked, and which years have been published."""

    swapped: frozenset[dt.date]
    unpublished: frozenset[int]

    def is_off(self, day: dt.date) -> bool:
        """Weekends and holidays but for make-up days; of an unpublished year only weekends."""
        is_weekend = day.isoweekday() in (6, 7)
        return is_weekend != (day in self.swapped and day.year not in self.unpublished)

    def calendar(self) -> Calendar:
        published = [day for day in ALL_DAYS if day.year not in self.unpublished]
        return Calendar({day: not self.is_off(day) for day in published})

    def published(self) -> City:
        """The same city when every year has come out."""
        return City(self.swapped, frozenset())


near_new_year = [day for day in ALL_DAYS if abs((day - NEW_YEAR.date()).days) <= 60]
cities = st.builds(
    City,
    swapped=st.frozensets(st.sampled_from(near_new_year), max_size=25),
    unpublished=st.sampled_from([frozenset(), frozenset({2027}), frozenset({2026, 2027})]),
)
starts = st.integers(-60 * 24 * 60, 20 * 24 * 60).map(lambda n: NEW_YEAR + minutes(n))
families = st.sampled_from([ELAPSED, WORKED])


@contextmanager
def in_force(city: City) -> Iterator[None]:
    """This process remembers the city's calendar; the table is not asked."""
    limits.calendar._value, limits.calendar._until = city.calendar(), inf
    try:
        yield
    finally:
        limits.calendar.forget()


# --- a promise kept twice -----------------------------------------------------------------


class Paper:
    """A promise on a sheet, with what sweeps and acts must have noticed of it."""

    def __init__(self, city: City, start: dt.datetime, amount: int, unit: str) -> None:
        self.city = city
        self.sheet = Sheet(start, amount, unit, city.is_off)
        self.is_warned = False
        self.broken_at: dt.datetime | None = None
        self.stopped_at: dt.datetime | None = None

    def write_down(self, at: dt.datetime, act: str, words: tuple[Any, ...]) -> None:
        """What is broken or over does not move any more, and says so once somebody touches it."""
        sheet, is_paused = self.sheet, self.sheet.pause_bound is not None
        if not is_paused and (act == "resume" or (act == "raise" and sheet.is_late(at))):
            return
        if self._stands(at, is_sweep=act == "sweep"):
            if act in ("resume", "stop") or (act == "raise" and is_paused):
                sheet.resume(at)
            elif act == "pause":
                sheet.pause(at, *words)
            elif act == "extend":
                sheet.extend(*words)
            # A later due time turns the light green again; a level raised leaves it as it is.
            self.is_warned = self.is_warned and sheet.is_amber(at)
            if act == "raise":
                sheet.raise_level(at, Sheet(at, *words, self.city.is_off))
        if act == "stop":
            self.stopped_at = self.stopped_at or at

    def _stands(self, at: dt.datetime, *, is_sweep: bool) -> bool:
        if self.stopped_at is None and self.broken_at is None:
            if self.sheet.is_late(at):
                self.broken_at = self.sheet.due_at
            elif is_sweep and self.sheet.is_amber(at):
                self.is_warned = True
        return self.stopped_at is None and self.broken_at is None


def do(a: Act, clock: Clock, act: str, words: tuple[Any, ...]) -> None:
    """The same act, as services do it."""
    match act:
        case "pause":
            a.pause(clock, until=words[0], cause="tests")
        case "resume":
            a.resume(clock, cause="tests")
        case "extend":
            a.extend(clock, *words, cause="tests")
        case "raise":
            a.resume(clock, cause="tests")
            sooner = clocks.new_clock(a.ticket, clock.kind, at=a.at, length=words).due_at
            if sooner < clock.due_at:
                a.move(clock, opens_at=clock.opens_at, due_at=sooner, cause="tests")
        case "stop":
            a.stop_clock(clock)


def assert_agrees(clock: Clock, paper: Paper, moves: list[ClockAdjustment]) -> None:
    assert clock.due_at == paper.sheet.due_at
    assert clock.breached_at == paper.broken_at
    assert (clock.warned_at is not None) == paper.is_warned
    assert clock.stopped_at == paper.stopped_at
    assert clocks.replayed(clock, moves).at == clock.due_at


# --- what is drawn ------------------------------------------------------------------------


@st.composite
def lengths(draw: Any, family: dict[str, st.SearchStrategy[int]]) -> tuple[int, str]:
    unit = draw(st.sampled_from(sorted(family)))
    return draw(family[unit]), unit


def later(data: st.DataObject, now: dt.datetime, sheet: Sheet) -> dt.datetime:
    """A while later, or the minute before, of or after something that is going to happen."""
    amber = sheet.start + (sheet.due_at - sheet.start) / 4 * 3
    instants = [whole_minute(i) for i in (sheet.due_at, amber, sheet.pause_bound) if i]
    near = sorted({i + n * MINUTE for i in instants for n in (-1, 0, 1) if i + n * MINUTE > now})
    ways = [
        st.integers(0, 300).map(lambda n: now + minutes(n)),
        st.integers(0, 15 * 24).map(lambda n: now + hours(n)),
    ]
    return data.draw(st.one_of(*ways, st.sampled_from(near)) if near else st.one_of(*ways))


def whole_minute(at: dt.datetime) -> dt.datetime:
    up = at + MINUTE if at.second or at.microsecond else at
    return up.replace(second=0, microsecond=0)


def next_act(
    data: st.DataObject,
    now: dt.datetime,
    family: dict[str, st.SearchStrategy[int]],
    acts: tuple[str, ...] = ACTS,
) -> tuple[str, tuple[Any, ...]]:
    act = data.draw(st.sampled_from(acts))
    words: tuple[Any, ...] = ()
    if act == "pause":
        words = (now + minutes(data.draw(st.integers(1, 30 * 24 * 60))),)
    elif act in ("extend", "raise"):
        words = data.draw(lengths(family))
    note(f"{now:%m-%d %H:%M} {act} {words}")
    return act, words


def a_clock(ticket: Ticket, start: dt.datetime, length: tuple[int, str]) -> Clock:
    clock = clocks.new_clock(ticket, "feedback", at=start, length=length)
    clock.pk = 1
    return clock


def nobody_s_ticket() -> Ticket:
    return Ticket(pk=1, number="1", level="L3", event_seq=0)


# --- without a database -------------------------------------------------------------------


@settings(max_examples=300)
@given(cities, starts, families, st.data())
def test_a_promise_is_due_when_its_minutes_are_used_up_whatever_happened_to_it(
    city, start, family, data
):
    length = data.draw(lengths(family))
    paper, now = Paper(city, start, *length), start
    moves: list[ClockAdjustment] = []
    with in_force(city):
        ticket = nobody_s_ticket()
        clock = a_clock(ticket, start, length)
        for _ in range(data.draw(st.integers(1, 10))):
            now = later(data, now, paper.sheet)
            act, words = next_act(data, now, family)
            a = Act(ticket, SYSTEM, now, running=[clock])
            for running in a.running():
                if act != "sweep":
                    do(a, running, act, words)
                elif not a.breach_if_late(running, now):
                    a.warn_if_due(running, now)
            moves += a._adjustments
            paper.write_down(now, act, words)

            assert_agrees(clock, paper, moves)
        event(f"{'broken' if clock.breached_at else 'kept'}, {min(len(moves), 4)} moves or more")


@settings(max_examples=150)
@given(cities, starts, families, st.data())
def test_what_is_recomputed_when_a_year_comes_out_is_what_it_would_have_been(
    city, start, family, data
):
    """Paused and extended while nobody knew the holidays, then replayed by those who do."""
    length = data.draw(lengths(family))
    knowing, now, lasts = Paper(city.published(), start, *length), start, start
    moves: list[ClockAdjustment] = []
    with in_force(city):
        ticket = nobody_s_ticket()
        clock = a_clock(ticket, start, length)
        for _ in range(data.draw(st.integers(1, 6))):
            now, lasts = later(data, now, knowing.sheet), max(lasts, clock.due_at)
            if clock.is_late(now) or knowing.sheet.is_late(now):
                break
            act, words = next_act(data, now, family, ("pause", "resume", "extend"))
            a = Act(ticket, SYSTEM, now, running=[clock])
            do(a, clock, act, words)
            moves += a._adjustments
            knowing.write_down(now, act, words)
    lived_in = range(start.year, max(lasts, clock.due_at).year + 1)

    assert clock.is_provisional == (family is WORKED and bool(city.unpublished & {*lived_in}))
    with in_force(city.published()):
        assert clocks.replayed(clock, moves) == (knowing.sheet.due_at, False)


# --- on real tickets ----------------------------------------------------------------------


@pytest.mark.usefixtures("city")
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.frozensets(st.integers(0, 90), max_size=20), families, st.data())
def test_what_is_stored_of_a_promise_agrees_with_paper_after_every_act(swapped, family, data):
    town = City(frozenset(AT.date() + days(n) for n in swapped), frozenset())
    length = data.draw(lengths(family))
    paper = Paper(town, AT, *length)
    with transaction.atomic():
        ticket = accepted_ticket(at=AT)
        with in_force(town):
            live(data, ticket, family, length, paper)
        transaction.set_rollback(True)


def live(
    data: st.DataObject,
    ticket: Ticket,
    family: dict[str, st.SearchStrategy[int]],
    length: tuple[int, str],
    paper: Paper,
) -> None:
    pk, now = started(ticket, length), AT
    for _ in range(data.draw(st.integers(1, 8))):
        now = min(later(data, now, paper.sheet), AT + days(80))
        act, words = next_act(data, now, family)
        if act == "sweep":
            intake.sweep(at=now)
            assert intake.sweep(at=now) == 0, "a sweep leaves nothing to sweep"
        else:
            acted(ticket, now, act, words)
        paper.write_down(now, act, words)

        clock = Clock.objects.get(pk=pk)
        assert_agrees(clock, paper, list(clock.adjustments.order_by("id")))
        assert breaches(clock) == [paper.broken_at] * (paper.broken_at is not None)


def started(ticket: Ticket, length: tuple[int, str]) -> int:
    a = Act(Ticket.objects.get(pk=ticket.pk), SYSTEM, AT)
    clock = a.start("feedback", length=length)
    a.record("noted")
    a.write()
    return clock.pk


def acted(ticket: Ticket, at: dt.datetime, act: str, words: tuple[Any, ...]) -> None:
    a = Act(Ticket.objects.select_for_update().get(pk=ticket.pk), SYSTEM, at)
    for clock in a.running("feedback"):
        do(a, clock, act, words)
    a.record("noted")
    a.write()


def breaches(clock: Clock) -> list[dt.datetime]:
    found = TicketEvent.objects.filter(ticket_id=clock.ticket_id, type="breached")
    return [e.occurred_at for e in found if e.data["clock"] == clock.pk]


# --- what no paper can say ----------------------------------------------------------------


@given(cities, starts, lengths(WORKED), lengths(ELAPSED))
def test_an_extension_counts_from_the_old_due_time_in_its_own_unit(city, start, length, more):
    """A promise in working days, put off by hours or calendar days."""
    with in_force(city):
        clock = a_clock(nobody_s_ticket(), start, length)
        was = clock.due_at
        clocks.extend(clock, *more, start)

        assert clock.due_at == was + MINUTE * more[0] * {"minutes": 1, "hours": 60}.get(
            more[1], 1440
        )


@given(cities, starts, families, st.integers(1, 40_000), st.data())
def test_a_pause_taken_back_at_once_was_none(city, start, family, bound, data):
    with in_force(city):
        clock = a_clock(nobody_s_ticket(), start, data.draw(lengths(family)))
        at = start + (clock.due_at - start) * data.draw(st.floats(0, 0.99))
        was = clock.due_at, clock.warn_at, clock.sweep_at
        clocks.pause(clock, at, at + minutes(bound))
        clocks.resume(clock, at)

        assert (clock.due_at, clock.warn_at, clock.sweep_at) == was


@given(cities, starts, families, st.data())
def test_a_pause_never_brings_a_promise_forward_and_a_longer_one_never_either(
    city, start, family, data
):
    one, other = sorted(data.draw(st.tuples(*[st.integers(1, 40_000)] * 2)))
    length = data.draw(lengths(family))
    with in_force(city):
        briefly, long = (a_clock(nobody_s_ticket(), start, length) for _ in range(2))
        was = briefly.due_at
        clocks.pause(briefly, start, start + minutes(one))
        clocks.pause(long, start, start + minutes(other))

        assert was <= briefly.due_at <= long.due_at
