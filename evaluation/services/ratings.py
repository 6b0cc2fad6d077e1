"""一事一评: the requester rates through the channel that brought the matter in (R-089)."""

from __future__ import annotations

import datetime as dt
from typing import Any

from evaluation.models import CallbackChannel, CallbackResult
from evaluation.services.answers import Said, write_answer
from evaluation.services.turns import check_open, locked_where_it_goes_on, turn_began
from hotline.core.actors import Actor
from hotline.core.violations import IllegalMove, NotPermitted, NotVisible
from intake.acts import Act, one_act
from intake.models import Ticket, TicketRequester
from intake.models.requesters import PartyRole


def rate(*, number: str, actor: Actor, at: dt.datetime, **answers: Any) -> Ticket:
    """The requester's own rating, once for every turn: from the unit's reply or its expired limit
    on, as long as the matter can be opened again. It concludes the call-back as a call does, and
    beside a call-back's answer it stays a fact of its own.

    Raises NotVisible, NotPermitted (staff and units never rate), IllegalMove or RuleViolation.
    """
    party = own_party(number=number, actor=actor)
    with one_act():
        ticket = locked_where_it_goes_on(number)
        a = Act(ticket, actor, at)
        check_open(ticket, at)
        party = party_in(ticket, party.requester_id)
        _check_first(ticket, party)
        write_answer(a, party, Said(**answers), CallbackChannel.OWN)
        a.write()
    return ticket


def own_party(*, number: str, actor: Actor) -> TicketRequester:
    """The requester for whom a channel speaks: the main one of a ticket that it brought in itself.
    Raises NotVisible, NotPermitted for everybody else, IllegalMove for an anonymous matter."""
    try:
        ticket = Ticket.objects.visible_to(actor).get(number=number)
    except Ticket.DoesNotExist:
        raise NotVisible from None
    if actor.kind != "client" or actor.is_of_unit or ticket.client_id != actor.id:
        raise NotPermitted
    party = ticket.parties.filter(role=PartyRole.MAIN, left_at=None).order_by("id").first()
    if party is None:
        raise IllegalMove("rating_anonymous", number=number)
    return party


def party_in(ticket: Ticket, requester_id: int) -> TicketRequester:
    """The requester's part in a ticket; one who was split off has none there any more. Raises
    IllegalMove."""
    party = ticket.parties.filter(requester_id=requester_id, left_at=None).first()
    if party is None:
        raise IllegalMove("rating_over", number=ticket.number)
    return party


def _check_first(ticket: Ticket, party: TicketRequester) -> None:
    rated = CallbackResult.objects.filter(
        ticket=ticket,
        requester_id=party.requester_id,
        channel=CallbackChannel.OWN,
        called_at__gte=turn_began(ticket),
    )
    if rated.exists():
        raise IllegalMove("rated_already", number=ticket.number)
