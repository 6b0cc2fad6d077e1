"""When a promise falls due: pure functions over instants and a calendar of working days.

Every day, weekend and working day is a day of the business zone, Asia/Shanghai, whatever zone an
instant is written in. Naive instants are refused: a deadline nobody can place is no deadline.

How limits are counted (the city's limits are natural time, R-056; other places use working days):

* minutes and hours are elapsed time: 24 h from 2025-02-27 18:00 is 2025-02-28 18:00;
* calendar days end at the same time of day: 7 d from 2025-02-27 18:00 is 2025-03-06 18:00, and
  holidays do not move it;
* working days: time passes only on working days. The day of the start is not counted; the limit
  ends at the same time of day on the N-th working day after it. 2 working days from Friday
  2025-03-07 10:00 end on Tuesday 2025-03-11 10:00. What begins on a day off counts as begun when
  that day ends, so its limit ends at the end of the N-th working day after it: 2 working days from
  Saturday 2025-03-08, whatever the hour, end on Tuesday 2025-03-11 at 23:59:59.999999. (Keeping
  the hour there would let a matter sent on Saturday morning fall due before one of Friday evening.)
* make-up days 调休 count as what the calendar says: 1 working day from Friday 2025-04-25 17:00
  ends on Sunday 2025-04-27 17:00, because that Sunday was worked.
"""

from __future__ import annotations

import datetime as dt
from calendar import isleap
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple
from zoneinfo import ZoneInfo

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

BUSINESS_ZONE = ZoneInfo("Asia/Shanghai")

ONE_DAY = dt.timedelta(days=1)
INSTANT = dt.timedelta(microseconds=1)


class TimeUnit(TextChoices):
    """What a limit is counted in."""

    MINUTES = "minutes", _("分钟")
    HOURS = "hours", _("小时")
    CALENDAR_DAYS = "calendar_days", _("自然日")
    WORKING_DAYS = "working_days", _("工作日")


class Due(NamedTuple):
    """When a promise falls due. Provisional: a year that nobody has loaded yet decides it, so it
    is recomputed when that year is loaded."""

    at: dt.datetime
    is_provisional: bool


@dataclass(frozen=True)
class Calendar:
    """Which days are worked, as far as they are loaded. Build once and keep: building reads every
    day, asking costs a dictionary look-up."""

    days: Mapping[dt.date, bool]
    years: frozenset[int] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        loaded = Counter(day.year for day in self.days)
        complete = (year for year, count in loaded.items() if count == 365 + isleap(year))
        object.__setattr__(self, "years", frozenset(complete))

    def knows(self, day: dt.date) -> bool:
        """Whether the whole year of the day is loaded, so that its make-up days are settled."""
        return day.year in self.years

    def is_workday(self, day: dt.date) -> bool:
        """Whether the day is worked; Monday to Friday where nothing is loaded."""
        return self.days.get(day, day.weekday() < 5)


def local(at: dt.datetime) -> dt.datetime:
    """The instant on the office's wall clock. Raises ValueError for a naive instant."""
    if at.utcoffset() is None:
        raise ValueError(f"{at!r} has no time zone")
    return at.astimezone(BUSINESS_ZONE)


def business_day(at: dt.datetime) -> dt.date:
    """The calendar day in the business zone: what "today" means to the office."""
    return local(at).date()


def due(start: dt.datetime, amount: int, unit: TimeUnit, calendar: Calendar) -> Due:
    """When a promise made at `start` for `amount` units falls due, on the office's wall clock.

    Raises ValueError for a naive start or an amount below one.
    """
    if amount < 1:
        raise ValueError(f"a limit of {amount} {unit} is no limit")
    begun = local(start)
    match unit:
        case TimeUnit.MINUTES:
            return Due(_elapse(begun, dt.timedelta(minutes=amount)), False)
        case TimeUnit.HOURS:
            return Due(_elapse(begun, dt.timedelta(hours=amount)), False)
        case TimeUnit.CALENDAR_DAYS:
            return Due(begun + dt.timedelta(days=amount), False)
        case TimeUnit.WORKING_DAYS:
            length = amount * ONE_DAY
            if not calendar.is_workday(begun.date()):
                length -= INSTANT  # ends with the N-th working day, not on the day after it
            return _work_through(begun, length, calendar)
    raise ValueError(f"{unit!r} is no unit of time")


def extended(due_at: dt.datetime, amount: int, unit: TimeUnit, calendar: Calendar) -> Due:
    """When a promise falls due after an extension: counted from the old due time, not from the
    day of the approval, so asking early costs the unit nothing."""
    return due(due_at, amount, unit, calendar)


def warn(start: dt.datetime, due_at: dt.datetime, share: float = 0.25) -> dt.datetime:
    """When the light turns yellow: `share` of the limit is left (R-105).

    The share is of elapsed time, so that the colour agrees with the countdown on the screen.
    Raises ValueError when the end lies before the start or the share outside 0 to 1.
    """
    if not 0 <= share <= 1:
        raise ValueError(f"a share of {share} is not between 0 and 1")
    length = _between(start, due_at)
    if length < dt.timedelta(0):
        raise ValueError("the limit ends before it starts")
    return _elapse(local(due_at), -(length * share))


def after_pause(
    due_at: dt.datetime,
    paused_at: dt.datetime,
    resumed_at: dt.datetime,
    *,
    unit: TimeUnit = TimeUnit.HOURS,
    calendar: Calendar | None = None,
) -> Due:
    """When a promise falls due after its clock stood still from `paused_at` to `resumed_at`.

    What was left at the pause is left at the resumption: elapsed time for minutes, hours and
    calendar days, time on working days for a limit in working days (which needs the calendar).
    A pause that begins at or after the due time changes nothing: the promise was broken before.
    """
    length = _between(paused_at, resumed_at)
    if length < dt.timedelta(0):
        raise ValueError("a pause ends before it begins")
    old = local(due_at)
    if not length or _between(paused_at, due_at) <= dt.timedelta(0):
        return Due(old, False)
    if unit != TimeUnit.WORKING_DAYS:
        return Due(_elapse(old, length), False)
    if calendar is None:
        raise ValueError("a limit in working days needs the calendar")
    left, is_provisional = _worked(local(paused_at), old, calendar)
    moved = _work_through(local(resumed_at), left, calendar)
    return Due(moved.at, moved.is_provisional or is_provisional)


def _elapse(at: dt.datetime, length: dt.timedelta) -> dt.datetime:
    """Elapsed time, also across the summer times that Shanghai kept until 1991."""
    return (at.astimezone(dt.UTC) + length).astimezone(BUSINESS_ZONE)


def _between(earlier: dt.datetime, later: dt.datetime) -> dt.timedelta:
    return local(later).astimezone(dt.UTC) - local(earlier).astimezone(dt.UTC)


def _work_through(begun: dt.datetime, length: dt.timedelta, calendar: Calendar) -> Due:
    """The instant at which `length` has passed on working days of 24 hours each.

    Never at the very end of a day: a length that a day uses up exactly ends at 00:00 of the next
    working day, which is "the same time of day" for a start at midnight.
    """
    day, into_day = begun.date(), _into_day(begun)
    is_provisional = not calendar.knows(day)
    while True:
        if calendar.is_workday(day):
            if length < ONE_DAY - into_day:
                break
            length -= ONE_DAY - into_day
        day, into_day = day + ONE_DAY, dt.timedelta(0)
        is_provisional = is_provisional or not calendar.knows(day)
    midnight = dt.datetime.combine(day, dt.time(), BUSINESS_ZONE)
    return Due(midnight + into_day + length, is_provisional)


def _worked(
    begun: dt.datetime, ended: dt.datetime, calendar: Calendar
) -> tuple[dt.timedelta, bool]:
    """How much time passed on working days, and whether an unloaded year decided it."""
    total, is_provisional = dt.timedelta(0), False
    day = begun.date()
    while day <= ended.date():
        is_provisional = is_provisional or not calendar.knows(day)
        if calendar.is_workday(day):
            since = _into_day(begun) if day == begun.date() else dt.timedelta(0)
            until = _into_day(ended) if day == ended.date() else ONE_DAY
            total += until - since
        day += ONE_DAY
    return total, is_provisional


def _into_day(at: dt.datetime) -> dt.timedelta:
    """The time of day as wall-clock length since midnight."""
    return dt.timedelta(
        hours=at.hour, minutes=at.minute, seconds=at.second, microseconds=at.microsecond
    )
