"""Provisional due times become firm when the year they fall in has been published."""

from __future__ import annotations

import datetime as dt

from django.db import transaction

from hotline.core.actors import SYSTEM
from hotline.core.models import ClockKind
from intake.acts import Act
from intake.clocks import new_clock
from intake.models import Clock, Ticket


def firm_up(*, at: dt.datetime) -> int:
    """Recompute every running clock whose due time was provisional; returns how many still are.

    A clock that moves says so in an event; one that was already missed stays missed.
    """
    ids = Clock.objects.running().filter(is_provisional=True).values_list("ticket_id", flat=True)
    return sum(_firm_up_ticket(pk, at) for pk in sorted(set(ids)))


def _firm_up_ticket(pk: int, at: dt.datetime) -> int:
    with transaction.atomic():
        ticket = Ticket.objects.select_for_update().get(pk=pk)
        act, waiting = Act(ticket, SYSTEM, at), 0
        for clock in act.running():
            if not clock.is_provisional:
                continue
            fresh = new_clock(
                ticket,
                clock.kind,
                at=clock.started_at,
                unit_id=clock.unit_id,
                subject_id=clock.subject_id,
                opens_at=clock.opens_at,
            )
            waiting += fresh.is_provisional
            _move(act, clock, fresh)
        act.write()
    return waiting


def _move(act: Act, clock: Clock, fresh: Clock) -> None:
    if fresh.is_provisional:
        return
    clock.is_provisional = False
    act.move(clock, opens_at=clock.opens_at, due_at=fresh.due_at)
    if clock.kind == ClockKind.PROMISE:
        act.change(promised_at=clock.due_at)
    act.record("recomputed", unit_id=clock.unit_id, kind=clock.kind, clock=clock.pk)
