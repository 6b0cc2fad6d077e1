"""Assessment months as they stand: running, shown as a draft, or closed; and their results."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db import models
from django.db.models import Sum
from django.utils.translation import gettext_lazy as _

from evaluation import counting, outcomes, periods, scoring
from evaluation.models import (
    Bonus,
    FrozenOutcome,
    MonthClose,
    MonthDraft,
    Outcome,
    RulingOutcome,
    Scheme,
    StreetClass,
    UnitScore,
)
from evaluation.periods import Period
from evaluation.rules import Rules
from evaluation.schemes import month_at, scheme_for
from evaluation.tally import UnitTally
from hotline.core.models import AssessmentGroup, Unit
from hotline.core.places import units
from hotline.core.working_time import ONE_DAY


class MonthState(models.TextChoices):
    RUNNING = "running", _("进行中")
    WAITING = "waiting", _("等待回访")
    DRAFT = "draft", _("公示征求意见")
    CLOSING = "closing", _("正在封账")
    CLOSED = "closed", _("已封账")


@dataclass(frozen=True)
class Month:
    """One assessment month: what it is scored by and how far it has come.

    `facts_until` is when the facts that count for it are complete: its end and the scheme's lag.
    """

    label: str
    period: Period
    scheme: Scheme | None
    rules: Rules
    facts_until: dt.datetime
    state: str
    draft: MonthDraft | None
    close: MonthClose | None

    @property
    def state_label(self) -> str:
        return str(MonthState(self.state).label)

    @property
    def is_closed(self) -> bool:
        return self.close is not None

    @property
    def appeals_until(self) -> dt.datetime:
        """Until when units may appeal; before the draft is open, when that is to be."""
        if self.draft is not None:
            return self.draft.appeals_until
        return self.facts_until + self.rules.appeal_days * ONE_DAY

    def takes_appeals(self, at: dt.datetime) -> bool:
        return self.state == MonthState.DRAFT and at < self.appeals_until


def month(label: str, *, at: dt.datetime) -> Month:
    """The month as it stands at `at`. Raises ValueError for what is no month."""
    return _stands(label, _drafts().filter(month=label).first(), at)


def drafted(*, at: dt.datetime) -> list[Month]:
    """Every month that has been shown to the units, closed or not, the latest first."""
    return [_stands(draft.month, draft, at) for draft in _drafts().order_by("-month")]


def undrafted(label: str, *, at: dt.datetime) -> Month:
    """A month of which one knows that it has not been shown to the units."""
    return _stands(label, None, at)


def _drafts() -> models.QuerySet[MonthDraft]:
    return MonthDraft.objects.select_related("scheme", "close", "close_request")


def _stands(label: str, draft: MonthDraft | None, at: dt.datetime) -> Month:
    scheme, rules = (
        (draft.scheme, Rules.from_json(draft.scheme.rules)) if draft else scheme_for(label)
    )
    period = periods.month_named(label, period_start_day=rules.period_start_day)
    facts_until = draft.facts_until if draft else outcomes.calendar().month(label).cutoff
    close: MonthClose | None = getattr(draft, "close", None)
    return Month(
        label, period, scheme, rules, facts_until, _state(draft, close, period, at), draft, close
    )


def current(at: dt.datetime) -> Month:
    """The month that is running."""
    return month(month_at(at).label, at=at)


def _state(
    draft: MonthDraft | None, close: MonthClose | None, period: Period, at: dt.datetime
) -> str:
    if close is not None:
        return MonthState.CLOSED
    if draft is not None:
        return MonthState.CLOSING if hasattr(draft, "close_request") else MonthState.DRAFT
    return MonthState.WAITING if at >= period.end else MonthState.RUNNING


# --- results ---------------------------------------------------------------------------------


def rows(of: Month) -> models.QuerySet[Any]:
    """The outcome rows of a month: the frozen ones once it is closed."""
    return counting.rows_of(FrozenOutcome if of.is_closed else Outcome, of.label)


def scored_units(rules: Rules) -> list[Unit]:
    """The units that get a line: those of the scheme's groups, and second receivers."""
    groups = {*rules.groups, AssessmentGroup.SECOND_RECEIVER.value}
    return [unit for unit in units().values() if unit.group in groups]


def roster(of: Month) -> list[Unit]:
    """The units that get a line in the month: of a closed one those that were scored, each with the
    code and the group that it had then."""
    if not of.is_closed:
        return scored_units(of.rules)
    found = UnitScore.objects.filter(month=of.label).order_by("unit_id")
    return units_then(found.values_list("unit_id", "code", "group"))


def units_then(then: Iterable[tuple[int, str, str]]) -> list[Unit]:
    """Units as they were: their ids with the code and the group of that time, nothing more."""
    return [Unit(pk=pk, code=code, group=group) for pk, code, group in then]


@dataclass(frozen=True)
class Before:
    """What a month's result needs to know of the months before it."""

    places: dict[int, scoring.Place]
    tails: dict[int, int]


def before(label: str) -> Before:
    """The places of the month before, and for how many months in a row each unit was at the end.
    Only closed months count."""
    previous = periods.previous(periods.month_named(label)).label
    return Before(places_of(UnitScore.objects.filter(month=previous)), _tails_in_a_row(previous))


def places_of(lines: Iterable[UnitScore]) -> dict[int, scoring.Place]:
    """By unit id, where those stand that have a rank."""
    return {
        line.unit_id: scoring.Place(line.group, line.band, line.rank)
        for line in lines
        if line.rank is not None
    }


def _tails_in_a_row(last: str) -> dict[int, int]:
    found: dict[int, int] = {}
    standing: set[int] | None = None
    label = last
    while standing is None or standing:
        at_end = set(
            UnitScore.objects.filter(month=label, is_tail=True).values_list("unit_id", flat=True)
        )
        standing = at_end if standing is None else standing & at_end
        for unit_id in standing:
            found[unit_id] = found.get(unit_id, 0) + 1
        label = periods.previous(periods.month_named(label)).label
    return found


def bonuses(label: str, *, until: dt.datetime | None = None) -> dict[int, Decimal]:
    """The approved points of a month per unit; those approved before `until`."""
    approved = Bonus.objects.filter(month=label, outcome=RulingOutcome.UPHELD)
    if until is not None:
        approved = approved.filter(ruled_at__lte=until)
    summed = approved.order_by().values_list("unit_id").annotate(points=Sum("points"))
    return dict(summed)


def score(
    of: Month,
    *,
    rules: Rules | None = None,
    counted: Mapping[int, UnitTally] | None = None,
    listed: Iterable[Unit] | None = None,
    earlier: Before | None = None,
    until: dt.datetime | None = None,
) -> list[scoring.Scored]:
    """The month, scored: best first inside each group, as of now or under other `rules` (试算);
    from what was `counted` already."""
    if listed is None:
        listed = roster(of) if rules is None else scored_units(rules)
    rules = rules or of.rules
    if counted is None:
        counted = counting.tallies(rows(of), rules, listed)
    earlier = earlier or before(of.label)
    return scoring.score(
        counted.values(),
        rules,
        bonuses=bonuses(of.label, until=until),
        previous=earlier.places,
        tails_before=earlier.tails,
    )


def class_label(value: str) -> str:
    return str(StreetClass(value).label) if value else ""
