"""The form of one verb on one ticket: filled in, refused, kept."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext as _

from hotline.core.actors import Actor
from hotline.core.violations import IllegalMove, RuleViolation, StaleVersion
from hotline.pages.pickers import UnitChoices, dressed
from hotline.pages.ticket.advice import Advice, advice
from hotline.pages.ticket.instructions import offer_instructions
from hotline.pages.ticket.pleas import offer_choices
from hotline.pages.ticket.suggestions import choices_of_units, helpers_of, suggested
from intake import services as intake
from intake import verbs
from intake.models import State, Ticket
from intake.own_affairs import readable_by
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
            self.version = (
                int(posted) if posted.isdecimal() and len(posted) < 10 else ticket.version
            )
        dressed(self.form)
        self._narrow()

    @property
    def is_allowed(self) -> bool:
        return self.verb.allowed(self.ticket, self.actor)

    @property
    def advice(self) -> list[Advice]:
        """What the person should read before filling it in."""
        return advice(self.verb.name, self.ticket, self.at) if self.is_allowed else []

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
            self.version = readable_by(self.actor).get(pk=self.ticket.pk).version
        if refusal.field in self.form.fields and self.form.is_bound:
            self.form.add_error(refusal.field, refusal.sentence())
        else:
            self.problem = refusal.sentence()

    def save_draft(self, data: QueryDict) -> None:
        kept = {name: data[name] for name in data if name not in _NOT_KEPT}
        intake.save_draft(actor=self.actor, at=self.at, form=self.draft_name, content=kept)

    def _narrow(self) -> None:
        """Where a few units only can be meant, those are offered and no others; those that may be
        asked for help stand ready to be ticked."""
        for field in self.form.fields.values():
            if isinstance(field.widget, UnitChoices):
                field.widget.suggested = helpers_of(self.ticket, self.at)
        name, units = choices_of_units(self.verb.name, self.ticket, self.actor, self.at)
        if name:
            options = [("", _("请选择")), *((unit.code, unit.name) for unit in units)]
            self.form.fields[name].widget = forms.Select(choices=options)
        offer_choices(self.form, self.verb.name, self.ticket, self.actor, self.at)
        offer_instructions(self.form, self.verb.name, self.ticket)

    def _initial(self) -> dict[str, Any]:
        kept = intake.load_draft(actor=self.actor, form=self.draft_name)
        if kept is not None:
            content, self.draft_saved_at = kept
            return content
        return suggested(self.verb.name, self.ticket, self.actor, self.at)


def is_waiting_for_close(ticket: Ticket) -> bool:
    """Nobody is left to be called; the ticket waits for its close."""
    return (
        ticket.state == State.CALLBACK
        and not ticket.clocks.filter(kind="callback", stopped_at=None).exists()
    )
