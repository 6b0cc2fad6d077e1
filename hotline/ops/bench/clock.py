"""A city that was built once is measured on another day: its clock is set back to the moment it was
built for, so that the running month is as full as it was then."""

from __future__ import annotations

import datetime as dt
import os

from django.utils import timezone

SET_BACK = "BENCH_SET_BACK_SECONDS"
# Two days before the assessment month ends, in the afternoon: nearly all of it has happened.
DAY, HOUR = 17, 15


def full_month_before(now: dt.datetime) -> dt.datetime:
    """The last moment at which an assessment month was nearly full."""
    local = timezone.localtime(now)
    found = local.replace(day=DAY, hour=HOUR, minute=0, second=0, microsecond=0)
    if found > local:
        before = local.replace(day=1) - dt.timedelta(days=1)
        found = found.replace(year=before.year, month=before.month)
    return found


def set_to(instant: dt.datetime) -> None:
    """From now on this process, and those that it starts, live from `instant` on."""
    os.environ[SET_BACK] = str((timezone.now() - instant).total_seconds())
    set_back()


def set_back() -> None:
    """Live as long ago as the environment says."""
    by, real = dt.timedelta(seconds=float(os.environ[SET_BACK])), timezone.now
    timezone.now = lambda: real() - by
