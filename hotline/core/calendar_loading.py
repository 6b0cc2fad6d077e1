"""Fill the calendar table from the maintained library."""

from __future__ import annotations

import datetime as dt

from hotline.core.calendar_source import load_days
from hotline.core.limits import calendar
from hotline.core.models import CalendarDay

FIRST_YEAR = 2019


def load_calendar(*, today: dt.date) -> int:
    """Load every published year up to next year; returns how many days were added or changed.

    Years nobody has published stay out: due times over them are provisional.
    """
    known = dict(CalendarDay.objects.values_list("day", "is_workday"))
    fresh = [
        CalendarDay(day=day, is_workday=is_workday, name=name, source="holidays")
        for day, is_workday, name in load_days(FIRST_YEAR, today.year + 1)
        if known.get(day) != is_workday
    ]
    CalendarDay.objects.bulk_create(
        fresh,
        update_conflicts=True,
        unique_fields=["day"],
        update_fields=["is_workday", "name", "source"],
    )
    calendar.forget()
    return len(fresh)
