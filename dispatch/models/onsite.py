"""现场责任划分: units called to a place at a set time, and what was settled there."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from hotline.core.models import Unit
from intake.models import Ticket


class OnsiteGround(models.TextChoices):
    """Why a matter cannot be settled from the desk (R-037)."""

    HARD = "hard", _("疑难复杂")
    KEY = "key", _("重点事项")
    REPEATED = "repeated", _("反复反映")
    CROSS_AREA = "cross_area", _("跨区域")
    UNCLEAR = "unclear", _("职责不清")


class OnsiteAttributionQuerySet(models.QuerySet["OnsiteAttribution"]):
    def open(self) -> OnsiteAttributionQuerySet:
        """Ordered and not settled yet."""
        return self.filter(ended_at__isnull=True)

    def with_calls(self) -> OnsiteAttributionQuerySet:
        """With everything that a page tells of them, the latest first."""
        return (
            self.select_related("lead_unit")
            .prefetch_related("calls__unit", "cooperators")
            .order_by("-id")
        )


class OnsiteAttribution(models.Model):
    """现场责任划分 (R-037): the desk orders units to be at a place at a set time, to look at the
    matter and split the responsibility. `lead_unit` and `cooperators` are the split that was
    decided, empty where the words alone say it."""

    ticket = models.ForeignKey(Ticket, models.PROTECT, related_name="onsite_attributions")
    ground = models.CharField(max_length=12, choices=OnsiteGround.choices)
    reason = models.CharField(max_length=500, help_text="what is to be looked at or settled")
    place = models.CharField(max_length=200)
    meet_at = models.DateTimeField()
    ordered_at = models.DateTimeField()
    ordered_by = models.CharField(max_length=40)
    decision = models.TextField(blank=True)
    lead_unit = models.ForeignKey(Unit, models.PROTECT, null=True, related_name="+")
    cooperators = models.ManyToManyField(Unit, related_name="+")
    decided_at = models.DateTimeField(null=True)
    decided_by = models.CharField(max_length=40, blank=True)
    ended_at = models.DateTimeField(null=True, help_text="decided, or overtaken by events")

    objects = OnsiteAttributionQuerySet.as_manager()

    class Meta:
        constraints = [
            # Two people of the desk at once: the units are called once.
            models.UniqueConstraint(
                fields=["ticket"], name="one_onsite_open", condition=Q(ended_at__isnull=True)
            )
        ]
        indexes = [
            # Reader: the desk's list of matters to be settled on site.
            models.Index(fields=["meet_at"], name="onsite_open", condition=Q(ended_at__isnull=True))
        ]

    def __str__(self) -> str:
        return f"on-site order on {self.ticket_id}"

    @property
    def absent(self) -> list[OnsiteCall]:
        """The units that had not come by the time of the decision; none before it, and none where
        it was taken before the time that had been set."""
        if self.decided_at is None or self.decided_at < self.meet_at:
            return []
        return [call for call in self.calls.all() if call.arrived_at is None]


_MEET_AT = F("attribution__meet_at")


class OnsiteCallQuerySet(models.QuerySet["OnsiteCall"]):
    def absent(self) -> OnsiteCallQuerySet:
        """Of units that had not come when the matter was decided without them."""
        return self.filter(arrived_at__isnull=True, attribution__decided_at__gte=_MEET_AT)

    def late(self) -> OnsiteCallQuerySet:
        """Of units that came after the time that had been set."""
        return self.filter(arrived_at__gte=_MEET_AT)


class OnsiteCall(models.Model):
    """One unit that was called, and when somebody of it said that they were there."""

    attribution = models.ForeignKey(OnsiteAttribution, models.CASCADE, related_name="calls")
    unit = models.ForeignKey(Unit, models.PROTECT, related_name="onsite_calls")
    arrived_at = models.DateTimeField(null=True)
    arrived_by = models.CharField(max_length=40, blank=True)

    objects = OnsiteCallQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["attribution", "unit"], name="one_call_per_unit_and_meeting"
            )
        ]

    def __str__(self) -> str:
        return f"{self.unit_id} to {self.attribution_id}"

    @property
    def is_late(self) -> bool:
        """Came, but not before the time that had been set."""
        return self.arrived_at is not None and self.arrived_at >= self.attribution.meet_at
