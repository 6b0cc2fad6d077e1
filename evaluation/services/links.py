"""Addresses under which a requester answers the three questions once, without a telephone call."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from typing import Any

from django.conf import settings
from django.db import OperationalError
from django.db.models import QuerySet

from dispatch.ladder import event_of
from evaluation import addresses, carriers
from evaluation.models import CallbackChannel, CallbackResult, RatingLink
from evaluation.services.answers import (
    Said,
    is_concluded,
    parties_to_call,
    write_answer,
)
from evaluation.services.calling import check_hours, is_calling_time
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
from hotline.core.models import AuditEntry, ClockKind, OutboxMessage, Role
from hotline.core.outbox import NotNow
from hotline.core.violations import Busy, IllegalMove, NotPermitted, NotVisible, RuleViolation
from intake.acts import Act, is_lock_timeout, locked, one_act
from intake.models import Clock, Ticket, TicketRequester

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
        parties = [party for party in _still_to_call(a.ticket, _waiting(a)) if _has_mobile(party)]
        if not parties:
            raise IllegalMove("nobody_to_write_to", number=number)
        fresh = [party for party in parties if not _is_written_to(a, party)]
        if not fresh:
            raise IllegalMove("link_on_its_way", number=number)
        links = [_make(a, party, CallbackChannel.SMS) for party in fresh]
        a.write()
    return links


def write_after_call(a: Act, party: TicketRequester) -> None:
    """Inside the act that wrote down a call of the robot which reached nobody: the requester is
    written to before a person calls, where `CALLBACK_ORDER` puts the message next (R-085), one can
    be sent at all, and none is on its way."""
    robot_then_sms = (CallbackChannel.ROBOT.value, CallbackChannel.SMS.value)
    if robot_then_sms not in pairwise(settings.CALLBACK_ORDER):
        return
    if not carriers.is_offered() or not _has_mobile(party) or _is_written_to(a, party):
        return
    if party.pk in {left.pk for left in _still_to_call(a.ticket, _waiting(a))}:
        _make(a, party, CallbackChannel.SMS)


def give_link(*, number: str, actor: Actor, at: dt.datetime) -> RatingLink:
    """A channel asks for a link that its user can open; asked again it gets the same one while
    that lives. What the requester was sent by short message is not it: an answer counts for the way
    it came. Raises NotVisible, NotPermitted or IllegalMove."""
    party = own_party(number=number, actor=actor)
    with one_act():
        a = Act(locked_where_it_goes_on(number), actor, at)
        party = party_in(a.ticket, party.requester_id)
        check_open(a.ticket, at)
        _check_not_answered(a.ticket, party)
        link = _living(a).filter(party=party, channel=CallbackChannel.WEB).first()
        if link is None or addresses.token_of(link) is None:
            link = _make(a, party, CallbackChannel.WEB)
            a.write()
    return link


def _make(a: Act, party: TicketRequester, channel: str) -> RatingLink:
    """One link of a channel lives at a time: an older one of the same requester ends with it."""
    with _busy_if_locked():
        _living(a).filter(party=party, channel=channel).update(expires_at=a.at)
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


def _is_written_to(a: Act, party: TicketRequester) -> bool:
    return _living(a).filter(party=party, channel=CallbackChannel.SMS).exists()


def _waiting(a: Act) -> Clock | None:
    return next(iter(a.running(ClockKind.CALLBACK)), None)


def _still_to_call(ticket: Ticket, waiting: Clock | None) -> list[TicketRequester]:
    """Everybody not yet concluded in the call-back that is waiting."""
    if waiting is None:
        return []
    results = list(CallbackResult.objects.filter(ticket=ticket))
    return [
        party
        for party in parties_to_call(ticket)
        if not is_concluded(ticket, party, results, waiting.opens_at)
    ]


def _has_mobile(party: TicketRequester) -> bool:
    return carriers.is_mobile(party.requester.phone)


# --- sending ---------------------------------------------------------------------------------


def hand_over(message: OutboxMessage, at: dt.datetime) -> None:
    """Consumer of `rating_asked`: hand the link's message to the carrier and note when it took it.
    A message that was held up is sent in the hours in which people are called, and only to who is
    still to be called: else its link ends, as does one that the carrier refuses for good.

    Raises CarrierAway or NotNow, upon which the outbox comes again.
    """
    link = RatingLink.objects.select_related("ticket", "party__requester").get(
        pk=event_of(message).data["link"]
    )
    is_over = link.result_id is not None or at >= link.expires_at
    if link.channel != CallbackChannel.SMS or link.sent_at is not None or is_over:
        return
    if not _is_wanted(link, at):
        RatingLink.objects.filter(pk=link.pk).update(expires_at=at)
        return
    if not is_calling_time(at):
        raise NotNow
    try:
        carriers.send(f"rating-link-{link.pk}", link.party.requester.phone, carriers.words(link))
    except carriers.CarrierRefused as refusal:
        RatingLink.objects.filter(pk=link.pk).update(expires_at=at)
        AuditEntry.objects.create(
            at=at,
            action="sms_refused",
            actor="system",
            number=message.number,
            data={"link": link.pk, "status": refusal.status},
        )
    else:
        RatingLink.objects.filter(pk=link.pk).update(sent_at=at)


def _is_wanted(link: RatingLink, at: dt.datetime) -> bool:
    """Whether the requester is still to be called about the matter, and the link would open."""
    ticket = Ticket.objects.get(number=goes_on_as(link.ticket.number))
    try:
        _check_link(link, ticket, at)
    except IllegalMove:
        return False
    waiting = Clock.objects.running().filter(ticket=ticket, kind=ClockKind.CALLBACK).first()
    left = {party.requester_id for party in _still_to_call(ticket, waiting)}
    return link.party.requester_id in left


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

    Calling hours do not bind the requester. Raises NotPermitted, NotVisible, IllegalMove, Busy or
    RuleViolation.
    """
    if actor.kind != "citizen":
        raise NotPermitted("staff_do_not_rate")
    link = find_link(token)
    with one_act():
        ticket = locked_where_it_goes_on(link.ticket.number)
        with _busy_if_locked():
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


@contextmanager
def _busy_if_locked() -> Iterator[None]:
    """A link that somebody holds for too long is asked for again in a moment. Raises Busy."""
    try:
        yield
    except OperationalError as error:
        if is_lock_timeout(error):
            raise Busy from error
        raise


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
