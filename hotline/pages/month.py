"""The monthly table as a page draws it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from evaluation import periods, rates
from evaluation.monthly import Cell, Row, Table
from evaluation.periods import Period
from hotline.core.actors import Actor
from hotline.core.models import AssessmentGroup, Unit
from hotline.core.places import units

SHOWN_MONTHS = 12
_LATE = ("overdue", "unresolved", "returned", "improper")
# The columns in the order of the table: what came in, what was said, what went wrong.
_BEFORE = ("volume", "valid", "contacted", "resolved", "satisfied", "basically")
_AFTER = ("unresolved", "overdue", "returned", "improper", "ledger")


@dataclass(frozen=True)
class Number:
    """A count and the address of the list of exactly the tickets it counts."""

    label: str | Promise
    value: int
    url: str
    kind: str


@dataclass(frozen=True)
class Line:
    """One unit's line: counts before and behind its rates; `answers_url` lists the answers that
    the rates are made of."""

    row: Row
    before: list[Number]
    after: list[Number]
    answers_url: str


@dataclass(frozen=True)
class ToldTable:
    table: Table
    before: list[Cell]
    after: list[Cell]
    lines: list[Line]
    idle: list[Unit]
    total_before: list[Number]
    total_after: list[Number]
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
            Line(
                row,
                _numbers(row.unit, row.counts, before, table),
                _numbers(row.unit, row.counts, after, table),
                cell_url("valid", row.unit, table) if row.counts["valid"] else "",
            )
            for row in table.rows
        ],
        idle=table.idle,
        total_before=_numbers(None, table.total, before, table),
        total_after=_numbers(None, table.total, after, table),
    )


def _numbers(
    unit: Unit | None, counts: Mapping[str, int], names: Iterable[str], table: Table
) -> list[Number]:
    """One unit's numbers, or the whole group's."""
    whose = unit.name if unit else _("合计")
    return [
        Number(
            label=f"{whose} {table.cells[name].label}",
            value=counts[name],
            url=cell_url(name, unit, table) if counts[name] else "",
            kind="late" if unit and name in _LATE and counts[name] else "",
        )
        for name in names
    ]


def cell_url(cell: str, unit: Unit | None, table: Table) -> str:
    """The list of exactly the tickets behind a number."""
    whose = {"unit": unit.code} if unit else {"group": table.group}
    query = {"period": table.period.label, **whose, "cell": cell}
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
