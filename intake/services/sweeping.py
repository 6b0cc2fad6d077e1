"""The sweep: promises that are about to fall due, and promises that were missed."""

from __future__ import annotations

import datetime as dt
import logging

from django.db import transaction

from hotline.core.actors import SYSTEM
from intake.acts import Act, write_noticed
from intake.models import Clock, Ticket

logger = logging.getLogger("hotline.sweep")

BATCH = 200
# How many batches ahead a sweep looks, so that another one at the same moment finds others free.
LOOKAHEAD = 5
# A ticket whose clocks cannot be processed is looked at again after this long, so that one bad
# row never holds up the others.
POISON_PAUSE = dt.timedelta(minutes=10)


def sweep(*, at: dt.datetime, limit: int = 100_000) -> int:
    """Warn and breach every clock whose time has come; returns how many tickets were touched.

    Any number of sweeps may run at once: each takes tickets nobody else holds (`SKIP LOCKED`) in
    id order, re-reads their clocks under the lock, and acts. A breach carries the due time, not
    the sweep's.
    """
    touched = 0
    while touched < limit:
        done, seen = _batch(at)
        touched += done
        if not done or (done < BATCH and seen < BATCH * LOOKAHEAD):
            break
    return touched


def _batch(at: dt.datetime) -> tuple[int, int]:
    due = Clock.objects.to_sweep(at).order_by("sweep_at").values_list("ticket_id", flat=True)
    found = list(due[: BATCH * LOOKAHEAD])
    if not found:
        return 0, 0
    with transaction.atomic():
        tickets = list(
            Ticket.objects.filter(pk__in=set(found))
            .order_by("pk")
            .select_for_update(skip_locked=True, of=("self",))[:BATCH]
        )
        try:
            with transaction.atomic():
                _sweep_tickets(tickets, at)
        except Exception:
            logger.exception("a batch of clocks could not be swept; ticket by ticket instead")
            _one_by_one([ticket.pk for ticket in tickets], at)
    return len(tickets), len(found)


def _one_by_one(ids: list[int], at: dt.datetime) -> None:
    """The batch again from its locked rows, so that a bad one is set aside and the others go on."""
    for ticket in Ticket.objects.filter(pk__in=ids).order_by("pk"):
        try:
            with transaction.atomic():
                _sweep_tickets([ticket], at)
        except Exception:
            logger.exception("clocks of ticket %s could not be swept", ticket.number)
            Clock.objects.to_sweep(at).filter(ticket=ticket).update(sweep_at=at + POISON_PAUSE)


def _sweep_tickets(tickets: list[Ticket], at: dt.datetime) -> None:
    clocks: dict[int, list[Clock]] = {}
    for clock in Clock.objects.running().filter(ticket__in=tickets).order_by("id"):
        clocks.setdefault(clock.ticket_id, []).append(clock)
    write_noticed([_notice(ticket, clocks.get(ticket.pk, []), at) for ticket in tickets])


def _notice(ticket: Ticket, clocks: list[Clock], at: dt.datetime) -> Act:
    """What of a ticket's promises has come due; decided here, written with the others."""
    act = Act(ticket, SYSTEM, at, running=clocks)
    for clock in clocks:
        if act.breach_if_late(clock, at) or act.warn_if_due(clock, at):
            continue
        if clock.sweep_at is not None and clock.sweep_at <= at:
            # A row that was changed by hand: it must not come up again in every batch.
            later = None if clock.breached_at else clock.due_at
            Clock.objects.filter(pk=clock.pk).update(sweep_at=later)
    return act
