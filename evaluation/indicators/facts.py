"""Which facts an indicator speaks of: whose, of which month, seen by whom.

Those of a closed month are its frozen rows, so that an indicator beside a published score reads
what the score was made of; what has no frozen rows (orders, tickets) counts as it was known when
the month's facts were complete.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db.models import Min, QuerySet

from dispatch.accuracy import orders_given
from evaluation import counting, months, periods
from evaluation.models import Outcome
from evaluation.months import Month
from evaluation.periods import Period
from evaluation.schemes import month_at
from hotline.core.actors import Actor
from hotline.core.working_time import ONE_DAY, local
from intake.models import RequestType, Ticket

MONTHS_OF_A_YEAR = 12


@dataclass(frozen=True)
class View:
    """A month as one reader sees it at an instant. `until` leaves out what belongs to later days:
    of the month that a running one is compared with, only the same days count (F-8)."""

    month: Month
    actor: Actor
    at: dt.datetime
    until: dt.datetime | None = None

    @property
    def is_running(self) -> bool:
        return self.at < self.month.period.end

    @property
    def known_until(self) -> dt.datetime:
        """What was recorded until then counts: until the month's facts are complete, and never
        after, so that nothing moves a month that is closed."""
        return min(self.at, self.month.facts_until)

    @property
    def cut(self) -> dt.datetime | None:
        """How far the running month's report knows it: until the latest cut of a day (F-8),
        nothing before the first one. None for a month that is over, which is compared whole."""
        if self.until is not None or not self.is_running:
            return None
        at, rules = local(self.at), self.month.rules
        day = at.date() if at.time() >= rules.day_cut else at.date() - ONE_DAY
        told = periods.running_report(
            day, period_start_day=rules.period_start_day, day_cut=rules.day_cut
        )
        return max(told.end, self.month.period.start)

    def before(self, distance: int) -> View:
        """The same span so many months earlier: a whole month, or of a running one the days that
        its report covers."""
        earlier = months.month(label_before(self.month.label, distance), at=self.at)
        return View(earlier, self.actor, self.at, self._same_day(distance))

    def _same_day(self, distance: int) -> dt.datetime | None:
        end = self.until or self.cut
        if end is None:
            return None
        if distance == MONTHS_OF_A_YEAR:
            is_leap_day = (end.month, end.day) == (2, 29)
            return end.replace(year=end.year - 1, day=28 if is_leap_day else end.day)
        span = Period(self.month.period.start, end, self.month.label)
        for _step in range(distance):
            span = periods.previous(span)
        return span.end


def view(label: str, actor: Actor, at: dt.datetime) -> View:
    """Raises ValueError for what is no month."""
    return View(months.month(label, at=at), actor, at)


def first_month() -> str | None:
    """The month of the oldest record; None in a city that has none."""
    outcome = Outcome.objects.aggregate(first=Min("month"))["first"]
    accepted = Ticket.objects.aggregate(first=Min("accepted_at"))["first"]
    ticket = month_at(accepted).label if accepted else None
    return min((label for label in (outcome, ticket) if label), default=None)


def label_before(label: str, distance: int) -> str:
    """The name of the month so many months earlier."""
    year, month0 = divmod(int(label[:4]) * 12 + int(label[5:]) - 1 - distance, 12)
    return f"{year:04}-{month0 + 1:02}"


# --- the facts -------------------------------------------------------------------------------


@dataclass(frozen=True)
class Base:
    """Facts of one kind. `time_field` is what puts a fact into its month, `ticket_field` and
    `unit_field` lead from it to its ticket and its unit; facts of the city, which are no unit's,
    are those of the tickets that the reader sees."""

    rows: Callable[[View], QuerySet[Any]]
    time_field: str = "attributed_at"
    ticket_field: str = "ticket_id"
    unit_field: str = "unit_id"
    category_field: str = "category_id"


def _counted(name: str) -> Callable[[View], QuerySet[Any]]:
    """The rows behind one count of the monthly table, of which they are the same."""

    def rows(of: View) -> QuerySet[Any]:
        found = months.rows(of.month)
        if of.until is not None:
            found = found.filter(attributed_at__lt=of.until)
        return counting.numbers(found, of.month.rules)[name]

    return rows


def _orders(of: View) -> QuerySet[Any]:
    return orders_given(of.month.period.start, of.until or of.month.period.end)


def _tickets(of: View) -> QuerySet[Any]:
    """Praise is no request (R-003)."""
    until = of.until or of.month.period.end
    seen = Ticket.objects.visible_to(of.actor)
    accepted = seen.filter(accepted_at__gte=of.month.period.start, accepted_at__lt=until)
    return accepted.exclude(request_type=RequestType.PRAISE)


# N: what a unit was given and has not given back.
HELD = Base(_counted("volume"))
# V: of what it is scored by, the answers that count.
ANSWERED = Base(_counted("valid"))
# The orders given to lead units, each of which may be returned.
ORDERS = Base(_orders, "dispatched_at", category_field="ticket__category_id")
# All requests accepted in the city, whether or not a unit ever got them.
ACCEPTED = Base(_tickets, "accepted_at", ticket_field="pk", unit_field="")
