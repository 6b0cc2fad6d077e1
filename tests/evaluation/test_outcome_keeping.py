"""The running rows: kept by the consumer, made anew from the facts, never changed where a month is
closed."""

from __future__ import annotations

import datetime as dt
import threading
import time
from collections.abc import Callable
from io import StringIO
from typing import Any

import pytest
import time_machine
from django.core.management import call_command
from django.db import connection, transaction
from pytest_django import DjangoAssertNumQueries

from dispatch import services as dispatching
from evaluation import outcomes, tasks
from evaluation import services as evaluation
from evaluation.models import Exclusion, MonthClose, MonthDraft, Outcome
from hotline.core import outbox
from hotline.core.models import Delivery
from hotline.core.reference import forget_all
from intake.models import Ticket
from tests.dispatch.asking import ask_extension, ask_hold
from tests.evaluation.outcome_lives import (
    BAD,
    CALLED,
    DUE,
    END,
    GIVEN,
    STREET,
    URBAN,
    all_rows,
    ask_exclusion,
    ask_help,
    give_back,
    give_to,
    hand_in,
    parts,
    recall,
    rehandle,
    reopen,
    ruling,
    settle,
    take_over,
    told,
    withdraw,
)
from tests.evaluation.rating import adopted
from tests.factories import (
    AT,
    call_back,
    closed_ticket,
    days,
    dispatched_ticket,
    fresh,
    handled_ticket,
    handler,
    hours,
    minutes,
    reply_to,
    seed_reference,
    unit,
)
from tests.kernel.conftest import city, months
from tests.kernel.together import together

__all__ = ["city", "months"]  # fixtures
pytestmark = pytest.mark.usefixtures("city")


# === Closed months ==========================================================================


def close_april(at: dt.datetime) -> None:
    """The month as the database sees it once it is closed."""
    scheme = adopted()
    draft = MonthDraft.objects.create(
        month="2026-04", scheme=scheme, facts_until=at, appeals_until=at, opened_at=at,
        opened_by="staff:1",
    )  # fmt: skip
    MonthClose.objects.create(
        month="2026-04", draft=draft, closed_at=at, closed_by="staff:1", outcome_count=1,
        scoring_version=1,
        digest="",
    )  # fmt: skip


def places() -> list[Any]:
    """Where every row lies in the table: a row that is written moves."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT id, ctid::text FROM evaluation_outcome ORDER BY id")
        return list(cursor.fetchall())


def test_nothing_recorded_after_the_cutoff_touches_a_row_of_a_closed_month() -> None:
    ticket = closed_ticket(**BAD)
    ask_exclusion(ticket, at=AT + days(26), scope="rates")
    cutoff = dt.datetime(2026, 5, 9, tzinfo=AT.tzinfo)
    settle(cutoff)
    close_april(AT + days(28))
    before, lying = all_rows(), places()
    again = give_to(reopen(ticket, at=AT + days(29)), STREET, at=AT + days(29))
    dispatching.sign(number=again.number, actor=handler(again), at=AT + days(29))
    again = reply_to(fresh(again), at=AT + days(30), text="重新检修并更换灯具。")
    call_back(again, at=AT + days(30) + hours(2))
    Exclusion.objects.update(outcome="granted", ruled_at=AT + days(31))  # past every guard
    settle(END)

    assert (all_rows(), places()) == (before, lying)
    Outcome.objects.all().delete()
    outcomes.rebuild(at=END)
    assert all_rows() == before


def test_until_the_close_a_decision_counts_although_the_cutoff_has_passed() -> None:
    ticket = closed_ticket(**BAD)
    ask_exclusion(ticket, at=AT + days(26), scope="rates")
    evaluation.grant_exclusion(**ruling(ticket, AT + days(27)))

    assert told(ticket, "excluded", at=AT + days(27)) == ("malicious",)
    close_april(AT + days(28))
    outcomes.rebuild(at=END)
    assert told(ticket, "excluded", at=END) == ("malicious",)


# === Kept and made anew =====================================================================


LIVES: dict[str, Callable[[], Ticket]] = {
    "silent": lambda: dispatched_ticket(),
    "anonymous": lambda: closed_ticket(is_anonymous=True),
    "bad": lambda: closed_ticket(**BAD),
    "helped": lambda: hand_in(ask_help(handled_ticket()), at=AT + hours(2)),
    "returned": lambda: give_to(give_back(handled_ticket()), URBAN, at=AT + days(1)),
    "reopened": lambda: give_to(reopen(closed_ticket(), at=AT + days(29)), URBAN, at=AT + days(29)),
    "taken over": lambda: take_over(handled_ticket(), at=AT + days(1)),
    "withdrawn": lambda: withdraw(handled_ticket(), at=AT + days(1)),
    "extended": lambda: ask_extension(handled_ticket(), at=AT + days(2)),
    "held": lambda: ask_hold(handled_ticket(), at=AT + days(2)),
}


@pytest.mark.parametrize("attribution", ["created", "due", "called_back"])
def test_dropped_and_rebuilt_the_rows_are_those_the_consumer_kept(attribution: str) -> None:
    adopted(attribution=attribution)
    for live in LIVES.values():
        live()
        outbox.deliver_all(at=AT)  # what is known later is known all the same
    for day in range(0, 120, 5):  # beat comes every night, and may miss some
        outcomes.refresh(at=AT + days(day))
    kept = all_rows()
    Outcome.objects.all().delete()
    outcomes.rebuild(at=END)

    assert all_rows() == kept
    assert {row["ticket_id"] for row in kept} == set(Ticket.objects.values_list("pk", flat=True))


def test_every_act_reaches_the_rows_with_the_next_tick() -> None:
    ticket = handled_ticket()
    acts: list[Callable[[], object]] = [
        lambda: ask_help(ticket),
        lambda: hand_in(ticket, at=AT + hours(2)),
        lambda: reply_to(ticket, at=AT + hours(3)),
        lambda: call_back(ticket, at=AT + hours(5), **BAD),
        lambda: rehandle(ticket, at=AT + hours(6)),
        lambda: recall(ticket, at=AT + hours(7)),
        lambda: give_to(ticket, URBAN, at=AT + hours(8)),
        lambda: withdraw(ticket, at=AT + hours(9)),
    ]
    for act in acts:
        act()
        outbox.deliver_all(at=AT + hours(10))
        kept = all_rows()
        assert sum(written.changed for written in outcomes.rebuilding(at=AT + hours(10))) == 0

        assert all_rows() == kept


def test_rebuilding_some_tickets_leaves_the_others_alone() -> None:
    one, other = closed_ticket(), closed_ticket()
    settle(END)
    Outcome.objects.update(answer_count=9)

    assert outcomes.rebuild([one.pk, one.pk], at=END) == 1
    counts = dict(Outcome.objects.values_list("ticket_id", "answer_count"))
    assert counts == {one.pk: 1, other.pk: 9}


def test_a_row_that_no_facts_speak_of_goes() -> None:
    ticket = closed_ticket()
    settle(END)
    Outcome.objects.filter(ticket=ticket).update(unit=unit(URBAN))
    outcomes.rebuild(at=END)

    assert parts(ticket, at=END) == {(STREET, "lead")}


def test_thousands_of_tickets_are_read_in_the_same_few_statements(
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    tickets = [closed_ticket(), hand_in(ask_help(handled_ticket()), at=AT + hours(2))]
    list(outcomes.histories([tickets[0].pk]))  # reference data is remembered

    with django_assert_max_num_queries(8):
        found = list(outcomes.histories([ticket.pk for ticket in tickets]))
    assert [history.ticket_id for history in found] == [ticket.pk for ticket in tickets]


def test_the_command_makes_every_row_anew_and_tells_how_many_differed() -> None:
    closed_ticket()
    hand_in(ask_help(handled_ticket()), at=AT + hours(2))
    said = []
    for _run in range(2):
        screen = StringIO()
        call_command("outcomes", "rebuild", stdout=screen)
        said.append(screen.getvalue().strip())

    assert said == [
        "2 件工单，3 行结果，其中 3 行与原来不同。",
        "2 件工单，3 行结果，其中 0 行与原来不同。",
    ]


# === Time alone =============================================================================


def test_at_night_the_rows_learn_that_a_limit_expired_in_silence() -> None:
    ticket = dispatched_ticket()
    outbox.deliver_all(at=DUE - minutes(1))
    assert outcomes.refresh(at=CALLED) is None

    found = Outcome.objects.get(ticket=ticket)
    assert (found.is_on_time, found.is_on_time_original, found.is_due) == (False, False, True)


def test_a_row_is_looked_at_once_more_after_its_cutoff_and_then_no_longer() -> None:
    ticket = dispatched_ticket()
    outbox.deliver_all(at=AT)
    cutoff = outcomes.Calendar().month("2026-04").cutoff
    outcomes.refresh(at=cutoff + days(8))
    assert Outcome.objects.get(ticket=ticket).is_on_time is None
    outcomes.refresh(at=cutoff + days(6))

    assert Outcome.objects.get(ticket=ticket).is_on_time is False


def test_a_night_without_time_enough_goes_on_where_it_stopped() -> None:
    first, second = dispatched_ticket(), dispatched_ticket()
    outbox.deliver_all(at=AT)

    assert outcomes.refresh(at=CALLED, after=first.pk, seconds=0) == second.pk
    assert outcomes.refresh(at=CALLED, after=second.pk, seconds=0) is None
    assert list(Outcome.objects.filter(is_due=True).values_list("ticket_id")) == [(second.pk,)]
    assert outcomes.refresh(at=CALLED, seconds=0) == first.pk


def test_the_nights_work_is_done_by_the_clock_on_the_wall() -> None:
    ticket = dispatched_ticket()
    outbox.deliver_all(at=AT)
    with time_machine.travel(CALLED, tick=False):
        tasks.refresh()

    assert Outcome.objects.get(ticket=ticket).is_due


def test_clocks_of_two_machines_may_differ_by_a_second() -> None:
    ticket = dispatched_ticket()
    outbox.deliver_all(at=GIVEN - minutes(1))

    assert Outcome.objects.get(ticket=ticket).given_at == GIVEN


# === Two at once ============================================================================


@pytest.fixture
def committed_city(transactional_db: None) -> None:
    forget_all()
    seed_reference()


def somebody_waits() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")
        return cursor.fetchone() is not None


@pytest.mark.usefixtures("committed_city")
def test_a_rebuild_that_had_to_wait_knows_what_was_recorded_meanwhile() -> None:
    ticket = handled_ticket()
    held = threading.Event()

    def write_and_reply() -> None:
        with transaction.atomic():
            outcomes.refold([ticket.pk], at=AT)
            held.set()
            while not somebody_waits():
                time.sleep(0.01)
            reply_to(ticket, at=AT + hours(1))

    def rebuild() -> int:
        held.wait(timeout=10)
        return outcomes.rebuild(at=AT + hours(1))

    assert together(write_and_reply, rebuild) == [None, 1]

    assert Outcome.objects.get().done_at == AT + hours(1)


@pytest.mark.usefixtures("committed_city")
def test_the_consumer_waits_for_another_tick_where_somebody_writes_for_long() -> None:
    ticket = handled_ticket()
    held, may_end = threading.Event(), threading.Event()

    def write_for_long() -> None:
        with transaction.atomic():
            outcomes.refold([ticket.pk], at=AT)
            Outcome.objects.all().delete()
            held.set()
            may_end.wait(timeout=30)

    def tick() -> int:
        held.wait(timeout=10)
        with connection.cursor() as cursor:
            cursor.execute("SET lock_timeout = 200")
        try:
            outbox.deliver(at=AT + hours(1))
            return Delivery.objects.filter(consumer="outcomes").count()
        finally:
            may_end.set()

    _, delivered = together(write_for_long, tick)

    assert delivered == 0, "nothing has failed, and nothing is lost"
    outbox.deliver(at=AT + hours(1))
    assert Outcome.objects.get().ticket_id == ticket.pk


@pytest.mark.usefixtures("committed_city")
def test_however_many_write_at_once_every_ticket_has_its_rows_once() -> None:
    tickets = [closed_ticket() for _ in range(4)]
    acts = [lambda: outcomes.rebuild(at=END), lambda: outbox.deliver_all(at=END)]
    results = together(*acts * 2)

    assert not [result for result in results if isinstance(result, Exception)]
    kept = list(Outcome.objects.values_list("ticket_id", "answer_count").order_by("ticket_id"))
    assert kept == [(ticket.pk, 1) for ticket in tickets]
