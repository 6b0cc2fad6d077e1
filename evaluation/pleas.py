"""What units ask about their results: who may, who may read it, in which month, and how often.

A plea is read by the unit that asked, its district, and everybody who reads all tickets; another
unit on the same ticket does not learn of it. It belongs to the month in which the ticket counts for
that unit, because there its outcome is felt.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, TypeVar, cast

from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce
from django.utils import timezone

from evaluation import outcomes
from evaluation.models import (
    Appeal,
    CallbackResult,
    Exclusion,
    FrozenOutcome,
    MonthClose,
    Outcome,
    PleaOutcome,
)
from evaluation.models.pleas import Plea
from hotline.core.actors import Actor
from hotline.core.models import ClockKind
from hotline.core.places import units_answered_for
from hotline.core.reference import remembered
from intake.models import Clock, Ticket

PleaT = TypeVar("PleaT", bound=Plea)
RULING_CLOCK = {Exclusion: ClockKind.EXCLUSION_RULING, Appeal: ClockKind.APPEAL_RULING}


def visible(model: type[PleaT], actor: Actor) -> QuerySet[PleaT]:
    """The pleas this actor may know of."""
    pleas: QuerySet[PleaT] = model._default_manager.all()
    if actor.sees_all:
        return pleas
    return pleas.filter(unit_id__in=units_answered_for(actor))


def with_due(pleas: QuerySet[PleaT]) -> QuerySet[PleaT]:
    """With `due_at`: when each must be decided; None once it is."""
    running = Clock.objects.running().filter(
        ticket_id=OuterRef("ticket_id"),
        kind=RULING_CLOCK[pleas.model],
        subject_id=OuterRef("pk"),
    )
    found: Any = pleas.annotate(due_at=Subquery(running.values("due_at")[:1]))
    return cast("QuerySet[PleaT]", found)


def with_month(pleas: QuerySet[PleaT]) -> QuerySet[PleaT]:
    """With `month`: the one in which the ticket counts for the unit, as a lead first; empty while
    it has not been put into one."""
    rows = Outcome.objects.filter(ticket_id=OuterRef("ticket_id"), unit_id=OuterRef("unit_id"))
    month = Subquery(rows.order_by("-role").values("month")[:1])  # lead, delegate, cooperate
    found: Any = pleas.annotate(month=Coalesce(month, Value("")))
    return cast("QuerySet[PleaT]", found)


# --- for whom a ticket counts ------------------------------------------------------------------


def counts_for(actor: Actor) -> Exists:
    """Of tickets: those that count in the result of a unit the actor works for, in whatever role
    and whoever has them now. Such a unit may read what counts for it and plead about it."""
    return Exists(Outcome.objects.filter(ticket=OuterRef("pk"), unit_id__in=list(actor.unit_ids)))


def units_counted(ticket: Ticket) -> frozenset[int]:
    """The units in whose results a ticket counts."""
    rows = Outcome.objects.filter(ticket=ticket)
    return frozenset(rows.values_list("unit_id", flat=True))


def answers_counted(
    ticket: Ticket, unit_ids: Collection[int], at: dt.datetime
) -> dict[int, list[int]]:
    """The valid answers that count in the results of some units, each with those units: the one it
    is about before those that helped it (F-19)."""
    valid = dict(
        CallbackResult.objects.filter(ticket=ticket, is_valid=True)
        .order_by("pk")
        .values_list("pk", "unit_id")
    )
    found = {pk: [lead] if lead in unit_ids else [] for pk, lead in valid.items()}
    if set(valid.values()) != set(unit_ids):
        for history in outcomes.histories([ticket.pk]):
            for unit_id, heard in outcomes.heard(history, history.known_at(at)).items():
                for pk in heard.intersection(found) if unit_id in unit_ids else ():
                    if unit_id not in found[pk]:
                        found[pk].append(unit_id)
    return {pk: counted for pk, counted in found.items() if counted}


# --- until when -------------------------------------------------------------------------------


def closed_month(ticket: Ticket, unit_id: int) -> str:
    """The month in which the ticket counts for the unit, once no month that it counts in is open
    any more; empty while something can still be changed, or it counts in none yet."""
    of_row = {"ticket": ticket, "unit_id": unit_id}
    found = {
        month
        for rows in (Outcome, FrozenOutcome)
        for month in rows._default_manager.filter(**of_row).values_list("month", flat=True)
    }
    closed = set(MonthClose.objects.filter(month__in=found).values_list("month", flat=True))
    return max(found) if found and found <= closed else ""


@remembered(MonthClose)
def _last_closed() -> str:
    return MonthClose.objects.order_by("-month").values_list("month", flat=True).first() or ""


def is_open_for(ticket: Ticket, unit_id: int) -> bool:
    """Whether what counts for the unit can still change; asked of the database only for a ticket
    so old that its month may be closed. For buttons: services ask `closed_month`."""
    # A month is named after the one its last day lies in, never after an earlier one.
    if _last_closed() < f"{timezone.localtime(ticket.accepted_at):%Y-%m}":
        return True
    return not closed_month(ticket, unit_id)


# --- how often, and with what outcome (R-097) --------------------------------------------------


@dataclass(frozen=True)
class PleaCount:
    """One unit's pleas of one month: asked = granted + refused + pending."""

    unit_id: int
    month: str
    asked: int
    granted: int
    refused: int
    pending: int


def counts(pleas: QuerySet[Any], month: str | None = None) -> list[PleaCount]:
    """How many were asked, granted, refused and still wait, per unit and month (of one month where
    it is given); those who asked most first."""
    found = with_month(pleas)
    if month is not None:
        found = found.filter(month=month)
    grouped = (
        found.order_by()
        .values("unit_id", "month")
        .annotate(
            asked=Count("pk"),
            granted=Count("pk", filter=Q(outcome=PleaOutcome.GRANTED)),
            refused=Count("pk", filter=Q(outcome=PleaOutcome.REFUSED)),
            pending=Count("pk", filter=Q(outcome="")),
        )
    )
    listed = (PleaCount(**row) for row in grouped)
    return sorted(listed, key=lambda count: (count.month, -count.asked, count.unit_id))


def months(pleas: QuerySet[Any]) -> list[str]:
    """The months that these belong to, the latest first."""
    found = with_month(pleas).order_by().values_list("month", flat=True).distinct()
    return sorted(filter(None, found), reverse=True)
