"""剔除、不计入、申诉: what a unit may ask about its own result, and how it is decided."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any

import pytest
from django.db import connection

from dispatch import services as dispatching
from dispatch.consumers import mail_words
from dispatch.models import LadderStep
from evaluation import pleas, services
from evaluation.counting import numbers
from evaluation.models import (
    Appeal,
    CallbackResult,
    Exclusion,
    MonthClose,
    MonthDraft,
    Outcome,
    Scheme,
)
from evaluation.rules import DEFAULT_RULES
from hotline.core import outbox
from hotline.core.actors import SYSTEM, Actor, actor_for_staff
from hotline.core.models import AssessmentGroup, ClockKind, Membership, Notice, Role
from hotline.core.violations import Busy, NotPermitted, NotVisible, RuleViolation
from intake import services as intake
from intake.models import Clock, Ticket, TicketEvent
from intake.own_affairs import clocks_known_to, events_known_to
from tests.evaluation.making import make_outcome
from tests.factories import (
    AT,
    LONG_AGO,
    accepted_ticket,
    actor,
    call_back,
    closed_ticket,
    days,
    dispatched_ticket,
    dispatcher,
    fresh,
    handled_ticket,
    handler,
    hours,
    make_staff,
    replied_ticket,
    unit,
)
from tests.kernel.conftest import city, months
from tests.kernel.snapshots import events, last_event, running, snapshot

if TYPE_CHECKING:
    from psycopg2.extensions import connection as Connection

__all__ = ["city", "months"]  # fixtures
pytestmark = pytest.mark.usefixtures("city")

LATER = AT + days(3)
RULED = LATER + hours(2)
WORDS = {"reason": "诉求人要求改建私有围墙，法律不允许", "evidence": "街道档案室：现场勘察记录"}


# === What the tests say again and again =====================================================


def supervisor() -> Actor:
    return actor(Role.CITY_SUPERVISOR)


def ask(
    ticket: Ticket, *, by: Actor | None = None, at: dt.datetime = LATER, **changed: Any
) -> Exclusion:
    words = {"scope": "rates", "ground": "unreasonable", **WORDS} | changed
    services.ask_exclusion(number=ticket.number, actor=by or handler(ticket), at=at, **words)
    return Exclusion.objects.latest("pk")


def answered_badly(**fields: Any) -> Ticket:
    return closed_ticket(resolved=False, satisfaction="dissatisfied", **fields)


def answer(ticket: Ticket) -> CallbackResult:
    return CallbackResult.objects.filter(ticket=ticket).latest("pk")


def object_to(
    ticket: Ticket, *, by: Actor | None = None, at: dt.datetime = LATER, **changed: Any
) -> Appeal:
    words = {"result": answer(ticket).pk, "ground": "other_unit", **WORDS} | changed
    services.appeal(number=ticket.number, actor=by or handler(ticket), at=at, **words)
    return Appeal.objects.latest("pk")


def decide(
    verb: Callable[..., Ticket], ticket: Ticket, *, at: dt.datetime = RULED, **words: Any
) -> None:
    words.setdefault("actor", supervisor())
    verb(number=ticket.number, at=at, **words)


def refused(code: str, act: Callable[..., Any], *args: Any, **words: Any) -> str:
    """The act is refused with this code and nothing is written; the sentence it is refused with."""
    before = snapshot(Ticket.objects.values_list("pk", flat=True))
    with pytest.raises(RuleViolation) as refusal:
        act(*args, **words)

    assert refusal.value.code == code
    assert snapshot(Ticket.objects.values_list("pk", flat=True)) == before
    return refusal.value.sentence()


def with_helper(helper: str = "990101002") -> Ticket:
    ticket = handled_ticket()
    dispatching.ask_cooperation(
        number=ticket.number, actor=handler(ticket), at=AT + hours(1), unit=unit(helper),
        task="核查",
    )  # fmt: skip
    return fresh(ticket)


def close_month(month: str, at: dt.datetime) -> None:
    n = Scheme.objects.count() + 1
    scheme = Scheme.objects.create(
        version=n, name=f"方案{n}", rules={}, valid_from="2026-01", drafted_at=AT, drafted_by="x"
    )
    draft = MonthDraft.objects.create(
        month=month, scheme=scheme, facts_until=at, appeals_until=at, opened_at=at, opened_by="x"
    )
    MonthClose.objects.create(
        month=month,
        draft=draft,
        closed_at=at,
        closed_by="x",
        outcome_count=1,
        scoring_version=1,
        digest="0" * 64,
    )


# === Asking that a ticket does not count ====================================================


def test_r096_an_exclusion_keeps_who_asked_when_why_and_with_what_evidence() -> None:
    ticket, by = answered_badly(), handler()
    asked = ask(ticket, by=by, scope="volume", ground="malicious")

    assert (asked.unit, asked.scope, asked.ground) == (unit(), "volume", "malicious")
    assert (asked.reason, asked.evidence) == (WORDS["reason"], WORDS["evidence"])
    assert (asked.raised_by, asked.raised_at, asked.outcome) == (by.reference, LATER, "")
    assert last_event(ticket).type == "exclusion_asked"
    assert last_event(ticket).data == {
        "exclusion": asked.pk, "scope": "volume", "ground": "malicious",
    }  # fmt: skip


def test_the_hotline_owes_the_decision_within_five_working_days() -> None:
    ticket = answered_badly()
    asked = ask(ticket)
    clock = running(ticket)["exclusion_ruling"]

    assert (clock.unit_id, clock.subject_id) == (None, asked.pk)
    assert (LATER.strftime("%a"), clock.due_at) == ("Fri", LATER + days(7))


def test_r096_without_a_reason_or_evidence_nothing_is_asked() -> None:
    ticket = answered_badly()

    refused("plea_reason_required", ask, ticket, reason="  ")
    refused("evidence_required", ask, ticket, evidence="")


def test_a_number_in_the_words_is_not_kept() -> None:
    ticket = answered_badly()
    asked = ask(ticket, reason="联系人13800138000说明", evidence="见13911112222的通话")

    assert "13800138000" not in asked.reason
    assert "13911112222" not in asked.evidence


@pytest.mark.parametrize("make", [dispatched_ticket, handled_ticket, replied_ticket, closed_ticket])
def test_it_is_asked_from_the_dispatch_on_and_after_the_close(make: Callable[..., Ticket]) -> None:
    assert ask(make()).outcome == ""


def test_nobody_asks_about_a_ticket_that_was_given_to_nobody() -> None:
    ticket = accepted_ticket()
    with pytest.raises(NotVisible):
        ask(ticket, by=handler())
    with pytest.raises(NotPermitted):
        ask(ticket, by=supervisor())


def test_a_unit_that_lost_a_ticket_which_does_not_count_for_it_cannot_ask() -> None:
    ticket = handled_ticket()
    dispatching.recall(number=ticket.number, actor=dispatcher(), at=AT + hours(1), reason="派错")

    with pytest.raises(NotVisible):
        ask(ticket, by=handler())


@pytest.mark.parametrize(
    "role", [Role.AGENT, Role.CALLBACK_AGENT, Role.CITY_SUPERVISOR, Role.AUDITOR]
)
def test_nobody_else_asks_in_the_units_place(role: str) -> None:
    with pytest.raises(NotPermitted):
        ask(answered_badly(), by=actor(role))


def test_the_district_with_the_copy_does_not_ask() -> None:
    with pytest.raises(NotPermitted):
        ask(answered_badly(), by=handler(unit("990101")))


def test_a_unit_that_helps_asks_for_itself_and_for_nobody_else() -> None:
    ticket = with_helper()
    asked = ask(ticket, by=handler(unit("990101002")))

    assert asked.unit == unit("990101002")
    refused("not_own_unit", ask, ticket, by=handler(unit("990101002")), unit=unit())


def test_who_works_for_two_units_of_a_ticket_asks_for_the_lead_unless_said() -> None:
    ticket, staff = with_helper(), make_staff(Role.HANDLER, unit())
    Membership.objects.create(
        staff=staff, unit=unit("990101002"), role=Role.HANDLER, valid_from=LONG_AGO
    )
    both = actor_for_staff(staff, on=AT.date())

    assert ask(ticket, by=both).unit == unit()
    assert ask(ticket, by=both, unit=unit("990101002")).unit == unit("990101002")


def test_praise_counts_in_no_rate_so_there_is_nothing_to_exclude() -> None:
    refused("nothing_to_exclude", ask, dispatched_ticket(request_type="praise"))


def test_a_unit_of_no_group_has_no_result_to_ask_about() -> None:
    lead = unit("990101-market")
    assert lead.group == AssessmentGroup.NONE

    refused("unit_not_assessed", ask, dispatched_ticket(lead_unit=lead))
    refused("unit_not_assessed", object_to, answered_badly(lead_unit=lead))


def test_the_same_is_asked_once_at_a_time() -> None:
    ticket = answered_badly()
    ask(ticket)

    refused("plea_pending", ask, ticket)
    assert ask(ticket, scope="volume").scope == "volume"


def test_what_was_granted_is_not_asked_again() -> None:
    ticket = answered_badly()
    ask(ticket)
    decide(services.grant_exclusion, ticket)

    said = refused("already_excluded", ask, ticket)
    assert "剔除" in said


def test_what_was_refused_can_be_asked_again_with_better_evidence() -> None:
    ticket = answered_badly()
    ask(ticket)
    decide(services.refuse_exclusion, ticket, ruling="证据不足")

    assert ask(ticket, at=LATER + days(1), evidence="补充：法院裁定书").outcome == ""


def test_a_ground_or_scope_that_nobody_knows_is_refused() -> None:
    ticket = answered_badly()

    refused("plea_ground_unknown", ask, ticket, ground="bad_luck")
    refused("plea_ground_unknown", ask, ticket, scope="everything")
    refused("plea_ground_unknown", object_to, ticket, ground="bad_luck")


# === 容错 ===================================================================================


def test_r102_a_failure_in_good_faith_is_tolerated() -> None:
    ticket = answered_badly()
    ask(ticket, ground="tolerated", reason="已三次协调产权单位，仍未同意")
    decide(services.grant_exclusion, ticket)

    granted = Exclusion.objects.get()
    assert (granted.ground, granted.scope, granted.outcome) == ("tolerated", "rates", "granted")


def test_r102_who_did_nothing_is_not_tolerated() -> None:
    refused("tolerance_before_reply", ask, handled_ticket(), ground="tolerated")


def test_r102_what_is_tolerated_still_counts_in_the_volume() -> None:
    refused("tolerance_of_rates_only", ask, answered_badly(), ground="tolerated", scope="volume")


# === Deciding ===============================================================================


def test_r096_another_person_grants_it_and_who_and_when_is_kept() -> None:
    ticket, by = answered_badly(), supervisor()
    asked = ask(ticket)
    decide(services.grant_exclusion, ticket, actor=by, ruling="情况属实")

    asked.refresh_from_db()
    assert (asked.outcome, asked.ruling) == ("granted", "情况属实")
    assert (asked.ruled_by, asked.ruled_at) == (by.reference, RULED)
    assert "exclusion_ruling" not in running(ticket)
    assert last_event(ticket).type == "exclusion_granted"
    assert last_event(ticket).unit_id == unit().pk


def test_a10_an_excluded_ticket_is_handled_on_and_seen_as_before() -> None:
    ticket = handled_ticket()
    ask(ticket, at=AT + hours(1))
    before = snapshot([ticket.pk])
    decide(services.grant_exclusion, ticket, at=AT + hours(2))
    after = snapshot([ticket.pk])

    assert {n for n in after if after[n] != before[n]} == {
        "Ticket", "Clock", "TicketEvent", "OutboxMessage", "Exclusion",
    }  # fmt: skip
    was, now = ticket, fresh(ticket)
    assert (now.state, now.lead_unit_id, now.promised_at) == (
        was.state, was.lead_unit_id, was.promised_at,
    )  # fmt: skip
    assert {"feedback", "promise", "callback"} <= set(running(ticket))
    assert Ticket.objects.visible_to(handler(ticket)).filter(pk=ticket.pk).exists()


def test_a_refusal_says_why() -> None:
    ticket = answered_badly()
    asked = ask(ticket)

    refused("ruling_required", decide, services.refuse_exclusion, ticket, ruling=" ")
    decide(services.refuse_exclusion, ticket, ruling="属于职责范围")
    asked.refresh_from_db()
    assert (asked.outcome, asked.ruling) == ("refused", "属于职责范围")
    assert last_event(ticket).type == "exclusion_refused"


@pytest.mark.parametrize("verb", [services.grant_exclusion, services.refuse_exclusion])
def test_r096_nobody_decides_what_they_have_asked(verb: Callable[..., Ticket]) -> None:
    ticket, staff = answered_badly(), make_staff(Role.HANDLER, unit())
    Membership.objects.create(
        staff=staff, unit=unit("hotline"), role=Role.CITY_SUPERVISOR, valid_from=LONG_AGO
    )
    both = actor_for_staff(staff, on=AT.date())
    ask(ticket, by=both)

    refused("own_plea", decide, verb, ticket, actor=both, ruling="x")


@pytest.mark.parametrize("role", [Role.DISPATCHER, Role.CALLBACK_AGENT, Role.AGENT, Role.AUDITOR])
def test_only_the_citys_supervisor_decides(role: str) -> None:
    ticket = answered_badly()
    ask(ticket)

    with pytest.raises(NotPermitted):
        decide(services.grant_exclusion, ticket, actor=actor(role))


def test_what_nobody_asked_is_not_decided() -> None:
    refused("no_plea", decide, services.grant_exclusion, answered_badly())
    refused("no_plea", decide, services.reject_appeal, answered_badly(), ruling="x")


def test_what_is_decided_is_decided_once() -> None:
    ticket = answered_badly()
    asked = ask(ticket)
    decide(services.grant_exclusion, ticket)

    refused("no_plea", decide, services.refuse_exclusion, ticket, exclusion=asked.pk, ruling="x")


def test_of_several_that_wait_one_is_named_and_the_others_wait_on() -> None:
    ticket = with_helper()
    of_lead, of_helper = ask(ticket), ask(ticket, by=handler(unit("990101002")))
    refused("plea_not_named", decide, services.grant_exclusion, ticket)
    decide(services.grant_exclusion, ticket, exclusion=of_helper.pk)

    left = running(ticket)["exclusion_ruling"]
    assert left.subject_id == of_lead.pk
    assert [e.outcome for e in Exclusion.objects.order_by("pk")] == ["", "granted"]


def test_a_plea_of_another_ticket_is_not_decided_here() -> None:
    here, there = answered_badly(), answered_badly()
    ask(here)

    refused("no_plea", decide, services.grant_exclusion, here, exclusion=ask(there).pk)


# === What it does to the numbers (F-21) ======================================================


def behind(number: str, ticket: Ticket) -> bool:
    """Whether the ticket is among those behind a number of its month."""
    rows = Outcome.objects.filter(month=Outcome.objects.get(ticket=ticket).month)
    return numbers(rows, DEFAULT_RULES)[number].filter(ticket=ticket).exists()


def test_r096_excluded_it_leaves_the_rates_and_stays_in_the_volume() -> None:
    ticket = answered_badly()
    ask(ticket)
    outbox.deliver_all(at=LATER)
    assert [behind(name, ticket) for name in ("valid", "excluded", "volume")] == [True, False, True]
    decide(services.grant_exclusion, ticket)
    outbox.deliver_all(at=RULED)

    assert [behind(name, ticket) for name in ("valid", "excluded", "volume")] == [False, True, True]
    assert Outcome.objects.get(ticket=ticket).excluded == "unreasonable"


def test_r096_not_counted_it_is_told_apart_in_the_volume_and_stays_in_the_rates() -> None:
    ticket = answered_badly()
    ask(ticket, scope="volume")
    decide(services.grant_exclusion, ticket)
    outbox.deliver_all(at=RULED)

    assert behind("not_counted", ticket)
    assert behind("valid", ticket)


def test_r102_what_is_tolerated_is_not_counted_as_a_failure() -> None:
    ticket = answered_badly()
    ask(ticket, ground="tolerated")
    decide(services.grant_exclusion, ticket)
    outbox.deliver_all(at=RULED)

    assert not behind("unresolved", ticket)
    assert behind("volume", ticket)


def test_r097_an_answer_set_aside_leaves_the_rates() -> None:
    ticket = answered_badly()
    object_to(ticket)
    outbox.deliver_all(at=LATER)
    assert behind("unresolved", ticket)
    decide(services.uphold_appeal, ticket)
    outbox.deliver_all(at=RULED)

    assert not behind("unresolved", ticket)
    assert behind("set_aside", ticket)


def test_what_was_refused_changes_no_number() -> None:
    ticket = answered_badly()
    ask(ticket)
    object_to(ticket)
    outbox.deliver_all(at=LATER)
    before = Outcome.objects.filter(ticket=ticket).values().get()
    decide(services.refuse_exclusion, ticket, ruling="x")
    decide(services.reject_appeal, ticket, ruling="x")
    outbox.deliver_all(at=RULED)

    assert Outcome.objects.filter(ticket=ticket).values().get() == before


# === While the ticket goes its own way ======================================================


def close(ticket: Ticket) -> None:
    call_back(ticket, at=AT + hours(3))
    services.close(number=ticket.number, actor=actor(Role.CALLBACK_AGENT), at=AT + hours(4))


def withdraw(ticket: Ticket) -> None:
    intake.withdraw(number=ticket.number, actor=dispatcher(), at=AT + hours(4), is_confirmed=True)


def recall(ticket: Ticket) -> None:
    dispatching.recall(number=ticket.number, actor=dispatcher(), at=AT + hours(4), reason="派错")


def merge(ticket: Ticket) -> None:
    other = dispatched_ticket()
    intake.merge_into(
        number=ticket.number, actor=dispatcher(), at=AT + hours(4), target=other.number
    )


@pytest.mark.parametrize(
    ("make", "happens"),
    [
        (replied_ticket, close),
        (handled_ticket, withdraw),
        (handled_ticket, recall),
        (handled_ticket, merge),
    ],
)
def test_whatever_becomes_of_the_ticket_the_plea_is_decided(
    make: Callable[..., Ticket], happens: Callable[[Ticket], None]
) -> None:
    ticket = make()
    asked = ask(ticket, at=AT + hours(2))
    happens(ticket)
    clock = running(ticket)["exclusion_ruling"]
    assert (clock.subject_id, clock.stopped_at) == (asked.pk, None)
    decide(services.grant_exclusion, ticket, at=AT + days(1))

    asked.refresh_from_db()
    assert asked.outcome == "granted"
    assert "exclusion_ruling" not in running(ticket)


def test_a_reopened_ticket_keeps_what_was_asked_and_its_clock() -> None:
    ticket = answered_badly()
    asked = [ask(ticket).pk, object_to(ticket).pk]
    intake.reopen(number=ticket.number, actor=dispatcher(), at=LATER + hours(1), reason="又坏了")

    kinds = ("exclusion_ruling", "appeal_ruling")
    assert [running(ticket)[kind].subject_id for kind in kinds] == asked
    decide(services.grant_exclusion, ticket)
    decide(services.uphold_appeal, ticket)
    assert not set(running(ticket)) & set(kinds)


def test_a_plea_that_waits_does_not_hide_that_the_close_is_owed() -> None:
    ticket = replied_ticket()
    ask(ticket, at=AT + hours(2))
    call_back(ticket, at=AT + hours(3))

    assert {"closing", "exclusion_ruling"} <= set(running(ticket))


def test_a_late_ruling_is_a_broken_promise_of_the_hotline() -> None:
    ticket = answered_badly()
    ask(ticket)
    late = LATER + days(8)
    intake.sweep(at=late)
    outbox.deliver_all(at=late)

    step = LadderStep.objects.get(ticket=ticket)
    assert (step.unit_id, step.rung, step.taken_at) == (None, "urge", LATER + days(7))
    told = Notice.objects.get(number=ticket.number, type="urged")
    assert told.unit == unit("hotline")


@pytest.mark.parametrize(
    ("verb", "type"),
    [
        (services.grant_exclusion, "exclusion_granted"),
        (services.refuse_exclusion, "exclusion_refused"),
    ],
)
def test_the_unit_is_told_what_was_decided(verb: Callable[..., Ticket], type: str) -> None:
    ticket = answered_badly()
    ask(ticket)
    decide(verb, ticket, ruling="已核")
    outbox.deliver_all(at=LATER + hours(3))

    notice = Notice.objects.get(number=ticket.number, type=type)
    assert notice.unit == unit()
    (told,) = mail_words([notice])
    assert told.what.endswith("剔除")


# === Appeals ================================================================================


def test_r097_an_appeal_names_one_answer_and_has_a_clock_of_its_own() -> None:
    ticket, by = answered_badly(), handler()
    asked = object_to(ticket, by=by)
    clock = running(ticket)["appeal_ruling"]

    assert (asked.result, asked.unit, asked.ground) == (answer(ticket), unit(), "other_unit")
    assert (asked.raised_by, asked.raised_at) == (by.reference, LATER)
    assert (clock.unit_id, clock.subject_id) == (None, asked.pk)
    assert last_event(ticket).type == "appealed"
    assert last_event(ticket).data["result"] == answer(ticket).pk


def test_r097_upheld_the_answer_stays_what_it_was() -> None:
    ticket = answered_badly()
    asked = object_to(ticket)
    before = list(CallbackResult.objects.values_list())
    decide(services.uphold_appeal, ticket)

    asked.refresh_from_db()
    assert (asked.outcome, asked.ruled_at) == ("granted", RULED)
    assert list(CallbackResult.objects.values_list()) == before
    assert last_event(ticket).type == "appeal_upheld"


def test_r097_rejected_there_is_no_second_appeal() -> None:
    ticket = answered_badly()
    object_to(ticket)
    refused("plea_pending", object_to, ticket)
    refused("ruling_required", decide, services.reject_appeal, ticket, ruling="")
    decide(services.reject_appeal, ticket, ruling="录音显示评价的是本单位")

    assert last_event(ticket).type == "appeal_rejected"
    refused("appeal_ruled", object_to, ticket)


def test_a_unit_appeals_against_answers_that_count_for_it_only() -> None:
    ticket, other = answered_badly(), answered_badly(lead_unit=unit("990102001"))

    refused("answer_not_own", object_to, ticket, result=answer(other).pk)
    assert object_to(ticket).unit == unit()


def test_an_answer_that_is_none_cannot_be_appealed() -> None:
    ticket = call_back(replied_ticket(), at=AT + hours(3), outcome="no_answer")
    refused("no_answer_to_appeal", object_to, ticket)

    call_back(ticket, at=AT + days(1))
    silent = CallbackResult.objects.get(is_valid=False)
    refused("answer_not_own", object_to, fresh(ticket), result=silent.pk)


def test_an_answer_of_another_ticket_cannot_be_appealed_here() -> None:
    here, there = answered_badly(), answered_badly()

    refused("answer_not_own", object_to, here, result=answer(there).pk)


@pytest.mark.parametrize("verb", [services.uphold_appeal, services.reject_appeal])
def test_r097_nobody_decides_their_own_appeal(verb: Callable[..., Ticket]) -> None:
    ticket, staff = answered_badly(), make_staff(Role.MANAGER, unit())
    Membership.objects.create(
        staff=staff, unit=unit("hotline"), role=Role.CITY_SUPERVISOR, valid_from=LONG_AGO
    )
    both = actor_for_staff(staff, on=AT.date())
    object_to(ticket, by=both)

    refused("own_plea", decide, verb, ticket, actor=both, ruling="x")


def test_an_exclusion_and_an_appeal_wait_side_by_side() -> None:
    ticket = answered_badly()
    ask(ticket)
    object_to(ticket)
    decide(services.uphold_appeal, ticket)

    assert set(running(ticket)) == {"exclusion_ruling"}


# === The month it counts in =================================================================


def test_nothing_is_asked_about_a_closed_month_which_is_named() -> None:
    ticket = answered_badly()
    make_outcome(ticket=ticket, month="2026-04")
    close_month("2026-04", at=LATER - hours(1))

    assert "2026-04" in refused("plea_month_closed", ask, ticket)
    assert "2026-04" in refused("plea_month_closed", object_to, ticket)


def test_nothing_is_granted_for_a_closed_month_but_it_may_be_refused() -> None:
    ticket = answered_badly()
    ask(ticket)
    object_to(ticket)
    make_outcome(ticket=ticket, month="2026-04")
    close_month("2026-04", at=LATER + hours(1))

    refused("plea_month_closed", decide, services.grant_exclusion, ticket)
    refused("plea_month_closed", decide, services.uphold_appeal, ticket)
    decide(services.refuse_exclusion, ticket, ruling="该月已封账")
    decide(services.reject_appeal, ticket, ruling="该月已封账")
    assert not Clock.objects.running().filter(ticket=ticket).exists()


def test_a_month_that_is_open_or_not_known_yet_stops_nobody() -> None:
    close_month("2026-04", at=AT)
    unplaced, later = answered_badly(), answered_badly()
    make_outcome(ticket=later, month="2026-05")

    assert ask(unplaced).outcome == ask(later).outcome == ""


def test_of_two_rows_the_one_in_an_open_month_can_still_be_asked_about() -> None:
    ticket = answered_badly()
    make_outcome(ticket=ticket, month="2026-04", role="cooperate")
    make_outcome(ticket=ticket, month="2026-05")
    close_month("2026-04", at=AT)

    assert ask(ticket).outcome == ""


def test_while_a_month_is_being_closed_who_asks_is_told_to_wait(
    as_app_role: Callable[[], AbstractContextManager[Connection]],
) -> None:
    ticket, by = answered_badly(), handler()
    with as_app_role() as closing, closing.cursor() as cursor, connection.cursor() as own:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [0x434C4F5345])
        own.execute("SET LOCAL lock_timeout = '50ms'")
        with pytest.raises(Busy):
            ask(ticket, by=by)

    assert not Exclusion.objects.exists()


# === Who may know ===========================================================================


def test_another_unit_on_the_ticket_does_not_learn_of_it() -> None:
    ticket = with_helper()
    asked, helper = ask(ticket), handler(unit("990101002"))
    intake.sweep(at=LATER + days(8))
    seen = events_known_to(TicketEvent.objects.filter(ticket_id=ticket.pk), helper)
    clocks = clocks_known_to(Clock.objects.filter(ticket=ticket), helper)

    assert "exclusion_asked" not in seen.values_list("type", flat=True)
    assert "exclusion_ruling" not in {event.data.get("kind") for event in seen}
    assert seen.filter(type="breached").exists()
    assert not clocks.filter(kind=ClockKind.EXCLUSION_RULING).exists()
    assert not pleas.visible(Exclusion, helper).filter(pk=asked.pk).exists()


@pytest.mark.parametrize(
    ("role", "place", "knows"),
    [
        (Role.HANDLER, "990101001", True), (Role.MANAGER, "990101001", True),
        (Role.DISTRICT_SUPERVISOR, "990101", True), (Role.CITY_SUPERVISOR, "hotline", True),
        (Role.AUDITOR, "hotline", True), (Role.CALLBACK_AGENT, "hotline", True),
        (Role.HANDLER, "990101002", False), (Role.DISTRICT_SUPERVISOR, "990102", False),
        (Role.HANDLER, "990101", False), (Role.ADMINISTRATOR, "hotline", False),
    ],
)  # fmt: skip
def test_a_plea_is_read_by_the_unit_its_district_and_the_hotline(
    role: str, place: str, knows: bool
) -> None:
    ticket, who = answered_badly(), actor(role, unit(place))
    ask(ticket)
    object_to(ticket)
    found = [pleas.visible(model, who).exists() for model in (Exclusion, Appeal)]
    own = TicketEvent.objects.filter(ticket_id=ticket.pk, type__in=["exclusion_asked", "appealed"])

    assert found == [knows, knows]
    assert events_known_to(own, who).count() == 2 * knows


def test_a_reader_who_is_not_told_of_pleas_is_told_of_everything_else() -> None:
    ticket = with_helper()
    ask(ticket)
    everything = TicketEvent.objects.filter(ticket_id=ticket.pk)
    seen = list(events_known_to(everything, handler(unit("990101002"))))

    assert [event.type for event in seen] == events(ticket)[:-1]


# === How often (R-097) ======================================================================


def test_r097_asked_granted_refused_and_pending_are_counted_per_unit_and_month() -> None:
    granted, denied, waiting = [answered_badly() for _ in range(3)]
    other = answered_badly(lead_unit=unit("990102001"))
    for ticket in (granted, denied, waiting):
        make_outcome(ticket=ticket, month="2026-04")
        ask(ticket)
    make_outcome(ticket=other, month="2026-05", unit=other.lead_unit)
    ask(other)
    decide(services.grant_exclusion, granted)
    decide(services.refuse_exclusion, denied, ruling="x")
    found = pleas.counts(pleas.visible(Exclusion, SYSTEM))

    assert [dataclasses.astuple(count) for count in found] == [
        (unit().pk, "2026-04", 3, 1, 1, 1),
        (unit("990102001").pk, "2026-05", 1, 0, 0, 1),
    ]


def test_a_plea_belongs_to_the_month_of_its_row_and_to_none_before_there_is_one() -> None:
    ticket = answered_badly()
    ask(ticket)
    all_of_it = pleas.visible(Exclusion, SYSTEM)
    assert [count.month for count in pleas.counts(all_of_it)] == [""]
    make_outcome(ticket=ticket, month="2026-05")

    assert [count.month for count in pleas.counts(all_of_it)] == ["2026-05"]
    assert pleas.counts(all_of_it, "2026-04") == []
    assert pleas.months(all_of_it) == ["2026-05"]
