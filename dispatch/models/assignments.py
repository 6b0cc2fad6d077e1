"""Who has been asked to do what about a ticket."""

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


ASSISTING_ROLES = (AssignmentRole.COOPERATE, AssignmentRole.DELEGATE)


class AssignmentState(models.TextChoices):
    PENDING = "pending", _("待签收")
    SIGNED = "signed", _("办理中")
    REPLIED = "replied", _("已答复")
    RETURNED = "returned", _("已退回")
    ENDED = "ended", _("已结束")


class EndReason(models.TextChoices):
    """Why an order ended without a reply of its own."""

    UNDONE = "undone", _("派单员即时撤回")
    RECALLED = "recalled", _("收回派单")
    RETURNED = "returned", _("异议成立")
    DESIGNATED = "designated", _("裁定改派")
    TAKEN_OVER = "taken_over", _("提级办理")
    RELEASED = "released", _("解除协办")
    CLOSED = "closed", _("工单办结")


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

    def assisting(self) -> AssignmentQuerySet:
        """Asked for help by the lead or a unit below it."""
        return self.filter(role__in=ASSISTING_ROLES)

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
    dispatched_by = models.CharField(max_length=40, blank=True)
    basis = models.CharField(max_length=200, blank=True, help_text="why this unit")
    # One root number, a tree of orders: a co-operating or delegated order hangs below the order
    # of the unit that asked for it, with an earlier due time of its own.
    parent = models.ForeignKey("self", models.PROTECT, null=True, related_name="children")
    task = models.CharField(max_length=500, blank=True, help_text="what an assisting unit is asked")
    due_at = models.DateTimeField(null=True, help_text="an assisting order's own due time")
    catalogue_version = models.ForeignKey(
        "dispatch.CatalogueVersion", models.PROTECT, null=True, related_name="+", db_index=False
    )
    entry = models.ForeignKey(
        "dispatch.CatalogueEntry", models.PROTECT, null=True, related_name="+", db_index=False
    )
    is_as_proposed = models.BooleanField(null=True, help_text="null: the catalogue named nobody")
    is_designated = models.BooleanField(default=False, help_text="cannot be returned (R-049)")
    objection_until = models.DateTimeField(null=True, help_text="after this: deemed accepted")
    end_reason = models.CharField(max_length=12, choices=EndReason.choices, blank=True)
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
            # Two people ask the same unit at once: it is asked once.
            models.UniqueConstraint(
                fields=["ticket", "unit"],
                name="one_open_assisting_order_per_unit",
                condition=Q(role__in=["cooperate", "delegate"], is_open=True),
            ),
        ]
        indexes = [
            # Reader: the unit's inbox, least time left first.
            models.Index(
                fields=["unit", "next_due_at", "id"],
                name="assignment_inbox",
                condition=Q(is_open=True),
            ),
            # Reader: dispatch accuracy and returns over a period.
            models.Index(fields=["dispatched_at"], name="assignment_by_dispatch"),
        ]

    def __str__(self) -> str:
        return f"{self.ticket_id} → {self.unit_id} ({self.role})"
