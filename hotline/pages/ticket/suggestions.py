"""What a verb's form begins with: the likely answer, as text to edit."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from dispatch.models import (
    ASSISTING_ROLES,
    WRONG_DISPATCH,
    Assignment,
    AssignmentRole,
    ContactMethod,
    ObjectionReason,
)
from dispatch.rendering.catalogue import clause_words
from dispatch.services import Proposal, propose_unit
from dispatch.services.coordinating import authorities_over
from dispatch.services.dispatching import BASIS_LIMIT
from dispatch.services.orders import assisting_due, was_drawn
from dispatch.services.precedents import SCOPES, objection_help, quoted, ruling_left
from evaluation.models import CallOutcome
from evaluation.services import answers_since_reply, attempts_of_turn, parties_to_call
from hotline.core import limits
from hotline.core.actors import Actor
from hotline.core.models import ClockKind, Role, Unit
from hotline.core.places import units
from hotline.pages.templatetags.clocks import moment
from hotline.pages.ticket.advice import duty_words
from intake.acts import Act
from intake.models import CloseCode, Ticket

Suggested = dict[str, Any]


def suggested(verb: str, ticket: Ticket, actor: Actor, at: dt.datetime) -> Suggested:
    """What the form of this verb begins with; nothing where only the person knows."""
    suggest = _SUGGESTIONS.get(verb)
    return suggest(ticket, actor, at) if suggest else {}


# --- the desk --------------------------------------------------------------------------------


def _proposed(ticket: Ticket, at: dt.datetime) -> Proposal | None:
    return propose_unit(
        ticket.area,
        at=at,
        category=ticket.category,
        request_type=ticket.request_type,
        target=ticket.text.target,
    )


def _dispatch(ticket: Ticket, actor: Actor, at: dt.datetime) -> Suggested:
    proposal = _proposed(ticket, at)
    found: Suggested = {"category": ticket.category}
    if proposal is not None:
        found |= {"lead_unit": proposal.unit, "basis": proposal.basis}
    return found


def helpers_of(ticket: Ticket, at: dt.datetime) -> tuple[Unit, ...]:
    """Who the catalogue says can be asked for help. Offered, and not asked by themselves: each
    order of theirs must be answered before the lead can reply."""
    proposal = _proposed(ticket, at)
    return proposal.cooperators if proposal is not None else ()


def _amend(ticket: Ticket, actor: Actor, at: dt.datetime) -> Suggested:
    """The wording as it is; the door is never shown in a form, and an empty one is unchanged."""
    return {name: getattr(ticket.text, name) for name in ("matter", "title", "address", "target")}


def _classify(ticket: Ticket, actor: Actor, at: dt.datetime) -> Suggested:
    return {"category": ticket.category, "area": ticket.area}


def _close(ticket: Ticket, actor: Actor, at: dt.datetime) -> Suggested:
    """The reason that the record bears out."""
    if ticket.is_anonymous:
        return {"code": CloseCode.ANONYMOUS}
    if answers_since_reply(ticket):
        return {"code": CloseCode.CALLED_BACK}
    if parties_to_call(ticket) and not was_drawn(ticket):
        return {"code": CloseCode.NOT_SAMPLED}
    attempts = attempts_of_turn(ticket)
    tried = any(a.outcome in (CallOutcome.NO_ANSWER, CallOutcome.WRONG_NUMBER) for a in attempts)
    refused = any(a.outcome in (CallOutcome.DECLINED, CallOutcome.REFUSED) for a in attempts)
    return {"code": CloseCode.UNREACHABLE if tried and not refused else CloseCode.DECLINED}


def _make_precedent(ticket: Ticket, actor: Actor, at: dt.datetime) -> Suggested:
    """The ruling's own words, for the smallest place that is known."""
    ruling = ruling_left(ticket)
    if ruling is None:
        return {}
    reaches = (s for s, depth in SCOPES.items() if ticket.area and ticket.area.code_at(depth))
    return {"scope": next(reaches, "city"), "clause": quoted(ruling, ticket)}


# --- the unit in charge ----------------------------------------------------------------------


def _told(ticket: Ticket, actor: Actor, at: dt.datetime) -> Suggested:
    """The requester of a confidential matter is reached through the hotline only (R-018)."""
    relay = ContactMethod.RELAY if ticket.is_confidential else ""
    return {"told_by": relay, "method": relay or ContactMethod.PHONE}


def _object(ticket: Ticket, actor: Actor, at: dt.datetime) -> Suggested:
    """What speaks for the unit: its duty list's item, or the clause that names another unit; the
    clause by which the order came, to be answered; and how its own like objection was upheld."""
    unit = ticket.lead_unit
    if unit is None:
        return {}
    known, found = objection_help(ticket, unit), Suggested()
    proposed = _dispatch(ticket, actor, at)
    is_anothers = proposed.get("lead_unit", unit) != unit
    duty = known.duty
    if duty is not None and not duty.allows(AssignmentRole.LEAD):
        found |= {"ground": ObjectionReason.DUTY_LIST, "basis": duty_words(duty)[:BASIS_LIMIT]}
    elif is_anothers:
        found["basis"] = proposed["basis"]
    if is_anothers:
        found["proposed_unit"] = proposed["lead_unit"]
    reasons = []
    if known.clause is not None:
        reasons.append(_("本单按“%(clause)s”派出。") % {"clause": clause_words(known.clause)})
    own = (r for r in known.rulings if r.outcome in WRONG_DISPATCH and r.unit == unit.name)
    upheld = next(own, None)
    if upheld is not None:
        words = {"at": moment(upheld.ruled_at), "ruling": upheld.ruling}
        reasons.append(_("%(at)s 对本单位同类异议的裁定：%(ruling)s") % words)
    return found | {"reason": "\n".join(reasons)}


def _hold(ticket: Ticket, actor: Actor, at: dt.datetime) -> Suggested:
    return _told(ticket, actor, at) | {"review_at": _latest_review(ticket, at)}


def _review(ticket: Ticket, actor: Actor, at: dt.datetime) -> Suggested:
    return {"next_at": _latest_review(ticket, at)}


def _latest_review(ticket: Ticket, at: dt.datetime) -> dt.datetime:
    """A month from now, as the ledger is looked at (R-067)."""
    return limits.due_for(ClockKind.LEDGER_REVIEW, level=ticket.level, start=at).at


# --- helping ---------------------------------------------------------------------------------


def _ask(ticket: Ticket, actor: Actor, at: dt.datetime) -> Suggested:
    """Due before the asking unit's own time, by the same share as without a date (R-051)."""
    parent = _asking_order(ticket, actor)
    if parent is None:
        return {}
    return {"due_at": assisting_due(Act(ticket, actor, at), parent)}


def _asking_order(ticket: Ticket, actor: Actor) -> Assignment | None:
    """The order below which the reader would ask: the lead's, or the part handed down to it."""
    held = ticket.assignments.filter(is_open=True)
    own = held.filter(role=AssignmentRole.DELEGATE, unit_id__in=list(actor.unit_ids)).first()
    leads = actor.handles(ticket.lead_unit_id) or not own
    return held.filter(role=AssignmentRole.LEAD).first() if leads else own


def _release(ticket: Ticket, actor: Actor, at: dt.datetime) -> Suggested:
    released = _to_release(ticket, actor)
    return {"unit": released[0]} if len(released) == 1 else {}


def _escalate(ticket: Ticket, actor: Actor, at: dt.datetime) -> Suggested:
    """First the one right above."""
    above = _authorities(ticket, at)
    return {"authority": above[0]} if above else {}


_SUGGESTIONS: dict[str, Callable[[Ticket, Actor, dt.datetime], Suggested]] = {
    "reply": _told,
    "report": _told,
    "contact": _told,
    "dispatch": _dispatch,
    "amend": _amend,
    "classify": _classify,
    "close": _close,
    "object": _object,
    "make_precedent": _make_precedent,
    "ask_extension": _told,
    "hold": _hold,
    "review_hold": _review,
    "ask_cooperation": _ask,
    "delegate": _ask,
    "release": _release,
    "escalate": _escalate,
}


# --- which units can be meant ----------------------------------------------------------------


def choices_of_units(
    verb: str, ticket: Ticket, actor: Actor, at: dt.datetime
) -> tuple[str, Sequence[Unit]]:
    """The field that only a few units fit, and those units; an empty name where any may."""
    match verb:
        case "delegate":
            return "unit", _below(ticket, actor, at)
        case "release":
            return "unit", _to_release(ticket, actor)
        case "escalate":
            return "authority", _authorities(ticket, at)
    return "", ()


def _below(ticket: Ticket, actor: Actor, at: dt.datetime) -> list[Unit]:
    """Every unit below the one that hands work down, by name."""
    parent, today = _asking_order(ticket, actor), timezone.localdate(at)
    known = units()
    level = {parent.unit_id} if parent else set()
    found: list[Unit] = []
    while level:
        below = [unit for unit in known.values() if unit.parent_id in level]
        found += [
            u for u in below if u.valid_from <= today and not (u.valid_to and u.valid_to <= today)
        ]
        level = {unit.pk for unit in below}
    return sorted(found, key=lambda unit: (unit.kind, unit.code))


def _to_release(ticket: Ticket, actor: Actor) -> list[Unit]:
    """The units that the reader's unit asked; for the desk, all of them."""
    parts = ticket.assignments.filter(is_open=True, role__in=ASSISTING_ROLES)
    is_desk = actor.has(Role.DISPATCHER)
    return [
        units()[part.unit_id]
        for part in parts.select_related("parent").order_by("pk")
        if is_desk or (part.parent and actor.handles(part.parent.unit_id))
    ]


def _authorities(ticket: Ticket, at: dt.datetime) -> list[Unit]:
    unit = units().get(ticket.lead_unit_id or 0)
    return authorities_over(unit, timezone.localdate(at)) if unit else []
