"""Counts, and the lists behind them, against a reckoning row by row."""

from __future__ import annotations

import random

import pytest

from evaluation import counting
from evaluation.models import Outcome
from evaluation.rules import Rules
from tests.evaluation.making import make_outcome
from tests.factories import area, unit
from tests.kernel.conftest import city, months

__all__ = ["city", "months"]  # fixtures

SAID = ("phone", "web", "")


def matters(chance: random.Random, n: int = 60) -> list[Outcome]:
    """Rows of a few requesters, places and fates, so that many of them are one matter."""
    for _ in range(n):
        first, last = chance.choice(SAID), chance.choice(SAID)
        make_outcome(
            requester_id=chance.choice([1, 1, 2]),
            area=chance.choice([area("990101001"), area("990101002")]),
            request_type=chance.choice(["complaint"] * 5 + ["praise"]),
            is_due=chance.random() < 0.5,
            is_left=chance.random() < 0.1,
            is_on_ledger=chance.random() < 0.1,
            excluded=chance.choice(["", "", "", "malicious"]),
            first_set_aside=chance.random() < 0.1,
            last_set_aside=chance.random() < 0.1,
            first_channel=first,
            last_channel=last,
            **({"first_contacted": True, "first_resolved": chance.random() < 0.5} if first else {}),
            **({"last_contacted": True, "last_resolved": chance.random() < 0.5} if last else {}),
        )
    return list(Outcome.objects.order_by("ticket_id"))


def expected(rows: list[Outcome], rules: Rules) -> dict[str, int]:
    """Matter by matter: the first row that was answered stands for it, or the first."""
    base = [
        row
        for row in rows
        if row.request_type != "praise" and not row.excluded and not row.is_on_ledger
        and not getattr(row, f"{rules.answer}_set_aside")
    ]  # fmt: skip
    said = {row.pk for row in base if getattr(row, f"{rules.answer}_channel") in rules.channels}
    owed = [row for row in base if row.is_due or row.pk in said]
    groups: dict[object, list[Outcome]] = {}
    for row in owed:
        groups.setdefault((row.requester_id, row.area_id), []).append(row)
    standing = {
        min(group, key=lambda row: (row.pk not in said, row.ticket_id)).pk
        for group in groups.values()
    }
    counted = [row for row in owed if rules.repeats == "all" or row.pk in standing]
    return {
        "due": len(counted),
        "valid": sum(row.pk in said for row in counted),
        "resolved": sum(
            row.pk in said and bool(getattr(row, f"{rules.answer}_resolved")) for row in counted
        ),
        "repeats": len(owed) - len(standing),
    }


@pytest.mark.usefixtures("city")
@pytest.mark.parametrize("answer", ["first", "last"])
@pytest.mark.parametrize("channels", [("phone",), ("phone", "web")])
@pytest.mark.parametrize("repeats", ["once", "all"])
def test_counts_and_their_lists_agree_with_a_reckoning_row_by_row(
    answer: str, channels: tuple[str, ...], repeats: str
) -> None:
    rules = Rules(answer=answer, channels=channels, repeats=repeats)
    rows = matters(random.Random(7))

    tally = counting.tallies(Outcome.objects.all(), rules, [unit()])[unit().pk]
    lists = counting.numbers(Outcome.objects.all(), rules)

    told = {
        "due": tally.due,
        "valid": tally.valid,
        "resolved": tally.counts.resolved,
        "repeats": tally.repeats,
    }
    assert told == expected(rows, rules)
    assert {name: lists[name].count() for name in told} == told
