"""Assessment months as the fold sees them: when each ends, until when its facts count, by which
rules, and when it was closed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field

from evaluation.models import MonthClose
from evaluation.periods import month_named
from evaluation.rules import DEFAULT_RULES, Rules
from evaluation.schemes import adopted_schemes
from hotline.core.working_time import ONE_DAY, local

# No scheme waits longer than 90 days for a month's facts, so no earlier month has a later cutoff.
_MONTHS_OF_THE_LONGEST_LAG = 5


@dataclass(frozen=True)
class Month:
    """One assessment month. Facts recorded after `cutoff` no longer count for it; decisions count
    until it is closed."""

    label: str
    start: dt.datetime
    end: dt.datetime
    cutoff: dt.datetime
    rules: Rules
    closed_at: dt.datetime | None


@dataclass(frozen=True)
class Calendar:
    """Every assessment month there is or will be: a plain value, without a database.

    `schemes` are the first month and the rules of every adopted scheme, oldest first; before the
    first of them the default rules hold. `closed` says when a month was closed.
    """

    schemes: tuple[tuple[str, Rules], ...] = ()
    closed: Mapping[str, dt.datetime] = field(default_factory=dict)
    _made: dict[str, Month] = field(default_factory=dict, init=False, repr=False, compare=False)

    def month(self, label: str) -> Month:
        """The month "2026-01". Raises ValueError for what is no month."""
        if label not in self._made:
            self._made[label] = self._make(label)
        return self._made[label]

    def month_of(self, at: dt.datetime) -> Month:
        """The first month that has not ended at an instant."""
        month = self.month(f"{local(at):%Y-%m}")
        while at >= month.end:
            month = self.after(month)
        return month

    def after(self, month: Month) -> Month:
        return self.month(_shifted(month.label, 1))

    def before(self, month: Month) -> Month:
        return self.month(_shifted(month.label, -1))

    def _make(self, label: str) -> Month:
        rules = self._rules(label)
        period = month_named(label, period_start_day=rules.period_start_day)
        # A scheme with a shorter lag must not complete a month before the one it follows: a row
        # could then still move back out of it.
        earlier = (_shifted(label, -n) for n in range(_MONTHS_OF_THE_LONGEST_LAG))
        cutoff = max(self._own_cutoff(one) for one in earlier)
        return Month(label, period.start, period.end, cutoff, rules, self.closed.get(label))

    def _own_cutoff(self, label: str) -> dt.datetime:
        rules = self._rules(label)
        end = month_named(label, period_start_day=rules.period_start_day).end
        return end + rules.close_lag_days * ONE_DAY

    def _rules(self, label: str) -> Rules:
        found = [rules for valid_from, rules in self.schemes if valid_from <= label]
        return found[-1] if found else DEFAULT_RULES


def calendar() -> Calendar:
    """The months as they stand now: adopted schemes are remembered, closes are read anew."""
    schemes = tuple((scheme.valid_from, rules) for scheme, rules in reversed(adopted_schemes()))
    return Calendar(schemes, dict(MonthClose.objects.values_list("month", "closed_at")))


def _shifted(label: str, months: int) -> str:
    year, month0 = divmod(int(label[:4]) * 12 + int(label[5:]) - 1 + months, 12)
    return f"{year:04}-{month0 + 1:02}"
