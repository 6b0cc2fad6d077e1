"""延期: who may ask, when, for how much; what stands still meanwhile; what the decision moves."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from dispatch import services
from dispatch.models import Contact, Extension
from evaluation import services as evaluation
from hotline.core.models import Role
from hotline.core.violations import IllegalMove, NotPermitted
from intake import services as intake
from intake.models import Clock, ClockAdjustment, Ticket, TicketEvent
from tests.dispatch.asking import (
    ask_extension,
    ask_facts,
    ask_hold,
    clock,
    handler_and,
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
    replied_ticket,
    reply_to,
)
from tests.kernel.snapshots import events, last_event, running
from tests.kernel.together import together

pytestmark = pytest.mark.usefixtures("city")

DISPATCHED = AT + minutes(5)
ASKED = AT + days(1)
DUE = {"L2": DISPATCHED + hours(24), "L3": DISPATCHED + days(7), "L4": DISPATCHED + days(15)}


def grant(ticket: Ticket, *, at: dt.datetime, **changed: Any) -> Ticket:
    words = {"actor": dispatcher(), **changed}
    return services.grant_extension(number=ticket.number, at=at, **words)


def refuse(ticket: Ticket, *, at: dt.datetime, **changed: Any) -> Ticket:
    words = {"actor": dispatcher(), "decision": "不属法定程序", **changed}
    return services.refuse_extension(number=ticket.number, at=at, **words)


def words(ticket: Ticket, **changed: Any) -> dict[str, Any]:
    """A good request of the lead, with something changed."""
    return {
        "number": ticket.number, "actor": handler(ticket), "at": ASKED, "amount": 7,
        "ground": "legal", "reason": "等待检测报告", "told_by": "phone", **changed,
    }  # fmt: skip


# === Asking =================================================================================


def test_r062_the_question_is_kept_with_who_was_told_and_the_desk_must_rule_in_four_hours() -> None:
    ticket = ask_extension(handled_ticket(), at=ASKED, told_at=ASKED - hours(1))

    asked = Extension.objects.get()
    assert (asked.amount, asked.unit, asked.outcome) == (7, "calendar_days", "")
    assert (asked.told_by, asked.told_at) == ("phone", ASKED - hours(1))
    assert Contact.objects.get().contacted_at == ASKED - hours(1)
    ruling = clock(ticket, "extension_ruling")
    assert (ruling.due_at, ruling.unit_id) == (ASKED + hours(4), None)
    event = last_event(ticket)
    assert (event.type, event.unit_id) == ("extension_asked", ticket.lead_unit_id)
    assert event.data == {
        "assignment": lead(ticket).pk, "extension": asked.pk, "amount": 7,
        "unit": "calendar_days", "ground": "legal",
        "due_at": (DUE["L3"] + hours(4)).isoformat(),
        "callback_at": (DUE["L3"] + hours(5)).isoformat(),
    }  # fmt: skip


@pytest.mark.parametrize("level", ["L3", "L4"])
def test_on_the_slow_levels_the_feedback_stands_still_while_it_is_decided(level: str) -> None:
    ticket = ask_extension(handled_ticket(level=level), at=ASKED)

    feedback = clock(ticket, "feedback")
    assert feedback.due_at == DUE[level] + hours(4)
    assert feedback.is_paused(ASKED + hours(4) - minutes(1))
    assert not feedback.is_paused(ASKED + hours(4))
    assert clock(ticket, "callback").opens_at == DUE[level] + hours(5)
    assert lead(ticket).next_due_at == feedback.due_at
    assert ticket.promised_at == clock(ticket, "promise").due_at < feedback.due_at


def test_on_the_second_level_it_runs_on_and_the_ruling_comes_before_it_is_due() -> None:
    asked = DUE["L2"] - hours(2)
    ticket = ask_extension(handled_ticket(level="L2"), at=asked, amount=24)

    assert clock(ticket, "feedback").due_at == DUE["L2"]
    assert not clock(ticket, "feedback").is_paused(asked)
    assert clock(ticket, "extension_ruling").due_at == DUE["L2"]
    assert clock(ticket, "callback").opens_at == DUE["L2"] + hours(1)


def test_r063_the_first_level_is_never_extended() -> None:
    ticket = handled_ticket(level="L1")

    refused("never_extended", services.ask_extension, **words(ticket, at=AT + hours(1), amount=1))


@pytest.mark.parametrize("late", [dt.timedelta(0), minutes(1), days(3)])
def test_asked_at_or_after_the_due_time_it_is_too_late(late: dt.timedelta) -> None:
    ticket = handled_ticket()

    refused("extension_too_late", services.ask_extension, **words(ticket, at=DUE["L3"] + late))


def test_asked_in_the_last_second_it_is_in_time() -> None:
    at = DUE["L3"] - dt.timedelta(seconds=1)
    ticket = ask_extension(handled_ticket(), at=at)

    assert clock(ticket, "feedback").due_at == DUE["L3"] + hours(4)


@pytest.mark.parametrize(("level", "most"), [("L2", 24), ("L3", 7), ("L4", 15)])
def test_nobody_asks_for_more_than_the_levels_limit_or_for_nothing(level: str, most: int) -> None:
    ticket = handled_ticket(level=level)
    for amount in (most + 1, 0, -1, 10**12):
        refusal = refused(
            "extension_out_of_range",
            services.ask_extension,
            **words(ticket, at=AT + hours(2), amount=amount),
        )

        assert (refusal.field, refusal.parameters["most"]) == ("amount", most)
    ask_extension(ticket, at=AT + hours(2), amount=most)


@pytest.mark.parametrize("reason", ["", " \n"])
def test_a_reason_is_given(reason: str) -> None:
    refusal = refused(
        "reason_required", services.ask_extension, **words(handled_ticket(), reason=reason)
    )

    assert refusal.field == "reason"


def test_the_requester_is_told_first() -> None:
    ticket = handled_ticket()

    refused("requester_not_told", services.ask_extension, **words(ticket, told_by=""))
    refused("told_at_impossible", services.ask_extension, **words(ticket, told_at=AT))


def test_a_confidential_requester_is_told_through_the_relay_and_an_anonymous_one_by_nobody() -> (
    None
):
    hidden, nameless = handled_ticket(is_confidential=True), handled_ticket(is_anonymous=True)
    refused("identity_withheld", services.ask_extension, **words(hidden))
    ask_extension(hidden, at=ASKED, told_by="relay")
    ask_extension(nameless, at=ASKED, told_by="")

    told = Extension.objects.order_by("id").values_list("told_by", "told_at")
    assert list(told) == [("relay", ASKED), ("", None)]
    assert "callback" not in running(nameless)


def test_after_the_plan_there_is_no_feedback_to_extend() -> None:
    ticket = handled_ticket(level="L4")
    services.report(
        number=ticket.number, actor=handler(ticket), at=AT + hours(1), text="已制定方案",
        told_by="phone", next_at=AT + days(30),
    )  # fmt: skip

    refused("no_feedback_owed", services.ask_extension, **words(ticket))


@pytest.mark.parametrize("who", [dispatcher, agent, callback_agent])
def test_only_the_lead_asks(who: Any) -> None:
    ticket = handled_ticket()
    with pytest.raises(NotPermitted):
        services.ask_extension(**words(ticket, actor=who()))


def test_one_question_at_a_time() -> None:
    ticket = ask_extension(handled_ticket(level="L4"), at=ASKED)
    later = ASKED + hours(1)

    refused("question_pending", services.ask_extension, **words(ticket, at=later))
    refused(
        "question_pending", services.ask_facts, number=ticket.number, actor=handler(ticket),
        at=later, question="哪个房间？",
    )  # fmt: skip
    refused(
        "question_pending", services.hold, number=ticket.number, actor=handler(ticket), at=later,
        kind="funds", plan="明年", review_at=later + days(7), told_by="phone",
    )  # fmt: skip


@pytest.mark.parametrize("ask", [ask_facts, ask_hold])
def test_not_while_another_question_stands(ask: Any) -> None:
    ticket = ask(handled_ticket(), at=ASKED)

    refused("question_pending", services.ask_extension, **words(ticket, at=ASKED + hours(1)))


def test_not_while_an_objection_is_ruled_on() -> None:
    ticket = handled_ticket()
    services.raise_objection(
        number=ticket.number, actor=handler(ticket), at=AT + hours(1), reason="不属本街道",
        basis="职责第二条",
    )  # fmt: skip

    refused("objection_pending", services.ask_extension, **words(ticket, at=AT + hours(2)))


def test_once_in_a_round_and_what_was_refused_counts() -> None:
    ticket = ask_extension(handled_ticket(), at=ASKED)
    refuse(ticket, at=ASKED + hours(1))

    refusal = refused(
        "extensions_used_up", services.ask_extension, **words(ticket, at=ASKED + days(1))
    )
    assert refusal.parameters["times"] == 1


def test_twice_on_the_fourth_level_each_from_the_due_time_before() -> None:
    ticket = handled_ticket(level="L4")
    for day in (1, 2):
        ask_extension(ticket, at=AT + days(day), amount=15)
        grant(ticket, at=AT + days(day) + hours(1))

    assert clock(ticket, "feedback").due_at == DUE["L4"] + hours(2) + days(30)
    refused("extensions_used_up", services.ask_extension, **words(ticket, at=AT + days(3)))


def test_a_new_round_may_ask_again() -> None:
    ticket = ask_extension(handled_ticket(), at=AT + hours(1))
    grant(ticket, at=AT + hours(2))
    reply_to(ticket, at=AT + hours(3))
    call_back(ticket, at=AT + hours(5), resolved=False, satisfaction="dissatisfied")
    evaluation.rehandle(number=ticket.number, actor=callback_agent(), at=AT + hours(5))
    ask_extension(ticket, at=AT + hours(6))

    assert clock(ticket, "feedback").due_at == AT + hours(5) + days(7) + hours(4)


# === Deciding ===============================================================================


@pytest.mark.parametrize("took", [0, 1, 3.9])
def test_granted_it_counts_from_the_old_due_time_and_the_pause_is_what_the_ruling_took(
    took: float,
) -> None:
    ticket = ask_extension(handled_ticket(), at=ASKED)
    grant(ticket, at=ASKED + hours(took), decision="同意")

    feedback = clock(ticket, "feedback")
    assert feedback.due_at == DUE["L3"] + hours(took) + days(7)
    assert not feedback.is_paused(ASKED + hours(took))
    assert clock(ticket, "callback").opens_at == feedback.due_at + hours(1)
    assert lead(ticket).next_due_at == feedback.due_at
    assert "extension_ruling" not in running(ticket)
    assert dt.datetime.fromisoformat(last_event(ticket).data["due_at"]) == feedback.due_at
    assert events(ticket)[-2:] == ["extension_asked", "extension_granted"]
    decided = Extension.objects.get()
    assert (decided.outcome, decided.decided_at) == ("granted", ASKED + hours(took))


def test_a_late_ruling_costs_the_desk_its_promise_and_pauses_no_longer_than_its_limit() -> None:
    ticket = ask_extension(handled_ticket(), at=ASKED)
    grant(ticket, at=ASKED + hours(30))

    assert clock(ticket, "feedback").due_at == DUE["L3"] + hours(4) + days(7)
    ruling = Clock.objects.get(ticket=ticket, kind="extension_ruling")
    assert ruling.breached_at == ASKED + hours(4)
    assert events(ticket)[-2:] == ["breached", "extension_granted"]


def test_the_light_is_green_again_after_an_extension() -> None:
    ticket = handled_ticket()
    asked = DUE["L3"] - hours(6)
    intake.sweep(at=asked)
    assert clock(ticket, "feedback").warned_at == asked
    ask_extension(ticket, at=asked)
    grant(ticket, at=asked + hours(1))

    feedback = clock(ticket, "feedback")
    assert feedback.warned_at is None
    assert feedback.sweep_at == feedback.warn_at > asked + hours(1)


def test_the_lateness_by_the_first_date_stays_computable_beside_the_extended_one() -> None:
    """F-14: 超时 by the date that was promised first, 超期 by the extended one."""
    ticket = ask_extension(handled_ticket(), at=ASKED)
    grant(ticket, at=ASKED + hours(1))
    moved = ClockAdjustment.objects.filter(clock=clock(ticket, "feedback")).order_by("id")

    assert [(m.kind, m.cause) for m in moved] == [
        ("paused", "extension_asked"),
        ("resumed", "extension_granted"),
        ("extended", "extension_granted"),
    ]
    assert moved[0].was_due_at == DUE["L3"]
    assert moved[2].was_due_at == DUE["L3"] + hours(1)
    assert (moved[2].amount, moved[2].unit) == (7, "calendar_days")
    assert moved[2].due_at == DUE["L3"] + hours(1) + days(7)


def test_refused_only_what_the_ruling_took_is_added() -> None:
    ticket = ask_extension(handled_ticket(), at=ASKED)
    refuse(ticket, at=ASKED + hours(1.5))

    feedback = clock(ticket, "feedback")
    assert feedback.due_at == DUE["L3"] + hours(1.5)
    assert clock(ticket, "callback").opens_at == DUE["L3"] + hours(2.5)
    assert lead(ticket).next_due_at == feedback.due_at
    event = last_event(ticket)
    assert (event.type, event.data["outcome"]) == ("extension_refused", "refused")
    assert Extension.objects.get().decision == "不属法定程序"


def test_a_refusal_says_why() -> None:
    ticket = ask_extension(handled_ticket(), at=ASKED)

    refusal = refused(
        "reason_required", services.refuse_extension, number=ticket.number, actor=dispatcher(),
        at=ASKED + hours(1), decision=" ",
    )  # fmt: skip
    assert refusal.field == "decision"


def test_on_the_second_level_a_day_is_added_to_the_old_due_time() -> None:
    ticket = ask_extension(handled_ticket(level="L2"), at=AT + hours(2), amount=24)
    grant(ticket, at=AT + hours(5))

    assert clock(ticket, "feedback").due_at == DUE["L2"] + hours(24)
    assert clock(ticket, "callback").opens_at == DUE["L2"] + hours(25)


@pytest.mark.parametrize("is_swept", [True, False])
def test_what_was_missed_while_it_was_decided_stays_missed(is_swept: bool) -> None:
    ticket = ask_extension(handled_ticket(level="L2"), at=DUE["L2"] - hours(1), amount=24)
    if is_swept:
        intake.sweep(at=DUE["L2"] + minutes(1))
    grant(ticket, at=DUE["L2"] + minutes(2))

    feedback = clock(ticket, "feedback")
    assert feedback.due_at == feedback.breached_at == DUE["L2"]
    assert Extension.objects.get().outcome == "lapsed"
    event = last_event(ticket)
    assert (event.type, event.data["outcome"]) == ("extension_refused", "lapsed")
    missed = TicketEvent.objects.filter(ticket_id=ticket.pk, type="breached")
    assert missed.filter(data__kind="feedback").count() == 1
    assert clock(ticket, "callback").opens_at == DUE["L2"] + hours(1)


def test_a_plan_fed_back_meanwhile_leaves_nothing_to_extend() -> None:
    ticket = ask_extension(handled_ticket(level="L4"), at=ASKED)
    services.report(
        number=ticket.number, actor=handler(ticket), at=ASKED + hours(1), text="已制定方案",
        told_by="phone", next_at=AT + days(30),
    )  # fmt: skip
    grant(ticket, at=ASKED + hours(2))

    assert Extension.objects.get().outcome == "lapsed"
    assert clock(ticket, "measure").due_at == AT + days(30)


def test_nobody_decides_what_they_have_asked_for() -> None:
    ticket, both = handled_ticket(), handler_and(Role.DISPATCHER)
    ask_extension(ticket, at=ASKED, actor=both)
    at = ASKED + hours(1)

    refused("own_request", services.grant_extension, number=ticket.number, actor=both, at=at)
    refused(
        "own_request", services.refuse_extension, number=ticket.number, actor=both, at=at,
        decision="不同意",
    )  # fmt: skip
    grant(ticket, at=at, actor=actor(Role.CITY_SUPERVISOR))


def test_units_do_not_decide() -> None:
    ticket = ask_extension(handled_ticket(), at=ASKED)
    with pytest.raises(NotPermitted):
        grant(ticket, at=ASKED + hours(1), actor=handler(ticket))

    assert Extension.objects.get().outcome == ""


def test_what_is_decided_is_not_decided_again() -> None:
    ticket = ask_extension(handled_ticket(), at=ASKED)
    grant(ticket, at=ASKED + hours(1))

    at = ASKED + hours(2)
    for decide in (services.grant_extension, services.refuse_extension):
        refused(
            "no_extension", decide, number=ticket.number, actor=dispatcher(), at=at, decision="再议"
        )


# === What ends the question =================================================================


def test_a_reply_ends_the_question() -> None:
    ticket = ask_extension(handled_ticket(), at=ASKED)
    reply_to(ticket, at=ASKED + hours(1))

    assert Extension.objects.get().outcome == "lapsed"
    assert "extension_ruling" not in running(ticket)
    feedback = Clock.objects.get(ticket=ticket, kind="feedback")
    assert (feedback.due_at, feedback.breached_at) == (DUE["L3"] + hours(1), None)


@pytest.mark.parametrize("way", ["recall", "withdraw"])
def test_an_order_that_ends_ends_its_question(way: str) -> None:
    ticket, at = ask_extension(handled_ticket(), at=ASKED), ASKED + hours(1)
    if way == "recall":
        services.recall(number=ticket.number, actor=dispatcher(), at=at, reason="派错")
    else:
        intake.withdraw(number=ticket.number, actor=agent(), at=at, is_confirmed=True)

    decided = Extension.objects.get()
    assert (decided.outcome, decided.decided_at) == ("lapsed", at)


def test_a_ticket_in_call_back_has_nothing_to_extend() -> None:
    ticket = replied_ticket()
    with pytest.raises(IllegalMove) as refusal:
        services.ask_extension(**words(ticket))

    assert refusal.value.code == "move_not_allowed"


# === Two at once ============================================================================


@pytest.mark.usefixtures("transactional_db")
def test_two_handlers_at_once_ask_once() -> None:
    ticket = handled_ticket()
    requests = [words(ticket) for _ in range(2)]
    results = together(*[lambda w=w: services.ask_extension(**w) for w in requests])

    assert one_refused(results) == "question_pending"
    assert Extension.objects.count() == 1
    assert clock(ticket, "feedback").due_at == DUE["L3"] + hours(4)


@pytest.mark.usefixtures("transactional_db")
def test_granted_and_refused_at_once_one_of_them_counts() -> None:
    ticket, at = ask_extension(handled_ticket(), at=ASKED), ASKED + hours(1)
    one, other = dispatcher(), dispatcher()
    results = together(
        lambda: grant(ticket, at=at, actor=one), lambda: refuse(ticket, at=at, actor=other)
    )

    assert one_refused(results) == "no_extension"
    added = {"granted": days(7), "refused": days(0)}[Extension.objects.get().outcome]
    assert clock(ticket, "feedback").due_at == DUE["L3"] + hours(1) + added
    assert len(events(ticket)) == 5
