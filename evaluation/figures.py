"""What came in and what is still open, counted for a leader's page.

Everything here counts tickets, the same that a list with the same conditions shows: `accepted` and
`waiting` are where both begin. The counts are remembered by the unit that leads, and what nobody
leads by its hour (`evaluation.memos`); `note_changes` says what no longer holds, about a second
after the act.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import connection
from django.db.models import (
    BigIntegerField,
    Case,
    CharField,
    F,
    Func,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Value,
    When,
)
from django.db.models.functions import Coalesce, Left, TruncDate
from django.utils.translation import gettext as _

from dispatch.models import Assignment, AssignmentRole
from evaluation import memos
from evaluation.outcomes import calendar
from evaluation.periods import Period
from evaluation.scopes import Scope
from hotline.core.models import Area, OutboxMessage
from hotline.core.places import units
from hotline.core.working_time import BUSINESS_ZONE, ONE_DAY, business_day
from intake.models import State, Ticket
from intake.models.tickets import TicketQuerySet

# Acts after which a ticket counts elsewhere.
HEARD = frozenset(
    {
        "accepted", "classified", "amended", "answered", "informed", "dispatched", "signed",
        "recalled", "undone", "returned", "reported", "replied", "rehandled", "called_back",
        "closed", "withdrawn", "merged", "split", "reopened", "escalation_answered",
        "passed_to_liaison", "designated",
    }
)  # fmt: skip
OPEN = "open"
NOBODY = 0
# How old a count that changes with the clock alone may be.
KEPT_SECONDS = 5
SOON = dt.timedelta(hours=24)
ONE_HOUR = dt.timedelta(hours=1)


def _take_off(whole: Counter[Any], part: Counter[Any]) -> None:
    whole.subtract(part)
    for key in part:
        if not whole[key]:
            del whole[key]


@dataclass(frozen=True)
class Accepted:
    """The tickets accepted in a month: by class and place, channel, type and day. A class is the
    code of its first level, "" without one; a place the code of the area at the scope's depth, ""
    where it is not known so closely."""

    by_place: Counter[tuple[str, str]] = field(default_factory=Counter)
    by_channel: Counter[int] = field(default_factory=Counter)
    by_type: Counter[str] = field(default_factory=Counter)
    by_day: Counter[dt.date] = field(default_factory=Counter)

    @property
    def total(self) -> int:
        return sum(self.by_type.values())

    def add(self, other: Accepted) -> None:
        self.by_place.update(other.by_place)
        self.by_channel.update(other.by_channel)
        self.by_type.update(other.by_type)
        self.by_day.update(other.by_day)

    def subtract(self, other: Accepted) -> None:
        """What was added before."""
        _take_off(self.by_place, other.by_place)
        _take_off(self.by_channel, other.by_channel)
        _take_off(self.by_type, other.by_type)
        _take_off(self.by_day, other.by_day)


@dataclass(frozen=True)
class Waiting:
    """The open tickets: by state and the day on which they came into it, and by the day of their
    acceptance."""

    by_stage: Counter[tuple[str, dt.date]] = field(default_factory=Counter)
    by_acceptance: Counter[dt.date] = field(default_factory=Counter)

    @property
    def total(self) -> int:
        return sum(self.by_acceptance.values())

    def add(self, other: Waiting) -> None:
        self.by_stage.update(other.by_stage)
        self.by_acceptance.update(other.by_acceptance)

    def subtract(self, other: Waiting) -> None:
        """What was added before."""
        _take_off(self.by_stage, other.by_stage)
        _take_off(self.by_acceptance, other.by_acceptance)


@dataclass(frozen=True)
class Age:
    """How many calendar days ago a ticket was accepted, the first and the last that count; today
    is 0, without a `last` there is no end."""

    first: int
    last: int | None

    @property
    def code(self) -> str:
        return f"{self.first}-{'' if self.last is None else self.last}"

    @property
    def label(self) -> str:
        if self.last is None:
            return _("%(n)s 天及以上") % {"n": self.first}
        if self.last == 0:
            return _("当天")
        return _("%(first)s–%(last)s 天") % {"first": self.first, "last": self.last}

    def holds(self, days: int) -> bool:
        return days >= self.first and (self.last is None or days <= self.last)


# By the limits of the levels: a day, seven days, fifteen, and then how much too long.
AGES = (Age(0, 0), Age(1, 2), Age(3, 6), Age(7, 14), Age(15, 29), Age(30, 89), Age(90, None))


# --- which tickets -----------------------------------------------------------------------------


def accepted_tickets(scope: Scope, period: Period) -> TicketQuerySet:
    """What a scope's month is made of."""
    found = scope.tickets(Ticket.objects.all())
    return found.filter(accepted_at__gte=period.start, accepted_at__lt=period.end)


def open_tickets(scope: Scope) -> TicketQuerySet:
    return scope.tickets(Ticket.objects.all()).open()


def due_soon(found: TicketQuerySet, at: dt.datetime) -> TicketQuerySet:
    """Open, nothing fed back yet, and the promise to the citizen ends within a day."""
    return found.open().filter(promised_at__gt=at, promised_at__lte=at + SOON, replied_at=None)


def aged(found: TicketQuerySet, code: str, at: dt.datetime) -> TicketQuerySet:
    """The open ones of an age, by its code."""
    age = next(one for one in AGES if one.code == code)
    today = dt.datetime.combine(business_day(at), dt.time(), BUSINESS_ZONE)
    found = found.open().filter(accepted_at__lt=today + ONE_DAY - age.first * ONE_DAY)
    if age.last is not None:
        found = found.filter(accepted_at__gte=today - age.last * ONE_DAY)
    return found


def not_placed(depth: int) -> Q:
    """Tickets of which one does not know in which area of that depth they lie: without a place, or
    placed only in an area above."""
    above = [pk for pk, path in _paths() if path.count("/") <= depth]
    return Q(area=None) | Q(area_id__in=above)


def _paths() -> Iterable[tuple[int, str]]:
    # Districts and streets are few, communities many; none of those lies above anything asked for.
    return Area.objects.exclude(kind__in=("community", "grid")).values_list("pk", "path")


# --- counted -----------------------------------------------------------------------------------


def accepted(scope: Scope, period: Period, at: dt.datetime) -> Accepted:
    """The month of a scope, until `at`."""
    parts = [scope.unit.pk] if scope.unit else [*units(), *_hours(period, at)]

    def count(missing: list[int]) -> dict[int, Accepted]:
        found = accepted_tickets(scope, period)
        return _accepted(found if len(missing) == len(parts) else _led(found, missing), scope.depth)

    subject = f"tickets:{period.label}"
    return memos.summed(subject, parts, _key(scope), count, Accepted())


def waiting(scope: Scope) -> Waiting:
    """What of a scope is open now."""
    parts = [scope.unit.pk] if scope.unit else [*units(), NOBODY]

    def count(missing: list[int]) -> dict[int, Waiting]:
        found = open_tickets(scope)
        if len(missing) < len(parts):
            nobody = Q(lead_unit=None) if NOBODY in missing else Q()
            found = found.filter(Q(lead_unit_id__in=missing) | nobody)
        return _waiting(found)

    return memos.summed(OPEN, parts, _key(scope), count, Waiting())


def count_ahead(period: Period, at: dt.datetime, scopes: Iterable[Scope]) -> None:
    """What the pages of these scopes will ask for."""
    for scope in scopes:
        accepted(scope, period, at)
        waiting(scope)


def by_the_clock(scope: Scope, at: dt.datetime) -> tuple[int, int]:
    """How many open tickets are late toward the citizen, and how many will be within a day."""

    def count() -> tuple[int, int]:
        found = open_tickets(scope)
        return found.overdue(at).count(), due_soon(found, at).count()

    return memos.shared(f"by-the-clock:{_key(scope)}", KEPT_SECONDS, count)[1]


def _key(scope: Scope) -> str:
    within = f"@{scope.district.code}" if scope.unit and scope.district else ""
    return f"{scope.code}{within}"


def _hours(period: Period, at: dt.datetime) -> range:
    """The hours of a month that have begun, as parts: what nobody leads is counted by them."""
    last = min(period.end - ONE_HOUR, max(at, period.start))
    return range(_part(last), _part(period.start) + 1)


def _part(at: dt.datetime) -> int:
    return -int(at.timestamp() // ONE_HOUR.total_seconds())


def _led(found: TicketQuerySet, parts: Collection[int]) -> TicketQuerySet:
    chosen = Q(lead_unit_id__in=[part for part in parts if part > 0])
    for part in parts:
        if part < 0:
            start = dt.datetime.fromtimestamp(-part * ONE_HOUR.total_seconds(), dt.UTC)
            chosen |= Q(lead_unit=None, accepted_at__gte=start, accepted_at__lt=start + ONE_HOUR)
    return found.filter(chosen)


_ACCEPTED_ON = TruncDate("accepted_at", tzinfo=BUSINESS_ZONE)
# An hour's part in SQL: the negative of how many have passed since 1970.
_HOURS_PART = Func(
    F("accepted_at"),
    template="(-floor(extract(epoch FROM %(expressions)s) / 3600))::bigint",
    output_field=BigIntegerField(),
)
_BY_PLACE, _BY_CHANNEL, _BY_TYPE, _BY_DAY = "class, place", "channel_id", "request_type", "day"


def _accepted(found: TicketQuerySet, depth: int) -> dict[int, Accepted]:
    """Tickets by part, each counted once in every respect: one reading of the rows for all."""
    place = Func(
        F("area__path"), Value("/"), Value(depth + 1),
        function="split_part", output_field=CharField(),
    )  # fmt: skip
    rows = found.annotate(
        **{"class": Coalesce(Left("category__code", 2), Value(""))},
        place=Coalesce(place, Value("")),
        day=_ACCEPTED_ON,
        part=Coalesce(F("lead_unit_id"), _HOURS_PART),
    ).values("part", "class", "place", "channel_id", "request_type", "day")
    counted: dict[int, Accepted] = {}
    for part, code, area, channel, type_, day, n in _grouped(
        rows, (_BY_PLACE, _BY_CHANNEL, _BY_TYPE, _BY_DAY)
    ):
        one = counted.setdefault(part, Accepted())
        if code is not None:
            one.by_place[code, area] = n
        elif channel is not None:
            one.by_channel[channel] = n
        elif type_ is not None:
            one.by_type[type_] = n
        else:
            one.by_day[day] = n
    return counted


def _waiting(found: TicketQuerySet) -> dict[int, Waiting]:
    leading = Assignment.objects.filter(
        ticket=OuterRef("pk"), role=AssignmentRole.LEAD, is_open=True
    ).values("signed_at")[:1]
    since = Case(
        When(state=State.DISPATCHED, then=F("dispatched_at")),
        When(state=State.HANDLING, then=Coalesce(Subquery(leading), F("dispatched_at"))),
        When(state=State.CALLBACK, then=F("replied_at")),
        default=F("accepted_at"),
    )
    rows = found.annotate(
        part=Coalesce(F("lead_unit_id"), Value(NOBODY)),
        since=TruncDate(Coalesce(since, F("accepted_at")), tzinfo=BUSINESS_ZONE),
        day=_ACCEPTED_ON,
    ).values("part", "state", "since", "day")
    counted: dict[int, Waiting] = {}
    for part, state, since_day, day, n in _grouped(rows, ("state, since", "day")):
        one = counted.setdefault(part, Waiting())
        if state is not None:
            one.by_stage[state, since_day] = n
        else:
            one.by_acceptance[day] = n
    return counted


def _grouped(rows: QuerySet[Any, Any], ways: Sequence[str]) -> list[tuple[Any, ...]]:
    """Rows counted by part in several ways at once: what a way does not group by is NULL."""
    sql, params = rows.order_by().query.sql_with_params()
    columns = ", ".join(name for way in ways for name in way.split(", "))
    sets = ", ".join(f"({way})" for way in ways)
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT part, {columns}, count(*) FROM ({sql}) AS counted"  # noqa: S608
            f" GROUP BY part, GROUPING SETS ({sets})",
            params,
        )
        return cursor.fetchall()


# --- what no longer holds -----------------------------------------------------------------------


def note_change(message: OutboxMessage, at: dt.datetime) -> None:
    """Consumer: what was counted of the units that have or had this ticket no longer holds."""
    note_changes([message], at)


def note_changes(messages: Sequence[OutboxMessage], _at: dt.datetime) -> None:
    """The same for the messages of a tick."""
    ids = {message.ticket_id for message in messages}
    months = calendar()
    changed: set[tuple[str, int]] = set()
    subjects: dict[int, str] = {}
    for pk, accepted_at, unit_id in Ticket.objects.filter(pk__in=ids).values_list(
        "pk", "accepted_at", "lead_unit_id"
    ):
        subjects[pk] = f"tickets:{months.month_of(accepted_at).label}"
        changed |= {(subjects[pk], _part(accepted_at)), (OPEN, NOBODY)}
        if unit_id is not None:
            changed |= {(subjects[pk], unit_id), (OPEN, unit_id)}
    had = Assignment.objects.filter(ticket_id__in=ids, role=AssignmentRole.LEAD)
    for pk, unit_id in had.values_list("ticket_id", "unit_id").distinct():
        changed |= {(subjects[pk], unit_id), (OPEN, unit_id)}
    memos.bump(changed)
