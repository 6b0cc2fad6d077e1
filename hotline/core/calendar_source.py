"""Public holidays and make-up working days 调休, from the maintained `holidays` library.

The State Council publishes a year's plan in the autumn before it. Until a release of the library
carries that plan, it still answers for the year, with the statutory holidays alone: make-up days
are then missing and every answer near a holiday is a guess. Such a year is not known here and is
never handed out.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

import holidays

# The years in which the library's days were compared with an independent source, day by day (the
# tests repeat it). A later year is used once somebody has compared it and raised the number; a
# test asks for that as soon as the library carries it. The library starts with 2001 but
# disagrees with the other source on the last day of 2005.
FIRST_CHECKED_YEAR = 2006
LAST_CHECKED_YEAR = 2026

MAKE_UP_DAY = "调休上班"


class CalendarDay(NamedTuple):
    """One day: worked or not, and the name of the holiday or exchange that makes it so."""

    day: dt.date
    is_workday: bool
    name: str


def load_days(first_year: int, last_year: int) -> Iterator[CalendarDay]:
    """Every day of the known years from `first_year` to `last_year`, in order.

    Years that are not known are left out whole; `known_years` tells which are in.
    """
    for year in known_years(first_year, last_year):
        yield from _days(year)


def known_years(first_year: int, last_year: int) -> tuple[int, ...]:
    """The years of the span whose holidays and make-up days are published and checked."""
    return tuple(year for year in range(first_year, last_year + 1) if is_known(year))


def is_known(year: int) -> bool:
    """Whether the year was checked and the installed library carries its plan."""
    return FIRST_CHECKED_YEAR <= year <= LAST_CHECKED_YEAR and is_published(year)


def is_published(year: int) -> bool:
    """Whether the library carries the year's plan: every plan since 2001 has make-up days."""
    return any(day.year == year for day in _holidays(year).weekend_workdays)


@cache
def _holidays(year: int) -> holidays.HolidayBase:
    return holidays.country_holidays("CN", years=year, language="zh_CN")


def _days(year: int) -> Iterator[CalendarDay]:
    off = _holidays(year)
    make_up = {day for day in off.weekend_workdays if day.year == year}
    day = dt.date(year, 1, 1)
    while day.year == year:
        if day in make_up:
            yield CalendarDay(day, True, MAKE_UP_DAY)
        else:
            # dict.get: the library's own `get` and `in` would add years on demand.
            name = dict.get(off, day, "")
            yield CalendarDay(day, not name and day.weekday() < 5, name)
        day += dt.timedelta(days=1)
