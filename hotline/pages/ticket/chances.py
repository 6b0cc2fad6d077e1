"""Which verbs the facts leave a chance; the services decide all the same."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from typing import TypeVar

from django.conf import settings

from dispatch.models import (
    WRONG_DISPATCH,
    AssignmentRole,
    AssignmentState,
    CoordinationKind,
    Extension,
    FactRequest,
    LedgerHold,
)
from dispatch.services.onsite import EARLIEST_ARRIVAL
from dispatch.services.precedents import IN_VAIN
from evaluation.models import CallbackResult, CallOutcome
from hotline.core import limits
from hotline.core.models import ClockKind, Role, UnitKind
from hotline.core.places import units
from hotline.pages.ticket.facts import Facts
from hotline.pages.ticket.pleas import can_appeal, can_ask_exclusion, waits_for
from intake.models import RequestType

Asked = TypeVar("Asked", Extension, FactRequest)


def is_open(name: str, facts: Facts) -> bool:
    """Whether this verb can succeed by the facts at hand; one not named here always can."""
    chance = _CHANCES.get(name)
    return chance is None or chance(facts)


# --- orders and objections -------------------------------------------------------------------


def _can_undo(facts: Facts) -> bool:
    """A slip of one's own hand, seconds ago."""
    lead = facts.lead
    if lead is None or not lead.is_open or lead.dispatched_by != facts.actor.reference:
        return False
    return facts.at <= lead.dispatched_at + dt.timedelta(seconds=settings.UNDO_SECONDS)


def _can_reply(facts: Facts) -> bool:
    return facts.pending_objection is None and not facts.open_assisting


def _can_object(facts: Facts) -> bool:
    """Once, in the window of an order that nobody designated, and with nothing else asked."""
    lead = facts.lead
    if lead is None or lead.is_designated or lead.round > 1 or lead.objection_until is None:
        return False
    if facts.running(ClockKind.EXTENSION_RULING, ClockKind.FACTS, ClockKind.LEDGER_RULING):
        return False
    objected = any(o.assignment_id == lead.pk for o in facts.objections)
    return facts.at < lead.objection_until and not objected


def _can_rule(facts: Facts) -> bool:
    """Nobody rules on a dispatch of their own."""
    lead, actor = facts.lead, facts.actor
    own = lead is not None and actor.kind == "staff" and lead.dispatched_by == actor.reference
    return facts.pending_objection is not None and not own


def _can_make_precedent(facts: Facts) -> bool:
    """A ruling that is no precedent yet, whose unit is known: named by it, or given the matter by
    the desk since."""
    wrong = [o for o in facts.objections if o.outcome in WRONG_DISPATCH]
    left = [o for o in wrong if getattr(o, "precedent", None) is None]
    if not left or facts.ticket.category_id is None:
        return False
    return left[-1].designated_unit_id is not None or any(
        order.role == AssignmentRole.LEAD
        and order.pk > left[-1].assignment_id
        and order.end_reason not in IN_VAIN
        for order in facts.orders
    )


# --- units that assist -----------------------------------------------------------------------


def _can_ask_for_help(facts: Facts) -> bool:
    return facts.lead is not None and facts.lead.is_open


def _can_delegate(facts: Facts) -> bool:
    """The unit holds the matter, not just a part asked of it, and somebody works below it."""
    lead, own = facts.lead, facts.own_order
    holder = lead.unit_id if lead and facts.actor.handles(lead.unit_id) else None
    if holder is None and own is not None and own.role == AssignmentRole.DELEGATE:
        holder = own.unit_id if own.state == AssignmentState.SIGNED else None
    return holder is not None and any(unit.parent_id == holder for unit in units().values())


def _can_release(facts: Facts) -> bool:
    """The unit that asked, or the desk."""
    by_pk = {o.pk: o for o in facts.orders}
    asking = {by_pk[o.parent_id].unit_id for o in facts.open_assisting if o.parent_id in by_pk}
    return bool(asking) and (
        facts.actor.has(Role.DISPATCHER) or any(map(facts.actor.handles, asking))
    )


def _own_order_is(facts: Facts, *states: AssignmentState) -> bool:
    return facts.own_order is not None and facts.own_order.state in states


def _can_hand_in(facts: Facts) -> bool:
    """Not before what the unit handed down itself has come back."""
    own = facts.own_order
    below = own is not None and any(o.parent_id == own.pk for o in facts.open_assisting)
    return _own_order_is(facts, AssignmentState.SIGNED) and not below


# --- time ------------------------------------------------------------------------------------


def _is_free(facts: Facts) -> bool:
    """No question stands; facts that did not come in time keep nobody waiting."""
    if facts.lead is None or facts.pending_objection is not None or facts.hold is not None:
        return False
    if facts.running(ClockKind.EXTENSION_RULING, ClockKind.LEDGER_RULING):
        return False
    return all(clock.is_late(facts.at) for clock in facts.running(ClockKind.FACTS))


def _of_round(asked: Sequence[Asked], facts: Facts) -> list[Asked]:
    """What was asked about the order in charge since its last reply, where the round began."""
    lead = facts.lead
    if lead is None:
        return []
    since = lead.replied_at or lead.dispatched_at
    return [a for a in asked if a.assignment_id == lead.pk and a.asked_at >= since]


def _can_ask_extension(facts: Facts) -> bool:
    """Before the feedback is due, as often as the level allows (R-062, R-063)."""
    owed = [c for c in facts.owed_on(facts.lead) if c.kind == ClockKind.FEEDBACK]
    if not owed or owed[0].is_late(facts.at) or not _is_free(facts):
        return False
    ticket = facts.ticket
    limit = limits.limit_for(
        ClockKind.EXTENSION, level=ticket.level, urgency=ticket.urgency, at=facts.at
    )
    return limit.times is None or len(_of_round(facts.extensions, facts)) < limit.times


def _can_ask_facts(facts: Facts) -> bool:
    asked = len(_of_round(facts.fact_requests, facts))
    return _is_free(facts) and asked < settings.FACT_REQUESTS_PER_ROUND


def _is_anothers(asked: Extension | LedgerHold | None, facts: Facts) -> bool:
    """Something to decide, and not one's own request."""
    return asked is not None and asked.asked_by != facts.actor.reference


# --- hard cases ------------------------------------------------------------------------------


def _can_conclude(facts: Facts) -> bool:
    case = facts.open_coordination
    return case is not None and case.kind == CoordinationKind.CONSULTATION


def _can_answer_escalation(facts: Facts) -> bool:
    """The authority that was asked; where it is the hotline, the city's supervisor."""
    case = facts.open_coordination
    if case is None or case.kind != CoordinationKind.UPWARD or case.authority is None:
        return False
    if case.authority.kind == UnitKind.HOTLINE:
        return facts.actor.has(Role.CITY_SUPERVISOR)
    return facts.actor.handles(case.authority_id)


def _can_order_onsite(facts: Facts) -> bool:
    """Nobody is called to a place already, and no consultation sits."""
    return not facts.running(ClockKind.ONSITE_RULING, ClockKind.CONSULTATION)


def _can_arrive(facts: Facts) -> bool:
    """The reader's unit is called, has not come yet, and it is not far too early to be there."""
    return any(
        facts.actor.handles(clock.unit_id) and facts.at >= clock.due_at - EARLIEST_ARRIVAL
        for clock in facts.running(ClockKind.ONSITE)
    )


# --- call-back and close ---------------------------------------------------------------------


def _can_call_back(facts: Facts) -> bool:
    waiting = facts.running(ClockKind.CALLBACK)
    return bool(waiting) and waiting[0].opens_at <= facts.at


def _can_close(facts: Facts) -> bool:
    if facts.unaccepted_answer is not None:
        return False
    if facts.running(ClockKind.CALLBACK) and any(p.wants_callback for p in facts.parties):
        return False
    gone = any(r.outcome != CallOutcome.CONNECTED for r in facts.results)
    wanted = facts.is_sampled and any(p.wants_callback for p in facts.parties)
    return bool(_answers(facts)) or gone or not wanted


def _answers(facts: Facts) -> list[CallbackResult]:
    """Valid answers about the last reply."""
    lead = facts.lead
    since = lead.replied_at if lead else None
    return [r for r in facts.results if r.is_valid and (since is None or r.called_at >= since)]


_CHANCES: dict[str, Callable[[Facts], bool]] = {
    "answer": lambda facts: facts.ticket.request_type == RequestType.CONSULT,
    "undo_dispatch": _can_undo,
    "reply": _can_reply,
    "object": _can_object,
    **dict.fromkeys(("return_to_desk", "designate", "reject_objection"), _can_rule),
    "make_precedent": _can_make_precedent,
    "ask_cooperation": _can_ask_for_help,
    "delegate": _can_delegate,
    "release": _can_release,
    "sign_part": lambda facts: _own_order_is(facts, AssignmentState.PENDING),
    "hand_in": _can_hand_in,
    "interim": lambda facts: _own_order_is(facts, AssignmentState.SIGNED),
    "ask_extension": _can_ask_extension,
    **dict.fromkeys(
        ("grant_extension", "refuse_extension"),
        lambda facts: _is_anothers(facts.pending_extension, facts),
    ),
    "ask_facts": _can_ask_facts,
    "facts_received": lambda facts: facts.open_question is not None,
    "hold": _is_free,
    **dict.fromkeys(
        ("approve_hold", "refuse_hold"), lambda facts: _is_anothers(facts.pending_hold, facts)
    ),
    **dict.fromkeys(("review_hold", "clear_hold"), lambda facts: facts.hold is not None),
    "consult": lambda facts: facts.open_coordination is None,
    "conclude_consultation": _can_conclude,
    "escalate": lambda facts: facts.open_coordination is None,
    "answer_escalation": _can_answer_escalation,
    "order_onsite": _can_order_onsite,
    "arrive_onsite": _can_arrive,
    "decide_onsite": lambda facts: bool(facts.running(ClockKind.ONSITE_RULING)),
    "accept_answer": lambda facts: facts.unaccepted_answer is not None,
    "answer_instruction": lambda facts: bool(facts.instructions_to_answer),
    **dict.fromkeys(
        ("accept_instruction", "send_back_instruction"),
        lambda facts: any(order.waits_for_reading for order in facts.instructions),
    ),
    "callback": _can_call_back,
    "rehandle": lambda facts: any(not answer.is_good for answer in _answers(facts)),
    "close": _can_close,
    "ask_exclusion": can_ask_exclusion,
    "appeal": can_appeal,
    **dict.fromkeys(
        ("grant_exclusion", "refuse_exclusion"), lambda facts: waits_for(facts.exclusions, facts)
    ),
    **dict.fromkeys(
        ("uphold_appeal", "reject_appeal"), lambda facts: waits_for(facts.appeals, facts)
    ),
}
