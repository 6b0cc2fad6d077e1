"""At which hours people of the office work, and requesters may be called."""

from __future__ import annotations

import datetime as dt

from django.conf import settings

from hotline.core.working_time import BUSINESS_ZONE, ONE_DAY
from hotline.ops.simulation.world import World

_LAST_CALL = dt.time(19, 40)
_OFFICE_OPENS, _OFFICE_CLOSES = dt.time(9), dt.time(17, 30)
NOON = 12


def calling_time(at: dt.datetime, world: World) -> dt.datetime:
    """The first time from `at` on at which people may be called."""
    first, _last = settings.CALLBACK_HOURS
    return _within(world, at, first, _LAST_CALL, else_after=(1, 150))


def next_half_day(at: dt.datetime, world: World) -> dt.datetime:
    """A time on the half-day after this one."""
    local = at.astimezone(BUSINESS_ZONE)
    if local.hour < NOON:
        afternoon = dt.datetime.combine(local.date(), dt.time(13, 30), BUSINESS_ZONE)
        return afternoon + world.minutes(0, 60 * 6)
    morning = local.date() + ONE_DAY
    return dt.datetime.combine(morning, dt.time(9, 5), BUSINESS_ZONE) + world.minutes(0, 60 * 2.5)


def office_time(at: dt.datetime, world: World) -> dt.datetime:
    """The first time from `at` on at which somebody who is not on a shift is at a desk."""
    return _within(world, at, _OFFICE_OPENS, _OFFICE_CLOSES, else_after=(5, 180))


def _within(
    world: World, at: dt.datetime, first: dt.time, last: dt.time, *, else_after: tuple[int, int]
) -> dt.datetime:
    """`at` itself between these hours, else so many minutes after they begin again."""
    local = at.astimezone(BUSINESS_ZONE)
    if first <= local.time() < last:
        return local
    day = local.date() if local.time() < first else local.date() + ONE_DAY
    return dt.datetime.combine(day, first, BUSINESS_ZONE) + world.minutes(*else_after)
