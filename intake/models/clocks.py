"""A promise with a due time."""

from __future__ import annotations

import datetime as dt

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from hotline.core.limits import limits_by_id
from hotline.core.models import ClockKind, TimeLimit, Unit
from hotline.core.working_time import TimeUnit

# What the dispatch desk itself owes.
DESK_KINDS = [
    ClockKind.DISPATCH.value,
    ClockKind.RULING.value,
    ClockKind.EXTENSION_RULING.value,
    ClockKind.LEDGER_RULING.value,
    ClockKind.LEDGER_REVIEW.value,
    ClockKind.CONSULTATION.value,
    ClockKind.ONSITE_RULING.value,
]


class ClockQuerySet(models.QuerySet["Clock"]):
    def running(self) -> ClockQuerySet:
        return self.filter(stopped_at__isnull=True)

    def to_sweep(self, at: dt.datetime) -> ClockQuerySet:
        """Running clocks with a warning or a breach not yet recorded."""
        return self.filter(sweep_at__lte=at)


class Clock(models.Model):
    """Somebody has promised something by `due_at`.

    `unit` is who promised (null: the hotline itself); `subject_id` names the row of a higher app
    that the promise is about (an assignment), `opens_at` when the work can begin (a call-back
    opens when the limit has expired). `sweep_at` is when the sweep must next look: the warning,
    then the due time, then never. A breach is a fact with its own time: `breached_at = due_at`.

    Its length came from `limit`, or from a rule of its own (`own_amount`, `own_unit`: another law's
    limit, R-058); neither for an agreed date. While it stands still (`paused_at`) `due_at` already
    counts the pause to its bound `pause_ends_at`, and `base_due_at` is what it was before: every
    pause is bounded, so nothing has to happen for it to end.
    """

    ticket = models.ForeignKey("intake.Ticket", models.PROTECT, related_name="clocks")
    kind = models.CharField(max_length=20, choices=ClockKind.choices)
    unit = models.ForeignKey(Unit, models.PROTECT, null=True, related_name="+", db_index=False)
    subject_id = models.BigIntegerField(null=True)
    started_at = models.DateTimeField()
    opens_at = models.DateTimeField()
    warn_at = models.DateTimeField()
    due_at = models.DateTimeField()
    limit = models.ForeignKey(
        TimeLimit, models.PROTECT, null=True, related_name="+", db_index=False
    )
    own_amount = models.PositiveIntegerField(null=True)
    own_unit = models.CharField(max_length=16, blank=True)
    paused_at = models.DateTimeField(null=True)
    pause_ends_at = models.DateTimeField(null=True)
    base_due_at = models.DateTimeField(null=True)
    is_provisional = models.BooleanField(default=False, help_text="a year is not loaded yet")
    sweep_at = models.DateTimeField(null=True)
    warned_at = models.DateTimeField(null=True)
    breached_at = models.DateTimeField(null=True)
    stopped_at = models.DateTimeField(null=True)
    is_cancelled = models.BooleanField(default=False, help_text="ended without being kept or not")

    objects = ClockQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(breached_at__isnull=True) | Q(breached_at=models.F("due_at")),
                name="breach_happens_at_due_time",
            ),
            models.CheckConstraint(
                condition=Q(stopped_at__isnull=True) | Q(sweep_at__isnull=True),
                name="stopped_clock_is_not_swept",
            ),
            models.CheckConstraint(
                condition=Q(paused_at=None, pause_ends_at=None, base_due_at=None)
                | Q(
                    paused_at__isnull=False, pause_ends_at__isnull=False, base_due_at__isnull=False
                ),
                name="pause_has_a_bound",
            ),
            models.CheckConstraint(condition=Q(kind__in=ClockKind.values), name="clock_kind_known"),
        ]
        indexes = [
            # Reader: the sweep, every 30 seconds.
            models.Index(
                fields=["sweep_at"], name="clock_to_sweep", condition=Q(sweep_at__isnull=False)
            ),
            # Reader: the call-back list.
            models.Index(
                fields=["opens_at"],
                name="clock_callback_list",
                condition=Q(kind="callback", stopped_at__isnull=True),
            ),
            # Reader: the dispatch desk, least time left first.
            models.Index(
                fields=["kind", "due_at", "id"],
                name="clock_of_the_desk",
                condition=Q(kind__in=DESK_KINDS, stopped_at__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.due_at:%Y-%m-%d %H:%M}"

    def get_kind_display(self) -> str:  # type: ignore[no-redef]
        # Django's own translates every kind to find one, and an inbox shows some two hundred.
        return str(ClockKind(self.kind).label)

    @property
    def is_running(self) -> bool:
        return self.stopped_at is None

    def is_late(self, at: dt.datetime) -> bool:
        """Late as of `at`, whether or not a sweep has noticed."""
        return (self.stopped_at or at) >= self.due_at

    def is_paused(self, at: dt.datetime) -> bool:
        """Standing still as of `at`; over by itself when the bound has passed."""
        return self.is_running and self.pause_ends_at is not None and at < self.pause_ends_at

    @property
    def length(self) -> tuple[int, TimeUnit] | None:
        """How long the promise is, by the city's limit or another law's; None for a date."""
        if self.own_amount is not None:
            return self.own_amount, TimeUnit(self.own_unit)
        limit = limits_by_id().get(self.limit_id or 0)
        return (limit.amount, TimeUnit(limit.unit)) if limit else None


class AdjustmentKind(models.TextChoices):
    PAUSED = "paused", _("停计")
    RESUMED = "resumed", _("恢复计时")
    EXTENDED = "extended", _("延期")
    BROUGHT_FORWARD = "brought_forward", _("提前")
    FIRMED = "firmed", _("按新公布的日历重算")


class ClockAdjustment(models.Model):
    """A due time that was moved, and why: with the clock's start these rows say how its due time
    came to be. `until` bounds a pause, `amount` and `unit` are an extension's length."""

    clock = models.ForeignKey(Clock, models.PROTECT, related_name="adjustments")
    kind = models.CharField(max_length=16, choices=AdjustmentKind.choices)
    cause = models.CharField(max_length=20, blank=True, help_text="the event type that moved it")
    adjusted_at = models.DateTimeField()
    until = models.DateTimeField(null=True)
    amount = models.PositiveIntegerField(null=True)
    unit = models.CharField(max_length=16, blank=True)
    was_due_at = models.DateTimeField()
    due_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.clock_id} {self.kind} {self.due_at:%m-%d %H:%M}"
