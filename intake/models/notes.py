"""Words between colleagues."""

from __future__ import annotations

from django.db import models

from hotline.core.models import Unit
from intake.models.tickets import Ticket


class Note(models.Model):
    """An internal remark; `unit` narrows it to one unit's people and the hotline."""

    ticket = models.ForeignKey(Ticket, models.PROTECT, related_name="notes")
    seq = models.PositiveIntegerField(help_text="the event that recorded it")
    text = models.TextField()
    unit = models.ForeignKey(Unit, models.PROTECT, null=True, related_name="+")
    written_by = models.CharField(max_length=40)
    written_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"note on {self.ticket_id}"
