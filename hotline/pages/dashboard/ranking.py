"""The ranking of one peer group on the dashboard: fewer columns, the same numbers."""

from __future__ import annotations

from dataclasses import dataclass

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


@dataclass(frozen=True)
class Ranking:
    group: str
    groups: list[AssessmentGroup]
    lines: list[RankedLine]
    idle: int
    is_per_resident: bool


def ranking(month: Month, group: str, scope: Scope, actor: Actor) -> Ranking:
    """The lines of a group that belong to the scope, in the order of the whole group."""
    table = monthly.table(month, group, actor)
    lines = [line for line in table.lines if scope.takes(line.unit)]
    is_per_resident = group == AssessmentGroup.STREET_TOWN
    known = residents([line.unit for line in lines], month) if is_per_resident else {}
    told = told_lines(lines, month)
    return Ranking(
        group=group,
        groups=monthly.groups_for(month, actor),
        lines=[
            RankedLine(
                told=one,
                url=dashboard_url(Scope(ScopeKind.UNIT, unit=line.unit), month.label),
                numbers=[_number(name, line, month) for name in COLUMNS],
                observed=_observed(line, known.get(line.unit.pk)),
            )
            for line, one in zip(lines, told, strict=True)
        ],
        idle=sum(scope.takes(unit) for unit in table.idle),
        is_per_resident=is_per_resident,
    )


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
