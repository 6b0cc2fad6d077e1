"""Whether a bulletin's counts tell its published figures: what its workbook's formulas rest on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from fractions import Fraction
from functools import partial

from evaluation import rates
from governance.content import BulletinContent, GroupContent, LineContent

TIES = ("shared", "volume")
Measure = Callable[[rates.Counts], Fraction | None]


def recomputes(content: BulletinContent) -> bool:
    """Whether the counts, the weights and the credit give every published rate and score: not so
    under differentiated credit (F-19), where an answer's worth depends on who co-operated."""
    return all(
        all(_line_recomputes(line, content) for line in group.lines)
        and _averages_recompute(group, content)
        for group in content.groups
    )


def tie_rule(lines: Sequence[LineContent]) -> str | None:
    """The rule for equals by which the scores give the published ranks, None where neither does."""
    ranked = [line for line in lines if line.rank is not None]
    return next((rule for rule in TIES if _ranks_follow(rule, ranked)), None)


def _ranks_follow(rule: str, ranked: Sequence[LineContent]) -> bool:
    def place(line: LineContent) -> tuple[Decimal, int]:
        counted = line.volume - line.not_counted if rule == "volume" else 0
        return (line.score or Decimal(0), counted)

    return all(
        line.rank == 1 + sum(o.band == line.band and place(o) > place(line) for o in ranked)
        for line in ranked
    )


def _measures(content: BulletinContent) -> dict[str, Measure]:
    """The rates (0 to 1) and the base score (0 to 100), exactly."""
    weights = rates.Weights(
        content.weights.response, content.weights.resolution, content.weights.satisfaction
    )
    credit = content.basic_credit
    return {
        "response": rates.response_rate,
        "resolution": rates.resolution_rate,
        "satisfaction": partial(rates.satisfaction_rate, basic_credit=credit),
        "base_score": partial(rates.exact_score, weights=weights, basic_credit=credit),
    }


def _line_recomputes(line: LineContent, content: BulletinContent) -> bool:
    counts, measures = _counts(line), _measures(content)
    exact = measures["base_score"](counts)
    score = None if exact is None else rates.rounded(exact + Fraction(line.bonus))
    return score == line.score and all(
        _published(name, measure(counts)) == getattr(line, name)
        for name, measure in measures.items()
    )


def _averages_recompute(group: GroupContent, content: BulletinContent) -> bool:
    counts = [_counts(line) for line in group.lines]
    return all(
        _published(name, rates.macro_average(counts, measure)) == getattr(group.macro, name)
        and _published(name, rates.micro_average(counts, measure)) == getattr(group.micro, name)
        for name, measure in _measures(content).items()
    )


def _published(name: str, exact: Fraction | None) -> Decimal | None:
    return rates.rounded(exact, 2) if name == "base_score" else rates.percent(exact, 2)


def _counts(line: LineContent) -> rates.Counts:
    return rates.Counts(line.valid, line.contacted, line.resolved, line.satisfied, line.basically)
