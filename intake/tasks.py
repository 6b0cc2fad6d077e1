"""Periodic work of intake."""

from __future__ import annotations

from celery import shared_task
from django.core.cache import cache
from django.utils import timezone

from hotline.core.simulated_time import simulation_running
from intake.services import sweep

LAST_SWEEP = "last-sweep"


@shared_task
def sweep_clocks() -> None:
    """Every 30 seconds: warn and breach what is due. `/readyz` reads when it last ran."""
    if not simulation_running():
        sweep(at=timezone.now())
        cache.set(LAST_SWEEP, timezone.now().timestamp(), timeout=None)
