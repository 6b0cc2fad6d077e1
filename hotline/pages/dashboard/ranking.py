"""The ranking of one peer group on the dashboard: fewer columns, the same numbers."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from evaluation import monthly, rates
from evaluation.formulas import requests_per_10k
from evaluation.indicators.populations import residents
from evaluation.months import Month
from evaluation.scopes import Scope, ScopeKind
from hotline.core.actors import Actor
from hotline.core.models import AreaPopulation, AssessmentGroup
from hotline.pages.dashboard.links import dashboard_url
from hotline.pages.month import Number, ToldLine, cell_url, told_lines

COLUMNS = ("volume", "valid", "overdue", "returned", "excluded")
# So many lines are shown whole; of more, the first and the last that have a place.
ALL, FIRST, LAST = 45, 20, 20
HEADS = [monthly.CELLS[name] for name in COLUMNS]


@dataclass(frozen=True)
class Observed:
    """Requests per 10,000 residents: looked at, never scored or ranked. `is_estimate` where the
    residents are."""

    value: str
    is_estimate: bool


@dataclass(frozen=True)
class RankedLine:
    """A unit's line; `numbers` are the counts in the order of `COLUMNS`."""

    told: ToldLine
    url: str
    numbers: list[Number]
    observed: Observed | None


class Ranking:
    """The lines of a group that belong to the scope, in the order of the whole group. They are
    made when they are asked for: a page that was drawn from the same counts is shown again, and
    `key` tells which counts and whose eyes those are."""

    first = FIRST

    def __init__(self, month: Month, group: str, scope: Scope, actor: Actor) -> None:
        self.month, self.group, self.scope, self.actor = month, group, scope, actor
        self.groups: list[AssessmentGroup] = monthly.groups_for(month, actor)
        self.is_per_resident = group == AssessmentGroup.STREET_TOWN

    @property
    def key(self) -> str:
        eyes = "all" if self.actor.sees_all else self.actor.reference
        counted = monthly.made_at(self.month).isoformat()
        return "|".join([self.scope.code, self.group, self.month.label, counted, eyes])

    @cached_property
    def table(self) -> monthly.Table:
        return monthly.table(self.month, self.group, self.actor)

    @cached_property
    def own(self) -> list[monthly.Line]:
        """Every line of the scope."""
        return [line for line in self.table.lines if self.scope.takes(line.unit)]

    @cached_property
    def shown(self) -> list[monthly.Line]:
        """Of a long group the first and the last that have a place, or else its beginning."""
        if len(self.own) <= ALL:
            return self.own
        placed = [line for line in self.own if line.score.rank is not None]
        if len(placed) > FIRST + LAST:
            return [*placed[:FIRST], *placed[-LAST:]]
        return self.own[: FIRST + LAST]

    @property
    def left_out(self) -> int:
        """How many lines stand in the full table only."""
        return len(self.own) - len(self.shown)

    @cached_property
    def lines(self) -> list[RankedLine]:
        lines = self.shown
        known = residents([line.unit for line in lines], self.month) if self.is_per_resident else {}
        return [
            RankedLine(
                told=told,
                url=dashboard_url(Scope(ScopeKind.UNIT, unit=line.unit), self.month.label),
                numbers=[_number(name, line, self.month) for name in COLUMNS],
                observed=_observed(line, known.get(line.unit.pk)),
            )
            for line, told in zip(lines, told_lines(lines, self.month, parts={}), strict=True)
        ]

    @property
    def idle(self) -> int:
        """How many units of the scope have nothing to be told of."""
        return sum(self.scope.takes(unit) for unit in self.table.idle)


def _number(name: str, line: monthly.Line, month: Month) -> Number:
    value = line.counts[name]
    return Number(
        label=f"{line.unit.name} {monthly.CELLS[name]}",
        value=value,
        url=cell_url(name, month, unit=line.unit.code) if value else "",
        kind="late" if name == "overdue" and value else "",
    )


def _observed(line: monthly.Line, known: AreaPopulation | None) -> Observed | None:
    if known is None:
        return None
    counted = line.counts["volume"] - line.counts["not_counted"]
    value = rates.rounded(requests_per_10k(counted, known.residents), 2)
    return Observed("—" if value is None else str(value), known.is_estimate)
