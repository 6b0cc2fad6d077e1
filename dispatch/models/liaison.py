"""央地、军地联动: matters of central or military bodies in the city, and who has them."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from intake.models import Ticket

from .assignments import Assignment
from .contacts import ContactMethod


class OrganisationKind(models.TextChoices):
    """Whom the liaison mechanism speaks to (regulation, article 22)."""

    CENTRAL_ORGAN = "central_organ", _("中央和国家机关")
    CENTRAL_ENTERPRISE = "central_enterprise", _("中央企业")
    MILITARY = "military", _("驻地部队")


class Liaison(models.Model):
    """联动转办 (R-043): the matter concerns an organisation that is not the city's to command. It
    goes through the liaison office's order, counts for no local unit, and appears in nothing that
    is published. `told_by` and `told_at` say how the requester learnt who has it."""

    ticket = models.ForeignKey(Ticket, models.PROTECT, related_name="liaisons")
    assignment = models.OneToOneField(Assignment, models.PROTECT, related_name="liaison")
    organisation_kind = models.CharField(max_length=20, choices=OrganisationKind.choices)
    organisation = models.CharField(max_length=120)
    remark = models.CharField(max_length=500, blank=True)
    told_by = models.CharField(max_length=8, choices=ContactMethod.choices, blank=True)
    told_at = models.DateTimeField(null=True, help_text="null: anonymous, nobody to tell")
    passed_at = models.DateTimeField()
    passed_by = models.CharField(max_length=40)

    def __str__(self) -> str:
        return f"{self.organisation_kind} on {self.ticket_id}"
