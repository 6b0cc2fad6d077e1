"""领导批示: given in a sentence, answered within a clock of its own, read by the leader."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest

from dispatch import services as dispatching
from dispatch.models import Assignment, OrderReason, SupervisionOrder
from dispatch.services.rounds import issue_overdue_order
from evaluation import services as evaluation
from hotline.core import outbox
from hotline.core.actors import SYSTEM, Actor
from hotline.core.models import Notice, Role
from hotline.core.violations import NotPermitted, NotVisible, RuleViolation
from intake import services as intake
from intake.acts import Act
from intake.models import Clock, Ticket, TicketEvent
from tests.factories import (
    AT,
    accepted_ticket,
    actor,
    call_back,
    callback_agent,
    closed_ticket,
    days,
    dispatched_ticket,
    dispatcher,
    fresh,
    handled_ticket,
    handler,
    hours,
    replied_ticket,
    reply_to,
    unit,
)
from tests.kernel.snapshots import events, running
from tests.kernel.test_visibility import under_order

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("city")]

GIVEN, ANSWERED = AT + hours(2), AT + hours(5)
TEXT = "今日到现场核实，查明为何一再停暖。"


def leader() -> Actor:
    return actor(Role.CITY_SUPERVISOR)


def instruct(ticket: Ticket, by: Actor | None = None, at: dt.datetime = GIVEN, **words: Any) -> Any:
    dispatching.instruct(
        number=ticket.number, actor=by or leader(), at=at, **({"text": TEXT} | words)
    )
    return SupervisionOrder.objects.latest("pk")


def answer(ticket: Ticket, at: dt.datetime = ANSWERED, **words: Any) -> None:
    by = words.pop("actor", None) or handler(ticket)
    said = {"answer": "已到现场，管网破裂，今晚抢修。"} | words
    dispatching.answer_instruction(number=ticket.number, actor=by, at=at, **said)


def clock_of(order: SupervisionOrder) -> Clock:
    return Clock.objects.get(pk=order.clock_id)


def refused(act: Callable[..., Any], *args: Any, **words: Any) -> str:
    with pytest.raises(RuleViolation) as refusal:
        act(*args, **words)
    return refusal.value.code


# --- given ------------------------------------------------------------------------------------


def test_an_instruction_is_an_order_with_a_clock_and_an_event_of_codes() -> None:
    ticket = handled_ticket()
    by = leader()

    order = instruct(ticket, by)

    clock = clock_of(order)
    assert (order.reason, order.text, order.unit_id) == ("instruction", TEXT, unit().pk)
    assert (order.issued_at, order.issued_by) == (GIVEN, by.reference)
    assert (clock.kind, clock.unit_id, clock.is_running) == ("supervision", unit().pk, True)
    event = TicketEvent.objects.get(ticket_id=ticket.pk, type="instructed")
    assert (event.unit_id, event.data) == (unit().pk, {})


def test_the_answer_is_due_in_three_working_days() -> None:
    order = instruct(handled_ticket())

    assert clock_of(order).due_at == GIVEN + days(3)


@pytest.mark.parametrize("level", ["L1", "L2"])
def test_an_urgent_one_is_due_within_hours(level: str) -> None:
    order = instruct(handled_ticket(level=level), at=AT + hours(1))

    assert clock_of(order).due_at == AT + hours(5)


def test_the_leader_may_say_when() -> None:
    order = instruct(handled_ticket(), due_at=GIVEN + hours(1))

    assert clock_of(order).due_at == GIVEN + hours(1)


def test_a_time_that_has_passed_is_refused() -> None:
    ticket = handled_ticket()

    assert refused(instruct, ticket, due_at=GIVEN) == "instruction_due_passed"
    assert not SupervisionOrder.objects.exists()
    assert "supervision" not in running(ticket)


def test_one_without_words_is_refused() -> None:
    assert refused(instruct, handled_ticket(), text="  ") == "instruction_required"


def test_numbers_of_people_do_not_stay_in_the_text() -> None:
    ticket = handled_ticket()

    order = instruct(ticket, text="请联系诉求人13812345678当面说明")
    answer(ticket, answer="已致电13812345678")

    order = SupervisionOrder.objects.get(pk=order.pk)
    assert order.text == "请联系诉求人〔电话1〕当面说明"
    assert order.answer == "已致电〔电话1〕"


@pytest.mark.parametrize("make", [accepted_ticket, closed_ticket])
def test_where_no_unit_has_it_nobody_is_instructed(make: Callable[[], Ticket]) -> None:
    ticket = make()

    assert refused(instruct, ticket, at=AT + days(3)) == "move_not_allowed"


def test_a_unit_that_has_replied_is_instructed_as_well() -> None:
    ticket = replied_ticket()

    order = instruct(ticket)
    answer(ticket)

    assert SupervisionOrder.objects.get(pk=order.pk).answered_at == ANSWERED


def test_the_supervisor_of_another_district_knows_nothing_of_it() -> None:
    ticket = handled_ticket()

    instruct(ticket, actor(Role.DISTRICT_SUPERVISOR, unit("990101")))
    with pytest.raises(NotVisible):
        instruct(ticket, actor(Role.DISTRICT_SUPERVISOR, unit("990102")))

    assert SupervisionOrder.objects.count() == 1


def test_a_dispatcher_instructs_nobody() -> None:
    with pytest.raises(NotPermitted):
        instruct(handled_ticket(), dispatcher())


def test_the_unit_is_told_at_once_and_the_leader_of_the_answer() -> None:
    ticket = handled_ticket()
    by = leader()
    instruct(ticket, by)
    outbox.deliver_all(at=GIVEN)
    told = Notice.objects.get(type="instructed")

    answer(ticket)
    outbox.deliver_all(at=ANSWERED)

    assert told.unit_id == unit().pk
    assert Notice.objects.get(type="instruction_answered").staff_id == by.id


def test_the_inbox_of_the_unit_sorts_by_it() -> None:
    ticket = handled_ticket()

    order = instruct(ticket, due_at=GIVEN + hours(1))
    was = Assignment.objects.get(ticket=ticket, role="lead").next_due_at
    answer(ticket)

    assert was == clock_of(order).due_at
    now = Assignment.objects.get(ticket=ticket, role="lead").next_due_at
    assert now is not None
    assert now > was


# --- answered ---------------------------------------------------------------------------------


def test_an_answer_in_time_keeps_the_promise() -> None:
    ticket = handled_ticket()
    order = instruct(ticket)

    answer(ticket)

    order = SupervisionOrder.objects.get(pk=order.pk)
    clock = clock_of(order)
    assert order.answered_by.startswith("staff:")
    assert order.waits_for_reading
    assert (clock.stopped_at, clock.breached_at, clock.is_cancelled) == (ANSWERED, None, False)
    assert "instruction_answered" in events(ticket)


def test_an_answer_after_its_time_is_taken_and_stays_late() -> None:
    ticket = handled_ticket()
    order = instruct(ticket, due_at=GIVEN + hours(1))

    answer(ticket)

    assert clock_of(order).breached_at == GIVEN + hours(1)
    assert SupervisionOrder.objects.get(pk=order.pk).answered_at == ANSWERED


def test_each_of_several_has_its_own_clock() -> None:
    ticket = handled_ticket()
    first = instruct(ticket)
    second = instruct(ticket, actor(Role.DISTRICT_SUPERVISOR, unit("990101")))

    answer(ticket, instruction=second.pk)

    assert clock_of(first).is_running
    assert not clock_of(second).is_running
    answer(ticket)
    assert not clock_of(first).is_running
    assert refused(answer, ticket) == "no_instruction"


def test_a_reply_to_the_requester_answers_no_instruction() -> None:
    ticket = handled_ticket()
    order = instruct(ticket)

    reply_to(ticket, at=AT + hours(3))

    assert clock_of(order).is_running
    assert SupervisionOrder.objects.get(pk=order.pk).answered_at is None


# --- read -------------------------------------------------------------------------------------


def test_the_leader_reads_the_answer_and_is_done() -> None:
    ticket = handled_ticket()
    order, by = instruct(ticket), leader()
    answer(ticket)

    dispatching.accept_instruction(number=ticket.number, actor=by, at=AT + hours(6))

    order = SupervisionOrder.objects.get(pk=order.pk)
    assert (order.accepted_at, order.accepted_by) == (AT + hours(6), by.reference)
    assert not SupervisionOrder.objects.in_hand().exists()


def test_what_is_not_answered_cannot_be_read() -> None:
    ticket = handled_ticket()
    instruct(ticket)

    code = refused(
        dispatching.accept_instruction, number=ticket.number, actor=leader(), at=ANSWERED
    )
    assert code == "no_instruction_answer"


def test_sent_back_it_must_be_answered_again_and_nothing_is_lost() -> None:
    ticket = handled_ticket()
    first = instruct(ticket)
    answer(ticket, answer="正在核实")

    dispatching.send_back_instruction(
        number=ticket.number, actor=leader(), at=AT + hours(6), text="请写明何时修好"
    )

    first = SupervisionOrder.objects.get(pk=first.pk)
    second = SupervisionOrder.objects.get(follows=first)
    assert (first.answer, first.sent_back_at) == ("正在核实", AT + hours(6))
    assert (second.text, second.is_pending) == ("请写明何时修好", True)
    assert clock_of(second).opens_at == AT + hours(6)
    assert list(SupervisionOrder.objects.in_hand()) == [second]


# --- what becomes of it when the unit loses the ticket ------------------------------------------


def recall(ticket: Ticket) -> None:
    dispatching.recall(number=ticket.number, actor=dispatcher(), at=AT + hours(3), reason="派错")


def merge(ticket: Ticket) -> None:
    target = dispatched_ticket(phone="13911112222", name="李强")
    intake.merge_into(
        number=ticket.number, actor=dispatcher(), at=AT + hours(3), target=target.number
    )


def withdraw(ticket: Ticket) -> None:
    intake.withdraw(number=ticket.number, actor=dispatcher(), at=AT + hours(3), is_confirmed=True)


def take_over(ticket: Ticket) -> None:
    dispatching.escalate(
        number=ticket.number, actor=handler(ticket), at=AT + hours(3), authority=unit("990101"),
        question="x",
    )  # fmt: skip
    dispatching.answer_escalation(
        number=ticket.number, actor=handler(unit("990101")), at=AT + hours(3), opinion="提级",
        takes_over=True,
    )  # fmt: skip


@pytest.mark.parametrize("lose", [recall, merge, withdraw, take_over])
def test_unanswered_it_lapses_and_comes_back_to_the_leader(lose: Callable[[Ticket], None]) -> None:
    ticket = handled_ticket()
    order = instruct(ticket)

    lose(ticket)

    order = SupervisionOrder.objects.get(pk=order.pk)
    assert order.lapsed_at == AT + hours(3)
    assert order.waits_for_reading
    assert clock_of(order).is_cancelled
    dispatching.accept_instruction(number=ticket.number, actor=leader(), at=AT + hours(4))
    assert not SupervisionOrder.objects.in_hand().exists()


def test_a_lapsed_one_is_put_to_the_next_unit_when_it_is_sent_back() -> None:
    ticket = handled_ticket()
    order = instruct(ticket)
    recall(ticket)
    dispatching.dispatch(
        number=ticket.number, actor=dispatcher(), at=AT + hours(4), lead_unit=unit("990101002")
    )

    dispatching.send_back_instruction(
        number=ticket.number, actor=leader(), at=AT + hours(5), text=TEXT
    )

    assert SupervisionOrder.objects.get(follows=order).unit_id == unit("990101002").pk


def test_an_answer_stays_to_be_read_when_the_ticket_is_closed() -> None:
    ticket = replied_ticket()
    order = instruct(ticket)
    answer(ticket, at=AT + hours(2.5))
    call_back(ticket, at=AT + hours(3))

    evaluation.close(number=ticket.number, actor=callback_agent(), at=AT + hours(3))

    order = SupervisionOrder.objects.get(pk=order.pk)
    assert (order.lapsed_at, order.waits_for_reading) == (None, True)
    dispatching.accept_instruction(number=ticket.number, actor=leader(), at=AT + hours(4))


def test_an_open_instruction_keeps_no_ticket_from_being_closed() -> None:
    ticket = replied_ticket()
    order = instruct(ticket)
    call_back(ticket, at=AT + hours(3))

    evaluation.close(number=ticket.number, actor=callback_agent(), at=AT + hours(3))

    assert fresh(ticket).state == "closed"
    assert SupervisionOrder.objects.get(pk=order.pk).lapsed_at == AT + hours(3)


# --- beside the orders that the work itself answers ---------------------------------------------


def overdue_order(ticket: Ticket, at: dt.datetime) -> SupervisionOrder | None:
    a = Act(Ticket.objects.select_for_update().get(pk=ticket.pk), SYSTEM, at)
    promise = Clock.objects.running().get(ticket=ticket, kind="feedback")
    order = issue_overdue_order(a, promise)
    a.record("ordered", unit_id=promise.unit_id)
    a.write()
    return order


def test_a_missed_promise_is_ordered_also_under_an_instruction() -> None:
    ticket = handled_ticket()
    instruct(ticket)

    assert overdue_order(ticket, AT + days(8)) is not None
    assert overdue_order(ticket, AT + days(8)) is None


def test_doing_what_was_owed_answers_the_order_and_not_the_instruction() -> None:
    ticket = handled_ticket()
    overdue_order(ticket, AT + days(8))
    given = instruct(ticket, at=AT + days(8))

    reply_to(ticket, at=AT + days(8) + hours(1))

    ordered = SupervisionOrder.objects.get(reason=OrderReason.OVERDUE)
    assert ordered.answered_at == AT + days(8) + hours(1)
    assert SupervisionOrder.objects.get(pk=given.pk).answered_at is None
    assert clock_of(given).is_running


def test_a_takeover_brings_no_order_where_there_was_only_an_instruction() -> None:
    ticket = handled_ticket()
    instruct(ticket)

    take_over(ticket)

    assert "supervision" not in running(ticket)


def test_answering_an_instruction_accepts_no_supervision_order() -> None:
    ticket = under_order()
    instruct(ticket, at=AT + days(3) + hours(1))
    answer(ticket, at=AT + days(3) + hours(2))

    dispatching.accept_instruction(number=ticket.number, actor=leader(), at=AT + days(3) + hours(3))

    ordered = SupervisionOrder.objects.get(reason=OrderReason.UNSOLVED_TWICE)
    assert ordered.accepted_at is None
