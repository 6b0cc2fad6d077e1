"""What of a ticket's record only the unit concerned may know, with its district and the hotline.

Most of what happens is for everybody who sees the ticket. What a unit asks about its own assessment
is not: another unit on the same ticket, or a channel, does not learn that it was asked.

A unit whose result counts a ticket may read and question it also when another unit has it now; then
it knows what was recorded while it saw the ticket, what concerns itself, and nobody's identity.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

from django.db.models import Exists, Max, Q, QuerySet

from hotline.core.actors import Actor
from hotline.core.models import LASTING_KINDS
from hotline.core.places import units_answered_for
from intake.models import Access, Clock, Ticket, TicketEvent
from intake.models.tickets import TicketQuerySet

_TYPES: set[str] = set()
_STAKES: list[Callable[[Actor], Exists]] = []


def register_own_affairs(*types: str) -> None:
    """An app names its event types that are the affair of the unit they speak of."""
    _TYPES.update(types)


def events_known_to(events: QuerySet[TicketEvent], actor: Actor) -> QuerySet[TicketEvent]:
    """The events of tickets that the actor sees, without other units' own affairs and what became
    of the hotline's promises to decide on them."""
    if actor.sees_all:
        return events
    own = Q(unit_id__in=units_answered_for(actor))
    # Most events name no promise; a condition on what is missing would leave them out.
    others_promise = Q(data__kind__isnull=True) | ~Q(data__kind__in=LASTING_KINDS)
    return events.filter(others_promise, ~Q(type__in=_TYPES) | own)


def clocks_known_to(clocks: QuerySet[Clock], actor: Actor) -> QuerySet[Clock]:
    """The promises on tickets that the actor sees, without those to decide on own affairs; a unit
    finds the one on its own plea beside the plea."""
    return clocks if actor.sees_all else clocks.exclude(kind__in=LASTING_KINDS)


# --- who had it before -------------------------------------------------------------------------


def register_stake(counts_for: Callable[[Actor], Exists]) -> None:
    """An app names which tickets count in the results of the units that somebody works for."""
    _STAKES.append(counts_for)


def readable_by(actor: Actor) -> TicketQuerySet:
    """The tickets visible to the actor, and what counts for a unit of theirs that has lost it.

    For one ticket by its number and for the tickets behind a unit's own number. Every other list
    stays with `visible_to`: nothing waits there for who had it before, and looking up an outcome
    for every ticket would be dear.
    """
    seen = Ticket.objects.visible_to(actor)
    if actor.sees_all or not actor.unit_ids:
        return seen
    for counts_for in _STAKES:
        seen |= Ticket.objects.filter(counts_for(actor))
    return seen


def lost_at(ticket: Ticket, actor: Actor) -> dt.datetime:
    """When the units that the actor works for last stopped seeing a ticket that they have lost."""
    own = Access.objects.filter(ticket=ticket, unit_id__in=actor.unit_ids)
    until: dt.datetime | None = own.aggregate(until=Max("until"))["until"]
    return until or ticket.accepted_at


def known_since(actor: Actor, lost_at: dt.datetime) -> Q:
    """Of the events of a ticket that the actor's units have lost: what was recorded before, and
    what concerns them."""
    return Q(recorded_at__lte=lost_at) | Q(unit_id__in=list(actor.unit_ids))
