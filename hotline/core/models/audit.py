"""Who looked at what, and why."""

from __future__ import annotations

from django.db import models


class AuditEntry(models.Model):
    """A look at personal data, or another act that changes no ticket but must be answerable.

    Append-only and partitioned by month. `data` holds codes and ids only.
    """

    id = models.BigAutoField(primary_key=True)
    at = models.DateTimeField()
    action = models.CharField(max_length=40)
    actor = models.CharField(max_length=40)
    number = models.CharField(max_length=16, blank=True)
    reason = models.CharField(max_length=200, blank=True)
    data = models.JSONField(default=dict)

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M} {self.actor} {self.action} {self.number}"
