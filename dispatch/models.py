"""Who has been asked to do what about a ticket, and what they did."""

from __future__ import annotations

import datetime as dt

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from hotline.core.actors import Actor
from hotline.core.models import Unit
from intake.models import Ticket


class AssignmentRole(models.TextChoices):
    LEAD = "lead", _("主办")
    COOPERATE = "cooperate", _("协办")
    DELEGATE = "delegate", _("转交办理")
    SUPERVISE = "supervise", _("督办（抄送）")


class AssignmentState(models.TextChoices):
    PENDING = "pending", _("待签收")
    SIGNED = "signed", _("办理中")
    REPLIED = "replied", _("已答复")
    RETURNED = "returned", _("已退回")
    ENDED = "ended", _("已结束")


class AssignmentQuerySet(models.QuerySet["Assignment"]):
    def visible_to(self, actor: Actor) -> AssignmentQuerySet:
        """A unit's own orders; the hotline, auditors and the system see all; a district
        supervisor those of tickets in the district and its copies."""
        if actor.sees_all:
            return self
        seen = Q(unit_id__in=list(actor.watched_unit_ids))
        if actor.district_ids:
            seen |= Q(ticket__district_id__in=list(actor.district_ids))
        return self.filter(seen)

    def open(self) -> AssignmentQuerySet:
        return self.filter(is_open=True)

    def inbox(self) -> AssignmentQuerySet:
        """What waits for the unit, least time left first; what has no clock of its own last."""
        return self.open().order_by(models.F("next_due_at").asc(nulls_last=True), "id")

    def overdue(self, at: dt.datetime) -> AssignmentQuerySet:
        return self.open().filter(next_due_at__lte=at)


class Assignment(models.Model):
    """A ticket given to a unit in a role. The unit's inbox lists these rows; `next_due_at` is the
    nearest of the unit's running clocks, kept by the services."""

    ticket = models.ForeignKey(Ticket, models.PROTECT, related_name="assignments")
    unit = models.ForeignKey(Unit, models.PROTECT, related_name="assignments", db_index=False)
    role = models.CharField(max_length=12, choices=AssignmentRole.choices)
    state = models.CharField(
        max_length=12, choices=AssignmentState.choices, default=AssignmentState.PENDING
    )
    is_open = models.BooleanField(default=True)
    round = models.PositiveSmallIntegerField(default=1, help_text="grows with each re-handling")
    dispatched_at = models.DateTimeField()
    basis = models.CharField(max_length=200, blank=True, help_text="why this unit")
    next_due_at = models.DateTimeField(null=True)
    signed_at = models.DateTimeField(null=True)
    contacted_at = models.DateTimeField(null=True)
    replied_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    objects = AssignmentQuerySet.as_manager()

    class Meta:
        constraints = [
            # Two dispatchers at once: one of them loses here.
            models.UniqueConstraint(
                fields=["ticket"],
                name="one_open_lead_per_ticket",
                condition=Q(role="lead", is_open=True),
            ),
        ]
        indexes = [
            # Reader: the unit's inbox, least time left first.
            models.Index(
                fields=["unit", "next_due_at", "id"],
                name="assignment_inbox",
                condition=Q(is_open=True),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.ticket_id} → {self.unit_id} ({self.role})"


class ContactMethod(models.TextChoices):
    PHONE = "phone", _("电话")
    VISIT = "visit", _("上门见面")
    MESSAGE = "message", _("短信或网络")
    RELAY = "relay", _("经热线转达")


class Contact(models.Model):
    """The unit has spoken to the requester (or tried to, through the hotline's relay)."""

    assignment = models.ForeignKey(Assignment, models.PROTECT, related_name="contacts")
    method = models.CharField(max_length=8, choices=ContactMethod.choices)
    contacted_at = models.DateTimeField()
    recorded_at = models.DateTimeField()
    recorded_by = models.CharField(max_length=40)
    remark = models.CharField(max_length=500, blank=True)

    def __str__(self) -> str:
        return f"{self.method} {self.contacted_at:%m-%d %H:%M}"


class ReplyKind(models.TextChoices):
    SITUATION = "situation", _("情况反馈")
    PLAN = "plan", _("下一步措施")
    FINAL = "final", _("办理答复")


class Solved(models.TextChoices):
    """What the unit itself says; the requester's word is another fact."""

    YES = "yes", _("已解决")
    PARTLY = "partly", _("部分解决")
    NO = "no", _("未解决")


class Reply(models.Model):
    """What a unit fed back to the requester and the hotline (R-064)."""

    assignment = models.ForeignKey(Assignment, models.PROTECT, related_name="replies")
    kind = models.CharField(max_length=12, choices=ReplyKind.choices)
    round = models.PositiveSmallIntegerField(default=1)
    text = models.TextField()
    solved = models.CharField(max_length=8, choices=Solved.choices, blank=True)
    told_by = models.CharField(max_length=8, choices=ContactMethod.choices, blank=True)
    told_at = models.DateTimeField(null=True)
    replied_at = models.DateTimeField()
    written_by = models.CharField(max_length=40)

    def __str__(self) -> str:
        return f"{self.kind} {self.replied_at:%m-%d %H:%M}"


class ObjectionOutcome(models.TextChoices):
    UPHELD = "upheld", _("成立，退回重派")
    REJECTED = "rejected", _("不成立，继续办理")
    LAPSED = "lapsed", _("派单已收回，不再审核")


class Objection(models.Model):
    """派单异议: the unit says the matter is not its own, with reason and basis (R-045, R-046)."""

    assignment = models.ForeignKey(Assignment, models.PROTECT, related_name="objections")
    reason = models.CharField(max_length=500)
    basis = models.CharField(max_length=200)
    proposed_unit = models.ForeignKey(Unit, models.PROTECT, null=True, related_name="+")
    raised_at = models.DateTimeField()
    raised_by = models.CharField(max_length=40)
    outcome = models.CharField(max_length=8, choices=ObjectionOutcome.choices, blank=True)
    ruled_at = models.DateTimeField(null=True)
    ruled_by = models.CharField(max_length=40, blank=True)
    ruling = models.CharField(max_length=500, blank=True)

    class Meta:
        constraints = [
            # After a ruling the named unit cannot object again: one per assignment.
            models.UniqueConstraint(fields=["assignment"], name="one_objection_per_assignment")
        ]

    def __str__(self) -> str:
        return f"objection on {self.assignment_id}"


class SupervisionOrder(models.Model):
    """督办单: a formal order that must be answered, and whose answer must be accepted, before the
    ticket can close (design §4: the second unsolved result)."""

    ticket = models.ForeignKey(Ticket, models.PROTECT, related_name="supervision_orders")
    unit = models.ForeignKey(Unit, models.PROTECT, related_name="+")
    reason = models.CharField(max_length=40)
    issued_at = models.DateTimeField()
    issued_by = models.CharField(max_length=40)
    answered_at = models.DateTimeField(null=True)
    accepted_at = models.DateTimeField(null=True)
    accepted_by = models.CharField(max_length=40, blank=True)

    def __str__(self) -> str:
        return f"order on {self.ticket_id}"
