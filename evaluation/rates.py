"""The three rates, the composite score and averages (F-1 to F-5, F-7), without a database.

Rates are fractions: 2/3 of a call-back list is not a finite decimal, and a score that falls on a
tie (92.05) must round half up as the rule says, not by what a float or a shortened quotient made
of it. A rate becomes a decimal once, at the end.

"No sample" is None, never 0: a unit nobody called back about has not failed (F-5).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

BASIC_CREDIT = Decimal("0.9")
MIN_SAMPLE = 10


@dataclass(frozen=True)
class Counts:
    """What the valid call-backs of a unit in a period said.

    `valid` (V) call-backs answered; `contacted` (C), `resolved` (R), `satisfied` (S1) and
    `basically_satisfied` (S2) of them. Raises ValueError when they contradict each other.
    """

    valid: int
    contacted: int
    resolved: int
    satisfied: int
    basically_satisfied: int

    def __post_init__(self) -> None:
        parts = (self.contacted, self.resolved, self.satisfied, self.basically_satisfied)
        if min(self.valid, *parts) < 0:
            raise ValueError(f"a count is negative: {self}")
        if max(*parts, self.satisfied + self.basically_satisfied) > self.valid:
            raise ValueError(f"a part is larger than the whole: {self}")

    def __add__(self, other: Counts) -> Counts:
        return Counts(
            self.valid + other.valid,
            self.contacted + other.contacted,
            self.resolved + other.resolved,
            self.satisfied + other.satisfied,
            self.basically_satisfied + other.basically_satisfied,
        )


NOTHING = Counts(0, 0, 0, 0, 0)


@dataclass(frozen=True)
class Weights:
    """How much each rate counts in the composite score. The city has not published its weights;
    these defaults are one district's (F-4), and a scheme keeps its own."""

    response: Decimal = Decimal("0.10")
    resolution: Decimal = Decimal("0.50")
    satisfaction: Decimal = Decimal("0.40")

    def __post_init__(self) -> None:
        parts = (self.response, self.resolution, self.satisfaction)
        if not all(isinstance(part, Decimal) for part in parts):
            raise TypeError(f"weights are decimals, so that their sum is exact: {self}")
        if min(parts) < 0 or sum(parts) != 1:
            raise ValueError(f"weights are not negative and sum to 1: {self}")


DEFAULT_WEIGHTS = Weights()


def response_rate(counts: Counts) -> Fraction | None:
    """F-1: the share of people whom the unit contacted."""
    return _share(Fraction(counts.contacted), counts)


def resolution_rate(counts: Counts) -> Fraction | None:
    """F-2: the share of people who say that it is solved."""
    return _share(Fraction(counts.resolved), counts)


def satisfaction_rate(counts: Counts, basic_credit: Decimal = BASIC_CREDIT) -> Fraction | None:
    """F-3: the satisfied, with 基本满意 credited in part; every other answer counts nothing."""
    credited = counts.satisfied + Fraction(basic_credit) * counts.basically_satisfied
    return _share(credited, counts)


def exact_score(
    counts: Counts, weights: Weights = DEFAULT_WEIGHTS, basic_credit: Decimal = BASIC_CREDIT
) -> Fraction | None:
    """F-4 before rounding, from 0 to 100."""
    response = response_rate(counts)
    resolution = resolution_rate(counts)
    satisfaction = satisfaction_rate(counts, basic_credit)
    if response is None or resolution is None or satisfaction is None:
        return None
    return 100 * (
        Fraction(weights.response) * response
        + Fraction(weights.resolution) * resolution
        + Fraction(weights.satisfaction) * satisfaction
    )


def composite(
    counts: Counts,
    weights: Weights = DEFAULT_WEIGHTS,
    basic_credit: Decimal = BASIC_CREDIT,
    places: int = 1,
) -> Decimal | None:
    """F-4: the score as published and ranked; the annual table shows two places."""
    return rounded(exact_score(counts, weights, basic_credit), places)


def percent(rate: Fraction | None, places: int = 1) -> Decimal | None:
    """A rate as the percentage that is shown; None stays None."""
    return None if rate is None else rounded(100 * rate, places)


def rounded(value: Fraction | None, places: int = 1) -> Decimal | None:
    """The value as a decimal, a tie rounded up; exact, because no quotient is shortened first.

    For values of 0 and above, as all scores and rates are.
    """
    if value is None:
        return None
    steps = (value * 10**places + Fraction(1, 2)).__floor__()
    return Decimal(steps).scaleb(-places)


def pooled(units: Iterable[Counts]) -> Counts:
    """The counts of the summary row: the units' counts added up (F-7)."""
    return sum(units, NOTHING)


def macro_average(
    units: Iterable[Counts], measure: Callable[[Counts], Fraction | None] = exact_score
) -> Fraction | None:
    """Every unit counts the same: the mean of the units' own values (F-7).

    Units without a sample are left out; the mean is of unrounded values.
    """
    values = [value for value in map(measure, units) if value is not None]
    return sum(values, Fraction(0)) / len(values) if values else None


def micro_average(
    units: Iterable[Counts], measure: Callable[[Counts], Fraction | None] = exact_score
) -> Fraction | None:
    """Every call-back counts the same: the value of the pooled counts (F-7)."""
    return measure(pooled(units))


def _share(part: Fraction, counts: Counts) -> Fraction | None:
    return part / counts.valid if counts.valid else None
