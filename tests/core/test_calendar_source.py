"""The calendar we load, against sources that were made apart from it."""

from __future__ import annotations

import csv
import datetime as dt

import chinese_calendar

from hotline.core import calendar_source
from hotline.core.calendar_source import (
    FIRST_CHECKED_YEAR,
    LAST_CHECKED_YEAR,
    is_published,
    known_years,
    load_days,
)
from tests import realdata


def test_every_checked_day_agrees_with_the_other_library():
    days = list(load_days(FIRST_CHECKED_YEAR, LAST_CHECKED_YEAR))

    differing = [day for day in days if chinese_calendar.is_workday(day.day) != day.is_workday]

    assert differing == []
    assert len(days) == (dt.date(LAST_CHECKED_YEAR + 1, 1, 1) - days[0].day).days


def test_every_day_from_2019_to_2026_agrees_with_the_compiled_table():
    file = realdata.required("calendar/cn_workdays_2019_2026.csv")
    with file.open(encoding="utf-8", newline="") as rows:
        compiled = {
            dt.date.fromisoformat(row["date"]): row["is_workday_chinesecalendar"] == "1"
            for row in csv.DictReader(rows)
        }

    assert {day.day: day.is_workday for day in load_days(2019, 2026)} == compiled


def test_a_year_without_published_make_up_days_is_not_known():
    assert known_years(2025, 2030) == (2025, 2026)
    assert {day.day.year for day in load_days(2026, 2030)} == {2026}


def test_a_year_nobody_has_checked_is_not_known_although_the_library_carries_it(monkeypatch):
    monkeypatch.setattr(calendar_source, "LAST_CHECKED_YEAR", 2025)

    assert is_published(2026)
    assert known_years(2025, 2026) == (2025,)


def test_the_library_carries_no_year_that_waits_to_be_checked():
    assert is_published(LAST_CHECKED_YEAR)
    assert not is_published(LAST_CHECKED_YEAR + 1), (
        "compare the new year with the other library and raise LAST_CHECKED_YEAR"
    )


def test_holidays_and_exchanged_days_carry_their_names():
    named = {day.day: day for day in load_days(2026, 2026)}

    assert named[dt.date(2026, 1, 1)] == (dt.date(2026, 1, 1), False, "元旦")
    assert named[dt.date(2026, 1, 4)] == (dt.date(2026, 1, 4), True, "调休上班")
    assert not named[dt.date(2026, 2, 20)].is_workday
    assert "调休" in named[dt.date(2026, 2, 20)].name
    assert named[dt.date(2026, 3, 9)] == (dt.date(2026, 3, 9), True, "")
    assert named[dt.date(2026, 3, 7)] == (dt.date(2026, 3, 7), False, "")
