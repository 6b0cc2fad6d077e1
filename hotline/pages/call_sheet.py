"""One call-back on the screen: whom to call, what to ask, what was answered."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.functional import cached_property
from django.utils.translation import gettext as _

from evaluation import carriers
from evaluation.forms.calling import CallbackForm
from evaluation.models import CallbackChannel, CallbackResult, RatingLink
from evaluation.sampling import is_asked_of_pressure
from evaluation.services import conclude
from evaluation.services.answers import half_day_start
from hotline.core.actors import Actor
from hotline.core.models import ClockKind
from hotline.core.violations import RuleViolation, StaleVersion
from hotline.pages.calling import Callee, attempt_words, callees, last_replies
from intake.models import Clock, State, Ticket
from knowledge.models import category_path

THEN = ("close", "rehandle", "none")
_CHOSEN = ("outcome", "contacted", "resolved", "satisfaction", "pressure")


class CallSheet:
    """The call-back form of one requester of a ticket. `data` is what was sent, None to begin; what
    was sent is of the requester it names, and of nobody else."""

    def __init__(
        self, ticket: Ticket, actor: Actor, at: dt.datetime, data: QueryDict | None, *, party: str
    ) -> None:
        self.ticket, self.actor, self.at = ticket, actor, at
        self.data = data or QueryDict()
        self.is_sent = data is not None
        self.callees = callees(ticket)
        self.callee = self._chosen(party)
        self.problem, self.status = "", 200
        version = str(self.data.get("version", ""))
        self.version = int(version) if version.isdecimal() and len(version) < 10 else ticket.version
        self.form = CallbackForm(data) if data is not None else CallbackForm()
        for name in _CHOSEN:
            field = self.form.fields[name]
            assert isinstance(field, forms.ChoiceField)
            field.widget = forms.RadioSelect(choices=field.choices)  # type: ignore[arg-type]
        self.form.fields["opinion"].widget.attrs["rows"] = 3

    # --- what the page shows ---------------------------------------------------------------

    @property
    def clock(self) -> Clock | None:
        return self.ticket.clocks.filter(kind=ClockKind.CALLBACK, stopped_at=None).first()

    @property
    def category(self) -> str:
        return category_path(self.ticket.category_id)

    @property
    def has_replied(self) -> bool:
        """Whether the unit has answered; one that has not is asked about all the same (R-081)."""
        return self.ticket.state == State.CALLBACK

    @property
    def replies(self) -> list[Any]:
        return last_replies(self.ticket)

    @property
    def asks_pressure(self) -> bool:
        """Whether this requester is asked the fourth question; who brings it up unasked is heard
        all the same."""
        return is_asked_of_pressure(self.ticket, self.at)

    @cached_property
    def link(self) -> RatingLink | None:
        """The last link sent to this requester by short message, where any can be sent."""
        if self.callee is None or not carriers.is_offered():
            return None
        sent = RatingLink.objects.filter(party=self.callee.party, channel=CallbackChannel.SMS)
        return sent.order_by("-pk").first()

    @property
    def can_send(self) -> bool:
        """Whether a short message can be sent to this requester now."""
        if self.callee is None or self.callee.is_concluded or not carriers.is_offered():
            return False
        is_waiting = self.link is not None and self.link.expires_at > self.at
        reaches = carriers.is_mobile(self.callee.party.requester.phone)
        return reaches and not is_waiting and self.clock is not None

    @property
    def history(self) -> list[tuple[CallbackResult, str]]:
        """Every attempt about this ticket, in words."""
        results = self.ticket.callback_results.order_by("-pk")
        return [(result, attempt_words(result)) for result in results]

    # --- what was answered -----------------------------------------------------------------

    @property
    def is_of_nobody(self) -> bool:
        """Whether what was sent is of somebody who is not to be called here any more."""
        return self.is_sent and self.callee is None

    @property
    def heard(self) -> list[tuple[str, str]]:
        """The answers that were sent, in words, to be read and written down elsewhere."""
        found = []
        for bound in self.form:
            choices = dict(getattr(bound.field, "choices", ()))
            if value := bound.value():
                words = _("是") if value is True else choices.get(value, value)
                found.append((str(bound.label), str(words)))
        return found

    def run(self) -> bool:
        """Write the attempt down and do what follows; False with the sentences when refused."""
        if self.callee is None:
            self._refuse_of_nobody()
            return False
        if not self.form.is_valid():
            self.status = 422
            return False
        then = self.data.get("then", "none")
        try:
            self.ticket = conclude(
                number=self.ticket.number,
                actor=self.actor,
                at=self.at,
                version=self.version,
                then=then if then in THEN else "none",
                party=self.callee.party,
                **self.form.cleaned_data,
            )
        except RuleViolation as refusal:
            if refusal.status in (403, 404):
                raise
            self._refuse(refusal)
            return False
        return True

    def next_callee(self) -> Callee | None:
        """Another requester of the ticket who has not been tried in this half-day."""
        if self.ticket.state == State.CLOSED or self.clock is None:
            return None
        since = half_day_start(self.at)
        for callee in callees(self.ticket):
            tried = any(attempt.called_at >= since for attempt in callee.attempts)
            if not callee.is_concluded and not tried:
                return callee
        return None

    def _chosen(self, party: str) -> Callee | None:
        """The requester asked for; to begin with, else the first not yet concluded."""
        wanted = next((c for c in self.callees if str(c.party.pk) == party), None)
        if self.is_sent:
            return wanted
        waiting = (c for c in self.callees if not c.is_concluded)
        return wanted or next(waiting, None) or next(iter(self.callees), None)

    def _refuse_of_nobody(self) -> None:
        self.status = 409
        self.problem = _(
            "没有保存：刚才通话的诉求人已不在本工单的回访对象里（工单可能刚被拆分，或者诉求人不再需要回访）。"
            "记下的回答列在下面，请登记到这位诉求人现在的工单，不能记在别人名下。"
        )

    def _refuse(self, refusal: RuleViolation) -> None:
        self.status = refusal.status
        if isinstance(refusal, StaleVersion):
            self.status = 409
            self.ticket = Ticket.objects.visible_to(self.actor).get(pk=self.ticket.pk)
            self.version, self.callees = self.ticket.version, callees(self.ticket)
            self.callee = self._chosen(str(self.data.get("party", "")))
            if self.callee is None:
                self._refuse_of_nobody()
                return
        if refusal.field in self.form.fields:
            self.form.add_error(refusal.field, refusal.sentence())
        else:
            self.problem = refusal.sentence()
