"""The sweep: warnings and breaches, once each, whatever else happens."""

from __future__ import annotations

import datetime as dt
import time

import pytest
from django.db import connection

from dispatch import services as dispatching
from hotline.core.reference import forget_all
from hotline.core.violations import RuleViolation
from intake import services as intake
from intake.models import Clock, Ticket, TicketEvent
from intake.services.sweeping import POISON_PAUSE
from tests.factories import (
    AT,
    accepted_ticket,
    agent,
    channel,
    days,
    dispatched_ticket,
    fresh,
    handled_ticket,
    handler,
    hours,
    minutes,
    replied_ticket,
    seed_reference,
)
from tests.kernel.snapshots import events, running, snapshot
from tests.kernel.together import together

SECOND = dt.timedelta(seconds=1)


@pytest.fixture
def committed_city(transactional_db: None) -> None:
    """The small city in the database for everybody, for tests with several connections."""
    forget_all()
    seed_reference()


def of_kind(ticket: Ticket, type: str) -> list[TicketEvent]:
    return list(TicketEvent.objects.filter(ticket_id=ticket.pk, type=type).order_by("seq"))


# === One ticket =============================================================================


@pytest.mark.usefixtures("city")
def test_amber_comes_when_a_quarter_is_left_and_red_when_nothing_is() -> None:
    ticket = accepted_ticket(level="L1")  # to be dispatched within the hour
    intake.sweep(at=AT + minutes(45) - SECOND)
    assert events(ticket) == ["accepted"]
    intake.sweep(at=AT + minutes(45))
    assert events(ticket) == ["accepted", "warned"]
    intake.sweep(at=AT + hours(1) - SECOND)
    assert events(ticket) == ["accepted", "warned"]
    intake.sweep(at=AT + hours(1))

    assert events(ticket) == ["accepted", "warned", "breached"]
    breach = of_kind(ticket, "breached")[0]
    assert (breach.data["kind"], breach.occurred_at) == ("dispatch", AT + hours(1))


@pytest.mark.usefixtures("city")
def test_a_late_sweep_records_the_time_the_promise_was_missed() -> None:
    ticket = dispatched_ticket(level="L2")
    due = {clock.pk: clock.due_at for clock in Clock.objects.running().filter(ticket=ticket)}
    at = AT + days(9)
    intake.sweep(at=at)

    for clock in Clock.objects.filter(pk__in=due):
        assert clock.breached_at == clock.due_at == due[clock.pk]
    for event in of_kind(ticket, "breached"):
        assert (event.occurred_at, event.recorded_at) == (due[event.data["clock"]], at)
    assert not of_kind(ticket, "warned"), "nobody is warned of what is over"


@pytest.mark.usefixtures("city")
def test_a_second_sweep_finds_nothing_to_say() -> None:
    ticket = handled_ticket(level="L1")
    intake.sweep(at=AT + days(1))
    before = snapshot([ticket.pk])

    assert intake.sweep(at=AT + days(1)) == 0
    assert intake.sweep(at=AT + days(2)) == 0
    assert snapshot([ticket.pk]) == before


@pytest.mark.usefixtures("city")
def test_a_ticket_nobody_leads_yet_is_swept_too() -> None:
    ticket = accepted_ticket(level="L2", area=None)
    intake.sweep(at=AT + hours(25))

    missed = {event.data["kind"] for event in of_kind(ticket, "breached")}
    assert missed == {"dispatch", "promise"}
    assert {event.unit_id for event in of_kind(ticket, "breached")} == {None}


@pytest.mark.usefixtures("city")
def test_a_promise_kept_five_seconds_late_is_missed_without_any_sweep() -> None:
    ticket = dispatched_ticket(level="L1")
    due = running(ticket)["sign"].due_at
    dispatching.sign(number=ticket.number, actor=handler(ticket), at=due + 5 * SECOND)

    clock = Clock.objects.get(ticket=ticket, kind="sign")
    assert (clock.breached_at, clock.stopped_at) == (due, due + 5 * SECOND)
    assert events(ticket) == ["accepted", "dispatched", "breached", "signed"] or events(ticket) == [
        "accepted",
        "dispatched",
        "signed",
        "breached",
    ]


@pytest.mark.usefixtures("city")
@pytest.mark.parametrize(("offset", "is_late"), [(-SECOND, False), (0 * SECOND, True)])
def test_the_due_second_itself_is_too_late(offset: dt.timedelta, is_late: bool) -> None:
    ticket = dispatched_ticket(level="L1")
    due = running(ticket)["sign"].due_at
    dispatching.sign(number=ticket.number, actor=handler(ticket), at=due + offset)

    assert (Clock.objects.get(ticket=ticket, kind="sign").breached_at is not None) == is_late


@pytest.mark.usefixtures("city")
def test_nothing_of_a_closed_ticket_is_ever_late() -> None:
    ticket = accepted_ticket()
    intake.inform(
        number=ticket.number, actor=agent(), at=AT + minutes(5), code="d6_dissuaded", reason="x"
    )
    intake.sweep(at=AT + days(60))

    assert events(ticket) == ["accepted", "informed"]


@pytest.mark.usefixtures("city")
def test_a_warning_does_not_spoil_the_form_somebody_has_open() -> None:
    ticket = handled_ticket()
    seen = fresh(ticket).version
    intake.sweep(at=AT + days(6))
    dispatching.contact(
        number=ticket.number, actor=handler(ticket), at=AT + days(6), method="phone", version=seen
    )

    assert "warned" in events(ticket)
    assert events(ticket)[-1] == "contacted"


@pytest.mark.usefixtures("city")
def test_a_missed_call_back_is_the_hotlines_own_lateness() -> None:
    ticket = replied_ticket()
    intake.sweep(at=AT + days(5))

    missed = of_kind(ticket, "breached")
    assert [(event.data["kind"], event.unit_id) for event in missed] == [("callback", None)]


@pytest.mark.usefixtures("city")
def test_a_clock_that_says_it_is_due_and_is_not_cannot_loop_the_sweep() -> None:
    ticket, other = accepted_ticket(), accepted_ticket(level="L1")
    odd = running(ticket)["promise"]
    Clock.objects.filter(pk=odd.pk).update(warned_at=AT, sweep_at=AT)
    begun = time.monotonic()
    intake.sweep(at=AT + hours(1))

    assert time.monotonic() - begun < 5
    assert "breached" in events(other)
    assert running(ticket)["promise"].sweep_at == odd.due_at


# === Many ===================================================================================


@pytest.mark.usefixtures("city")
def test_a_poisoned_row_is_put_off_and_stops_nobody_else() -> None:
    before, poisoned, after = (accepted_ticket(level="L1") for _ in range(3))
    # The next event cannot be written: its number is no longer an integer of the column.
    Ticket.objects.filter(pk=poisoned.pk).update(event_seq=2_147_483_647)
    at = AT + hours(1)
    intake.sweep(at=at)

    assert "breached" in events(before)
    assert "breached" in events(after)
    assert events(poisoned) == ["accepted"]
    put_off = set(
        Clock.objects.filter(ticket=poisoned, kind="dispatch").values_list("sweep_at", flat=True)
    )
    assert put_off == {at + POISON_PAUSE}
    Ticket.objects.filter(pk=poisoned.pk).update(event_seq=1)
    intake.sweep(at=at + POISON_PAUSE)
    assert Clock.objects.get(ticket=poisoned, kind="dispatch").breached_at == AT + hours(1)


def many_tickets(count: int) -> list[Ticket]:
    """Bulk-built tickets with two clocks each, all due within two hours."""
    way = channel()
    tickets = Ticket.objects.bulk_create(
        Ticket(
            number=f"2026041499{n:05}0", level="L1", request_type="help", channel=way,
            called_at=AT, accepted_at=AT, promised_at=AT + hours(2), version=1, event_seq=1,
        )
        for n in range(count)
    )  # fmt: skip
    Clock.objects.bulk_create(
        Clock(
            ticket=ticket, kind=kind, started_at=AT, opens_at=AT, warn_at=AT + hours(n) / 2,
            due_at=AT + hours(n), sweep_at=AT + hours(n) / 2,
        )
        for ticket in tickets
        for n, kind in ((1, "dispatch"), (2, "promise"))
    )  # fmt: skip
    return tickets


@pytest.mark.usefixtures("city")
def test_two_thousand_clocks_are_swept_in_one_go() -> None:
    many_tickets(1_000)
    begun = time.monotonic()
    touched = intake.sweep(at=AT + hours(3))

    assert touched >= 1_000
    assert Clock.objects.filter(breached_at__isnull=False).count() == 2_000
    assert TicketEvent.objects.filter(type="breached").count() == 2_000
    assert not Clock.objects.to_sweep(AT + days(30)).exists()
    assert time.monotonic() - begun < 30


@pytest.mark.usefixtures("committed_city")
def test_two_sweeps_at_once_breach_once() -> None:
    tickets = many_tickets(300)
    results = together(*[lambda: intake.sweep(at=AT + hours(3))] * 3)
    assert not [r for r in results if isinstance(r, Exception)]
    intake.sweep(at=AT + hours(3))

    assert Clock.objects.filter(breached_at__isnull=False).count() == 600
    assert TicketEvent.objects.filter(type="breached").count() == 600
    for ticket in tickets[:5]:
        seqs = TicketEvent.objects.filter(ticket_id=ticket.pk).order_by("seq")
        assert list(seqs.values_list("seq", flat=True)) == [2, 3]


@pytest.mark.usefixtures("committed_city")
def test_a_reply_and_a_sweep_at_once_breach_once() -> None:
    tickets = [handled_ticket() for _ in range(4)]
    at = AT + days(8)
    hands = {ticket.pk: handler(ticket) for ticket in tickets}

    def reply(ticket: Ticket) -> None:
        dispatching.reply(
            number=ticket.number, actor=hands[ticket.pk], at=at, text="已修好", solved="yes",
            told_by="phone",
        )  # fmt: skip

    results = together(lambda: intake.sweep(at=at), *[lambda t=t: reply(t) for t in tickets])

    assert not [r for r in results if isinstance(r, Exception)]
    for ticket in tickets:
        missed = [event.data["kind"] for event in of_kind(ticket, "breached")]
        assert sorted(missed) == ["feedback", "first_contact", "promise"]
        seqs = TicketEvent.objects.filter(ticket_id=ticket.pk).order_by("seq")
        assert list(seqs.values_list("seq", flat=True)) == list(
            range(1, fresh(ticket).event_seq + 1)
        )


@pytest.mark.usefixtures("committed_city")
def test_the_sweep_passes_by_a_ticket_somebody_works_on() -> None:
    held, free = accepted_ticket(level="L1"), accepted_ticket(level="L1")
    other = connection.copy()
    try:
        other.set_autocommit(False)
        with other.cursor() as cursor:
            cursor.execute("SELECT 1 FROM intake_ticket WHERE id = %s FOR UPDATE", [held.pk])
        begun = time.monotonic()
        intake.sweep(at=AT + hours(1))

        assert time.monotonic() - begun < 2
        assert "breached" in events(free)
        assert "breached" not in events(held)
    finally:
        other.rollback()
        other.close()
    intake.sweep(at=AT + hours(2))
    assert of_kind(held, "breached")[0].occurred_at == AT + hours(1)


@pytest.mark.usefixtures("city")
def test_a_refused_act_records_no_lateness_either() -> None:
    ticket = dispatched_ticket(level="L1")
    with pytest.raises(RuleViolation):
        dispatching.raise_objection(
            number=ticket.number, actor=handler(ticket), at=AT + hours(5), reason="x", basis="y"
        )

    assert events(ticket) == ["accepted", "dispatched"]
