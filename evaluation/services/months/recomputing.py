"""A closed month made again from what was recorded before its close."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass

from evaluation import months as reading
from evaluation import outcomes, periods
from evaluation.models import MonthClose, Outcome, UnitScore
from evaluation.services.months.closing import input_digests, month_digest, unit_score
from evaluation.services.months.drafts import candidates
from hotline.core.violations import RuleViolation


@dataclass(frozen=True)
class Recomputed:
    """What a closed month comes to when it is made again, beside what was published."""

    month: str
    digest: str
    published: str
    lines: list[UnitScore]

    @property
    def is_equal(self) -> bool:
        return self.digest == self.published


def recompute(*, month: str, at: dt.datetime, earlier: reading.Before | None = None) -> Recomputed:
    """Make a closed month again from the events, answers and decisions recorded before its close:
    its rows are folded anew, counted and scored; nothing published is read, except the ranks of
    the month before when `earlier` does not give them. Raises RuleViolation when it is not closed.
    """
    stands = reading.month(month, at=at)
    if stands.close is None:
        raise RuleViolation("month_not_closed", month=month)
    outcomes.rebuild(candidates(stands), at=at)
    closed_at = stands.close.closed_at
    results = reading.score(
        stands,
        counted=Outcome.objects.filter(month=month),
        earlier=earlier,
        until=closed_at,
    )
    inputs = input_digests(Outcome, stands, closed_at)
    lines = [unit_score(stands, scored, None, inputs) for scored in results]
    return Recomputed(month, month_digest(stands, closed_at, lines), stands.close.digest, lines)


def recompute_all(*, at: dt.datetime) -> Iterator[Recomputed]:
    """Every closed month made again, oldest first, each from what came out for the one before it:
    nothing published is read at all."""
    labels = list(MonthClose.objects.order_by("month").values_list("month", flat=True))
    earlier = reading.Before({}, {})
    last = ""
    for label in labels:
        if last != periods.previous(periods.month_named(label)).label:
            earlier = reading.Before({}, {})
        again = recompute(month=label, at=at, earlier=earlier)
        tails = {u.unit_id: 1 + earlier.tails.get(u.unit_id, 0) for u in again.lines if u.is_tail}
        ranks = {u.unit_id: u.rank for u in again.lines if u.rank is not None}
        earlier, last = reading.Before(ranks, tails), label
        yield again
