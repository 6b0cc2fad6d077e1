"""Who raises a matter."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from hotline.core.fields import EncryptedTextField
from intake.models.tickets import Ticket


class Requester(models.Model):
    """A person (or organisation) as known by number and name. Two members of a household on one
    telephone are two requesters; the history of a number shows both."""

    phone = EncryptedTextField()
    phone_hash = models.BinaryField(max_length=40)
    name = EncryptedTextField(null=True)
    name_hash = models.BinaryField(max_length=40)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            # Its prefix serves the look-up by telephone when a call rings.
            models.UniqueConstraint(
                fields=["phone_hash", "name_hash"], name="one_requester_per_phone_and_name"
            )
        ]

    def __str__(self) -> str:
        return f"requester {self.pk}"


class PartyRole(models.TextChoices):
    MAIN = "main", _("诉求人")
    CO = "co", _("共同诉求人")


class TicketRequester(models.Model):
    """A requester's part in a ticket; co-requesters keep their own call-back and notices."""

    ticket = models.ForeignKey(Ticket, models.PROTECT, related_name="parties")
    requester = models.ForeignKey(Requester, models.PROTECT, related_name="parties")
    role = models.CharField(max_length=4, choices=PartyRole.choices, default=PartyRole.MAIN)
    wants_callback = models.BooleanField(default=True)
    came_from = models.ForeignKey(
        Ticket, models.PROTECT, null=True, related_name="+", help_text="the ticket merged in"
    )
    joined_at = models.DateTimeField()
    left_at = models.DateTimeField(null=True, help_text="split off again")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["ticket", "requester"],
                name="one_part_per_requester",
                condition=models.Q(left_at__isnull=True),
            )
        ]

    def __str__(self) -> str:
        return f"{self.ticket_id}: {self.role} {self.requester_id}"
