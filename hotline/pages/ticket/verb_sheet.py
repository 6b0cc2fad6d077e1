"""The form of one verb on one ticket: filled in, refused, kept."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django import forms
from django.http import QueryDict

from dispatch.models import ContactMethod
from dispatch.services import propose_unit
from evaluation.models import CallOutcome
from evaluation.services import answers_since_reply, attempts_of_turn
from hotline.core.actors import Actor
from hotline.core.violations import IllegalMove, RuleViolation, StaleVersion
from hotline.pages.pickers import dressed
from intake import services as intake
from intake import verbs
from intake.models import CloseCode, State, Ticket
from intake.verbs import Verb

_NOT_KEPT = ("csrfmiddlewaretoken", "version", "next")


class VerbSheet:
    """A verb's form as one person fills it in.

    `data` is what was sent, None to begin; `version` is the ticket as the person saw it.
    """

    def __init__(
        self, verb: Verb, ticket: Ticket, actor: Actor, at: dt.datetime, data: QueryDict | None
    ) -> None:
        self.verb, self.ticket, self.actor, self.at = verb, ticket, actor, at
        self.problem = ""
        self.is_stale = False
        self.status = 200
        self.draft_saved_at: dt.datetime | None = None
        self.version = ticket.version
        if data is None:
            self.form = verb.form(initial=self._initial())
        else:
            self.form = verb.form(data)
            posted = data.get("version", "")
            self.version = int(posted) if posted.isdecimal() else ticket.version
        dressed(self.form)

    @property
    def is_allowed(self) -> bool:
        return self.verb.allowed(self.ticket, self.actor)

    @property
    def keeps_draft(self) -> bool:
        """Long words are kept while they are written."""
        return any(isinstance(f.widget, forms.Textarea) for f in self.form.fields.values())

    @property
    def draft_name(self) -> str:
        return f"{self.verb.name}:{self.ticket.number}"

    def begin(self) -> None:
        """Refuse at once what the state forbids, so that nobody fills in a form in vain."""
        if not self.is_allowed:
            try:
                verbs.require(self.verb.name, self.ticket, self.actor)
            except IllegalMove as refusal:
                self.refuse(refusal)

    def run(self) -> bool:
        """Do it. False, with the sentences in the form, when it was refused; NotPermitted and
        NotVisible go on to become pages of their own."""
        if not self.form.is_valid():
            self.status = 422
            return False
        try:
            verbs.run(
                self.verb.name,
                number=self.ticket.number,
                actor=self.actor,
                at=self.at,
                version=self.version,
                **self.form.cleaned_data,
            )
        except RuleViolation as refusal:
            if refusal.status in (403, 404):
                raise
            self.refuse(refusal)
            return False
        if self.keeps_draft:
            intake.discard_draft(actor=self.actor, form=self.draft_name)
        return True

    def refuse(self, refusal: RuleViolation) -> None:
        """Say the sentence where it belongs. After a conflict the newest version is taken over:
        the person has been told, and may send again."""
        self.status = refusal.status
        if isinstance(refusal, StaleVersion):
            self.status, self.is_stale = 409, True
            self.version = Ticket.objects.visible_to(self.actor).get(pk=self.ticket.pk).version
        if refusal.field in self.form.fields and self.form.is_bound:
            self.form.add_error(refusal.field, refusal.sentence())
        else:
            self.problem = refusal.sentence()

    def save_draft(self, data: QueryDict) -> None:
        kept = {name: data[name] for name in data if name not in _NOT_KEPT}
        intake.save_draft(actor=self.actor, at=self.at, form=self.draft_name, content=kept)

    def _initial(self) -> dict[str, Any]:
        kept = intake.load_draft(actor=self.actor, form=self.draft_name)
        if kept is not None:
            content, self.draft_saved_at = kept
            return content
        suggest = _SUGGESTIONS.get(self.verb.name)
        return suggest(self.ticket, self.at) if suggest else {}


def _dispatch(ticket: Ticket, at: dt.datetime) -> dict[str, Any]:
    proposal = propose_unit(ticket.area, at=at)
    found: dict[str, Any] = {"category": ticket.category}
    if proposal is not None:
        found |= {"lead_unit": proposal.unit, "basis": proposal.basis}
    return found


def _amend(ticket: Ticket, at: dt.datetime) -> dict[str, Any]:
    """The wording as it is; the door is never shown in a form, and an empty one is unchanged."""
    return {name: getattr(ticket.text, name) for name in ("matter", "title", "address", "target")}


def _classify(ticket: Ticket, at: dt.datetime) -> dict[str, Any]:
    return {"category": ticket.category, "area": ticket.area}


def _close(ticket: Ticket, at: dt.datetime) -> dict[str, Any]:
    """The reason that the record bears out."""
    if ticket.is_anonymous:
        return {"code": CloseCode.ANONYMOUS}
    if answers_since_reply(ticket):
        return {"code": CloseCode.CALLED_BACK}
    attempts = attempts_of_turn(ticket)
    tried = any(a.outcome in (CallOutcome.NO_ANSWER, CallOutcome.WRONG_NUMBER) for a in attempts)
    refused = any(a.outcome in (CallOutcome.DECLINED, CallOutcome.REFUSED) for a in attempts)
    return {"code": CloseCode.UNREACHABLE if tried and not refused else CloseCode.DECLINED}


def _told(ticket: Ticket, at: dt.datetime) -> dict[str, Any]:
    """The requester of a confidential matter is reached through the hotline only (R-018)."""
    relay = ContactMethod.RELAY if ticket.is_confidential else ""
    return {"told_by": relay, "method": relay or ContactMethod.PHONE}


_SUGGESTIONS = {
    "reply": _told,
    "report": _told,
    "contact": _told,
    "dispatch": _dispatch,
    "amend": _amend,
    "classify": _classify,
    "close": _close,
}


def is_waiting_for_close(ticket: Ticket) -> bool:
    """Nobody is left to be called; the ticket waits for its close."""
    return (
        ticket.state == State.CALLBACK
        and not ticket.clocks.filter(kind="callback", stopped_at=None).exists()
    )
