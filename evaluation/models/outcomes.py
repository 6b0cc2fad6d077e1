"""What became of a ticket in a unit's hands: one row per ticket × unit × role."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from hotline.core.models import Area, Unit
from intake.models import RequestType, Ticket
from intake.models.tickets import Level
from knowledge.models import Category

from .callbacks import CallbackChannel, Satisfaction


class OutcomeRole(models.TextChoices):
    LEAD = "lead", _("主办")
    COOPERATE = "cooperate", _("协办")
    DELEGATE = "delegate", _("转交办理")


class OutcomeFacts(models.Model):
    """The facts of one ticket in one unit's hands in one role, up to the instant that counts for
    its month: a pure function (`evaluation.outcomes`) of events, answers and decisions.

    Scores read these rows and nothing else. `month` is the only month the row belongs to.
    `is_left`: the unit no longer holds it (returned, recalled, taken over, released): it is not
    in the unit's volume. The promise columns are None while nothing can be said yet.
    """

    month = models.CharField(max_length=7, help_text="assessment month, 2026-01")
    # Derived rows must not wait for somebody who holds the ticket, as a checked key would.
    ticket = models.ForeignKey(
        Ticket, models.PROTECT, related_name="+", db_index=False, db_constraint=False
    )
    number = models.CharField(max_length=16)
    unit = models.ForeignKey(Unit, models.PROTECT, related_name="+", db_index=False)
    role = models.CharField(max_length=12, choices=OutcomeRole.choices)
    # What it was about.
    request_type = models.CharField(max_length=12, choices=RequestType.choices)
    level = models.CharField(max_length=8, choices=Level.choices)
    category = models.ForeignKey(
        Category, models.PROTECT, null=True, related_name="+", db_index=False
    )
    area = models.ForeignKey(Area, models.PROTECT, null=True, related_name="+", db_index=False)
    # Who raised it: the same person on the same matter is a repeat; never shown.
    requester_id = models.BigIntegerField(null=True)
    # When.
    attributed_at = models.DateTimeField(help_text="the instant that puts it into its month")
    accepted_at = models.DateTimeField()
    given_at = models.DateTimeField(help_text="when the unit first got it")
    original_due_at = models.DateTimeField(null=True)
    due_at = models.DateTimeField(null=True, help_text="with every extension")
    done_at = models.DateTimeField(null=True, help_text="the unit's first feedback or hand-in")
    # Promises kept.
    signed_in_time = models.BooleanField(null=True)
    contacted_in_time = models.BooleanField(null=True)
    is_on_time = models.BooleanField(null=True, help_text="by the extended limit")
    is_on_time_original = models.BooleanField(null=True)
    citizen_on_time = models.BooleanField(null=True, help_text="the promise to the citizen")
    # The call-back.
    is_due = models.BooleanField(default=False, help_text="a call-back fell due: coverage")
    answer_count = models.PositiveSmallIntegerField(default=0, help_text="valid answers")
    solved_round = models.PositiveSmallIntegerField(
        null=True, help_text="the round of handling whose call-back first found it solved: 1, 2, …"
    )
    first_at = models.DateTimeField(null=True)
    first_channel = models.CharField(max_length=8, blank=True, choices=CallbackChannel.choices)
    first_contacted = models.BooleanField(null=True)
    first_resolved = models.BooleanField(null=True)
    first_satisfaction = models.CharField(max_length=20, blank=True, choices=Satisfaction.choices)
    last_at = models.DateTimeField(null=True)
    last_channel = models.CharField(max_length=8, blank=True, choices=CallbackChannel.choices)
    last_contacted = models.BooleanField(null=True)
    last_resolved = models.BooleanField(null=True)
    last_satisfaction = models.CharField(max_length=20, blank=True, choices=Satisfaction.choices)
    # What went otherwise.
    partner_count = models.PositiveSmallIntegerField(default=0, help_text="co-operating units")
    is_left = models.BooleanField(default=False)
    return_count = models.PositiveSmallIntegerField(default=0, help_text="upheld objections")
    improper_count = models.PositiveSmallIntegerField(default=0, help_text="rejected objections")
    rehandle_count = models.PositiveSmallIntegerField(default=0)
    reopen_count = models.PositiveSmallIntegerField(default=0)
    reclassified_count = models.PositiveSmallIntegerField(default=0)
    is_withdrawn = models.BooleanField(default=False)
    is_on_ledger = models.BooleanField(default=False)
    # Decisions: why it is outside the rates (剔除) or outside the volume (不计入), empty where it
    # is not; and whether its answer was set aside on appeal (申诉成立).
    excluded = models.CharField(max_length=24, blank=True)
    not_counted = models.CharField(max_length=24, blank=True)
    first_set_aside = models.BooleanField(default=False)
    last_set_aside = models.BooleanField(default=False)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return f"{self.number} × {self.unit_id} ({self.role})"


class Outcome(OutcomeFacts):
    """The running rows: kept by a consumer, dropped and rebuilt from the facts at any time."""

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["ticket", "unit", "role"], name="one_outcome_per_ticket_unit_role"
            )
        ]
        indexes = [
            # Reader: the month's table, per unit, and the lists behind its numbers.
            models.Index(fields=["month", "unit", "role"], name="outcome_of_month"),
            # Reader: repeats of one requester.
            models.Index(
                fields=["requester_id"],
                name="outcome_of_requester",
                condition=Q(requester_id__isnull=False),
            ),
        ]


class FrozenOutcome(OutcomeFacts):
    """The rows of a closed month as they were counted. Append-only, and nothing can be added once
    the month's `MonthClose` stands: a trigger refuses it, and no running role owns the table."""

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["ticket", "unit", "role"], name="one_frozen_outcome_per_ticket_unit_role"
            )
        ]
        indexes = [models.Index(fields=["month", "unit", "role"], name="frozen_outcome_of_month")]
