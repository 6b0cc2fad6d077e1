"""What all three ways of asking for time have in common."""

from __future__ import annotations

from dispatch.models import Assignment, Extension, LedgerHold
from dispatch.services.orders import clocks_of
from hotline.core.models import ClockKind
from hotline.core.violations import IllegalMove
from intake.acts import Act
from intake.models import Clock

# What the lead owes the requester on its order; the others are the steps before it.
OWED_KINDS = (ClockKind.FEEDBACK, ClockKind.MEASURE)


def check_free(a: Act) -> None:
    """Refuse a question while another one stands: two pauses at once would have no one bound.
    Facts that did not come in time keep nobody waiting."""
    number = a.ticket.number
    if a.running(ClockKind.RULING):
        raise IllegalMove("objection_pending", number=number)
    if a.running(ClockKind.LEDGER_REVIEW):
        raise IllegalMove("on_ledger", number=number)
    facts = [clock for clock in a.running(ClockKind.FACTS) if not clock.is_late(a.at)]
    if facts or a.running(ClockKind.EXTENSION_RULING, ClockKind.LEDGER_RULING):
        raise IllegalMove("question_pending", number=number)


def feedback_of(a: Act, order: Assignment) -> Clock | None:
    """The feedback that is owed on this order; None when it has been given."""
    return next(iter(clocks_of(a, order, ClockKind.FEEDBACK)), None)


def check_not_own(a: Act, asked: Extension | LedgerHold) -> None:
    """Nobody decides what they have asked for, whatever roles they hold."""
    if asked.asked_by == a.actor.reference:
        raise IllegalMove("own_request", number=a.ticket.number)
