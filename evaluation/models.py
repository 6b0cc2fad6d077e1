"""What the requester said when called back."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from hotline.core.models import Staff, Unit
from intake.models import Requester, Ticket


class CallOutcome(models.TextChoices):
    """How an attempt ended (R-083)."""

    CONNECTED = "connected", _("接通")
    NO_ANSWER = "no_answer", _("未接通")
    REFUSED = "refused", _("拒访")
    WRONG_NUMBER = "wrong_number", _("号码错误")
    DECLINED = "declined", _("诉求人要求不回访")


class Satisfaction(models.TextChoices):
    SATISFIED = "satisfied", _("满意")
    BASICALLY = "basically", _("基本满意")
    AVERAGE = "average", _("一般")
    DISSATISFIED = "dissatisfied", _("不满意")
    VERY_DISSATISFIED = "very_dissatisfied", _("非常不满意")


# What counts toward the satisfaction rate: 满意 whole, 基本满意 in part (F-3).
SATISFIED = (Satisfaction.SATISFIED, Satisfaction.BASICALLY)


class CallbackChannel(models.TextChoices):
    PHONE = "phone", _("电话")
    SMS = "sms", _("短信")
    WEB = "web", _("网络")


class CallbackResult(models.Model):
    """One attempt to learn the outcome from one requester: three answers in order, or why there
    are none (R-082…R-085).

    Append-only: the application role cannot change or delete a row, so nobody on the staff can
    alter a citizen's answer. `is_valid` only when connected and all three are answered;
    `is_first` marks the first valid answer about a unit's handling of a ticket, which is the one
    the monthly table counts; the last is the final one, and both stay.
    """

    ticket = models.ForeignKey(Ticket, models.PROTECT, related_name="callback_results")
    unit = models.ForeignKey(Unit, models.PROTECT, related_name="+", db_index=False)
    requester = models.ForeignKey(Requester, models.PROTECT, related_name="+", db_index=False)
    round = models.PositiveSmallIntegerField()
    attempt = models.PositiveSmallIntegerField()
    channel = models.CharField(
        max_length=8, choices=CallbackChannel.choices, default=CallbackChannel.PHONE
    )
    outcome = models.CharField(max_length=16, choices=CallOutcome.choices)
    contacted = models.BooleanField(null=True)
    resolved = models.BooleanField(null=True)
    satisfaction = models.CharField(max_length=20, choices=Satisfaction.choices, blank=True)
    opinion = models.CharField(max_length=500, blank=True)
    is_valid = models.BooleanField()
    is_first = models.BooleanField()
    called_at = models.DateTimeField()
    called_by = models.ForeignKey(Staff, models.PROTECT, null=True, related_name="+")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(is_valid=False)
                | (
                    Q(outcome="connected", contacted__isnull=False, resolved__isnull=False)
                    & ~Q(satisfaction="")
                ),
                name="valid_callback_is_complete",
            ),
            models.UniqueConstraint(
                fields=["ticket", "unit"],
                name="one_first_answer_per_ticket_and_unit",
                condition=Q(is_first=True),
            ),
        ]
        indexes = [
            # Reader: the monthly table of a unit.
            models.Index(
                fields=["unit", "ticket"], name="callback_counted", condition=Q(is_first=True)
            )
        ]

    def __str__(self) -> str:
        return f"{self.ticket_id} #{self.attempt} {self.outcome}"

    @property
    def is_good(self) -> bool:
        """Solved and satisfied: nothing left to handle."""
        return bool(self.resolved) and self.satisfaction in SATISFIED
