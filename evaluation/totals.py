"""Several units' results of a month together: what a city or a district comes to.

A sum of the lines of the published groups, so that it is what the ranking shows, added up; the
lists behind it are those of the lines.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from fractions import Fraction

from django.db.models import Sum

from evaluation import monthly
from evaluation.formulas import share
from evaluation.models import MonthClose, UnitScore
from evaluation.months import Month
from evaluation.scopes import Scope
from hotline.core.actors import Actor
from hotline.core.models import AssessmentGroup, Unit

# What the months behind a card are told by.
_SUMMED = ("volume", "due", "valid", "contacted", "resolved", "satisfied", "basically", "excluded")


@dataclass(frozen=True)
class Total:
    """What some units' lines count together in a month, and the rates of all their answers as one
    (F-7, by the case)."""

    month: str
    counts: dict[str, int]
    basic_credit: Fraction

    @property
    def coverage(self) -> Fraction | None:
        return share(self.counts["valid"], self.counts["due"])

    @property
    def response(self) -> Fraction | None:
        return share(self.counts["contacted"], self.counts["valid"])

    @property
    def resolution(self) -> Fraction | None:
        return share(self.counts["resolved"], self.counts["valid"])

    @property
    def satisfaction(self) -> Fraction | None:
        pleased = self.counts["satisfied"] + self.basic_credit * self.counts["basically"]
        return pleased / self.counts["valid"] if self.counts["valid"] else None


def units_in(month: Month, scope: Scope, actor: Actor, group: str = "") -> list[Unit]:
    """The units whose published lines belong to a scope, as far as the reader sees them; of one
    group, if it is named."""
    groups = [one for one in monthly.groups_for(month, actor) if one == group or not group]
    if not group:
        groups = [one for one in groups if one != AssessmentGroup.SECOND_RECEIVER]
    listed = [unit for one in groups for unit in monthly.units_of(month, one, actor)]
    return [unit for unit in listed if scope.takes(unit)]


def total(month: Month, listed: Collection[Unit]) -> Total:
    """The sum of some units' lines."""
    lines = monthly.lines_of(month, listed)
    counts = {name: sum(line.counts[name] for line in lines) for name in monthly.CELLS}
    return Total(month.label, counts, Fraction(month.rules.basic_credit))


def closed_before(month: Month, listed: Collection[Unit], count: int) -> list[Total]:
    """The same of the months closed before this one, oldest first, `count` at most: as published,
    of the units that there are now."""
    closed = MonthClose.objects.filter(month__lt=month.label).order_by("-month")
    labels = list(closed.values_list("month", flat=True)[:count])
    found = UnitScore.objects.filter(month__in=labels, unit_id__in=[unit.pk for unit in listed])
    summed = found.order_by("month").values_list("month", "scheme__rules")
    rows = summed.annotate(*(Sum(name) for name in _SUMMED))
    return [
        Total(label, dict(zip(_SUMMED, counts, strict=True)), Fraction(rules["basic_credit"]))
        for label, rules, *counts in rows
    ]
