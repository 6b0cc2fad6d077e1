"""Who may learn who complained, and under which record."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import dataclass

from hotline.core.actors import Actor
from hotline.core.models import AuditEntry, Role
from hotline.core.models.clients import Scope
from hotline.core.violations import NotPermitted, NotVisible, RuleViolation
from intake.models import Ticket

DESK = (Role.AGENT, Role.DISPATCHER, Role.CALLBACK_AGENT, Role.CONTRACTOR)


@dataclass(frozen=True)
class Identity:
    """A requester in clear, as shown after a recorded look."""

    role: str
    name: str
    phone: str


@dataclass(frozen=True)
class Revealed:
    people: tuple[Identity, ...]
    door: str
    references: tuple[tuple[str, str, str], ...]  # kind, value, the token in the text


def may_reveal(ticket: Ticket, actor: Actor) -> bool:
    """The desk, and the lead unit of a ticket that is not confidential. A confidential ticket
    shows no identity to any handling unit (R-018)."""
    if actor.has(*DESK):
        return True
    if ticket.is_confidential:
        return False
    if actor.kind == "client" and Scope.IDENTITY not in actor.scopes:
        return False
    return actor.handles(ticket.lead_unit_id)


def needs_reason(ticket: Ticket, actor: Actor) -> bool:
    """The assigned handler calls an ordinary requester with one click; everyone else says why."""
    return not (actor.handles(ticket.lead_unit_id) and not ticket.is_confidential)


def reveal_requester(*, number: str, actor: Actor, at: dt.datetime, reason: str = "") -> Revealed:
    """Show the requester's name and number, writing down who looked, when and why.

    Raises NotVisible, NotPermitted, or RuleViolation `identity_reason_required`.
    """
    try:
        ticket = Ticket.objects.visible_to(actor).select_related("text").get(number=number)
    except Ticket.DoesNotExist:
        raise NotVisible from None
    if not may_reveal(ticket, actor):
        raise NotPermitted
    reason = reason.strip()
    if not reason and needs_reason(ticket, actor):
        raise RuleViolation("identity_reason_required", field="reason")
    AuditEntry.objects.create(
        at=at,
        action="identity_revealed",
        actor=actor.reference,
        number=number,
        reason=reason[:200],
    )
    parties = ticket.parties.filter(left_at=None).select_related("requester").order_by("id")
    references = json.loads(ticket.text.references) if ticket.text.references else []
    return Revealed(
        people=tuple(Identity(p.role, p.requester.name or "", p.requester.phone) for p in parties),
        door=ticket.text.door or "",
        references=tuple((kind, value, token) for kind, value, token in references),
    )
