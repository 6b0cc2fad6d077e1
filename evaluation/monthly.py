"""The monthly table of the three rates, every number of which opens its tickets.

A cell is a condition on facts about tickets; the table counts the facts grouped by unit, and the
list behind a number is the tickets of exactly those facts. One definition serves both, so a
number and its list cannot disagree.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.db.models import Count, Q, QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from dispatch.models import (
    Assignment,
    AssignmentState,
    LedgerHold,
    Objection,
    ObjectionOutcome,
)
from evaluation import rates
from evaluation.models import CallbackResult, Satisfaction
from evaluation.periods import Period
from hotline.core.actors import Actor
from hotline.core.models import AssessmentGroup, ClockKind, Unit
from hotline.core.places import districts, units
from intake.models import Clock, RequestType, Ticket

# The promises of a unit whose breach makes a ticket late for it.
FEEDBACK_CLOCKS = (ClockKind.FEEDBACK, ClockKind.FINAL_REPLY, ClockKind.MEASURE)
GROUPS = tuple(group for group in AssessmentGroup if group != AssessmentGroup.NONE)


@dataclass(frozen=True)
class Cell:
    """One column that counts tickets. `source` gives the facts, `unit_field` and `ticket_field`
    name the unit and the ticket of a fact, `condition` (at an instant) chooses among them."""

    label: str | Promise
    source: type[Ticket] | type[CallbackResult] | type[Clock] | type[Assignment] | type[Objection]
    unit_field: str
    ticket_field: str
    condition: Callable[[dt.datetime], Q]


def _answers(label: Promise, **conditions: Any) -> Cell:
    """A count of first valid answers, the ones the table is made of: without those about a matter
    on the ledger, until it is cleared (R-067)."""
    chosen = Q(is_first=True, **conditions)
    return Cell(
        label,
        CallbackResult,
        "unit_id",
        "ticket_id",
        lambda at: chosen & ~Q(ticket_id__in=_on_ledger(at)),
    )


def _on_ledger(at: dt.datetime) -> QuerySet[Any]:
    return LedgerHold.objects.on_ledger(at).values("ticket_id")


CELLS: dict[str, Cell] = {
    "volume": Cell(_("承办量"), Ticket, "lead_unit_id", "pk", lambda _at: Q()),
    "valid": _answers(_("有效回访")),
    "contacted": _answers(_("已联系"), contacted=True),
    "resolved": _answers(_("已解决"), resolved=True),
    "satisfied": _answers(_("满意"), satisfaction=Satisfaction.SATISFIED),
    "basically": _answers(_("基本满意"), satisfaction=Satisfaction.BASICALLY),
    "unresolved": _answers(_("未解决"), resolved=False),
    "overdue": Cell(
        _("超时"),
        Clock,
        "unit_id",
        "ticket_id",
        lambda at: Q(kind__in=FEEDBACK_CLOCKS, due_at__lte=at)
        & (Q(breached_at__isnull=False) | Q(stopped_at__isnull=True)),
    ),
    "returned": Cell(
        _("退单"), Assignment, "unit_id", "ticket_id",
        lambda _at: Q(state=AssignmentState.RETURNED),
    ),
    "improper": Cell(
        _("不当退单"), Objection, "assignment__unit_id", "assignment__ticket_id",
        lambda _at: Q(outcome=ObjectionOutcome.REJECTED),
    ),
    "ledger": Cell(
        _("挂账"), Ticket, "lead_unit_id", "pk", lambda at: Q(pk__in=_on_ledger(at)),
    ),
}  # fmt: skip
# A unit no longer sees what it has returned; the column is for those who see both sides.
NOT_FOR_UNITS = ("returned",)


@dataclass(frozen=True)
class Row:
    """One unit's line. Rates are percentages to one decimal, None without a sample (F-5)."""

    unit: Unit
    counts: dict[str, int]
    response: Decimal | None = None
    resolution: Decimal | None = None
    satisfaction: Decimal | None = None
    score: Decimal | None = None
    rank: int | None = None
    is_small_sample: bool = True


@dataclass(frozen=True)
class Table:
    """A group's month: units best first, those with too few answers unranked behind them, those
    without volume last; and the two averages of F-7."""

    period: Period
    group: str
    cells: dict[str, Cell]
    rows: list[Row] = field(default_factory=list)
    idle: list[Unit] = field(default_factory=list)
    total: dict[str, int] = field(default_factory=dict)
    macro: Decimal | None = None
    micro: Decimal | None = None


def base(period: Period, actor: Actor) -> QuerySet[Ticket]:
    """The tickets a month speaks of: accepted in it, not praise (R-003), seen by the reader."""
    return (
        Ticket.objects.visible_to(actor)
        .filter(accepted_at__gte=period.start, accepted_at__lt=period.end)
        .exclude(request_type=RequestType.PRAISE)
    )


def facts(cell: Cell, period: Period, actor: Actor, at: dt.datetime) -> QuerySet[Any]:
    """The facts a cell counts, for all units."""
    found: QuerySet[Any] = cell.source._default_manager.filter(cell.condition(at))
    if cell.source is Ticket:
        return found.filter(pk__in=base(period, actor).values("pk"))
    return found.filter(**{f"{cell.ticket_field}__in": base(period, actor).values("pk")})


def tickets_behind(
    cell: str, unit_ids: Collection[int], period: Period, actor: Actor, *, at: dt.datetime
) -> QuerySet[Ticket]:
    """Exactly the tickets a number of the table counts: one unit's, or a whole group's."""
    definition = CELLS[cell]
    of_units = {f"{definition.unit_field}__in": list(unit_ids)}
    chosen = facts(definition, period, actor, at).filter(**of_units)
    return Ticket.objects.visible_to(actor).filter(
        pk__in=chosen.order_by().values(definition.ticket_field)
    )


def cells_for(actor: Actor) -> dict[str, Cell]:
    return {
        name: cell
        for name, cell in CELLS.items()
        if actor.sees_all or actor.district_ids or name not in NOT_FOR_UNITS
    }


def units_for(group: str, actor: Actor) -> list[Unit]:
    """Whose lines this reader sees: everyone's at the hotline, the district's own for its
    supervisor, a unit its own."""
    listed = [u for u in units().values() if u.group == group]
    if actor.sees_all:
        return listed
    codes = {code for code, pk in districts().items() if pk in actor.district_ids}
    return [
        u
        for u in listed
        if u.pk in actor.unit_ids or (u.area and not codes.isdisjoint(u.area.path.split("/")))
    ]


def table(period: Period, group: str, actor: Actor, *, at: dt.datetime) -> Table:
    """The month of one group as this reader may see it, as of `at`."""
    cells = cells_for(actor)
    counted = {name: _by_unit(cell, period, actor, at) for name, cell in cells.items()}
    listed = units_for(group, actor)
    lines = {u.pk: {name: counted[name].get(u.pk, 0) for name in cells} for u in listed}
    busy = [u for u in listed if any(lines[u.pk].values())]
    standings = [_standing(u, lines[u.pk]) for u in busy]
    rows = [_row(r, lines[r.standing.unit.pk]) for r in rates.ranking(standings)]
    samples = [_counts(lines[u.pk]) for u in busy]
    return Table(
        period=period,
        group=group,
        cells=cells,
        rows=rows,
        idle=[u for u in listed if u not in busy],
        total={name: _in_all(name, listed, period, actor, at) for name in cells},
        macro=rates.rounded(rates.macro_average(samples)),
        micro=rates.rounded(rates.micro_average(samples)),
    )


def _by_unit(cell: Cell, period: Period, actor: Actor, at: dt.datetime) -> dict[int, int]:
    grouped = (
        facts(cell, period, actor, at)
        .order_by()
        .values_list(cell.unit_field)
        .annotate(n=Count(cell.ticket_field, distinct=True))
    )
    return {unit: n for unit, n in grouped if unit is not None}


def _in_all(
    name: str, listed: Collection[Unit], period: Period, actor: Actor, at: dt.datetime
) -> int:
    """How many tickets a column counts in the whole group; one that two units share is one."""
    ids = [unit.pk for unit in listed]
    return tickets_behind(name, ids, period, actor, at=at).count()


def _counts(line: dict[str, int]) -> rates.Counts:
    return rates.Counts(
        valid=line["valid"],
        contacted=line["contacted"],
        resolved=line["resolved"],
        satisfied=line["satisfied"],
        basically_satisfied=line["basically"],
    )


def _standing(unit: Unit, line: dict[str, int]) -> rates.Standing[Unit]:
    score = rates.composite(_counts(line))
    return rates.Standing(unit, score, valid=line["valid"], accepted=line["volume"])


def _row(ranked: rates.Ranked[Unit], line: dict[str, int]) -> Row:
    counts = _counts(line)
    return Row(
        unit=ranked.standing.unit,
        counts=line,
        response=rates.percent(rates.response_rate(counts)),
        resolution=rates.percent(rates.resolution_rate(counts)),
        satisfaction=rates.percent(rates.satisfaction_rate(counts)),
        score=ranked.standing.score,
        rank=ranked.rank,
        is_small_sample=ranked.rank is None,
    )
