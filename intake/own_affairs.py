"""What of a ticket's record only the unit concerned may know, with its district and the hotline.

Most of what happens is for everybody who sees the ticket. What a unit asks about its own assessment
is not: another unit on the same ticket, or a channel, does not learn that it was asked.
"""

from __future__ import annotations

from django.db.models import Q, QuerySet

from hotline.core.actors import Actor
from hotline.core.models import LASTING_KINDS
from hotline.core.places import units_answered_for
from intake.models import Clock, TicketEvent

_TYPES: set[str] = set()


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
