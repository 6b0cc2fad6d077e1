"""The two averages of a group's summary row, which differ and are labelled (F-7)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction

from evaluation.rules import Rules

from .credit import credit
from .lines import Scored


@dataclass(frozen=True)
class Average:
    """Unrounded means of the rates (0 to 1) and of the base score (0 to 100); None where no unit
    had a sample. A bonus is a unit's own and in no average."""

    response: Fraction | None
    resolution: Fraction | None
    satisfaction: Fraction | None
    base: Fraction | None


def macro_average(lines: Iterable[Scored]) -> Average:
    """Every unit counts the same: the mean of the units' own values, of all that have one, also of
    those with too few answers to be ranked."""
    having = [one for one in lines if one.base is not None]
    return Average(
        _mean(one.response for one in having),
        _mean(one.resolution for one in having),
        _mean(one.satisfaction for one in having),
        _mean(one.base for one in having),
    )


def micro_average(lines: Iterable[Scored], rules: Rules) -> Average:
    """Every answer counts the same, or by its weight under differentiated credit: the value of all
    answers together."""
    pooled = credit([answer for one in lines for answer in one.tally.answers], rules)
    return Average(pooled.response, pooled.resolution, pooled.satisfaction, pooled.base)


def _mean(values: Iterable[Fraction | None]) -> Fraction | None:
    known = [value for value in values if value is not None]
    return sum(known, Fraction(0)) / len(known) if known else None
