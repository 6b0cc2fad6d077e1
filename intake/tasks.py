"""Periodic work of intake."""

from __future__ import annotations

import logging

from celery import shared_task
from django.core.cache import cache
from django.utils import timezone

from hotline.core.simulated_time import simulation_running
from intake.services import firm_up, sweep

logger = logging.getLogger("hotline.calendar")

LAST_SWEEP = "last-sweep"


@shared_task
def sweep_clocks() -> None:
    """Every 30 seconds: warn and breach what is due. `/readyz` reads when it last ran."""
    if not simulation_running():
        sweep(at=timezone.now())
        cache.set(LAST_SWEEP, timezone.now().timestamp(), timeout=None)


@shared_task
def firm_up_clocks() -> None:
    """Every night, after the calendar: provisional due times become firm."""
    if waiting := firm_up(at=timezone.now()):
        logger.warning("%s clocks fall in a year whose working days nobody has published", waiting)
