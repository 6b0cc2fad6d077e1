"""Which span of time a month's score, a running report and a day's report cover (F-8, R-098).

The assessment month M runs from the 19th of the month before to the 19th of M, 00:00 both, the end
not included; a report made on day D covers what happened until 12:00 of D. Instants belong to the
business zone's wall clock.
"""

from __future__ import annotations

import datetime as dt
from calendar import monthrange
from dataclasses import dataclass

from hotline.core.working_time import BUSINESS_ZONE, ONE_DAY, business_day, local

PERIOD_START_DAY = 19
DAY_CUT = dt.time(12)


@dataclass(frozen=True)
class Period:
    """A span of time, its end not included, and the assessment month it belongs to ("2025-01")."""

    start: dt.datetime
    end: dt.datetime
    label: str

    def __contains__(self, at: dt.datetime) -> bool:
        return self.start <= local(at) < self.end


def assessment_month(
    day: dt.date | dt.datetime, *, period_start_day: int = PERIOD_START_DAY
) -> Period:
    """The whole assessment month in which a day or an instant falls.

    Raises ValueError for a naive instant and for a start day that some month lacks.
    """
    if not 1 <= period_start_day <= 28:
        raise ValueError(f"an assessment month cannot start on day {period_start_day}")
    if isinstance(day, dt.datetime):
        day = business_day(day)
    first = day.replace(day=period_start_day)
    if day < first:
        first = _months_on(first, -1)
    end = _months_on(first, 1)
    return Period(_midnight(first), _midnight(end), _label(end - ONE_DAY))


def month_named(label: str, *, period_start_day: int = PERIOD_START_DAY) -> Period:
    """The assessment month "2025-01". Raises ValueError for what is no month."""
    first = dt.date.fromisoformat(f"{label}-01")
    return assessment_month(first, period_start_day=period_start_day)


def label_after(label: str) -> str:
    """The name of the month that follows one."""
    return _label(_months_on(dt.date.fromisoformat(f"{label}-01"), 1))


def running_report(
    report_date: dt.date,
    *,
    period_start_day: int = PERIOD_START_DAY,
    day_cut: dt.time = DAY_CUT,
) -> Period:
    """The assessment month as far as the report of that day knows it: until the day's cut."""
    month = assessment_month(report_date, period_start_day=period_start_day)
    return Period(month.start, _at(report_date, day_cut), month.label)


def report_day(report_date: dt.date, *, day_cut: dt.time = DAY_CUT) -> Period:
    """What the daily report of that day covers: from the cut of the day before to the day's own.

    Its label is the day itself ("2025-01-10").
    """
    start = _at(report_date - ONE_DAY, day_cut)
    return Period(start, _at(report_date, day_cut), report_date.isoformat())


def previous(period: Period) -> Period:
    """The span one month earlier that a monthly or running period is compared with.

    Both ends move back a calendar month; a day the earlier month lacks becomes its last day, so
    31 March is compared with 28 February.
    """
    start = _months_on(period.start.date(), -1)
    end = _months_on(period.end.date(), -1)
    earlier_label = _months_on(dt.date.fromisoformat(f"{period.label}-01"), -1)
    return Period(
        _at(start, period.start.time()), _at(end, period.end.time()), _label(earlier_label)
    )


def _months_on(day: dt.date, months: int) -> dt.date:
    year, month0 = divmod(day.year * 12 + day.month - 1 + months, 12)
    last = monthrange(year, month0 + 1)[1]
    return dt.date(year, month0 + 1, min(day.day, last))


def _label(day: dt.date) -> str:
    return f"{day:%Y-%m}"


def _at(day: dt.date, time: dt.time) -> dt.datetime:
    return dt.datetime.combine(day, time, BUSINESS_ZONE)


def _midnight(day: dt.date) -> dt.datetime:
    return _at(day, dt.time())
