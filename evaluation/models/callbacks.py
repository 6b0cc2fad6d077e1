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
    """How the answers reached the office. Staff write down what was said by telephone, and nothing
    else; the others are written by the requester."""

    PHONE = "phone", _("电话")
    ROBOT = "robot", _("语音机器人")
    SMS = "sms", _("短信链接")
    WEB = "web", _("网页链接")
    OWN = "own", _("诉求人自评")


# Written without anybody of the office in between.
BY_REQUESTER = (
    CallbackChannel.ROBOT,
    CallbackChannel.SMS,
    CallbackChannel.WEB,
    CallbackChannel.OWN,
)


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
    is_withheld = models.BooleanField(
        default=False, help_text="the requester asks that the unit does not read it"
    )
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
            models.CheckConstraint(
                condition=Q(channel="phone") | Q(called_by__isnull=True),
                name="staff_write_calls_only",
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


class RatingLink(models.Model):
    """An address under which one requester answers the three questions once, until it expires.

    Only the token's hash is kept; `result` is the answer it led to. The page behind it shows
    nothing of the matter, so a lost telephone tells nobody anything.
    """

    token_hash = models.BinaryField(max_length=32, unique=True)
    ticket = models.ForeignKey(Ticket, models.PROTECT, related_name="rating_links")
    party = models.ForeignKey(
        "intake.TicketRequester", models.PROTECT, related_name="+", db_index=False
    )
    channel = models.CharField(max_length=8, choices=CallbackChannel.choices)
    made_at = models.DateTimeField()
    made_by = models.CharField(max_length=40)
    expires_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True, help_text="null: not handed to the carrier yet")
    result = models.OneToOneField(
        CallbackResult, models.PROTECT, null=True, related_name="link", db_index=False
    )

    def __str__(self) -> str:
        return f"{self.ticket_id} {self.channel} {self.made_at:%m-%d %H:%M}"


class PressureKind(models.TextChoices):
    """What somebody asked of a requester (the fourth question)."""

    CHANGE = "change", _("要求改变评价")
    WITHDRAW = "withdraw", _("要求撤回诉求")
    SILENCE = "silence", _("要求不要再说")
    OTHER = "other", _("其他压力")


class PressureReport(models.Model):
    """A requester says that somebody put pressure on them: a clue, never a score.

    A record of its own without an event: no unit and no district may learn that it exists
    (design §7). Append-only.
    """

    ticket = models.ForeignKey(Ticket, models.PROTECT, related_name="+")
    requester = models.ForeignKey(Requester, models.PROTECT, related_name="+", db_index=False)
    kind = models.CharField(max_length=12, choices=PressureKind.choices)
    words = models.CharField(max_length=500, blank=True)
    channel = models.CharField(max_length=8, choices=CallbackChannel.choices)
    told_at = models.DateTimeField()
    written_by = models.CharField(max_length=40)

    class Meta:
        indexes = [models.Index(fields=["-told_at"], name="pressure_newest")]

    def __str__(self) -> str:
        return f"{self.ticket_id} {self.kind}"
