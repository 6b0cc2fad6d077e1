"""请诉求人补充情况: what stands still while facts are awaited, for how long, and how often."""

from __future__ import annotations

from typing import Any

import pytest
from pytest_django import Settings

from dispatch import services
from dispatch.models import FactRequest
from evaluation import services as evaluation
from hotline.core.models import Role
from hotline.core.violations import NotPermitted
from intake import services as intake
from intake.models import Clock, Ticket, TicketEvent
from tests.dispatch.asking import (
    ask_extension,
    ask_facts,
    ask_hold,
    clock,
    lead,
    one_refused,
    refused,
)
from tests.factories import (
    AT,
    actor,
    agent,
    call_back,
    callback_agent,
    days,
    dispatcher,
    handled_ticket,
    handler,
    hours,
    minutes,
    reply_to,
)
from tests.kernel.snapshots import events, last_event, running
from tests.kernel.together import together

pytestmark = pytest.mark.usefixtures("city")

DUE = AT + minutes(5) + days(7)
ASKED = AT + days(1)
UNTIL = ASKED + days(3)


def answer(ticket: Ticket, *, at: Any, **changed: Any) -> Ticket:
    words = {"actor": agent(), "answer": "是次卧的窗户", **changed}
    return services.facts_received(number=ticket.number, at=at, **words)


def words(ticket: Ticket, **changed: Any) -> dict[str, Any]:
    return {
        "number": ticket.number, "actor": handler(ticket), "at": ASKED, "question": "哪个房间？",
        **changed,
    }  # fmt: skip


# === Asking =================================================================================


def test_on_the_third_level_the_feedback_stands_still_for_three_days_at_most() -> None:
    ticket = ask_facts(handled_ticket(), at=ASKED)

    assert clock(ticket, "feedback").due_at == DUE + days(3)
    assert clock(ticket, "feedback").is_paused(UNTIL - minutes(1))
    assert not clock(ticket, "feedback").is_paused(UNTIL)
    assert clock(ticket, "callback").opens_at == DUE + days(3) + hours(1)
    assert lead(ticket).next_due_at == AT + minutes(5) + hours(24)  # the first contact
    asked = FactRequest.objects.get()
    assert (asked.question, asked.until, asked.ended_at) == ("请补充漏水的具体房间", UNTIL, None)
    assert (clock(ticket, "facts").due_at, clock(ticket, "facts").unit_id) == (UNTIL, None)
    event = last_event(ticket)
    assert (event.type, event.unit_id) == ("facts_asked", ticket.lead_unit_id)
    assert (event.data["request"], event.data["assignment"]) == (asked.pk, lead(ticket).pk)


def test_what_is_asked_is_not_in_the_event() -> None:
    ticket = ask_facts(handled_ticket(), at=ASKED)

    assert "房间" not in repr(last_event(ticket).data)


def test_a_measure_stands_still_as_the_feedback_does() -> None:
    ticket = handled_ticket(level="L4")
    services.report(
        number=ticket.number, actor=handler(ticket), at=AT + hours(1), text="已制定方案",
        told_by="phone", next_at=AT + days(30),
    )  # fmt: skip
    ask_facts(ticket, at=ASKED)

    assert clock(ticket, "measure").due_at == AT + days(33)
    assert clock(ticket, "measure").is_paused(ASKED)


@pytest.mark.parametrize("level", ["L1", "L2"])
def test_on_the_first_two_levels_nothing_stands_still(level: str) -> None:
    ticket = handled_ticket(level=level)
    before = {kind: c.due_at for kind, c in running(ticket).items()}
    ask_facts(ticket, at=AT + hours(1))

    after = {kind: c.due_at for kind, c in running(ticket).items()}
    assert after.pop("facts") == AT + hours(1) + days(3)
    assert after == before
    assert not any(c.paused_at for c in running(ticket).values())


def test_the_promise_to_the_citizen_never_stands_still() -> None:
    before = handled_ticket()
    ticket = ask_facts(before, at=ASKED)

    assert ticket.promised_at == before.promised_at == clock(ticket, "promise").due_at


def test_nobody_asks_the_anonymous() -> None:
    refused("nobody_to_contact", services.ask_facts, **words(handled_ticket(is_anonymous=True)))


@pytest.mark.parametrize("question", ["", " \n"])
def test_a_question_is_asked(question: str) -> None:
    refusal = refused(
        "question_required", services.ask_facts, **words(handled_ticket(), question=question)
    )

    assert refusal.field == "question"


@pytest.mark.parametrize("who", [agent, dispatcher, callback_agent])
def test_only_the_lead_asks(who: Any) -> None:
    ticket = handled_ticket()
    with pytest.raises(NotPermitted):
        services.ask_facts(**words(ticket, actor=who()))


def test_one_question_at_a_time_and_one_in_a_round() -> None:
    ticket = ask_facts(handled_ticket(), at=ASKED)
    refused("question_pending", services.ask_facts, **words(ticket, at=ASKED + hours(1)))
    answer(ticket, at=ASKED + hours(2))

    refusal = refused("facts_used_up", services.ask_facts, **words(ticket, at=ASKED + hours(3)))
    assert refusal.parameters["times"] == 1


def test_an_unanswered_question_is_used_up_too() -> None:
    ticket = ask_facts(handled_ticket(), at=ASKED)

    refused("facts_used_up", services.ask_facts, **words(ticket, at=UNTIL + hours(1)))


def test_a_new_round_may_ask_again() -> None:
    ticket = ask_facts(handled_ticket(), at=AT + hours(1))
    answer(ticket, at=AT + hours(2))
    reply_to(ticket, at=AT + hours(3))
    call_back(ticket, at=AT + hours(5), resolved=False, satisfaction="dissatisfied")
    evaluation.rehandle(number=ticket.number, actor=callback_agent(), at=AT + hours(5))
    ask_facts(ticket, at=AT + hours(6))

    assert clock(ticket, "feedback").due_at == AT + hours(5) + days(7) + days(3)


def test_where_the_city_allows_two_an_unanswered_one_makes_room(
    settings: Settings,
) -> None:
    settings.FACT_REQUESTS_PER_ROUND = 2
    ticket, again = ask_facts(handled_ticket(), at=ASKED), UNTIL + hours(1)
    ask_facts(ticket, at=again, question="水表号？")

    first, second = FactRequest.objects.order_by("id")
    assert (first.ended_at, first.answered_at) == (again, None)
    assert second.ended_at is None
    assert clock(ticket, "facts").due_at == again + days(3)
    assert clock(ticket, "feedback").due_at == DUE + days(6)


@pytest.mark.parametrize("ask", [ask_extension, ask_hold])
def test_not_while_another_question_stands(ask: Any) -> None:
    ticket = ask(handled_ticket(), at=ASKED)

    refused("question_pending", services.ask_facts, **words(ticket, at=ASKED + hours(1)))


# === The answer =============================================================================


@pytest.mark.parametrize("who", [agent, dispatcher, callback_agent, handler])
def test_the_hotline_or_the_lead_takes_the_answer_and_the_clocks_run_again(who: Any) -> None:
    ticket = ask_facts(handled_ticket(), at=ASKED)
    by = who()
    answer(ticket, at=ASKED + hours(30), actor=by)

    assert clock(ticket, "feedback").due_at == DUE + hours(30)
    assert clock(ticket, "callback").opens_at == DUE + hours(31)
    assert "facts" not in running(ticket)
    kept = FactRequest.objects.get()
    assert (kept.answer, kept.answered_at, kept.answered_by) == (
        "是次卧的窗户", ASKED + hours(30), by.reference,
    )  # fmt: skip
    assert kept.ended_at == kept.answered_at
    event = last_event(ticket)
    assert (event.type, event.unit_id) == ("facts_received", ticket.lead_unit_id)
    assert event.data == {
        "assignment": lead(ticket).pk, "request": kept.pk,
        "due_at": (DUE + hours(30)).isoformat(),
        "callback_at": (DUE + hours(31)).isoformat(),
    }  # fmt: skip


@pytest.mark.parametrize("role", [Role.CITY_SUPERVISOR, Role.CONTRACTOR, Role.AUDITOR])
def test_others_do_not_take_it(role: str) -> None:
    ticket = ask_facts(handled_ticket(), at=ASKED)
    with pytest.raises(NotPermitted):
        answer(ticket, at=ASKED + hours(1), actor=actor(role))


def test_numbers_of_persons_in_the_answer_become_references() -> None:
    ticket = ask_facts(handled_ticket(), at=ASKED)
    answer(ticket, at=ASKED + hours(1), answer="请打房东电话13911112222")

    kept = FactRequest.objects.get().answer
    assert "13911112222" not in kept
    assert "房东" in kept
    assert "〔电话1〕" in kept


def test_an_answer_says_something() -> None:
    ticket = ask_facts(handled_ticket(), at=ASKED)

    refused(
        "answer_required", services.facts_received, number=ticket.number, actor=agent(),
        at=ASKED + hours(1), answer=" ",
    )  # fmt: skip


def test_what_was_not_asked_or_is_answered_is_not_answered() -> None:
    ticket = handled_ticket()
    again = {"number": ticket.number, "actor": agent(), "answer": "次卧"}
    refused("no_facts_asked", services.facts_received, at=ASKED, **again)
    ask_facts(ticket, at=ASKED)
    answer(ticket, at=ASKED + hours(1))

    refused("no_facts_asked", services.facts_received, at=ASKED + hours(2), **again)


def test_an_unanswered_question_ends_its_pause_by_itself_and_is_nobodys_lateness() -> None:
    ticket = ask_facts(handled_ticket(), at=ASKED)
    intake.sweep(at=UNTIL + hours(1))

    assert clock(ticket, "feedback").due_at == DUE + days(3)
    assert not clock(ticket, "feedback").is_paused(UNTIL)
    missed = TicketEvent.objects.get(ticket_id=ticket.pk, type="breached", data__kind="facts")
    assert (missed.unit_id, missed.occurred_at) == (None, UNTIL)
    intake.sweep(at=DUE + days(3) + minutes(1))
    assert clock(ticket, "feedback").breached_at == DUE + days(3)


def test_a_late_answer_is_kept_and_moves_nothing() -> None:
    ticket = ask_facts(handled_ticket(), at=ASKED)
    answer(ticket, at=UNTIL + hours(5))

    assert FactRequest.objects.get().answer == "是次卧的窗户"
    assert clock(ticket, "feedback").due_at == DUE + days(3)
    assert clock(ticket, "callback").opens_at == DUE + days(3) + hours(1)


def test_a_late_answer_does_not_end_the_pause_of_an_extension_asked_since() -> None:
    ticket = ask_facts(handled_ticket(), at=ASKED)
    ask_extension(ticket, at=UNTIL + hours(1))
    answer(ticket, at=UNTIL + hours(2))

    feedback = clock(ticket, "feedback")
    assert feedback.due_at == DUE + days(3) + hours(4)
    assert feedback.pause_ends_at == UNTIL + hours(5)


# === What ends the question =================================================================


def test_a_reply_ends_the_question() -> None:
    ticket = ask_facts(handled_ticket(), at=ASKED)
    reply_to(ticket, at=ASKED + hours(1))

    assert FactRequest.objects.get().ended_at == ASKED + hours(1)
    assert FactRequest.objects.get().answered_at is None
    facts = Clock.objects.get(ticket=ticket, kind="facts")
    assert (facts.stopped_at, facts.breached_at) == (ASKED + hours(1), None)
    assert events(ticket)[-1] == "replied"


def test_a_recalled_order_ends_its_question() -> None:
    ticket = ask_facts(handled_ticket(), at=ASKED)
    services.recall(number=ticket.number, actor=dispatcher(), at=ASKED + hours(1), reason="派错")

    assert FactRequest.objects.get().ended_at == ASKED + hours(1)
    assert set(running(ticket)) == {"dispatch", "promise"}


@pytest.mark.usefixtures("transactional_db")
def test_two_answers_at_once_are_one() -> None:
    ticket, at = ask_facts(handled_ticket(), at=ASKED), ASKED + hours(1)
    people = agent(), handler(ticket)
    results = together(*[lambda who=who: answer(ticket, at=at, actor=who) for who in people])

    assert one_refused(results) == "no_facts_asked"
    assert events(ticket).count("facts_received") == 1
    assert clock(ticket, "feedback").due_at == DUE + hours(1)
