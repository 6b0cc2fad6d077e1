"""A month from its draft over appeals to its close, and made again afterwards."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest
from django.db import DatabaseError, connection, transaction

from evaluation import months as reading
from evaluation import outcomes
from evaluation.models import (
    Erratum,
    Exclusion,
    FrozenOutcome,
    MonthClose,
    MonthDraft,
    Scheme,
    ScoreAppeal,
    Talk,
    UnitScore,
)
from evaluation.rules import DEFAULT_RULES, Rules
from evaluation.services import months, pleas
from hotline.core.actors import SYSTEM, Actor
from hotline.core.models import AuditEntry, Notice, Role
from hotline.core.reference import forget_all
from hotline.core.violations import IllegalMove, NotPermitted, RuleViolation
from intake.models import Ticket
from tests.factories import (
    AT,
    actor,
    area,
    closed_ticket,
    days,
    handler,
    hours,
    minutes,
    seed_reference,
    unit,
)

pytestmark = pytest.mark.django_db

MONTH = "2026-04"
# April's facts are complete twenty days after the 19th; its appeals take five whole days.
DRAFTED = dt.datetime(2026, 5, 9, 8, 0, tzinfo=AT.tzinfo)
CLOSED = dt.datetime(2026, 5, 15, 9, 0, tzinfo=AT.tzinfo)
# One more line for a month that is closed.
LATE_ROW = """
INSERT INTO evaluation_unitscore
SELECT (jsonb_populate_record(s, jsonb_build_object('id', 0, 'unit_id', (
    SELECT min(id) FROM core_unit WHERE id NOT IN (SELECT unit_id FROM evaluation_unitscore))))).*
FROM evaluation_unitscore s LIMIT 1
"""


@pytest.fixture(autouse=True)
def city() -> None:
    seed_reference()
    adopt(DEFAULT_RULES)


def adopt(rules: Rules, version: int = 1, valid_from: str = "2019-01") -> Scheme:
    scheme = Scheme.objects.create(
        version=version, name="测试方案", rules=rules.as_json(), valid_from=valid_from,
        drafted_at=AT, drafted_by="system", adopted_at=AT, adopted_by="system",
    )  # fmt: skip
    forget_all()
    return scheme


def supervisor() -> Actor:
    return actor(Role.CITY_SUPERVISOR)


def manager() -> Actor:
    return actor(Role.MANAGER, unit())


def one_good_and_one_bad() -> None:
    closed_ticket()
    closed_ticket(
        at=AT + hours(1), resolved=False, satisfaction="dissatisfied", phone="13955556666"
    )


def drafted() -> MonthDraft:
    one_good_and_one_bad()
    return months.open_draft(month=MONTH, actor=SYSTEM, at=DRAFTED)


def closed() -> MonthClose:
    drafted()
    return months.close_month(month=MONTH, by="staff:1", at=CLOSED)


# === The draft ===============================================================================


def test_a_month_is_not_shown_before_its_facts_are_complete() -> None:
    one_good_and_one_bad()

    with pytest.raises(RuleViolation) as refusal:
        months.open_draft(month=MONTH, actor=SYSTEM, at=DRAFTED - days(1))

    assert refusal.value.code == "month_facts_incomplete"
    assert not MonthDraft.objects.exists()


def test_the_draft_opens_by_itself_and_the_units_in_it_are_told() -> None:
    one_good_and_one_bad()
    outcomes.rebuild(None, at=DRAFTED)

    opened = months.open_due_drafts(at=DRAFTED)

    assert opened == [MONTH]
    assert Notice.objects.filter(type="month_drafted", unit=unit()).count() == 1
    assert months.open_due_drafts(at=DRAFTED + hours(1)) == []


def test_a_month_without_a_scheme_is_not_shown() -> None:
    with pytest.raises(RuleViolation) as refusal:
        months.open_draft(month="2018-12", actor=SYSTEM, at=DRAFTED)

    assert refusal.value.code == "month_without_scheme"


def test_months_are_closed_in_their_order() -> None:
    drafted()

    with pytest.raises(RuleViolation) as refusal:
        months.open_draft(month="2026-05", actor=SYSTEM, at=DRAFTED + days(40))

    assert refusal.value.code == "earlier_month_open"


# === Appeals against a line ==================================================================


def test_a_manager_appeals_once_and_within_the_time() -> None:
    draft = drafted()

    appeal = months.appeal_score(
        month=MONTH, unit=unit(), reason="有一件不是我们的。", actor=manager(), at=DRAFTED
    )

    assert appeal.due_at > DRAFTED
    with pytest.raises(IllegalMove) as again:
        months.appeal_score(
            month=MONTH, unit=unit(), reason="再来一次。", actor=manager(), at=DRAFTED
        )
    assert again.value.code == "score_appeal_pending"
    with pytest.raises(IllegalMove) as late:
        months.appeal_score(
            month=MONTH, unit=unit("990102001"), reason="晚了。",
            actor=actor(Role.MANAGER, unit("990102001")), at=draft.appeals_until,
        )  # fmt: skip
    assert late.value.code == "month_takes_no_appeals"


@pytest.mark.parametrize(
    "who", [lambda: actor(Role.HANDLER, unit()), lambda: actor(Role.MANAGER, unit("990102001"))]
)
def test_nobody_else_appeals_for_a_unit(who: type) -> None:
    drafted()

    with pytest.raises(NotPermitted):
        months.appeal_score(month=MONTH, unit=unit(), reason="不服。", actor=who(), at=DRAFTED)

    assert not ScoreAppeal.objects.exists()


def test_an_appeal_is_decided_once_with_reasons_and_the_unit_is_told() -> None:
    drafted()
    appeal = months.appeal_score(
        month=MONTH, unit=unit(), reason="不服。", actor=manager(), at=DRAFTED
    )

    with pytest.raises(RuleViolation) as empty:
        months.rule_score_appeal(
            appeal=appeal, outcome="rejected", ruling=" ", actor=supervisor(), at=DRAFTED
        )
    months.rule_score_appeal(
        appeal=appeal, outcome="rejected", ruling="已核对，无误。", actor=supervisor(), at=DRAFTED
    )

    assert empty.value.code == "reason_required"
    assert Notice.objects.filter(type="score_appeal_ruled", unit=unit()).exists()
    with pytest.raises(IllegalMove):
        months.rule_score_appeal(
            appeal=appeal, outcome="upheld", ruling="再想想。", actor=supervisor(), at=DRAFTED
        )


# === Bonuses =================================================================================


def test_points_are_approved_by_somebody_else_than_who_proposed_them() -> None:
    drafted()
    one = supervisor()
    bonus = months.propose_bonus(
        month=MONTH, unit=unit(), ground="hard_case", points=Decimal("1.5"),
        evidence="牵头解决产权证历史遗留问题", actor=one, at=DRAFTED,
    )  # fmt: skip

    with pytest.raises(IllegalMove) as own:
        months.rule_bonus(bonus=bonus, outcome="upheld", ruling="同意。", actor=one, at=DRAFTED)
    months.rule_bonus(
        bonus=bonus, outcome="upheld", ruling="同意。", actor=supervisor(), at=DRAFTED
    )

    assert own.value.code == "own_proposal"
    assert reading.bonuses(MONTH) == {unit().pk: Decimal("1.50")}


def test_a_district_proposes_for_its_own_units_only() -> None:
    drafted()
    district = actor(Role.DISTRICT_SUPERVISOR, unit("990102"))

    with pytest.raises(NotPermitted):
        months.propose_bonus(
            month=MONTH, unit=unit(), ground="hard_case", points=Decimal(1), evidence="材料",
            actor=district, at=DRAFTED,
        )  # fmt: skip


# === The close ===============================================================================


def test_a_closed_month_keeps_rows_scores_and_a_digest() -> None:
    close = closed()

    line = UnitScore.objects.get(month=MONTH, unit=unit())
    assert (line.volume, line.due, line.valid, line.resolved, line.satisfied) == (2, 2, 2, 1, 1)
    assert (line.mark, line.rank) == ("small", None)
    assert close.outcome_count == FrozenOutcome.objects.filter(month=MONTH).count() > 0
    assert len(close.digest) == 64
    assert AuditEntry.objects.filter(action="month_closed").exists()
    assert Notice.objects.filter(type="month_closed", unit=unit()).exists()


def test_a_month_is_not_closed_while_units_may_appeal_or_wait_for_an_answer() -> None:
    draft = drafted()
    months.appeal_score(month=MONTH, unit=unit(), reason="不服。", actor=manager(), at=DRAFTED)

    with pytest.raises(IllegalMove) as early:
        months.request_close(month=MONTH, actor=supervisor(), at=draft.appeals_until - minutes(1))
    with pytest.raises(IllegalMove) as undecided:
        months.request_close(month=MONTH, actor=supervisor(), at=CLOSED)

    assert early.value.code == "month_appeals_run"
    assert undecided.value.code == "month_undecided"


def test_nothing_more_is_asked_for_when_the_time_to_appeal_is_over() -> None:
    draft = drafted()
    ticket = Ticket.objects.latest("pk")
    ask = {"scope": "rates", "ground": "unreasonable", "reason": "无理。", "evidence": "录音。"}

    with pytest.raises(IllegalMove) as late:
        pleas.ask_exclusion(number=ticket.number, actor=handler(), at=draft.appeals_until, **ask)
    pleas.ask_exclusion(
        number=ticket.number, actor=handler(), at=draft.appeals_until - minutes(1), **ask
    )

    assert late.value.code == "plea_time_over"
    assert Exclusion.objects.count() == 1


def test_the_worker_closes_what_was_asked_for_once() -> None:
    drafted()
    months.request_close(month=MONTH, actor=supervisor(), at=CLOSED)
    months.request_close(month=MONTH, actor=supervisor(), at=CLOSED)

    assert months.close_requested(at=CLOSED) == [MONTH]
    assert months.close_requested(at=CLOSED + minutes(1)) == []
    assert MonthClose.objects.count() == 1


@pytest.mark.parametrize("who", [Role.AUDITOR, Role.DISPATCHER, Role.DISTRICT_SUPERVISOR])
def test_only_the_city_supervisor_closes(who: Role) -> None:
    drafted()

    with pytest.raises(NotPermitted):
        months.request_close(month=MONTH, actor=actor(who, unit("990101")), at=CLOSED)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE evaluation_frozenoutcome SET is_left = true",
        "DELETE FROM evaluation_frozenoutcome",
        "UPDATE evaluation_unitscore SET score = 100",
        "DELETE FROM evaluation_unitscore",
        "UPDATE evaluation_monthclose SET digest = ''",
        "DELETE FROM evaluation_monthdraft",
        "UPDATE evaluation_callbackresult SET resolved = true",
        "UPDATE evaluation_scheme SET rules = '{}'",
        LATE_ROW,
    ],
)
def test_even_the_owner_of_the_database_is_refused(statement: str) -> None:
    closed()

    with (
        pytest.raises(DatabaseError) as refusal,
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement)

    assert getattr(refusal.value.__cause__, "pgcode", "") == "23001"


# === Made again ==============================================================================


def test_a_tampered_answer_is_found_by_making_the_month_again() -> None:
    closed()
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("ALTER TABLE evaluation_callbackresult DISABLE TRIGGER frozen")
        cursor.execute("UPDATE evaluation_callbackresult SET resolved = true")
        cursor.execute("ALTER TABLE evaluation_callbackresult ENABLE TRIGGER frozen")

    again = months.recompute(month=MONTH, at=CLOSED + days(1))

    assert not again.is_equal


# === Afterwards ==============================================================================


def test_a_mistake_is_published_beside_the_month_and_the_month_stays() -> None:
    close = closed()

    erratum = months.publish_erratum(
        month=MONTH, unit=unit(), wrong="承办 2 件", right="承办 3 件", reason="漏计一件",
        actor=supervisor(), at=CLOSED + days(1),
    )  # fmt: skip

    assert erratum.number == 1
    assert Notice.objects.filter(type="erratum_published", unit=unit()).exists()
    assert MonthClose.objects.get().digest == close.digest
    assert Erratum.objects.filter(month=MONTH).count() == 1


def test_an_open_month_has_no_errata() -> None:
    drafted()

    with pytest.raises(RuleViolation) as refusal:
        months.publish_erratum(
            month=MONTH, wrong="甲", right="乙", reason="丙", actor=supervisor(), at=DRAFTED
        )

    assert refusal.value.code == "month_not_closed"


def test_a_talk_is_held_with_units_at_the_end_only() -> None:
    closed()  # two answers are too small a sample to be at any end

    with pytest.raises(RuleViolation) as refusal:
        months.record_talk(
            month=MONTH, unit=unit(), held_on=CLOSED.date(), summary="谈话", undertaking="整改",
            actor=supervisor(), at=CLOSED,
        )  # fmt: skip

    assert refusal.value.code == "talk_not_due"


def test_a_unit_at_the_end_is_talked_to_once() -> None:
    lowest_of_two_units()

    talk = months.record_talk(
        month=MONTH, unit=unit(), held_on=CLOSED.date(), summary="谈话", undertaking="整改",
        actor=supervisor(), at=CLOSED,
    )  # fmt: skip

    assert Talk.objects.get() == talk
    with pytest.raises(IllegalMove):
        months.record_talk(
            month=MONTH, unit=unit(), held_on=CLOSED.date(), summary="谈话", undertaking="整改",
            actor=supervisor(), at=CLOSED,
        )  # fmt: skip


def lowest_of_two_units() -> None:
    rules = Rules.from_json(DEFAULT_RULES.as_json() | {"min_sample": 1, "tail_count": 1})
    adopt(rules, version=2, valid_from="2026-01")
    one_good_and_one_bad()
    closed_ticket(area=area("990102001"), lead_unit=unit("990102001"), phone="13911112222")
    months.open_draft(month=MONTH, actor=SYSTEM, at=DRAFTED)
    months.close_month(month=MONTH, by="staff:1", at=CLOSED)
