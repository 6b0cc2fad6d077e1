"""Who is told what: notices in the bell of the unit concerned."""

from __future__ import annotations

import datetime as dt

from hotline.core.models import Notice, OutboxMessage

# Events that speak of a unit and that its people should hear of.
TOLD = ("dispatched", "recalled", "warned", "breached", "objection_rejected", "rehandled",
        "called_back", "withdrawn")  # fmt: skip


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
