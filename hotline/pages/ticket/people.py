"""The requesters of a ticket as a page shows them: masked, or not at all."""

from __future__ import annotations

from dataclasses import dataclass, field

from hotline.core.privacy.phones import mask_name, mask_phone
from hotline.pages.ticket.facts import Facts
from intake.models import Ticket, TicketRequester
from intake.models.requesters import PartyRole
from intake.services.people import may_reveal, needs_reason

SHOWN_TICKETS = 10


@dataclass(frozen=True)
class Person:
    """One requester, masked. `came_from` is the ticket that was merged in."""

    role: str
    name: str
    phone: str
    wants_callback: bool
    came_from: str


@dataclass(frozen=True)
class PeopleCard:
    """What the page says of the requesters, and whether the reader may ask for more."""

    is_hidden: bool
    people: list[Person] = field(default_factory=list)
    may_reveal: bool = False
    needs_reason: bool = True


def people_card(facts: Facts) -> PeopleCard:
    """Masked for whoever sees the ticket; nothing of a confidential one outside the hotline."""
    if facts.is_identity_hidden:
        return PeopleCard(is_hidden=True)
    people = [
        Person(
            role=str(PartyRole(party.role).label),
            name=mask_name(party.requester.name or ""),
            phone=mask_phone(party.requester.phone),
            wants_callback=party.wants_callback,
            came_from=party.came_from.number if party.came_from else "",
        )
        for party in facts.parties
    ]
    return PeopleCard(
        is_hidden=False,
        people=people,
        may_reveal=bool(people) and may_reveal(facts.ticket, facts.actor),
        needs_reason=needs_reason(facts.ticket, facts.actor),
    )


def other_tickets(facts: Facts) -> list[Ticket]:
    """The latest other matters from the same numbers, for the hotline's own people."""
    hashes = [party.requester.phone_hash for party in facts.parties]
    if not hashes or not facts.actor.is_desk:
        return []
    # The ids first: with all that a row shows joined in, the planner reads the whole table.
    same = TicketRequester.objects.filter(requester__phone_hash__in=hashes, left_at=None)
    ids = list(same.exclude(ticket=facts.ticket).values_list("ticket_id", flat=True))
    found = Ticket.objects.visible_to(facts.actor).filter(pk__in=ids)
    return list(found.for_list().order_by("-pk")[:SHOWN_TICKETS]) if ids else []
