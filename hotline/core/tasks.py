"""Periodic work of the base: deliveries, mail, partitions, the calendar."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from hotline.core import digests, outbox, partitions
from hotline.core.api import idempotency
from hotline.core.calendar_loading import load_calendar as load
from hotline.core.simulated_time import simulation_running


@shared_task
def deliver_outbox() -> None:
    """Every second: events reach their consumers."""
    if not simulation_running():
        outbox.deliver(at=timezone.now())


@shared_task
def mail_notices() -> None:
    """Every minute: unread notices reach those who have an e-mail address."""
    if digests.is_mailing() and not simulation_running():
        digests.make_mails(at=timezone.now())
        digests.send_mails(at=timezone.now())


@shared_task
def forget_mails() -> None:
    """Every night: which mails were sent a month ago is no longer known."""
    digests.forget_old(at=timezone.now())


@shared_task
def keep_partitions() -> None:
    """Every night: the coming months have their partitions."""
    partitions.ensure_coming_months(timezone.localdate())


@shared_task
def load_calendar() -> None:
    """Every night: a newly published year of working days is taken over."""
    load(today=timezone.localdate())


@shared_task
def forget_requests() -> None:
    """Every night: keys of requests older than a day go."""
    idempotency.forget_old(at=timezone.now())
