"""What tests of requesters' own answers build on: a channel, its tickets, a link and an answer."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

from evaluation import addresses
from evaluation import services as evaluation
from evaluation.models import RatingLink, Scheme
from evaluation.rules import Rules
from hotline.core.actors import Actor, actor_for_client
from intake.models import Clock, Ticket, TicketEvent
from tests.factories import AT, channel, hours, make_client, replied_ticket

CITIZEN = Actor(kind="citizen")
GOOD: dict[str, Any] = {"contacted": True, "resolved": True, "satisfaction": "satisfied"}
BAD: dict[str, Any] = {"contacted": False, "resolved": False, "satisfaction": "dissatisfied"}
# When `replied_ticket` has been replied to; the call-back opens an hour later.
REPLIED = AT + hours(1)


def web_channel(**fields: Any) -> Actor:
    """The key of a channel that brings matters in and asks for links."""
    return actor_for_client(make_client(**fields))


def brought_by(web: Actor, make: Callable[..., Ticket] = replied_ticket, **fields: Any) -> Ticket:
    """A ticket that came in by this channel."""
    return make(by=web, channel=channel("web"), **fields)


def link_to(ticket: Ticket, web: Actor, at: dt.datetime = REPLIED) -> RatingLink:
    return evaluation.give_link(number=ticket.number, actor=web, at=at)


def token_of(link: RatingLink) -> str:
    found = addresses.token_of(link)
    assert found is not None
    return found


def answer(link: RatingLink, at: dt.datetime, **said: Any) -> Ticket:
    """The requester answers; well, unless told otherwise."""
    return evaluation.answer_link(token=token_of(link), actor=CITIZEN, at=at, **{**GOOD, **said})


def adopted(*, version: int = 1, valid_from: str = "2026-01", **rules: Any) -> Scheme:
    """A scheme in force from before the factories' tickets on."""
    return Scheme.objects.create(
        version=version,
        name="测试方案",
        rules=Rules(**rules).as_json(),
        valid_from=valid_from,
        drafted_at=AT,
        drafted_by="staff:1",
        adopted_at=AT,
        adopted_by="staff:1",
    )


def running(ticket: Ticket) -> set[str]:
    """Which promises run."""
    clocks = Clock.objects.running().filter(ticket=ticket)
    return set(clocks.values_list("kind", flat=True))


def last_event(ticket: Ticket) -> TicketEvent:
    return TicketEvent.objects.filter(ticket_id=ticket.pk).latest("seq")
