"""Periodic work of evaluation."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from evaluation import month_lock, outcomes
from evaluation.services import months
from hotline.core.patience import alone, unhurried
from hotline.core.simulated_time import simulation_running

# A task ends well within its time limit; what is left is done by the next one.
REFRESH_SECONDS = 60.0
# A month of a large city is folded, counted and copied in some minutes.
LONG = {"soft_time_limit": 7000, "time_limit": 7200}


@shared_task
def refresh(after: int = 0) -> None:
    """Every night, in as many steps as it takes: outcomes that time alone has changed."""
    if simulation_running():
        return
    with unhurried():
        left = outcomes.refresh(at=timezone.now(), after=after, seconds=REFRESH_SECONDS)
    if left is not None:
        refresh.delay(after=left)


@shared_task(**LONG)
def open_drafts() -> None:
    """Every hour: a month whose facts are complete is shown to the units."""
    if simulation_running():
        return
    with unhurried(), alone(month_lock.AT_WORK) as is_alone:
        if is_alone:
            months.open_due_drafts(at=timezone.now())


@shared_task(**LONG)
def close_months() -> None:
    """Every minute: months whose close was decided are closed; a whole month takes a while."""
    if simulation_running():
        return
    with unhurried(), alone(month_lock.AT_WORK) as is_alone:
        if is_alone:
            months.close_requested(at=timezone.now())
