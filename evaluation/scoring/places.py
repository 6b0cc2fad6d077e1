"""Who stands where among its peers: ranks, bands, the tail, classes.

Peers are units of one group and one volume band; whatever speaks of places speaks of one such
ranking, so no unit is last because it was compared with units of another size.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from itertools import groupby
from typing import NamedTuple

from evaluation.models import ScoreMark, StreetClass
from evaluation.rules import Classes, Rules
from evaluation.tally import UnitTally

from .lines import Scored, line


class Place(NamedTuple):
    """Where a unit stood: in which ranking, and at which rank."""

    group: str
    band: int
    rank: int


NO_POINTS: Mapping[int, Decimal] = {}
NOBODY: Mapping[int, int] = {}
NOWHERE: Mapping[int, Place] = {}
# Behind the ranked: first those whose score could be compared if the scheme ranked them.
_LISTED = (
    ScoreMark.NONE,
    ScoreMark.OBSERVED,
    ScoreMark.COVERAGE,
    ScoreMark.SMALL,
    ScoreMark.IDLE,
)


def score(
    tallies: Iterable[UnitTally],
    rules: Rules,
    *,
    bonuses: Mapping[int, Decimal] = NO_POINTS,
    previous: Mapping[int, Place] = NOWHERE,
    tails_before: Mapping[int, int] = NOBODY,
    order: Mapping[int, int] | None = None,
) -> list[Scored]:
    """The month of all these units: ranking after ranking, best first, the unranked behind (F-6).

    By unit id: `bonuses` are points granted for the month, `previous` the places of the month
    before, `tails_before` for how many months in a row until then the unit was in the tail,
    `order` the office's own order of units, for those that nothing else tells apart (without it,
    their id).
    """

    def listed(one: Scored) -> tuple[str, int, int, Decimal, int, int]:
        unit = one.tally.unit_id
        return (
            one.tally.group,
            one.band,
            _LISTED.index(ScoreMark(one.mark)),
            -(one.score if one.score is not None else Decimal(-1)),
            -one.tally.counted,
            order.get(unit, unit) if order is not None else unit,
        )

    lines = [line(t, rules, bonuses.get(t.unit_id, Decimal(0))) for t in tallies]
    placed: list[Scored] = []
    for _, ranking in groupby(sorted(lines, key=listed), key=lambda o: (o.tally.group, o.band)):
        peers = list(ranking)
        ranked = [one for one in peers if not one.mark]
        placed += _placed(ranked, rules, previous, tails_before)
        placed += peers[len(ranked) :]
    return placed


def _placed(
    ranked: Sequence[Scored],
    rules: Rules,
    previous: Mapping[int, Place],
    tails_before: Mapping[int, int],
) -> Iterator[Scored]:
    tail = _last(ranked, rules.tail_count)
    ranks_before = _ranks_before(ranked, previous)
    classes = _Classed(ranked, rules.classes, tail, ranks_before, tails_before)
    ranks, bands = _ranks(ranked, rules.ties), _bands(ranked)
    for one, rank, band in zip(ranked, ranks, bands, strict=True):
        yield replace(
            one,
            rank=rank,
            previous_rank=ranks_before.get(one.tally.unit_id),
            rank_band=band,
            is_tail=one.tally.unit_id in tail,
            unit_class=classes.of(one.tally.unit_id, rank).value,
        )


def _ranks_before(ranked: Sequence[Scored], previous: Mapping[int, Place]) -> dict[int, int]:
    """By unit id, the rank each had in this same ranking: who has come from units of another group
    or another size has climbed and fallen nowhere."""
    before = [(one, previous.get(one.tally.unit_id)) for one in ranked]
    return {
        one.tally.unit_id: place.rank
        for one, place in before
        if place and (place.group, place.band) == (one.tally.group, one.band)
    }


def _ranks(ranked: Sequence[Scored], ties: str) -> list[int]:
    """One more than the number of better units. Equal scores share a rank and the next is skipped;
    under the tie rule "volume" the busier one has the better rank, and only units that are as
    busy share it."""
    ranks: list[int] = []
    for place, one in enumerate(ranked, start=1):
        before = ranked[place - 2] if ranks else None
        is_shared = (
            before is not None
            and before.score == one.score
            and (ties == "shared" or before.tally.counted == one.tally.counted)
        )
        ranks.append(ranks[-1] if is_shared else place)
    return ranks


def _bands(ranked: Sequence[Scored]) -> Iterator[int]:
    """The best unit opens band 1; who reaches the lower end of its interval shares the band, the
    next opens another. Units with one score are always in one band."""
    band, least = 0, Fraction(0)
    for one in ranked:
        own = _exact(one)
        if not band or own < least:
            band, least = band + 1, own if one.low is None else min(own, one.low)
        yield band


def _last(ranked: Sequence[Scored], count: int) -> frozenset[int]:
    """The last `count` of a ranking, by unit id.

    Who shares the score of a unit outside is outside with it: nobody is summoned for a place that
    another holds as well without being summoned. So there may be fewer than `count`, and in a
    ranking where all are equal there are none. Whom nobody surpasses is never among them.
    """
    if not ranked or not count:
        return frozenset()
    edge = max(len(ranked) - count, 1)
    outside = _exact(ranked[edge - 1])
    return frozenset(one.tally.unit_id for one in ranked[edge:] if _exact(one) < outside)


def _first(ranked: Sequence[Scored], count: int) -> frozenset[int]:
    """The first `count` of a ranking, by unit id, and who shares the score of the last of them."""
    if not ranked or not count:
        return frozenset()
    inside = _exact(ranked[min(count, len(ranked)) - 1])
    return frozenset(one.tally.unit_id for one in ranked if _exact(one) >= inside)


class _Classed:
    """Which class a ranked unit is in. What obliges goes before what honours:

    治理类 (in the tail, and has been for `governance_months` with this one), then 整改类 (in the
    last share), 先进类 (in the first share), 进步类 (climbed `progress_places` since the month
    before). A share is rounded down to whole units. At a shared score the first share takes all
    who have it, the last share none.
    """

    def __init__(
        self,
        ranked: Sequence[Scored],
        classes: Classes,
        tail: Collection[int],
        previous_ranks: Mapping[int, int],
        tails_before: Mapping[int, int],
    ) -> None:
        self.classes, self.tail = classes, tail
        self.previous_ranks, self.tails_before = previous_ranks, tails_before
        self.first = _first(ranked, int(len(ranked) * classes.advanced_share))
        self.last = _last(ranked, int(len(ranked) * classes.rectification_share))

    def of(self, unit: int, rank: int) -> StreetClass:
        if unit in self.tail and self._months_in_tail(unit) >= self.classes.governance_months:
            return StreetClass.GOVERNANCE
        if unit in self.last:
            return StreetClass.RECTIFICATION
        if unit in self.first:
            return StreetClass.ADVANCED
        if self._climb(unit, rank) >= self.classes.progress_places:
            return StreetClass.PROGRESS
        return StreetClass.NONE

    def _months_in_tail(self, unit: int) -> int:
        return self.tails_before.get(unit, 0) + 1

    def _climb(self, unit: int, rank: int) -> int:
        """Places gained; none for a unit that had no place the month before."""
        return self.previous_ranks.get(unit, rank) - rank


def _exact(one: Scored) -> Fraction:
    """The published score as a fraction; every ranked unit has one."""
    if one.score is None:
        raise ValueError(f"unit {one.tally.unit_id} is ranked without a score")
    return Fraction(one.score)
