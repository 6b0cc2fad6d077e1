"""考评方案: by which rules a month is scored."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class SchemeQuerySet(models.QuerySet["Scheme"]):
    def adopted(self) -> SchemeQuerySet:
        return self.filter(adopted_at__isnull=False)

    def for_month(self, label: str) -> Scheme | None:
        """The scheme by which a month is scored: the latest adopted one that is valid by then."""
        return self.adopted().filter(valid_from__lte=label).order_by("-valid_from").first()


class Scheme(models.Model):
    """A version of the assessment scheme: `rules` is a `evaluation.rules.Rules` as JSON.

    A draft can be changed; an adopted one cannot (a trigger refuses), because closed months refer
    to it. Its first month is one that no draft of a month has been opened for.
    """

    version = models.PositiveIntegerField(unique=True)
    name = models.CharField(max_length=80)
    rules = models.JSONField()
    valid_from = models.CharField(max_length=7, help_text="its first assessment month, 2026-01")
    drafted_at = models.DateTimeField()
    drafted_by = models.CharField(max_length=40)
    edited_by = models.JSONField(default=list, help_text="everybody who ever wrote its rules")
    adopted_at = models.DateTimeField(null=True)
    adopted_by = models.CharField(max_length=40, blank=True)

    objects = SchemeQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["valid_from"],
                name="one_scheme_begins_in_a_month",
                condition=Q(adopted_at__isnull=False),
            )
        ]

    def __str__(self) -> str:
        return f"{self.name} v{self.version}"


class ConsultedParty(models.TextChoices):
    """Whose opinion the regulation asks for before a scheme takes effect (R-090)."""

    DEPARTMENTS = "departments", _("部门")
    STREETS = "streets", _("街道（乡镇）")
    PUBLIC = "public", _("社会公众")


class Consultation(models.Model):
    """What one of the parties said about a draft scheme, and what was done with it (R-090).
    Append-only."""

    scheme = models.ForeignKey(Scheme, models.PROTECT, related_name="consultations")
    party = models.CharField(max_length=16, choices=ConsultedParty.choices)
    began_on = models.DateField()
    ended_on = models.DateField()
    opinion_count = models.PositiveIntegerField()
    fingerprint = models.CharField(max_length=64, help_text="of the rules that were put to them")
    summary = models.CharField(max_length=1000)
    adopted_opinions = models.CharField(max_length=1000, help_text="what was taken up, or why not")
    written_at = models.DateTimeField()
    written_by = models.CharField(max_length=40)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(ended_on__gte=models.F("began_on")), name="consultation_ends_later"
            )
        ]

    def __str__(self) -> str:
        return f"{self.scheme_id} {self.party}"
