"""Hard cases: consultation before dispatch, and coordination upward."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from hotline.core.models import Unit
from intake.models import Ticket


class CoordinationKind(models.TextChoices):
    CONSULTATION = "consultation", _("派单前会商")
    UPWARD = "upward", _("分级协调")


class Coordination(models.Model):
    """会商 (R-036) or 分级协调 (R-066): who sat together or was asked, on what question, with what
    opinion and decision. `authority` answers an upward one; `decided_unit` is who leads from then
    on (提级办理 when it is the authority itself)."""

    ticket = models.ForeignKey(Ticket, models.PROTECT, related_name="coordinations")
    kind = models.CharField(max_length=12, choices=CoordinationKind.choices)
    question = models.CharField(max_length=500)
    asked_at = models.DateTimeField()
    asked_by = models.CharField(max_length=40)
    asking_unit = models.ForeignKey(Unit, models.PROTECT, null=True, related_name="+")
    authority = models.ForeignKey(Unit, models.PROTECT, null=True, related_name="+")
    members = models.ManyToManyField(Unit, related_name="+")
    opinion = models.TextField(blank=True)
    measure = models.CharField(max_length=500, blank=True)
    decided_unit = models.ForeignKey(Unit, models.PROTECT, null=True, related_name="+")
    concluded_at = models.DateTimeField(null=True)
    concluded_by = models.CharField(max_length=40, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["ticket"],
                name="one_coordination_open",
                condition=Q(concluded_at__isnull=True),
            )
        ]
        indexes = [
            # Reader: the desk's list of hard cases.
            models.Index(
                fields=["asked_at"],
                name="coordination_open",
                condition=Q(concluded_at__isnull=True),
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} on {self.ticket_id}"
