"""Bulletins' contents made by hand, for tests that need no database."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

from evaluation import rates
from evaluation.rates import Counts, Weights, percent, rounded
from governance.content import (
    AverageContent,
    BulletinContent,
    GroupContent,
    LineContent,
    WeightsContent,
)
from hotline.core.working_time import BUSINESS_ZONE

CREDIT = Decimal("0.9")
_NOTHING_MORE = (
    "excluded", "not_counted", "set_aside", "on_ledger", "repeats", "overdue", "returned",
    "improper",
)  # fmt: skip


def line(
    number: int = 1,
    counts: Counts = rates.NOTHING,
    *,
    weights: Weights = rates.DEFAULT_WEIGHTS,
    credit: Decimal = CREDIT,
    **fields: Any,
) -> LineContent:
    """A unit's line with the rates and the score that its counts come to."""
    base = rates.exact_score(counts, weights, credit)
    bonus = fields.setdefault("bonus", Decimal(0))
    due = fields.setdefault("due", counts.valid)
    return LineContent(
        **{
            "unit_code": f"u{number:03}",
            "unit_name": f"甲{number}街道办事处",
            "rank": None,
            "previous_rank": None,
            "rank_band": None,
            "band": 0,
            "mark": "",
            "volume": due,
            "valid": counts.valid,
            "contacted": counts.contacted,
            "resolved": counts.resolved,
            "satisfied": counts.satisfied,
            "basically": counts.basically_satisfied,
            **dict.fromkeys(_NOTHING_MORE, 0),
            "response": percent(rates.response_rate(counts), 2),
            "resolution": percent(rates.resolution_rate(counts), 2),
            "satisfaction": percent(rates.satisfaction_rate(counts, credit), 2),
            "coverage": percent(min(rates.Fraction(1), rates.Fraction(counts.valid, due)), 2)
            if due
            else None,
            "base_score": rounded(base, 2),
            "score": None if base is None else rounded(base + rates.Fraction(bonus), 1),
            "unit_class": "",
            "is_tail": False,
            **fields,
        }
    )


def group(
    lines: Iterable[LineContent],
    *,
    weights: Weights = rates.DEFAULT_WEIGHTS,
    credit: Decimal = CREDIT,
    name: str = "street_town",
    label: str = "街道乡镇",
) -> GroupContent:
    lines = tuple(lines)
    counted = [
        Counts(one.valid, one.contacted, one.resolved, one.satisfied, one.basically)
        for one in lines
    ]
    macro, micro = (
        AverageContent(
            percent(average(counted, rates.response_rate), 2),
            percent(average(counted, rates.resolution_rate), 2),
            percent(average(counted, lambda c: rates.satisfaction_rate(c, credit)), 2),
            rounded(average(counted, lambda c: rates.exact_score(c, weights, credit)), 2),
        )
        for average in (rates.macro_average, rates.micro_average)
    )
    return GroupContent(name, label, lines, ("甲九街道办事处",), macro, micro)


def bulletin(
    groups: Sequence[GroupContent],
    *,
    weights: Weights = rates.DEFAULT_WEIGHTS,
    credit: Decimal = CREDIT,
    **fields: Any,
) -> BulletinContent:
    """April, simulated and a specimen unless told otherwise."""
    return BulletinContent(
        **{
            "month": "2026-04",
            "period_start": _day(3, 19),
            "period_end": _day(4, 19),
            "facts_until": _day(5, 9),
            "closed_at": _day(5, 15),
            "scheme_version": 3,
            "scheme_name": "试行方案",
            "weights": WeightsContent(weights.response, weights.resolution, weights.satisfaction),
            "basic_credit": credit,
            "volume_bands": (),
            "min_sample": 10,
            "coverage_floor": Decimal("0.30"),
            "digest": "ab" * 32,
            "is_simulated": True,
            "is_specimen": True,
            "issuer": "（发布机关待定）",
            "title": "2026年4月接诉即办月度通报",
            "groups": tuple(groups),
            "indicators": (),
            "errata": (),
            **fields,
        }
    )


def _day(month: int, day: int) -> dt.datetime:
    return dt.datetime(2026, month, day, tzinfo=BUSINESS_ZONE)
