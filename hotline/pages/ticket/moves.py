"""The buttons of the ticket page: what the registry allows, less what the facts rule out."""

from __future__ import annotations

from dataclasses import dataclass

from django.urls import reverse
from django.utils.functional import Promise

from evaluation.models import CallbackResult, CallOutcome
from hotline.core.models import ClockKind
from hotline.pages.ticket.facts import Facts
from intake import verbs
from intake.models import RequestType
from intake.verbs import Verb

# A single letter per common move (beside the buttons' own words).
_KEYS = {"sign": "s", "reply": "e", "dispatch": "d", "note": "i", "contact": "c", "callback": "v"}
_DANGEROUS = ("withdraw", "recall", "object")


@dataclass(frozen=True)
class Move:
    """A button: `is_press` when it needs nothing but the press."""

    name: str
    label: str | Promise
    url: str
    is_press: bool
    is_main: bool
    is_dangerous: bool
    key: str


def moves(facts: Facts) -> list[Move]:
    """The moves that can succeed now, the main one first."""
    found = [
        verb for verb in verbs.allowed_for(facts.ticket, facts.actor) if _is_open(verb.name, facts)
    ]
    return [_move(verb, facts.ticket.number, is_main=n == 0) for n, verb in enumerate(found)]


def _move(verb: Verb, number: str, *, is_main: bool) -> Move:
    is_callback = verb.name == "callback"
    url = reverse("callback", args=[number]) if is_callback else verb_url(verb, number)
    return Move(
        name=verb.name,
        label=verb.label,
        url=url,
        is_press=not verb.form.base_fields and not is_callback,
        is_main=is_main and verb.name not in ("note", *_DANGEROUS),
        is_dangerous=verb.name in _DANGEROUS,
        key=_KEYS.get(verb.name, ""),
    )


def verb_url(verb: Verb, number: str) -> str:
    return reverse("ticket_verb", args=[number, verb.name])


def _is_open(name: str, facts: Facts) -> bool:
    """Whether the facts leave this verb a chance; the service decides all the same."""
    match name:
        case "answer":
            return facts.ticket.request_type == RequestType.CONSULT
        case "return_to_desk" | "reject_objection":
            return facts.pending_objection is not None
        case "object":
            lead = facts.lead
            own = lead is not None and any(o.assignment_id == lead.pk for o in facts.objections)
            return lead is not None and lead.round == 1 and not own
        case "reply":
            return facts.pending_objection is None
        case "accept_answer":
            order = facts.open_supervision
            return order is not None and order.answered_at is not None
        case "callback":
            waiting = facts.running(ClockKind.CALLBACK)
            return bool(waiting) and waiting[0].opens_at <= facts.at
        case "rehandle":
            return any(not answer.is_good for answer in _answers(facts))
        case "close":
            return _can_close(facts)
    return True


def _can_close(facts: Facts) -> bool:
    if facts.open_supervision is not None:
        return False
    if facts.running(ClockKind.CALLBACK) and any(p.wants_callback for p in facts.parties):
        return False
    gone = any(r.outcome != CallOutcome.CONNECTED for r in facts.results)
    wanted = any(p.wants_callback for p in facts.parties)
    return bool(_answers(facts)) or gone or not wanted


def _answers(facts: Facts) -> list[CallbackResult]:
    """Valid answers about the last reply."""
    lead = facts.lead
    since = lead.replied_at if lead else None
    return [r for r in facts.results if r.is_valid and (since is None or r.called_at >= since)]
