"""Everything a ticket page reads, once."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field

from dispatch.models import (
    Assignment,
    AssignmentRole,
    Contact,
    Objection,
    Reply,
    SupervisionOrder,
)
from evaluation.models import CallbackResult
from hotline.core.actors import Actor
from hotline.core.models import ClockKind
from intake.acts import UNIT_CLOCKS
from intake.models import Clock, Note, Ticket, TicketEvent, TicketRequester


@dataclass(frozen=True)
class Facts:
    """A ticket with all that hangs on it, as its reader may know it at one instant."""

    ticket: Ticket
    actor: Actor
    at: dt.datetime
    clocks: list[Clock]
    events: list[TicketEvent]
    notes: list[Note]
    parties: list[TicketRequester]
    orders: list[Assignment] = field(default_factory=list)
    replies: list[Reply] = field(default_factory=list)
    contacts: list[Contact] = field(default_factory=list)
    objections: list[Objection] = field(default_factory=list)
    supervision: list[SupervisionOrder] = field(default_factory=list)
    results: list[CallbackResult] = field(default_factory=list)

    @property
    def is_identity_hidden(self) -> bool:
        """A confidential ticket shows nothing of its requester outside the hotline (R-018)."""
        return self.ticket.is_confidential and not self.actor.sees_all

    @property
    def lead(self) -> Assignment | None:
        """The order of the unit that leads, or led last."""
        return next((o for o in reversed(self.orders) if o.role == AssignmentRole.LEAD), None)

    @property
    def pending_objection(self) -> Objection | None:
        return next((o for o in self.objections if not o.outcome), None)

    @property
    def open_supervision(self) -> SupervisionOrder | None:
        return next((o for o in self.supervision if o.accepted_at is None), None)

    def running(self, *kinds: str) -> list[Clock]:
        """Running clocks of these kinds (all when none is named), the nearest first."""
        return sorted(
            (c for c in self.clocks if c.is_running and (not kinds or c.kind in kinds)),
            key=lambda c: c.due_at,
        )

    @property
    def running_clocks(self) -> list[Clock]:
        return self.running()

    @property
    def ended_clocks(self) -> list[Clock]:
        """Promises kept, missed or cancelled, the latest first."""
        return [c for c in reversed(self.clocks) if not c.is_running]

    @property
    def promise(self) -> Clock | None:
        """What the citizen was promised; after a reopening the later one."""
        return next((c for c in reversed(self.clocks) if c.kind == ClockKind.PROMISE), None)

    @property
    def holder_clock(self) -> Clock | None:
        """The nearest thing owed by whoever holds the ticket now."""
        own = self.running(*UNIT_CLOCKS)
        return next(iter(own or self.running(ClockKind.DISPATCH, ClockKind.CLOSING)), None)


def read_facts(ticket: Ticket, actor: Actor, at: dt.datetime) -> Facts:
    """Read everything; a ticket never dispatched has no orders to ask for."""
    orders = list(ticket.assignments.select_related("unit").order_by("pk"))
    of_orders = {"assignment__ticket": ticket}
    facts = Facts(
        ticket=ticket,
        actor=actor,
        at=at,
        clocks=list(ticket.clocks.order_by("pk")),
        # An event is recorded at or after acceptance, which lets whole months be skipped.
        events=list(
            TicketEvent.objects.filter(
                ticket_id=ticket.pk, recorded_at__gte=ticket.accepted_at
            ).order_by("seq")
        ),
        notes=list(ticket.notes.all()),
        parties=list(
            ticket.parties.filter(left_at=None)
            .select_related("requester", "came_from")
            .order_by("-role", "pk")
        ),
        orders=orders,
    )
    if orders:
        facts.replies.extend(Reply.objects.filter(**of_orders).order_by("pk"))
        facts.contacts.extend(Contact.objects.filter(**of_orders).order_by("pk"))
        facts.objections.extend(
            Objection.objects.filter(**of_orders).select_related("proposed_unit")
        )
        facts.results.extend(ticket.callback_results.select_related("unit").order_by("pk"))
    if ticket.rehandle_count > 1:
        facts.supervision.extend(ticket.supervision_orders.order_by("pk"))
    return facts
