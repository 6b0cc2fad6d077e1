"""Periodic work of the pages: reports are started, made and cleared away."""

from __future__ import annotations

import time

from celery import shared_task
from django.utils import timezone

from hotline.core.patience import alone, unhurried
from hotline.pages import report_runs, schedules

# A tick leaves the worker to others after this long; the next one goes on.
WORK_SECONDS = 20.0
# One statement over millions of tickets may take minutes.
LONG = {"soft_time_limit": 1700, "time_limit": 1800}


@shared_task(**LONG)
def make_reports() -> None:
    """Every few seconds: reports that wait or were left lying are brought forward."""
    begun = time.monotonic()
    with unhurried(), alone(report_runs.AT_WORK) as is_alone:
        while is_alone and time.monotonic() - begun < WORK_SECONDS:
            if not report_runs.carry_on(at=timezone.now()):
                return


@shared_task
def start_due_reports() -> None:
    """Every minute: reports that fall due by their schedule."""
    schedules.start_due(at=timezone.now())


@shared_task
def clear_reports() -> None:
    """Every night: files whose days are over go."""
    report_runs.clear_expired(at=timezone.now())
