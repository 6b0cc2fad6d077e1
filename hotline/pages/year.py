"""A year of closed months as a page shows it (述职)."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from decimal import Decimal
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.functional import Promise

from evaluation import monthly
from evaluation.models import Erratum, MonthClose, ScoreMark, StreetClass, UnitScore
from evaluation.scoring import MonthScore, Year, year_of
from hotline.core.actors import Actor
from hotline.core.models import AssessmentGroup, Unit
from hotline.core.places import units

CLASSES = [(value, label) for value, label in StreetClass.choices if value]


@dataclass(frozen=True)
class Cell:
    """A unit's month; without a score, why, or nothing where it was not assessed."""

    score: Decimal | None = None
    mark: str | Promise = ""
    url: str = ""


@dataclass(frozen=True)
class YearLine:
    """A unit's year: the roll-up, its months, and how often it was in each class."""

    unit: Unit
    year: Year
    cells: list[Cell]
    classes: list[int]


@dataclass(frozen=True)
class YearTable:
    """The year of one group as one reader sees it: the best mean first."""

    number: int
    group: str
    months: list[str]
    closed: list[str]
    errata: dict[str, int]
    lines: list[YearLine]


def groups_for(actor: Actor) -> list[AssessmentGroup]:
    """The groups a year is told of; second receivers are not published."""
    return [
        group
        for group in monthly.GROUPS
        if actor.sees_all or group != AssessmentGroup.SECOND_RECEIVER
    ]


def years_with_months(*others: int) -> list[int]:
    """The years in which a month was closed, and others asked for, the latest first."""
    closed = MonthClose.objects.values_list("month", flat=True)
    return sorted({int(month[:4]) for month in closed} | set(others), reverse=True)


def year_table(number: int, group: str, actor: Actor) -> YearTable:
    """Every closed month of the year, unit by unit, as published."""
    months = [f"{number}-{month:02}" for month in range(1, 13)]
    closed = MonthClose.objects.filter(month__in=months).order_by("month")
    scores: dict[int, dict[str, UnitScore]] = defaultdict(dict)
    for score in UnitScore.objects.filter(month__in=months, group=group):
        scores[score.unit_id][score.month] = score
    known = units()
    lines = [
        _line(unit, scores[unit.pk], months)
        for unit in monthly.read_by(actor, (known[pk] for pk in sorted(scores)))
    ]
    # Units of which nothing was ever heard come last, the others best first.
    lines.sort(key=lambda line: -(line.year.mean if line.year.mean is not None else Decimal(-1)))
    errata: dict[str, int] = defaultdict(int)
    for month in Erratum.objects.filter(month__in=months).values_list("month", flat=True):
        errata[month] += 1
    return YearTable(
        number=number,
        group=group,
        months=months,
        closed=[close.month for close in closed],
        errata=dict(sorted(errata.items())),
        lines=lines,
    )


def _line(unit: Unit, scores: dict[str, UnitScore], months: list[str]) -> YearLine:
    year = year_of(
        MonthScore(one.month, one.score, one.rank, one.mark, one.unit_class)
        for one in scores.values()
    )
    return YearLine(
        unit=unit,
        year=year,
        cells=[_cell(scores.get(month)) for month in months],
        classes=[year.classes.get(value, 0) for value, _label in CLASSES],
    )


def _cell(score: UnitScore | None) -> Cell:
    if score is None:
        return Cell()
    query = urlencode({"period": score.month, "group": score.group})
    return Cell(
        score=score.score,
        mark=ScoreMark(score.mark).label if score.mark else "",
        url=f"{reverse('monthly')}?{query}",
    )
