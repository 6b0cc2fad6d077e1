"""What a unit asks about its own result: 剔除, 不计入, 申诉. Another person decides."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from hotline.core.models import Unit
from intake.models import Ticket

from .callbacks import CallbackResult


class PleaOutcome(models.TextChoices):
    GRANTED = "granted", _("同意")
    REFUSED = "refused", _("不同意")
    LAPSED = "lapsed", _("已失效")


class Plea(models.Model):
    """What an exclusion and an appeal have in common: who asks, why, with what evidence, by when
    it must be decided, and how and by whom it was."""

    ticket = models.ForeignKey(Ticket, models.PROTECT, related_name="+")
    unit = models.ForeignKey(Unit, models.PROTECT, related_name="+", db_index=False)
    reason = models.CharField(max_length=500)
    evidence = models.CharField(max_length=500, help_text="what proves it and where it lies")
    raised_at = models.DateTimeField()
    raised_by = models.CharField(max_length=40)
    outcome = models.CharField(max_length=12, choices=PleaOutcome.choices, blank=True)
    ruled_at = models.DateTimeField(null=True)
    ruled_by = models.CharField(max_length=40, blank=True)
    ruling = models.CharField(max_length=500, blank=True)

    class Meta:
        abstract = True


class ExclusionScope(models.TextChoices):
    """What the ticket leaves (F-21); it stays visible and handled either way."""

    RATES = "rates", _("剔除（不计入三率）")
    VOLUME = "volume", _("不计入诉求总量")


class ExclusionGround(models.TextChoices):
    UNREASONABLE = "unreasonable", _("不合理诉求")
    BEYOND_DUTY = "beyond_duty", _("超出职责或法律不允许")
    LEGAL_CHANNEL = "legal_channel", _("已进入诉讼、仲裁、信访等渠道")
    FORCE_MAJEURE = "force_majeure", _("不可抗力")
    WRONG_RECORD = "wrong_record", _("登记或回访有误")
    MALICIOUS = "malicious", _("恶意或虚假诉求")
    TOLERATED = "tolerated", _("容错（尽职而未成）")


class Exclusion(Plea):
    """剔除 or 不计入 of one ticket for one unit: ground, evidence, decided by another person within
    a clock (R-096). 容错 (R-102) is one of its grounds."""

    scope = models.CharField(max_length=8, choices=ExclusionScope.choices)
    ground = models.CharField(max_length=16, choices=ExclusionGround.choices)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["ticket", "unit", "scope"],
                name="one_exclusion_asked_or_granted",
                condition=Q(outcome__in=["", "granted"]),
            )
        ]
        indexes = [
            models.Index(fields=["raised_at"], name="exclusion_pending", condition=Q(outcome=""))
        ]

    def __str__(self) -> str:
        return f"{self.ticket_id} × {self.unit_id} {self.scope}"


class AppealGround(models.TextChoices):
    NOT_ASKED = "not_asked", _("回访未按规定进行")
    OTHER_MATTER = "other_matter", _("诉求人评价的不是本事项")
    OTHER_UNIT = "other_unit", _("诉求人评价的不是本单位")
    CONTRADICTED = "contradicted", _("与办理证据不符")


class Appeal(Plea):
    """申诉 against one answer of a requester: if upheld the answer is set aside for the unit. It
    stays what it was and stays readable; nobody rewrites it (R-097)."""

    result = models.ForeignKey(CallbackResult, models.PROTECT, related_name="appeals")
    ground = models.CharField(max_length=16, choices=AppealGround.choices)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["result", "unit"], name="one_appeal_per_answer")
        ]
        indexes = [
            models.Index(fields=["raised_at"], name="appeal_pending", condition=Q(outcome=""))
        ]

    def __str__(self) -> str:
        return f"appeal on {self.result_id}"
