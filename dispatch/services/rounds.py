"""Handling once more after an unsolved call-back, with an order the second time."""

from __future__ import annotations

import datetime as dt

from dispatch.models import Assignment, AssignmentRole, AssignmentState, SupervisionOrder
from dispatch.services.dispatching import start_unit_clocks
from dispatch.services.orders import save_order
from hotline.core.actors import Actor
from hotline.core.models import ClockKind
from hotline.core.violations import IllegalMove
from intake.acts import Act, act
from intake.models import Ticket


def begin_round(a: Act, *, with_order: bool) -> Assignment:
    """The last lead's order is open again with a fresh feedback limit; with a supervision order
    that must be answered when the result was unsolved twice (design §4). Called inside the act
    that sends the ticket back."""
    order = (
        Assignment.objects.select_for_update()
        .filter(ticket=a.ticket, role=AssignmentRole.LEAD)
        .latest("id")
    )
    order.state, order.is_open = AssignmentState.SIGNED, True
    order.round += 1
    start_unit_clocks(a, order, is_first=False)
    if with_order:
        SupervisionOrder.objects.create(
            ticket=a.ticket,
            unit_id=order.unit_id,
            reason="unsolved_twice",
            issued_at=a.at,
            issued_by=a.actor.reference,
        )
        a.start(ClockKind.SUPERVISION, unit_id=order.unit_id, subject_id=order.pk)
    save_order(a, order, "state", "is_open", "round")
    return order


def accept_answer(
    *, number: str, actor: Actor, at: dt.datetime, version: int | None = None
) -> Ticket:
    """The supervisor accepts the answer to the order; only then can the ticket close."""
    with act("accept_answer", number, actor=actor, at=at, version=version) as a:
        answered = SupervisionOrder.objects.filter(
            ticket=a.ticket, answered_at__isnull=False, accepted_at=None
        )
        if not answered.update(accepted_at=at, accepted_by=actor.reference):
            raise IllegalMove("no_order", number=number)
        a.record("answer_accepted", unit_id=a.ticket.lead_unit_id)
    return a.ticket


def has_unaccepted_order(ticket: Ticket) -> bool:
    """Whether an answered order still waits for its acceptance; the first can come with the second
    re-handling only. Every reply answers the order in force; one that was never answered because
    the ticket was taken back or withdrawn has lapsed with its clock."""
    return (
        ticket.rehandle_count > 1
        and SupervisionOrder.objects.filter(
            ticket=ticket, answered_at__isnull=False, accepted_at=None
        ).exists()
    )
