"""The list of assessment months, and how far each has come."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.db.models import Count

from evaluation import months as reading
from evaluation import periods
from evaluation.counting import rows_of
from evaluation.models import Erratum, Outcome
from evaluation.months import Month
from evaluation.services.months import undecided_of
from hotline.core.actors import Actor
from hotline.pages.month import months
from hotline.pages.month_life import OVERSEERS


@dataclass(frozen=True)
class MonthLine:
    """A month; `undecided` is None for a reader who does not watch over it, and for a month
    that nothing can be decided about."""

    month: Month
    errata: int
    undecided: int | None


def month_lines(actor: Actor, at: dt.datetime) -> list[MonthLine]:
    """Every month that was shown to the units, and those that will be, the latest first."""
    drafted = reading.drafted(at=at)
    known = {month.label for month in drafted}
    current = periods.assessment_month(at)
    coming = [
        reading.month(period.label, at=at)
        for period in months(current)
        if period.label not in known and (period == current or _has_rows(period.label))
    ]
    listed = sorted([*drafted, *coming], key=lambda month: month.label, reverse=True)
    errata = dict(Erratum.objects.order_by().values_list("month").annotate(n=Count("pk")))
    return [
        MonthLine(month, errata.get(month.label, 0), _undecided(month, actor)) for month in listed
    ]


def _has_rows(label: str) -> bool:
    return rows_of(Outcome, label).exists()


def _undecided(month: Month, actor: Actor) -> int | None:
    if month.draft is None or month.is_closed or not actor.has(*OVERSEERS):
        return None
    return undecided_of(month.label).total
