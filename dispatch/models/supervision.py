"""督办单, and the ladder that a missed promise climbs."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from hotline.core.models import Unit
from intake.models import Ticket


class OrderReason(models.TextChoices):
    UNSOLVED_TWICE = "unsolved_twice", _("两次回访未解决")
    OVERDUE = "overdue", _("超时未办")


class SupervisionOrder(models.Model):
    """督办单: a formal order that must be answered. The one on a second unsolved result must have
    its answer accepted before the ticket can close (design §4); one on a missed deadline is
    answered by doing what was owed."""

    ticket = models.ForeignKey(Ticket, models.PROTECT, related_name="supervision_orders")
    unit = models.ForeignKey(Unit, models.PROTECT, related_name="+")
    reason = models.CharField(max_length=40, choices=OrderReason.choices)
    issued_at = models.DateTimeField()
    issued_by = models.CharField(max_length=40)
    answered_at = models.DateTimeField(null=True)
    accepted_at = models.DateTimeField(null=True)
    accepted_by = models.CharField(max_length=40, blank=True)

    def __str__(self) -> str:
        return f"order on {self.ticket_id}"


class Rung(models.TextChoices):
    URGE = "urge", _("催办")
    ORDER = "order", _("督办")
    CRITICISM = "criticism", _("书面批评")


class LadderStep(models.Model):
    """A missed promise was followed by an urge, an order or a criticism (R-105, R-106): one row
    per clock and rung, whatever runs twice. `unit` is empty where the hotline itself was late."""

    clock_id = models.BigIntegerField()
    ticket = models.ForeignKey(Ticket, models.PROTECT, related_name="ladder_steps")
    unit = models.ForeignKey(Unit, models.PROTECT, null=True, related_name="+")
    rung = models.CharField(max_length=10, choices=Rung.choices)
    taken_at = models.DateTimeField(help_text="when it fell due, not when it was noticed")
    addressee = models.ForeignKey(
        Unit, models.PROTECT, null=True, related_name="+", help_text="whose leader was told"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["clock_id", "rung"], name="each_rung_once_per_clock")
        ]

    def __str__(self) -> str:
        return f"{self.rung} on clock {self.clock_id}"
