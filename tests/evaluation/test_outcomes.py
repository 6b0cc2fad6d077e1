"""What becomes of a ticket in every unit's hands, told from lives that the services made."""

from __future__ import annotations

import datetime as dt

import pytest

from dispatch import services as dispatching
from evaluation import months as assessed
from evaluation import services as evaluation
from evaluation.models import CallbackResult, Outcome
from hotline.core.models import Role
from intake import services as intake
from tests.dispatch.asking import ask_extension, ask_facts, ask_hold
from tests.evaluation.outcome_lives import (
    BAD,
    CALLED,
    DUE,
    END,
    GIVEN,
    MARKET,
    MORNING,
    STREET,
    UNSAID,
    URBAN,
    all_rows,
    appeal,
    ask_exclusion,
    ask_help,
    give_back,
    give_to,
    hand_in,
    object_to,
    parts,
    recall,
    rehandle,
    reopen,
    row,
    ruling,
    settle,
    take_over,
    told,
    withdraw,
)
from tests.evaluation.rating import adopted
from tests.factories import (
    AT,
    accepted_ticket,
    actor,
    agent,
    area,
    call_back,
    category,
    closed_ticket,
    days,
    dispatched_ticket,
    dispatcher,
    fresh,
    handled_ticket,
    handler,
    hours,
    minutes,
    replied_ticket,
    reply_to,
    unit,
)
from tests.kernel.conftest import city, months

__all__ = ["city", "months"]  # fixtures
pytestmark = pytest.mark.usefixtures("city")


# === A whole row ============================================================================


def test_everything_about_a_matter_that_was_solved_at_once() -> None:
    ticket = closed_ticket()
    answer = CallbackResult.objects.get(ticket=ticket)
    settle(END)

    said = {"at": answer.called_at, "channel": "phone", "contacted": True, "resolved": True,
            "satisfaction": "satisfied"}  # fmt: skip
    assert all_rows() == [
        {
            "month": "2026-04", "ticket_id": ticket.pk, "number": ticket.number,
            "unit_id": unit().pk, "role": "lead",
            "request_type": "complaint", "level": "L3", "category_id": category().pk,
            "area_id": area().pk, "requester_id": ticket.parties.get().requester_id,
            "accepted_at": AT, "given_at": GIVEN, "original_due_at": DUE, "due_at": DUE,
            "done_at": AT + hours(1),
            "signed_in_time": True, "contacted_in_time": True, "is_on_time": True,
            "is_on_time_original": True, "citizen_on_time": True,
            "is_due": True, "answer_count": 1,
            **{f"first_{name}": value for name, value in said.items()},
            **{f"last_{name}": value for name, value in said.items()},
            "partner_count": 0, "is_left": False, "return_count": 0, "improper_count": 0,
            "rehandle_count": 0, "reopen_count": 0, "reclassified_count": 0,
            "is_withdrawn": False, "is_on_ledger": False,
            "excluded": "", "not_counted": "", "first_set_aside": False, "last_set_aside": False,
            "attributed_at": AT, "solved_round": 1,
        }
    ]  # fmt: skip


def test_of_an_order_just_given_nothing_can_be_said_yet() -> None:
    ticket = dispatched_ticket()

    found = row(ticket, at=GIVEN + minutes(1))
    promises = ("signed_in_time", "contacted_in_time", "is_on_time", "is_on_time_original",
                "citizen_on_time")  # fmt: skip
    assert [getattr(found, name) for name in promises] == [None] * 5
    assert {name: getattr(found, name) for name in UNSAID} == UNSAID
    assert (found.is_due, found.done_at, found.due_at) == (False, None, DUE)


def test_a_ticket_that_no_unit_ever_got_has_no_outcome() -> None:
    intake.answer(
        number=accepted_ticket(request_type="consult").number, actor=agent(), at=AT, text="已答复"
    )
    settle(END)

    assert not Outcome.objects.exists()


# === The call-back falls due (R-081) ========================================================


def test_a_unit_that_never_replies_is_called_back_when_its_limit_expires() -> None:
    ticket = dispatched_ticket()

    waiting = ("is_due", "is_on_time", "is_on_time_original")
    assert told(ticket, *waiting, at=DUE - minutes(1)) == (False, None, None)
    assert told(ticket, *waiting, at=DUE) == (False, False, False)
    assert told(ticket, *waiting, at=CALLED - minutes(1)) == (False, False, False)
    assert told(ticket, *waiting, at=CALLED) == (True, False, False)


def test_who_never_replies_is_called_back_about_and_ranks_behind_who_replies_badly() -> None:
    adopted(min_sample=2)
    never, badly = unit(), unit("990101002")
    for phone in ("13911110001", "13911110002"):
        call_back(dispatched_ticket(phone=phone), at=MORNING, contacted=False, **BAD)
        closed_ticket(lead_unit=badly, area=area("990101002"), phone=phone, **BAD)
    settle(END)

    ranked = assessed.score(assessed.month("2026-04", at=END), until=END)

    lines = {line.tally.unit_id: line for line in ranked}
    assert lines[never.pk].tally.valid == lines[badly.pk].tally.valid == 2
    assert (lines[badly.pk].score, lines[never.pk].score) == (10, 0)
    assert (lines[badly.pk].rank, lines[never.pk].rank) == (1, 2)
    assert not Outcome.objects.filter(unit=never, done_at__isnull=False).exists()


def test_a_reply_before_the_limit_brings_the_call_back_forward() -> None:
    ticket = replied_ticket()

    assert told(ticket, "is_due", at=AT + hours(2) - minutes(1)) == (False,)
    assert told(ticket, "is_due", at=AT + hours(2)) == (True,)


def test_nobody_is_called_about_an_anonymous_matter_and_nobody_can_be_contacted() -> None:
    ticket = closed_ticket(is_anonymous=True)

    found = told(ticket, "is_due", "contacted_in_time", "requester_id", "is_on_time", at=END)
    assert found == (False, None, None, True)


def test_who_wants_no_call_is_not_waited_for() -> None:
    ticket = dispatched_ticket(wants_callback=False)

    assert told(ticket, "is_due", "is_on_time", at=END) == (False, False)


def test_who_joined_by_a_merger_is_called_about_the_ticket_that_goes_on() -> None:
    ticket = dispatched_ticket(wants_callback=False)
    other = accepted_ticket(phone="13900139000", name="李强", at=AT + hours(1))
    intake.merge_into(number=other.number, actor=agent(), at=AT + hours(2), target=ticket.number)

    assert told(ticket, "is_due", at=END) == (True,)


def test_a_ticket_outside_the_sample_is_not_waited_for_until_it_is_answered() -> None:
    adopted(sample_percent=1)
    tickets = [dispatched_ticket() for _ in range(8)]

    settle(END)
    assert Outcome.objects.filter(ticket__in=tickets, is_due=False).count() >= 6


@pytest.mark.parametrize("end", ["withdrawn", "merged"])
def test_what_was_given_up_is_not_called_back_about_unless_it_was_answered(end: str) -> None:
    silent, answered = handled_ticket(), handled_ticket()
    call_back(answered, at=MORNING, **BAD)
    into = accepted_ticket(phone="13900139000", name="李强")
    for ticket in (silent, answered):
        if end == "withdrawn":
            withdraw(ticket, at=MORNING + hours(1))
        else:
            intake.merge_into(
                number=ticket.number, actor=agent(), at=MORNING + hours(1), target=into.number
            )

    assert told(silent, "is_due", "is_withdrawn", at=END) == (False, end == "withdrawn")
    assert told(answered, "is_due", "answer_count", at=END) == (True, 1)


# === Answers ================================================================================


def test_the_first_answer_and_the_last_are_both_kept() -> None:
    ticket = rehandle(call_back(replied_ticket(), at=AT + hours(3), **BAD), at=AT + hours(4))
    reply_to(ticket, at=AT + days(1), text="第二次处理，已更换灯具。")
    call_back(ticket, at=AT + days(1) + hours(2))

    found = row(ticket, at=END)
    assert (found.answer_count, found.rehandle_count) == (2, 1)
    assert (found.first_at, found.first_resolved) == (AT + hours(3), False)
    assert (found.last_at, found.last_resolved) == (AT + days(1) + hours(2), True)
    assert (found.due_at, found.done_at) == (DUE, AT + hours(1)), "those of the first feedback"


def test_a_call_that_nobody_answered_is_no_answer() -> None:
    ticket = call_back(replied_ticket(), at=AT + hours(3), outcome="no_answer")

    assert told(ticket, "is_due", "answer_count", "first_channel", at=END) == (True, 0, "")


def test_helpers_share_the_answer_and_who_works_for_the_lead_does_not() -> None:
    ticket = ask_help(handled_ticket())
    dispatching.delegate(
        number=ticket.number, actor=handler(ticket), at=AT + hours(1),
        unit=unit("990101001001"), task="入户",
    )  # fmt: skip
    hand_in(ticket, at=AT + hours(3))
    hand_in(ticket, "990101001001", at=AT + hours(3))
    reply_to(ticket, at=AT + hours(4))
    call_back(ticket, at=AT + hours(6), **BAD)

    said = ("is_due", "first_resolved", "first_at", "partner_count")
    assert told(ticket, *said, at=END) == (True, False, AT + hours(6), 1)
    assert told(ticket, *said, at=END, code=MARKET, role="cooperate") == told(ticket, *said, at=END)
    below = {"code": "990101001001", "role": "delegate"}
    assert told(ticket, *said, at=END, **below) == (False, None, None, 0)


def test_who_was_released_before_the_answer_has_no_part_in_it() -> None:
    ticket = ask_help(ask_help(handled_ticket()), "990101002")
    dispatching.release(
        number=ticket.number, actor=handler(ticket), at=AT + hours(2), unit=unit(MARKET),
        reason="不需要",
    )  # fmt: skip
    hand_in(ticket, "990101002", at=AT + hours(3))
    reply_to(ticket, at=AT + hours(4))
    call_back(ticket, at=AT + hours(6))

    gone = {"code": MARKET, "role": "cooperate"}
    assert told(ticket, "is_left", "answer_count", at=END, **gone) == (True, 0)
    assert told(ticket, "partner_count", at=END) == (1,)
    helper = {"code": "990101002", "role": "cooperate"}
    assert told(ticket, "answer_count", "partner_count", at=END, **helper) == (1, 1)


# === Promises ===============================================================================


def test_a_reply_five_seconds_late_is_late_for_the_unit_and_toward_the_citizen() -> None:
    ticket = reply_to(handled_ticket(), at=DUE + dt.timedelta(seconds=5))

    on_time = ("is_on_time", "is_on_time_original", "citizen_on_time", "done_at")
    assert told(ticket, *on_time, at=END) == (False, False, False, ticket.replied_at)


def test_the_desks_delay_is_late_toward_the_citizen_and_not_for_the_unit() -> None:
    ticket = dispatched_ticket(dispatched_at=AT + days(5))
    dispatching.sign(
        number=ticket.number,
        actor=handler(ticket),
        at=AT
        + days(
            5,
        )
        + hours(1),
    )
    reply_to(fresh(ticket), at=AT + days(8))

    assert told(ticket, "is_on_time", "citizen_on_time", at=END) == (True, False)


def test_a_unit_that_gets_it_after_the_citizens_promise_was_missed_cannot_keep_it() -> None:
    ticket = accepted_ticket()
    intake.sweep(at=AT + days(8))
    give_to(ticket, STREET, at=AT + days(8))

    assert told(ticket, "citizen_on_time", at=AT + days(8)) == (False,)


def test_an_extension_keeps_the_limit_and_not_the_original_one() -> None:
    ticket = ask_extension(handled_ticket(), at=AT + days(2))
    dispatching.grant_extension(
        number=ticket.number, actor=actor(Role.CITY_SUPERVISOR), at=AT + days(2) + hours(1)
    )
    reply_to(ticket, at=DUE + days(3))

    found = row(ticket, at=END)
    assert (found.is_on_time, found.is_on_time_original) == (True, False)
    # An hour in which it was decided, and seven days more.
    assert (found.original_due_at, found.due_at) == (DUE, DUE + hours(1) + days(7))


@pytest.mark.parametrize(
    ("question", "put_off"),
    [
        ("objection", hours(24)),
        ("extension", hours(4)),
        ("facts", days(3)),
    ],
)
def test_while_something_is_asked_the_limit_and_the_call_back_wait(
    question: str, put_off: dt.timedelta
) -> None:
    ticket = handled_ticket()
    {
        "objection": lambda: object_to(ticket, at=AT + hours(1)),
        "extension": lambda: ask_extension(ticket, at=AT + hours(1)),
        "facts": lambda: ask_facts(ticket, at=AT + hours(1)),
    }[question]()

    late = DUE + put_off
    assert told(ticket, "due_at", "is_on_time", at=late - minutes(1)) == (late, None)
    assert told(ticket, "is_on_time", "is_on_time_original", at=late) == (False, False)
    assert told(ticket, "is_due", at=late + minutes(59)) == (False,)
    assert told(ticket, "is_due", at=late + hours(1)) == (True,)


def test_a_missed_signature_and_a_missed_first_word_stay_missed() -> None:
    ticket = dispatched_ticket()
    intake.sweep(at=AT + days(2))
    dispatching.sign(number=ticket.number, actor=handler(ticket), at=AT + days(2))
    reply_to(fresh(ticket), at=AT + days(2))

    found = told(ticket, "signed_in_time", "contacted_in_time", "is_on_time", at=END)
    assert found == (False, False, True)


def test_the_report_in_time_and_the_final_reply_missed_is_late() -> None:
    ticket = handled_ticket(level="L1")
    dispatching.report(
        number=ticket.number,
        actor=handler(ticket),
        at=AT + hours(1),
        text="已到场",
        told_by="phone",
    )

    assert told(ticket, "is_on_time", "citizen_on_time", at=AT + hours(2)) == (True, True)
    assert told(ticket, "is_on_time", "done_at", at=AT + hours(25)) == (False, AT + hours(1))


def test_a_part_has_its_own_date_and_its_own_lateness() -> None:
    ticket = ask_help(handled_ticket())
    asked = row(ticket, MARKET, "cooperate", at=AT + hours(1))
    intake.sweep(at=asked.due_at)
    hand_in(ticket, at=asked.due_at + hours(1), late_reason="台账不全")

    assert asked.due_at == AT + hours(1) + (DUE - AT - hours(1)) * 0.8
    late = row(ticket, MARKET, "cooperate", at=END)
    assert (late.is_on_time, late.done_at) == (False, asked.due_at + hours(1))
    assert late.signed_in_time is False


@pytest.mark.parametrize(("reported", "is_on_time"), [(-1, True), (1, False)])
def test_an_interim_report_puts_a_part_off_only_before_it_was_missed(
    reported: int, is_on_time: bool
) -> None:
    ticket = ask_help(handled_ticket())
    due = row(ticket, MARKET, "cooperate", at=AT + hours(1)).due_at
    helper = handler(unit(MARKET))
    dispatching.sign_part(number=ticket.number, actor=helper, at=AT + hours(2))
    dispatching.interim(
        number=ticket.number, actor=helper, at=due + hours(reported), text="进行中",
        late_reason="等材料", next_at=due + hours(20),
    )  # fmt: skip
    dispatching.hand_in(number=ticket.number, actor=helper, at=due + hours(10), text="已办")

    found = told(ticket, "is_on_time", at=END, code=MARKET, role="cooperate")
    assert found == (is_on_time,)


# === Who has it, and who has it no longer ===================================================


def test_helpers_named_with_the_dispatch_have_rows_of_their_own() -> None:
    ticket = give_to(
        accepted_ticket(), STREET, at=GIVEN, cooperators=[unit(MARKET), unit("990101002")]
    )

    assert parts(ticket, at=GIVEN) == {
        (STREET, "lead"), (MARKET, "cooperate"), ("990101002", "cooperate"),
    }  # fmt: skip
    assert told(ticket, "due_at", "given_at", at=GIVEN, code=MARKET, role="cooperate") == (
        GIVEN + days(7) * 0.8,
        GIVEN,
    )


@pytest.mark.parametrize("how", ["returned", "recalled", "undone"])
def test_who_gives_it_back_has_left_it_with_everybody_who_helped(how: str) -> None:
    who = dispatcher()
    ticket = give_to(accepted_ticket(), STREET, at=GIVEN, actor=who, cooperators=[unit(MARKET)])
    if how == "returned":
        give_back(ticket)
    elif how == "recalled":
        recall(ticket, at=AT + hours(2))
    else:
        at = GIVEN + dt.timedelta(seconds=5)
        dispatching.undo_dispatch(number=ticket.number, actor=who, at=at)

    assert told(ticket, "is_left", "return_count", at=END) == (True, how == "returned")
    assert told(ticket, "is_left", at=END, code=MARKET, role="cooperate") == (True,)


def test_the_same_unit_getting_it_again_goes_on_with_its_row() -> None:
    ticket = give_to(recall(handled_ticket(), at=AT + hours(2)), STREET, at=AT + days(1))

    found = row(ticket, at=AT + days(1))
    assert (found.is_left, found.given_at) == (False, GIVEN)
    assert found.due_at == found.original_due_at == AT + days(8)
    assert parts(ticket, at=AT + days(1)) == {(STREET, "lead")}


def test_what_was_missed_before_a_recall_stays_missed() -> None:
    ticket = recall(handled_ticket(), at=DUE + hours(2))
    give_to(ticket, STREET, at=DUE + hours(3))

    assert told(ticket, "is_left", "is_on_time", at=DUE + hours(4)) == (False, False)


def test_an_objection_that_was_rejected_is_counted_and_its_pause_given_back() -> None:
    ticket = handled_ticket()
    object_to(ticket, at=AT + hours(1))
    dispatching.reject_objection(
        number=ticket.number, actor=dispatcher(), at=AT + hours(3), ruling="属本单位职责"
    )

    found = told(ticket, "improper_count", "is_left", "due_at", at=AT + hours(3))
    assert found == (1, False, DUE + hours(2))


def test_a_ticket_dispatched_again_is_two_units_and_tells_how_its_class_changed() -> None:
    ticket = give_back(handled_ticket())
    intake.classify(
        number=ticket.number, actor=agent(), at=AT + hours(4), category=category("0702"),
        urgency="prompt",
    )  # fmt: skip
    give_to(ticket, URBAN, at=AT + hours(5))

    about = ("category_id", "reclassified_count", "is_left")
    assert told(ticket, *about, at=END) == (category("0501").pk, 0, True)
    assert told(ticket, *about, at=END, code=URBAN) == (category("0702").pk, 1, False)


def test_opened_again_it_stays_with_who_had_it_and_the_next_unit_has_it_too() -> None:
    ticket = give_to(reopen(closed_ticket(), at=AT + days(10)), URBAN, at=AT + days(10) + hours(1))
    call_back(ticket, at=AT + days(20), **BAD)

    told_of = ("reopen_count", "is_left", "answer_count", "first_resolved", "month")
    assert told(ticket, *told_of, at=END) == (1, False, 1, True, "2026-04")
    assert told(ticket, *told_of, at=END, code=URBAN) == (0, False, 1, False, "2026-04")


def test_when_a_higher_unit_takes_over_the_first_lead_helps_it() -> None:
    ticket = take_over(ask_help(handled_ticket()), at=AT + days(1))
    for code in (MARKET, STREET):
        hand_in(ticket, code, at=AT + days(2))
    reply_to(fresh(ticket), at=AT + days(3))
    call_back(fresh(ticket), at=AT + days(3) + hours(2), **BAD)

    assert parts(ticket, at=END) == {
        (STREET, "lead"), (STREET, "cooperate"), (MARKET, "cooperate"), ("990101", "lead"),
    }  # fmt: skip
    shared = ("is_left", "answer_count", "partner_count")
    assert told(ticket, *shared, at=END) == (True, 0, 0)
    assert told(ticket, *shared, at=END, code="990101") == (False, 1, 2)
    assert told(ticket, *shared, at=END, role="cooperate") == (False, 1, 2)
    assert told(ticket, "due_at", at=END, code="990101") == (AT + days(8),)


def test_a_withdrawal_is_undone_by_opening_again() -> None:
    ticket = withdraw(handled_ticket(), at=AT + days(1))
    assert told(ticket, "is_withdrawn", "is_left", "is_on_time", at=END) == (True, False, None)
    give_to(reopen(ticket, at=AT + days(2)), STREET, at=AT + days(2))

    assert told(ticket, "is_withdrawn", "is_due", at=END) == (False, True)


# === On the ledger (R-067) ==================================================================


def test_on_the_ledger_nothing_is_owed_and_nobody_is_called() -> None:
    ticket = ask_hold(handled_ticket(), at=AT + days(2))
    chief = {"number": ticket.number, "actor": actor(Role.CITY_SUPERVISOR)}
    dispatching.approve_hold(at=AT + days(2) + hours(1), **chief)

    waiting = ("is_on_ledger", "is_on_time", "is_on_time_original", "is_due", "due_at")
    assert told(ticket, *waiting, at=AT + days(9)) == (True, None, None, False, DUE)
    dispatching.clear_hold(at=AT + days(10), clearance="资金已到位", **chief)

    again = DUE + days(8) - hours(1)  # what was left runs again
    assert told(ticket, *waiting, at=again - minutes(1)) == (False, None, False, False, again)
    assert told(ticket, *waiting, at=again + hours(1)) == (False, False, False, True, again)


# === Decisions (R-096, R-097) ===============================================================


@pytest.mark.parametrize(("scope", "column"), [("rates", "excluded"), ("volume", "not_counted")])
def test_an_exclusion_says_why_from_when_it_was_granted(scope: str, column: str) -> None:
    ticket = closed_ticket(**BAD)
    ask_exclusion(ticket, at=AT + days(1), scope=scope)
    assert told(ticket, column, at=AT + days(2)) == ("",)
    evaluation.grant_exclusion(**ruling(ticket, AT + days(3)))

    assert told(ticket, column, at=AT + days(3)) == ("malicious",)
    other = {"excluded": "not_counted", "not_counted": "excluded"}[column]
    assert told(ticket, other, at=AT + days(3)) == ("",)


def test_what_was_refused_changes_nothing() -> None:
    ticket = closed_ticket(**BAD)
    ask_exclusion(ticket, at=AT + days(1), scope="rates")
    evaluation.refuse_exclusion(**ruling(ticket, AT + days(3)), ruling="证据不足")

    assert told(ticket, "excluded", at=END) == ("",)


def test_an_upheld_appeal_sets_the_answer_aside_for_that_unit_alone() -> None:
    ticket = hand_in(ask_help(handled_ticket()), at=AT + hours(2))
    ticket = call_back(reply_to(ticket, at=AT + hours(3)), at=AT + hours(5), **BAD)
    appeal(ticket, at=AT + days(1), result=CallbackResult.objects.get())
    evaluation.uphold_appeal(**ruling(ticket, AT + days(2)))

    assert told(ticket, "first_set_aside", "first_resolved", at=END) == (True, False)
    helper = {"code": MARKET, "role": "cooperate"}
    assert told(ticket, "first_set_aside", at=END, **helper) == (False,)


def test_an_answer_set_aside_is_the_first_or_the_last() -> None:
    ticket = rehandle(call_back(replied_ticket(), at=AT + hours(3), **BAD), at=AT + hours(4))
    ticket = reply_to(ticket, at=AT + days(1), text="第二次处理，已更换灯具。")
    ticket = call_back(ticket, at=AT + days(1) + hours(2), **BAD)
    appeal(ticket, at=AT + days(2), result=CallbackResult.objects.latest("pk"))
    evaluation.uphold_appeal(**ruling(ticket, AT + days(3)))

    assert told(ticket, "first_set_aside", "last_set_aside", at=END) == (False, True)
