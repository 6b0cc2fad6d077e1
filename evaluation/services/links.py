"""Addresses under which a requester answers the three questions once, without a telephone call."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.db.models import QuerySet

from evaluation import addresses, carriers
from evaluation.models import CallbackChannel, CallbackResult, RatingLink
from evaluation.services.answers import (
    Said,
    is_concluded,
    last_opened,
    parties_to_call,
    write_answer,
)
from evaluation.services.calling import check_hours
from evaluation.services.ratings import own_party, party_in
from evaluation.services.turns import (
    check_open,
    goes_on_as,
    locked_where_it_goes_on,
    round_began,
    turn_began,
)
from hotline.core import limits
from hotline.core.actors import Actor
from hotline.core.models import ClockKind, Role
from hotline.core.violations import IllegalMove, NotPermitted, NotVisible, RuleViolation
from intake.acts import Act, locked, one_act
from intake.models import Ticket, TicketRequester

# --- making ----------------------------------------------------------------------------------


def send_links(*, number: str, actor: Actor, at: dt.datetime) -> list[RatingLink]:
    """The call-back agent lets everybody who is still to be called, and has a mobile telephone,
    answer by a link in a short message. A worker hands the messages to the carrier.

    Raises IllegalMove or RuleViolation when there is no carrier, nobody to write to, or a link is
    on its way already.
    """
    if not actor.has(Role.CALLBACK_AGENT):
        raise NotPermitted
    if not carriers.is_offered():
        raise RuleViolation("sms_not_configured")
    check_hours(at)
    with one_act():
        a = Act(locked(number, actor), actor, at)
        check_open(a.ticket, at)
        parties = [party for party in _still_to_call(a) if _has_mobile(party)]
        if not parties:
            raise IllegalMove("nobody_to_write_to", number=number)
        waiting = _living(a).filter(channel=CallbackChannel.SMS).values_list("party_id", flat=True)
        fresh = [party for party in parties if party.pk not in set(waiting)]
        if not fresh:
            raise IllegalMove("link_on_its_way", number=number)
        links = [_make(a, party, CallbackChannel.SMS) for party in fresh]
        a.write()
    return links


def give_link(*, number: str, actor: Actor, at: dt.datetime) -> RatingLink:
    """A channel asks for a link that its user can open; asked again it gets the same one while
    that lives. Raises NotVisible, NotPermitted or IllegalMove."""
    party = own_party(number=number, actor=actor)
    with one_act():
        a = Act(locked_where_it_goes_on(number), actor, at)
        party = party_in(a.ticket, party.requester_id)
        check_open(a.ticket, at)
        _check_not_answered(a.ticket, party)
        link = _living(a).filter(party=party).first()
        if link is None or addresses.token_of(link) is None:
            link = _make(a, party, CallbackChannel.WEB)
            a.write()
    return link


def _make(a: Act, party: TicketRequester, channel: str) -> RatingLink:
    """One link lives at a time: an older one of the same requester ends with it."""
    _living(a).filter(party=party).update(expires_at=a.at)
    life = limits.due_for(ClockKind.RATING_LINK, level=a.ticket.level, start=a.at)
    link = RatingLink(
        token_hash=addresses.token_hash(addresses.new_token(party.pk, a.at)),
        ticket=a.ticket,
        party=party,
        channel=channel,
        made_at=a.at,
        made_by=a.actor.reference,
        expires_at=life.at,
    )
    link.save(force_insert=True)
    a.record("rating_asked", link=link.pk, channel=channel)
    return link


def _living(a: Act) -> QuerySet[RatingLink]:
    """The links of this round that can still be used."""
    return RatingLink.objects.filter(
        ticket=a.ticket, result=None, expires_at__gt=a.at, made_at__gte=round_began(a.ticket)
    )


def _still_to_call(a: Act) -> list[TicketRequester]:
    """Everybody not yet concluded in this turn."""
    opened = last_opened(a.ticket)
    if opened is None or not opened.is_running:
        return []
    results = list(CallbackResult.objects.filter(ticket=a.ticket))
    return [
        party
        for party in parties_to_call(a.ticket)
        if not is_concluded(a.ticket, party, results, opened.opens_at)
    ]


def _has_mobile(party: TicketRequester) -> bool:
    return carriers.is_mobile(party.requester.phone)


# --- using -----------------------------------------------------------------------------------


def find_link(token: str) -> RatingLink:
    """The link with this token, whatever has become of it. Raises NotVisible."""
    links = RatingLink.objects.select_related("ticket")
    found = links.filter(token_hash=addresses.token_hash(token)).first()
    if found is None:
        raise NotVisible
    return found


def open_link(*, token: str, at: dt.datetime) -> tuple[RatingLink, Ticket]:
    """The link and the ticket it asks about now, if it can be answered. Raises NotVisible, or
    IllegalMove that says why it cannot."""
    link = find_link(token)
    ticket = Ticket.objects.get(number=goes_on_as(link.ticket.number))
    _check_link(link, ticket, at)
    return link, ticket


def answer_link(*, token: str, actor: Actor, at: dt.datetime, **answers: Any) -> Ticket:
    """The requester answers the three questions, once; whoever of the staff opens a link is sent
    away. Two answers at the same moment: the second is told that there is one.

    Calling hours do not bind the requester. Raises NotPermitted, NotVisible, IllegalMove or
    RuleViolation.
    """
    if actor.kind != "citizen":
        raise NotPermitted("staff_do_not_rate")
    link = find_link(token)
    with one_act():
        ticket = locked_where_it_goes_on(link.ticket.number)
        link = RatingLink.objects.select_for_update().get(pk=link.pk)
        _check_link(link, ticket, at)
        party = party_in(ticket, link.party.requester_id)
        citizen = Actor(
            kind="citizen", id=party.requester_id, requester_ids=frozenset({party.requester_id})
        )
        a = Act(ticket, citizen, at)
        link.result = write_answer(a, party, Said(**answers), link.channel)
        link.save(update_fields=["result"])
        a.write()
    return ticket


def _check_link(link: RatingLink, ticket: Ticket, at: dt.datetime) -> None:
    number = ticket.number
    if link.result_id is not None:
        raise IllegalMove("rating_used", number=number)
    if at >= link.expires_at:
        raise IllegalMove("rating_expired", number=number)
    party = party_in(ticket, link.party.requester_id)
    check_open(ticket, at)
    if link.made_at < round_began(ticket):
        raise IllegalMove("rating_of_earlier_round", number=number)
    _check_not_answered(ticket, party)


def _check_not_answered(ticket: Ticket, party: TicketRequester) -> None:
    """Somebody who has answered in this turn, by telephone or alone, is not asked again."""
    answered = CallbackResult.objects.filter(
        ticket=ticket,
        requester_id=party.requester_id,
        is_valid=True,
        called_at__gte=turn_began(ticket),
    )
    if answered.exists():
        raise IllegalMove("rating_given", number=ticket.number)
