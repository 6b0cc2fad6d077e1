"""Which month an outcome is in, and that it stays there: over invented lives of tickets."""

from __future__ import annotations

import dataclasses
import datetime as dt

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evaluation.models import Outcome
from evaluation.outcomes import Calendar, Codes, Event, History, fold
from evaluation.outcomes.histories import FACTS
from evaluation.outcomes.life import TAKEN
from evaluation.rules import Rules
from hotline.core.working_time import BUSINESS_ZONE
from tests.evaluation.outcome_stories import BEGINNING, facts_of, stories, told

Key = tuple[int, str]
DAY = dt.timedelta(days=1)
unhurried = settings(deadline=None, max_examples=200)
rules = st.builds(
    Rules,
    attribution=st.sampled_from(["created", "due", "called_back"]),
    answer=st.sampled_from(["first", "last"]),
    close_lag_days=st.sampled_from([0, 5, 20, 90]),
)
# The default rules until a scheme is adopted, and perhaps another one after it.
calendars = st.lists(rules, max_size=2).map(
    lambda found: Calendar(tuple(zip(["2026-04", "2026-06"], found, strict=False)))
)
instants = st.integers(0, 60 * 24 * 300).map(
    lambda n: BEGINNING + dt.timedelta(minutes=n, seconds=7)
)


def by_key(rows: list[Outcome]) -> dict[Key, Outcome]:
    found = {(row.unit_id, str(row.role)): row for row in rows}
    assert len(found) == len(rows), "a unit has one row in a role"
    return found


def values(row: Outcome) -> dict[str, object]:
    return {f.attname: getattr(row, f.attname) for f in Outcome._meta.concrete_fields}


def known(history: History, at: dt.datetime) -> History:
    """The history as it stood at an instant."""
    return dataclasses.replace(
        history,
        events=tuple(e for e in history.events if e.recorded_at <= at),
        answers=tuple(a for a in history.answers if a.called_at <= at),
        rulings=tuple(r for r in history.rulings if r.ruled_at <= at),
    )


def final(rows: dict[Key, Outcome], calendar: Calendar, at: dt.datetime) -> dict[Key, Outcome]:
    """Those of months whose facts are complete."""
    return {key: row for key, row in rows.items() if calendar.month(row.month).cutoff < at}


# === Over invented lives ====================================================================


@given(stories(), calendars, instants)
@unhurried
def test_another_reading_of_the_same_facts_comes_to_the_same(
    history: History, calendar: Calendar, now: dt.datetime
) -> None:
    found = {key: facts_of(row) for key, row in by_key(fold(history, calendar, now)).items()}

    assert found == told(history, calendar, now)


@given(stories(), calendars, instants, instants)
@unhurried
def test_a_row_never_changes_once_its_month_is_complete(
    history: History, calendar: Calendar, one: dt.datetime, other: dt.datetime
) -> None:
    history = dataclasses.replace(history, rulings=())
    early, late = sorted([one, other])
    before = final(by_key(fold(known(history, early), calendar, early)), calendar, early)

    after = by_key(fold(known(history, late), calendar, late))

    assert {key: values(row) for key, row in before.items()} == {
        key: values(after[key]) for key in before
    }


@given(stories(), calendars, st.lists(instants, max_size=6))
@unhurried
def test_in_however_many_steps_it_is_folded_a_row_has_one_month(
    history: History, calendar: Calendar, steps: list[dt.datetime]
) -> None:
    end = BEGINNING + 4000 * DAY
    months: dict[Key, set[str]] = {}
    for at in [*sorted(steps), end]:
        rows = by_key(fold(known(history, at), calendar, at))
        for key, row in final(rows, calendar, at).items():
            months.setdefault(key, set()).add(row.month)

    at_once = {key: {row.month} for key, row in by_key(fold(history, calendar, end)).items()}
    assert months == at_once


@given(stories(), calendars, instants)
@unhurried
def test_what_is_recorded_later_is_as_if_it_were_not_there(
    history: History, calendar: Calendar, now: dt.datetime
) -> None:
    assert [values(row) for row in fold(history, calendar, now)] == [
        values(row) for row in fold(known(history, now), calendar, now)
    ]


@given(stories(), calendars, st.integers(0, 40))
@unhurried
def test_nothing_decided_after_the_close_changes_a_closed_month(
    history: History, calendar: Calendar, days: int
) -> None:
    end = BEGINNING + 4000 * DAY
    open_ = by_key(fold(history, calendar, end))
    closed = {row.month: calendar.month(row.month).cutoff + days * DAY for row in open_.values()}
    calendar = dataclasses.replace(calendar, closed=closed)

    at_close = {
        key: values(by_key(fold(history, calendar, closed[row.month]))[key])
        for key, row in open_.items()
    }

    assert at_close == {
        key: values(row) for key, row in by_key(fold(history, calendar, end)).items()
    }


# === By hand ================================================================================


def at(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(f"2026-{text}").replace(tzinfo=BUSINESS_ZONE)


def event(seq: int, type: str, when: str, unit_id: int | None = None, **data: object) -> Event:
    return Event(seq, type, at(when), at(when), unit_id, data)


def accepted(when: str) -> Event:
    return event(
        1, "accepted", when, request_type="help", level="L3", category="01", area=None,
        is_anonymous=False,
    )  # fmt: skip


def dispatched(seq: int, when: str, unit_id: int, due: str) -> Event:
    return event(
        seq, "dispatched", when, unit_id, assignment=seq, category="01", cooperators=[],
        due_at=at(due).isoformat(),
    )  # fmt: skip


def months_of(events: list[Event], now: str, **rules: object) -> dict[int, str]:
    calendar = Calendar((("2026-01", Rules(**rules)),) if rules else ())  # type: ignore[arg-type]
    history = History(1, "1", tuple(events), codes=Codes(categories={"01": 1}))
    return {row.unit_id: row.month for row in fold(history, calendar, at(now))}


@pytest.mark.parametrize(
    ("when", "month"),
    [("04-18 23:59:59", "2026-04"), ("04-19 00:00:00", "2026-05"), ("12-31 12:00:00", "2027-01")],
)
def test_a_ticket_is_of_the_month_it_was_accepted_in(when: str, month: str) -> None:
    due = "12-31 23:00:00"
    assert months_of([accepted(when), dispatched(2, when, 1, due)], "12-31 23:59") == {1: month}


@pytest.mark.parametrize(
    ("given_at", "month"), [("05-09 00:00:00", "2026-04"), ("05-09 00:00:01", "2026-05")]
)
def test_a_unit_that_got_it_after_the_cutoff_has_it_in_the_next_month(
    given_at: str, month: str
) -> None:
    lived = [accepted("04-10 09:00"), dispatched(2, given_at, 1, "05-15 09:00")]

    assert months_of(lived, "05-20 09:00") == {1: month}


def test_units_of_one_ticket_may_have_it_in_different_months() -> None:
    lived = [
        accepted("04-10 09:00"),
        dispatched(2, "04-10 10:00", 1, "04-17 10:00"),
        event(3, "returned", "05-20 09:00", 1),
        dispatched(4, "05-20 10:00", 2, "05-27 10:00"),
    ]

    assert months_of(lived, "07-01 09:00") == {1: "2026-04", 2: "2026-05"}


def test_a_shorter_lag_never_completes_a_month_before_the_one_it_follows() -> None:
    calendar = Calendar(
        (("2026-01", Rules(close_lag_days=90)), ("2026-05", Rules(close_lag_days=0)))
    )

    assert calendar.month("2026-04").cutoff == at("07-18 00:00")
    assert calendar.month("2026-05").cutoff == at("07-18 00:00")
    assert calendar.month("2026-08").cutoff == at("08-19 00:00")


def test_every_kind_of_event_that_is_read_is_also_taken() -> None:
    assert set(FACTS) == set(TAKEN)
    assert len(FACTS) == len(TAKEN)
