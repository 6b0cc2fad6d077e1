"""The cards: how it stands now, and what the month has come to."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from django.conf import settings
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from evaluation import figures, monthly, months, periods, rates, totals
from evaluation.months import Month
from evaluation.scopes import Scope
from evaluation.totals import Total
from hotline.core.actors import Actor
from hotline.core.working_time import ONE_DAY, business_day
from hotline.pages.charts import Sparkline, sparkline
from hotline.pages.dashboard.links import number, tickets_url
from hotline.pages.indicators import Change, growth
from hotline.pages.month import Number

# How many days and months a small course shows.
DAYS, MONTHS = 14, 12
_RATES = ("coverage", "response", "resolution", "satisfaction")


@dataclass(frozen=True)
class Card:
    """`value` in words, `parts` the numbers it is made of, each opening its tickets; `limit` is the
    threshold in words where there is one, `is_beyond` that it is not kept."""

    label: str | Promise
    value: str
    url: str
    parts: list[Number]
    spark: Sparkline
    change: Change | None = None
    limit: str = ""
    is_beyond: bool = False


# --- this moment --------------------------------------------------------------------------------


def moment_cards(scope: Scope, at: dt.datetime) -> list[Card]:
    """What came in today, what is open, what is late and what will be within a day."""
    days = _accepted_by_day(scope, at)
    today = business_day(at)
    yesterday = days[-2] if len(days) > 1 else 0
    late, soon = figures.by_the_clock(scope, at)
    return [
        Card(
            _("今日受理"), str(days[-1]), _day_url(scope, today) if days[-1] else "",
            [number(_("昨日"), yesterday, scope, **_on(today - ONE_DAY))],
            sparkline(days),
        ),
        _now(_("在办"), figures.waiting(scope).total, scope, state="open"),
        _now(_("已超时"), late, scope, is_bad=True, overdue="on"),
        _now(_("24 小时内到期"), soon, scope, due_soon="on"),
    ]  # fmt: skip


def _now(label: str, value: int, scope: Scope, *, is_bad: bool = False, **conditions: str) -> Card:
    url = tickets_url(scope, **conditions) if value else ""
    return Card(label, str(value), url, [], sparkline([]), is_beyond=is_bad and value > 0)


def _accepted_by_day(scope: Scope, at: dt.datetime) -> list[int]:
    """The last days, today last."""
    month = months.current(at).period
    counted = figures.accepted(scope, month, at).by_day
    first = business_day(at) - (DAYS - 1) * ONE_DAY
    if first < business_day(month.start):
        counted = counted + figures.accepted(scope, periods.previous(month), at).by_day
    return [counted[first + n * ONE_DAY] for n in range(DAYS)]


def _on(day: dt.date) -> dict[str, str]:
    return {"accepted_from": day.isoformat(), "accepted_to": day.isoformat()}


def _day_url(scope: Scope, day: dt.date) -> str:
    return tickets_url(scope, **_on(day))


# --- the month ------------------------------------------------------------------------------------


def month_cards(month: Month, scope: Scope, actor: Actor) -> list[Card]:
    """The volume, the coverage and the three rates of the scope's lines added up, against the month
    closed before and the months behind it; then what went wrong."""
    listed = totals.units_in(month, scope, actor)
    now = totals.total(month, listed)
    past = totals.closed_before(month, listed, MONTHS)
    last = past[-1] if past else None
    of = {"period": month.label}
    volume = now.counts["volume"]
    return [
        Card(
            monthly.CELLS["volume"], str(volume),
            tickets_url(scope, **of, cell="volume") if volume else "",
            [], sparkline([*(one.counts["volume"] for one in past), volume]),
            growth(volume, last.counts["volume"]) if last and month.is_closed else None,
        ),
        *(_rate(name, now, past, month, scope) for name in _RATES),
        *(
            Card(
                monthly.CELLS[name], str(now.counts[name]),
                tickets_url(scope, **of, cell=name) if now.counts[name] else "",
                [], sparkline([]),
            )
            for name in ("overdue", "returned", "excluded")
        ),
    ]  # fmt: skip


def _rate(name: str, now: Total, past: Sequence[Total], month: Month, scope: Scope) -> Card:
    """One rate with its numerator and denominator."""
    label, counted, base = {
        "coverage": (_("覆盖率"), "valid", "due"),
        "response": (_("响应率"), "contacted", "valid"),
        "resolution": (_("解决率"), "resolved", "valid"),
        "satisfaction": (_("满意率"), "satisfied", "valid"),
    }[name]
    value = _percent(now, name)
    limit = _limit(name, month)
    last = _percent(past[-1], name) if past else None
    return Card(
        label=label,
        value="—" if value is None else f"{value}%",
        url="",
        parts=[
            number(monthly.CELLS[cell], now.counts[cell], scope, period=month.label, cell=cell)
            for cell in (counted, *(["basically"] if name == "satisfaction" else []), base)
        ],
        spark=sparkline([*(_percent(one, name) for one in past), value]),
        change=None if value is None or last is None else _points(value - last),
        limit=_("警戒线 %(limit)s%%") % {"limit": f"{limit.normalize():f}"} if limit else "",
        is_beyond=limit is not None and value is not None and value < limit,
    )


def _percent(of: Total, name: str) -> Decimal | None:
    rate: Fraction | None = getattr(of, name)
    return rates.percent(rate)


def _limit(name: str, month: Month) -> Decimal | None:
    """Below which a rate is marked: the scheme's own floor, or what the city has set."""
    if name == "coverage":
        return month.rules.coverage_floor * 100 or None
    return settings.DASHBOARD_THRESHOLDS.get(name)


def _points(moved: Decimal) -> Change:
    if not moved:
        return Change(_("持平"))
    words = _("%(n)s 个百分点") % {"n": abs(moved)}
    return Change(f"{'↑' if moved > 0 else '↓'} {words}", "up" if moved > 0 else "down")
