"""More time: extensions, waiting for the requester's facts, the ledger of pending matters."""

from __future__ import annotations

import datetime as dt

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from hotline.core.working_time import TimeUnit
from intake.models import Ticket

from .assignments import Assignment
from .contacts import ContactMethod


class Decision(models.TextChoices):
    GRANTED = "granted", _("同意")
    REFUSED = "refused", _("不同意")
    LAPSED = "lapsed", _("失效")


class ExtensionReason(models.TextChoices):
    LEGAL = "legal", _("法定程序或检测鉴定需要时间")
    OBSTACLE = "obstacle", _("客观条件限制")
    WEATHER = "weather", _("恶劣天气")
    THIRD_PARTY = "third_party", _("需第三方施工或供货")


class Extension(models.Model):
    """延期: asked before the feedback is due, decided by somebody else, the requester told
    (R-062, R-063)."""

    assignment = models.ForeignKey(Assignment, models.PROTECT, related_name="extensions")
    ground = models.CharField(max_length=12, choices=ExtensionReason.choices)
    reason = models.CharField(max_length=500)
    amount = models.PositiveIntegerField()
    unit = models.CharField(max_length=16, choices=[(u.value, u.value) for u in TimeUnit])
    told_by = models.CharField(max_length=8, choices=ContactMethod.choices, blank=True)
    told_at = models.DateTimeField(null=True, help_text="when the requester was told")
    asked_at = models.DateTimeField()
    asked_by = models.CharField(max_length=40)
    outcome = models.CharField(max_length=8, choices=Decision.choices, blank=True)
    decided_at = models.DateTimeField(null=True)
    decided_by = models.CharField(max_length=40, blank=True)
    decision = models.CharField(max_length=500, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["assignment"], name="one_extension_pending", condition=Q(outcome="")
            )
        ]
        indexes = [
            # Reader: the dispatch desk's list of extensions to decide.
            models.Index(fields=["asked_at"], name="extension_pending", condition=Q(outcome=""))
        ]

    def __str__(self) -> str:
        return f"extension of {self.assignment_id}"


class FactRequest(models.Model):
    """Waiting for facts that only the requester has: bounded, with its own clock."""

    assignment = models.ForeignKey(Assignment, models.PROTECT, related_name="fact_requests")
    question = models.CharField(max_length=500)
    asked_at = models.DateTimeField()
    asked_by = models.CharField(max_length=40)
    until = models.DateTimeField()
    answered_at = models.DateTimeField(null=True)
    answered_by = models.CharField(max_length=40, blank=True)
    answer = models.TextField(blank=True)
    ended_at = models.DateTimeField(null=True, help_text="answered, or overtaken by events")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["assignment"],
                name="one_fact_request_open",
                condition=Q(ended_at__isnull=True),
            )
        ]

    def __str__(self) -> str:
        return f"facts for {self.assignment_id}"


class HoldKind(models.TextChoices):
    """Why a matter cannot be solved for now; no city has published its criteria (domain §15)."""

    PLANNING = "planning", _("规划或历史遗留")
    FUNDS = "funds", _("资金未落实")
    LITIGATION = "litigation", _("等待司法或鉴定结论")
    ENGINEERING = "engineering", _("列入工程计划")
    CONSENT = "consent", _("需相关业主表决")
    OTHER = "other", _("其他客观原因")


class LedgerHoldQuerySet(models.QuerySet["LedgerHold"]):
    def on_ledger(self, at: dt.datetime) -> LedgerHoldQuerySet:
        """Approved and not cleared as of `at`: their tickets are not assessed then (R-067)."""
        return self.filter(outcome=Decision.GRANTED, decided_at__lte=at).filter(
            Q(cleared_at__isnull=True) | Q(cleared_at__gt=at)
        )


class LedgerHold(models.Model):
    """挂账: a matter that cannot be solved for now stays open on the ledger, with a plan and a
    review each month, approved by somebody else; the requester is told (R-067). `left` is what
    remained of the unit's limit and runs again when it is cleared."""

    ticket = models.ForeignKey(Ticket, models.PROTECT, related_name="holds")
    assignment = models.ForeignKey(Assignment, models.PROTECT, related_name="holds")
    kind = models.CharField(max_length=12, choices=HoldKind.choices)
    plan = models.CharField(max_length=1000)
    review_at = models.DateTimeField(help_text="when it is looked at next")
    told_by = models.CharField(max_length=8, choices=ContactMethod.choices, blank=True)
    told_at = models.DateTimeField(null=True)
    asked_at = models.DateTimeField()
    asked_by = models.CharField(max_length=40)
    outcome = models.CharField(max_length=8, choices=Decision.choices, blank=True)
    decided_at = models.DateTimeField(null=True)
    decided_by = models.CharField(max_length=40, blank=True)
    decision = models.CharField(max_length=500, blank=True)
    left = models.DurationField(null=True)
    cleared_at = models.DateTimeField(null=True)
    cleared_by = models.CharField(max_length=40, blank=True)
    clearance = models.CharField(max_length=500, blank=True)

    objects = LedgerHoldQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["ticket"],
                name="one_hold_at_a_time",
                condition=Q(outcome="") | Q(outcome="granted", cleared_at__isnull=True),
            )
        ]
        indexes = [
            # Reader: the ledger page and the desk's list of holds to decide or review.
            models.Index(
                fields=["review_at"],
                name="hold_open",
                condition=Q(outcome="") | Q(outcome="granted", cleared_at__isnull=True),
            )
        ]

    def __str__(self) -> str:
        return f"hold of {self.ticket_id}"


class LedgerReview(models.Model):
    """A monthly look at a matter on the ledger."""

    hold = models.ForeignKey(LedgerHold, models.PROTECT, related_name="reviews")
    finding = models.CharField(max_length=500)
    reviewed_at = models.DateTimeField()
    reviewed_by = models.CharField(max_length=40)
    next_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"review of {self.hold_id}"
