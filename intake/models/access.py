"""Which units see a ticket beside its lead."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from hotline.core.models import Unit


class AccessRole(models.TextChoices):
    LEAD = "lead", _("主办")
    COOPERATE = "cooperate", _("协办")
    DELEGATE = "delegate", _("转交办理")
    SUPERVISE = "supervise", _("督办（抄送）")
    COORDINATE = "coordinate", _("分级协调")


class Access(models.Model):
    """A unit may see a ticket until told otherwise; higher apps write it, `visible_to` reads it."""

    ticket = models.ForeignKey("intake.Ticket", models.PROTECT, related_name="accesses")
    unit = models.ForeignKey(Unit, models.PROTECT, related_name="+", db_index=False)
    role = models.CharField(max_length=12, choices=AccessRole.choices)
    granted_at = models.DateTimeField()
    until = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["unit", "ticket", "role"],
                name="one_access_in_force",
                condition=models.Q(until__isnull=True),
            )
        ]

    def __str__(self) -> str:
        return f"{self.unit_id} {self.role} {self.ticket_id}"
