"""Periodic work of evaluation."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from evaluation import figures, month_lock, monthly, outcomes
from evaluation import months as months_read
from evaluation.services import months
from hotline.core.patience import alone, unhurried
from hotline.core.simulated_time import simulation_running

# A task ends well within its time limit; what is left is done by the next one.
REFRESH_SECONDS = 60.0
_COUNTING = 0x434F554E54  # any number no other advisory lock of the platform uses
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


@shared_task(soft_time_limit=110, time_limit=120)
def count_ahead() -> None:
    """Every two minutes: what a leader's page counts of the city and its districts is counted where
    it has changed, so that nobody who opens it waits for a month to be counted from nothing."""
    if simulation_running():
        return
    at = timezone.now()
    with unhurried(), alone(_COUNTING) as is_alone:
        if is_alone:
            figures.count_ahead(months_read.current(at).period, at)
            monthly.made_at(months_read.current(at))
