"""Where a ticket stands: the five states, what happened on the way, who holds it."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field

from django.utils.translation import gettext as _

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
    rounds, reopened = ticket.rehandle_count, ticket.reopen_count
    found = [
        (ticket.is_overdue(facts.at), Mark(_("对诉求人超时"), "late")),
        (ticket.is_confidential, Mark(_("保密"), "warn")),
        (ticket.is_anonymous, Mark(_("匿名"))),
        (facts.pending_objection is not None, Mark(_("派单异议审核中"), "warn")),
        (facts.open_supervision is not None, Mark(_("督办中"), "late")),
        (rounds > 0, Mark(_("重新办理 %(n)s 次") % {"n": rounds}, "warn")),
        (reopened > 0, Mark(_("重新受理 %(n)s 次") % {"n": reopened}, "info")),
    ]
    if ticket.close_code:
        found.append((True, Mark(str(CloseCode(ticket.close_code).label), "info")))
    return [mark for is_so, mark in found if is_so]


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
            begun = [e.occurred_at for e in facts.events if e.type in ("signed", "rehandled")]
            return Holder(_("%(unit)s办理中") % {"unit": unit}, begun[-1] if begun else None)
        case State.CALLBACK:
            return Holder(_("热线待回访"), lead.replied_at if lead else None)
    return Holder(_("已办结"), ticket.closed_at)
