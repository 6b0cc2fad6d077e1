"""The course of the rates over the years: each month of a group, the closed ones as published."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.db.models import Sum

from evaluation import kept, monthly, months, periods
from evaluation.models import UnitScore
from evaluation.months import Month
from evaluation.rates import Counts, pooled
from evaluation.schemes import month_at
from evaluation.scoring import Average
from evaluation.scoring.credit import credit
from hotline.core.actors import Actor
from hotline.core.models import Unit
from hotline.core.places import units

_COUNTS = ("valid", "contacted", "resolved", "satisfied", "basically")


@dataclass(frozen=True)
class MonthResult:
    """What the units of some groups came to together in a month: the micro averages of F-7, what
    they are made of, and how much was handled."""

    month: Month
    volume: int
    counts: Counts
    rates: Average


def course(groups: Sequence[str], actor: Actor, *, at: dt.datetime) -> list[MonthResult]:
    """Every month in which the units of these groups whose lines the reader sees did anything, the
    earliest first; those that are not closed as they would be published now."""
    stands = _months(at)
    closed = _closed([month for month in stands if month.is_closed], groups, actor)
    unfinished = [_open(month, groups, actor) for month in stands if not month.is_closed]
    found = [one for one in (*closed, *unfinished) if one.volume or one.counts.valid]
    return sorted(found, key=lambda one: one.month.label)


def _months(at: dt.datetime) -> list[Month]:
    """Those that were shown to the units, the running one, and the one before it, which waits for
    its answers."""
    known = {month.label: month for month in months.drafted(at=at)}
    running = month_at(at)
    for label in (running.label, periods.previous(running).label):
        if label not in known:
            known[label] = months.undrafted(label, at=at)
    return list(known.values())


def _closed(listed: Iterable[Month], groups: Sequence[str], actor: Actor) -> list[MonthResult]:
    scores = UnitScore.objects.filter(group__in=groups).order_by()
    if not actor.sees_all:
        scores = scores.filter(unit__in=monthly.read_by(actor, units().values()))
    summed = scores.values_list("month").annotate(*(Sum(name) for name in ("volume", *_COUNTS)))
    found = {month: (volume, Counts(*counts)) for month, volume, *counts in summed}
    told = [month for month in listed if month.label in found]
    shared = [month.label for month in told if month.rules.shares is not None]
    then: dict[str, list[tuple[int, str, str]]] = defaultdict(list)
    if shared:
        rows = scores.filter(month__in=shared)
        for label, unit_id, code, group in rows.values_list("month", "unit_id", "code", "group"):
            then[label].append((unit_id, code, group))
    return [
        MonthResult(month, *found[month.label], _average(
            month, found[month.label][1], months.units_then(then[month.label])
        ))
        for month in told
    ]  # fmt: skip


def _open(month: Month, groups: Sequence[str], actor: Actor) -> MonthResult:
    lines = [line for group in groups for line in monthly.table(month, group, actor).lines]
    counts = pooled(monthly.sample(line.score) for line in lines)
    average = _average(month, counts, [line.unit for line in lines])
    return MonthResult(month, sum(line.counts["volume"] for line in lines), counts, average)


def _average(month: Month, counts: Counts, listed: Sequence[Unit]) -> Average:
    """From the counts, which make the rates; under differentiated credit from the answers, because
    counts alone do not tell what each was worth."""
    rules = month.rules
    if rules.shares is None:
        return Average(*(measure(counts) for measure in monthly.measures(rules)))
    tallies = kept.tallies(month, listed).values()
    found = credit([answer for tally in tallies for answer in tally.answers], rules)
    return Average(found.response, found.resolution, found.satisfaction, found.base)
