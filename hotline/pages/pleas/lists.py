"""剔除与申诉: what units ask about their results, as those read it who ask, watch and decide.

A list is one query: its rows, the number on its tab and the numbers of the table beside it come
from the same pleas, narrowed for the reader.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from django import forms
from django.db.models import F, QuerySet
from django.http import QueryDict
from django.utils.functional import Promise, cached_property
from django.utils.translation import gettext_lazy as _

from evaluation import pleas as asked
from evaluation.models import Appeal, Exclusion, ExclusionScope, PleaOutcome
from hotline.core.actors import Actor
from hotline.core.models import Role, Unit
from hotline.core.places import units, units_answered_for
from hotline.pages.paging import NEWEST_FIRST, Order, Total, total
from hotline.pages.pickers import unit_picker
from intake.api import KnownUnitField

DECIDERS = frozenset({Role.CITY_SUPERVISOR})
LONGEST_DUE_FIRST = Order("due_at")
# Each row is a case to be read, not a line.
PAGE_SIZE = 20
# The month of what has not been put into one yet, in an address.
UNPLACED = "none"


@dataclass(frozen=True)
class Tab:
    """One kind of plea; `verbs` decide it: consent first."""

    key: str
    label: str | Promise
    model: type[Exclusion] | type[Appeal]
    verbs: tuple[str, str]
    scope: str = ""


_EXCLUDING = ("grant_exclusion", "refuse_exclusion")
TABS = (
    Tab("rates", _("剔除"), Exclusion, _EXCLUDING, ExclusionScope.RATES),
    Tab("volume", _("不计入总量"), Exclusion, _EXCLUDING, ExclusionScope.VOLUME),
    Tab("appeals", _("申诉"), Appeal, ("uphold_appeal", "reject_appeal")),
)
PENDING, GRANTED, REFUSED, ALL = "pending", "granted", "refused", "all"
STATES = (
    (PENDING, _("待审核")),
    (GRANTED, _("同意（成立）")),
    (REFUSED, _("不同意（不成立）")),
    (ALL, _("全部")),
)
_OUTCOMES = {PENDING: "", GRANTED: PleaOutcome.GRANTED, REFUSED: PleaOutcome.REFUSED}


class PleaForm(forms.Form):
    """What a list can be narrowed by."""

    state = forms.ChoiceField(label=_("审核结果"), choices=STATES, required=False)
    month = forms.RegexField(r"^(\d{4}-\d\d|none)$", label=_("考评月"), required=False)
    unit = KnownUnitField(label=_("单位"), required=False, widget=unit_picker())


@dataclass(frozen=True)
class CountLine:
    """One unit's counts of a month; each number opens the pleas behind it."""

    unit: Unit
    numbers: list[tuple[int, str]]


class Pleas:
    """One reader's lists at one instant, as an address asks for them."""

    def __init__(self, actor: Actor, query: QueryDict, at: dt.datetime) -> None:
        self.actor, self.query, self.at = actor, query, at
        self.tab = next((tab for tab in TABS if tab.key == query.get("tab")), TABS[0])
        self.form = PleaForm(query)
        self.is_valid = self.form.is_valid()
        self.wanted: dict[str, Any] = self.form.cleaned_data
        self.state = self.wanted.get("state") or PENDING

    @property
    def may_decide(self) -> bool:
        return self.actor.has(*DECIDERS)

    @property
    def is_narrowed(self) -> bool:
        return any(self.query.get(name) for name in ("month", "unit"))

    @property
    def chooses_unit(self) -> bool:
        """Whoever reads one unit's only has nothing to choose."""
        return self.actor.sees_all or len(units_answered_for(self.actor)) > 1

    @property
    def order(self) -> Order:
        return LONGEST_DUE_FIRST if self.state == PENDING else NEWEST_FIRST

    def rows(self) -> QuerySet[Any]:
        """The chosen list."""
        found = asked.with_due(self._in_state(self._narrowed(self.tab), self.state))
        found = found.annotate(number=F("ticket__number"))
        return found if self.is_valid else found.none()

    @property
    def month(self) -> str:
        """The one the list is narrowed to; empty for all."""
        return self.wanted.get("month") or ""

    def waiting(self) -> list[tuple[Tab, Total]]:
        """How many wait in every tab, whatever the list is narrowed by."""
        return [(tab, total(self._in_state(self._own(tab), PENDING))) for tab in TABS]

    @property
    def months(self) -> list[tuple[str, str | Promise]]:
        """The months that this tab's pleas count in."""
        listed = [(month, month) for month in self._known_months]
        return [("", _("全部")), *listed, (UNPLACED, _("尚未归月"))]

    @property
    def counted_month(self) -> str:
        """The month whose counts are shown: the chosen one, else the latest."""
        return self.month or next(iter(self._known_months), UNPLACED)

    def counts(self) -> list[CountLine]:
        """What each unit asked in a month and what came of it (R-097)."""
        month = self.counted_month
        found = asked.counts(self._own(self.tab), "" if month == UNPLACED else month)
        return [
            CountLine(
                units()[count.unit_id],
                [
                    (n, self._address(unit=units()[count.unit_id].code, month=month, state=state))
                    for n, state in (
                        (count.asked, ALL),
                        (count.granted, GRANTED),
                        (count.refused, REFUSED),
                        (count.pending, PENDING),
                    )
                ],
            )
            for count in found
        ]

    def _own(self, tab: Tab) -> QuerySet[Any]:
        pleas: QuerySet[Any] = asked.visible(tab.model, self.actor)
        return pleas.filter(scope=tab.scope) if tab.scope else pleas

    def _narrowed(self, tab: Tab) -> QuerySet[Any]:
        pleas = asked.with_month(self._own(tab))
        if unit := self.wanted.get("unit"):
            pleas = pleas.filter(unit=unit)
        if self.month:
            pleas = pleas.filter(month="" if self.month == UNPLACED else self.month)
        return pleas

    @staticmethod
    def _in_state(pleas: QuerySet[Any], state: str) -> QuerySet[Any]:
        return pleas if state == ALL else pleas.filter(outcome=_OUTCOMES[state])

    @cached_property
    def _known_months(self) -> list[str]:
        return asked.months(self._own(self.tab))

    def _address(self, **wanted: str) -> str:
        query = QueryDict(mutable=True)
        query.update({"tab": self.tab.key, **wanted})
        return f"?{query.urlencode()}"
