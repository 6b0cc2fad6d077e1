"""What came about, beside what was meant to."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass

from django.db.models import Count, Exists, OuterRef

from evaluation.models import CallbackResult, MonthClose, Satisfaction, UnitScore
from evaluation.rates import (
    Counts,
    percent,
    resolution_rate,
    response_rate,
    satisfaction_rate,
)
from hotline.core import outbox
from hotline.core.models import Unit
from hotline.ops.simulation import odds
from hotline.ops.simulation.run import Result
from intake.models import Clock, State, Ticket, TicketEvent


@dataclass(frozen=True)
class Rate:
    """A rate of first valid answers beside the measured one, in percent."""

    name: str
    value: float | None
    target: float

    @property
    def is_met(self) -> bool:
        return self.value is not None and abs(self.value - self.target) <= odds.TOLERANCE


def counts() -> Counts:
    """The first valid answers of the whole database."""
    first = CallbackResult.objects.filter(is_first=True)
    said = dict(first.values_list("satisfaction").annotate(n=Count("id")))
    return Counts(
        valid=sum(said.values()),
        contacted=first.filter(contacted=True).count(),
        resolved=first.filter(resolved=True).count(),
        satisfied=said.get(Satisfaction.SATISFIED, 0),
        basically_satisfied=said.get(Satisfaction.BASICALLY, 0),
    )


def rates() -> list[Rate]:
    """The three rates as the monthly table counts them."""
    of = counts()
    return [
        Rate(name, None if rate is None else float(percent(rate) or 0), target)
        for name, rate, target in (
            ("响应率", response_rate(of), odds.RESPONSE),
            ("解决率", resolution_rate(of), odds.RESOLUTION),
            ("满意率", satisfaction_rate(of), odds.SATISFACTION),
        )
    ]


def open_without_clock() -> int:
    """Open tickets that nobody has promised anything about: there must be none."""
    running = Clock.objects.running().filter(ticket=OuterRef("pk"))
    return Ticket.objects.open().exclude(Exists(running)).count()


def lines(result: Result, at: dt.datetime) -> Iterator[str]:
    """The summary for the screen: numbers only, no text of any message."""
    by_state = dict(Ticket.objects.values_list("state").annotate(n=Count("id")))
    speed = result.tickets / result.seconds if result.seconds else 0.0
    yield f"生成工单 {result.tickets} 件，用时 {result.seconds:.0f} 秒，每秒 {speed:.1f} 件。"
    if result.refused:
        yield f"拒收 {result.refused} 条（不符合登记规则）。"
    yield "；".join(f"{State(state).label} {by_state.get(state, 0)}" for state in State.values)
    yield f"有效首次回访 {counts().valid} 件"
    for rate in rates():
        value = "无样本" if rate.value is None else f"{rate.value:.1f}%"
        mark = "达到" if rate.is_met else "偏离"
        yield f"  {rate.name} {value}（实测 {rate.target}%，容差 ±{odds.TOLERANCE:.0f}：{mark}）"
    yield (
        f"时钟巡检 {result.sweeps} 次；未送达消息 {outbox.undelivered(at=at)} 条；"
        f"没有运行时钟的在办工单 {open_without_clock()} 件。"
    )
    yield from month_lines()


def month_lines() -> Iterator[str]:
    """Every closed assessment month, and how many of the units that had something are ranked."""
    for month in MonthClose.objects.order_by("month").values_list("month", flat=True):
        scores = UnitScore.objects.filter(month=month)
        busy, ranked = scores.filter(volume__gt=0).count(), scores.exclude(rank=None).count()
        yield f"考评月 {month} 已封账：有承办的参评单位 {busy} 个，其中参加排名 {ranked} 个。"


def digest() -> str:
    """A fingerprint of everything that happened, the same for two runs of the same seed: ids and
    numbers, which differ between databases, are left out."""
    order: dict[int, int] = {}
    units = dict(Unit.objects.values_list("id", "code"))
    fingerprint = hashlib.sha256()
    events = TicketEvent.objects.order_by("ticket_id", "seq").values_list(
        "ticket_id", "seq", "type", "occurred_at", "unit_id", "data"
    )
    for ticket, seq, type_, at, unit, data in events.iterator():
        place = order.setdefault(ticket, len(order))
        codes = {k: v for k, v in data.items() if k not in _IDENTIFIERS}
        fact = [place, seq, type_, at.isoformat(), units[unit] if unit else None, codes]
        fingerprint.update(json.dumps(fact, ensure_ascii=False, sort_keys=True).encode())
    return fingerprint.hexdigest()


_IDENTIFIERS = ("assignment", "clock", "subject", "result", "into", "source", "earlier", "order",
                "catalogue", "entry", "precedent", "extension", "hold", "review", "request",
                "onsite", "exclusion", "appeal", "link")  # fmt: skip
