"""The running rows: kept by the consumer, made anew from the facts, never changed where a month is
closed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from pytest_django import DjangoAssertNumQueries

from dispatch import services as dispatching
from evaluation import outcomes
from evaluation import services as evaluation
from evaluation.models import Exclusion, MonthClose, MonthDraft, Outcome
from hotline.core import outbox
from intake.models import Ticket
from tests.dispatch.asking import ask_extension, ask_hold
from tests.evaluation.outcome_lives import (
    BAD,
    END,
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
    reply_to,
    unit,
)
from tests.kernel.conftest import city, months

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
