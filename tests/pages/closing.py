"""What tests of the month pages build on: a scheme, and months brought to their draft and close."""

from __future__ import annotations

import datetime as dt
from typing import Any

from evaluation.models import MonthClose, MonthDraft, Scheme
from evaluation.rules import DEFAULT_RULES, Rules
from evaluation.services import months
from hotline.core.actors import SYSTEM
from hotline.core.reference import forget_all
from tests import factories as make

MONTH = "2026-04"
# April's facts are complete twenty days after the 19th; its appeals take five whole days.
DRAFTED = dt.datetime(2026, 5, 9, 8, 0, tzinfo=make.AT.tzinfo)
CLOSED = dt.datetime(2026, 5, 15, 9, 0, tzinfo=make.AT.tzinfo)


def adopt(*, version: int = 1, valid_from: str = "2019-01", **rules: Any) -> Scheme:
    """A scheme in force; what is not given is as by default, only that two answers are a sample."""
    wanted = DEFAULT_RULES.as_json() | {"min_sample": 2, "coverage_floor": "0"} | rules
    scheme = Scheme.objects.create(
        version=version, name="测试方案", rules=Rules.from_json(wanted).as_json(),
        valid_from=valid_from, drafted_at=make.AT, drafted_by="system", adopted_at=make.AT,
        adopted_by="system",
    )  # fmt: skip
    forget_all()
    return scheme


def open_draft(month: str = MONTH, at: dt.datetime = DRAFTED) -> MonthDraft:
    return months.open_draft(month=month, actor=SYSTEM, at=at)


def close(month: str = MONTH, at: dt.datetime = CLOSED) -> MonthClose:
    """Drafted and closed."""
    if not MonthDraft.objects.filter(month=month).exists():
        open_draft(month, at - make.days(6))
    return months.close_month(month=month, by="staff:1", at=at)


def answered(unit: str, good: int, bad: int, **fields: Any) -> None:
    """So many tickets of a street whose requesters were satisfied, and so many who were not."""
    at = fields.pop("at", make.AT)
    where = {"area": make.area(unit), "lead_unit": make.unit(unit)}
    for n in range(good + bad):
        said = {} if n < good else {"resolved": False, "satisfaction": "dissatisfied"}
        phone = f"139{make.unit(unit).pk % 10_000:04}{n:04}"
        make.closed_ticket(at=at + make.minutes(n), phone=phone, **where, **said, **fields)
