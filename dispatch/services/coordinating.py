"""Hard cases: sitting together before a dispatch, and asking the authority above.

Neither stops a clock: the desk still owes its dispatch, the lead its feedback.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from django.utils.translation import gettext as _

from dispatch.models import (
    Assignment,
    AssignmentRole,
    AssignmentState,
    Coordination,
    CoordinationKind,
    EndReason,
    OrderReason,
)
from dispatch.services.assisting import TASK_LIMIT, record_asked
from dispatch.services.dispatching import BASIS_LIMIT, give, start_unit_clocks
from dispatch.services.orders import (
    check_unit,
    clocks_of,
    end_questions,
    follow_limit,
    lead_order,
    open_assisting,
    promised,
    save_order,
    today,
)
from dispatch.services.rounds import clocks_under_order, orders_in_force
from hotline.core import limits
from hotline.core.actors import Actor
from hotline.core.models import ClockKind, Role, Unit, UnitKind
from hotline.core.places import district_unit, units
from hotline.core.violations import IllegalMove, NotPermitted, RuleViolation
from intake.acts import UNIT_CLOCKS, Act, act
from intake.models import Access, Ticket
from intake.models.access import AccessRole
from intake.services.registration import district_of, tidy

QUESTION_LIMIT = 500
OPINION_LIMIT = 2_000
MEASURE_LIMIT = 500
# What passes from one lead to the next when a higher unit takes over; parts and their signing stay
# with the units that hold them.
_PART_CLOCKS = (ClockKind.SIGN, ClockKind.COOPERATION, ClockKind.DELEGATION)
SITTING_BASIS = "会商确定"  # kept with the order, in the city's language
_LEAD_CLOCKS = tuple(kind for kind in UNIT_CLOCKS if kind not in _PART_CLOCKS)


# --- consultation before dispatch ------------------------------------------------------------


def consult(
    *,
    number: str,
    actor: Actor,
    at: dt.datetime,
    version: int | None = None,
    question: str,
    members: Sequence[Unit],
) -> Ticket:
    """会商: before a hard case is dispatched, the units that may have a part sit together (R-036).
    They see the matter while it lasts. It takes nothing from the time for dispatch: it is due no
    later than that, unless that was already missed.

    Raises RuleViolation without a question or a member, or for a unit that is accused or gone.
    """
    with act("consult", number, actor=actor, at=at, version=version) as a:
        _none_open(a)
        if a.running(ClockKind.ONSITE_RULING):
            raise IllegalMove("onsite_open", number=number)
        question = _question(question)
        if not members:
            raise RuleViolation("members_required", field="members")
        members = list(dict.fromkeys(members))
        for unit in members:
            check_unit(a.ticket, unit, today(at), "members")
        sitting = Coordination.objects.create(
            ticket=a.ticket,
            kind=CoordinationKind.CONSULTATION,
            question=question,
            asked_at=at,
            asked_by=actor.reference,
        )
        sitting.members.set(members)
        _let_see(a, *members)
        a.start(ClockKind.CONSULTATION, due_at=_before_dispatch(a))
        a.record("consultation_opened", members=[unit.code for unit in members])
    return a.ticket


def conclude_consultation(
    *,
    number: str,
    actor: Actor,
    at: dt.datetime,
    version: int | None = None,
    opinion: str,
    decided_unit: Unit | None = None,
) -> Ticket:
    """What the consultation came to. The unit it names is designated and dispatched to at once,
    and cannot return the order (R-049); without one the desk goes on as it finds right. The units
    that sat no longer see the matter."""
    with act("conclude_consultation", number, actor=actor, at=at, version=version) as a:
        sitting = _open(a, CoordinationKind.CONSULTATION, "no_consultation")
        opinion = _opinion(opinion)
        if decided_unit is not None and a.ticket.category_id is None:
            raise RuleViolation("category_required", field="decided_unit")
        _conclude(a, sitting, opinion=opinion, decided_unit=decided_unit)
        a.stop(ClockKind.CONSULTATION)
        seeing = Access.objects.filter(ticket=a.ticket, role=AccessRole.COORDINATE, until=None)
        seeing.update(until=at)
        a.record(
            "consultation_concluded",
            unit_id=decided_unit.pk if decided_unit else None,
            decided=decided_unit.code if decided_unit else None,
        )
        if decided_unit is not None:
            # The opinion itself is for those who sat together; every unit reads the basis.
            give(a, decided_unit, basis=SITTING_BASIS, is_designated=True)
    return a.ticket


def _before_dispatch(a: Act) -> dt.datetime | None:
    """The dispatch's own due time where that comes first; None where the limit stands."""
    due = limits.due_for(ClockKind.CONSULTATION, level=a.ticket.level, start=a.at).at
    owed = a.running(ClockKind.DISPATCH)
    return owed[0].due_at if owed and a.at < owed[0].due_at < due else None


# --- asking upward ---------------------------------------------------------------------------


def escalate(
    *,
    number: str,
    actor: Actor,
    at: dt.datetime,
    version: int | None = None,
    authority: Unit,
    question: str,
) -> Ticket:
    """分级协调: the lead cannot solve it and asks the government or authority above it, which must
    give its opinion in time (R-066); for a street this is also where an unclear owner or a failed
    coordination goes (R-065). The lead stays responsible and its clocks run on.

    Raises RuleViolation for a unit that is no authority over the lead; see `authorities_over`.
    """
    with act("escalate", number, actor=actor, at=at, version=version) as a:
        _none_open(a)
        question = _question(question)
        order = lead_order(a)
        unit = units()[order.unit_id]
        if authority.pk not in {above.pk for above in authorities_over(unit, today(at))}:
            raise RuleViolation("not_an_authority", field="authority", unit=authority.name)
        check_unit(a.ticket, authority, today(at), "authority")
        Coordination.objects.create(
            ticket=a.ticket,
            kind=CoordinationKind.UPWARD,
            question=question,
            asked_at=at,
            asked_by=actor.reference,
            asking_unit=unit,
            authority=authority,
        )
        told = None if _is_hotline(authority) else authority.pk
        if told is not None:
            _let_see(a, authority)
        a.start(ClockKind.COORDINATION, unit_id=told, subject_id=order.pk)
        a.record(
            "escalated",
            unit_id=told,
            assignment=order.pk,
            by=unit.code,
            authority=authority.code,
        )
    return a.ticket


def authorities_over(unit: Unit, on: dt.date) -> list[Unit]:
    """Whom a unit may ask: what is above it in the tree, its district, for a district's department
    the city department of the same line, and always the hotline's own authority."""
    known = units()
    found: list[Unit] = []
    above = known.get(unit.parent_id or 0)
    while above is not None:
        found.append(above)
        above = known.get(above.parent_id or 0)
    district = district_unit(district_of(unit.area))
    found += [district] if district else []
    if unit.kind == UnitKind.DISTRICT_DEPARTMENT and unit.line:
        found += [u for u in known.values() if _leads_line(u, unit.line)]
    found += [u for u in known.values() if _is_hotline(u)]
    return [
        u
        for u in {u.pk: u for u in found}.values()
        if u.pk != unit.pk and u.valid_from <= on and (u.valid_to is None or on < u.valid_to)
    ]


def _leads_line(unit: Unit, line: str) -> bool:
    return unit.kind == UnitKind.CITY_DEPARTMENT and unit.line == line


def _is_hotline(unit: Unit) -> bool:
    return unit.kind == UnitKind.HOTLINE


def answer_escalation(
    *,
    number: str,
    actor: Actor,
    at: dt.datetime,
    version: int | None = None,
    opinion: str,
    measure: str = "",
    takes_over: bool = False,
) -> Ticket:
    """The authority's opinion, and the measure it orders (R-066). It may take the matter over
    (提级办理): it leads from now on with clocks of its own and cannot return the order, and the
    unit that asked co-operates below it; what that unit had asked of others goes on. What it had
    missed stays missed; the promise to the citizen is untouched. The hotline answers through its
    supervisor and takes nothing over.

    Raises IllegalMove when nothing is asked, NotPermitted when another unit was asked.
    """
    with act("answer_escalation", number, actor=actor, at=at, version=version) as a:
        asked = _open(a, CoordinationKind.UPWARD, "no_escalation")
        assert asked.authority_id is not None
        authority = units()[asked.authority_id]
        if not may_answer(actor, authority):
            raise NotPermitted
        if takes_over and _is_hotline(authority):
            raise RuleViolation("hotline_does_not_handle", field="takes_over", unit=authority.name)
        opinion = _opinion(opinion)
        measure = tidy(measure, MEASURE_LIMIT, _("措施"), "measure")
        _conclude(
            a,
            asked,
            opinion=opinion,
            measure=measure,
            decided_unit=authority if takes_over else None,
        )
        a.stop(ClockKind.COORDINATION)
        order = lead_order(a)
        answered = a.record(
            "escalation_answered",
            unit_id=order.unit_id,
            assignment=order.pk,
            authority=authority.code,
            takes_over=takes_over,
        )
        if takes_over:
            answered.data |= promised(a, _take_over(a, order, authority, opinion, measure))
    return a.ticket


def may_answer(actor: Actor, authority: Unit) -> bool:
    """Whether this actor speaks for the authority: its handlers, or the hotline's supervisor."""
    if _is_hotline(authority):
        return actor.kind == "system" or actor.has(Role.CITY_SUPERVISOR)
    return actor.handles(authority.pk)


def _take_over(a: Act, old: Assignment, authority: Unit, opinion: str, measure: str) -> Assignment:
    """提级办理: one lead ends, the next begins, and the first co-operates. Orders change parents,
    never units: work in hand goes on."""
    end_questions(a)
    is_under_order = _end_supervision(a, old.unit_id)
    a.stop(*_LEAD_CLOCKS, is_cancelled=True)
    held = Assignment.objects.select_for_update().filter(
        ticket=a.ticket, unit=authority, is_open=True
    )
    ended = [old, *held.order_by("id")]  # the authority may have had a copy, or a part
    for order in ended:
        _end_alone(a, order)
    new = Assignment.objects.create(
        ticket=a.ticket,
        unit=authority,
        role=AssignmentRole.LEAD,
        state=AssignmentState.SIGNED,
        round=old.round,
        dispatched_at=a.at,
        dispatched_by=a.actor.reference,
        signed_at=a.at,
        basis=opinion[:BASIS_LIMIT],
        is_designated=True,
    )
    a.change(lead_unit=authority)
    _pass_access(a, old, new)
    own = {"unit_id": new.unit_id, "subject_id": new.pk}
    start_unit_clocks(a, new, is_first=False)
    if not a.ticket.is_anonymous:
        a.start(ClockKind.FIRST_CONTACT, **own)
    if is_under_order:
        a.start(ClockKind.SUPERVISION, **own)
    follow_limit(a)
    save_order(a, new)
    task = measure or opinion
    unit = units()[old.unit_id]
    part = open_assisting(a, new, unit, AssignmentRole.COOPERATE, task=task[:TASK_LIMIT])
    record_asked(a, "cooperation_asked", part, new)
    for order in ended:
        below = Assignment.objects.filter(parent=order, is_open=True)
        below.update(parent=part if order.pk == old.pk else new)
    return new


def _end_supervision(a: Act, unit_id: int) -> bool:
    """The old lead has nothing more to answer; whether the new one has: an unsolved matter is its
    matter now, what another unit missed is not."""
    under = clocks_under_order(a, unit_id)
    for clock in a.running(ClockKind.SUPERVISION):
        if clock.unit_id == unit_id:
            a.stop_clock(clock, is_cancelled=True)
    in_force = orders_in_force(a.ticket)
    return bool(under) and in_force.latest("id").reason == OrderReason.UNSOLVED_TWICE


def _end_alone(a: Act, order: Assignment) -> None:
    """End one order and leave what hangs below it."""
    for clock in clocks_of(a, order):
        a.stop_clock(clock, is_cancelled=True)
    order.state, order.is_open = AssignmentState.ENDED, False
    order.ended_at, order.end_reason = a.at, EndReason.TAKEN_OVER
    save_order(a, order, "state", "is_open", "ended_at", "end_reason")


def _pass_access(a: Act, old: Assignment, new: Assignment) -> None:
    leading = Access.objects.filter(ticket=a.ticket, role=AccessRole.LEAD, until=None)
    leading.filter(unit_id=old.unit_id).update(until=a.at)
    # What the authority saw in another role it now sees as the lead.
    Access.objects.filter(ticket=a.ticket, unit_id=new.unit_id, until=None).update(until=a.at)
    Access.objects.create(
        ticket=a.ticket, unit_id=new.unit_id, role=AccessRole.LEAD, granted_at=a.at
    )


# --- what both have in common ----------------------------------------------------------------


def _none_open(a: Act) -> None:
    if Coordination.objects.filter(ticket=a.ticket, concluded_at=None).exists():
        raise IllegalMove("coordination_open", number=a.ticket.number)


def _open(a: Act, kind: CoordinationKind, refusal: str) -> Coordination:
    waiting = Coordination.objects.select_for_update().filter(ticket=a.ticket, concluded_at=None)
    found = waiting.filter(kind=kind).first()
    if found is None:
        raise IllegalMove(refusal, number=a.ticket.number)
    return found


def _conclude(
    a: Act,
    coordination: Coordination,
    *,
    opinion: str,
    decided_unit: Unit | None,
    measure: str = "",
) -> None:
    coordination.opinion, coordination.measure = opinion, measure
    coordination.decided_unit = decided_unit
    coordination.concluded_at, coordination.concluded_by = a.at, a.actor.reference
    coordination.save(
        update_fields=["opinion", "measure", "decided_unit", "concluded_at", "concluded_by"]
    )


def _let_see(a: Act, *members: Unit) -> None:
    Access.objects.bulk_create(
        [
            Access(ticket=a.ticket, unit=unit, role=AccessRole.COORDINATE, granted_at=a.at)
            for unit in members
        ],
        ignore_conflicts=True,
    )


def _question(text: str) -> str:
    return tidy(text, QUESTION_LIMIT, _("问题"), "question", required="question_required")


def _opinion(text: str) -> str:
    return tidy(text, OPINION_LIMIT, _("意见"), "opinion", required="opinion_required")
