"""Closed months made again: equal whatever happened since, different when anybody touched them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from decimal import Decimal
from io import StringIO
from typing import TYPE_CHECKING

import psycopg2
import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.db import DatabaseError, OperationalError, connection, transaction

from dispatch import services as dispatching
from evaluation import counting, digests, month_lock, outcomes, scoring, tasks
from evaluation import months as reading
from evaluation.models import (
    CallbackResult,
    Exclusion,
    FrozenOutcome,
    MonthClose,
    Outcome,
    UnitScore,
)
from evaluation.rules import DEFAULT_RULES
from evaluation.services import months, pleas
from hotline.core.models import Area, Notice, Role, Unit
from hotline.core.reference import forget_all
from intake import services as intake
from intake.models import Ticket
from tests.evaluation.making import make_outcome
from tests.factories import (
    AT,
    actor,
    agent,
    area,
    call_back,
    closed_ticket,
    days,
    dispatched_ticket,
    dispatcher,
    fresh,
    handler,
    hours,
    make_unit,
    minutes,
    reply_to,
    seed_reference,
    unit,
)
from tests.pages import closing
from tests.pages.closing import CLOSED, DRAFTED, MONTH

if TYPE_CHECKING:
    from psycopg2.extensions import connection as Connection

pytestmark = pytest.mark.django_db
AsApp = Callable[[], AbstractContextManager["Connection"]]

LAST, FIRST, BUSY = "990101001", "990101002", "990102001"
# So late in its month that a ticket can still be reopened after the close.
LATE = AT + days(4)
ONE_MONTH = days(30)
SAID = {"reason": "与事实不符。", "evidence": "现场照片。"}


@pytest.fixture(autouse=True)
def city() -> None:
    seed_reference()


# === Whatever happened since =================================================================


@pytest.mark.django_db(transaction=True)
def test_months_come_out_the_same_whatever_happened_since() -> None:
    closing.adopt(
        tail_count=1, volume_bands=[4],
        classes={"advanced_share": "0.5", "rectification_share": "0.5", "governance_months": 2},
    )  # fmt: skip
    closes = [a_whole_month("2026-03", back=ONE_MONTH), a_whole_month(MONTH)]
    published = {(line.month, line.code): line for line in UnitScore.objects.all()}
    second = published[MONTH, LAST]
    assert (second.rank, second.previous_rank, second.is_tail) == (2, 2, True)
    assert [published[month, LAST].unit_class for month in ("2026-03", MONTH)] == [
        "rectification", "governance",
    ]  # fmt: skip
    assert (second.excluded, published[MONTH, BUSY].set_aside, published[MONTH, BUSY].band) == (
        1, 1, 1,
    )  # fmt: skip
    assert published[MONTH, FIRST].bonus == 2

    forget_published()
    again = list(months.recompute_all(at=CLOSED + days(30)))

    assert [one.digest for one in again] == [close.digest for close in closes]
    assert all(one.is_equal and not one.is_kept for one in again)


def a_whole_month(label: str, back: dt.timedelta = dt.timedelta(0)) -> MonthClose:
    """Three streets, ranked; pleas, an objection and points; closed; then its tickets go on."""
    at, drafted, closed = LATE - back, DRAFTED - back, CLOSED - back
    if back:
        at -= days(1)  # the eighteenth of March
    bad = [answered(LAST, at, is_good=False, n=n) for n in range(3)]
    answered(LAST, at, is_good=True, n=3)
    good = [answered(FIRST, at, is_good=True, n=n) for n in range(3)]
    busy = [answered(BUSY, at, is_good=n < 4, n=n) for n in range(6)]
    other = dispatched_ticket(
        at=at + hours(2), phone="13911112222", name="李强", lead_unit=unit(FIRST)
    )
    closing.open_draft(label, drafted)
    decide_about(label, bad[0], busy[-1], drafted)
    close = closing.close(label, closed)
    intake.reopen(number=good[0].number, actor=dispatcher(), at=closed, reason="路灯又坏了。")
    intake.merge_into(number=other.number, actor=agent(), at=closed, target=good[0].number)
    rate_again(bad[1], LAST, closed)
    return close


def answered(code: str, at: dt.datetime, *, is_good: bool, n: int) -> Ticket:
    said = {} if is_good else {"resolved": False, "satisfaction": "dissatisfied"}
    return closed_ticket(
        at=at + minutes(n), phone=f"138{unit(code).pk % 10_000:04}{n:04}", area=area(code),
        lead_unit=unit(code), **said,
    )  # fmt: skip


def decide_about(month: str, excluded: Ticket, appealed: Ticket, at: dt.datetime) -> None:
    supervisor, other = actor(Role.CITY_SUPERVISOR), actor(Role.CITY_SUPERVISOR)
    pleas.ask_exclusion(
        number=excluded.number, actor=manager(LAST), at=at, scope="rates", ground="unreasonable",
        **SAID,
    )  # fmt: skip
    pleas.grant_exclusion(number=excluded.number, actor=supervisor, at=at + hours(1))
    result = CallbackResult.objects.get(ticket=appealed, is_valid=True)
    pleas.appeal(
        number=appealed.number, actor=manager(BUSY), at=at, result=result.pk,
        ground="other_matter", **SAID,
    )  # fmt: skip
    pleas.uphold_appeal(number=appealed.number, actor=supervisor, at=at + hours(1))
    appeal = months.appeal_score(
        month=month, unit=unit(LAST), reason="不服。", actor=manager(LAST), at=at
    )
    ruled = {"ruling": "已核对。", "at": at + hours(2)}
    months.rule_score_appeal(appeal=appeal, outcome="rejected", actor=supervisor, **ruled)
    bonus = months.propose_bonus(
        month=month, unit=unit(FIRST), ground="proactive", points=Decimal(2), evidence="材料",
        actor=supervisor, at=at,
    )  # fmt: skip
    months.rule_bonus(bonus=bonus, outcome="upheld", actor=other, **ruled)


def manager(code: str) -> object:
    return actor(Role.MANAGER, unit(code))


def rate_again(ticket: Ticket, code: str, at: dt.datetime) -> None:
    """Reopened, handled once more, and now everything is fine."""
    intake.reopen(number=ticket.number, actor=dispatcher(), at=at, reason="问题还在。")
    at += hours(1)
    dispatching.dispatch(number=ticket.number, actor=dispatcher(), at=at, lead_unit=unit(code))
    dispatching.sign(number=ticket.number, actor=handler(unit(code)), at=at + minutes(5))
    reply_to(fresh(ticket), at=at + minutes(30))
    call_back(ticket, at=at + hours(2))


def forget_published() -> None:
    """Everything that was computed goes; only what was recorded stays."""
    with connection.cursor() as cursor:
        cursor.execute(
            "TRUNCATE evaluation_outcome, evaluation_unitscore, evaluation_frozenoutcome"
        )
    assert not Outcome.objects.exists()


def closed_month() -> MonthClose:
    """Two streets, ranked, two answers each; the last one summoned."""
    closing.adopt(tail_count=1)
    closing.answered(LAST, good=0, bad=2)
    closing.answered(FIRST, good=2, bad=0)
    return closing.close()


def recomputed() -> months.Recomputed:
    return months.recompute(month=MONTH, at=CLOSED + days(1))


@pytest.mark.parametrize("is_forgotten", [False, True])
def test_a_month_is_made_again_for_the_units_of_then(is_forgotten: bool) -> None:
    close = closed_month()
    make_unit(name="新设街道")
    Unit.objects.filter(code=LAST).update(code="moved", group="district")
    forget_all()
    if is_forgotten:
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        forget_published()

    again = recomputed()

    assert again.is_equal
    assert again.digest == close.digest
    assert {(line.code, line.group) for line in again.lines} >= {(LAST, "street_town")}


def test_what_is_read_of_a_closed_month_is_its_roster_of_then() -> None:
    closed_month()
    make_unit()
    Unit.objects.filter(code=LAST).update(group="district")
    forget_all()

    listed = reading.roster(reading.month(MONTH, at=CLOSED))

    assert len(listed) == UnitScore.objects.count()
    assert {u.group for u in listed if u.code == LAST} == {"street_town"}


def test_who_was_a_second_receiver_then_is_counted_as_one() -> None:
    helper = unit(FIRST)
    make_outcome(unit=helper, role="cooperate")
    then = reading.units_then([(helper.pk, helper.code, "second_receiver")])

    volumes = [
        counting.tallies(Outcome.objects.all(), DEFAULT_RULES, listed)[helper.pk].volume
        for listed in ([helper], then)
    ]

    assert volumes == [0, 1]


def test_codes_that_changed_since_are_still_understood() -> None:
    closing.adopt()
    ticket = dispatched_ticket(at=AT, area=area(LAST))
    helped = closed_with_help()
    closing.close()
    Unit.objects.filter(code="990101-market").update(code="990101-trade")
    Area.objects.filter(code=LAST).update(code="990101009")
    forget_all()

    again = recomputed()
    months.settle(reading.month("2026-05", at=CLOSED), at=CLOSED + days(1))

    assert again.is_equal
    assert Outcome.objects.get(ticket=helped, role="cooperate").done_at is not None
    assert Outcome.objects.get(ticket=ticket, role="lead").area == Area.objects.get(
        code="990101009"
    )


def closed_with_help() -> Ticket:
    """Dispatched to two units at once, of which the second hands in its part."""
    ticket = dispatched_ticket(at=AT + hours(1), phone="13922223333")
    dispatching.recall(number=ticket.number, actor=dispatcher(), at=AT + hours(2), reason="补派")
    market = unit("990101-market")
    dispatching.dispatch(
        number=ticket.number, actor=dispatcher(), at=AT + hours(3), lead_unit=unit(),
        cooperators=[market],
    )  # fmt: skip
    dispatching.sign(number=ticket.number, actor=handler(unit()), at=AT + hours(4))
    helper = handler(market)
    dispatching.sign_part(number=ticket.number, actor=helper, at=AT + hours(4))
    dispatching.hand_in(number=ticket.number, actor=helper, at=AT + hours(5), text="已核查")
    return ticket


def test_a_code_that_nothing_tells_of_is_left_out() -> None:
    ticket = closed_with_help()
    history = next(iter(outcomes.histories([ticket.pk])))
    nameless = outcomes.History(
        history.ticket_id, history.number, history.events, history.parties, history.answers
    )

    rows = outcomes.fold(nameless, outcomes.calendar(), CLOSED)

    assert {(row.unit_id, row.role) for row in rows} == {(unit().pk, "lead")}


# === Touched =================================================================================

# What somebody with all rights could do, and whether the unit that it is about is named.
TOUCHED = [
    *(
        (f"UPDATE evaluation_unitscore SET {column} WHERE unit_id = {{unit}}", True)
        for column in (
            "score = 99", "base_score = 99", "bonus = 1", "low = 1", "high = 99", "response = 1",
            "resolution = 99", "satisfaction = 99", "coverage = 1", "volume = 9", "due = 9",
            "valid = 9", "contacted = 9", "resolved = 2", "satisfied = 2", "basically = 2",
            "excluded = 1", "not_counted = 1", "set_aside = 1", "on_ledger = 1", "repeats = 1",
            "rank = 1", "previous_rank = 1", "rank_band = 9", "rank = NULL, mark = 'small'",
            "is_tail = false", "unit_class = 'advanced'", "is_published = false", "band = 3",
            "code = 'x'", '"group" = \'district\'', "digest = ''",
        )
    ),
    ("DELETE FROM evaluation_unitscore WHERE unit_id = {unit}", True),
    ("UPDATE evaluation_frozenoutcome SET first_resolved = true WHERE unit_id = {unit}", True),
    ("UPDATE evaluation_frozenoutcome SET level = 'L1' WHERE unit_id = {unit}", True),
    ("DELETE FROM evaluation_frozenoutcome WHERE unit_id = {unit}", True),
    ("UPDATE evaluation_callbackresult SET satisfaction = 'average' WHERE unit_id = {unit}", True),
    ("UPDATE evaluation_exclusion SET outcome = 'granted', ruled_at = raised_at", True),
    ("UPDATE evaluation_monthclose SET digest = repeat('0', 64)", False),
    ("UPDATE evaluation_monthclose SET closed_at = closed_at + interval '1 second'", False),
    ("UPDATE evaluation_monthclose SET scoring_version = 99", False),
    ("UPDATE evaluation_monthdraft SET facts_until = facts_until + interval '1 day'", False),
]  # fmt: skip


def test_whatever_is_touched_is_found_and_the_unit_named() -> None:
    closed_month()
    ask_and_be_refused()
    assert recomputed().is_equal
    missed = []
    for statement, is_named in TOUCHED:
        with touched(statement.format(unit=unit(LAST).pk)):
            again = recomputed()
        named = [one.code for one in again.differing]
        if again.is_equal or again.is_unchanged or named != ([LAST] if is_named else []):
            missed.append((statement, named))

    assert missed == []


def ask_and_be_refused() -> None:
    """A plea that was not granted, put on record as if it had been asked in time."""
    Exclusion.objects.create(
        ticket=Ticket.objects.filter(lead_unit=unit(LAST)).first(), unit=unit(LAST),
        raised_at=DRAFTED, raised_by="staff:1", scope="rates", ground="malicious", outcome="",
        reason="无理", evidence="录音",
    )  # fmt: skip


@contextmanager
def touched(statement: str) -> Iterator[None]:
    """The owner switches the triggers off, does it, and switches them on; all is undone after."""
    table = next(word for word in statement.split() if word.startswith("evaluation_"))
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        cursor.execute(statement)
        cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")
        yield
        transaction.set_rollback(True)


def test_an_input_that_moves_no_score_is_in_the_digest_itself() -> None:
    close = closed_month()

    with touched("UPDATE evaluation_callbackresult SET satisfaction = 'average' "
                 "WHERE satisfaction = 'dissatisfied'"):  # fmt: skip
        again = recomputed()

    published = dict(UnitScore.objects.values_list("unit_id", "score"))
    assert {line.unit_id: line.score for line in again.lines} == published
    assert again.digest != close.digest


def test_a_month_scored_by_another_version_is_not_called_tampered_with(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    closed_month()
    monkeypatch.setattr(scoring, "VERSION", scoring.VERSION + 1)

    again = recomputed()

    assert (again.is_other_version, again.is_unchanged, again.is_equal) == (True, True, False)
    assert "评分程序" in told()
    with touched("UPDATE evaluation_unitscore SET score = 99"):
        assert not recomputed().is_unchanged
    with touched("UPDATE evaluation_frozenoutcome SET level = 'L1'"):
        assert not recomputed().is_unchanged


def test_of_a_month_closed_before_versions_were_recorded_nothing_is_claimed() -> None:
    closed_month()

    with touched("UPDATE evaluation_monthclose SET scoring_version = 0"):
        assert (recomputed().is_beyond_checking, recomputed().is_unchanged) == (True, False)
        with pytest.raises(CommandError):
            told(out := StringIO())
    assert "不能由现在的程序核对" in out.getvalue()


def test_the_command_names_the_units_that_differ() -> None:
    closed_month()
    assert "一致" in told()

    with (
        touched(f"UPDATE evaluation_unitscore SET score = 99 WHERE unit_id = {unit(LAST).pk}"),
        pytest.raises(CommandError),
    ):
        told(out := StringIO())

    assert f"{unit(LAST).name}（{LAST}）" in out.getvalue()


def told(out: StringIO | None = None) -> str:
    out = out or StringIO()
    call_command("months", "recompute", MONTH, stdout=out)
    return out.getvalue()


# === The database holds it ===================================================================

COLUMNS = ", ".join(f'"{column}"' for column in digests.columns())
# Of a ticket that has no row in the month yet.
VALUES = COLUMNS.replace('"ticket_id"', "0")
ONE_MORE = f"""
INSERT INTO evaluation_frozenoutcome ({COLUMNS}) SELECT {VALUES} FROM evaluation_outcome LIMIT 1
"""


def test_a_temporary_table_does_not_stand_in_for_the_real_one() -> None:
    closed_month()
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("CREATE TEMP TABLE evaluation_monthclose (month text) ON COMMIT DROP")
        with pytest.raises(DatabaseError, match="the month is closed"), transaction.atomic():
            cursor.execute(ONE_MORE)


def test_the_sites_role_makes_no_temporary_tables(as_app_role: AsApp) -> None:
    with (
        as_app_role() as app,
        app.cursor() as cursor,
        pytest.raises(psycopg2.errors.InsufficientPrivilege),
    ):
        cursor.execute("CREATE TEMP TABLE evaluation_monthclose (month text)")


def drafted_month() -> None:
    closing.adopt()
    closing.answered(LAST, good=0, bad=2)
    closing.open_draft()


@pytest.mark.django_db(transaction=True)
def test_who_adds_a_row_waits_for_the_close(as_app_role: AsApp) -> None:
    drafted_month()
    with as_app_role() as app, app.cursor() as cursor:
        cursor.execute("SET lock_timeout = '50ms'")
        with transaction.atomic():
            months.close_month(month=MONTH, by="staff:1", at=CLOSED)
            with pytest.raises(psycopg2.errors.LockNotAvailable):
                cursor.execute(ONE_MORE)
            app.rollback()
        with pytest.raises(psycopg2.errors.RestrictViolation, match="closed"):
            cursor.execute(ONE_MORE)


@pytest.mark.django_db(transaction=True)
def test_the_close_waits_for_who_adds_a_row(as_app_role: AsApp) -> None:
    drafted_month()
    months.request_close(month=MONTH, actor=actor(Role.CITY_SUPERVISOR), at=CLOSED)
    with as_app_role() as app, app.cursor() as cursor, connection.cursor() as own:
        cursor.execute(ONE_MORE)
        own.execute("SET lock_timeout = '50ms'")
        assert months.close_requested(at=CLOSED) == []
        app.rollback()
        assert months.close_requested(at=CLOSED + minutes(1)) == [MONTH]
        own.execute("RESET lock_timeout")


@pytest.mark.django_db(transaction=True)
def test_an_old_snapshot_adds_no_row(as_app_role: AsApp) -> None:
    drafted_month()
    with as_app_role() as app, app.cursor() as cursor:
        app.set_session(isolation_level="REPEATABLE READ")
        cursor.execute("SELECT count(*) FROM evaluation_monthclose")
        months.close_month(month=MONTH, by="staff:1", at=CLOSED)
        with pytest.raises(psycopg2.errors.RestrictViolation, match="READ COMMITTED"):
            cursor.execute(ONE_MORE)

    assert FrozenOutcome.objects.count() == MonthClose.objects.get().outcome_count


def test_the_triggers_take_the_lock_of_the_months() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT prosrc FROM pg_proc WHERE proname = 'evaluation_refuse_late_rows'")
        assert f"_shared({month_lock._KEY})" in cursor.fetchone()[0]
        cursor.execute(
            "SELECT proname FROM pg_proc WHERE proname LIKE 'evaluation_%'"
            " AND NOT coalesce('search_path=pg_catalog, public, pg_temp' = ANY (proconfig), false)"
        )
        assert cursor.fetchall() == []


# === What a close waits for ==================================================================


def asked_for() -> None:
    drafted_month()
    months.request_close(month=MONTH, actor=actor(Role.CITY_SUPERVISOR), at=CLOSED)


def plead(ticket: Ticket, of: Unit) -> None:
    Exclusion.objects.create(
        ticket=ticket, unit=of, raised_at=CLOSED, raised_by="staff:1", scope="rates",
        ground="malicious", reason="无理", evidence="录音",
    )  # fmt: skip


def test_a_plea_of_another_unit_whose_row_is_in_another_month_does_not_hold_it_up() -> None:
    drafted_month()
    ticket = Ticket.objects.latest("pk")
    make_outcome(ticket=ticket, unit=unit(FIRST), role="cooperate", month="2026-05")
    plead(ticket, unit(FIRST))

    assert months.undecided_of(MONTH).total == 0
    assert months.undecided_of("2026-05").exclusions == 1


def test_a_close_that_waits_says_for_what_and_folds_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked_for()
    plead(Ticket.objects.latest("pk"), unit(LAST))
    monkeypatch.setattr(outcomes, "rebuild", lambda *_a, **_k: pytest.fail("folded"))

    assert months.close_requested(at=CLOSED + minutes(1)) == []
    assert months.why_waiting(MONTH, CLOSED) == [("剔除、不计入申请", 1)]


def test_a_month_that_waits_for_nothing_has_nothing_to_say() -> None:
    asked_for()
    assert months.why_waiting(MONTH, CLOSED) == []
    months.close_requested(at=CLOSED)
    assert months.why_waiting(MONTH, CLOSED) == []


@pytest.mark.django_db(transaction=True)
def test_a_lock_that_somebody_holds_does_not_end_the_task(as_app_role: AsApp) -> None:
    asked_for()
    with as_app_role() as app, app.cursor() as cursor, connection.cursor() as own:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [outcomes.keeping._LOCK])
        own.execute("SET lock_timeout = '50ms'")
        assert months.close_requested(at=CLOSED) == []
        app.rollback()
        own.execute("RESET lock_timeout")

    assert months.close_requested(at=CLOSED + minutes(1)) == [MONTH]


def test_another_failure_of_the_database_is_not_swallowed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked_for()

    def fail(*_args: object, **_more: object) -> None:
        raise OperationalError("the disk is full")

    monkeypatch.setattr(outcomes, "rebuild", fail)
    with pytest.raises(OperationalError):
        months.close_requested(at=CLOSED)


def test_the_units_at_the_end_are_told_by_the_close() -> None:
    closed_month()

    assert Notice.objects.filter(type="talk_due", unit=unit(LAST)).count() == 1


# === The night ===============================================================================


def test_the_night_takes_its_tickets_page_by_page_and_without_a_limit(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    waiting = [dispatched_ticket(at=AT + minutes(n), phone=f"1390000000{n}").pk for n in range(3)]
    outcomes.rebuild(None, at=AT + hours(1))
    pages, limits = [], []

    def refold(ticket_ids: list[int], *, at: dt.datetime) -> None:
        pages.append(ticket_ids)
        with connection.cursor() as cursor:
            cursor.execute("SHOW statement_timeout")
            limits.append(cursor.fetchone()[0])

    monkeypatch.setattr(outcomes.keeping, "refold", refold)
    monkeypatch.setattr(outcomes.keeping, "BATCH", 2)
    with time_machine.travel(AT + hours(2), tick=False):
        tasks.refresh()

    assert pages == [waiting[:2], waiting[2:]]
    assert set(limits) == {"0"}
