"""One unit's line of a month, before it has a place."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from evaluation.formulas import bonus_points
from evaluation.models import ScoreMark, StreetClass
from evaluation.rates import rounded
from evaluation.rules import Rules
from evaluation.tally import UnitTally

from .credit import credit


@dataclass(frozen=True)
class Scored:
    """One unit's result of a month.

    The rates are fractions from 0 to 1, `base` points from 0 to 100, all unrounded and None without
    a sample (F-5). `score` is base and bonus, rounded once, to the one decimal that is ranked; it
    may exceed 100, because a bonus that a perfect unit cannot gain would be none. `low` and `high`
    are the ends of its interval, bonus included, None without a base; they may lie outside the
    scale, a page cuts them off there.

    `band` is the volume band, `rank` the place among those of the same group and volume band,
    `previous_rank` the place in the same ranking the month before, `rank_band` the band of units
    that the sample cannot tell apart. A unit with a `mark` has none of the three, and no class.
    """

    tally: UnitTally
    response: Fraction | None
    resolution: Fraction | None
    satisfaction: Fraction | None
    coverage: Fraction | None
    base: Fraction | None
    bonus: Decimal
    score: Decimal | None
    low: Fraction | None
    high: Fraction | None
    mark: str
    band: int
    rank: int | None = None
    previous_rank: int | None = None
    rank_band: int | None = None
    is_tail: bool = False
    unit_class: str = StreetClass.NONE.value


def line(tally: UnitTally, rules: Rules, granted: Decimal = Decimal(0)) -> Scored:
    """A unit's rates, score, interval and mark; `granted` are its bonus points before the cap.

    A unit without a base gets no bonus: there is nothing to add it to.
    """
    credited = credit(tally.answers, rules)
    covered = coverage(tally)
    base = credited.base
    bonus = Decimal(0) if base is None else bonus_points([granted], rules.bonus_cap)
    exact = None if base is None else base + Fraction(bonus)
    half = credited.half_interval(Fraction(rules.interval_z))
    return Scored(
        tally=tally,
        response=credited.response,
        resolution=credited.resolution,
        satisfaction=credited.satisfaction,
        coverage=covered,
        base=base,
        bonus=bonus,
        score=rounded(exact),
        low=None if exact is None or half is None else exact - half,
        high=None if exact is None or half is None else exact + half,
        mark=_mark(tally, base, covered, rules).value,
        band=volume_band(tally.counted, rules.volume_bands),
    )


def coverage(tally: UnitTally) -> Fraction | None:
    """Valid answers ÷ call-backs due, at most 1: a requester who rates before a call-back is due
    adds an answer that nobody owed, and more than everybody has not been heard. None where
    nothing fell due."""
    return min(Fraction(1), Fraction(tally.valid, tally.due)) if tally.due else None


def volume_band(volume: int, upper_edges: tuple[int, ...]) -> int:
    """承办量分档: 0 for a volume up to and including the first edge, and so on upward."""
    return bisect_left(upper_edges, volume)


def _mark(
    tally: UnitTally, base: Fraction | None, covered: Fraction | None, rules: Rules
) -> ScoreMark:
    """Why the unit has no place; the first reason that holds. What the unit lacks goes before
    what the scheme holds back, so an idle unit is idle under observation, too.

    A group that the scheme does not rank is observed.
    """
    if not tally.volume and not tally.valid:
        return ScoreMark.IDLE
    if tally.valid < rules.min_sample or base is None:
        return ScoreMark.SMALL
    if covered is not None and covered < Fraction(rules.coverage_floor):
        return ScoreMark.COVERAGE
    if rules.is_observation or tally.group not in rules.groups:
        return ScoreMark.OBSERVED
    return ScoreMark.NONE
