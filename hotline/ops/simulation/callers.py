"""Calling requesters back, and what follows: closing, sending back, the supervisor's word."""

from __future__ import annotations

import datetime as dt

from django.conf import settings

from dispatch import services as dispatching
from evaluation import services as evaluation
from evaluation.models import CallOutcome
from hotline.core.models import ClockKind, Role
from hotline.core.working_time import BUSINESS_ZONE
from hotline.ops.simulation.desk import end, length
from hotline.ops.simulation.world import Answer, Life, World
from intake.models import CloseCode, Ticket
from intake.models.requesters import TicketRequester

_FINAL = (CallOutcome.REFUSED, CallOutcome.DECLINED)
_LAST_CALL = dt.time(19, 50)


def plan_calls(world: World, life: Life, opens_at: dt.datetime) -> None:
    """Put the ticket on the call-back list from `opens_at`; calls planned before are off."""
    life.series += 1
    if life.is_anonymous or not life.wants_callback:
        return
    hours = min(30.0, world.rng.expovariate(1 / 4.0))
    when = calling_time(opens_at + dt.timedelta(hours=hours), world)
    world.plan("call", when, life, series=life.series)


def calling_time(at: dt.datetime, world: World) -> dt.datetime:
    """The first time from `at` on at which people may be called."""
    local = at.astimezone(BUSINESS_ZONE)
    first, _last = settings.CALLBACK_HOURS
    if first <= local.time() < _LAST_CALL:
        return local
    day = local.date() if local.time() < first else local.date() + dt.timedelta(days=1)
    return dt.datetime.combine(day, first, BUSINESS_ZONE) + world.minutes(1, 150)


def call(world: World, life: Life, at: dt.datetime, series: int) -> None:
    """One attempt. Nobody answers: again on the next half-day, three in all (R-085)."""
    if series != life.series:
        return
    if life.has_echoes:
        _call_everyone(world, life, at)
        return
    outcome = world.odds.call.draw()
    _write_down(world, life, at, outcome, None, is_main=True)
    life.half_days.add((at.date(), at.hour < 12))
    if outcome == CallOutcome.CONNECTED:
        _after_answer(world, life, at)
    elif outcome in _FINAL:
        _after_silence(world, life, at, CloseCode.DECLINED)
    elif len(life.half_days) >= settings.CALLBACK_ATTEMPTS:
        _after_silence(world, life, at, CloseCode.UNREACHABLE)
    else:
        world.plan("call", next_half_day(at, world), life, series=series)


def _call_everyone(world: World, life: Life, at: dt.datetime) -> None:
    """A ticket that others joined: every requester has an own call-back. Everybody answers: what
    silence leads to is shown by the tickets of one requester."""
    ticket = Ticket.objects.get(number=life.number)
    for number, party in enumerate(evaluation.parties_to_call(ticket)):
        _write_down(world, life, at, CallOutcome.CONNECTED, party, is_main=number == 0)
        at += world.minutes(1, 2)
    _after_answer(world, life, at)


def _write_down(
    world: World,
    life: Life,
    at: dt.datetime,
    outcome: str,
    party: TicketRequester | None,
    *,
    is_main: bool,
) -> None:
    answers: dict[str, object] = {}
    if outcome == CallOutcome.CONNECTED:
        answer = answer_of(world, life) if is_main else _another_answer(world)
        life.is_answer_used = life.is_answer_used or is_main
        answers = {
            "contacted": answer.contacted,
            "resolved": answer.resolved,
            "satisfaction": answer.satisfaction,
        }
    evaluation.record_callback(
        number=life.number,
        actor=world.people.one(Role.CALLBACK_AGENT),
        at=at,
        outcome=outcome,
        party=party,
        **answers,  # type: ignore[arg-type]
    )


def answer_of(world: World, life: Life) -> Answer:
    """What the requester will say about the handling as it stands. The first answer about a unit
    is drawn so that the measured rates come about; a matter past its limit without a word from the
    unit is unsolved."""
    if life.answer is None:
        if life.is_answer_used:
            life.answer = _another_answer(world)
        else:
            odds = world.odds
            is_silent = life.state != "callback" and not life.is_reported and _is_asked(life)
            resolved = odds.resolved.force(False) if is_silent else odds.resolved.draw()
            life.answer = Answer(
                contacted=odds.contacted.draw(),
                resolved=resolved,
                satisfaction=odds.satisfaction[resolved].draw(),
            )
    return life.answer


def _is_asked(life: Life) -> bool:
    """Whether somebody is on the telephone (otherwise the unit is about to reply)."""
    return bool(life.half_days) or life.is_being_called


def _another_answer(world: World) -> Answer:
    """A later or further answer, which no rate counts."""
    resolved = world.rng.random() < 0.62
    return Answer(
        contacted=True,
        resolved=resolved,
        satisfaction=world.rng.choice(
            ("satisfied", "satisfied", "basically") if resolved
            else ("basically", "average", "dissatisfied")
        ),
    )  # fmt: skip


def _after_answer(world: World, life: Life, at: dt.datetime) -> None:
    pass
