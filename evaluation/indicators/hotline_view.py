"""七有五性 as the hotline sees it (热线视角): requests by what of a good life they touch.

The city's own index of the twelve has parts that no hotline knows, and neither its parts nor its
formula are published: none is imitated here.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from django.db.models import Q

from evaluation import monthly, rates
from evaluation.indicators.definitions import INDICATORS
from evaluation.indicators.dimensions import Dimension, classes_of
from evaluation.indicators.facts import ANSWERED, HELD, View
from evaluation.indicators.kinds import Part
from evaluation.indicators.measuring import Counted, Reading, count, per_resident, units_of
from evaluation.indicators.populations import residents
from evaluation.models import Satisfaction


@dataclass(frozen=True)
class DimensionLine:
    """One dimension in a month: what units were handed, and what was said of it. `compared` is
    what of the volume is held against `before`, that of the month before; `excluded` left the
    rates; `per_10k` is None for units without residents."""

    dimension: Dimension
    volume: int
    compared: int
    before: int
    excluded: int
    per_10k: Reading | None
    valid: int
    resolved: int
    resolution: Fraction | None
    satisfaction: Fraction | None
    is_small: bool


def dimension_lines(of: View, before: View, group: str) -> list[DimensionLine]:
    """The dimensions that classes are tagged with, over the units of a group that the reader
    sees; none where no class carries a tag."""
    tagged = {dimension: classes_of(dimension) for dimension in Dimension}
    answer = of.month.rules.answer
    parts = [_Parts(d, classes, answer) for d, classes in tagged.items() if classes]
    units = monthly.units_of(of.month, group, of.actor)
    held = count(HELD, [part for p in parts for part in (p.volume, p.excluded)], of, units)
    held_before = count(HELD, [p.volume for p in parts], before, units)[0]
    said = count(ANSWERED, [part for p in parts for part in p.answers], of, units)[0]
    per_10k = INDICATORS["per_10k"]
    peopled = units_of(per_10k, of.month, group, of.actor)
    people = list(residents(peopled, of.month).values())
    counted = count(HELD, [p.counted for p in parts], of, peopled)[0] if people else {}
    return [
        DimensionLine(
            dimension=p.dimension,
            volume=held[0][p.volume],
            compared=held[-1][p.volume],
            excluded=held[0][p.excluded],
            before=held_before[p.volume],
            per_10k=per_resident(per_10k, counted[p.counted], people) if people else None,
            valid=said[p.valid],
            resolved=said[p.resolved],
            resolution=rates.resolution_rate(p.told(said)),
            satisfaction=rates.satisfaction_rate(p.told(said), of.month.rules.basic_credit),
            is_small=said[p.valid] < of.month.rules.min_sample,
        )
        for p in parts
    ]


class _Parts:
    """What is counted of one dimension."""

    def __init__(self, dimension: Dimension, classes: list[int], answer: str) -> None:
        def part(**conditions: object) -> Part:
            return Part(dimension.label, Q(category_id__in=classes, **conditions))

        self.dimension = dimension
        self.volume = part()
        self.excluded = Part(dimension.label, Q(category_id__in=classes) & ~Q(excluded=""))
        self.counted = part(not_counted="")
        self.valid = part()
        self.resolved = part(first_resolved=True)
        self.satisfied = part(**{f"{answer}_satisfaction": Satisfaction.SATISFIED})
        self.basically = part(**{f"{answer}_satisfaction": Satisfaction.BASICALLY})
        self.answers = (self.valid, self.resolved, self.satisfied, self.basically)

    def told(self, said: Counted) -> rates.Counts:
        """As the rates take them; nobody asks here whether the unit made contact."""
        return rates.Counts(
            valid=said[self.valid],
            contacted=0,
            resolved=said[self.resolved],
            satisfied=said[self.satisfied],
            basically_satisfied=said[self.basically],
        )
