"""Rows of a list of tickets."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Q

from hotline.core.models import LASTING_KINDS, ClockKind
from intake.models import Clock, Ticket
from knowledge.models import Category, categories


@dataclass(frozen=True)
class TicketRow:
    """A ticket with the promise to the citizen and every running clock."""

    ticket: Ticket
    promise: Clock | None
    clocks: list[Clock]
    is_late: bool

    @property
    def category(self) -> Category | None:
        return categories().get(self.ticket.category_id or 0)


def ticket_rows(tickets: Iterable[Ticket], at: dt.datetime) -> list[TicketRow]:
    """Rows with their clocks, in one query. A promise already kept or missed is shown as such; what
    a unit asks about its assessment is no part of a list."""
    tickets = list(tickets)
    clocks: dict[int, list[Clock]] = {}
    wanted = Q(stopped_at__isnull=True) | Q(kind=ClockKind.PROMISE)
    found = Clock.objects.filter(wanted, ticket_id__in=[t.pk for t in tickets])
    found = found.exclude(kind__in=LASTING_KINDS)
    for clock in found.order_by("due_at"):
        clocks.setdefault(clock.ticket_id, []).append(clock)
    return [_row(ticket, clocks.get(ticket.pk, []), at) for ticket in tickets]


def _row(ticket: Ticket, clocks: list[Clock], at: dt.datetime) -> TicketRow:
    promises = [c for c in clocks if c.kind == ClockKind.PROMISE]
    return TicketRow(
        ticket=ticket,
        promise=promises[-1] if promises else None,
        clocks=[c for c in clocks if c.is_running],
        is_late=ticket.is_open and ticket.is_overdue(at),
    )
