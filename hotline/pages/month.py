"""The monthly table as a page draws it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.functional import Promise

from evaluation import periods, rates
from evaluation.monthly import Cell, Row, Table
from evaluation.periods import Period
from hotline.core.actors import Actor
from hotline.core.models import AssessmentGroup, Unit
from hotline.core.places import units

SHOWN_MONTHS = 12
_LATE = ("overdue", "unresolved", "returned")
# The columns in the order of the table: what came in, what was said, what went wrong.
_BEFORE = ("volume", "valid", "contacted", "resolved", "satisfied", "basically")
_AFTER = ("unresolved", "overdue", "returned")


@dataclass(frozen=True)
class Number:
    """A count and the address of the list of exactly the tickets it counts."""

    label: str | Promise
    value: int
    url: str
    kind: str


@dataclass(frozen=True)
class Line:
    """One unit's line: counts before and behind its rates."""

    row: Row
    before: list[Number]
    after: list[Number]


@dataclass(frozen=True)
class ToldTable:
    table: Table
    before: list[Cell]
    after: list[Cell]
    lines: list[Line]
    idle: list[Unit]
    total_before: list[int]
    total_after: list[int]
    min_sample: int = rates.MIN_SAMPLE

    @property
    def columns(self) -> int:
        """Rank, name, counts, three rates and the score."""
        return 6 + len(self.before) + len(self.after)


def told(table: Table) -> ToldTable:
    """The table with the address behind every number."""
    before = [name for name in _BEFORE if name in table.cells]
    after = [name for name in _AFTER if name in table.cells]
    return ToldTable(
        table=table,
        before=[table.cells[name] for name in before],
        after=[table.cells[name] for name in after],
        lines=[
            Line(row, _numbers(row, before, table), _numbers(row, after, table))
            for row in table.rows
        ],
        idle=table.idle,
        total_before=[table.total[name] for name in before],
        total_after=[table.total[name] for name in after],
    )


def _numbers(row: Row, names: Iterable[str], table: Table) -> list[Number]:
    return [
        Number(
            label=f"{row.unit.name} {table.cells[name].label}",
            value=row.counts[name],
            url=cell_url(name, row.unit, table.period) if row.counts[name] else "",
            kind="late" if name in _LATE and row.counts[name] else "",
        )
        for name in names
    ]


def cell_url(cell: str, unit: Unit, period: Period) -> str:
    """The list of exactly the tickets behind a number."""
    query = {"period": period.label, "unit": unit.code, "cell": cell}
    return f"{reverse('tickets')}?{urlencode(query)}"


def first_group(actor: Actor) -> str:
    """The group of the reader's own unit, where it is compared; streets and towns for others."""
    own = (units()[u].group for _role, u in sorted(actor.grants, key=str) if u in units())
    return next((g for g in own if g != AssessmentGroup.NONE), AssessmentGroup.STREET_TOWN.value)


def months(current: Period) -> list[Period]:
    """The running assessment month and those before it."""
    found = [current]
    while len(found) < SHOWN_MONTHS:
        found.append(periods.previous(found[-1]))
    return found
