"""Consequences: every message has its effect once, and nothing holds up the others."""

from __future__ import annotations

import datetime as dt
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence

import pytest
from celery import current_app
from django.db import connection

from hotline.core import outbox, tasks
from hotline.core.models import ConsumerProgress, Delivery, Notice, OutboxMessage
from hotline.core.reference import forget_all
from hotline.core.simulated_time import simulation, simulation_running
from intake import tasks as intake_tasks
from intake.models import TicketEvent
from tests.factories import (
    AT,
    accepted_ticket,
    dispatched_ticket,
    hours,
    minutes,
    seed_reference,
)
from tests.kernel.together import together

Effect = Callable[[OutboxMessage, dt.datetime], None]
Register = Callable[..., None]
SECOND = dt.timedelta(seconds=1)


@pytest.fixture
def committed_city(transactional_db: None) -> None:
    forget_all()
    seed_reference()


@pytest.fixture
def consumer() -> Iterator[Register]:
    """Register consumers of "accepted" for one test."""
    before = dict(outbox.CONSUMERS)
    yield lambda name, effect, **how: outbox.register_consumer(name, ["accepted"], effect, **how)
    outbox.CONSUMERS.clear()
    outbox.CONSUMERS.update(before)


def notice(message: OutboxMessage, at: dt.datetime) -> None:
    """An effect that can be counted."""
    Notice.objects.create(type="seen", number=message.number, created_at=at)


def age_messages() -> None:
    """Let every message be older than the time in which a smaller id can still appear."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE core_outboxmessage SET written_at = written_at - interval '2 minutes'"
        )


def seen() -> Counter[str]:
    return Counter(Notice.objects.filter(type="seen").values_list("number", flat=True))


# === Once ===================================================================================


@pytest.mark.usefixtures("city")
def test_every_event_has_its_line_in_its_own_transaction() -> None:
    dispatched_ticket()

    lines = OutboxMessage.objects.order_by("id").values_list("ticket_id", "seq", "type", "unit_id")
    facts = TicketEvent.objects.order_by("ticket_id", "seq")
    assert list(lines) == list(facts.values_list("ticket_id", "seq", "type", "unit_id"))


@pytest.mark.usefixtures("city")
def test_a_message_is_delivered_once_however_often_the_tick_runs(
    consumer: Register,
) -> None:
    consumer("counter", notice)
    numbers = {accepted_ticket().number for _ in range(3)}
    for n in range(4):
        outbox.deliver(at=AT + n * SECOND)
        if n == 1:
            age_messages()

    assert seen() == Counter(numbers)
    assert outbox.undelivered(at=AT) == 0
    assert not Delivery.objects.filter(consumer="counter").exists(), "settled lines go"


@pytest.mark.usefixtures("committed_city")
def test_two_ticks_at_once_deliver_once(consumer: Register) -> None:
    consumer("counter", notice)
    numbers = {accepted_ticket().number for _ in range(20)}
    results = together(*[lambda: outbox.deliver(at=AT)] * 4)

    assert not [r for r in results if isinstance(r, Exception)]
    outbox.deliver(at=AT)
    assert seen() == Counter(numbers)


@pytest.mark.usefixtures("city")
def test_a_unit_hears_of_its_order_once(consumer: Register) -> None:
    ticket = dispatched_ticket()
    outbox.deliver_all(at=AT + hours(1))
    outbox.deliver_all(at=AT + hours(2))

    told = Notice.objects.filter(number=ticket.number, unit=ticket.lead_unit)
    assert list(told.values_list("type", flat=True)) == ["dispatched"]


# === Failing ================================================================================


@pytest.mark.usefixtures("city")
def test_a_failing_consumer_waits_longer_each_time_and_blocks_nobody(
    consumer: Register,
) -> None:
    tries: list[dt.datetime] = []

    def fail(message: OutboxMessage, at: dt.datetime) -> None:
        tries.append(at)
        notice(message, at)
        raise ValueError("13800138000")

    consumer("broken", fail)
    consumer("counter", notice)
    number = accepted_ticket().number
    for n in range(0, 200, 5):
        outbox.deliver(at=AT + n * SECOND)

    assert seen() == Counter({number: 1}), "the broken one leaves nothing half done"
    assert [round((at - AT).total_seconds()) for at in tries] == [0, 10, 30, 70, 150]
    delivery = Delivery.objects.get(consumer="broken")
    assert (delivery.attempts, delivery.last_error) == (5, "ValueError")


@pytest.mark.usefixtures("city")
def test_a_consumer_that_recovers_catches_up(consumer: Register) -> None:
    is_down = True

    def effect(message: OutboxMessage, at: dt.datetime) -> None:
        if is_down:
            raise OSError
        notice(message, at)

    consumer("flaky", effect)
    number = accepted_ticket().number
    outbox.deliver(at=AT)
    age_messages()
    outbox.deliver(at=AT + SECOND)
    assert ConsumerProgress.objects.get(consumer="flaky").seen_through_id > 0
    assert outbox.undelivered(at=AT) == 1
    is_down = False
    outbox.deliver(at=AT + minutes(1))

    assert seen() == Counter({number: 1})
    assert outbox.undelivered(at=AT) == 0


@pytest.mark.usefixtures("city")
def test_a_message_that_failed_for_weeks_does_not_stop_its_consumer(
    consumer: Register,
) -> None:
    bad = accepted_ticket().number

    def effect(message: OutboxMessage, at: dt.datetime) -> None:
        if message.number == bad:
            raise ValueError
        notice(message, at)

    consumer("picky", effect)
    outbox.deliver(at=AT)
    Delivery.objects.filter(consumer="picky").update(attempts=500, next_attempt_at=AT)
    good = accepted_ticket().number
    outbox.deliver(at=AT + SECOND)

    assert seen() == Counter({good: 1})
    delivery = Delivery.objects.get(consumer="picky", delivered_at=None)
    assert delivery.next_attempt_at == AT + SECOND + hours(6)


# === Together ===============================================================================


def notice_all(messages: Sequence[OutboxMessage], at: dt.datetime) -> None:
    """A batch noticed in one go; a tick that took them one by one would write `seen` instead."""
    Notice.objects.bulk_create(
        Notice(type="seen together", number=message.number, created_at=at) for message in messages
    )


def seen_together() -> Counter[str]:
    return Counter(Notice.objects.filter(type="seen together").values_list("number", flat=True))


@pytest.mark.usefixtures("city")
def test_messages_taken_together_are_each_delivered_once(consumer: Register) -> None:
    consumer("joint", notice, together=notice_all)
    numbers = {accepted_ticket().number for _ in range(3)}
    for n in range(3):
        outbox.deliver(at=AT + n * SECOND)
        age_messages()

    assert (seen_together(), seen()) == (Counter(numbers), Counter())
    assert outbox.undelivered(at=AT) == 0


@pytest.mark.usefixtures("city")
def test_a_bad_message_in_a_batch_holds_up_only_itself(consumer: Register) -> None:
    bad, good = accepted_ticket().number, accepted_ticket().number

    def effect(message: OutboxMessage, at: dt.datetime) -> None:
        notice(message, at)
        if message.number == bad:
            raise ValueError

    def together(messages: Sequence[OutboxMessage], at: dt.datetime) -> None:
        notice_all(messages, at)
        raise ValueError

    consumer("joint", effect, together=together)
    outbox.deliver(at=AT)

    assert (seen_together(), seen()) == (Counter(), Counter({good: 1}))
    assert Delivery.objects.get(consumer="joint", delivered_at=None).attempts == 1


@pytest.mark.usefixtures("city")
def test_who_cannot_act_now_gets_the_whole_batch_with_the_next_tick(consumer: Register) -> None:
    is_busy = True

    def effect(message: OutboxMessage, at: dt.datetime) -> None:
        notice(message, at)
        if is_busy and seen().total() > 1:
            raise outbox.NotNow

    consumer("busy", effect)
    consumer("idle", lambda message, at: notice_all([message], at))
    numbers = Counter(accepted_ticket().number for _ in range(3))
    outbox.deliver(at=AT)
    assert (seen(), seen_together()) == (Counter(), numbers)
    assert not Delivery.objects.filter(consumer="busy").exists(), "nothing has failed"
    is_busy = False
    outbox.deliver(at=AT + SECOND)

    assert (seen(), seen_together()) == (numbers, numbers)


# === Order ==================================================================================


@pytest.mark.usefixtures("committed_city")
def test_a_message_committed_after_a_younger_one_is_not_lost(
    consumer: Register,
) -> None:
    consumer("counter", notice)
    line = (
        "INSERT INTO core_outboxmessage (created_at, ticket_id, number, seq, type)"
        " VALUES (%s, 1, %s, 1, 'accepted')"
    )
    slow = connection.copy()
    try:
        slow.set_autocommit(False)
        with slow.cursor() as cursor:
            cursor.execute(line, [AT, "older"])
        with connection.cursor() as cursor:
            cursor.execute(line, [AT, "younger"])
        outbox.deliver(at=AT)
        outbox.deliver(at=AT + SECOND)
        assert seen() == Counter({"younger": 1})
        slow.commit()
    finally:
        slow.close()
    outbox.deliver(at=AT + 2 * SECOND)
    age_messages()
    outbox.deliver(at=AT + 3 * SECOND)

    assert seen() == Counter({"older": 1, "younger": 1})
    last = OutboxMessage.objects.order_by("-id")[0].id
    assert ConsumerProgress.objects.get(consumer="counter").seen_through_id == last


@pytest.mark.usefixtures("city")
def test_more_than_a_batch_is_delivered_by_and_by(
    consumer: Register,
) -> None:
    consumer("counter", notice)
    numbers = {accepted_ticket().number for _ in range(5)}
    outbox.deliver(at=AT, batch=2)
    assert sum(seen().values()) == 2
    while outbox.deliver(at=AT, batch=2):
        age_messages()

    assert seen() == Counter(numbers)


# === Around it ==============================================================================


@pytest.mark.usefixtures("city")
def test_tickets_live_on_while_the_broker_is_away() -> None:

    broker = current_app.conf.broker_url
    current_app.conf.broker_url = "redis+socket:///nowhere/broker.sock"
    try:
        ticket = dispatched_ticket()
    finally:
        current_app.conf.broker_url = broker

    assert ticket.state == "dispatched"
    assert OutboxMessage.objects.filter(number=ticket.number).count() == 2


@pytest.mark.usefixtures("committed_city")
def test_the_beats_work_stands_aside_while_a_simulation_runs(
    consumer: Register,
) -> None:
    consumer("counter", notice)
    ticket = dispatched_ticket()
    events = TicketEvent.objects.filter(ticket_id=ticket.pk)
    began, may_end = threading.Event(), threading.Event()

    def simulate() -> None:
        with simulation():
            began.set()
            may_end.wait(timeout=20)

    def beat() -> tuple[bool, int, int]:
        began.wait(timeout=20)
        try:
            tasks.deliver_outbox()
            intake_tasks.sweep_clocks()
            return simulation_running(), sum(seen().values()), events.count()
        finally:
            may_end.set()

    _, stood_aside = together(simulate, beat)

    assert stood_aside == (True, 0, 2)
    assert not simulation_running()
    tasks.deliver_outbox()
    intake_tasks.sweep_clocks()
    assert sum(seen().values()) == 1
    assert events.count() > 2
