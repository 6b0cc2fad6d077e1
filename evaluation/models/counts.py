"""Which numbers still hold."""

from __future__ import annotations

from django.db import models


class CountVersion(models.Model):
    """When a part of what is counted last changed, as a number: what was counted at a version holds
    as long as it stands. A part that never changed has no row. See `evaluation.memos`."""

    subject = models.CharField(max_length=24)
    part = models.BigIntegerField()
    version = models.BigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["subject", "part"], name="one_version_per_part")
        ]

    def __str__(self) -> str:
        return f"{self.subject} {self.part}: {self.version}"
