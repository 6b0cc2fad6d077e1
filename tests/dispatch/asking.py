"""What the tests about asking for time have in common: the usual questions, and refusals."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest

from dispatch import services
from dispatch.models import Assignment, Extension, FactRequest, LedgerHold, LedgerReview
from hotline.core.actors import Actor, actor_for_staff
from hotline.core.models import Membership, Role
from hotline.core.violations import RuleViolation
from intake.models import Clock, ClockAdjustment, Ticket
from tests.factories import AT, LONG_AGO, fresh, handler, make_staff, unit
from tests.kernel.snapshots import running, snapshot

_ASKED = (Extension, FactRequest, LedgerHold, LedgerReview, ClockAdjustment)


def refused(code: str, act: Callable[..., Any], /, **arguments: Any) -> RuleViolation:
    """The act is refused with this code and a sentence, and nothing is written."""
    before = _everything()
    with pytest.raises(RuleViolation) as refusal:
        act(**arguments)

    assert refusal.value.code == code
    assert refusal.value.sentence()
    assert _everything() == before
    return refusal.value


def one_refused(results: list[Any]) -> str:
    """Of acts that ran at once all but one came through; why that one did not."""
    (refusal,) = [result for result in results if not isinstance(result, Ticket)]
    assert isinstance(refusal, RuleViolation), refusal
    return refusal.code


def _everything() -> tuple[Any, ...]:
    asked = [list(model.objects.order_by("pk").values_list()) for model in _ASKED]
    return snapshot(Ticket.objects.values_list("pk", flat=True)), asked


def ask_extension(ticket: Ticket, *, at: dt.datetime, **changed: Any) -> Ticket:
    """The lead asks for the most that the third level allows, having phoned the requester."""
    words = {"amount": 7, "ground": "legal", "reason": "等待检测报告", "told_by": "phone"} | changed
    words.setdefault("actor", handler(ticket))
    services.ask_extension(number=ticket.number, at=at, **words)
    return fresh(ticket)


def ask_facts(ticket: Ticket, *, at: dt.datetime, **changed: Any) -> Ticket:
    words = {"question": "请补充漏水的具体房间"} | changed
    words.setdefault("actor", handler(ticket))
    services.ask_facts(number=ticket.number, at=at, **words)
    return fresh(ticket)


def ask_hold(ticket: Ticket, *, at: dt.datetime, **changed: Any) -> Ticket:
    """The lead asks for a place on the ledger until a look in three weeks."""
    words = {
        "kind": "funds", "plan": "已列入明年改造计划，待资金到位后施工",
        "review_at": at + dt.timedelta(days=21), "told_by": "phone",
    } | changed  # fmt: skip
    words.setdefault("actor", handler(ticket))
    services.hold(number=ticket.number, at=at, **words)
    return fresh(ticket)


def handler_and(role: str) -> Actor:
    """One person who handles for 甲一街道 and holds a role at the hotline as well."""
    staff = make_staff(Role.HANDLER, unit())
    Membership.objects.create(staff=staff, unit=unit("hotline"), role=role, valid_from=LONG_AGO)
    return actor_for_staff(staff, on=AT.date())


def clock(ticket: Ticket, kind: str) -> Clock:
    """The one running clock of a kind."""
    return running(ticket)[kind]


def lead(ticket: Ticket) -> Assignment:
    return Assignment.objects.get(ticket=ticket, role="lead", is_open=True)
