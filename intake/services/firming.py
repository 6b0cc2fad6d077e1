"""Provisional due times become firm when the year they fall in has been published."""

from __future__ import annotations

import datetime as dt

from django.db import transaction
from django.utils.timezone import localtime

from hotline.core.actors import SYSTEM
from hotline.core.models import ClockKind
from hotline.core.working_time import Due
from intake.acts import Act
from intake.clocks import replayed
from intake.models import AdjustmentKind, Clock, Ticket


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
            if clock.is_paused(at):  # its turn comes when it runs again
                waiting += 1
                continue
            act.resume(clock, cause="recomputed")  # a pause that ended by its bound
            due = replayed(clock, clock.adjustments.order_by("id"))
            waiting += due.is_provisional
            _move(act, clock, due)
        act.write()
    return waiting


def _move(act: Act, clock: Clock, due: Due) -> None:
    if due.is_provisional:
        return
    clock.is_provisional = False
    act.move(
        clock,
        opens_at=clock.opens_at,
        due_at=due.at,
        cause="recomputed",
        kind=AdjustmentKind.FIRMED,
    )
    if clock.kind == ClockKind.PROMISE:
        act.change(promised_at=clock.due_at)
    act.record(
        "recomputed",
        unit_id=clock.unit_id,
        kind=clock.kind,
        clock=clock.pk,
        due_at=localtime(clock.due_at).isoformat(),
    )
