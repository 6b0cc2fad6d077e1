"""派单异议: the unit says it is not its matter; the authority rules."""

from __future__ import annotations

import datetime as dt

from django.utils.translation import gettext as _

from dispatch.models import (
    AssignmentState,
    EndReason,
    Objection,
    ObjectionOutcome,
    ObjectionReason,
)
from dispatch.services.dispatching import BASIS_LIMIT, REASON_LIMIT, give
from dispatch.services.orders import (
    OWED_BY_LEAD,
    lead_order,
    pause_owed,
    promised,
    resume_owed,
    save_order,
    take_back,
)
from hotline.core import limits
from hotline.core.actors import Actor
from hotline.core.models import ClockKind, Unit
from hotline.core.violations import IllegalMove, RuleViolation
from intake.acts import Act, act
from intake.models import Level, Ticket
from intake.services.registration import tidy

# Levels whose clocks stand still while an objection, or the requester, is waited for.
PAUSING_LEVELS = (Level.L3, Level.L4)


def raise_objection(
    *,
    number: str,
    actor: Actor,
    at: dt.datetime,
    version: int | None = None,
    reason: str,
    basis: str,
    ground: str = ObjectionReason.DUTY,
    proposed_unit: Unit | None = None,
) -> Ticket:
    """Object to an order within its window, with a ground, a reason and a basis (R-045…R-047); who
    does not is deemed to have accepted. The unit stays responsible until the ruling: on the first
    two levels its clocks run on, on the others they stand still at most a day (R-048). One
    objection per order, none on a designated one: after a ruling there is no second (R-049)."""
    with act("object", number, actor=actor, at=at, version=version) as a:
        order = lead_order(a)
        earlier = Objection.objects.filter(assignment=order).first()
        if earlier is not None:
            code = "already_ruled" if earlier.outcome else "objection_pending"
            raise IllegalMove(code, number=number)
        if order.is_designated:
            raise IllegalMove("designated_order", number=number)
        until = order.objection_until
        if order.round > 1 or until is None or at >= until:
            raise IllegalMove(
                "objection_window_over",
                number=number,
                until=until.strftime("%Y-%m-%d %H:%M") if until else "",
            )
        if a.running(ClockKind.EXTENSION_RULING, ClockKind.FACTS, ClockKind.LEDGER_RULING):
            raise IllegalMove("question_pending", number=number)
        Objection.objects.create(
            assignment=order,
            ground=ground,
            reason=tidy(reason, REASON_LIMIT, _("理由"), "reason", required="reason_required"),
            basis=tidy(basis, BASIS_LIMIT, _("依据"), "basis", required="basis_required"),
            proposed_unit=proposed_unit,
            raised_at=at,
            raised_by=actor.reference,
        )
        if a.ticket.level in PAUSING_LEVELS:
            bound = limits.due_for(ClockKind.PENDING_PAUSE, level=a.ticket.level, start=at).at
            pause_owed(a, order, *OWED_BY_LEAD, until=bound, cause="objected")
            save_order(a, order)
        a.start(ClockKind.RULING, subject_id=order.pk)
        a.record(
            "objected",
            unit_id=order.unit_id,
            assignment=order.pk,
            ground=ground,
            proposed=proposed_unit.code if proposed_unit else None,
            **promised(a, order),
        )
    return a.ticket


def return_to_desk(
    *, number: str, actor: Actor, at: dt.datetime, version: int | None = None, ruling: str = ""
) -> Ticket:
    """Uphold the objection: the order ends returned and the ticket waits for the right unit. The
    error counts against the dispatch, not the unit (R-050)."""
    with act("return_to_desk", number, actor=actor, at=at, version=version) as a:
        objection = _rule(a, ObjectionOutcome.UPHELD, ruling)
        unit_id = a.ticket.lead_unit_id
        _take_back_returned(a, EndReason.RETURNED)
        a.record("returned", unit_id=unit_id, assignment=objection.assignment_id)
    return a.ticket


def designate(
    *,
    number: str,
    actor: Actor,
    at: dt.datetime,
    version: int | None = None,
    unit: Unit,
    ruling: str,
) -> Ticket:
    """Uphold the objection and name the unit at once: it leads, and cannot return the order
    (R-049). The duty lists do not bind the authority's own designation."""
    with act("designate", number, actor=actor, at=at, version=version) as a:
        ruling = tidy(ruling, REASON_LIMIT, _("裁定理由"), "ruling", required="reason_required")
        if unit.pk == a.ticket.lead_unit_id:
            raise RuleViolation("designated_itself", field="unit", unit=unit.name)
        objection = _rule(a, ObjectionOutcome.DESIGNATED, ruling, unit)
        was = a.ticket.lead_unit_id
        _take_back_returned(a, EndReason.DESIGNATED)
        a.record("returned", unit_id=was, assignment=objection.assignment_id, to=unit.code)
        give(a, unit, basis=ruling[:BASIS_LIMIT], is_designated=True)
    return a.ticket


def reject_objection(
    *, number: str, actor: Actor, at: dt.datetime, version: int | None = None, ruling: str
) -> Ticket:
    """Reject it: the unit handles the matter and cannot object again (R-049). What stood still
    runs again; the unit's improper return is counted (R-050)."""
    with act("reject_objection", number, actor=actor, at=at, version=version) as a:
        ruling = tidy(ruling, REASON_LIMIT, _("裁定理由"), "ruling", required="reason_required")
        objection = _rule(a, ObjectionOutcome.REJECTED, ruling)
        order = objection.assignment
        resume_owed(a, order, cause="objection_rejected")
        save_order(a, order)
        a.record(
            "objection_rejected",
            unit_id=order.unit_id,
            assignment=order.pk,
            **promised(a, order),
        )
    return a.ticket


def _take_back_returned(a: Act, reason: EndReason) -> None:
    a.ticket.mark_returned()
    take_back(a, AssignmentState.RETURNED, reason)
    a.change(return_count=a.ticket.return_count + 1)


def _rule(
    a: Act, outcome: ObjectionOutcome, ruling: str, designated: Unit | None = None
) -> Objection:
    order = lead_order(a)
    objection = Objection.objects.filter(assignment=order, outcome="").first()
    if objection is None:
        raise IllegalMove("no_objection", number=a.ticket.number)
    if a.actor.kind == "staff" and a.actor.reference == order.dispatched_by:
        raise IllegalMove("own_dispatch", number=a.ticket.number)
    objection.assignment = order
    objection.outcome, objection.ruled_at = outcome, a.at
    objection.ruled_by, objection.designated_unit = a.actor.reference, designated
    objection.ruling = tidy(ruling, REASON_LIMIT, _("裁定理由"), "ruling")
    objection.save(update_fields=["outcome", "ruled_at", "ruled_by", "ruling", "designated_unit"])
    a.stop(ClockKind.RULING)
    return objection
