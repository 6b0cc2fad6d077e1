"""One run of the simulator: a stretch of time from its first message to its end."""

from __future__ import annotations

import datetime as dt
import gc
import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from django.db import connection, transaction

from evaluation import outcomes
from hotline.core import outbox
from hotline.core.models import Area, AreaKind, AreaPopulation, Channel, Unit
from hotline.core.partitions import ensure_months
from hotline.core.simulated_time import simulation
from hotline.core.violations import RuleViolation
from hotline.ops.simulation import callers, desk, helping, months, pleas, requesters, units
from hotline.ops.simulation.arrivals import Later, arrivals_with_a_turn
from hotline.ops.simulation.messages import Message, Source
from hotline.ops.simulation.odds import Odds
from hotline.ops.simulation.people import People
from hotline.ops.simulation.routing import Place
from hotline.ops.simulation.world import Reference, Step, World
from knowledge.models import Category

STEPS: dict[str, Step] = {
    "answer": desk.answer,
    "inform": desk.inform,
    "merge": desk.merge,
    "dispatch": desk.dispatch,
    "recall": desk.recall,
    "object": desk.object_to,
    "rule": desk.rule,
    "withdraw": desk.withdraw,
    "reopen": desk.reopen,
    "delegate": helping.delegate,
    "cooperate": helping.cooperate,
    "sign_part": helping.sign_part,
    "hand_in": helping.hand_in,
    "ask_facts": helping.ask_facts,
    "get_facts": helping.get_facts,
    "ask_extension": helping.ask_extension,
    "decide_extension": helping.decide_extension,
    "ask_hold": helping.ask_hold,
    "approve_hold": helping.approve_hold,
    "receive_order": units.receive_order,
    "take_up_again": units.take_up_again,
    "sign": units.sign,
    "contact": units.contact,
    "report": units.report,
    "reply": units.reply,
    "call": callers.call,
    "rehandle": callers.rehandle,
    "accept_answer": callers.accept_answer,
    "close": callers.close,
    "open_link": requesters.open_link,
    "answer_link": requesters.answer_link,
    "rate": requesters.rate,
    "ask_exclusion": pleas.ask_exclusion,
    "rule_exclusion": pleas.rule_exclusion,
    "appeal": pleas.appeal,
    "rule_appeal": pleas.rule_appeal,
    "open_drafts": months.open_drafts,
    "appeal_score": months.appeal_score,
    "rule_score_appeal": months.rule_score_appeal,
    "propose_bonus": months.propose_bonus,
    "rule_bonus": months.rule_bonus,
    "close_month": months.close_month,
}


# Complaints are not spread like residents: the busiest streets of a city have several times the
# mean (domain §13: 60 to 90 a day on average, above 300 in some).
SKEW = 0.9


@dataclass(frozen=True)
class Result:
    """What a run did, for the summary."""

    tickets: int
    refused: int
    sweeps: int
    seconds: float


@dataclass(frozen=True)
class Territory:
    """Where matters arise: streets with their share of them, and communities."""

    places: list[Place]
    weights: list[float]
    communities: dict[str, list[str]]


def run(
    *,
    source: Source,
    start: dt.datetime,
    end: dt.datetime,
    per_day: float,
    later: Later | None = None,
    rng: random.Random,
    progress: Callable[[], object] = lambda: None,
) -> Result:
    """Let messages come in from `start` and everybody act until `end`; what would happen later
    stays undone, so open tickets remain in every state. The same arguments give the same lives.

    Beat's sweep and delivery stand aside meanwhile; nothing is left undelivered, and outcomes are
    those of the end.
    """
    begun = time.monotonic()
    ensure_months(start.date(), end.date())
    with simulation(), _unhurried():
        times = arrivals_with_a_turn(start, end, per_day, later, rng)
        intake = Arrivals(source, times, _territory(), progress)
        world = World(
            start=start,
            rng=rng,
            people=People(start, rng),
            odds=Odds(rng),
            reference=_reference(),
            steps=STEPS | {"arrive": intake.arrive},
        )
        intake.plan_next(world)
        months.plan_months(world, start, end)
        world.run_until(end)
        world.tick(end)
        outbox.deliver_all(at=end)
        # What time alone has changed since somebody last acted.
        outcomes.rebuild(None, at=end)
    return Result(intake.accepted, intake.refused, world.sweeps, time.monotonic() - begun)


class Arrivals:
    """Messages coming in one after the other, each at a place where people live."""

    def __init__(
        self,
        source: Source,
        times: Iterator[dt.datetime],
        territory: Territory,
        progress: Callable[[], object],
    ) -> None:
        self._source = source
        self._times = times
        self._territory = territory
        self._progress = progress
        self.accepted = self.refused = 0

    def plan_next(self, world: World) -> None:
        """Until the stretch of time ends or the messages do."""
        at = next(self._times, None)
        message = self._source.next(at.date()) if at else None
        if at and message:
            world.plan("arrive", at, None, message=message)

    def arrive(self, world: World, _life: None, at: dt.datetime, message: Message) -> None:
        territory = self._territory
        place = world.rng.choices(territory.places, territory.weights)[0]
        place, area = desk.area_of(world, place, territory.communities[place.street])
        if self._source.is_invented:
            desk.receive(world, message, place, area, at, may_echo=True)
            self.accepted += 1
        else:
            self._receive_row(world, message, place, area, at)
        self._progress()
        self.plan_next(world)

    def _receive_row(
        self, world: World, message: Message, place: Place, area: str, at: dt.datetime
    ) -> None:
        """A row that the hotline would refuse is counted; its text is not shown."""
        try:
            with transaction.atomic():
                desk.receive(world, message, place, area, at, may_echo=False)
            self.accepted += 1
        except RuleViolation:
            self.refused += 1


@contextmanager
def _unhurried() -> Iterator[None]:
    """The limits on statements are made for requests; a simulated city can be simulated again, so
    its commits need not wait for the disk; and a run makes so many short-lived rows that looking
    for cycles among them costs a tenth of its time."""
    ours = {
        "statement_timeout": "0",
        "idle_in_transaction_session_timeout": "0",
        "synchronous_commit": "off",
    }
    with connection.cursor() as cursor:
        for name, value in ours.items():
            cursor.execute(f"SET {name} = {value}")
    before = gc.get_threshold()
    gc.set_threshold(100_000, 50, 50)
    try:
        yield
    finally:
        gc.set_threshold(*before)
        if connection.is_usable():
            with connection.cursor() as cursor:
                for name in ours:
                    cursor.execute(f"RESET {name}")


def _reference() -> Reference:
    return Reference(
        areas={area.code: area for area in Area.objects.all()},
        channels={channel.code: channel for channel in Channel.objects.all()},
        categories={category.code: category for category in Category.objects.all()},
        units={unit.code: unit for unit in Unit.objects.select_related("area")},
    )


def _territory() -> Territory:
    residents = dict(AreaPopulation.objects.values_list("area__code", "residents"))
    streets = list(
        Area.objects.filter(kind=AreaKind.STREET).select_related("parent").order_by("code")
    )
    communities: dict[str, list[str]] = {}
    below = Area.objects.filter(kind=AreaKind.COMMUNITY).order_by("code")
    for code, street in below.values_list("code", "parent__code"):
        communities.setdefault(street, []).append(code)
    return Territory(
        places=[Place(s.parent.code, s.code) for s in streets if s.parent],
        weights=[residents[s.code] / nth**SKEW for nth, s in enumerate(streets, start=1)],
        communities=communities,
    )
