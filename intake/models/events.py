"""Everything that ever happened to a ticket."""

from __future__ import annotations

from django.db import models


class TicketEvent(models.Model):
    """A fact about a ticket. Append-only; partitioned by month of `recorded_at`.

    `seq` is contiguous per ticket (given under the ticket's lock). `data` holds codes and ids
    only, never personal data or finished sentences: they are rendered on reading, so that
    language, erasure and confidentiality keep working. No foreign key points here or from here,
    so that months can be detached.
    """

    id = models.BigAutoField(primary_key=True)
    ticket_id = models.BigIntegerField()
    number = models.CharField(max_length=16)
    seq = models.PositiveIntegerField()
    type = models.CharField(max_length=40)
    schema_version = models.PositiveSmallIntegerField(default=1)
    occurred_at = models.DateTimeField()
    recorded_at = models.DateTimeField()
    actor = models.CharField(max_length=40)
    unit_id = models.BigIntegerField(null=True)
    data = models.JSONField(default=dict)

    class Meta:
        ordering = ["ticket_id", "seq"]

    def __str__(self) -> str:
        return f"{self.number}#{self.seq} {self.type}"
