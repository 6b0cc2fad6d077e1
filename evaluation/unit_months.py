"""One unit's months: its line in each, and what set one apart from the month before."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import cached_property

from django.db.models import Count, Q, Value

from evaluation import counting, decomposition, monthly, months, periods
from evaluation.decomposition import ClassEffect, Classes, Kept, Moved, Rates, Rival
from evaluation.models import UnitScore
from evaluation.monthly import COUNTED, Line
from evaluation.months import Month
from evaluation.rates import NOTHING, Counts, pooled
from evaluation.reading import withheld_tickets
from evaluation.rules import Rules
from evaluation.schemes import month_at
from evaluation.scoring.credit import credit
from hotline.core.actors import SYSTEM, Actor
from hotline.core.models import Unit
from knowledge.models import categories

# How many closed months a unit's page goes back.
CLOSED_MONTHS = 12
# Rules that decide which answers count and what they are worth.
_DECIDE_SCORES = (
    "weights", "basic_credit", "out_of_scope", "answer", "channels", "repeats", "shares",
)  # fmt: skip
# The classes told as one, and matters without a class.
TOGETHER, UNCLASSED = "together", ""


@dataclass(frozen=True)
class UnitMonth:
    """A unit's month: as published, or as it would be published now."""

    month: Month
    line: Line
    as_of: dt.datetime

    @property
    def score(self) -> UnitScore:
        return self.line.score

    @property
    def counts(self) -> Counts:
        return monthly.sample(self.score)


# --- the months of a unit ---------------------------------------------------------------------


def history(unit: Unit, *, at: dt.datetime) -> list[UnitMonth]:
    """The months that are not closed and have anything to tell, and the last closed ones, the
    latest first."""
    drafted = {month.label: month for month in months.drafted(at=at)}
    running = month_at(at)
    for label in (running.label, periods.previous(running).label):
        drafted.setdefault(label, months.undrafted(label, at=at))
    stands = sorted(drafted.values(), key=lambda month: month.label, reverse=True)
    open_ones = (_open(unit, month) for month in stands if not month.is_closed)
    scores = UnitScore.objects.filter(unit=unit, month__in=[m.label for m in stands if m.is_closed])
    last = list(scores.order_by("-month")[:CLOSED_MONTHS])
    found = [*filter(None, open_ones), *_closed(unit, last, drafted)]
    return sorted(found, key=lambda one: one.month.label, reverse=True)


def unit_month(unit: Unit, month: Month) -> UnitMonth | None:
    """The unit's line of a month; None where it has none."""
    if not month.is_closed:
        return _open(unit, month)
    scores = UnitScore.objects.filter(unit=unit, month=month.label)
    return next(iter(_closed(unit, list(scores), {month.label: month})), None)


def _open(unit: Unit, month: Month) -> UnitMonth | None:
    table = monthly.table(month, unit.group, SYSTEM)
    line = next((line for line in table.lines if line.unit.pk == unit.pk), None)
    return UnitMonth(month, line, table.as_of) if line else None


def _closed(unit: Unit, scores: Sequence[UnitScore], known: Mapping[str, Month]) -> list[UnitMonth]:
    counted = _counted(unit, [known[score.month] for score in scores])
    return [
        UnitMonth(
            known[score.month],
            Line(unit, score, monthly.counts_of(score, counted[score.month])),
            close.closed_at,
        )
        for score in scores
        if (close := known[score.month].close)
    ]


def _counted(unit: Unit, listed: Iterable[Month]) -> defaultdict[str, dict[str, int]]:
    """By month what no line keeps, of closed months: in one statement, each by its own rules."""
    same: defaultdict[str, list[Month]] = defaultdict(list)
    for month in listed:
        same[repr(month.rules)].append(month)
    found: defaultdict[str, dict[str, int]] = defaultdict(dict)
    parts = []
    for alike in same.values():
        rows = months.rows(alike[0]).model._default_manager.filter(
            unit=unit, month__in=[month.label for month in alike]
        )
        behind = counting.numbers(rows, alike[0].rules)
        parts += [
            behind[name].order_by().values_list("month").annotate(cell=Value(name), n=Count("pk"))
            for name in COUNTED
        ]
    if parts:
        first, *others = parts
        for label, name, n in first.union(*others, all=True):
            found[label][name] = n
    return found


# --- why a month differs from the one before --------------------------------------------------


def are_alike(one: Rules, other: Rules) -> bool:
    """Whether both count and weigh the same answers alike."""
    return all(getattr(one, name) == getattr(other, name) for name in _DECIDE_SCORES)


class Compared:
    """A unit's month beside the month before, as one reader may know it.

    Where the scheme changed, the month before is counted and weighed once more by the later rules:
    what that alone did to the score is `scheme_effect`, and the rest compares like with like.
    """

    def __init__(self, now: UnitMonth, before: UnitMonth | None, actor: Actor) -> None:
        self.now, self.before, self.actor = now, before, actor
        self.rules = now.month.rules
        self.unit = now.line.unit

    @property
    def is_alike(self) -> bool:
        return self.before is not None and are_alike(self.before.month.rules, self.rules)

    # --- the score ---------------------------------------------------------------------------

    @property
    def change(self) -> Decimal | None:
        """Of the published score; None where one of the months has none."""
        before = self.before.score.score if self.before else None
        now = self.now.score.score
        return None if now is None or before is None else now - before

    @property
    def bonus_effect(self) -> Fraction:
        before = self.before.score.bonus if self.before else 0
        return Fraction(self.now.score.bonus) - Fraction(before)

    @cached_property
    def scheme_effect(self) -> Fraction:
        """The month before by the later rules, less what it was by its own."""
        if self.is_alike or self.before is None or self.rates_before is None:
            return Fraction(0)
        own = self._rates(self.before)
        if own is None:
            return Fraction(0)
        return decomposition.base_of(self.rates_before, self.rules.weights) - decomposition.base_of(
            own, self.before.month.rules.weights
        )

    @cached_property
    def rates_now(self) -> Rates | None:
        return self._rates(self.now)

    @cached_property
    def rates_before(self) -> Rates | None:
        """Those of the month before, by the later rules."""
        if self.before is None or self.is_alike:
            return self._rates(self.before) if self.before else None
        if self.rules.shares is None:
            return decomposition.rates_of(
                pooled(self._classes_before.values()), self.rules.basic_credit
            )
        return _credited(self.before, self.rules)

    @cached_property
    def rate_effects(self) -> dict[str, Fraction]:
        """What each rate did to the score; empty where a month has no sample."""
        if self.change is None or self.rates_now is None or self.rates_before is None:
            return {}
        return decomposition.by_rate(self.rates_before, self.rates_now, self.rules.weights)

    def _rates(self, of: UnitMonth) -> Rates | None:
        """By its own rules, exact: from the counts, unless credit is shared."""
        if of.month.rules.shares is None:
            return decomposition.rates_of(of.counts, of.month.rules.basic_credit)
        return _credited(of, of.month.rules)

    # --- the classes -------------------------------------------------------------------------

    @cached_property
    def classes(self) -> list[ClassEffect]:
        """What each first-level class did, those that did most of what happened first; empty where
        the classes do not make up the score (shared credit), or not any more."""
        if not self.rate_effects or self.rules.shares is not None or not self._adds_up:
            return []
        before, now = (
            decomposition.joined(classes, self.together, TOGETHER)
            for classes in (self._classes_before, self._classes_now)
        )
        found = decomposition.by_class(before, now, self.rules.weights, self.rules.basic_credit)
        has_fallen = sum(self.rate_effects.values()) < 0
        return sorted(found, key=lambda one: one.total if has_fallen else -one.total)

    @property
    def _adds_up(self) -> bool:
        """Whether the classes' rows are still those that were scored: an open month may have moved
        since, and a unit may have come into another group."""
        before = self.before
        is_same_before = (
            before is None
            or not self.is_alike
            or (pooled(self._classes_before.values()) == before.counts)
        )
        return is_same_before and pooled(self._classes_now.values()) == self.now.counts

    @cached_property
    def together(self) -> set[str]:
        """The classes told as one, so that their numbers tell no withheld answer to this reader."""
        before, now = self._read_before, self._read_now
        sizes = {
            code: (before.valid(code), now.valid(code))
            for code in before.classes.keys() | now.classes.keys()
        }
        return decomposition.hidden_together(sizes, before.withheld | now.withheld)

    @property
    def _classes_now(self) -> Classes:
        return self._read_now.classes

    @property
    def _classes_before(self) -> Classes:
        return self._read_before.classes

    @cached_property
    def _read_now(self) -> _Read:
        return _read(self.now, self.rules, self.actor)

    @cached_property
    def _read_before(self) -> _Read:
        return _read(self.before, self.rules, self.actor) if self.before else _Read({}, set())

    # --- the place ---------------------------------------------------------------------------

    @cached_property
    def moved(self) -> Moved | None:
        """Whose doing the change of the place is; None where there are not two places of one
        ranking."""
        if self._rank_before is None or self._own is None or self.before is None:
            return None
        assert self.before.score.score is not None  # it was ranked by it
        return decomposition.moved(
            self._rank_before, self.before.score.score, self._own, self.others, self.rules.ties
        )

    @cached_property
    def kept(self) -> Kept | None:
        """What would have kept the place; None where it was not lost, and under shared credit."""
        if self.moved is None or self._own is None or self._rank_before is None:
            return None
        if self.moved.total <= 0 or self.rules.shares is not None:
            return None
        return decomposition.kept(
            self._rank_before, self.now.counts, self._own, self.now.score.bonus, self.others,
            self.rules,
        )  # fmt: skip

    @property
    def _rank_before(self) -> int | None:
        """The place in the same ranking the month before."""
        if self.before is None:
            return None
        now, before = self.now.score, self.before.score
        is_same = (before.group, before.band) == (now.group, now.band)
        return before.rank if is_same else None

    @property
    def _own(self) -> Rival | None:
        return _rival(self.now.score) if self.now.score.rank is not None else None

    @cached_property
    def others(self) -> list[Rival]:
        """The other ranked units of this month's ranking, whoever reads: only places are told."""
        month, own = self.now.month, self.now.score
        if month.is_closed:
            scores = list(UnitScore.objects.filter(month=month.label, group=own.group))
        else:
            table = monthly.table(month, own.group, SYSTEM)
            scores = [line.score for line in table.lines]
        return [
            _rival(one)
            for one in scores
            if one.rank is not None and one.band == own.band and one.unit_id != own.unit_id
        ]


def _rival(score: UnitScore) -> Rival:
    assert score.score is not None  # who is ranked has one
    return Rival(score.score, score.volume - score.not_counted)


def _credited(of: UnitMonth, rules: Rules) -> Rates | None:
    """The rates with every answer weighed (F-19)."""
    score = of.score
    (unit,) = months.units_then([(score.unit_id, of.line.unit.code, score.group)])
    rows = months.rows(of.month).filter(unit_id=score.unit_id)
    found = credit(counting.tallies(rows, rules, [unit])[unit.pk].answers, rules)
    rates = {name: getattr(found, name) for name in decomposition.RATES}
    return None if found.base is None else rates


@dataclass(frozen=True)
class _Read:
    """A month's answers by first-level class, and the classes with answers withheld from the
    reader."""

    classes: dict[str, Counts]
    withheld: set[str]

    def valid(self, code: str) -> int:
        return self.classes.get(code, NOTHING).valid


def _read(of: UnitMonth, rules: Rules, actor: Actor) -> _Read:
    """The rows behind the valid answers, counted by class in one statement."""
    rows = months.rows(of.month).filter(unit_id=of.line.unit.pk)
    said = counting.numbers(rows, rules)["valid"]
    solved, pleased = f"{rules.answer}_resolved", f"{rules.answer}_satisfaction"
    counted = said.order_by().values_list("category_id").annotate(
        Count("pk"),
        contacted=Count("pk", filter=Q(**{f"{rules.answer}_contacted": True})),
        resolved=Count("pk", filter=Q(**{solved: True})),
        satisfied=Count("pk", filter=Q(**{pleased: "satisfied"})),
        basically=Count("pk", filter=Q(**{pleased: "basically"})),
        withheld=Count("pk", filter=Q(ticket_id__in=withheld_tickets(actor))),
    )  # fmt: skip
    found: defaultdict[str, list[Counts]] = defaultdict(list)
    hidden: set[str] = set()
    for category_id, *counts, withheld in counted:
        code = first_level(category_id)
        found[code].append(Counts(*counts))
        if withheld:
            hidden.add(code)
    return _Read({code: pooled(parts) for code, parts in found.items()}, hidden)


def first_level(category_id: int | None) -> str:
    """The code of the class at the top, of which every class below begins with it."""
    return categories()[category_id].code[:2] if category_id else UNCLASSED
