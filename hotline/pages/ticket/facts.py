"""Everything a ticket page reads, once."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field

from django.db.models import Exists, OuterRef

from dispatch.api import TO_REQUESTER
from dispatch.journey import readable
from dispatch.models import (
    ASSISTING_ROLES,
    Assignment,
    AssignmentRole,
    Contact,
    Coordination,
    Decision,
    Extension,
    FactRequest,
    LedgerHold,
    Objection,
    OnsiteAttribution,
    OrderReason,
    Reply,
    SupervisionOrder,
)
from evaluation.models import Appeal, CallbackResult, Exclusion
from evaluation.pleas import RULING_CLOCK, visible
from evaluation.reading import as_read_by
from hotline.core.actors import Actor
from hotline.core.models import LASTING_KINDS, ClockKind
from intake.acts import UNIT_CLOCKS
from intake.models import (
    AdjustmentKind,
    Clock,
    ClockAdjustment,
    Note,
    Ticket,
    TicketEvent,
    TicketRequester,
)
from intake.own_affairs import events_known_to

# A clock that carries it shows “延” on its chip.
IS_EXTENDED = Exists(
    ClockAdjustment.objects.filter(clock=OuterRef("pk"), kind=AdjustmentKind.EXTENDED)
)


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
    adjustments: dict[int, list[ClockAdjustment]] = field(default_factory=dict)
    extensions: list[Extension] = field(default_factory=list)
    fact_requests: list[FactRequest] = field(default_factory=list)
    holds: list[LedgerHold] = field(default_factory=list)
    coordinations: list[Coordination] = field(default_factory=list)
    onsites: list[OnsiteAttribution] = field(default_factory=list)
    # Those that the reader may know of.
    exclusions: list[Exclusion] = field(default_factory=list)
    appeals: list[Appeal] = field(default_factory=list)

    @property
    def is_identity_hidden(self) -> bool:
        """A confidential ticket shows nothing of its requester outside the hotline (R-018)."""
        return self.ticket.is_confidential and not self.actor.sees_all

    @property
    def lead(self) -> Assignment | None:
        """The order of the unit that leads, or led last."""
        return next((o for o in reversed(self.orders) if o.role == AssignmentRole.LEAD), None)

    @property
    def open_assisting(self) -> list[Assignment]:
        """The co-operating and delegated orders that have not been answered or released."""
        return [o for o in self.orders if o.is_open and o.role in ASSISTING_ROLES]

    @property
    def own_order(self) -> Assignment | None:
        """The assisting order that the reader's unit holds, when it does not lead."""
        if self.actor.handles(self.ticket.lead_unit_id):
            return None
        own = (o for o in self.open_assisting if self.actor.handles(o.unit_id))
        return next(own, None)

    @property
    def pending_objection(self) -> Objection | None:
        return next((o for o in self.objections if not o.outcome), None)

    @property
    def pending_extension(self) -> Extension | None:
        return next((e for e in self.extensions if not e.outcome), None)

    @property
    def open_question(self) -> FactRequest | None:
        """What the unit waits to hear from the requester."""
        return next((q for q in self.fact_requests if q.ended_at is None), None)

    @property
    def pending_hold(self) -> LedgerHold | None:
        return next((h for h in self.holds if not h.outcome), None)

    @property
    def hold(self) -> LedgerHold | None:
        """The place on the ledger that the matter has now (R-067)."""
        granted = (h for h in self.holds if h.outcome == Decision.GRANTED)
        return next((h for h in granted if h.cleared_at is None), None)

    @property
    def open_coordination(self) -> Coordination | None:
        return next((c for c in self.coordinations if c.concluded_at is None), None)

    @property
    def is_question_pending(self) -> bool:
        """Somebody has been asked, and the unit waits for the word."""
        asked = (
            self.pending_objection,
            self.pending_extension,
            self.open_question,
            self.pending_hold,
        )
        return any(each is not None for each in asked)

    @property
    def final_answer(self) -> CallbackResult | None:
        """The last valid answer about the unit in charge, where it is not the first one as well."""
        unit_id = self.ticket.lead_unit_id
        valid = [r for r in self.results if r.is_valid and r.unit_id == unit_id]
        return valid[-1] if len(valid) > 1 else None

    @property
    def is_sampled(self) -> bool:
        """Whether the last dispatch was drawn for a call-back."""
        dispatched = (e for e in reversed(self.events) if e.type == "dispatched")
        last = next(dispatched, None)
        return last is None or bool(last.data.get("sampled", True))

    @property
    def supervised(self) -> list[SupervisionOrder]:
        """The orders that the unit in charge has still to answer, or to have accepted."""
        unit_id = self.ticket.lead_unit_id
        return [o for o in self.supervision if o.is_pending and o.unit_id == unit_id]

    @property
    def instructions(self) -> list[SupervisionOrder]:
        """What leaders have written on the ticket, the oldest first."""
        return [o for o in self.supervision if o.reason == OrderReason.INSTRUCTION]

    @property
    def instructions_to_answer(self) -> list[SupervisionOrder]:
        """Those that the unit in charge still has to answer."""
        return [o for o in self.instructions if o.is_pending and not o.answered_at]

    @property
    def unaccepted_answer(self) -> SupervisionOrder | None:
        """The answered order that somebody must accept before the ticket can close; one on a
        missed deadline is answered by doing what was owed."""
        return next(
            (
                o
                for o in self.supervision
                if o.reason == OrderReason.UNSOLVED_TWICE and o.answered_at and not o.accepted_at
            ),
            None,
        )

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

    def owed_on(self, order: Assignment | None) -> list[Clock]:
        """What an order's own unit still owes on it, the nearest first."""
        if order is None or not order.is_open:
            return []
        key = (order.pk, order.unit_id)
        return [c for c in self.running(*UNIT_CLOCKS) if (c.subject_id, c.unit_id) == key]

    @property
    def holder_clock(self) -> Clock | None:
        """The nearest thing owed by whoever holds the ticket now."""
        own = self.owed_on(self.lead)
        return next(iter(own or self.running(ClockKind.DISPATCH, ClockKind.CLOSING)), None)

    @property
    def own_clock(self) -> Clock | None:
        """The nearest thing that the reader's unit owes as one that assists."""
        return next(iter(self.owed_on(self.own_order)), None)


def read_facts(ticket: Ticket, actor: Actor, at: dt.datetime) -> Facts:
    """Read everything. A ticket never dispatched has no orders to ask for, and what its events do
    not speak of is not asked for either."""
    orders = list(
        ticket.assignments.select_related("unit", "entry__area", "catalogue_version").order_by("pk")
    )
    facts = Facts(
        ticket=ticket,
        actor=actor,
        at=at,
        clocks=list(ticket.clocks.annotate(is_extended=IS_EXTENDED).order_by("pk")),
        # An event is recorded at or after acceptance, which lets whole months be skipped.
        events=list(
            events_known_to(
                TicketEvent.objects.filter(
                    ticket_id=ticket.pk, recorded_at__gte=ticket.accepted_at
                ),
                actor,
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
    for step in ClockAdjustment.objects.filter(clock__ticket=ticket).order_by("pk"):
        facts.adjustments.setdefault(step.clock_id, []).append(step)
    told = {event.type for event in facts.events}
    open_to_reader = readable(orders, ticket, actor)
    for order in orders:
        if order.pk not in open_to_reader:
            order.task = ""
    if orders:
        _read_answers(facts, open_to_reader)
        _read_questions(facts, told)
    if told & {"consultation_opened", "escalated"}:
        asked = ticket.coordinations.select_related("asking_unit", "authority", "decided_unit")
        facts.coordinations.extend(asked.prefetch_related("members").order_by("pk"))
    if "onsite_ordered" in told:
        facts.onsites.extend(ticket.onsite_attributions.with_calls())
    _read_pleas(facts, told)
    if ticket.rehandle_count > 1 or told & {"ordered", "instructed"}:
        facts.supervision.extend(ticket.supervision_orders.order_by("pk"))
    return facts


def _read_answers(facts: Facts, open_to_reader: set[int]) -> None:
    """What the lead told the requester is for everybody; what one helper told the lead, not for
    another."""
    of_orders = {"assignment__ticket": facts.ticket}
    facts.replies.extend(
        reply
        for reply in Reply.objects.filter(**of_orders).order_by("pk")
        if reply.kind in TO_REQUESTER or reply.assignment_id in open_to_reader
    )
    facts.contacts.extend(Contact.objects.filter(**of_orders).order_by("pk"))
    results = facts.ticket.callback_results.select_related("unit")
    facts.results.extend(as_read_by(facts.actor, results.order_by("pk")))


def _read_questions(facts: Facts, told: set[str]) -> None:
    """Objections and everything that asks for time: one statement for each that was ever asked."""
    of_orders = {"assignment__ticket": facts.ticket}
    if "objected" in told:
        objections = Objection.objects.filter(**of_orders).order_by("pk")
        facts.objections.extend(objections.select_related("proposed_unit", "precedent"))
    if "extension_asked" in told:
        facts.extensions.extend(Extension.objects.filter(**of_orders).order_by("pk"))
    if "facts_asked" in told:
        facts.fact_requests.extend(FactRequest.objects.filter(**of_orders).order_by("pk"))
    if "hold_asked" in told:
        holds = facts.ticket.holds.prefetch_related("reviews")
        facts.holds.extend(holds.order_by("pk"))


def _read_pleas(facts: Facts, told: set[str]) -> None:
    """What was asked about the assessment, with the hotline's promises to decide it: of other units
    the reader learns neither."""
    ticket, actor = facts.ticket, facts.actor
    if "exclusion_asked" in told:
        facts.exclusions.extend(visible(Exclusion, actor).filter(ticket=ticket).order_by("pk"))
    if "appealed" in told:
        appeals = visible(Appeal, actor).filter(ticket=ticket).select_related("result")
        facts.appeals.extend(appeals.order_by("pk"))
    known = {(RULING_CLOCK[type(p)], p.pk) for p in (*facts.exclusions, *facts.appeals)}
    facts.clocks[:] = [
        clock
        for clock in facts.clocks
        if clock.kind not in LASTING_KINDS or (clock.kind, clock.subject_id) in known
    ]
