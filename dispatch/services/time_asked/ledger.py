"""挂账: a matter that cannot be solved for now stays open on the ledger and is looked at again."""

from __future__ import annotations

import datetime as dt

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _

from dispatch.models import Assignment, Decision, LedgerHold, LedgerReview
from dispatch.services.dispatching import REASON_LIMIT
from dispatch.services.handling import told
from dispatch.services.objections import PAUSING_LEVELS
from dispatch.services.orders import (
    clocks_of,
    expect_callback,
    is_called_back,
    lead_order,
    promised,
    save_order,
)
from dispatch.services.rounds import answer_order
from dispatch.services.time_asked.questions import OWED_KINDS, check_free, check_not_own
from hotline.core import limits, working_time
from hotline.core.actors import Actor
from hotline.core.models import ClockKind
from hotline.core.violations import IllegalMove, RuleViolation
from hotline.core.working_time import TimeUnit
from intake.acts import Act, act
from intake.models import Clock, Ticket
from intake.services.registration import tidy

PLAN_LIMIT = 1_000


def hold(
    *,
    number: str,
    actor: Actor,
    at: dt.datetime,
    version: int | None = None,
    kind: str,
    plan: str,
    review_at: dt.datetime,
    told_by: str = "",
    told_at: dt.datetime | None = None,
) -> Ticket:
    """Ask for a place on the ledger: why it cannot be solved for now, what is planned, when it is
    looked at next, and the requester told (R-067). Never for the first two levels. The unit's
    clocks run on until it is approved."""
    with act("hold", number, actor=actor, at=at, version=version) as a:
        if a.ticket.level not in PAUSING_LEVELS:
            raise IllegalMove("ledger_not_for_level", number=number)
        order = lead_order(a)
        check_free(a)
        plan = tidy(plan, PLAN_LIMIT, _("推进计划"), "plan", required="plan_required")
        _check_review(a, review_at, "review_at")
        when = told(a, order, told_by, told_at)
        asked = LedgerHold.objects.create(
            ticket=a.ticket,
            assignment=order,
            kind=kind,
            plan=plan,
            review_at=review_at,
            told_by=told_by if when else "",
            told_at=when,
            asked_at=at,
            asked_by=actor.reference,
        )
        a.start(ClockKind.LEDGER_RULING, subject_id=order.pk)
        save_order(a, order, "contacted_at")
        a.record(
            "hold_asked",
            unit_id=order.unit_id,
            assignment=order.pk,
            hold=asked.pk,
            kind=kind,
            review_at=review_at.isoformat(),
        )
    return a.ticket


def approve_hold(
    *, number: str, actor: Actor, at: dt.datetime, version: int | None = None, decision: str = ""
) -> Ticket:
    """Onto the ledger, by a supervisor who did not ask: what the unit owes ends without being kept
    or missed (what was missed stays missed), what remained of it is kept for later, nobody is
    called back meanwhile, and the review is owed instead."""
    with act("approve_hold", number, actor=actor, at=at, version=version) as a:
        order = lead_order(a)
        asked = _pending(a)
        if asked.review_at <= at:
            raise IllegalMove("review_date_passed", number=number)
        decision = tidy(decision, REASON_LIMIT, _("审核意见"), "decision")
        asked.left = _stop_owed(a, order)
        answer_order(a, order)
        _decide(a, asked, Decision.GRANTED, decision)
        a.stop(ClockKind.CALLBACK, is_cancelled=True)
        _await_review(a, order, asked.review_at)
        save_order(a, order)
        a.record(
            "hold_approved",
            unit_id=order.unit_id,
            assignment=order.pk,
            hold=asked.pk,
            review_at=asked.review_at.isoformat(),
        )
    return a.ticket


def refuse_hold(
    *, number: str, actor: Actor, at: dt.datetime, version: int | None = None, decision: str
) -> Ticket:
    """Not onto the ledger, with the reason: the unit goes on, and its clocks never stood still."""
    with act("refuse_hold", number, actor=actor, at=at, version=version) as a:
        order = lead_order(a)
        asked = _pending(a)
        decision = tidy(
            decision, REASON_LIMIT, _("审核意见"), "decision", required="reason_required"
        )
        _decide(a, asked, Decision.REFUSED, decision)
        a.record("hold_refused", unit_id=order.unit_id, assignment=order.pk, hold=asked.pk)
    return a.ticket


def review_hold(
    *,
    number: str,
    actor: Actor,
    at: dt.datetime,
    version: int | None = None,
    finding: str,
    next_at: dt.datetime,
) -> Ticket:
    """Look at it again, as every month: what was found, and when it is looked at next (R-067)."""
    with act("review_hold", number, actor=actor, at=at, version=version) as a:
        order = lead_order(a)
        standing = _standing(a)
        finding = tidy(finding, REASON_LIMIT, _("复核情况"), "finding", required="finding_required")
        _check_review(a, next_at, "next_at")
        review = LedgerReview.objects.create(
            hold=standing,
            finding=finding,
            reviewed_at=at,
            reviewed_by=actor.reference,
            next_at=next_at,
        )
        standing.review_at = next_at
        standing.save(update_fields=["review_at"])
        a.stop(ClockKind.LEDGER_REVIEW)
        _await_review(a, order, next_at)
        save_order(a, order)
        a.record(
            "hold_reviewed",
            unit_id=order.unit_id,
            assignment=order.pk,
            hold=standing.pk,
            review=review.pk,
            next_at=next_at.isoformat(),
        )
    return a.ticket


def clear_hold(
    *, number: str, actor: Actor, at: dt.datetime, version: int | None = None, clearance: str
) -> Ticket:
    """Off the ledger: the matter can be solved now. What the unit owed runs again with what was
    left of it, at least a day, and the call-back waits for its end as ever (R-081)."""
    with act("clear_hold", number, actor=actor, at=at, version=version) as a:
        order = lead_order(a)
        standing = _standing(a)
        clearance = tidy(
            clearance, REASON_LIMIT, _("解除原因"), "clearance", required="reason_required"
        )
        standing.cleared_at, standing.cleared_by = at, actor.reference
        standing.clearance = clearance
        standing.save(update_fields=["cleared_at", "cleared_by", "clearance"])
        a.stop(ClockKind.LEDGER_REVIEW)
        due_at = _run_on(a, order, standing)
        if is_called_back(a):
            expect_callback(a, due_at)
        save_order(a, order)
        a.record(
            "hold_cleared",
            unit_id=order.unit_id,
            assignment=order.pk,
            hold=standing.pk,
            **promised(a, order),
        )
    return a.ticket


# --- finding and checking --------------------------------------------------------------------


def _check_review(a: Act, when: dt.datetime, field: str) -> None:
    latest = limits.due_for(ClockKind.LEDGER_REVIEW, level=a.ticket.level, start=a.at).at
    if not a.at < when <= latest:
        until = f"{timezone.localtime(latest):%Y-%m-%d %H:%M}"
        raise RuleViolation("review_out_of_range", field=field, until=until)


def _pending(a: Act) -> LedgerHold:
    asked = LedgerHold.objects.filter(ticket=a.ticket, outcome="").first()
    if asked is None:
        raise IllegalMove("no_hold_asked", number=a.ticket.number)
    check_not_own(a, asked)
    return asked


def _standing(a: Act) -> LedgerHold:
    standing = LedgerHold.objects.filter(
        ticket=a.ticket, outcome=Decision.GRANTED, cleared_at=None
    ).first()
    if standing is None:
        raise IllegalMove("not_on_ledger", number=a.ticket.number)
    return standing


def _decide(a: Act, asked: LedgerHold, outcome: Decision, decision: str) -> None:
    asked.outcome, asked.decision = outcome, decision
    asked.decided_at, asked.decided_by = a.at, a.actor.reference
    asked.save(update_fields=["decision", "outcome", "decided_at", "decided_by", "left"])
    a.stop(ClockKind.LEDGER_RULING)


# --- what the unit owes, before and after ----------------------------------------------------


def _stop_owed(a: Act, order: Assignment) -> dt.timedelta:
    """End what is owed without it being kept; what was left of it, nothing where it was missed."""
    left = dt.timedelta(0)
    for clock in clocks_of(a, order, *OWED_KINDS):
        a.stop_clock(clock, is_cancelled=True)
        if clock.breached_at is None:
            left = clock.due_at - a.at
    return left


def _await_review(a: Act, order: Assignment, due_at: dt.datetime) -> None:
    """The hotline owes the review; only a supervisor can make it."""
    a.start(ClockKind.LEDGER_REVIEW, subject_id=order.pk, due_at=due_at)


def _run_on(a: Act, order: Assignment, standing: LedgerHold) -> dt.datetime:
    """Start again what the ledger stopped, unless the unit has promised a measure meanwhile;
    returns when it is due."""
    owed = clocks_of(a, order, *OWED_KINDS)
    if owed:
        return owed[0].due_at
    stood = Clock.objects.filter(
        ticket=a.ticket, subject_id=order.pk, kind__in=OWED_KINDS, stopped_at=standing.decided_at
    ).latest("id")
    due_at = a.at + dt.timedelta(hours=settings.LEDGER_LEAST_LEFT_HOURS)
    if stood.breached_at is None and standing.decided_at is not None:
        due_at = max(due_at, _after_standing(stood, standing.decided_at, a.at))
    clock = a.start(stood.kind, unit_id=order.unit_id, subject_id=order.pk, due_at=due_at)
    return clock.due_at


def _after_standing(stood: Clock, since: dt.datetime, until: dt.datetime) -> dt.datetime:
    """Working days are counted as such: only they pass while one waits."""
    unit = stood.length[1] if stood.length else TimeUnit.HOURS
    return working_time.after_pause(
        stood.due_at, since, until, unit=unit, calendar=limits.calendar()
    ).at
