"""When a requester may speak of the outcome: from the unit's reply or the expired limit on (R-081,
R-089), until the matter can no longer be opened again."""

from __future__ import annotations

import datetime as dt

from dispatch.models import AssignmentRole
from hotline.core import limits
from hotline.core.actors import SYSTEM
from hotline.core.models import ClockKind
from hotline.core.violations import Busy, IllegalMove
from intake.acts import locked
from intake.models import Clock, CloseCode, State, Ticket

# Closed after a unit had it: what was said of it can still be added to.
_HANDLED = (
    CloseCode.CALLED_BACK,
    CloseCode.NOT_SAMPLED,
    CloseCode.DECLINED,
    CloseCode.UNREACHABLE,
)


def check_open(ticket: Ticket, at: dt.datetime) -> None:
    """Refuse an evaluation when there is nothing to evaluate yet, or no longer. Raises IllegalMove
    with the reason."""
    number = ticket.number
    if ticket.state == State.CLOSED:
        _check_closed(ticket, at)
    elif ticket.state != State.CALLBACK:
        limit = _limit(ticket)
        if limit is None or ticket.state == State.ACCEPTED:
            raise IllegalMove("rating_not_dispatched", number=number)
        if limit.is_cancelled or at < limit.due_at:
            raise IllegalMove("rating_not_open", number=number)


def _check_closed(ticket: Ticket, at: dt.datetime) -> None:
    number = ticket.number
    if ticket.close_code == CloseCode.WITHDRAWN:
        raise IllegalMove("rating_withdrawn", number=number)
    if ticket.close_code not in _HANDLED:
        raise IllegalMove("rating_without_unit", number=number)
    assert ticket.closed_at is not None
    window = limits.due_for(
        ClockKind.REOPEN_WINDOW, level=ticket.level, start=ticket.closed_at, at=at
    )
    if at >= window.at:
        raise IllegalMove("rating_over", number=number)


def round_began(ticket: Ticket) -> dt.datetime:
    """When the unit's present round of handling began: what was asked before speaks of another."""
    limit = _limit(ticket)
    return limit.started_at if limit else ticket.accepted_at


def turn_began(ticket: Ticket) -> dt.datetime:
    """Since when an answer is one about how things stand: the unit's reply, or before there is one
    the beginning of its round."""
    if ticket.state in (State.CALLBACK, State.CLOSED):
        leads = ticket.assignments.filter(role=AssignmentRole.LEAD).order_by("-id")
        replied_at = leads.values_list("replied_at", flat=True).first()
        if replied_at is not None:
            return replied_at
    return round_began(ticket)


def _limit(ticket: Ticket) -> Clock | None:
    """The lead's last limit for its feedback, running or not."""
    limits_set = ticket.clocks.filter(kind=ClockKind.FEEDBACK)
    return limits_set.order_by("-id").first()


# --- where a matter goes on ------------------------------------------------------------------


def goes_on_as(number: str) -> str:
    """The number under which a matter is handled: another ticket's when it was merged."""
    into = Ticket.objects.filter(number=number).values_list("merged_into__number", flat=True)
    found = into.first()
    return goes_on_as(found) if found else number


def locked_where_it_goes_on(number: str) -> Ticket:
    """Lock the ticket that a requester's evaluation is about. The requester's own right to it is
    the caller's to check. Raises Busy, also when it was merged while we looked."""
    ticket = locked(goes_on_as(number), SYSTEM)
    if ticket.merged_into_id is not None:
        raise Busy
    return ticket
