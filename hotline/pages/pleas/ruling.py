"""Deciding a plea in its row."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.http import Http404, QueryDict
from django.urls import reverse
from django.utils.translation import gettext as _

from evaluation.models import Appeal, Exclusion
from evaluation.pleas import visible
from hotline.core.actors import Actor
from hotline.core.violations import RuleViolation
from intake import verbs

MODELS: dict[str, type[Exclusion] | type[Appeal]] = {"exclusion": Exclusion, "appeal": Appeal}
# What the two buttons of a row do.
VERBS = {
    ("exclusion", "grant"): "grant_exclusion",
    ("exclusion", "refuse"): "refuse_exclusion",
    ("appeal", "grant"): "uphold_appeal",
    ("appeal", "refuse"): "reject_appeal",
}


@dataclass
class Ruling:
    """A row's form as it was sent: which plea, how, why, and the ticket as it was seen."""

    kind: str
    pk: int
    sent: QueryDict
    problem: str = ""

    @property
    def words(self) -> str:
        return self.sent.get("ruling", "")

    @property
    def query(self) -> QueryDict:
        """The list that the row stood in."""
        return QueryDict(self.sent.get("list", ""))

    @property
    def url(self) -> str:
        """The same list, at the row that came after this one."""
        after = self.sent.get("after", "")
        anchor = f"#plea-{after}" if after.isdecimal() else ""
        return f"{reverse('pleas')}?{self.query.urlencode()}{anchor}"

    def decide(self, actor: Actor, at: dt.datetime) -> str:
        """Do it; what was done in words. Empty, with `problem` said, when it was refused;
        NotPermitted and NotVisible go on to become pages of their own."""
        known = visible(MODELS[self.kind], actor).select_related("ticket")
        plea = known.filter(pk=self.pk).first()
        verb = verbs.get(VERBS.get((self.kind, self.sent.get("decision", "")), ""))
        if plea is None or verb is None:
            raise Http404
        number = plea.ticket.number
        version = self.sent.get("version", "")
        seen = int(version) if version.isdecimal() and len(version) < 10 else None
        named = {self.kind: self.pk, "ruling": self.words}
        try:
            verb.service(number=number, actor=actor, at=at, version=seen, **named)
        except RuleViolation as refusal:
            if refusal.status in (403, 404):
                raise
            self.problem = refusal.sentence()
            return ""
        return _("%(number)s：%(verb)s") % {"number": number, "verb": verb.label}
