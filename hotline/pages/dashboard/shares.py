"""How the tickets divide: by channel and type, by age, by stage."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from dataclasses import dataclass
from decimal import Decimal

from django.utils.functional import Promise
from django.utils.translation import gettext as _

from evaluation import rates
from evaluation.figures import AGES, Accepted, Waiting
from evaluation.formulas import share
from evaluation.months import Month
from evaluation.scopes import Scope
from hotline.core.places import channels
from hotline.core.working_time import business_day
from hotline.pages.charts import Chart, Series
from hotline.pages.dashboard.links import number, tickets_url
from hotline.pages.month import Number
from intake.models import RequestType, State

# How wide a whole is drawn.
WHOLE = 100
_OPEN_STATES = (State.ACCEPTED, State.DISPATCHED, State.HANDLING, State.CALLBACK)


@dataclass(frozen=True)
class Part:
    """One part of a whole: its number, its share in percent and how long its bar is."""

    number: Number
    share: Decimal | None
    length: int


@dataclass(frozen=True)
class Stage:
    """The open tickets of a state; `median` is how many days half of them have been in it."""

    number: Number
    median: int | None
    longest: int | None


def by_channel(month: Month, scope: Scope, counted: Accepted) -> list[Part]:
    """The most used first."""
    known = {channel.pk: channel for channel in channels().values()}
    return [
        _part(known[pk].name, n, counted.total, month, scope, channel=known[pk].code)
        for pk, n in counted.by_channel.most_common()
        if pk in known
    ]


def by_type(month: Month, scope: Scope, counted: Accepted) -> list[Part]:
    """In the order of the types."""
    return [
        _part(one.label, counted.by_type[one], counted.total, month, scope, request_type=one.value)
        for one in RequestType
        if counted.by_type[one]
    ]


def _part(
    label: str | Promise, n: int, whole: int, month: Month, scope: Scope, **conditions: str
) -> Part:
    part = share(n, whole)
    return Part(
        number(label, n, scope, period=month.label, **conditions),
        rates.percent(part),
        round(part * WHOLE) if part else 0,
    )


def ages(scope: Scope, waiting: Waiting, at: dt.datetime) -> Chart:
    """How long ago the open tickets were accepted."""
    today = business_day(at)
    counted: Counter[str] = Counter()
    for day, n in waiting.by_acceptance.items():
        counted[next(age.code for age in AGES if age.holds((today - day).days))] += n
    return Chart(
        key="ages",
        kind="bar",
        title=_("在办工单受理至今"),
        unit=_("件"),
        labels=[age.label for age in AGES],
        series=[
            Series(
                _("在办"),
                [counted[age.code] for age in AGES],
                [tickets_url(scope, age=age.code) if counted[age.code] else "" for age in AGES],
            )
        ],
    )


def stages(scope: Scope, waiting: Waiting, at: dt.datetime) -> list[Stage]:
    """Where the open tickets stand, in the order of a ticket's life."""
    today = business_day(at)
    found = []
    for state in _OPEN_STATES:
        days = {
            (today - since).days: n
            for (one, since), n in waiting.by_stage.items()
            if one == state and n
        }
        found.append(
            Stage(
                number(state.label, sum(days.values()), scope, state=state.value),
                _median(days),
                max(days, default=None),
            )
        )
    return found


def _median(days: dict[int, int]) -> int | None:
    """The least number of days that at least half of the tickets have not exceeded."""
    half, seen = (sum(days.values()) + 1) // 2, 0
    for day in sorted(days):
        seen += days[day]
        if seen >= half:
            return day
    return None
