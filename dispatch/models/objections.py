"""派单异议 and how it was ruled."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from hotline.core.models import Unit

from .assignments import Assignment


class ObjectionReason(models.TextChoices):
    DUTY = "duty", _("不属本单位职责")
    JURISDICTION = "jurisdiction", _("不在本单位辖区")
    DUTY_LIST = "duty_list", _("不在履职清单")
    OTHER_LEAD = "other_lead", _("应由其他单位主办，本单位可协办")
    UNCLEAR = "unclear", _("地点或事项不清，无法办理")


class ObjectionOutcome(models.TextChoices):
    UPHELD = "upheld", _("成立，退回重派")
    DESIGNATED = "designated", _("成立，指定承办单位")
    REJECTED = "rejected", _("不成立，继续办理")
    LAPSED = "lapsed", _("派单已收回，不再审核")


# The dispatch was wrong: it counts against dispatch accuracy (R-050, F-15).
WRONG_DISPATCH = (ObjectionOutcome.UPHELD, ObjectionOutcome.DESIGNATED)


class Objection(models.Model):
    """派单异议: the unit says the matter is not its own, with reason and basis (R-045, R-046)."""

    assignment = models.ForeignKey(Assignment, models.PROTECT, related_name="objections")
    ground = models.CharField(
        max_length=16, choices=ObjectionReason.choices, default=ObjectionReason.DUTY
    )
    reason = models.CharField(max_length=500)
    basis = models.CharField(max_length=200)
    proposed_unit = models.ForeignKey(Unit, models.PROTECT, null=True, related_name="+")
    raised_at = models.DateTimeField()
    raised_by = models.CharField(max_length=40)
    outcome = models.CharField(max_length=12, choices=ObjectionOutcome.choices, blank=True)
    designated_unit = models.ForeignKey(Unit, models.PROTECT, null=True, related_name="+")
    ruled_at = models.DateTimeField(null=True)
    ruled_by = models.CharField(max_length=40, blank=True)
    ruling = models.CharField(max_length=500, blank=True)

    class Meta:
        constraints = [
            # After a ruling the named unit cannot object again: one per assignment.
            models.UniqueConstraint(fields=["assignment"], name="one_objection_per_assignment")
        ]
        indexes = [
            # Reader: the dispatch desk's list of objections to rule on.
            models.Index(fields=["raised_at"], name="objection_pending", condition=Q(outcome="")),
            # Reader: accuracy and improper returns over a period.
            models.Index(fields=["ruled_at"], name="objection_by_ruling"),
        ]

    def __str__(self) -> str:
        return f"objection on {self.assignment_id}"
