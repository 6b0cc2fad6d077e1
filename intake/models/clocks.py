"""A promise with a due time."""

from __future__ import annotations

import datetime as dt

from django.db import models
from django.db.models import Q

from hotline.core.models import ClockKind, Unit


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
    """

    ticket = models.ForeignKey("intake.Ticket", models.PROTECT, related_name="clocks")
    kind = models.CharField(max_length=20, choices=ClockKind.choices)
    unit = models.ForeignKey(Unit, models.PROTECT, null=True, related_name="+", db_index=False)
    subject_id = models.BigIntegerField(null=True)
    started_at = models.DateTimeField()
    opens_at = models.DateTimeField()
    warn_at = models.DateTimeField()
    due_at = models.DateTimeField()
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
