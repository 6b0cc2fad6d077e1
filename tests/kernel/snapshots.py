"""Everything that is stored about tickets, to compare before and after an act."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db import models

from dispatch.models import (
    Assignment,
    Contact,
    Coordination,
    Extension,
    FactRequest,
    LadderStep,
    LedgerHold,
    LedgerReview,
    Liaison,
    Objection,
    OnsiteAttribution,
    OnsiteCall,
    Precedent,
    Reply,
    SupervisionOrder,
)
from evaluation.models import Appeal, CallbackResult, Exclusion
from hotline.core.models import AuditEntry, OutboxMessage
from intake.models import (
    Access,
    Clock,
    ClockAdjustment,
    Note,
    Ticket,
    TicketEvent,
    TicketRequester,
    TicketText,
    TicketTextRevision,
)

Rows = dict[str, list[tuple[Any, ...]]]

# Every table that an act may write, with how a row finds its ticket.
TABLES: tuple[tuple[type[models.Model], str], ...] = (
    (Ticket, "pk"),
    (TicketText, "ticket_id"),
    (TicketTextRevision, "ticket_id"),
    (TicketRequester, "ticket_id"),
    (Clock, "ticket_id"),
    (ClockAdjustment, "clock__ticket_id"),
    (Access, "ticket_id"),
    (Note, "ticket_id"),
    (TicketEvent, "ticket_id"),
    (OutboxMessage, "ticket_id"),
    (Assignment, "ticket_id"),
    (Precedent, "objection__assignment__ticket_id"),
    (Contact, "assignment__ticket_id"),
    (Reply, "assignment__ticket_id"),
    (Objection, "assignment__ticket_id"),
    (Extension, "assignment__ticket_id"),
    (FactRequest, "assignment__ticket_id"),
    (LedgerHold, "ticket_id"),
    (LedgerReview, "hold__ticket_id"),
    (Coordination, "ticket_id"),
    (OnsiteAttribution, "ticket_id"),
    (OnsiteCall, "attribution__ticket_id"),
    (Liaison, "ticket_id"),
    (SupervisionOrder, "ticket_id"),
    (LadderStep, "ticket_id"),
    (CallbackResult, "ticket_id"),
    (Exclusion, "ticket_id"),
    (Appeal, "ticket_id"),
)


def snapshot(tickets: Iterable[int]) -> Rows:
    """Every row that hangs on these tickets, and the whole audit."""
    ids = list(tickets)
    rows: Rows = {
        model.__name__: list(
            model._default_manager.filter(**{f"{path}__in": ids}).order_by("pk").values_list()
        )
        for model, path in TABLES
    }
    rows["AuditEntry"] = list(AuditEntry.objects.order_by("pk").values_list())
    return rows


def events(ticket: Ticket) -> list[str]:
    """What happened to a ticket, in order."""
    found = TicketEvent.objects.filter(ticket_id=ticket.pk).order_by("seq")
    return list(found.values_list("type", flat=True))


def last_event(ticket: Ticket) -> TicketEvent:
    found = TicketEvent.objects.filter(ticket_id=ticket.pk).order_by("-seq").first()
    assert found is not None
    return found


def running(ticket: Ticket) -> dict[str, Clock]:
    """The ticket's running clocks by kind."""
    return {c.kind: c for c in Clock.objects.running().filter(ticket=ticket)}
