"""What is asked of a draft month: objections to a line, points, and what an upheld objection
opens."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from django.db import connection, transaction

from evaluation import month_lock
from evaluation.models import (
    Bonus,
    CloseRequest,
    Erratum,
    MonthClose,
    MonthDraft,
    ScoreAppeal,
    UnitScore,
)
from evaluation.services import months, pleas
from evaluation.services.months.asking import may_still_plead
from hotline.core.actors import Actor
from hotline.core.models import Notice, Role
from hotline.core.violations import Busy, IllegalMove, NotPermitted
from intake.models import Ticket
from tests.factories import actor, minutes, seed_reference, unit
from tests.kernel.together import together
from tests.pages import closing

if TYPE_CHECKING:
    from psycopg2.extensions import connection as Connection

pytestmark = pytest.mark.django_db

MONTH, DRAFTED, CLOSED = closing.MONTH, closing.DRAFTED, closing.CLOSED
BEST, LAST = "990102001", "990101001"


@pytest.fixture
def city(db: None) -> None:
    """Two streets, the one satisfied, the other at the end of the ranking."""
    seed_reference()
    closing.adopt(tail_count=1)
    closing.answered(BEST, good=2, bad=0)
    closing.answered(LAST, good=0, bad=2)


@pytest.fixture
def draft(city: None) -> MonthDraft:
    return closing.open_draft()


def supervisor() -> Actor:
    return actor(Role.CITY_SUPERVISOR)


def manager(code: str = LAST) -> Actor:
    return actor(Role.MANAGER, unit(code))


def both(one: Actor, other: Actor) -> Actor:
    """A person who holds the posts of both."""
    return replace(one, grants=one.grants | other.grants)


def appeal(by: Actor | None = None, code: str = LAST, **fields: Any) -> ScoreAppeal:
    asked = {"month": MONTH, "reason": "有一件不是我们的。", "at": DRAFTED, **fields}
    return months.appeal_score(unit=unit(code), actor=by or manager(code), **asked)


def rule(asked: ScoreAppeal, outcome: str, by: Actor | None = None, **fields: Any) -> None:
    told = {"ruling": "已核对。", "at": DRAFTED, **fields}
    months.rule_score_appeal(appeal=asked, outcome=outcome, actor=by or supervisor(), **told)


def propose(**fields: Any) -> Bonus:
    wanted = {
        "month": MONTH, "unit": unit(LAST), "ground": "hard_case", "points": Decimal(1),
        "evidence": "材料", "at": DRAFTED, **fields,
    }  # fmt: skip
    return months.propose_bonus(actor=wanted.pop("actor", None) or supervisor(), **wanted)


def decide(bonus: Bonus, outcome: str = "upheld", at: Any = DRAFTED) -> None:
    months.rule_bonus(bonus=bonus, outcome=outcome, ruling="已核。", actor=supervisor(), at=at)


def refused(code: str, act: Callable[..., Any], *args: Any, **fields: Any) -> None:
    with pytest.raises(IllegalMove) as refusal:
        act(*args, **fields)
    assert refusal.value.code == code
    assert refusal.value.sentence()


# === Objecting to a line =====================================================================


@pytest.mark.usefixtures("draft")
def test_who_manages_one_unit_and_handles_for_another_objects_for_the_first_only() -> None:
    person = both(manager(BEST), actor(Role.HANDLER, unit(LAST)))

    with pytest.raises(NotPermitted):
        appeal(person, LAST)
    appeal(person, BEST)

    assert ScoreAppeal.objects.get().unit == unit(BEST)


@pytest.mark.usefixtures("draft")
def test_nobody_decides_their_own_objection() -> None:
    person = both(manager(), supervisor())
    asked = appeal(person)

    refused("own_plea", rule, asked, "upheld", person)
    rule(asked, "rejected")

    asked.refresh_from_db()
    assert asked.outcome == "rejected"


# === Points ==================================================================================


def test_points_are_proposed_before_the_draft_and_until_the_time_to_object_is_over(
    city: None,
) -> None:
    propose(at=DRAFTED - minutes(60))
    draft = closing.open_draft()
    propose(at=draft.appeals_until - minutes(1))

    refused("bonus_time_over", propose, at=draft.appeals_until)

    assert Bonus.objects.count() == 2


def test_points_are_decided_until_the_close_is_requested(draft: MonthDraft) -> None:
    bonus, left_over = propose(), propose()
    decide(bonus, at=draft.appeals_until)
    CloseRequest.objects.create(draft=draft, asked_at=CLOSED, asked_by="staff:1")

    refused("bonus_time_over", propose, at=CLOSED)
    refused("month_closing", decide, left_over, at=CLOSED)
    decide(left_over, "rejected", at=CLOSED)

    assert set(Bonus.objects.values_list("outcome", flat=True)) == {"upheld", "rejected"}


@pytest.mark.usefixtures("draft")
def test_undecided_points_keep_the_close_from_being_requested() -> None:
    propose()

    refused("month_undecided", months.request_close, month=MONTH, actor=supervisor(), at=CLOSED)


# === While somebody closes ===================================================================

ACTS: dict[str, Callable[[], Any]] = {
    "objecting": appeal,
    "deciding an objection": lambda: rule(_undecided_appeal(), "rejected"),
    "proposing points": propose,
    "deciding points": lambda: decide(_undecided_bonus()),
}


def _undecided_appeal() -> ScoreAppeal:
    return ScoreAppeal.objects.create(
        draft=MonthDraft.objects.get(), unit=unit(BEST), reason="不服。", raised_at=DRAFTED,
        raised_by="staff:1", due_at=CLOSED,
    )  # fmt: skip


def _undecided_bonus() -> Bonus:
    return Bonus.objects.create(
        month=MONTH, unit=unit(BEST), ground="hard_case", points=1, evidence="材料",
        proposed_at=DRAFTED, proposed_by="staff:1",
    )  # fmt: skip


@pytest.mark.usefixtures("draft")
@pytest.mark.parametrize("name", sorted(ACTS))
def test_while_a_month_is_being_closed_who_asks_or_decides_is_told_to_wait(
    name: str, as_app_role: Callable[[], AbstractContextManager[Connection]]
) -> None:
    with as_app_role() as other, other.cursor() as cursor, connection.cursor() as own:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [0x434C4F5345])
        own.execute("SET LOCAL lock_timeout = '50ms'")
        with pytest.raises(Busy) as refusal:
            ACTS[name]()

    assert "月度考评" in refusal.value.sentence()
    assert not ScoreAppeal.objects.exclude(outcome="").exists()
    assert not Bonus.objects.exclude(outcome="").exists()


def test_an_erratum_waits_for_decisions_under_way(
    draft: MonthDraft, as_app_role: Callable[[], AbstractContextManager[Connection]]
) -> None:
    MonthClose.objects.create(
        month=MONTH, draft=draft, closed_at=CLOSED, closed_by="staff:1", outcome_count=0,
        scoring_version=1, digest="",
    )  # fmt: skip
    with as_app_role() as other, other.cursor() as cursor, connection.cursor() as own:
        cursor.execute("SELECT pg_advisory_xact_lock_shared(%s)", [0x434C4F5345])
        own.execute("SET LOCAL lock_timeout = '50ms'")
        with pytest.raises(Busy):
            months.publish_erratum(
                month=MONTH, wrong="甲", right="乙", reason="丙", actor=supervisor(), at=CLOSED
            )

    assert not Erratum.objects.exists()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("act", [appeal, propose])
def test_who_waited_for_a_close_finds_the_month_as_it_has_become(
    draft: MonthDraft, act: Callable[[], Any]
) -> None:
    def close() -> None:
        with transaction.atomic(), connection.cursor() as cursor:
            month_lock.while_closing()
            CloseRequest.objects.create(draft=draft, asked_at=DRAFTED, asked_by="staff:1")
            until_the_lock_is(cursor, granted=False)

    def ask() -> None:
        with connection.cursor() as cursor:
            until_the_lock_is(cursor, granted=True)
        act()

    results = together(close, ask)

    assert [type(result) for result in results] == [type(None), IllegalMove]
    assert not ScoreAppeal.objects.exists()
    assert not Bonus.objects.exists()


def until_the_lock_is(cursor: Any, *, granted: bool) -> None:
    """Wait until somebody has the lock of months; or, not granted, until somebody waits for it."""
    for _ in range(500):
        cursor.execute(
            "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND granted = %s"
            " AND objid = %s AND classid = %s"
            " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())",
            [granted, 0x434C4F5345 & 0xFFFFFFFF, 0x434C4F5345 >> 32],
        )
        if cursor.fetchone()[0]:
            return
        cursor.execute("SELECT pg_sleep(0.01)")


# === What an upheld objection opens ==========================================================


def test_upheld_it_lets_that_unit_plead_until_the_close_is_requested(draft: MonthDraft) -> None:
    asked, late = appeal(), draft.appeals_until + minutes(30)
    other = appeal(code=BEST)
    before = may_still_plead(unit(LAST).pk, MONTH, late)
    rule(asked, "upheld", at=late)
    rule(other, "rejected", at=late)

    opened = may_still_plead(unit(LAST).pk, MONTH, late)

    assert (before, opened) == (False, True)
    assert not may_still_plead(unit(BEST).pk, MONTH, late)
    assert not may_still_plead(unit(LAST).pk, "2026-03", late)
    months.request_close(month=MONTH, actor=supervisor(), at=CLOSED)
    assert not may_still_plead(unit(LAST).pk, MONTH, CLOSED)


def test_an_exclusion_asked_for_after_an_upheld_objection_changes_the_score(
    draft: MonthDraft,
) -> None:
    asked, late = appeal(), draft.appeals_until + minutes(30)
    number = Ticket.objects.filter(lead_unit=unit(LAST)).earliest("pk").number
    plea = {
        "number": number, "actor": manager(), "scope": "rates", "ground": "unreasonable",
        "reason": "无理。", "evidence": "录音。",
    }  # fmt: skip
    refused("plea_time_over", pleas.ask_exclusion, **plea, at=late)

    rule(asked, "upheld", at=late)
    pleas.ask_exclusion(**plea, at=late)
    pleas.grant_exclusion(number=number, actor=supervisor(), at=late)
    months.close_month(month=MONTH, by="staff:1", at=CLOSED)

    line = UnitScore.objects.get(month=MONTH, unit=unit(LAST))
    assert (line.valid, line.excluded) == (1, 1)


# === Afterwards ==============================================================================


@pytest.mark.usefixtures("city")
def test_the_last_units_are_told_that_they_will_be_summoned() -> None:
    closing.close()

    told = Notice.objects.filter(type="talk_due").values_list("unit__code", "data")
    assert list(told) == [(LAST, {"month": MONTH})]
