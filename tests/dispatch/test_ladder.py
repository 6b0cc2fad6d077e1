"""What follows a missed promise: urge, order, criticism, and who hears of it (R-103…R-106)."""

from __future__ import annotations

import datetime as dt

import pytest
from django.db import connection

from dispatch import ladder
from dispatch import services as dispatching
from dispatch.models import LadderStep, OrderReason, SupervisionOrder
from dispatch.services.rounds import has_unaccepted_order
from evaluation import services as evaluation
from hotline.core import outbox
from hotline.core.models import Delivery, Notice, OutboxMessage, Role, Staff
from hotline.core.reference import forget_all
from intake import services as intake
from intake.models import Clock, Ticket, TicketEvent
from intake.rendering import event_detail, event_label
from tests.factories import (
    AT,
    accepted_ticket,
    call_back,
    callback_agent,
    days,
    dispatched_ticket,
    dispatcher,
    fresh,
    handled_ticket,
    handler,
    hours,
    make_staff,
    minutes,
    reply_to,
    seed_reference,
    unit,
)
from tests.kernel.snapshots import events, running
from tests.kernel.together import together

SECOND = dt.timedelta(seconds=1)


@pytest.fixture
def _city(city: None) -> None:
    """The small city."""


@pytest.fixture
def committed_city(transactional_db: None) -> None:
    forget_all()
    seed_reference()


def tick(at: dt.datetime) -> None:
    """What beat does at an instant: the sweep, then every consequence."""
    intake.sweep(at=at)
    outbox.deliver_all(at=at)


def steps(ticket: Ticket, kind: str) -> list[tuple[str, dt.datetime]]:
    """The rungs a promise of this kind has climbed, with when each fell due."""
    clocks = Clock.objects.filter(ticket=ticket, kind=kind).values("pk")
    found = LadderStep.objects.filter(clock_id__in=clocks).order_by("taken_at", "id")
    return list(found.values_list("rung", "taken_at"))


def of_type(ticket: Ticket, type: str, kind: str = "") -> list[TicketEvent]:
    found = TicketEvent.objects.filter(ticket_id=ticket.pk, type=type).order_by("seq")
    return [event for event in found if not kind or event.data["kind"] == kind]


def told(ticket: Ticket, **whom: object) -> list[str]:
    found = Notice.objects.filter(number=ticket.number, **whom).order_by("id")
    return list(found.values_list("type", flat=True))


def unsigned(**fields: object) -> Ticket:
    """An order of 10:05 on Tuesday that nobody signs: missed at 22:05, its second rung on
    Wednesday at 22:05, its third five working days after the miss, on Tuesday at 22:05."""
    return dispatched_ticket(**fields)


MISSED = AT + hours(12) + minutes(5)
ORDERED = MISSED + days(1)
CRITICISED = MISSED + days(7)

pytestmark = pytest.mark.usefixtures("_city")


# === The rules ==============================================================================


@pytest.mark.parametrize(
    ("kind", "rung"),
    [
        ("sign", "urge"), ("first_contact", "urge"), ("cooperation", "urge"),
        ("delegation", "urge"), ("coordination", "urge"), ("supervision", "urge"),
        ("dispatch", "urge"), ("ruling", "urge"), ("callback", "urge"), ("closing", "urge"),
        ("promise", None), ("facts", None),
        ("rise_to_order", "order"), ("rise_to_criticism", "criticism"),
    ],
)  # fmt: skip
def test_every_promise_is_urged_but_the_citizens_and_the_requesters(
    kind: str, rung: str | None
) -> None:
    assert ladder.rung_of(kind) == rung


@pytest.mark.parametrize(
    ("kind", "unit_id", "follows"),
    [
        ("sign", 1, True), ("feedback", 1, True), ("final_reply", 1, True), ("measure", 1, True),
        ("dispatch", None, True), ("first_contact", 1, False), ("sign", 2, False),
        ("cooperation", 2, False), ("callback", None, False), ("supervision", 1, False),
    ],
)  # fmt: skip
def test_only_what_the_lead_owes_and_the_dispatch_rise_further(
    kind: str, unit_id: int | None, follows: bool
) -> None:
    assert ladder.rises(kind, unit_id, lead_unit_id=1) is follows


STREET, DISTRICT, HOTLINE = 1, 2, 9


@pytest.mark.parametrize(
    ("posts", "addressee"),
    [
        ([(STREET, "manager", 5), (DISTRICT, "manager", 6)], (STREET, [5])),
        ([(STREET, "handler", 5), (DISTRICT, "manager", 6)], (DISTRICT, [6])),
        ([(DISTRICT, "district_supervisor", 7), (HOTLINE, "city_supervisor", 8)], (DISTRICT, [7])),
        ([(DISTRICT, "handler", 7), (HOTLINE, "city_supervisor", 8)], (HOTLINE, [8])),
        ([(HOTLINE, "dispatcher", 8)], (HOTLINE, [])),
    ],
)
def test_a_vacant_post_sends_the_criticism_to_the_next_above(
    posts: list[ladder.Post], addressee: tuple[int, list[int]]
) -> None:
    assert ladder.whose_leaders([STREET, DISTRICT], HOTLINE, posts) == addressee


# === The first rung =========================================================================


def test_r106_a_missed_promise_is_urged_at_its_due_time_and_told_once() -> None:
    ticket = unsigned()
    tick(MISSED + SECOND)

    assert steps(ticket, "sign") == [("urge", MISSED)]
    (urged,) = of_type(ticket, "urged")
    assert (urged.occurred_at, urged.recorded_at) == (MISSED, MISSED + SECOND)
    assert urged.unit_id == ticket.lead_unit_id
    assert told(ticket, unit=ticket.lead_unit) == ["dispatched", "urged"]
    assert event_label("urged") == "催办"
    assert event_detail(urged) == "签收"


def test_a_promise_kept_too_late_is_told_as_missed_and_nothing_rises() -> None:
    ticket = unsigned()
    dispatching.sign(number=ticket.number, actor=handler(ticket), at=MISSED + minutes(1))
    tick(MISSED + minutes(2))

    assert steps(ticket, "sign") == [("urge", MISSED)]
    assert told(ticket, unit=ticket.lead_unit) == ["dispatched", "breached"]
    assert "rise_to_order" not in running(ticket)
    assert "仅作记录" in event_detail(of_type(ticket, "urged")[0])


def test_the_rungs_to_come_wait_as_clocks_that_warn_nobody() -> None:
    ticket = unsigned()
    tick(MISSED)
    tick(ORDERED - SECOND)

    waiting = running(ticket)
    assert waiting["rise_to_order"].due_at == ORDERED
    assert waiting["rise_to_criticism"].due_at == CRITICISED
    assert {clock.unit_id for k, clock in waiting.items() if k.startswith("rise")} == {None}
    assert not of_type(ticket, "warned", "rise_to_order")


def test_an_urge_does_not_spoil_the_form_somebody_has_open() -> None:
    ticket = unsigned()
    seen = fresh(ticket).version
    tick(MISSED)

    dispatching.sign(
        number=ticket.number, actor=handler(ticket), at=MISSED + minutes(1), version=seen
    )
    assert events(ticket)[-1] == "signed"


def test_what_is_done_ends_what_was_going_to_follow() -> None:
    ticket = unsigned()
    tick(MISSED)
    dispatching.sign(number=ticket.number, actor=handler(ticket), at=MISSED + hours(1))
    tick(CRITICISED + days(1))

    assert steps(ticket, "sign") == [("urge", MISSED)]
    assert not of_type(ticket, "ordered", "sign")


# === The second rung ========================================================================


def test_r106_after_a_working_day_the_unit_is_ordered_in_writing() -> None:
    ticket = unsigned()
    tick(MISSED)
    tick(ORDERED)

    order = SupervisionOrder.objects.get(ticket=ticket)
    assert steps(ticket, "sign")[1:] == [("order", ORDERED)]
    assert (order.unit, order.reason, order.issued_at) == (
        ticket.lead_unit, OrderReason.OVERDUE, ORDERED,
    )  # fmt: skip
    # Wednesday night and three working days: the weekend is not worked.
    answer = running(ticket)["supervision"]
    assert (answer.unit_id, answer.due_at) == (ticket.lead_unit_id, ORDERED + days(5))
    assert told(ticket, unit=ticket.lead_unit).count("ordered") == 1


def test_a_weekend_puts_the_second_rung_off() -> None:
    friday_noon = AT + days(3) + hours(2)
    ticket = dispatched_ticket(level="L2", at=friday_noon, dispatched_at=friday_noon)
    missed = friday_noon + hours(1)  # to be signed within the hour
    tick(missed)

    assert running(ticket)["rise_to_order"].due_at == missed + days(3)


def test_doing_what_was_owed_answers_the_order_at_once() -> None:
    ticket = unsigned()
    tick(MISSED)
    tick(ORDERED)
    done = ORDERED + hours(2)
    dispatching.sign(number=ticket.number, actor=handler(ticket), at=done)

    order = SupervisionOrder.objects.get(ticket=ticket)
    assert (order.answered_at, order.accepted_at, order.accepted_by) == (done, done, "system")
    assert not {"supervision", "rise_to_criticism"} & set(running(ticket))
    assert not has_unaccepted_order(fresh(ticket))


def test_one_of_two_missed_promises_kept_leaves_the_order_open() -> None:
    ticket = unsigned(level="L2")  # to be signed within the hour, answered within a day
    for n in range(0, 80, 1):
        tick(AT + hours(n))
    assert SupervisionOrder.objects.filter(ticket=ticket).count() == 1
    dispatching.sign(number=ticket.number, actor=handler(ticket), at=AT + hours(80))
    assert SupervisionOrder.objects.get(ticket=ticket).answered_at is None

    reply_to(fresh(ticket), at=AT + hours(81))

    order = SupervisionOrder.objects.get(ticket=ticket)
    assert (order.answered_at, order.accepted_at) == (AT + hours(81), AT + hours(81))
    assert [rung for rung, _at in steps(ticket, "feedback")] == ["urge", "order"]
    assert of_type(ticket, "ordered", "feedback")[0].data["order"] is None


def test_an_overdue_order_never_stands_in_the_way_of_the_close() -> None:
    ticket = handled_ticket(level="L2")
    for n in range(1, 60):
        tick(AT + hours(n))
    assert SupervisionOrder.objects.filter(ticket=ticket, answered_at=None).exists()
    ticket = reply_to(fresh(ticket), at=AT + hours(60))
    by = {"number": ticket.number, "actor": callback_agent()}
    call_back(ticket, at=AT + days(3))
    evaluation.close(**by, at=AT + days(3))

    assert fresh(ticket).state == "closed"


def test_an_order_that_lapsed_with_a_recall_is_not_answered_by_the_next_unit() -> None:
    ticket = unsigned()
    tick(MISSED)
    tick(ORDERED)
    by = {"number": ticket.number, "actor": dispatcher()}
    dispatching.recall(**by, at=ORDERED + hours(1), reason="派错")
    assert set(running(ticket)) == {"promise", "dispatch"}
    dispatching.dispatch(**by, at=ORDERED + hours(2), lead_unit=unit("city-urban"))
    dispatching.sign(number=ticket.number, actor=handler(unit("city-urban")), at=ORDERED + hours(3))

    assert SupervisionOrder.objects.get(ticket=ticket).answered_at is None


def test_the_time_to_answer_runs_from_the_issue_however_late_that_is() -> None:
    ticket = unsigned()
    tick(MISSED)
    late = ORDERED + days(1)
    tick(late)

    assert steps(ticket, "sign")[1] == ("order", ORDERED)
    assert SupervisionOrder.objects.get(ticket=ticket).issued_at == late
    assert running(ticket)["supervision"].opens_at == late


def test_a_rung_noticed_after_the_deed_is_kept_and_troubles_nobody() -> None:
    ticket = unsigned()
    tick(MISSED)
    dispatching.sign(number=ticket.number, actor=handler(ticket), at=ORDERED + minutes(1))
    tick(ORDERED + minutes(2))

    assert steps(ticket, "sign")[1:] == [("order", ORDERED)]
    assert of_type(ticket, "ordered")[0].data["is_over"] is True
    assert not SupervisionOrder.objects.filter(ticket=ticket).exists()
    assert "ordered" not in told(ticket)


# === The third rung =========================================================================


def climbed(ticket: Ticket) -> Ticket:
    """Through all three rungs, each noticed in time."""
    for at in (MISSED, ORDERED, CRITICISED):
        tick(at)
    return ticket


def criticism(ticket: Ticket) -> LadderStep:
    sign = Clock.objects.get(ticket=ticket, kind="sign")
    return LadderStep.objects.get(clock_id=sign.pk, rung="criticism")


def personally(ticket: Ticket) -> set[Staff | None]:
    found = Notice.objects.filter(number=ticket.number, type="criticised", staff__isnull=False)
    return {notice.staff for notice in found}


def test_r106_after_five_working_days_the_units_leader_is_told_in_person() -> None:
    leader = make_staff(Role.MANAGER, unit())
    make_staff(Role.MANAGER, unit("990101"))
    ticket = climbed(unsigned())

    assert steps(ticket, "sign")[2:] == [("criticism", CRITICISED)]
    assert criticism(ticket).addressee == unit()
    assert personally(ticket) == {leader}
    assert "criticised" in told(ticket, unit=unit())


def test_where_the_post_is_vacant_the_district_is_told_and_sees_the_ticket() -> None:
    make_staff(Role.MANAGER, unit(), is_active=False)
    supervisor = make_staff(Role.DISTRICT_SUPERVISOR, unit("990101"))
    ticket = climbed(unsigned())

    assert criticism(ticket).addressee == unit("990101")
    assert personally(ticket) == {supervisor}
    assert ticket.accesses.filter(unit=unit("990101"), until=None).exists()


def test_a_unit_without_anybody_is_not_forgotten() -> None:
    supervisor = make_staff(Role.CITY_SUPERVISOR)
    ticket = climbed(unsigned(lead_unit=unit("city-urban")))

    assert criticism(ticket).addressee == unit("hotline")
    assert personally(ticket) == {supervisor}
    assert "criticised" in told(ticket, unit=unit("city-urban"))


def test_the_desks_own_lateness_climbs_to_the_citys_supervisors() -> None:
    supervisor = make_staff(Role.CITY_SUPERVISOR)
    ticket = accepted_ticket()
    missed = AT + hours(24)
    for at in (missed, missed + days(1), missed + days(7)):
        tick(at)

    assert steps(ticket, "dispatch") == [
        ("urge", missed), ("order", missed + days(1)), ("criticism", missed + days(7)),
    ]  # fmt: skip
    assert not SupervisionOrder.objects.exists()
    assert personally(ticket) == {supervisor}
    ours = told(ticket, unit=unit("hotline"))
    assert [type for type in ours if type != "warned"] == ["urged", "ordered", "criticised"]


# === Once ===================================================================================


def test_a_consumer_that_fails_halfway_leaves_nothing_and_climbs_once() -> None:
    ticket = unsigned()
    tick(MISSED)
    intake.sweep(at=ORDERED)
    # The last thing written is the event, and its number is no longer an integer of the column.
    seq = fresh(ticket).event_seq
    Ticket.objects.filter(pk=ticket.pk).update(event_seq=2_147_483_647)
    outbox.deliver_all(at=ORDERED)
    assert not SupervisionOrder.objects.exists()
    assert "supervision" not in running(ticket)
    Ticket.objects.filter(pk=ticket.pk).update(event_seq=seq)
    outbox.deliver_all(at=ORDERED + minutes(1))

    assert steps(ticket, "sign")[1:] == [("order", ORDERED)]
    assert SupervisionOrder.objects.filter(ticket=ticket).count() == 1
    assert len(of_type(ticket, "ordered")) == 1


def test_a_breach_delivered_twice_climbs_once() -> None:
    ticket = unsigned()
    tick(MISSED)
    breach = OutboxMessage.objects.get(ticket_id=ticket.pk, type="breached")
    before = events(ticket)
    ladder.climb(breach, MISSED + minutes(1))
    Delivery.objects.filter(consumer="ladder").delete()
    outbox.deliver_all(at=MISSED + minutes(2))

    assert events(ticket) == before
    assert steps(ticket, "sign") == [("urge", MISSED)]


@pytest.mark.usefixtures("committed_city")
def test_overlapping_ticks_climb_once() -> None:
    tickets = [unsigned() for _ in range(5)]
    intake.sweep(at=MISSED)
    results = together(*[lambda: outbox.deliver_all(at=MISSED)] * 3)
    assert not [r for r in results if isinstance(r, Exception)]
    outbox.deliver_all(at=MISSED + minutes(1))

    for ticket in tickets:
        assert steps(ticket, "sign") == [("urge", MISSED)]
        assert events(ticket).count("urged") == 1
        assert told(ticket, unit=ticket.lead_unit).count("urged") == 1


@pytest.mark.usefixtures("committed_city")
def test_a_ticket_somebody_holds_climbs_when_it_is_free() -> None:
    held, free = unsigned(), unsigned()
    intake.sweep(at=MISSED)
    other = connection.copy()
    try:
        other.set_autocommit(False)
        with other.cursor() as cursor:
            cursor.execute("SELECT 1 FROM intake_ticket WHERE id = %s FOR UPDATE", [held.pk])
        outbox.deliver_all(at=MISSED)
        assert (steps(held, "sign"), steps(free, "sign")) == ([], [("urge", MISSED)])
    finally:
        other.rollback()
        other.close()
    outbox.deliver_all(at=MISSED + minutes(1))

    assert steps(held, "sign") == [("urge", MISSED)]


# === Notices ================================================================================


def test_every_unit_that_gets_an_order_hears_of_it() -> None:
    ticket = accepted_ticket()
    dispatching.dispatch(
        number=ticket.number, actor=dispatcher(), at=AT + minutes(5), lead_unit=unit(),
        cooperators=[unit("city-urban"), unit("990101001001")],
    )  # fmt: skip
    outbox.deliver_all(at=AT + minutes(5))

    heard = Notice.objects.filter(number=ticket.number).values_list("unit__code", "type")
    assert set(heard) == {
        (code, "dispatched") for code in ("990101001", "city-urban", "990101001001")
    }


def test_units_whose_order_ends_with_a_recall_hear_of_it_too() -> None:
    ticket = accepted_ticket()
    by = {"number": ticket.number, "actor": dispatcher()}
    dispatching.dispatch(
        **by, at=AT + minutes(5), lead_unit=unit(), cooperators=[unit("city-urban")]
    )
    dispatching.recall(**by, at=AT + minutes(9), reason="派错")
    outbox.deliver_all(at=AT + minutes(10))

    assert told(ticket, unit=unit("city-urban")) == ["dispatched", "recalled"]
    assert told(ticket, unit=unit()) == ["dispatched", "recalled"]


@pytest.mark.parametrize(("level", "is_urgent"), [("L1", True), ("L2", False), ("L3", False)])
def test_notices_of_the_first_level_are_urgent(level: str, is_urgent: bool) -> None:
    ticket = dispatched_ticket(level=level)
    outbox.deliver_all(at=AT + minutes(5))

    assert {n.is_urgent for n in Notice.objects.filter(number=ticket.number)} == {is_urgent}


def test_the_hotline_hears_of_what_it_owes_and_not_of_the_citizens_promise() -> None:
    ticket = accepted_ticket(level="L2")  # to be dispatched within two hours
    tick(AT + hours(1) + minutes(30))
    tick(AT + hours(2))
    tick(AT + hours(24))

    ours = Notice.objects.filter(number=ticket.number, unit=unit("hotline")).order_by("id")
    assert list(ours.values_list("type", flat=True)) == ["warned", "urged"]
    assert {event.data["kind"] for event in of_type(ticket, "breached")} == {"dispatch", "promise"}
