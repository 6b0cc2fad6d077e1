"""A closed month made again from what was recorded before its close."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from evaluation import digests, outcomes, periods, scoring
from evaluation import months as reading
from evaluation.models import FrozenOutcome, MonthClose, Outcome, UnitScore
from evaluation.months import Before, Month
from evaluation.services.months.closing import month_digest, roster_at_close, score_lines
from evaluation.services.months.drafts import candidates
from hotline.core.models import Unit
from hotline.core.places import units
from hotline.core.violations import RuleViolation


@dataclass(frozen=True)
class Recomputed:
    """What a closed month comes to when it is made again, beside what was published.

    `digest` is that of what came out, `published` that of the close. `differing` are the units
    whose frozen rows or published lines are not what came out. `is_intact`: the lines that are
    stored still have the digest of the close. `is_kept`: rows and lines are still stored at all;
    where they are not, the digest alone is compared.
    """

    month: str
    digest: str
    published: str
    scored_by: int
    lines: list[UnitScore]
    differing: list[Unit]
    is_intact: bool
    is_kept: bool

    @property
    def is_other_version(self) -> bool:
        """Another version of the code scored it: this one may come to other scores in good faith,
        and can tell only whether facts and published lines are as they were."""
        return self.scored_by != scoring.VERSION

    @property
    def is_beyond_checking(self) -> bool:
        """It was closed before the version of the code was put on record: its digest was made of
        other columns, and nothing can be said of it."""
        return not self.scored_by

    @property
    def is_unchanged(self) -> bool:
        """Nobody has touched anything, as far as this version of the code can tell."""
        if self.is_beyond_checking:
            return False
        return self.is_intact and not self.differing and (self.is_equal or self.is_other_version)

    @property
    def is_equal(self) -> bool:
        """It comes out as it was published, unit by unit."""
        return self.digest == self.published and self.is_intact and not self.differing


def recompute(*, month: str, at: dt.datetime, earlier: Before | None = None) -> Recomputed:
    """Make a closed month again from the events, answers and decisions recorded before its close,
    for the units, codes and groups of then: its rows are folded anew, counted and scored. Of what
    was published nothing goes into that but the ranks of the month before, when `earlier` does not
    give them; what comes out is compared with it, row by row and line by line.

    Raises RuleViolation when the month is not closed.
    """
    stands = reading.month(month, at=at)
    close = stands.close
    if close is None:
        raise RuleViolation("month_not_closed", month=month)
    outcomes.rebuild(candidates(stands), at=at)
    earlier = earlier or reading.before(month)
    listed = roster_at_close(stands)
    lines = score_lines(stands, Outcome, listed, earlier, until=close.closed_at)
    stored = list(UnitScore.objects.filter(month=month))
    frozen = digests.unit_digests(FrozenOutcome, month)
    differing = _differing(frozen, digests.unit_digests(Outcome, month)) if frozen else set()
    if stored and close.scoring_version == scoring.VERSION:
        differing |= _differing(_told(stored, stands), _told(lines, stands))
    published_then = month_digest(stands, close.closed_at, close.scoring_version, stored)
    known = units()
    return Recomputed(
        month=month,
        digest=month_digest(stands, close.closed_at, scoring.VERSION, lines),
        published=close.digest,
        scored_by=close.scoring_version,
        lines=lines,
        differing=[known[pk] for pk in sorted(differing)],
        is_intact=not stored or published_then == close.digest,
        is_kept=bool(stored) and bool(frozen or not close.outcome_count),
    )


def _differing(these: Mapping[int, object], those: Mapping[int, object]) -> set[int]:
    return {pk for pk in these.keys() | those.keys() if these.get(pk) != those.get(pk)}


def _told(lines: Collection[UnitScore], stands: Month) -> dict[int, object]:
    """What each unit's line says, and by which scheme."""
    return {line.unit_id: (line.scheme_id, digests.told(line)) for line in lines}


def recompute_all(*, at: dt.datetime) -> Iterator[Recomputed]:
    """Every closed month made again, oldest first, each from what came out for the one before it:
    what was published is compared, never read, unless another version of the code scored it."""
    labels = list(MonthClose.objects.order_by("month").values_list("month", flat=True))
    earlier: Before | None = Before({}, {})
    last = ""
    for label in labels:
        if last != periods.previous(periods.month_named(label)).label:
            earlier = Before({}, {})
        again = recompute(month=label, at=at, earlier=earlier)
        earlier, last = None if again.is_other_version else _after(again, earlier), label
        yield again


def _after(again: Recomputed, earlier: Before | None) -> Before:
    """What the month after needs to know of it."""
    earlier = earlier or reading.before(again.month)
    tails = {u.unit_id: 1 + earlier.tails.get(u.unit_id, 0) for u in again.lines if u.is_tail}
    return Before(reading.places_of(again.lines), tails)
