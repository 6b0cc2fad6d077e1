"""Calling back, sending back, closing. Each function is one act in one transaction."""

from __future__ import annotations

import datetime as dt
from typing import Any, cast

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from dispatch.services import begin_round
from dispatch.services.rounds import has_unaccepted_order
from evaluation.models import (
    CallbackChannel,
    CallbackResult,
    CallOutcome,
)
from hotline.core.actors import Actor
from hotline.core.models import ClockKind
from hotline.core.privacy.redact import extract_references
from hotline.core.violations import IllegalMove, RuleViolation
from intake.acts import Act, act
from intake.models import CloseCode, State, Ticket, TicketRequester
from intake.models.tickets import NO_CALLBACK_CODES
from intake.services.registration import tidy

OPINION_LIMIT = 500
_DECLINED = (CallOutcome.DECLINED, CallOutcome.REFUSED)


def record_callback(
    *,
    number: str,
    actor: Actor,
    at: dt.datetime,
    version: int | None = None,
    outcome: str,
    contacted: bool | None = None,
    resolved: bool | None = None,
    satisfaction: str = "",
    opinion: str = "",
    party: TicketRequester | None = None,
    channel: str = CallbackChannel.PHONE,
) -> Ticket:
    """Write down one attempt: how the call ended and, when it connected, the three answers in
    order — contacted, solved, satisfied (R-082). Possible from the moment the call-back opens,
    whatever state the ticket is in: a unit that never replied is judged all the same (R-081).

    The call-back clock stops when every requester who wants one has been concluded.
    Raises RuleViolation or IllegalMove; an answer once written is never altered.
    """
    with act("callback", number, actor=actor, at=at, version=version) as a:
        ticket = a.ticket
        if ticket.is_anonymous:
            raise IllegalMove("not_to_be_called", number=number)
        waiting = a.running(ClockKind.CALLBACK)
        if not waiting:
            raise IllegalMove("no_callback_waiting", number=number)
        if at < waiting[0].opens_at:
            opens = timezone.localtime(waiting[0].opens_at)
            raise IllegalMove("callback_not_due", number=number, opens=f"{opens:%m-%d %H:%M}")
        _check_hours(at)
        parties = parties_to_call(ticket)
        party = party or next(iter(parties), None)
        if party is None or party.pk not in {p.pk for p in parties}:
            raise RuleViolation("not_to_be_called", field="party")
        is_valid = _check_answers(outcome, contacted, resolved, satisfaction)
        unit_id = ticket.lead_unit_id
        earlier = list(CallbackResult.objects.filter(ticket=ticket))
        result = CallbackResult(
            ticket=ticket,
            unit_id=cast("int", unit_id),  # a dispatched ticket has a lead (constraint)
            requester_id=party.requester_id,
            round=ticket.rehandle_count + 1,
            attempt=1 + sum(_same_turn(r, party, ticket) for r in earlier),
            channel=channel,
            outcome=outcome,
            contacted=contacted if is_valid else None,
            resolved=resolved if is_valid else None,
            satisfaction=satisfaction if is_valid else "",
            opinion=extract_references(tidy(opinion, OPINION_LIMIT, _("意见"), "opinion"))[0],
            is_valid=is_valid,
            is_first=is_valid and not any(r.is_first and r.unit_id == unit_id for r in earlier),
            called_at=at,
            called_by_id=actor.id if actor.kind == "staff" else None,
        )
        result.save(force_insert=True)
        turn = [*earlier, result]
        if all(is_concluded(ticket, p, turn, waiting[0].opens_at) for p in parties):
            a.stop(ClockKind.CALLBACK)
            _keep_a_clock(a)
        a.record(
            "called_back",
            unit_id=unit_id,
            result=result.pk,
            outcome=outcome,
            resolved=result.resolved,
            satisfaction=result.satisfaction,
        )
    return a.ticket


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
        )
    return a.ticket


def close(
    *, number: str, actor: Actor, at: dt.datetime, version: int | None = None, code: str = ""
) -> Ticket:
    """Close after the call-back, or with a coded reason for none that the record bears out:
    anonymous, declined, or attempts exhausted. Not before an open supervision order's answer has
    been accepted."""
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


# --- what the record says --------------------------------------------------------------------


def parties_to_call(ticket: Ticket) -> list[TicketRequester]:
    """The requesters who are to be called: main first, each with an own call-back."""
    if ticket.is_anonymous:
        return []
    parties = ticket.parties.filter(left_at=None, wants_callback=True)
    return list(parties.order_by("-role", "id"))


def answers_since_reply(ticket: Ticket) -> list[CallbackResult]:
    """The valid answers about the unit's last reply; older ones speak of an earlier round."""
    order = ticket.assignments.filter(role="lead").order_by("-id").first()
    answers = CallbackResult.objects.filter(ticket=ticket, is_valid=True)
    if order is not None and order.replied_at is not None:
        answers = answers.filter(called_at__gte=order.replied_at)
    return list(answers)


def attempts_of_turn(ticket: Ticket) -> list[CallbackResult]:
    """The attempts since the call-back last opened; those before belong to an earlier turn."""
    opened = ticket.clocks.filter(kind=ClockKind.CALLBACK).order_by("-id").first()
    if opened is None:
        return []
    return list(CallbackResult.objects.filter(ticket=ticket, called_at__gte=opened.opens_at))


def is_concluded(
    ticket: Ticket, party: TicketRequester, results: list[CallbackResult], since: dt.datetime
) -> bool:
    """Answered, declined, or tried on enough different half-days since the call-back opened."""
    own = [r for r in results if r.requester_id == party.requester_id and r.called_at >= since]
    if any(r.is_valid or r.outcome in _DECLINED for r in own):
        return True
    return half_days(own) >= settings.CALLBACK_ATTEMPTS


def half_days(results: list[CallbackResult]) -> int:
    """On how many different half-days somebody tried (R-085)."""
    local = [timezone.localtime(r.called_at) for r in results]
    return len({(t.date(), t.hour < 12) for t in local})


def _same_turn(result: CallbackResult, party: TicketRequester, ticket: Ticket) -> bool:
    return result.requester_id == party.requester_id and result.round == ticket.rehandle_count + 1


def _check_hours(at: dt.datetime) -> None:
    first, last = settings.CALLBACK_HOURS
    if not first <= timezone.localtime(at).time() < last:
        raise RuleViolation("outside_calling_hours", first=f"{first:%H:%M}", last=f"{last:%H:%M}")


def _check_answers(
    outcome: str, contacted: bool | None, resolved: bool | None, satisfaction: str
) -> bool:
    """Whether this is a valid call-back (R-084)."""
    is_complete = contacted is not None and resolved is not None and bool(satisfaction)
    has_any = contacted is not None or resolved is not None or bool(satisfaction)
    if outcome == CallOutcome.CONNECTED:
        if not is_complete:
            raise RuleViolation("answers_incomplete", field="satisfaction")
        return True
    if has_any:
        raise RuleViolation("answers_without_call", field="outcome")
    return False


def _keep_a_clock(a: Act) -> None:
    """A ticket waiting for its close still runs a clock: the desk must decide in its time."""
    if a.ticket.state == State.CALLBACK and not a.running():
        a.start(ClockKind.CLOSING)


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
            or any(attempt.outcome in _DECLINED for attempt in attempts),
            CloseCode.UNREACHABLE: half_days(unanswered) >= settings.CALLBACK_ATTEMPTS,
            CloseCode.NOT_SAMPLED: False,  # every ticket is called back
        }[CloseCode(code)]
    )
    if not founded:
        if code == CloseCode.UNREACHABLE:
            raise IllegalMove(
                "attempts_not_exhausted", number=ticket.number, n=settings.CALLBACK_ATTEMPTS
            )
        raise IllegalMove(
            "close_code_unfounded", number=ticket.number, reason=CloseCode(code).label
        )
