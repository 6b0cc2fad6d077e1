"""督办单, and the ladder that a missed promise climbs."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from hotline.core.models import Unit
from intake.models import Ticket


class OrderReason(models.TextChoices):
    UNSOLVED_TWICE = "unsolved_twice", _("两次回访未解决")
    OVERDUE = "overdue", _("超时未办")
    INSTRUCTION = "instruction", _("领导批示")


class SupervisionOrderQuerySet(models.QuerySet["SupervisionOrder"]):
    def instructions(self) -> SupervisionOrderQuerySet:
        return self.filter(reason=OrderReason.INSTRUCTION)

    def in_hand(self) -> SupervisionOrderQuerySet:
        """Instructions that the leader who gave them is not done with."""
        return self.instructions().filter(accepted_at=None, sent_back_at=None)

    def to_answer(self) -> SupervisionOrderQuerySet:
        """Instructions that a unit still has to answer."""
        return self.in_hand().filter(answered_at=None, lapsed_at=None)

    def to_read(self) -> SupervisionOrderQuerySet:
        """Instructions whose answer, or whose end without one, waits for the leader (待阅)."""
        return self.in_hand().exclude(answered_at=None, lapsed_at=None)


class SupervisionOrder(models.Model):
    """督办单: a formal order that must be answered. The one on a second unsolved result must have
    its answer accepted before the ticket can close (design §4); one on a missed deadline is
    answered by doing what was owed; a leader's instruction (批示) in words, within the clock named
    by `clock_id`.

    An instruction that is not answered when its unit loses the ticket lapses and comes back to the
    leader unanswered. One sent back is followed by a further one (`follows`) with its own clock, so
    that nothing that was written is lost.
    """

    ticket = models.ForeignKey(Ticket, models.PROTECT, related_name="supervision_orders")
    unit = models.ForeignKey(Unit, models.PROTECT, related_name="+")
    reason = models.CharField(max_length=40, choices=OrderReason.choices)
    issued_at = models.DateTimeField()
    issued_by = models.CharField(max_length=40)
    answered_at = models.DateTimeField(null=True)
    accepted_at = models.DateTimeField(null=True)
    accepted_by = models.CharField(max_length=40, blank=True)
    text = models.CharField(max_length=500, blank=True, help_text="what the leader wrote")
    answer = models.CharField(max_length=2000, blank=True)
    answered_by = models.CharField(max_length=40, blank=True)
    clock_id = models.BigIntegerField(null=True)
    lapsed_at = models.DateTimeField(null=True, help_text="its unit lost the ticket unanswered")
    sent_back_at = models.DateTimeField(null=True)
    follows = models.ForeignKey(
        "self", models.PROTECT, null=True, related_name="followed_by", db_index=False
    )

    objects = SupervisionOrderQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=~Q(reason="instruction") | (~Q(text="") & Q(clock_id__isnull=False)),
                name="instruction_has_text_and_clock",
            )
        ]
        indexes = [
            # Reader: a leader's page, whose instructions are still in hand.
            models.Index(
                fields=["issued_by", "issued_at"],
                name="instruction_in_hand",
                condition=Q(
                    reason="instruction", accepted_at__isnull=True, sent_back_at__isnull=True
                ),
            )
        ]

    def __str__(self) -> str:
        return f"order on {self.ticket_id}"

    @property
    def is_pending(self) -> bool:
        """Still to be answered, or to be accepted."""
        return self.accepted_at is None and self.sent_back_at is None and self.lapsed_at is None

    @property
    def waits_for_reading(self) -> bool:
        """An instruction that has come back to the leader (待阅)."""
        is_back = self.answered_at is not None or self.lapsed_at is not None
        return is_back and self.accepted_at is None and self.sent_back_at is None

    @property
    def state_label(self) -> str:
        """How an instruction stands."""
        if self.accepted_at is not None:
            return gettext("已阅")
        if self.sent_back_at is not None:
            return gettext("已退回，另有要求")
        if self.answered_at is not None:
            return gettext("已答复，待阅")
        if self.lapsed_at is not None:
            return gettext("未答复而失效，待阅")
        return gettext("待答复")


class Rung(models.TextChoices):
    URGE = "urge", _("催办")
    ORDER = "order", _("督办")
    CRITICISM = "criticism", _("书面批评")


class LadderStep(models.Model):
    """A missed promise was followed by an urge, an order or a criticism (R-105, R-106): one row
    per clock and rung, whatever runs twice. `unit` is empty where the hotline itself was late."""

    clock_id = models.BigIntegerField()
    ticket = models.ForeignKey(Ticket, models.PROTECT, related_name="ladder_steps")
    unit = models.ForeignKey(Unit, models.PROTECT, null=True, related_name="+")
    rung = models.CharField(max_length=10, choices=Rung.choices)
    taken_at = models.DateTimeField(help_text="when it fell due, not when it was noticed")
    addressee = models.ForeignKey(
        Unit, models.PROTECT, null=True, related_name="+", help_text="whose leader was told"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["clock_id", "rung"], name="each_rung_once_per_clock")
        ]

    def __str__(self) -> str:
        return f"{self.rung} on clock {self.clock_id}"
