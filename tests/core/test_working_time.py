"""Due times against an oracle that was written apart and walks from day to day."""

from __future__ import annotations

import datetime as dt
from functools import cache
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from hotline.core.calendar_source import load_days
from hotline.core.working_time import (
    Calendar,
    TimeUnit,
    after_pause,
    business_day,
    due,
    extended,
    warn,
)

SHANGHAI = ZoneInfo("Asia/Shanghai")
EMPTY = Calendar({})


@cache
def loaded() -> Calendar:
    return Calendar({day.day: day.is_workday for day in load_days(2019, 2026)})


def naive(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text)


def beijing(text: str) -> dt.datetime:
    return naive(text).replace(tzinfo=SHANGHAI)


def oracle(start: dt.datetime, amount: int, calendar: Calendar) -> tuple[dt.datetime, bool]:
    """The rule in the office's words: skip the first day, tick off working days, keep the hour;
    what begins on a day off runs to the end of the last one."""
    wall = start.astimezone(SHANGHAI)
    looked_at = [wall.date()]
    ticked = 0
    while ticked < amount:
        looked_at.append(looked_at[-1] + dt.timedelta(days=1))
        ticked += calendar.is_workday(looked_at[-1])
    hour = wall.time() if calendar.is_workday(wall.date()) else dt.time.max
    is_provisional = not all(calendar.knows(day) for day in looked_at)
    return dt.datetime.combine(looked_at[-1], hour, SHANGHAI), is_provisional


zones = st.sampled_from(
    [dt.UTC, SHANGHAI, ZoneInfo("America/New_York"), dt.timezone(dt.timedelta(hours=14))]
)
starts = st.datetimes(naive("2018-12-01"), naive("2027-02-28"), timezones=zones)
amounts = st.integers(1, 60)
units = st.sampled_from(list(TimeUnit))
pauses = st.timedeltas(dt.timedelta(0), dt.timedelta(days=40))


@given(starts, amounts)
@example(dt.datetime(2026, 2, 13, 15, 59, 59, tzinfo=dt.UTC), 1)
@example(dt.datetime(2026, 2, 13, 16, 0, 0, tzinfo=dt.UTC), 1)
@example(dt.datetime(2024, 2, 29, 4, 0, tzinfo=dt.UTC), 5)
def test_working_days_agree_with_the_oracle(start, amount):
    assert due(start, amount, TimeUnit.WORKING_DAYS, loaded()) == oracle(start, amount, loaded())


@given(starts, amounts)
def test_without_a_calendar_weekends_are_off_and_everything_is_provisional(start, amount):
    assert due(start, amount, TimeUnit.WORKING_DAYS, EMPTY) == oracle(start, amount, EMPTY)
    assert due(start, amount, TimeUnit.WORKING_DAYS, EMPTY).is_provisional


@given(starts, starts, amounts, units)
@example(beijing("2026-07-17 23:59:59.999999"), beijing("2026-07-18 00:00"), 1, "working_days")
def test_what_begins_later_never_falls_due_earlier(one, other, amount, unit):
    earlier, later = sorted([one, other])

    assert due(earlier, amount, unit, loaded()).at <= due(later, amount, unit, loaded()).at


@given(starts, amounts, units)
def test_a_longer_limit_ends_later_and_every_limit_after_its_start(start, amount, unit):
    shorter = due(start, amount, unit, loaded()).at

    assert start < shorter < due(start, amount + 1, unit, loaded()).at


@given(starts, amounts, units, zones)
def test_the_zone_an_instant_is_written_in_changes_nothing(start, amount, unit, zone):
    assert due(start.astimezone(zone), amount, unit, loaded()) == due(start, amount, unit, loaded())


@given(starts, amounts)
def test_a_limit_in_working_days_ends_on_a_working_day(start, amount):
    assert loaded().is_workday(business_day(due(start, amount, TimeUnit.WORKING_DAYS, loaded()).at))


@given(starts, amounts, st.sampled_from([True, False]))
def test_what_is_not_provisional_stays_whatever_other_years_turn_out_to_be(
    start, amount, is_worked
):
    settled = due(start, amount, TimeUnit.WORKING_DAYS, loaded())
    other_years = {
        dt.date(year, 1, 1) + dt.timedelta(days=n): is_worked
        for year in (2018, 2027)
        for n in range(365)
    }

    later = due(start, amount, TimeUnit.WORKING_DAYS, Calendar({**loaded().days, **other_years}))

    assert settled.is_provisional or later == settled


def test_only_a_year_that_decides_makes_a_due_time_provisional():
    last_workday = beijing("2026-12-31 10:00")

    assert not due(beijing("2026-12-30 10:00"), 1, TimeUnit.WORKING_DAYS, loaded()).is_provisional
    assert due(last_workday, 1, TimeUnit.WORKING_DAYS, loaded()).is_provisional
    assert not due(last_workday, 400, TimeUnit.CALENDAR_DAYS, loaded()).is_provisional
    assert not due(last_workday, 48, TimeUnit.HOURS, loaded()).is_provisional


def test_a_year_with_one_day_missing_is_not_known():
    days = {day.day: day.is_workday for day in load_days(2024, 2024)}
    del days[dt.date(2024, 2, 29)]

    assert not Calendar(days).knows(dt.date(2024, 5, 1))
    assert loaded().knows(dt.date(2024, 5, 1))
    assert not loaded().knows(dt.date(2027, 5, 1))


@pytest.mark.parametrize(
    ("start", "amount", "unit", "expected"),
    [
        # The handbook's example 5: natural time, holidays do not move it.
        ("2025-02-27 18:00", 24, TimeUnit.HOURS, "2025-02-28 18:00"),
        ("2025-02-27 18:00", 7, TimeUnit.CALENDAR_DAYS, "2025-03-06 18:00"),
        ("2025-01-27 18:00", 7, TimeUnit.CALENDAR_DAYS, "2025-02-03 18:00"),
        ("2025-02-27 23:50", 15, TimeUnit.MINUTES, "2025-02-28 00:05"),
        ("2025-02-27 18:00", 2, TimeUnit.HOURS, "2025-02-27 20:00"),
        ("2025-02-27 18:00", 15, TimeUnit.CALENDAR_DAYS, "2025-03-14 18:00"),
        # Leap day.
        ("2024-02-28 09:30", 1, TimeUnit.CALENDAR_DAYS, "2024-02-29 09:30"),
        ("2024-02-28 09:30", 1, TimeUnit.WORKING_DAYS, "2024-02-29 09:30"),
        ("2024-02-29 09:30", 1, TimeUnit.WORKING_DAYS, "2024-03-01 09:30"),
        # Over a weekend, from a weekend, at the seams of a day.
        ("2025-03-07 10:00", 2, TimeUnit.WORKING_DAYS, "2025-03-11 10:00"),
        ("2025-03-08 10:00", 2, TimeUnit.WORKING_DAYS, "2025-03-11 23:59:59.999999"),
        ("2025-03-09 23:59:59", 2, TimeUnit.WORKING_DAYS, "2025-03-11 23:59:59.999999"),
        ("2025-03-10 00:00", 5, TimeUnit.WORKING_DAYS, "2025-03-17 00:00"),
        ("2025-03-07 23:59:59", 1, TimeUnit.WORKING_DAYS, "2025-03-10 23:59:59"),
        # 调休: Sunday 2025-04-27 was worked for the first days of May.
        ("2025-04-25 17:00", 1, TimeUnit.WORKING_DAYS, "2025-04-27 17:00"),
        ("2025-04-27 17:00", 4, TimeUnit.WORKING_DAYS, "2025-05-06 17:00"),
        # Nine days of Spring Festival 2026, with the Saturdays before and after it worked.
        ("2026-02-13 09:00", 2, TimeUnit.WORKING_DAYS, "2026-02-24 09:00"),
        ("2026-02-16 09:00", 5, TimeUnit.WORKING_DAYS, "2026-02-28 23:59:59.999999"),
    ],
)
def test_worked_examples(start, amount, unit, expected):
    assert due(beijing(start), amount, unit, loaded()) == (beijing(expected), False)


def test_saturday_in_beijing_is_a_day_off_although_it_is_friday_in_greenwich():
    friday_evening_utc = dt.datetime(2025, 3, 7, 16, 0, tzinfo=dt.UTC)

    assert due(friday_evening_utc, 1, TimeUnit.WORKING_DAYS, loaded()).at == beijing(
        "2025-03-10 23:59:59.999999"
    )
    assert business_day(friday_evening_utc) == dt.date(2025, 3, 8)


def test_hours_are_elapsed_time_also_where_the_clocks_were_put_forward():
    before = dt.datetime(1991, 4, 13, 12, 0, tzinfo=SHANGHAI)

    ended = due(before, 24, TimeUnit.HOURS, EMPTY).at

    assert ended.astimezone(dt.UTC) - before.astimezone(dt.UTC) == dt.timedelta(hours=24)
    assert ended.hour == 13


def test_instants_without_a_zone_are_refused():
    bare, aware = naive("2025-03-07 10:00"), beijing("2025-03-07 10:00")

    for refused in (
        lambda: due(bare, 1, TimeUnit.HOURS, EMPTY),
        lambda: extended(bare, 1, TimeUnit.HOURS, EMPTY),
        lambda: warn(bare, aware),
        lambda: warn(aware, bare),
        lambda: after_pause(bare, aware, aware),
        lambda: after_pause(aware, bare, aware),
        lambda: after_pause(aware, aware, bare),
        lambda: business_day(bare),
    ):
        with pytest.raises(ValueError, match="no time zone"):
            refused()


@pytest.mark.parametrize("amount", [0, -1])
def test_a_limit_of_nothing_is_refused(amount):
    with pytest.raises(ValueError, match="no limit"):
        due(beijing("2025-03-07 10:00"), amount, TimeUnit.HOURS, EMPTY)


def test_an_unknown_unit_is_refused():
    with pytest.raises(ValueError, match="no unit of time"):
        due(beijing("2025-03-07 10:00"), 1, "fortnights", EMPTY)  # type: ignore[arg-type]


@given(starts, amounts, units)
def test_the_light_turns_yellow_with_a_quarter_of_the_limit_left(start, amount, unit):
    ends = due(start, amount, unit, loaded()).at

    yellow = warn(start, ends)

    assert start < yellow < ends
    assert abs((ends - yellow) * 4 - (ends - start)) <= dt.timedelta(microseconds=4)


def test_worked_examples_of_the_yellow_light():
    start = beijing("2025-02-27 18:00")

    assert warn(start, beijing("2025-02-27 20:00")) == beijing("2025-02-27 19:30")
    assert warn(start, beijing("2025-03-06 18:00")) == beijing("2025-03-05 00:00")
    assert warn(start, beijing("2025-03-06 18:00"), share=0) == beijing("2025-03-06 18:00")
    assert warn(start, start) == start
    with pytest.raises(ValueError, match="before it starts"):
        warn(start, beijing("2025-02-26 18:00"))
    with pytest.raises(ValueError, match="between 0 and 1"):
        warn(start, beijing("2025-03-06 18:00"), share=1.5)


@given(starts, amounts, units, pauses, pauses)
def test_a_pause_leaves_as_much_as_there_was_and_never_shortens(start, amount, unit, until, length):
    ends = due(start, amount, unit, loaded())
    paused = start.astimezone(dt.UTC) + until

    moved = after_pause(ends.at, paused, paused + length, unit=unit, calendar=loaded())

    assert moved.at >= ends.at
    if paused >= ends.at or not length:
        assert moved.at == ends.at
    elif unit != TimeUnit.WORKING_DAYS:
        assert moved.at - ends.at == length


@given(starts, amounts, pauses, pauses)
def test_working_time_left_at_the_pause_is_left_at_the_resumption(start, amount, until, length):
    ends = due(start, amount, TimeUnit.WORKING_DAYS, loaded()).at
    paused = start.astimezone(dt.UTC) + until
    if paused >= ends:
        paused = start.astimezone(dt.UTC)
    resumed = paused + length

    moved = after_pause(ends, paused, resumed, unit=TimeUnit.WORKING_DAYS, calendar=loaded()).at

    assert _worked_day_by_day(paused, ends) == _worked_day_by_day(resumed, moved)
    assert loaded().is_workday(business_day(moved))


def _worked_day_by_day(begun: dt.datetime, ended: dt.datetime) -> dt.timedelta:
    """Working time day by day, cut out with min and max instead of by first and last day."""
    total, midnight = (
        dt.timedelta(0),
        begun.astimezone(SHANGHAI).replace(hour=0, minute=0, second=0, microsecond=0),
    )
    while midnight < ended:
        following = midnight + dt.timedelta(days=1)
        if loaded().is_workday(midnight.date()):
            total += max(min(ended, following) - max(begun, midnight), dt.timedelta(0))
        midnight = following
    return total


def test_worked_examples_of_a_pause():
    friday_ten = beijing("2025-03-14 10:00")
    wednesday, thursday = beijing("2025-03-12 10:00"), beijing("2025-03-13 10:00")
    in_hours = after_pause(friday_ten, wednesday, thursday)
    in_days = after_pause(
        friday_ten, wednesday, thursday, unit=TimeUnit.WORKING_DAYS, calendar=loaded()
    )

    assert in_hours == (beijing("2025-03-15 10:00"), False)
    assert in_days == (beijing("2025-03-17 10:00"), False)


def test_a_weekend_long_pause_costs_a_limit_in_working_days_nothing():
    ends = beijing("2025-03-11 10:00")
    saturday, sunday = beijing("2025-03-08 08:00"), beijing("2025-03-09 20:00")

    moved = after_pause(ends, saturday, sunday, unit=TimeUnit.WORKING_DAYS, calendar=loaded())

    assert moved.at == ends


def test_a_pause_into_an_unloaded_year_is_provisional():
    ends = due(beijing("2026-12-28 10:00"), 3, TimeUnit.WORKING_DAYS, loaded())

    moved = after_pause(
        ends.at,
        beijing("2026-12-29 10:00"),
        beijing("2026-12-30 10:00"),
        unit=TimeUnit.WORKING_DAYS,
        calendar=loaded(),
    )

    assert not ends.is_provisional
    assert moved.is_provisional


def test_a_pause_that_ends_before_it_begins_is_refused():
    ends = beijing("2025-03-14 10:00")

    with pytest.raises(ValueError, match="before it begins"):
        after_pause(ends, beijing("2025-03-13 10:00"), beijing("2025-03-12 10:00"))
    with pytest.raises(ValueError, match="needs the calendar"):
        after_pause(
            ends,
            beijing("2025-03-12 10:00"),
            beijing("2025-03-13 10:00"),
            unit=TimeUnit.WORKING_DAYS,
        )


def test_an_extension_counts_from_the_old_due_time():
    ends = beijing("2025-03-06 18:00")

    assert extended(ends, 7, TimeUnit.CALENDAR_DAYS, loaded()).at == beijing("2025-03-13 18:00")
    assert extended(ends, 2, TimeUnit.WORKING_DAYS, loaded()).at == beijing("2025-03-10 18:00")
