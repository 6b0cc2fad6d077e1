"""Giving a ticket to the unit that can solve it, and taking an erroneous order back."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from dispatch.models import Assignment, AssignmentRole, AssignmentState, EndReason
from dispatch.services.duties import check_duty
from dispatch.services.orders import (
    check_unit,
    draw,
    expect_callback,
    is_called_back,
    open_assisting,
    promised,
    take_back,
    today,
)
from dispatch.services.proposing import ACCUSING, Proposal, propose_unit
from hotline.core import limits
from hotline.core.actors import Actor
from hotline.core.models import ASSISTING_KINDS, ClockKind, Unit, UnitKind
from hotline.core.places import area_by_id, district_unit
from hotline.core.violations import IllegalMove, RuleViolation
from intake.acts import Act, act
from intake.models import Access, Level, Note, Ticket
from intake.models.access import AccessRole
from intake.services.registration import district_of, tidy
from knowledge.models import Category, categories

BASIS_LIMIT = 200
REASON_LIMIT = 500


def dispatch(
    *,
    number: str,
    actor: Actor,
    at: dt.datetime,
    version: int | None = None,
    lead_unit: Unit,
    category: Category | None = None,
    cooperators: Sequence[Unit] = (),
    basis: str = "",
) -> Ticket:
    """Dispatch to one lead unit, with a deadline on the order (R-030, R-033, R-035).

    A street or town gets the order directly and its district exactly one supervising copy, which
    has no sign clock and no score (R-031). `cooperators` get orders of their own below the lead's,
    due before it (R-051). The unit's clocks start now: sign, first contact (unless anonymous),
    feedback; and the call-back opens when the limit expires, whatever happens (R-081). The promise
    to the citizen is untouched. The catalogue's edition and clause are kept with the order.

    Raises RuleViolation when a unit may not take its part (kind, duty list, accused itself), or no
    limit is configured.
    """
    with act("dispatch", number, actor=actor, at=at, version=version) as a:
        ticket = a.ticket
        if category is not None:
            a.change(category=category)
        if ticket.category_id is None:
            raise RuleViolation("category_required", field="category")
        if a.running(ClockKind.CONSULTATION):
            raise IllegalMove("consultation_open", number=number)
        # After so many wrong dispatches the hotline designates, and the unit named keeps it.
        is_designated = ticket.return_count >= settings.RETURNS_BEFORE_DESIGNATION
        give(a, lead_unit, cooperators, basis, is_designated=is_designated)
    return a.ticket


def give(
    a: Act,
    lead_unit: Unit,
    cooperators: Sequence[Unit] = (),
    basis: str = "",
    *,
    is_designated: bool,
) -> Assignment:
    """The dispatch itself, inside an act: orders, access, clocks and the event. What the authority
    designates (a ruling, a consultation) is not held against the duty lists."""
    ticket, at = a.ticket, a.at
    _check_lead(a, lead_unit, is_designated=is_designated)
    basis = tidy(basis, BASIS_LIMIT, _("派单依据"), "basis")
    proposal = _proposal(ticket, at)
    ticket.mark_dispatched()
    is_liaison = lead_unit.kind == UnitKind.LIAISON
    a.change(lead_unit=lead_unit, dispatched_at=at, is_liaison=is_liaison)
    lead = _lead_order(a, lead_unit, basis, proposal, is_designated=is_designated)
    orders = [lead]
    copy = _supervising_district(lead_unit)
    if copy is not None:
        orders.append(_copy(a, copy))
    Assignment.objects.bulk_create(orders)
    Access.objects.bulk_create(
        Access(ticket=ticket, unit_id=o.unit_id, role=AccessRole(o.role), granted_at=at)
        for o in orders
    )
    is_sampled = draw(a)
    start_unit_clocks(a, lead, is_sampled=is_sampled)
    parts = []
    for unit in dict.fromkeys(cooperators):
        check_assistant(a, unit, lead_unit, AssignmentRole.COOPERATE, "cooperators")
        parts.append(open_assisting(a, lead, unit, AssignmentRole.COOPERATE))
    a.stop(ClockKind.DISPATCH)
    assert ticket.category_id is not None
    outside: dict[str, Any] = {} if is_sampled else {"sampled": False}
    a.record(
        "dispatched",
        unit_id=lead_unit.pk,
        assignment=lead.pk,
        copy=copy.code if copy else None,
        cooperators=[unit.code for unit in dict.fromkeys(cooperators)],
        category=categories()[ticket.category_id].code,
        catalogue=lead.catalogue_version_id,
        entry=lead.entry_id,
        is_designated=is_designated,
        **outside,
        **promised(a, lead),
        **_due_together(parts),
    )
    return lead


def _due_together(parts: Sequence[Assignment]) -> dict[str, Any]:
    """Parts given with the order itself fall due together (R-051)."""
    due = [part.due_at for part in parts if part.due_at is not None]
    return {"parts_due_at": localtime(min(due)).isoformat()} if due else {}


def _check_lead(a: Act, unit: Unit, *, is_designated: bool) -> None:
    if unit.kind in (*ASSISTING_KINDS, UnitKind.HOTLINE):
        raise RuleViolation("unit_cannot_lead", field="lead_unit", unit=unit.name)
    if unit.kind == UnitKind.LIAISON and not a.ticket.is_liaison:
        raise RuleViolation("liaison_needs_passing", field="lead_unit", unit=unit.name)
    check_unit(a.ticket, unit, today(a.at), "lead_unit")
    if not is_designated:
        check_duty(unit, a.ticket.category_id, AssignmentRole.LEAD, today(a.at), "lead_unit")


def check_assistant(a: Act, unit: Unit, lead_unit: Unit, role: AssignmentRole, field: str) -> None:
    """Refuse a unit that cannot assist here: the lead itself, the hotline, one that is accused or
    gone, or whose duty list does not have the matter (R-040)."""
    if unit.pk == lead_unit.pk or unit.kind == UnitKind.HOTLINE:
        raise RuleViolation("unit_cannot_assist", field=field, unit=unit.name)
    check_unit(a.ticket, unit, today(a.at), field)
    check_duty(unit, a.ticket.category_id, role, today(a.at), field)


def _proposal(ticket: Ticket, at: dt.datetime) -> Proposal | None:
    """What the catalogue says now, as the page showed it."""
    is_accusing = ticket.request_type in ACCUSING
    return propose_unit(
        area_by_id(ticket.area_id),
        at=at,
        category=categories().get(ticket.category_id or 0),
        request_type=ticket.request_type,
        target=ticket.text.target if is_accusing else "",
    )


def _supervising_district(lead_unit: Unit) -> Unit | None:
    """The district whose street leads; other units answer to no district."""
    if lead_unit.kind != UnitKind.STREET:
        return None
    return district_unit(district_of(lead_unit.area))


def _lead_order(
    a: Act, unit: Unit, basis: str, proposal: Proposal | None, *, is_designated: bool
) -> Assignment:
    ticket, at = a.ticket, a.at
    is_as_proposed = proposal is not None and proposal.unit.pk == unit.pk
    window = limits.due_for(ClockKind.OBJECTION_WINDOW, level=ticket.level, start=at)
    return Assignment(
        ticket=ticket,
        unit=unit,
        role=AssignmentRole.LEAD,
        dispatched_at=at,
        dispatched_by=a.actor.reference,
        basis=basis,
        next_due_at=_sign_due(ticket, at),
        catalogue_version_id=proposal.version_id if proposal else None,
        # The clause that named this very unit; another unit was the dispatcher's own choice.
        entry_id=proposal.entry_id if proposal and is_as_proposed else None,
        is_as_proposed=is_as_proposed if proposal and _is_by_clause(proposal) else None,
        is_designated=is_designated,
        objection_until=None if is_designated else window.at,
    )


def _is_by_clause(proposal: Proposal) -> bool:
    """Whether a clause or a precedent named the unit, and not the place alone."""
    return proposal.entry_id is not None or proposal.precedent_id is not None


def _copy(a: Act, district: Unit) -> Assignment:
    """The district's supervising copy: nothing to sign."""
    return Assignment(
        ticket=a.ticket,
        unit=district,
        role=AssignmentRole.SUPERVISE,
        state=AssignmentState.SIGNED,
        dispatched_at=a.at,
        dispatched_by=a.actor.reference,
    )


def _sign_due(ticket: Ticket, at: dt.datetime) -> dt.datetime:
    """The first thing the unit owes; known before the row exists, so it is written once."""
    kinds = [ClockKind.SIGN, ClockKind.FEEDBACK]
    if not ticket.is_anonymous:
        kinds.append(ClockKind.FIRST_CONTACT)
    return min(
        limits.due_for(kind, level=ticket.level, urgency=ticket.urgency, start=at).at
        for kind in kinds
    )


def start_unit_clocks(
    a: Act, order: Assignment, *, is_first: bool = True, is_sampled: bool | None = None
) -> dt.datetime:
    """The unit's promises for a round of handling; returns when its feedback is due. In a later
    round the order is already signed. Where the clause names another law's limit, the feedback
    runs by that (R-058). `is_sampled` is decided by the dispatch and holds for later rounds."""
    own = {"unit_id": order.unit_id, "subject_id": order.pk}
    feedback = a.start(ClockKind.FEEDBACK, length=_other_limit(a, order), **own)
    if is_first:
        a.start(ClockKind.SIGN, **own)
    if not a.ticket.is_anonymous:
        if is_first:
            a.start(ClockKind.FIRST_CONTACT, **own)
        if is_called_back(a) if is_sampled is None else is_sampled:
            expect_callback(a, feedback.due_at)
    return feedback.due_at


def _other_limit(a: Act, order: Assignment) -> tuple[int, str] | None:
    """Another law's limit for the matter; an emergency keeps its two hours all the same."""
    if order.entry_id is None or a.ticket.level == Level.L1:
        return None
    proposal = _proposal(a.ticket, a.at)
    return proposal.length if proposal and proposal.entry_id == order.entry_id else None


def recall(
    *, number: str, actor: Actor, at: dt.datetime, version: int | None = None, reason: str
) -> Ticket:
    """The desk takes back its own erroneous order, with a reason; the unit is not blamed."""
    with act("recall", number, actor=actor, at=at, version=version) as a:
        reason = tidy(reason, REASON_LIMIT, _("原因"), "reason", required="reason_required")
        unit_id = a.ticket.lead_unit_id
        a.ticket.mark_recalled()
        take_back(a, AssignmentState.ENDED, EndReason.RECALLED)
        event = a.record("recalled", unit_id=unit_id)
        Note.objects.create(
            ticket=a.ticket, seq=event.seq, text=reason, written_by=actor.reference, written_at=at
        )
    return a.ticket


def undo_dispatch(
    *, number: str, actor: Actor, at: dt.datetime, version: int | None = None
) -> Ticket:
    """A slip of the hand: whoever dispatched takes it back within seconds, without a reason and
    without it counting as a dispatch, as long as nobody has signed."""
    with act("undo_dispatch", number, actor=actor, at=at, version=version) as a:
        order = Assignment.objects.get(ticket=a.ticket, role=AssignmentRole.LEAD, is_open=True)
        if order.dispatched_by != actor.reference or at > order.dispatched_at + dt.timedelta(
            seconds=settings.UNDO_SECONDS
        ):
            raise IllegalMove("undo_over", number=number, seconds=settings.UNDO_SECONDS)
        a.ticket.mark_recalled()
        take_back(a, AssignmentState.ENDED, EndReason.UNDONE)
        a.record("undone", unit_id=order.unit_id)
    return a.ticket
