"""The simulated city: everybody acts by the rules, and what was measured comes about."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import transaction
from pytest_django import DjangoDbBlocker

from dispatch.models import Objection, SupervisionOrder
from evaluation.models import CallbackResult
from hotline.core import outbox
from hotline.core.models import Deployment, Notice
from hotline.core.reference import forget_all
from hotline.ops.management.commands.seed import seed
from hotline.ops.simulation import summary
from intake.models import CloseCode, State, Ticket, TicketEvent, TicketText
from tests import realdata

START = dt.date(2026, 3, 2)


def simulate(**options: Any) -> str:
    """Run the command; what it says on the screen."""
    screen = StringIO()
    options.setdefault("start", START)
    call_command("simulate", stdout=screen, stderr=screen, **options)
    return screen.getvalue()


@dataclass(frozen=True)
class Facts:
    """What a run left behind."""

    screen: str
    rates: list[summary.Rate]
    valid: int
    undelivered: int
    without_clock: int
    states: frozenset[str]
    close_codes: frozenset[str]
    types: frozenset[str]
    gaps: int
    late_acts: int
    notices: int
    returned: int
    orders: int
    is_simulated: bool


@pytest.fixture(scope="module")
def facts(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[Facts]:
    """One run for all tests of this module: some 600 tickets over twenty days."""
    with django_db_blocker.unblock(), transaction.atomic():
        forget_all()
        seed()
        screen = simulate(days=20, per_day=30, seed=7)
        yield _facts(screen)
        transaction.set_rollback(True)
    forget_all()


def _facts(screen: str) -> Facts:
    end = dt.datetime.combine(START, dt.time(), dt.UTC) + dt.timedelta(days=20)
    last = {t.pk: t.event_seq for t in Ticket.objects.all()}
    seen: dict[int, int] = {}
    gaps = 0
    for event in TicketEvent.objects.order_by("ticket_id", "seq"):
        gaps += event.seq != seen.get(event.ticket_id, 0) + 1
        seen[event.ticket_id] = event.seq
    return Facts(
        screen=screen,
        rates=summary.rates(),
        valid=summary.counts().valid,
        undelivered=outbox.undelivered(at=end),
        without_clock=summary.open_without_clock(),
        states=frozenset(Ticket.objects.values_list("state", flat=True)),
        close_codes=frozenset(Ticket.objects.values_list("close_code", flat=True)),
        types=frozenset(TicketEvent.objects.values_list("type", flat=True)),
        gaps=gaps + sum(seen.get(pk) != seq for pk, seq in last.items()),
        late_acts=TicketEvent.objects.filter(recorded_at__gt=end).count(),
        notices=Notice.objects.count(),
        returned=Objection.objects.filter(outcome="upheld").count(),
        orders=SupervisionOrder.objects.count(),
        is_simulated=Deployment.objects.get().is_simulated,
    )


def test_the_three_rates_come_within_two_points_of_the_measured_ones(facts: Facts) -> None:
    assert facts.valid >= 150
    assert [rate for rate in facts.rates if not rate.is_met] == []


def test_nothing_is_left_undelivered(facts: Facts) -> None:
    assert facts.undelivered == 0
    assert facts.notices > 0


def test_no_open_ticket_is_without_a_running_clock(facts: Facts) -> None:
    assert facts.without_clock == 0


def test_the_events_of_every_ticket_have_no_gap_and_none_lies_after_the_end(facts: Facts) -> None:
    assert facts.gaps == 0
    assert facts.late_acts == 0


def test_life_stands_in_every_state_and_every_turn_is_taken(facts: Facts) -> None:
    assert facts.states == set(State.values)
    assert {
        CloseCode.ANSWERED, CloseCode.CALLED_BACK, CloseCode.LEGAL_CHANNEL, CloseCode.MERGED,
        CloseCode.ANONYMOUS,
    } <= facts.close_codes  # fmt: skip
    assert {
        "accepted", "answered", "informed", "merged", "dispatched", "signed", "contacted",
        "replied", "objected", "returned", "called_back", "rehandled", "closed", "warned",
        "breached", "reported",
    } <= facts.types  # fmt: skip
    assert facts.returned > 0
    assert facts.orders > 0


def test_the_screen_says_that_the_texts_are_invented_and_sums_up(facts: Facts) -> None:
    assert "编造" in facts.screen
    assert "未送达消息 0 条" in facts.screen
    assert facts.is_simulated


@pytest.mark.django_db
def test_the_same_seed_and_start_give_the_same_city() -> None:
    seed()
    fingerprints = []
    for number in (1, 1, 2):
        with transaction.atomic():
            simulate(days=4, per_day=20, seed=number)
            fingerprints.append(summary.digest())
            transaction.set_rollback(True)

    assert fingerprints[0] == fingerprints[1]
    assert fingerprints[0] != fingerprints[2]


@pytest.mark.django_db
def test_a_city_with_tickets_is_left_alone_when_asked_to_fill_an_empty_one() -> None:
    seed()
    simulate(days=1, per_day=20, if_empty=True, verbosity=0)
    before = Ticket.objects.count()

    simulate(days=1, per_day=20, if_empty=True, verbosity=0)

    assert before > 0
    assert Ticket.objects.count() == before


@pytest.mark.django_db
def test_real_names_never_stand_beside_invented_tickets() -> None:
    seed("beijing")

    with pytest.raises(CommandError, match="示例市"):
        simulate(days=1)
    simulate(days=1, if_empty=True)
    assert not Ticket.objects.exists()


@pytest.mark.django_db
def test_a_future_start_is_refused_in_one_sentence() -> None:
    seed()

    with pytest.raises(CommandError, match="开始日期"):
        simulate(days=1, start=dt.date(2999, 1, 1))


@pytest.mark.realdata
@pytest.mark.django_db(transaction=True)  # thousands of row versions in one transaction are slow
def test_every_real_message_becomes_a_ticket_and_lives() -> None:
    file = realdata.required("messages/labelled_full.csv")
    seed()

    screen = simulate(days=8, per_day=430, messages=str(file))

    assert "生成工单 1722 件" in screen
    assert Ticket.objects.count() == 1722
    assert TicketText.objects.exclude(matter="").count() == 1722
    assert summary.open_without_clock() == 0
    assert "未送达消息 0 条" in screen
    assert CallbackResult.objects.filter(is_first=True).count() > 100
    # Numbers and sentences of ours only: nothing that somebody wrote.
    matters = TicketText.objects.values_list("matter", flat=True)
    assert not any(matter[:12] in screen for matter in matters)
