"""Who is told what: notices in the bell of the unit concerned."""

from __future__ import annotations

import datetime as dt

from django.db.models import Min

from dispatch.models import Assignment
from hotline.core.models import Notice, OutboxMessage
from intake.models import Clock

# Events that speak of a unit and that its people should hear of.
TOLD = ("dispatched", "recalled", "returned", "merged", "warned", "breached",
        "objection_rejected", "rehandled", "called_back", "withdrawn")  # fmt: skip


def tell_unit(message: OutboxMessage, at: dt.datetime) -> None:
    """One notice for the unit the event names; clocks of the hotline itself name none."""
    if message.unit_id is not None:
        Notice.objects.create(
            unit_id=message.unit_id,
            type=message.type,
            number=message.number,
            data={"seq": message.seq},
            created_at=at,
        )


def follow_clock(message: OutboxMessage, at: dt.datetime) -> None:
    """A unit's clock was recomputed outside dispatch: its inbox sorts by the new due time."""
    due = Min("due_at")
    for order in Assignment.objects.open().filter(ticket_id=message.ticket_id):
        running = Clock.objects.running().filter(subject_id=order.pk, unit_id=order.unit_id)
        order.next_due_at = running.aggregate(due=due)["due"]
        order.save(update_fields=["next_due_at"])
