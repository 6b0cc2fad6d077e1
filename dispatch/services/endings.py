"""What of dispatch ends with the ticket."""

from __future__ import annotations

from dispatch.models import Assignment, AssignmentState, EndReason
from dispatch.services.orders import end_questions
from intake.acts import Act


def end_orders(a: Act) -> None:
    """A closed ticket leaves every inbox, the district's supervising copy included."""
    end_questions(a)
    if a.ticket.lead_unit_id is not None:
        Assignment.objects.filter(ticket=a.ticket, is_open=True).update(
            state=AssignmentState.ENDED,
            is_open=False,
            ended_at=a.at,
            next_due_at=None,
            end_reason=EndReason.CLOSED,
        )
