"""Giving a ticket to the unit that can solve it, and taking an erroneous order back."""

from __future__ import annotations

import datetime as dt

from django.utils import timezone
from django.utils.translation import gettext as _

from dispatch.models import (
    Assignment,
    AssignmentRole,
    AssignmentState,
    Objection,
    ObjectionOutcome,
)
from hotline.core import limits
from hotline.core.actors import Actor
from hotline.core.models import ClockKind, Unit, UnitKind
from hotline.core.places import district_unit
from hotline.core.violations import RuleViolation
from intake.acts import UNIT_CLOCKS, Act, act
from intake.models import Access, Note, RequestType, Ticket
from intake.models.access import AccessRole
from intake.services.registration import district_of, tidy
from knowledge.models import Category, categories

BASIS_LIMIT = 200
# Accusations are never handed to the accused.
_ACCUSING = (RequestType.COMPLAINT, RequestType.REPORT)


def dispatch(
    *,
    number: str,
    actor: Actor,
    at: dt.datetime,
    version: int | None = None,
    lead_unit: Unit,
    category: Category | None = None,
    basis: str = "",
) -> Ticket:
    """Dispatch to one lead unit, with a deadline on the order (R-030, R-033, R-035).

    A street or town gets the order directly and its district exactly one supervising copy, which
    has no sign clock and no score (R-031). The unit's clocks start now: sign, first contact
    (unless anonymous), feedback; and the call-back opens when the limit expires, whatever happens
    (R-081). The promise to the citizen is untouched.

    Raises RuleViolation when the unit may not lead, is accused itself, or no limit is configured.
    """
    with act("dispatch", number, actor=actor, at=at, version=version) as a:
        ticket = a.ticket
        if category is not None:
            a.change(category=category)
        if ticket.category_id is None:
            raise RuleViolation("category_required", field="category")
        _check_lead(ticket, lead_unit, timezone.localdate(at))
        basis = tidy(basis, BASIS_LIMIT, _("派单依据"), "basis")
        ticket.mark_dispatched()
        a.change(lead_unit=lead_unit, dispatched_at=at)
        assignments = [_order(ticket, lead_unit, AssignmentRole.LEAD, at, basis)]
        copy = _supervising_district(lead_unit)
        if copy is not None:
            assignments.append(_order(ticket, copy, AssignmentRole.SUPERVISE, at, ""))
        Assignment.objects.bulk_create(assignments)
        Access.objects.bulk_create(
            Access(ticket=ticket, unit_id=o.unit_id, role=AccessRole(o.role), granted_at=at)
            for o in assignments
        )
        feedback = start_unit_clocks(a, assignments[0])
        a.stop(ClockKind.DISPATCH)
        a.record(
            "dispatched",
            unit_id=lead_unit.pk,
            assignment=assignments[0].pk,
            copy=copy.code if copy else None,
            due_at=feedback.isoformat(),
            category=categories()[ticket.category_id].code,
        )
    return a.ticket


def _check_lead(ticket: Ticket, unit: Unit, today: dt.date) -> None:
    if unit.valid_from > today or (unit.valid_to and unit.valid_to <= today):
        raise RuleViolation("unit_not_in_force", field="lead_unit", unit=unit.name)
    if unit.kind in (UnitKind.COMMUNITY, UnitKind.HOTLINE):
        raise RuleViolation("unit_cannot_lead", field="lead_unit", unit=unit.name)
    if ticket.request_type in _ACCUSING and unit.name in ticket.text.target:
        raise RuleViolation("conflict_of_interest", field="lead_unit", unit=unit.name)


def _supervising_district(lead_unit: Unit) -> Unit | None:
    """The district whose street leads; other units answer to no district."""
    if lead_unit.kind != UnitKind.STREET:
        return None
    return district_unit(district_of(lead_unit.area))


def _order(
    ticket: Ticket, unit: Unit, role: AssignmentRole, at: dt.datetime, basis: str
) -> Assignment:
    is_copy = role == AssignmentRole.SUPERVISE
    return Assignment(
        ticket=ticket,
        unit=unit,
        role=role,
        # A supervising copy has nothing to sign.
        state=AssignmentState.SIGNED if is_copy else AssignmentState.PENDING,
        dispatched_at=at,
        basis=basis,
        next_due_at=None if is_copy else _sign_due(ticket, at),
    )


def _sign_due(ticket: Ticket, at: dt.datetime) -> dt.datetime:
    """The first thing the unit owes; known before the row exists, so it is written once."""
    kinds = [ClockKind.SIGN, ClockKind.FEEDBACK]
    if not ticket.is_anonymous:
        kinds.append(ClockKind.FIRST_CONTACT)
    return min(
        limits.due_for(kind, level=ticket.level, urgency=ticket.urgency, start=at).at
        for kind in kinds
    )


def start_unit_clocks(a: Act, assignment: Assignment, *, is_first: bool = True) -> dt.datetime:
    """The unit's promises for a round of handling; returns when its feedback is due. In a later
    round the order is already signed."""
    options = {"unit_id": assignment.unit_id, "subject_id": assignment.pk}
    feedback = a.start(ClockKind.FEEDBACK, **options)
    if is_first:
        a.start(ClockKind.SIGN, **options)
    if not a.ticket.is_anonymous:
        if is_first:
            a.start(ClockKind.FIRST_CONTACT, **options)
        open_callback(a, feedback.due_at)
    return feedback.due_at


def open_callback(a: Act, expected_at: dt.datetime) -> None:
    """What waits after a reply or an expired limit: the call-back, which opens a while after the
    limit expires or the reply comes, whichever is earlier (R-081); one waits at a time."""
    ticket = a.ticket
    if ticket.is_anonymous:  # nobody to call: the desk checks and closes
        a.start(ClockKind.CLOSING)
        return
    opens_at = limits.due_for(
        ClockKind.CALLBACK_DELAY, level=ticket.level, start=expected_at, at=a.at
    ).at
    waiting = a.running(ClockKind.CALLBACK)
    if not waiting:
        a.start(ClockKind.CALLBACK, opens_at=opens_at)
    elif opens_at < waiting[0].opens_at:
        due = limits.due_for(ClockKind.CALLBACK, level=ticket.level, start=opens_at, at=a.at)
        a.move(waiting[0], opens_at=opens_at, due_at=due.at)


def recall(
    *, number: str, actor: Actor, at: dt.datetime, version: int | None = None, reason: str
) -> Ticket:
    """The desk takes back its own erroneous order, with a reason; the unit is not blamed."""
    with act("recall", number, actor=actor, at=at, version=version) as a:
        reason = tidy(reason, 500, _("原因"), "reason", required="reason_required")
        unit_id = a.ticket.lead_unit_id
        a.ticket.mark_recalled()
        take_back(a, AssignmentState.ENDED)
        event = a.record("recalled", unit_id=unit_id)
        Note.objects.create(
            ticket=a.ticket, seq=event.seq, text=reason, written_by=actor.reference, written_at=at
        )
    return a.ticket


def take_back(a: Act, lead_becomes: AssignmentState) -> None:
    """End every open order of the ticket and wait for dispatch again. The unit's clocks end
    cancelled (what it had already missed stays missed); the promise to the citizen runs on."""
    orders = Assignment.objects.filter(ticket=a.ticket, is_open=True)
    if a.running(ClockKind.RULING):  # the order objected to is gone, and the question with it
        Objection.objects.filter(assignment__in=orders, outcome="").update(
            outcome=ObjectionOutcome.LAPSED, ruled_at=a.at, ruled_by=a.actor.reference
        )
    orders.filter(role=AssignmentRole.LEAD).update(state=lead_becomes)
    orders.exclude(role=AssignmentRole.LEAD).update(state=AssignmentState.ENDED)
    orders.update(is_open=False, ended_at=a.at, next_due_at=None)
    Access.objects.filter(ticket=a.ticket, until=None).update(until=a.at)
    a.stop(*UNIT_CLOCKS, ClockKind.CALLBACK, ClockKind.SUPERVISION, is_cancelled=True)
    a.change(lead_unit=None, dispatched_at=None)
    a.start(ClockKind.DISPATCH)
