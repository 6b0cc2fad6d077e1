"""Periodic work of evaluation."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from evaluation import figures, month_lock, monthly, outcomes
from evaluation import months as months_read
from evaluation.scopes import CITY, Scope, all_districts
from evaluation.services import months
from hotline.core.patience import alone, unhurried
from hotline.core.simulated_time import simulation_running

# A task ends well within its time limit; what is left is done by the next one.
REFRESH_SECONDS = 60.0
# Any numbers no other advisory lock of the platform uses.
_COUNTING, _COUNTING_DISTRICTS = 0x434F554E54, 0x434F554E55
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
    """Every few seconds: what pages of the whole city count is counted where it has changed, so
    that nobody who opens one waits for it."""
    _count_ahead([CITY], _COUNTING)


@shared_task(soft_time_limit=110, time_limit=120)
def count_districts_ahead() -> None:
    """Every two minutes: the same of every district."""
    _count_ahead(all_districts(), _COUNTING_DISTRICTS)


def _count_ahead(scopes: list[Scope], key: int) -> None:
    if simulation_running():
        return
    at = timezone.now()
    with unhurried(), alone(key) as is_alone:
        if is_alone:
            month = months_read.current(at)
            figures.count_ahead(month.period, at, scopes)
            monthly.count_ahead(month)
