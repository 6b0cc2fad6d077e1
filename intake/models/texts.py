"""What the requester said, and earlier wordings of it."""

from __future__ import annotations

from django.db import models

from hotline.core.fields import EncryptedTextField
from intake.models.tickets import Ticket


class TicketText(models.Model):
    """The matter as it reads now: clear text from which phone and identity numbers have been
    replaced by references at registration (design §7)."""

    ticket = models.OneToOneField(Ticket, models.PROTECT, primary_key=True, related_name="text")
    title = models.CharField(max_length=120)
    matter = models.TextField()
    address = models.CharField(max_length=200, blank=True)
    door = EncryptedTextField(null=True, help_text="the part of the address that names a home")
    references = EncryptedTextField(null=True, help_text="what was replaced, as JSON")
    target = models.CharField(
        max_length=120, blank=True, help_text="the unit or firm complained of"
    )
    revision = models.PositiveSmallIntegerField(default=1)
    written_at = models.DateTimeField()
    written_by = models.CharField(max_length=40)

    def __str__(self) -> str:
        return self.title


class TicketTextRevision(models.Model):
    """A wording that has been replaced (R-016)."""

    ticket = models.ForeignKey(Ticket, models.PROTECT, related_name="text_revisions")
    revision = models.PositiveSmallIntegerField()
    title = models.CharField(max_length=120)
    matter = models.TextField()
    address = models.CharField(max_length=200, blank=True)
    door = EncryptedTextField(null=True)
    references = EncryptedTextField(null=True)
    target = models.CharField(max_length=120, blank=True)
    written_at = models.DateTimeField()
    written_by = models.CharField(max_length=40)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["ticket", "revision"], name="one_text_per_revision")
        ]

    def __str__(self) -> str:
        return f"{self.ticket_id} r{self.revision}"
