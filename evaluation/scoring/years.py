"""A unit's year in one line, as its party secretary reports it once a year (述职, R-092)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from evaluation.models import ScoreMark
from evaluation.rates import rounded


@dataclass(frozen=True)
class MonthScore:
    """A closed month of one unit, as published."""

    month: str
    score: Decimal | None
    rank: int | None = None
    mark: str = ScoreMark.NONE.value
    unit_class: str = ""


@dataclass(frozen=True)
class Year:
    """`mean` of the published scores, to two places; of how many months (`counted`) and how many
    could not count (`left_out`); in how many the unit was `ranked`; its best and worst month, the
    earlier of equals; how often it was in each class."""

    mean: Decimal | None
    counted: int
    left_out: int
    ranked: int
    best: MonthScore | None
    worst: MonthScore | None
    classes: Mapping[str, int]


def year_of(months: Iterable[MonthScore]) -> Year:
    """The roll-up of a unit's months, given in any order.

    Every month counts the same. One without a sample, or with too few answers or too little
    coverage to be compared, does not count: three answers are not a twelfth of a year. Months under
    observation do.
    """
    given = sorted(months, key=lambda one: one.month)
    counted = [(one.score, one) for one in given if one.score is not None and _is_sound(one)]
    total = sum((Fraction(points) for points, _ in counted), Fraction(0))
    return Year(
        mean=rounded(total / len(counted), places=2) if counted else None,
        counted=len(counted),
        left_out=len(given) - len(counted),
        ranked=sum(one.rank is not None for one in given),
        best=max(counted, key=lambda pair: pair[0])[1] if counted else None,
        worst=min(counted, key=lambda pair: pair[0])[1] if counted else None,
        classes=dict(Counter(one.unit_class for one in given if one.unit_class)),
    )


def _is_sound(one: MonthScore) -> bool:
    return one.mark in (ScoreMark.NONE, ScoreMark.OBSERVED)
