"""Why a unit's score and place differ from the month before's; pure and exact.

A score is a sum of three weighted rates and a bonus, a rate is the mean of its classes' rates by
their shares: so every change can be told as a sum of effects that leaves nothing over. Effects are
points of the score (0 to 100), unrounded fractions.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

from evaluation.rates import (
    Counts,
    Weights,
    exact_score,
    pooled,
    resolution_rate,
    response_rate,
    rounded,
    satisfaction_rate,
)
from evaluation.rules import Rules

# The three rates in the order they are told; the names are those of the weights.
RATES = ("response", "resolution", "satisfaction")
Rates = Mapping[str, Fraction]
Classes = Mapping[str, Counts]
NOTHING = Fraction(0)
EMPTY = Counts(0, 0, 0, 0, 0)


@dataclass(frozen=True)
class Effect:
    """What one class did to one rate: `mix` because its share of the answers changed, `rate`
    because its own answers did."""

    mix: Fraction
    rate: Fraction

    @property
    def total(self) -> Fraction:
        return self.mix + self.rate


@dataclass(frozen=True)
class ClassEffect:
    """One class in both months, and what it did to each rate."""

    code: str
    before: Counts
    now: Counts
    effects: Mapping[str, Effect]

    @property
    def mix(self) -> Fraction:
        return sum((one.mix for one in self.effects.values()), NOTHING)

    @property
    def total(self) -> Fraction:
        return sum((one.total for one in self.effects.values()), NOTHING)


# --- the score --------------------------------------------------------------------------------


def rates_of(counts: Counts, basic_credit: Decimal) -> Rates | None:
    """The three rates (F-1 to F-3); None where nobody answered (F-5)."""
    rates = {name: rate_of(counts, name, basic_credit) for name in RATES}
    return {name: rate for name, rate in rates.items() if rate is not None} or None


def rate_of(counts: Counts, name: str, basic_credit: Decimal) -> Fraction | None:
    """One of the three rates, by its name."""
    if name == "satisfaction":
        return satisfaction_rate(counts, basic_credit)
    return response_rate(counts) if name == "response" else resolution_rate(counts)


def base_of(rates: Rates, weights: Weights) -> Fraction:
    """F-4 before rounding."""
    return sum((_worth(name, weights) * rates[name] for name in RATES), NOTHING)


def by_rate(before: Rates, now: Rates, weights: Weights) -> dict[str, Fraction]:
    """What each rate did to the score, both months weighed alike: weight × change. The effects
    sum to the change of the base score."""
    return {name: _worth(name, weights) * (now[name] - before[name]) for name in RATES}


def by_class(
    before: Classes, now: Classes, weights: Weights, basic_credit: Decimal
) -> list[ClassEffect]:
    """What each class did to the score by way of each rate, in the order of the codes.

    With s a class's share of the valid answers, r its rate and R the rate of all, a dash for the
    later month and a bar for the mean of both:

        mix = (s' - s) · (r̄ - R̄)          rate = s̄ · (r' - r)

    The shares of a month sum to 1, so R̄ falls out of the sum, and mix and rate of all classes are
    exactly R' - R. Measured against R̄, the growth of a class with an average rate is neutral. A
    class without answers in one of the months has there the rate of the other: all it did is mix.
    Nothing is told where one of the months has no answers at all.
    """
    whole_before, whole_now = pooled(before.values()), pooled(now.values())
    if not (whole_before.valid and whole_now.valid):
        return []
    return [
        ClassEffect(
            code=code,
            before=(first := before.get(code, EMPTY)),
            now=(second := now.get(code, EMPTY)),
            effects={
                name: _effect(
                    _Sides(first, whole_before, second, whole_now), name, weights, basic_credit
                )
                for name in RATES
            },
        )
        for code in sorted(before.keys() | now.keys())
        if before.get(code, EMPTY).valid or now.get(code, EMPTY).valid
    ]


class _Sides(NamedTuple):
    before: Counts
    whole_before: Counts
    now: Counts
    whole_now: Counts


def _effect(sides: _Sides, name: str, weights: Weights, basic_credit: Decimal) -> Effect:
    before, whole_before, now, whole_now = (rate_of(one, name, basic_credit) for one in sides)
    # One of the two is known: a class without any answer is not asked about.
    first = before if before is not None else now or NOTHING
    second = now if now is not None else first
    middle = ((whole_before or NOTHING) + (whole_now or NOTHING)) / 2
    share_before = Fraction(sides.before.valid, sides.whole_before.valid)
    share_now = Fraction(sides.now.valid, sides.whole_now.valid)
    worth = _worth(name, weights)
    return Effect(
        mix=worth * (share_now - share_before) * ((first + second) / 2 - middle),
        rate=worth * (share_before + share_now) / 2 * (second - first),
    )


def _worth(name: str, weights: Weights) -> Fraction:
    """How many points the whole rate is worth."""
    return 100 * Fraction(getattr(weights, name))


# --- classes that may not be told one by one --------------------------------------------------


def hidden_together(sizes: Mapping[str, tuple[int, int]], hidden: Collection[str]) -> set[str]:
    """The classes that are told as one, so that nobody reads a withheld answer out of a small
    number: the `hidden` ones, and the smallest of the others until together they have at least
    `LEAST_TOGETHER` answers in either month, or none in it. `sizes` are the answers of a class in
    both months."""
    together = set(hidden)
    others = sorted(sizes.keys() - together, key=lambda code: (sum(sizes[code]), code))
    while together and others and not _is_enough(sizes[code] for code in together):
        together.add(others.pop(0))
    return together


LEAST_TOGETHER = 5


def _is_enough(sizes: Iterable[tuple[int, int]]) -> bool:
    return all(not n or n >= LEAST_TOGETHER for n in map(sum, zip(*sizes, strict=True)))


def joined(classes: Classes, together: Collection[str], code: str) -> dict[str, Counts]:
    """The same counts with some classes under one code."""
    if not together:
        return dict(classes)
    rest = {key: counts for key, counts in classes.items() if key not in together}
    return rest | {code: pooled(classes[key] for key in together if key in classes)}


# --- the place --------------------------------------------------------------------------------


class Rival(NamedTuple):
    """A ranked unit of the same ranking: its published score, and what it was given that counts
    (which decides between equals under the tie rule "volume")."""

    score: Decimal
    counted: int


@dataclass(frozen=True)
class Moved:
    """Places lost (below 0: gained) since the month before: because `others` came to stand
    otherwise, and by the unit's `own` change."""

    others: int
    own: int

    @property
    def total(self) -> int:
        return self.others + self.own


@dataclass(frozen=True)
class Kept:
    """What would have kept the place: `more` of the unsolved matters solved, None where even all
    of them would not have; `best` is the place with all of them solved."""

    more: int | None
    best: int


def rank_among(own: Rival, others: Collection[Rival], ties: str) -> int:
    """The place of a score among others, as the month's ranking gives it."""
    if ties == "shared":
        return 1 + sum(one.score > own.score for one in others)
    return 1 + sum(one > own for one in others)


def moved(
    rank_before: int,
    score_before: Decimal,
    now: Rival,
    others: Collection[Rival],
    ties: str,
) -> Moved:
    """How many places are whose doing. With the score of the month before among this month's
    others the unit would have been where the others put it; the rest is its own."""
    put = rank_among(now._replace(score=score_before), others, ties)
    return Moved(others=put - rank_before, own=rank_among(now, others, ties) - put)


def kept(
    rank_before: int,
    counts: Counts,
    now: Rival,
    bonus: Decimal,
    others: Collection[Rival],
    rules: Rules,
) -> Kept:
    """How many more of the month's unsolved matters had to be solved, everything else as it was,
    for the unit to stand where it stood. Exact for plain credit: the score is made anew."""

    def place(more: int) -> int:
        better = Counts(
            counts.valid, counts.contacted, counts.resolved + more, counts.satisfied,
            counts.basically_satisfied,
        )  # fmt: skip
        base = exact_score(better, rules.weights, rules.basic_credit) or NOTHING
        score = rounded(base + Fraction(bonus)) or Decimal(0)
        return rank_among(now._replace(score=score), others, rules.ties)

    unsolved = counts.valid - counts.resolved
    more = bisect_left(range(unsolved + 1), True, key=lambda n: place(n) <= rank_before)
    return Kept(more=more if more <= unsolved else None, best=place(unsolved))
