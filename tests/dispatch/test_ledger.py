"""挂账: who puts a matter on the ledger, what stops and what is owed instead, and the way back."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from dispatch import services
from dispatch.models import LedgerHold, LedgerReview
from evaluation import services as evaluation
from hotline.core.actors import Actor
from hotline.core.models import Role
from hotline.core.violations import NotPermitted, NotVisible
from intake import services as intake
from intake.models import Clock, Ticket
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
    fresh,
    handled_ticket,
    handler,
    hours,
    minutes,
    reply_to,
    unit,
)
from tests.kernel.snapshots import events, last_event, running
from tests.kernel.together import together

pytestmark = pytest.mark.usefixtures("city")

DUE = AT + minutes(5) + days(7)
ASKED = AT + days(2)
APPROVED = ASKED + hours(3)
REVIEW = ASKED + days(21)


def supervisor() -> Actor:
    return actor(Role.CITY_SUPERVISOR)


def approve(ticket: Ticket, *, at: dt.datetime = APPROVED, **changed: Any) -> Ticket:
    words = {"actor": supervisor(), **changed}
    services.approve_hold(number=ticket.number, at=at, **words)
    return fresh(ticket)


def held_ticket(**fields: Any) -> Ticket:
    """On the ledger since 13:00 of the third day, with four days, 21 hours and 5 minutes left."""
    told = {"told_by": ""} if fields.get("is_anonymous") else {}
    return approve(ask_hold(handled_ticket(**fields), at=ASKED, **told))


def review(ticket: Ticket, *, at: dt.datetime, next_at: dt.datetime, **changed: Any) -> Ticket:
    words = {"actor": supervisor(), "finding": "资金已列入预算", **changed}
    return services.review_hold(number=ticket.number, at=at, next_at=next_at, **words)


def clear(ticket: Ticket, *, at: dt.datetime, **changed: Any) -> Ticket:
    words = {"actor": supervisor(), "clearance": "资金已到位", **changed}
    services.clear_hold(number=ticket.number, at=at, **words)
    return fresh(ticket)


def words(ticket: Ticket, **changed: Any) -> dict[str, Any]:
    return {
        "number": ticket.number, "actor": handler(ticket), "at": ASKED, "kind": "funds",
        "plan": "列入明年计划", "review_at": REVIEW, "told_by": "phone", **changed,
    }  # fmt: skip


# === Asking =================================================================================


def test_r067_type_plan_next_date_and_who_was_told_are_kept_and_the_clocks_run_on() -> None:
    ticket = ask_hold(handled_ticket(), at=ASKED)

    asked = LedgerHold.objects.get()
    assert (asked.kind, asked.review_at, asked.told_at) == ("funds", REVIEW, ASKED)
    assert (asked.outcome, asked.left) == ("", None)
    assert clock(ticket, "feedback").due_at == DUE
    assert not clock(ticket, "feedback").is_paused(ASKED)
    ruling = clock(ticket, "ledger_ruling")
    assert (ruling.due_at, ruling.unit_id) == (ASKED + hours(24), None)
    event = last_event(ticket)
    assert (event.type, event.unit_id) == ("hold_asked", ticket.lead_unit_id)
    assert (event.data["hold"], event.data["kind"]) == (asked.pk, "funds")
    assert "明年" not in repr(event.data)


@pytest.mark.parametrize("level", ["L1", "L2"])
def test_what_is_urgent_is_never_put_on_the_ledger(level: str) -> None:
    ticket = handled_ticket(level=level)

    refused("ledger_not_for_level", services.hold, **words(ticket, at=AT + hours(1)))


def test_a_plan_is_written_and_the_requester_told() -> None:
    ticket = handled_ticket()

    refused("plan_required", services.hold, **words(ticket, plan=" "))
    refused("requester_not_told", services.hold, **words(ticket, told_by=""))
    refused("identity_withheld", services.hold, **words(handled_ticket(is_confidential=True)))


@pytest.mark.parametrize("after", [dt.timedelta(0), -hours(1), days(30) + minutes(1)])
def test_it_is_looked_at_again_within_thirty_days(after: dt.timedelta) -> None:
    ticket = handled_ticket()
    refusal = refused(
        "review_out_of_range", services.hold, **words(ticket, review_at=ASKED + after)
    )

    assert refusal.field == "review_at"
    ask_hold(ticket, at=ASKED, review_at=ASKED + days(30))


@pytest.mark.parametrize("who", [agent, dispatcher, supervisor])
def test_only_the_lead_asks(who: Any) -> None:
    ticket = handled_ticket()
    with pytest.raises(NotPermitted):
        services.hold(**words(ticket, actor=who()))


@pytest.mark.parametrize("ask", [ask_extension, ask_facts])
def test_not_while_another_question_stands(ask: Any) -> None:
    ticket = ask(handled_ticket(), at=ASKED)

    refused("question_pending", services.hold, **words(ticket, at=ASKED + hours(1)))


def test_on_the_ledger_nothing_more_is_asked_for() -> None:
    ticket, at = held_ticket(), APPROVED + hours(1)
    own = {"number": ticket.number, "actor": handler(ticket), "at": at}

    refused("on_ledger", services.hold, **words(ticket, at=at))
    refused("on_ledger", services.ask_facts, question="哪里？", **own)
    refused(
        "on_ledger", services.ask_extension, amount=7, ground="legal", reason="检测",
        told_by="phone", **own,
    )  # fmt: skip


# === Deciding ===============================================================================


def test_approved_the_review_is_owed_and_the_feedback_and_the_call_back_are_not() -> None:
    ticket = held_ticket()

    standing = LedgerHold.objects.get()
    assert (standing.outcome, standing.decided_at) == ("granted", APPROVED)
    assert standing.left == DUE - APPROVED
    feedback = Clock.objects.get(ticket=ticket, kind="feedback")
    assert (feedback.stopped_at, feedback.is_cancelled) == (APPROVED, True)
    assert feedback.breached_at is None
    called = Clock.objects.get(ticket=ticket, kind="callback")
    assert (called.stopped_at, called.is_cancelled) == (APPROVED, True)
    assert set(running(ticket)) == {"promise", "ledger_review"}
    owed = clock(ticket, "ledger_review")
    assert (owed.due_at, owed.unit_id) == (REVIEW, None)  # a supervisor owes it
    assert lead(ticket).next_due_at is None
    assert ticket.state == "handling"
    event = last_event(ticket)
    assert (event.type, event.data["hold"]) == ("hold_approved", standing.pk)


def test_on_the_ledger_nobody_is_called_back_and_nothing_of_it_falls_due() -> None:
    ticket = held_ticket()
    intake.sweep(at=DUE + days(1))

    assert not Clock.objects.filter(ticket=ticket, kind="feedback").exclude(breached_at=None)
    refused(
        "no_callback_waiting", evaluation.record_callback, number=ticket.number,
        actor=callback_agent(), at=DUE + days(1), outcome="no_answer",
    )  # fmt: skip


def test_what_was_missed_before_stays_missed_and_nothing_is_left_of_it() -> None:
    ticket = ask_hold(handled_ticket(), at=DUE - hours(1), review_at=DUE + days(20))
    approve(ticket, at=DUE + hours(1))

    feedback = Clock.objects.get(ticket=ticket, kind="feedback")
    assert feedback.breached_at == DUE
    assert LedgerHold.objects.get().left == dt.timedelta(0)
    assert events(ticket)[-2:] == ["breached", "hold_approved"]


def test_the_district_of_the_ticket_approves_and_another_does_not_know_of_it() -> None:
    ticket = ask_hold(handled_ticket(), at=ASKED)
    with pytest.raises(NotVisible):
        approve(ticket, actor=actor(Role.DISTRICT_SUPERVISOR, unit("990102")))
    approve(ticket, actor=actor(Role.DISTRICT_SUPERVISOR, unit("990101")))

    assert LedgerHold.objects.get().outcome == "granted"


@pytest.mark.parametrize("who", [dispatcher, agent, handler])
def test_neither_the_desk_nor_the_unit_decides(who: Any) -> None:
    ticket = ask_hold(handled_ticket(), at=ASKED)
    with pytest.raises(NotPermitted):
        approve(ticket, actor=who())


def test_nobody_decides_what_they_have_asked_for() -> None:
    ticket, both = handled_ticket(), handler_and(Role.CITY_SUPERVISOR)
    ask_hold(ticket, at=ASKED, actor=both)
    own = {"number": ticket.number, "actor": both, "at": APPROVED, "decision": "同意"}

    refused("own_request", services.approve_hold, **own)
    refused("own_request", services.refuse_hold, **own)


def test_a_request_whose_review_has_passed_is_not_approved() -> None:
    ticket = ask_hold(handled_ticket(), at=ASKED, review_at=ASKED + hours(2))

    refused(
        "review_date_passed", services.approve_hold, number=ticket.number, actor=supervisor(),
        at=ASKED + hours(2),
    )  # fmt: skip
    services.refuse_hold(
        number=ticket.number, actor=supervisor(), at=ASKED + hours(2), decision="请重新申请"
    )
    ask_hold(ticket, at=ASKED + hours(3))


def test_refused_the_unit_goes_on_as_if_nothing_had_been_asked() -> None:
    ticket = ask_hold(handled_ticket(), at=ASKED)
    services.refuse_hold(number=ticket.number, actor=supervisor(), at=APPROVED, decision="可以解决")

    assert clock(ticket, "feedback").due_at == DUE
    assert clock(ticket, "callback").opens_at == DUE + hours(1)
    assert "ledger_ruling" not in running(ticket)
    asked = LedgerHold.objects.get()
    assert (asked.outcome, asked.decision) == ("refused", "可以解决")
    assert last_event(ticket).type == "hold_refused"


def test_a_refusal_says_why_and_nothing_is_decided_twice() -> None:
    ticket = ask_hold(handled_ticket(), at=ASKED)
    by = {"number": ticket.number, "actor": supervisor(), "at": APPROVED}
    refused("reason_required", services.refuse_hold, decision=" ", **by)
    approve(ticket)

    refused("no_hold_asked", services.refuse_hold, decision="不同意", **by)
    refused("no_hold_asked", services.approve_hold, **by)


# === Looking at it again ====================================================================


def test_a_review_is_kept_and_the_next_is_owed() -> None:
    ticket, next_at = held_ticket(), REVIEW + days(29)
    review(ticket, at=REVIEW - hours(1), next_at=next_at)

    kept = LedgerReview.objects.get()
    assert (kept.finding, kept.reviewed_at) == ("资金已列入预算", REVIEW - hours(1))
    assert kept.next_at == kept.hold.review_at == next_at
    first, second = Clock.objects.filter(ticket=ticket, kind="ledger_review").order_by("id")
    assert (first.stopped_at, first.is_cancelled) == (REVIEW - hours(1), False)
    assert (second.due_at, second.is_running) == (next_at, True)
    assert last_event(ticket).data["review"] == kept.pk


def test_a_review_that_came_late_was_missed() -> None:
    ticket = held_ticket()
    review(ticket, at=REVIEW + hours(1), next_at=REVIEW + days(20))

    assert events(ticket)[-2:] == ["breached", "hold_reviewed"]
    first = Clock.objects.filter(ticket=ticket, kind="ledger_review").earliest("id")
    assert first.breached_at == REVIEW


@pytest.mark.parametrize("after", [dt.timedelta(0), days(30) + minutes(1)])
def test_the_next_look_is_within_thirty_days_too(after: dt.timedelta) -> None:
    ticket = held_ticket()

    refusal = refused(
        "review_out_of_range", services.review_hold, number=ticket.number, actor=supervisor(),
        at=REVIEW, finding="仍无资金", next_at=REVIEW + after,
    )  # fmt: skip
    assert refusal.field == "next_at"


def test_a_review_finds_something_and_units_do_not_review() -> None:
    ticket = held_ticket()
    refused(
        "finding_required", services.review_hold, number=ticket.number, actor=supervisor(),
        at=REVIEW, finding="", next_at=REVIEW + days(1),
    )  # fmt: skip
    with pytest.raises(NotPermitted):
        review(ticket, at=REVIEW, next_at=REVIEW + days(1), actor=handler(ticket))


@pytest.mark.parametrize("make", [handled_ticket, lambda: ask_hold(handled_ticket(), at=ASKED)])
def test_what_is_not_on_the_ledger_is_neither_reviewed_nor_cleared(make: Any) -> None:
    by = {"number": make().number, "actor": supervisor(), "at": APPROVED}

    refused("not_on_ledger", services.review_hold, finding="x", next_at=REVIEW, **by)
    refused("not_on_ledger", services.clear_hold, clearance="x", **by)


# === Off the ledger =========================================================================


@pytest.mark.parametrize("who", [supervisor, handler])
def test_cleared_the_feedback_has_what_was_left_of_it(who: Any) -> None:
    ticket, cleared = held_ticket(), REVIEW - days(1)
    ticket = clear(ticket, at=cleared, actor=who())

    feedback = clock(ticket, "feedback")
    assert feedback.due_at == cleared + (DUE - APPROVED)
    assert (feedback.unit_id, feedback.subject_id) == (ticket.lead_unit_id, lead(ticket).pk)
    assert clock(ticket, "callback").opens_at == feedback.due_at + hours(1)
    assert lead(ticket).next_due_at == feedback.due_at
    assert set(running(ticket)) == {"promise", "feedback", "callback"}
    standing = LedgerHold.objects.get()
    assert (standing.cleared_at, standing.clearance) == (cleared, "资金已到位")
    event = last_event(ticket)
    assert (event.type, event.data["hold"]) == ("hold_cleared", standing.pk)
    assert dt.datetime.fromisoformat(event.data["due_at"]) == feedback.due_at


def test_there_is_at_least_a_day_to_do_it() -> None:
    ticket = ask_hold(handled_ticket(), at=DUE - hours(8), review_at=DUE + days(10))
    approve(ticket, at=DUE - hours(2))
    clear(ticket, at=DUE + days(5))

    assert clock(ticket, "feedback").due_at == DUE + days(5) + hours(24)


def test_what_was_missed_is_not_healed_by_the_ledger() -> None:
    ticket = ask_hold(handled_ticket(), at=DUE + hours(1), review_at=DUE + days(10))
    approve(ticket, at=DUE + hours(2))
    clear(ticket, at=DUE + days(5))

    missed, again = Clock.objects.filter(ticket=ticket, kind="feedback").order_by("id")
    assert missed.breached_at == DUE
    assert (again.due_at, again.breached_at) == (DUE + days(5) + hours(24), None)


def test_working_days_that_were_left_are_working_days_again() -> None:
    """Another law's ten working days (R-058): two were used by Thursday, eight are left."""
    ticket = handled_ticket()
    monday = AT + days(20)
    Clock.objects.filter(ticket=ticket, kind="feedback").update(
        limit=None, own_amount=10, own_unit="working_days", due_at=AT + days(14)
    )
    approve(ask_hold(ticket, at=ASKED), at=ASKED)  # Thursday 16 April
    clear(ticket, at=monday)

    assert clock(ticket, "feedback").due_at == monday + days(10)  # over one weekend


def test_a_measure_goes_on_as_a_measure() -> None:
    ticket = handled_ticket(level="L4")
    services.report(
        number=ticket.number, actor=handler(ticket), at=AT + hours(1), text="已制定方案",
        told_by="phone", next_at=AT + days(40),
    )  # fmt: skip
    approve(ask_hold(ticket, at=ASKED))
    clear(ticket, at=APPROVED + days(10))

    assert clock(ticket, "measure").due_at == AT + days(50)
    assert "feedback" not in running(ticket)


def test_a_plan_fed_back_on_the_ledger_is_what_runs_on() -> None:
    ticket = held_ticket(level="L4")
    services.report(
        number=ticket.number, actor=handler(ticket), at=APPROVED + days(1), text="已制定方案",
        told_by="phone", next_at=AT + days(40),
    )  # fmt: skip
    clear(ticket, at=APPROVED + days(10))

    assert clock(ticket, "measure").due_at == AT + days(40)
    assert "feedback" not in running(ticket)
    assert clock(ticket, "callback").opens_at == AT + days(40) + hours(1)


def test_an_anonymous_matter_comes_back_without_a_call_back() -> None:
    ticket = held_ticket(is_anonymous=True)
    clear(ticket, at=APPROVED + days(10))

    assert set(running(ticket)) == {"promise", "feedback"}


def test_a_reason_is_given_and_others_do_not_clear() -> None:
    ticket = held_ticket()
    refused(
        "reason_required", services.clear_hold, number=ticket.number, actor=supervisor(),
        at=REVIEW, clearance="",
    )  # fmt: skip
    with pytest.raises(NotPermitted):
        clear(ticket, at=REVIEW, actor=dispatcher())


def test_cleared_it_may_be_put_there_again() -> None:
    ticket = clear(held_ticket(), at=APPROVED + days(1))
    again = APPROVED + days(2)
    approve(ask_hold(ticket, at=again), at=again + hours(1))

    assert LedgerHold.objects.filter(cleared_at=None).get().left == (
        DUE - APPROVED - days(1) - hours(1)
    )


def test_solved_after_all_a_reply_takes_it_off_the_ledger() -> None:
    ticket = reply_to(held_ticket(), at=APPROVED + days(3))

    standing = LedgerHold.objects.get()
    assert standing.cleared_at == APPROVED + days(3)
    assert ticket.state == "callback"
    assert clock(ticket, "callback").opens_at == APPROVED + days(3) + hours(1)
    call_back(ticket, at=APPROVED + days(3) + hours(2))


@pytest.mark.parametrize("way", ["recall", "withdraw"])
def test_an_order_that_ends_leaves_the_ledger(way: str) -> None:
    ticket, at = held_ticket(), APPROVED + days(1)
    if way == "recall":
        services.recall(number=ticket.number, actor=dispatcher(), at=at, reason="派错")
    else:
        intake.withdraw(number=ticket.number, actor=agent(), at=at, is_confirmed=True)

    assert LedgerHold.objects.get().cleared_at == at


# === What assessment leaves out =============================================================


def test_on_the_ledger_is_from_the_approval_until_it_is_cleared() -> None:
    ticket, second = held_ticket(), dt.timedelta(seconds=1)
    ask_hold(handled_ticket(), at=ASKED)
    cleared = APPROVED + days(10)
    clear(ticket, at=cleared)

    for at, found in (
        (ASKED, []),
        (APPROVED - second, []),
        (APPROVED, [ticket.pk]),
        (cleared - second, [ticket.pk]),
        (cleared, []),
    ):
        on_ledger = LedgerHold.objects.on_ledger(at)
        assert list(on_ledger.values_list("ticket_id", flat=True)) == found


# === Two at once ============================================================================


@pytest.mark.usefixtures("transactional_db")
def test_two_supervisors_at_once_decide_once() -> None:
    ticket = ask_hold(handled_ticket(), at=ASKED)
    people = supervisor(), actor(Role.DISTRICT_SUPERVISOR, unit("990101"))
    results = together(*[lambda who=who: approve(ticket, actor=who) for who in people])

    assert one_refused(results) == "no_hold_asked"
    assert Clock.objects.filter(ticket=ticket, kind="ledger_review").count() == 1


@pytest.mark.usefixtures("transactional_db")
def test_cleared_twice_at_once_it_runs_on_once() -> None:
    ticket, at = held_ticket(), APPROVED + days(1)
    people = supervisor(), handler(ticket)
    results = together(*[lambda who=who: clear(ticket, at=at, actor=who) for who in people])

    assert one_refused(results) == "not_on_ledger"
    assert Clock.objects.running().filter(ticket=ticket, kind="feedback").count() == 1
    assert Clock.objects.running().filter(ticket=ticket, kind="callback").count() == 1
