"""Calling back, sending back, closing. Each function is one act in one transaction."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from dispatch.services import begin_round
from dispatch.services.orders import promised, was_drawn
from dispatch.services.rounds import has_unaccepted_order
from evaluation.models import CallbackChannel
from evaluation.services.answers import (
    DECLINED,
    Said,
    answers_since_reply,
    attempts_of_turn,
    is_exhausted,
    parties_to_call,
    write_answer,
)
from hotline.core.actors import Actor
from hotline.core.models import ClockKind
from hotline.core.violations import IllegalMove, RuleViolation
from intake.acts import Act, act
from intake.models import CloseCode, Ticket, TicketRequester
from intake.models.tickets import NO_CALLBACK_CODES


def record_callback(
    *,
    number: str,
    actor: Actor,
    at: dt.datetime,
    version: int | None = None,
    party: TicketRequester | None = None,
    **said: Any,
) -> Ticket:
    """Write down one attempt by telephone: how the call ended and, when it connected, the three
    answers in order (`Said`). Possible from the moment the call-back opens, whatever state the
    ticket is in: a unit that never replied is judged all the same (R-081). The other channels are
    the requester's own, and nobody of the office writes through them.

    Raises RuleViolation or IllegalMove; an answer once written is never altered.
    """
    with act("callback", number, actor=actor, at=at, version=version) as a:
        check_call(a)
        parties = parties_to_call(a.ticket)
        called = callee(parties, party)
        write_answer(a, called, Said(**said), CallbackChannel.PHONE, parties=parties)
    return a.ticket


def check_call(a: Act) -> None:
    """Refuse a call that is not to be made, or not now."""
    ticket, number, at = a.ticket, a.ticket.number, a.at
    if ticket.is_anonymous:
        raise IllegalMove("not_to_be_called", number=number)
    waiting = a.running(ClockKind.CALLBACK)
    if not waiting:
        raise IllegalMove("no_callback_waiting", number=number)
    if at < waiting[0].opens_at:
        opens = timezone.localtime(waiting[0].opens_at)
        raise IllegalMove("callback_not_due", number=number, opens=f"{opens:%m-%d %H:%M}")
    check_hours(at)


def callee(parties: list[TicketRequester], party: TicketRequester | None) -> TicketRequester:
    """Which of those to be called was called: the one named, else the first. Raises RuleViolation
    for one who is not to be called."""
    party = party or next(iter(parties), None)
    if party is None or party.pk not in {p.pk for p in parties}:
        raise RuleViolation("not_to_be_called", field="party")
    return party


def rehandle(*, number: str, actor: Actor, at: dt.datetime, version: int | None = None) -> Ticket:
    """Unsolved or unsatisfied: the same unit handles it once more, the second time with a
    supervision order (R-086, design §4). The first answer stays what it was."""
    with act("rehandle", number, actor=actor, at=at, version=version) as a:
        ticket = a.ticket
        answers = answers_since_reply(ticket)
        if not answers:
            raise IllegalMove("callback_missing", number=number)
        # One dissatisfied requester of several is reason enough.
        if all(answer.is_good for answer in answers):
            raise IllegalMove("rehandle_unfounded", number=number)
        if ticket.rehandle_count >= settings.REHANDLE_MAX:
            raise IllegalMove("rehandle_exhausted", number=number, n=settings.REHANDLE_MAX)
        ticket.mark_rehandled()
        a.change(rehandle_count=ticket.rehandle_count + 1)
        a.stop(ClockKind.CLOSING)
        a.stop(ClockKind.CALLBACK, is_cancelled=True)
        order = begin_round(a, with_order=ticket.rehandle_count > 1)
        a.record(
            "rehandled",
            unit_id=order.unit_id,
            round=order.round,
            with_order=ticket.rehandle_count > 1,
            **promised(a, order),
        )
    return a.ticket


def close(
    *, number: str, actor: Actor, at: dt.datetime, version: int | None = None, code: str = ""
) -> Ticket:
    """Close after the call-back, or with a coded reason for none that the record bears out:
    anonymous, not sampled, declined, or attempts exhausted. Not before an open supervision
    order's answer has been accepted."""
    with act("close", number, actor=actor, at=at, version=version) as a:
        ticket = a.ticket
        if has_unaccepted_order(ticket):
            raise IllegalMove("order_unanswered", number=number)
        code = code or CloseCode.CALLED_BACK
        _check_close_code(a, code)
        ticket.mark_closed()
        a.end(code)
        a.record("closed", unit_id=ticket.lead_unit_id, code=code)
    return a.ticket


@transaction.atomic
def conclude(
    *,
    number: str,
    actor: Actor,
    at: dt.datetime,
    version: int | None = None,
    then: str,
    **answers: Any,
) -> Ticket:
    """The call-back form in one go: write the attempt down, then close or send back. If the
    second step is refused, nothing is written and the agent keeps the form."""
    ticket = record_callback(number=number, actor=actor, at=at, version=version, **answers)
    if then == "close":
        return close(number=number, actor=actor, at=at)
    if then == "rehandle":
        return rehandle(number=number, actor=actor, at=at)
    return ticket


def is_calling_time(at: dt.datetime) -> bool:
    """People are called, and written to, in the daytime."""
    first, last = settings.CALLBACK_HOURS
    return bool(first <= timezone.localtime(at).time() < last)


def check_hours(at: dt.datetime) -> None:
    """Refuse what would reach people at night."""
    if not is_calling_time(at):
        first, last = settings.CALLBACK_HOURS
        raise RuleViolation("outside_calling_hours", first=f"{first:%H:%M}", last=f"{last:%H:%M}")


def _check_close_code(a: Act, code: str) -> None:
    ticket = a.ticket
    # The clock stops when every requester who wants a call has been concluded.
    has_clock = bool(a.running(ClockKind.CALLBACK))
    if code == CloseCode.CALLED_BACK:
        is_waiting = has_clock and bool(parties_to_call(ticket))
        if is_waiting or not answers_since_reply(ticket):
            raise IllegalMove("callback_missing", number=ticket.number)
        return
    if code not in NO_CALLBACK_CODES:
        raise RuleViolation("close_code_unfounded", field="code", reason=code)
    parties = parties_to_call(ticket)
    is_waiting = has_clock and bool(parties)
    attempts = attempts_of_turn(ticket)
    unanswered = [attempt for attempt in attempts if not attempt.is_valid]
    founded = (
        not is_waiting
        and {
            CloseCode.ANONYMOUS: not parties and ticket.is_anonymous,
            CloseCode.DECLINED: (not parties and not ticket.is_anonymous)
            or any(attempt.outcome in DECLINED for attempt in attempts),
            CloseCode.UNREACHABLE: is_exhausted(unanswered),
            CloseCode.NOT_SAMPLED: code == CloseCode.NOT_SAMPLED
            and not ticket.is_anonymous
            and not was_drawn(ticket),
        }[CloseCode(code)]
    )
    if not founded:
        if code == CloseCode.UNREACHABLE:
            raise IllegalMove(
                "attempts_not_exhausted",
                number=ticket.number,
                n=settings.CALLBACK_ATTEMPTS,
                days=settings.CALLBACK_DAYS,
            )
        raise IllegalMove(
            "close_code_unfounded", number=ticket.number, reason=CloseCode(code).label
        )
