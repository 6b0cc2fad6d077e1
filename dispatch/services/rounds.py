"""Supervision orders: after a second unsolved call-back, and on what is overdue."""

from __future__ import annotations

import datetime as dt

from django.db.models import QuerySet

from dispatch.models import (
    Assignment,
    AssignmentRole,
    AssignmentState,
    OrderReason,
    SupervisionOrder,
)
from dispatch.services.dispatching import start_unit_clocks
from dispatch.services.orders import clocks_of, save_order
from hotline.core.actors import SYSTEM, Actor
from hotline.core.models import ClockKind
from hotline.core.violations import IllegalMove
from intake.acts import Act, act
from intake.models import Clock, Ticket

# What the lead owes that is ordered and criticised when it stays undone.
RISING = (ClockKind.SIGN, ClockKind.FEEDBACK, ClockKind.FINAL_REPLY, ClockKind.MEASURE)


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
            reason=OrderReason.UNSOLVED_TWICE,
            issued_at=a.at,
            issued_by=a.actor.reference,
        )
        a.start(ClockKind.SUPERVISION, unit_id=order.unit_id, subject_id=order.pk)
    save_order(a, order, "state", "is_open", "round")
    return order


def issue_overdue_order(a: Act, promise: Clock) -> SupervisionOrder | None:
    """Order the unit in writing to do what it has missed. One order is in force at a time: a unit
    already under one gets no second, and the hotline's own desk none (its supervisors are told).

    The answer's time runs from the issue, not from when it fell due, so that no unit pays for an
    hour in which this software stood still.
    """
    if promise.unit_id is None or clocks_under_order(a, promise.unit_id):
        return None
    order = SupervisionOrder(
        ticket=a.ticket,
        unit_id=promise.unit_id,
        reason=OrderReason.OVERDUE,
        issued_at=a.at,
        issued_by=SYSTEM.reference,
    )
    order.save(force_insert=True)
    a.start(ClockKind.SUPERVISION, unit_id=promise.unit_id, subject_id=promise.subject_id)
    return order


def answer_order(a: Act, order: Assignment, *, is_reply: bool = False) -> None:
    """What the unit has just done answers the supervision order in force. One on missed promises
    is settled as soon as none of them is open any more; one on an unsolved matter by a reply only,
    and then waits for its acceptance. Called after the promises kept were stopped.

    Orders that lapsed with a recall or a close have no clock and stay unanswered.
    """
    under = clocks_under_order(a, order.unit_id)
    if not under:
        return
    # By the ticket: where an authority has taken the matter over, the order came with it.
    in_force = orders_in_force(a.ticket).latest("id")
    if in_force.reason == OrderReason.OVERDUE:
        if any(clock.is_late(a.at) for clock in clocks_of(a, order, *RISING)):
            return
        in_force.accepted_at, in_force.accepted_by = a.at, SYSTEM.reference
    elif not is_reply:
        return
    in_force.answered_at = a.at
    in_force.save(update_fields=["answered_at", "accepted_at", "accepted_by"])
    for clock in under:
        a.stop_clock(clock)


def orders_in_force(ticket: Ticket) -> QuerySet[SupervisionOrder]:
    """Unanswered orders that are answered by the work itself; a leader's instruction is not."""
    unanswered = SupervisionOrder.objects.filter(ticket=ticket, answered_at=None)
    return unanswered.exclude(reason=OrderReason.INSTRUCTION)


def clocks_under_order(a: Act, unit_id: int) -> list[Clock]:
    """The running promises to answer such an order; the clock of an instruction is its own."""
    running = [clock for clock in a.running(ClockKind.SUPERVISION) if clock.unit_id == unit_id]
    if not running:
        return []
    instructions = SupervisionOrder.objects.instructions().filter(ticket=a.ticket)
    own = set(instructions.values_list("clock_id", flat=True))
    return [clock for clock in running if clock.pk not in own]


def accept_answer(
    *, number: str, actor: Actor, at: dt.datetime, version: int | None = None
) -> Ticket:
    """The supervisor accepts the answer to the order; only then can the ticket close."""
    with act("accept_answer", number, actor=actor, at=at, version=version) as a:
        answered = _unaccepted(a.ticket)
        if not answered.update(accepted_at=at, accepted_by=actor.reference):
            raise IllegalMove("no_order", number=number)
        a.record("answer_accepted", unit_id=a.ticket.lead_unit_id)
    return a.ticket


def has_unaccepted_order(ticket: Ticket) -> bool:
    """Whether an answered order still waits for its acceptance; the first can come with the second
    re-handling only, and one on what was overdue never waits. One that was never answered because
    the ticket was taken back or withdrawn has lapsed with its clock."""
    return ticket.rehandle_count > 1 and _unaccepted(ticket).exists()


def _unaccepted(ticket: Ticket) -> QuerySet[SupervisionOrder]:
    return SupervisionOrder.objects.filter(
        ticket=ticket,
        reason=OrderReason.UNSOLVED_TWICE,
        answered_at__isnull=False,
        accepted_at=None,
    )
