"""The list of assessment months, and how far each has come."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.db.models import Count

from evaluation import months as reading
from evaluation.counting import rows_of
from evaluation.models import Erratum, Outcome
from evaluation.months import Month
from evaluation.schemes import month_at
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
    current = month_at(at)
    recent = [period.label for period in months(current)]
    coming = {current.label, *_with_rows(recent)} - known
    shown = [reading.undrafted(label, at=at) for label in coming]
    listed = sorted([*drafted, *shown], key=lambda month: month.label, reverse=True)
    errata = dict(Erratum.objects.order_by().values_list("month").annotate(n=Count("pk")))
    return [
        MonthLine(month, errata.get(month.label, 0), _undecided(month, actor)) for month in listed
    ]


def _with_rows(labels: list[str]) -> set[str]:
    """Those of some months that have anything to count; one row of each is looked for, in one
    statement."""
    first, *others = (
        rows_of(Outcome, label).order_by().values_list("month")[:1] for label in labels
    )
    return {month for (month,) in first.union(*others)}


def _undecided(month: Month, actor: Actor) -> int | None:
    if month.draft is None or month.is_closed or not actor.has(*OVERSEERS):
        return None
    return undecided_of(month.label).total
