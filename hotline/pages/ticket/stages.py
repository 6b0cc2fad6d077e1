"""Where a ticket stands: the five states, what happened on the way, who holds it."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field

from django.utils.translation import gettext as _

from dispatch.models import CoordinationKind
from hotline.pages.ticket.facts import Facts
from intake.models import CloseCode, State


@dataclass(frozen=True)
class Mark:
    label: str
    kind: str = ""


@dataclass(frozen=True)
class Stage:
    """One of the five states. `status`: done, current or todo; `at` when it was reached."""

    label: str
    status: str
    at: dt.datetime | None
    marks: list[Mark] = field(default_factory=list)


@dataclass(frozen=True)
class Holder:
    """Who must act now, and since when."""

    name: str
    since: dt.datetime | None


def stages(facts: Facts) -> list[Stage]:
    """The five states with their times; a state passed over keeps no time."""
    ticket, lead = facts.ticket, facts.lead
    reached = {
        State.ACCEPTED: ticket.accepted_at,
        State.DISPATCHED: ticket.dispatched_at,
        State.HANDLING: lead.signed_at if lead else None,
        State.CALLBACK: lead.replied_at if lead else None,
        State.CLOSED: ticket.closed_at,
    }
    order = list(State)
    here = order.index(State(ticket.state))
    found = []
    for place, state in enumerate(order):
        at = reached[state] if place <= here else None
        is_here = place == here
        status = "current" if is_here else "done" if place < here and at else "todo"
        found.append(Stage(str(state.label), status, at, marks(facts) if is_here else []))
    return found


def marks(facts: Facts) -> list[Mark]:
    """Facts about the ticket that are no state of their own (design: facets)."""
    ticket = facts.ticket
    rounds, reopened, parts = ticket.rehandle_count, ticket.reopen_count, facts.open_assisting
    found = [
        (ticket.is_overdue(facts.at), Mark(_("对诉求人超时"), "late")),
        (ticket.is_confidential, Mark(_("保密"), "warn")),
        (ticket.is_anonymous, Mark(_("匿名"))),
        (facts.pending_objection is not None, Mark(_("派单异议审核中"), "warn")),
        (facts.pending_extension is not None, Mark(_("延期待审"), "warn")),
        (_is_waiting_for_facts(facts), Mark(_("等待诉求人补充"), "warn")),
        (facts.pending_hold is not None, Mark(_("挂账待审"), "warn")),
        (facts.hold is not None, Mark(_("挂账"), "info")),
        (facts.open_coordination is not None, Mark(_case_mark(facts), "warn")),
        (any(o.ended_at is None for o in facts.onsites), Mark(_("现场责任划分"), "warn")),
        (bool(parts), Mark(_("协办未齐 %(n)s") % {"n": len(parts)}, "info")),
        (bool(facts.supervised), Mark(_("督办中"), "late")),
        (rounds > 0, Mark(_("重新办理 %(n)s 次") % {"n": rounds}, "warn")),
        (reopened > 0, Mark(_("重新受理 %(n)s 次") % {"n": reopened}, "info")),
    ]
    if ticket.close_code:
        found.append((True, Mark(str(CloseCode(ticket.close_code).label), "info")))
    return [mark for is_so, mark in found if is_so]


def _is_waiting_for_facts(facts: Facts) -> bool:
    """An answer that did not come in time keeps nobody waiting."""
    asked = facts.open_question
    return asked is not None and facts.at < asked.until


def _case_mark(facts: Facts) -> str:
    case = facts.open_coordination
    if case is not None and case.kind == CoordinationKind.UPWARD:
        return _("上级协调中")
    return _("会商中")


def holder(facts: Facts) -> Holder:
    """Who holds the ticket, from its state and its lead order."""
    ticket, lead = facts.ticket, facts.lead
    unit = ticket.lead_unit.name if ticket.lead_unit else ""
    match State(ticket.state):
        case State.ACCEPTED:
            ended = lead.ended_at if lead else None
            return Holder(_("热线待派单"), ended or ticket.accepted_at)
        case State.DISPATCHED:
            return Holder(_("%(unit)s待签收") % {"unit": unit}, ticket.dispatched_at)
        case State.HANDLING:
            if facts.hold is not None:
                return Holder(_("%(unit)s挂账中") % {"unit": unit}, facts.hold.decided_at)
            begun = [e.occurred_at for e in facts.events if e.type in ("signed", "rehandled")]
            taken = lead.signed_at if lead else None  # the authority that took over did not sign
            since = max([*begun[-1:], *([taken] if taken else [])], default=None)
            return Holder(_("%(unit)s办理中") % {"unit": unit}, since)
        case State.CALLBACK:
            return Holder(_("热线待回访"), lead.replied_at if lead else None)
    return Holder(_("已办结"), ticket.closed_at)
