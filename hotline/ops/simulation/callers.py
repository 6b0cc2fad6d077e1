"""Calling requesters back, and what follows: closing, sending back, the supervisor's word."""

from __future__ import annotations

import datetime as dt
from typing import Any, NamedTuple

from django.conf import settings

from dispatch import services as dispatching
from evaluation import services as evaluation
from evaluation.models import SATISFIED, CallOutcome, PressureKind, Satisfaction
from evaluation.sampling import is_asked_of_pressure
from hotline.core.models import ClockKind, Role
from hotline.core.working_time import BUSINESS_ZONE
from hotline.ops.simulation.desk import end
from hotline.ops.simulation.hours import NOON, calling_time, next_half_day
from hotline.ops.simulation.pleas import plan_plea
from hotline.ops.simulation.world import Life, World
from intake.models import Clock, CloseCode, Ticket
from intake.models.requesters import TicketRequester

_FINAL = (CallOutcome.REFUSED, CallOutcome.DECLINED)
_ROUNDS_WITHOUT_ORDER = 2
_DISAPPOINTED = (Satisfaction.BASICALLY, Satisfaction.AVERAGE, Satisfaction.DISSATISFIED)
_PRESSED = {
    PressureKind.CHANGE: "有人打电话来，希望我把评价改成满意。",
    PressureKind.WITHDRAW: "对方说撤回诉求就尽快处理。",
    PressureKind.SILENCE: "有人上门，让我以后不要再打热线。",
}


class Answer(NamedTuple):
    """The three answers, in their order."""

    contacted: bool
    resolved: bool
    satisfaction: Satisfaction

    @property
    def is_good(self) -> bool:
        return self.resolved and self.satisfaction in SATISFIED


def plan_calls(world: World, life: Life, opens_at: dt.datetime) -> None:
    """Put the ticket on the call-back list from `opens_at`; calls planned before are off."""
    life.series += 1
    if life.is_anonymous or not life.wants_callback:
        return
    waiting = dt.timedelta(hours=min(30.0, world.rng.expovariate(1 / 4.0)))
    world.plan("call", calling_time(opens_at + waiting, world), life, series=life.series)


def call(world: World, life: Life, at: dt.datetime, series: int) -> None:
    """One attempt. Nobody answers: again on the next half-day, until it is enough (R-085)."""
    if series != life.series:
        return
    opens_at = _opens_at(life)
    if opens_at is None:  # nobody is to be called for now: on the ledger, or back at the desk
        return
    if at < opens_at:  # the limit was put off meanwhile
        world.plan("call", calling_time(opens_at, world), life, series=series)
        return
    if life.has_echoes:
        _call_everyone(world, life, at)
        return
    outcome = world.odds.call.draw()
    if outcome == CallOutcome.CONNECTED:
        conclude(world, life, at, _ask(world, life, at))
        return
    _write_down(world, life, at, outcome)
    local = at.astimezone(BUSINESS_ZONE)
    life.half_days.add((local.date(), local.hour < NOON))
    if outcome in _FINAL:
        conclude(world, life, at, None, CloseCode.DECLINED)
    elif _is_exhausted(life):
        conclude(world, life, at, None, CloseCode.UNREACHABLE)
    else:
        world.plan("call", next_half_day(at, world), life, series=series)


def _is_exhausted(life: Life) -> bool:
    days = [day for day, _is_morning in life.half_days]
    is_long = (max(days) - min(days)).days + 1 >= settings.CALLBACK_DAYS
    return is_long and len(life.half_days) >= settings.CALLBACK_ATTEMPTS


def _opens_at(life: Life) -> dt.datetime | None:
    waiting = Clock.objects.running().filter(ticket__number=life.number, kind=ClockKind.CALLBACK)
    return waiting.values_list("opens_at", flat=True).first()


def _call_everyone(world: World, life: Life, at: dt.datetime) -> None:
    """A ticket that others joined: every requester has an own call-back, the main one first."""
    first: Answer | None = None
    ticket = Ticket.objects.get(number=life.number)
    for party in evaluation.parties_to_call(ticket):
        if first is None:
            first = _ask(world, life, at, party)
        else:
            _write_down(world, life, at, CallOutcome.CONNECTED, later_answer(world, life), party)
        at += world.minutes(1, 2)
    conclude(world, life, at, first)


def _ask(world: World, life: Life, at: dt.datetime, party: TicketRequester | None = None) -> Answer:
    """The main requester answers the three questions."""
    answer = answer_of(world, life, at)
    _write_down(world, life, at, CallOutcome.CONNECTED, answer, party)
    return answer


def answer_of(world: World, life: Life, at: dt.datetime) -> Answer:
    """What the main requester says. The first answer about a unit is drawn so that the measured
    rates come about; where the limit has passed in silence, or the unit itself says so, it is:
    unsolved. A unit may plead against a bad one."""
    if life.is_asked:
        return later_answer(world, life)
    odds = world.odds
    is_silent = life.state != "callback" and not life.is_reported
    is_unsolved = is_silent or life.is_unsolved
    resolved = odds.resolved.force(False) if is_unsolved else odds.resolved.draw()
    answer = Answer(odds.contacted.draw(), resolved, odds.satisfaction[resolved].draw())
    life.is_asked = True
    if not answer.is_good:
        plan_plea(world, life, at)
    return answer


def said(world: World, life: Life, at: dt.datetime, answer: Answer) -> dict[str, Any]:
    """The answers with what goes with them: that the unit is not to read them, and what somebody
    wanted of the requester, where that is asked."""
    words = answer._asdict() | {"is_withheld": world.odds.withheld.draw()}
    pressed = world.odds.pressed.draw()
    if pressed and is_asked_of_pressure(Ticket.objects.get(number=life.number), at):
        words |= {"pressure": pressed, "pressure_words": _PRESSED[PressureKind(pressed)]}
    return words


def _write_down(
    world: World,
    life: Life,
    at: dt.datetime,
    outcome: str,
    answer: Answer | None = None,
    party: TicketRequester | None = None,
) -> None:
    answers = {} if answer is None else said(world, life, at, answer)
    evaluation.record_callback(
        number=life.number,
        actor=world.people.one(Role.CALLBACK_AGENT),
        at=at,
        outcome=outcome,
        party=party,
        **answers,
    )


def later_answer(world: World, life: Life) -> Answer:
    """An answer that no rate counts: after another round, or of a further requester."""
    resolved = not life.is_unsolved and world.odds.resolved_again.draw()
    return Answer(True, resolved, world.rng.choice(SATISFIED if resolved else _DISAPPOINTED))


def conclude(
    world: World, life: Life, at: dt.datetime, answer: Answer | None, code: str = ""
) -> None:
    """The call-back is concluded, and nobody is asked twice. A unit that has not replied yet goes
    on with its work."""
    life.half_days.clear()
    life.series += 1
    if life.state != "callback":
        return
    is_good = answer is None or answer.is_good
    may_go_back = not is_good and life.rounds <= settings.REHANDLE_MAX
    if may_go_back and world.odds.rehandled.draw():
        world.plan("rehandle", at + world.minutes(1, 15), life)
        return
    is_prompt = world.rng.random() < 0.8
    delay = world.minutes(1, 15) if is_prompt else world.minutes(30, 60 * 22)
    world.plan("close", at + delay, life, code=code)


def rehandle(world: World, life: Life, at: dt.datetime) -> None:
    """Back to the unit; the second time with a supervision order."""
    evaluation.rehandle(number=life.number, actor=world.people.one(Role.CALLBACK_AGENT), at=at)
    life.state, life.turn = "handling", life.turn + 1
    life.rounds += 1
    life.has_open_order = life.rounds > _ROUNDS_WITHOUT_ORDER
    world.plan("take_up_again", at, life)


def accept_answer(world: World, life: Life, at: dt.datetime) -> None:
    """The supervisor accepts the unit's answer to the order."""
    dispatching.accept_answer(
        number=life.number, actor=world.people.one(Role.CITY_SUPERVISOR), at=at
    )
    life.has_open_order = False


def close(world: World, life: Life, at: dt.datetime, code: str = "") -> None:
    """Closed with the requester's answer, or with the reason for none; not before an order's
    answer has been accepted."""
    if life.has_open_order:
        world.plan("close", at + world.minutes(60, 240), life, code=code)
        return
    if life.is_anonymous:
        code = CloseCode.ANONYMOUS
    elif not life.wants_callback:
        code = CloseCode.DECLINED
    evaluation.close(
        number=life.number, actor=world.people.one(Role.CALLBACK_AGENT), at=at, code=code
    )
    end(life)
    if not code and world.odds.reopened.draw():
        world.plan("reopen", at + world.minutes(60 * 30, 60 * 24 * 10), life)
