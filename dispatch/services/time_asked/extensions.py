"""延期: more time for the feedback, asked before it is due and decided by somebody else."""

from __future__ import annotations

import datetime as dt

from django.utils.translation import gettext as _

from dispatch.models import Assignment, Decision, Extension
from dispatch.services.dispatching import REASON_LIMIT
from dispatch.services.handling import told
from dispatch.services.objections import PAUSING_LEVELS
from dispatch.services.orders import follow_limit, lead_order, pause_owed, promised, save_order
from dispatch.services.time_asked.questions import check_free, check_not_own, feedback_of
from hotline.core import limits
from hotline.core.actors import Actor
from hotline.core.models import ClockKind, TimeLimit
from hotline.core.violations import IllegalMove, RuleViolation
from hotline.core.working_time import TimeUnit
from intake.acts import Act, act
from intake.models import Clock, Level, Ticket
from intake.services.registration import tidy


def ask_extension(
    *,
    number: str,
    actor: Actor,
    at: dt.datetime,
    version: int | None = None,
    amount: int,
    ground: str,
    reason: str,
    told_by: str = "",
    told_at: dt.datetime | None = None,
) -> Ticket:
    """Ask for more time before the feedback is due, with a ground and a reason, the requester
    told (R-062). `amount` is counted in the unit of the level's limit, and neither more than it nor
    more often than it in a round; the first level is never extended (R-063).

    The feedback stands still until the ruling is due on the third and fourth level; on the second
    it runs on. What was refused counts as asked, because it stopped the clock all the same.
    """
    with act("ask_extension", number, actor=actor, at=at, version=version) as a:
        if a.ticket.level == Level.L1:
            raise IllegalMove("never_extended", number=number)
        order = lead_order(a)
        check_free(a)
        feedback = feedback_of(a, order)
        if feedback is None:
            raise IllegalMove("no_feedback_owed", number=number)
        if feedback.is_late(at):
            raise IllegalMove("extension_too_late", number=number)
        limit = _limit(a)
        _check_amount(limit, amount)
        _check_times(a, order, limit)
        reason = tidy(reason, REASON_LIMIT, _("理由"), "reason", required="reason_required")
        when = told(a, order, told_by, told_at)
        extension = Extension.objects.create(
            assignment=order,
            ground=ground,
            reason=reason,
            amount=amount,
            unit=limit.unit,
            told_by=told_by if when else "",
            told_at=when,
            asked_at=at,
            asked_by=actor.reference,
        )
        _await_ruling(a, order, feedback)
        save_order(a, order, "contacted_at")
        a.record(
            "extension_asked",
            unit_id=order.unit_id,
            assignment=order.pk,
            extension=extension.pk,
            amount=amount,
            unit=limit.unit,
            ground=ground,
            **promised(a, order),
        )
    return a.ticket


def grant_extension(
    *, number: str, actor: Actor, at: dt.datetime, version: int | None = None, decision: str = ""
) -> Ticket:
    """Agree: the feedback runs again and gets the time asked for, counted from its old due time;
    the call-back waits for the new one. Decided by somebody who did not ask.

    A feedback that was missed while the ruling was awaited stays missed: the request has lapsed
    then, and the event is the refusal's. So it is when the plan was fed back meanwhile.
    """
    with act("grant_extension", number, actor=actor, at=at, version=version) as a:
        order = lead_order(a)
        extension = _pending(a, order)
        decision = tidy(decision, REASON_LIMIT, _("审核意见"), "decision")
        feedback = _run_again(a, order, "extension_granted")
        is_extended = feedback is not None and a.extend(
            feedback, extension.amount, extension.unit, cause="extension_granted"
        )
        outcome = Decision.GRANTED if is_extended else Decision.LAPSED
        _decide(a, extension, outcome, decision)
        follow_limit(a)
        save_order(a, order)
        if feedback is not None and is_extended:
            a.record(
                "extension_granted",
                unit_id=order.unit_id,
                assignment=order.pk,
                extension=extension.pk,
                amount=extension.amount,
                unit=extension.unit,
                **promised(a, order),
            )
        else:
            _record_refusal(a, order, extension)
    return a.ticket


def refuse_extension(
    *, number: str, actor: Actor, at: dt.datetime, version: int | None = None, decision: str
) -> Ticket:
    """Refuse, with the reason: the feedback runs again, and only what the ruling took is added."""
    with act("refuse_extension", number, actor=actor, at=at, version=version) as a:
        order = lead_order(a)
        extension = _pending(a, order)
        decision = tidy(
            decision, REASON_LIMIT, _("审核意见"), "decision", required="reason_required"
        )
        _run_again(a, order, "extension_refused")
        _decide(a, extension, Decision.REFUSED, decision)
        follow_limit(a)
        save_order(a, order)
        _record_refusal(a, order, extension)
    return a.ticket


# --- asking ----------------------------------------------------------------------------------


def _limit(a: Act) -> TimeLimit:
    ticket = a.ticket
    return limits.limit_for(
        ClockKind.EXTENSION, level=ticket.level, urgency=ticket.urgency, at=a.at
    )


def _check_amount(limit: TimeLimit, amount: int) -> None:
    if not 1 <= amount <= limit.amount:
        raise RuleViolation(
            "extension_out_of_range",
            field="amount",
            most=limit.amount,
            unit=TimeUnit(limit.unit).label,
        )


def _check_times(a: Act, order: Assignment, limit: TimeLimit) -> None:
    """How often it was asked for since the last reply, which is where the round began."""
    asked = Extension.objects.filter(assignment=order)
    if order.replied_at is not None:
        asked = asked.filter(asked_at__gt=order.replied_at)
    if limit.times is not None and asked.count() >= limit.times:
        raise IllegalMove("extensions_used_up", number=a.ticket.number, times=limit.times)


def _await_ruling(a: Act, order: Assignment, feedback: Clock) -> None:
    """The desk decides in its time, and no later than the feedback is due."""
    level = a.ticket.level
    bound = limits.due_for(ClockKind.EXTENSION_RULING, level=level, start=a.at).at
    if level in PAUSING_LEVELS:
        pause_owed(a, order, ClockKind.FEEDBACK, until=bound, cause="extension_asked")
    due_at = feedback.due_at if feedback.due_at < bound else None
    a.start(ClockKind.EXTENSION_RULING, subject_id=order.pk, due_at=due_at)


# --- deciding --------------------------------------------------------------------------------


def _pending(a: Act, order: Assignment) -> Extension:
    extension = Extension.objects.filter(assignment=order, outcome="").first()
    if extension is None:
        raise IllegalMove("no_extension", number=a.ticket.number)
    check_not_own(a, extension)
    return extension


def _run_again(a: Act, order: Assignment, cause: str) -> Clock | None:
    feedback = feedback_of(a, order)
    if feedback is not None:
        a.resume(feedback, cause=cause)
    return feedback


def _decide(a: Act, extension: Extension, outcome: Decision, decision: str) -> None:
    extension.outcome, extension.decision = outcome, decision
    extension.decided_at, extension.decided_by = a.at, a.actor.reference
    extension.save(update_fields=["outcome", "decision", "decided_at", "decided_by"])
    a.stop(ClockKind.EXTENSION_RULING)


def _record_refusal(a: Act, order: Assignment, extension: Extension) -> None:
    a.record(
        "extension_refused",
        unit_id=order.unit_id,
        assignment=order.pk,
        extension=extension.pk,
        outcome=extension.outcome,
        **promised(a, order),
    )
