"""试算: a month's real result beside what another scheme would have made of the same tickets.

Nothing is stored. Which tickets a month has, and who was called back, was decided by the scheme it
was run by; a trial scores the same tickets by other rules.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property

from django.utils.functional import Promise

from evaluation import months, scoring
from evaluation.models import Scheme, ScoreMark, UnitScore
from evaluation.months import Month
from evaluation.rendering.schemes import RuleText, differing
from evaluation.schemes import rules_of
from hotline.core.models import Unit
from hotline.core.places import units

# What decides which tickets a month has and who is asked, or what follows from places: a trial
# shows none of it.
NOT_TRIED = frozenset(
    {
        "attribution", "period_start_day", "day_cut", "close_lag_days", "appeal_days",
        "sample_percent", "pressure_percent", "whistle", "interval_z", "tail_count", "classes",
    }
)  # fmt: skip


@dataclass(frozen=True)
class Result:
    """A unit's score and place, or why it has none."""

    score: Decimal | None
    rank: int | None
    mark: str
    band: int

    @property
    def mark_label(self) -> str | Promise:
        return ScoreMark(self.mark).label if self.mark else ""


@dataclass(frozen=True)
class Line:
    """One unit: what it really got, what it would have got, and the change."""

    unit: Unit
    real: Result
    tried: Result

    @property
    def points(self) -> Decimal | None:
        """How many points more or fewer."""
        if self.real.score is None or self.tried.score is None:
            return None
        return self.tried.score - self.real.score

    @property
    def places(self) -> int | None:
        """How many places up; below 0, down."""
        if self.real.rank is None or self.tried.rank is None:
            return None
        return self.real.rank - self.tried.rank

    @property
    def places_lost(self) -> int:
        return -(self.places or 0)

    @property
    def is_changed(self) -> bool:
        return self.real != self.tried

    @property
    def is_idle(self) -> bool:
        return self.real.mark == self.tried.mark == ScoreMark.IDLE


class Trial:
    """One group of units in one month under another scheme."""

    def __init__(self, scheme: Scheme, label: str, group: str, *, at: dt.datetime) -> None:
        """Raises ValueError for what is no month."""
        self.scheme, self.group = scheme, group
        self.rules = rules_of(scheme)
        self.month: Month = months.month(label, at=at)
        self.earlier = months.before(label)

    @cached_property
    def all_lines(self) -> list[Line]:
        """The units in the order of the real result, those without a place behind."""
        tried = self._scored(self._listed, self.month, is_trial=True)
        real = self._published if self.month.is_closed else self._scored(self._listed, self.month)
        found = [
            Line(unit, real[unit.pk], tried[unit.pk]) for unit in self._listed if unit.pk in real
        ]
        return sorted(found, key=_as_placed)

    @property
    def lines(self) -> list[Line]:
        """Those that had anything to handle, under either scheme."""
        return [line for line in self.all_lines if not line.is_idle]

    @property
    def idle(self) -> int:
        """How many units had nothing to handle."""
        return len(self.all_lines) - len(self.lines)

    @property
    def is_banded(self) -> bool:
        return any(line.real.band or line.tried.band for line in self.lines)

    @property
    def moved(self) -> int:
        """How many units would stand elsewhere."""
        return sum(1 for line in self.lines if line.real.rank != line.tried.rank)

    @cached_property
    def differences(self) -> list[tuple[RuleText, str, str]]:
        """The rules in which the two schemes differ and that are tried here: by what the month is
        scored, by what it would be."""
        return [
            (text, text.value(self.month.rules), text.value(self.rules))
            for text in differing(self.month.rules, self.rules)
            if text.name not in NOT_TRIED
        ]

    @property
    def not_tried(self) -> list[RuleText]:
        """The rules in which they differ too, and that no trial can show."""
        different = differing(self.month.rules, self.rules)
        return [text for text in different if text.name in NOT_TRIED]

    @cached_property
    def _listed(self) -> list[Unit]:
        """The units of the group: of a closed month those it was published for."""
        if self.month.is_closed:
            return [units()[pk] for pk in self._published]
        return [unit for unit in units().values() if unit.group == self.group]

    @cached_property
    def _published(self) -> dict[int, Result]:
        scores = UnitScore.objects.filter(month=self.month.label, group=self.group)
        return {
            one.unit_id: Result(_one_place(one.score), one.rank, one.mark, one.band)
            for one in scores
        }

    def _scored(
        self, listed: Iterable[Unit], month: Month, *, is_trial: bool = False
    ) -> dict[int, Result]:
        scored = months.score(
            month,
            rules=self.rules if is_trial else None,
            listed=listed,
            earlier=self.earlier,
        )
        return {one.tally.unit_id: _result(one) for one in scored}


def _result(one: scoring.Scored) -> Result:
    return Result(one.score, one.rank, one.mark, one.band)


def _one_place(score: Decimal | None) -> Decimal | None:
    """As it is ranked: the table keeps two places, the second of which is 0."""
    return None if score is None else score.quantize(Decimal("0.1"))


def _as_placed(line: Line) -> tuple[int, bool, int, Decimal]:
    real = line.real
    return (real.band, real.rank is None, real.rank or 0, -(real.score or Decimal(0)))
