"""Who may learn who complained, and under which record."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import dataclass

from django.db.models import Case, Count, Q, Value, When
from django.utils import timezone
from django.utils.translation import gettext as _

from hotline.core.actors import Actor
from hotline.core.fields import exact_hashes
from hotline.core.models import AuditEntry, Role
from hotline.core.models.clients import Scope
from hotline.core.privacy.redact import Reference, ReferenceKind
from hotline.core.violations import NotPermitted, NotVisible, RuleViolation
from intake.models import Requester, State, Ticket, TicketText
from intake.services.registration import readable_phone, tidy

REASON_LIMIT = 200
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
    reason = tidy(reason, REASON_LIMIT, _("理由"), "reason")
    if not reason and needs_reason(ticket, actor):
        raise RuleViolation("identity_reason_required", field="reason")
    AuditEntry.objects.create(
        at=at,
        action="identity_revealed",
        actor=actor.reference,
        number=number,
        reason=reason,
    )
    parties = ticket.parties.filter(left_at=None).select_related("requester").order_by("id")
    return Revealed(
        people=tuple(Identity(p.role, p.requester.name or "", p.requester.phone) for p in parties),
        door=ticket.text.door or "",
        references=tuple((r.kind.value, r.value, r.token) for r in known_references(ticket.text)),
    )


def known_references(text: TicketText) -> list[Reference]:
    """What the references in a wording stand for."""
    kept = json.loads(text.references) if text.references else []
    return [Reference(ReferenceKind(kind), value, token) for kind, value, token in kept]


SHOWN_TICKETS = 10


@dataclass(frozen=True)
class CallerHistory:
    """What the hotline knows of a number when it rings (R-021). A number may have several names:
    a household, or a shop and its owner."""

    phone: str
    names: tuple[str, ...]
    this_month: int
    this_year: int
    total: int
    tickets: tuple[Ticket, ...]  # open ones first, then the newest; at most SHOWN_TICKETS


def caller_history(*, phone: str, actor: Actor, at: dt.datetime) -> CallerHistory:
    """The earlier matters of whoever calls from this number, for the desk only; the look is
    written down, also when nothing is found.

    Raises NotPermitted, or InputRefused for a number that is none.
    """
    if not actor.has(*DESK):
        raise NotPermitted
    number = readable_phone(phone)
    if not number:
        return CallerHistory("", (), this_month=0, this_year=0, total=0, tickets=())
    people = list(Requester.objects.filter(phone_hash__in=exact_hashes(number)))
    ids = [person.pk for person in people]
    tickets = Ticket.objects.visible_to(actor).filter(
        parties__requester_id__in=ids, parties__left_at__isnull=True
    )
    today = timezone.localtime(at).replace(hour=0, minute=0, second=0, microsecond=0)
    counts = tickets.aggregate(
        total=Count("id", distinct=True),
        this_month=Count("id", distinct=True, filter=Q(accepted_at__gte=today.replace(day=1))),
        this_year=Count(
            "id", distinct=True, filter=Q(accepted_at__gte=today.replace(month=1, day=1))
        ),
    )
    # The ids first: with all that a row shows joined in, the planner reads the whole table.
    found = set(tickets.values_list("pk", flat=True))
    latest = Ticket.objects.filter(pk__in=found).for_list()
    open_first = Case(When(state=State.CLOSED, then=Value(1)), default=Value(0))
    shown = latest.select_related("category").order_by(open_first, "-id")
    AuditEntry.objects.create(
        at=at, action="caller_looked_up", actor=actor.reference, data={"requesters": ids}
    )
    return CallerHistory(
        phone=number,
        names=tuple(sorted({person.name for person in people if person.name})),
        tickets=tuple(shown[:SHOWN_TICKETS]),
        **counts,
    )
