"""Simulated time: what is to happen, in order, and the hourly work of the platform between."""

from __future__ import annotations

import datetime as dt
import heapq
import random
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from hotline.core import outbox
from hotline.core.actors import Actor
from hotline.core.models import Area, Channel
from hotline.ops.simulation.messages import Message
from hotline.ops.simulation.odds import Odds
from hotline.ops.simulation.people import People
from hotline.ops.simulation.routing import Place
from intake.acts import whole
from intake.services import sweep

TICK = dt.timedelta(hours=1)
# Nobody in here waits for a notice, so consequences follow twice a day, at nine and twenty-one.
TICKS_PER_DELIVERY, FIRST_DELIVERY = 12, 9
NEVER = dt.datetime.max.replace(tzinfo=dt.UTC)


@dataclass(slots=True)
class Life:
    """One ticket as those around it remember it: enough to know what they do next.

    `turn` grows when plans made before no longer hold (returned, recalled, closed); `series`
    does the same for planned calls alone. `other_limit` is another law's limit for the order
    (R-058), `dispatched_by` who gave it. `is_unsolved`: the unit itself says so; `is_asked`: the
    requester has answered once, and a rate has counted it. `client` is the channel's system that
    brought the ticket in, and speaks for the requester; `replied_by` are the units that have
    replied.
    """

    number: str
    message: Message
    place: Place
    level: str
    urgency: str
    is_anonymous: bool
    is_confidential: bool
    wants_callback: bool
    state: str = "accepted"
    turn: int = 0
    series: int = 0
    unit_id: int = 0
    is_dispatched_before: bool = False
    dispatched_by: str = ""
    other_limit: tuple[int, str] | None = None
    due_at: dt.datetime = NEVER
    is_reported: bool = False
    is_unsolved: bool = False
    is_asked: bool = False
    ruled_at: dt.datetime | None = None
    # Until when others are at work on a part, or an answer about more time is awaited.
    helped_until: dt.datetime | None = None
    waits_until: dt.datetime | None = None
    rounds: int = 1
    has_open_order: bool = False
    has_echoes: bool = False
    half_days: set[tuple[dt.date, bool]] = field(default_factory=set)
    client: Actor | None = None
    replied_by: set[int] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class Reference:
    """The rows of reference data that acts name, loaded once."""

    areas: Mapping[str, Area]
    channels: Mapping[str, Channel]
    categories: Mapping[str, Any]
    units: Mapping[str, Any]


Step = Callable[..., None]


class World:
    """The queue of what will happen, and what all steps share."""

    def __init__(
        self,
        *,
        start: dt.datetime,
        rng: random.Random,
        people: People,
        odds: Odds,
        reference: Reference,
        steps: Mapping[str, Step],
    ) -> None:
        self.rng = rng
        self.people = people
        self.odds = odds
        self.reference = reference
        self.recent: deque[Life] = deque(maxlen=200)
        self.sweeps = 0
        self._steps = steps
        self._queue: list[tuple[dt.datetime, int, str, Life | None, int, dict[str, Any]]] = []
        self._serial = 0
        self._next_tick = start + TICK

    def plan(self, step: str, at: dt.datetime, life: Life | None, **details: Any) -> None:
        """Let a step happen, unless its ticket has taken another turn by then."""
        self._serial += 1
        turn = life.turn if life else 0
        heapq.heappush(self._queue, (at, self._serial, step, life, turn, details))

    def run_until(self, at: dt.datetime) -> None:
        """Do everything that is due by `at`, in order, an hour of it in one transaction."""
        while self._next_tick <= at:
            self._do_until(self._next_tick)
            self.tick(self._next_tick)
            self._next_tick += TICK
        self._do_until(at)

    def _do_until(self, at: dt.datetime) -> None:
        if not self._queue or self._queue[0][0] > at:
            return
        # No step expects to be refused, so none needs a way back of its own.
        with whole():
            while self._queue and self._queue[0][0] <= at:
                when, _serial, step, life, turn, details = heapq.heappop(self._queue)
                if life is None or life.turn == turn:
                    self._steps[step](self, life, when, **details)

    def tick(self, at: dt.datetime) -> None:
        """What beat does on a running site: notice clocks, deliver consequences."""
        sweep(at=at)
        self.sweeps += 1
        if self.sweeps % TICKS_PER_DELIVERY == FIRST_DELIVERY:
            # Once more only where a batch was full: the round that finds nothing costs as much.
            while outbox.deliver(at=at) >= outbox.BATCH:
                pass

    # --- chance ---------------------------------------------------------------------------

    def minutes(self, least: float, most: float) -> dt.timedelta:
        return dt.timedelta(minutes=self.rng.uniform(least, most))

    def part(self, of: dt.timedelta, least: float, most: float) -> dt.timedelta:
        return of * self.rng.uniform(least, most)
