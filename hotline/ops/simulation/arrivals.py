"""When messages come in: the shape of a year, a week and a day.

Measured on real hotlines: most calls between nine and eleven and between fourteen and sixteen,
few at night, 18 % fewer at weekends; a day's number scatters around its mean.
"""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Iterator
from dataclasses import dataclass

from hotline.core.working_time import BUSINESS_ZONE

# Share of a day's messages in each hour, 0 to 23.
HOURS = (
    1.2, 0.8, 0.6, 0.5, 0.5, 0.8, 1.6, 3.2, 5.8, 8.4, 8.6, 6.4,
    4.6, 5.0, 7.8, 8.2, 6.8, 5.6, 5.0, 5.2, 5.0, 4.0, 2.8, 1.6,
)  # fmt: skip
WEEKEND = 0.82
# The mean over a week is `per_day`.
_WEEKDAY = 7 / (5 + 2 * WEEKEND)


def arrivals(
    start: dt.datetime, end: dt.datetime, per_day: float, rng: random.Random
) -> Iterator[dt.datetime]:
    """The instants from `start` (a local midnight) up to `end` at which messages come in."""
    day = start
    while day < end:
        mean = per_day * _WEEKDAY * (WEEKEND if day.weekday() >= 5 else 1)
        count = max(0, round(rng.gauss(mean, mean**0.5)))
        hours = rng.choices(range(24), HOURS, k=count)
        instants = (day + dt.timedelta(hours=hour, seconds=rng.randrange(3600)) for hour in hours)
        yield from sorted(at for at in instants if at < end)
        day = midnight(day.date() + dt.timedelta(days=1))


@dataclass(frozen=True)
class Later:
    """From a local midnight on another number of messages comes in a day."""

    since: dt.datetime
    per_day: float


def arrivals_with_a_turn(
    start: dt.datetime, end: dt.datetime, per_day: float, later: Later | None, rng: random.Random
) -> Iterator[dt.datetime]:
    """The same, with fewer or more messages a day after some time."""
    turn = min(max(later.since, start), end) if later else end
    yield from arrivals(start, turn, per_day, rng)
    if later:
        yield from arrivals(turn, end, later.per_day, rng)


def midnight(day: dt.date) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(), BUSINESS_ZONE)


def is_heating_season(day: dt.date) -> bool:
    """15 November to 15 March; trial heating starts a week before (R-116)."""
    return (day.month, day.day) >= (11, 7) or (day.month, day.day) <= (3, 15)
