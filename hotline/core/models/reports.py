"""Reports that people make themselves: what is wanted, each making of it, and its file."""

from __future__ import annotations

import datetime as dt

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from .people import Staff


class Report(models.Model):
    """A list of tickets, or a table of their numbers, that somebody wants as a file again and
    again. `query` is the address of the list; `shape` says what is made of it."""

    owner = models.ForeignKey(Staff, models.CASCADE, related_name="reports")
    name = models.CharField(max_length=60)
    query = models.TextField(blank=True)
    shape = models.JSONField()
    language = models.CharField(max_length=10, help_text="in which its file is written")
    created_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.name


class Cadence(models.TextChoices):
    DAILY = "daily", _("每天")
    WEEKLY = "weekly", _("每周")
    AFTER_CLOSE = "after_close", _("每月封账之后")


class PauseReason(models.TextChoices):
    ASKED = "asked", _("本人暂停")
    INACTIVE = "inactive", _("账号已停用")
    NO_ROLE = "no_role", _("已没有查看工单的身份")


class ReportSchedule(models.Model):
    """When a report is made without anybody asking. Only what falls due after `set_at` counts."""

    report = models.OneToOneField(Report, models.CASCADE, related_name="schedule")
    cadence = models.CharField(max_length=12, choices=Cadence.choices)
    weekday = models.PositiveSmallIntegerField(default=1, help_text="Monday is 1")
    days_after = models.PositiveSmallIntegerField(default=1, help_text="after the month's close")
    is_rolling = models.BooleanField(
        default=False, help_text="only the day, week or month before, not what the report says"
    )
    set_at = models.DateTimeField()
    paused_at = models.DateTimeField(null=True)
    pause_reason = models.CharField(max_length=12, choices=PauseReason.choices, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(weekday__gte=1, weekday__lte=7, days_after__gte=1, days_after__lte=28),
                name="schedule_has_a_day",
            )
        ]

    def __str__(self) -> str:
        return f"{self.report_id} {self.cadence}"


class RunState(models.TextChoices):
    """Where a run stands. Stored is only how it ended; the rest is read from its times."""

    WAITING = "waiting", _("排队中")
    RUNNING = "running", _("生成中")
    DONE = "done", _("已完成")
    FAILED = "failed", _("未完成")
    CANCELLED = "cancelled", _("已取消")
    EXPIRED = "expired", _("已过期")


class ReportRun(models.Model):
    """One making of a report, with the conditions as they stood when it was asked for.

    It goes forward in pieces, each a short transaction: `pieces` and `resume` say where the next
    one begins, so that another worker goes on where one died. `attempts` counts the tries at the
    piece that comes next.
    """

    report = models.ForeignKey(Report, models.CASCADE, related_name="runs")
    query = models.TextField(blank=True)
    shape = models.JSONField()
    due_at = models.DateTimeField(null=True, help_text="of the schedule; empty when asked for")
    asked_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True)
    worked_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    outcome = models.CharField(max_length=12, choices=RunState.choices, blank=True)
    failure = models.CharField(max_length=30, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    total = models.PositiveIntegerField(null=True, help_text="tickets, counted at the start")
    done = models.PositiveIntegerField(default=0)
    pieces = models.PositiveIntegerField(default=0)
    resume = models.JSONField(default=dict)
    counts = models.JSONField(null=True, help_text="[row, column, tickets] of a table of numbers")
    grants = models.JSONField(default=list, help_text="the roles by which it was made")
    size = models.BigIntegerField(default=0)
    digest = models.CharField(max_length=64, blank=True)
    expires_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["report", "due_at"], name="due_report_is_made_once"),
            models.CheckConstraint(
                condition=Q(finished_at__isnull=True, outcome="")
                | (Q(finished_at__isnull=False) & ~Q(outcome="")),
                name="finished_run_has_an_outcome",
            ),
        ]
        indexes = [
            # Reader: the tick that makes reports.
            models.Index(fields=["id"], name="run_to_make", condition=Q(finished_at__isnull=True)),
        ]

    def __str__(self) -> str:
        return f"{self.report_id}#{self.pk}"

    @property
    def is_finished(self) -> bool:
        return self.finished_at is not None

    def state(self, at: dt.datetime) -> RunState:
        if self.outcome == RunState.DONE and self.expires_at and self.expires_at <= at:
            return RunState.EXPIRED
        if self.outcome:
            return RunState(self.outcome)
        return RunState.RUNNING if self.started_at else RunState.WAITING


class ReportChunk(models.Model):
    """A piece of a run's file, so that any web process can send it."""

    run = models.ForeignKey(ReportRun, models.CASCADE, related_name="chunks", db_index=False)
    seq = models.PositiveIntegerField()
    body = models.BinaryField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["run", "seq"], name="chunk_is_written_once"),
        ]

    def __str__(self) -> str:
        return f"{self.run_id}/{self.seq}"
