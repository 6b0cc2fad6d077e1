"""派单异议: the unit says it is not its matter; the desk rules."""

from __future__ import annotations

import datetime as dt

from django.utils.translation import gettext as _

from dispatch.models import AssignmentState, Objection, ObjectionOutcome
from dispatch.services.dispatching import BASIS_LIMIT, take_back
from dispatch.services.handling import lead_order, save_order
from hotline.core import limits
from hotline.core.actors import Actor
from hotline.core.models import ClockKind, Unit
from hotline.core.violations import IllegalMove
from intake.acts import Act, act
from intake.models import Ticket
from intake.services.registration import tidy

REASON_LIMIT = 500


def raise_objection(
    *,
    number: str,
    actor: Actor,
    at: dt.datetime,
    version: int | None = None,
    reason: str,
    basis: str,
    proposed_unit: Unit | None = None,
) -> Ticket:
    """Object to an order within its window, with a reason and a basis (R-045…R-047). The unit
    stays responsible and its clocks run until the ruling (R-048). One objection per order: after
    a ruling there is no second (R-049)."""
    with act("object", number, actor=actor, at=at, version=version) as a:
        order = lead_order(a)
        earlier = Objection.objects.filter(assignment=order).first()
        if earlier is not None:
            code = "already_ruled" if earlier.outcome else "objection_pending"
            raise IllegalMove(code, number=number)
        until = limits.due_for(
            ClockKind.OBJECTION_WINDOW, level=a.ticket.level, start=order.dispatched_at, at=at
        ).at
        if order.round > 1 or at >= until:
            raise IllegalMove(
                "objection_window_over", number=number, until=until.strftime("%Y-%m-%d %H:%M")
            )
        Objection.objects.create(
            assignment=order,
            reason=tidy(reason, REASON_LIMIT, _("理由"), "reason", required="reason_required"),
            basis=tidy(basis, BASIS_LIMIT, _("依据"), "basis", required="basis_required"),
            proposed_unit=proposed_unit,
            raised_at=at,
            raised_by=actor.reference,
        )
        a.start(ClockKind.RULING, subject_id=order.pk)
        a.record(
            "objected",
            unit_id=order.unit_id,
            assignment=order.pk,
            proposed=proposed_unit.code if proposed_unit else None,
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
        a.ticket.mark_returned()
        take_back(a, AssignmentState.RETURNED)
        a.record("returned", unit_id=unit_id, assignment=objection.assignment_id)
    return a.ticket


def reject_objection(
    *, number: str, actor: Actor, at: dt.datetime, version: int | None = None, ruling: str
) -> Ticket:
    """Reject it: the unit handles the matter and cannot object again (R-049)."""
    with act("reject_objection", number, actor=actor, at=at, version=version) as a:
        ruling = tidy(ruling, REASON_LIMIT, _("裁定理由"), "ruling", required="reason_required")
        objection = _rule(a, ObjectionOutcome.REJECTED, ruling)
        order = objection.assignment
        save_order(a, order)
        a.record("objection_rejected", unit_id=order.unit_id, assignment=order.pk)
    return a.ticket


def _rule(a: Act, outcome: ObjectionOutcome, ruling: str) -> Objection:
    order = lead_order(a)
    objection = Objection.objects.filter(assignment=order, outcome="").first()
    if objection is None:
        raise IllegalMove("no_objection", number=a.ticket.number)
    objection.assignment = order
    objection.outcome, objection.ruled_at = outcome, a.at
    objection.ruled_by = a.actor.reference
    objection.ruling = tidy(ruling, REASON_LIMIT, _("裁定理由"), "ruling")
    objection.save(update_fields=["outcome", "ruled_at", "ruled_by", "ruling"])
    a.stop(ClockKind.RULING)
    return objection
