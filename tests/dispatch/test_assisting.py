"""Asking other units for help, and what they do with it (R-033, R-040, R-051)."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from dispatch import services as dispatching
from dispatch.models import Assignment, DutyItem, DutyList, Reply
from hotline.core.actors import Actor
from hotline.core.models import Role, Unit, UnitKind
from hotline.core.reference import forget_all
from hotline.core.violations import IllegalMove, NotPermitted, NotVisible, RuleViolation
from intake import verbs
from intake.models import Access, Clock, Note, Ticket
from tests.factories import (
    AT,
    LONG_AGO,
    accepted_ticket,
    actor,
    days,
    dispatched_ticket,
    dispatcher,
    fresh,
    handled_ticket,
    handler,
    hours,
    make_unit,
    minutes,
    reply_to,
    unit,
)
from tests.kernel.snapshots import events, last_event, snapshot
from tests.kernel.together import together

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("city")]

# The street's feedback runs for seven days from its dispatch, five minutes after acceptance.
FEEDBACK_DUE = AT + minutes(5) + days(7)
ASKED = AT + hours(1)
SIGNED, RELEASED, HANDED_IN = ASKED + minutes(10), ASKED + hours(2), ASKED + days(1)


def market() -> Unit:
    return unit("990101-market")


def community() -> Unit:
    return unit("990101001001")


def ask(
    ticket: Ticket,
    whom: Unit | None = None,
    *,
    at: dt.datetime = ASKED,
    by: Actor | None = None,
    task: str = "请核查经营许可",
    due_at: dt.datetime | None = None,
) -> Assignment:
    """The lead asks 甲区市场监管局 unless told otherwise; the order that comes of it."""
    whom = whom or market()
    dispatching.ask_cooperation(
        number=ticket.number, actor=by or handler(ticket), at=at, unit=whom, task=task,
        due_at=due_at,
    )  # fmt: skip
    return part_of(ticket, whom)


def hand_down(
    ticket: Ticket, whom: Unit, *, by: Actor | None = None, at: dt.datetime = ASKED, **more: Any
) -> Assignment:
    more.setdefault("task", "请上门核实")
    dispatching.delegate(
        number=ticket.number, actor=by or handler(ticket), at=at, unit=whom, **more
    )
    return part_of(ticket, whom)


def part_of(ticket: Ticket, whom: Unit) -> Assignment:
    return Assignment.objects.filter(ticket=ticket, unit=whom).latest("id")


def sign_for(part: Assignment, at: dt.datetime = SIGNED) -> Assignment:
    dispatching.sign_part(number=part.ticket.number, actor=handler(part.unit), at=at)
    return Assignment.objects.get(pk=part.pk)


def hand_in(part: Assignment, at: dt.datetime = HANDED_IN, **words: Any) -> Assignment:
    words.setdefault("text", "经查，该店无照经营，已责令停业。")
    dispatching.hand_in(number=part.ticket.number, actor=handler(part.unit), at=at, **words)
    return Assignment.objects.get(pk=part.pk)


def report_late(part: Assignment, *, at: dt.datetime, next_at: dt.datetime) -> Assignment:
    dispatching.interim(
        number=part.ticket.number, actor=handler(part.unit), at=at, text="已取样送检。",
        late_reason="检测机构五个工作日出结果", next_at=next_at,
    )  # fmt: skip
    return Assignment.objects.get(pk=part.pk)


def owed_by(part: Assignment) -> dict[str, Clock]:
    """The part's own running promises."""
    running = Clock.objects.running().filter(subject_id=part.pk, unit_id=part.unit_id)
    return {clock.kind: clock for clock in running}


def is_refused(code: str, verb: str, ticket: Ticket, by: Actor, **words: Any) -> RuleViolation:
    """The act is refused with this code and a sentence, and nothing is written."""
    words.setdefault("at", ASKED)
    before = snapshot([ticket.pk])
    with pytest.raises(RuleViolation) as refusal:
        verbs.run(verb, number=ticket.number, actor=by, version=None, **words)

    assert refusal.value.code == code
    assert refusal.value.sentence()
    assert snapshot([ticket.pk]) == before
    return refusal.value


# === Asking =================================================================================


def test_the_lead_asks_and_the_part_is_due_before_its_own_order() -> None:
    ticket = handled_ticket()
    part = ask(ticket)

    due = ASKED + (FEEDBACK_DUE - ASKED) * 0.8
    assert (part.role, part.state, part.is_open) == ("cooperate", "pending", True)
    assert part.parent == Assignment.objects.get(ticket=ticket, role="lead")
    assert part.due_at == due < FEEDBACK_DUE
    assert owed_by(part)["cooperation"].due_at == due
    assert owed_by(part)["sign"].due_at == part.next_due_at == ASKED + hours(12)
    told = last_event(ticket)
    assert (told.type, told.unit_id) == ("cooperation_asked", part.unit_id)
    assert (told.data["of"], told.data["assignment"]) == ("990101001", part.pk)
    assert dt.datetime.fromisoformat(told.data["due_at"]) == due


def test_the_desk_asks_for_the_lead_also_before_it_has_signed() -> None:
    ticket = dispatched_ticket()
    part = ask(ticket, by=dispatcher())

    assert part.parent is not None
    assert part.parent.unit == ticket.lead_unit
    assert fresh(ticket).state == "dispatched"


def test_whoever_is_asked_sees_the_ticket_from_then_on() -> None:
    ticket, helper = handled_ticket(), handler(market())
    assert not Ticket.objects.visible_to(helper).filter(pk=ticket.pk).exists()
    part = ask(ticket)

    assert Ticket.objects.visible_to(helper).get(pk=ticket.pk)
    assert Access.objects.get(ticket=ticket, unit=market()).role == "cooperate"
    assert list(Assignment.objects.visible_to(helper).filter(ticket=ticket)) == [part]


def test_a_date_may_be_named_between_now_and_the_leads_own() -> None:
    ticket = handled_ticket()
    lead, words = handler(ticket), {"unit": market(), "task": "核查"}
    for impossible in (ASKED, ASKED - hours(1), FEEDBACK_DUE, FEEDBACK_DUE + days(1)):
        refusal = is_refused(
            "part_due_impossible", "ask_cooperation", ticket, lead, due_at=impossible, **words
        )
        assert refusal.field == "due_at"
    part = ask(ticket, due_at=FEEDBACK_DUE - minutes(1))

    assert part.due_at == owed_by(part)["cooperation"].due_at == FEEDBACK_DUE - minutes(1)


def test_when_the_lead_is_late_itself_the_part_gets_its_share_of_a_whole_limit() -> None:
    ticket, late = handled_ticket(), FEEDBACK_DUE + hours(1)
    part = ask(ticket, at=late)

    assert part.due_at == late + days(7) * 0.8


def test_an_emergency_leaves_little_time_for_a_part() -> None:
    ticket = handled_ticket(level="L1")
    part = ask(ticket, at=AT + minutes(15))

    due = AT + minutes(5) + hours(2)
    assert part.due_at == AT + minutes(15) + (due - AT - minutes(15)) * 0.8
    assert owed_by(part)["sign"].due_at == AT + minutes(25)


@pytest.mark.parametrize(
    ("whom", "code"),
    [("990101001", "unit_cannot_assist"), ("hotline", "unit_cannot_assist")],
)
def test_neither_the_lead_nor_the_hotline_can_be_asked(whom: str, code: str) -> None:
    ticket = handled_ticket()
    is_refused(code, "ask_cooperation", ticket, handler(ticket), unit=unit(whom), task="核查")


def test_r020_the_accused_is_not_asked() -> None:
    ticket = handled_ticket(target="甲区市场监管局不作为")
    is_refused(
        "conflict_of_interest", "ask_cooperation", ticket, handler(ticket), unit=market(), task="x"
    )


def test_a_unit_is_asked_once_and_again_when_it_has_handed_in() -> None:
    ticket = handled_ticket()
    first = sign_for(ask(ticket))
    is_refused(
        "already_assisting", "ask_cooperation", ticket, handler(ticket), unit=market(), task="再查"
    )
    hand_in(first)
    second = ask(ticket, at=ASKED + days(2))

    assert second.pk != first.pk
    assert Access.objects.filter(ticket=ticket, unit=market(), until=None).count() == 1


def test_what_is_asked_must_be_said() -> None:
    ticket = handled_ticket()
    refusal = is_refused(
        "task_required", "ask_cooperation", ticket, handler(ticket), unit=market(), task=" "
    )

    assert refusal.field == "task"


def test_nobody_else_asks() -> None:
    ticket = handled_ticket()
    for role in (Role.AGENT, Role.CALLBACK_AGENT, Role.CITY_SUPERVISOR, Role.AUDITOR):
        with pytest.raises(NotPermitted):
            ask(ticket, by=actor(role))
    with pytest.raises(NotVisible):
        ask(ticket, by=handler(unit("990101002")))


def test_nothing_is_asked_before_dispatch_or_after_the_reply() -> None:
    waiting = accepted_ticket()
    is_refused(
        "move_not_allowed", "ask_cooperation", waiting, dispatcher(), unit=market(), task="x"
    )
    replied = reply_to(handled_ticket(), at=AT + days(1))
    is_refused(
        "move_not_allowed", "ask_cooperation", replied, handler(replied), unit=market(), task="x",
        at=AT + days(2),
    )  # fmt: skip


@pytest.mark.django_db(transaction=True)
def test_two_at_once_ask_a_unit_once() -> None:
    ticket = handled_ticket()
    lead, desk, whom = handler(ticket), dispatcher(), market()
    results = together(lambda: ask(ticket, whom, by=lead), lambda: ask(ticket, whom, by=desk))

    refused = [r for r in results if isinstance(r, RuleViolation)]
    assert [r.code for r in refused] == ["already_assisting"]
    assert Assignment.objects.filter(ticket=ticket, unit=whom).count() == 1


# === Handing down (R-040) ===================================================================


def test_a_district_hands_down_to_its_street_and_the_street_to_its_community() -> None:
    ticket = handled_ticket(lead_unit=unit("990101"))
    street = sign_for(hand_down(ticket, unit("990101001")))
    below = hand_down(ticket, community(), by=handler(street.unit), at=ASKED + hours(1))

    assert (street.role, below.role) == ("delegate", "delegate")
    assert below.parent == street
    assert street.due_at is not None
    left = street.due_at - (ASKED + hours(1))
    assert below.due_at == ASKED + hours(1) + left * 0.8 < street.due_at
    assert owed_by(below)["delegation"].due_at == below.due_at
    assert events(ticket)[-3:] == ["delegated", "part_signed", "delegated"]
    assert last_event(ticket).unit_id == below.unit_id


def test_an_office_of_the_street_is_given_work_and_never_the_lead() -> None:
    office = make_unit(kind=UnitKind.OFFICE, parent=unit(), name="综合行政执法队")
    ticket = handled_ticket()

    assert hand_down(ticket, office).role == "delegate"
    waiting = accepted_ticket()
    with pytest.raises(RuleViolation, match="不能作为主办单位"):
        dispatching.dispatch(number=waiting.number, actor=dispatcher(), at=ASKED, lead_unit=office)


@pytest.mark.parametrize("whom", ["990101002", "990101", "990101-market", "ent-heat"])
def test_work_is_handed_down_and_never_across_or_up(whom: str) -> None:
    ticket = handled_ticket()
    refusal = is_refused(
        "not_below", "delegate", ticket, handler(ticket), unit=unit(whom), task="x"
    )

    assert refusal.field == "unit"


def test_r040_a_community_is_not_asked_for_what_its_list_does_not_have() -> None:
    listed = DutyList.objects.create(
        code="c", name="社区清单", unit_kind="community", valid_from=LONG_AGO
    )
    DutyItem.objects.create(
        duty_list=listed, code="C-07", text="不得交由社区查处", categories=["05"],
        stance="not_duty", basis="条例第十七条",
    )  # fmt: skip
    forget_all()
    ticket = handled_ticket()
    refusal = is_refused(
        "not_its_duty", "delegate", ticket, handler(ticket), unit=community(), task="查处"
    )
    DutyItem.objects.update(stance="assists")
    forget_all()

    assert "C-07" in refusal.sentence()
    assert hand_down(ticket, community()).role == "delegate"


def test_who_is_asked_to_co_operate_hands_nothing_on() -> None:
    ticket = handled_ticket()
    sign_for(ask(ticket, unit("990101")))
    is_refused(
        "not_permitted", "delegate", ticket, handler(unit("990101")),
        unit=unit("990101002"), task="x",
    )  # fmt: skip


def test_work_that_was_handed_down_before_is_no_leave_to_hand_on_what_is_asked_now() -> None:
    ticket = handled_ticket(lead_unit=unit("990101"))
    hand_in(sign_for(hand_down(ticket, unit("990101001"))))
    again = ask(ticket, unit("990101001"), at=ASKED + days(1))
    sign_for(again, at=ASKED + days(1))

    is_refused(
        "part_not_delegated", "delegate", ticket, handler(again.unit), unit=community(), task="x",
        at=ASKED + days(2),
    )  # fmt: skip


def test_who_has_not_signed_hands_nothing_on() -> None:
    ticket = handled_ticket(lead_unit=unit("990101"))
    hand_down(ticket, unit("990101001"))
    is_refused(
        "part_unsigned", "delegate", ticket, handler(unit("990101001")), unit=community(), task="x"
    )


# === Signing ================================================================================


def test_signing_a_part_ends_its_own_sign_clock_and_no_other() -> None:
    ticket = dispatched_ticket()
    part = sign_for(ask(ticket, by=dispatcher()))

    assert (part.state, part.signed_at) == ("signed", ASKED + minutes(10))
    assert set(owed_by(part)) == {"cooperation"}
    assert part.next_due_at == part.due_at
    left = Clock.objects.running().get(ticket=ticket, kind="sign")
    assert left.unit_id == ticket.lead_unit_id
    assert (last_event(ticket).type, last_event(ticket).unit_id) == ("part_signed", part.unit_id)


def test_the_leads_signature_ends_no_helpers_sign_clock() -> None:
    ticket = dispatched_ticket()
    part = ask(ticket, by=dispatcher(), at=AT + minutes(6))
    dispatching.sign(number=ticket.number, actor=handler(ticket), at=AT + minutes(10))

    assert set(owed_by(part)) == {"cooperation", "sign"}


def test_a_part_signed_late_was_missed() -> None:
    ticket = handled_ticket()
    part = sign_for(ask(ticket), at=ASKED + hours(12))

    missed = Clock.objects.get(subject_id=part.pk, kind="sign")
    assert missed.breached_at == ASKED + hours(12)
    assert events(ticket)[-2:] == ["breached", "part_signed"]


def test_a_part_is_signed_once() -> None:
    ticket = handled_ticket()
    part = sign_for(ask(ticket))

    is_refused("part_already_signed", "sign_part", ticket, handler(part.unit), at=ASKED + hours(1))


@pytest.mark.django_db(transaction=True)
def test_two_handlers_at_once_sign_a_part_once() -> None:
    ticket = handled_ticket()
    part = ask(ticket)
    first, second = handler(part.unit), handler(part.unit)
    results = together(
        *[
            lambda who=who: dispatching.sign_part(
                number=ticket.number, actor=who, at=ASKED + hours(1)
            )
            for who in (first, second)
        ]
    )

    assert [r.code for r in results if isinstance(r, IllegalMove)] == ["part_already_signed"]
    assert events(ticket).count("part_signed") == 1


@pytest.mark.parametrize("verb", ["sign_part", "hand_in", "interim"])
def test_nobody_but_the_unit_that_holds_a_part_acts_on_it(verb: str) -> None:
    ticket = handled_ticket()
    part = sign_for(ask(ticket))
    words: dict[str, Any] = {
        "sign_part": {}, "hand_in": {"text": "x"},
        "interim": {"text": "x", "late_reason": "x", "next_at": part.due_at},
    }[verb]  # fmt: skip

    for stranger in (handler(ticket), dispatcher(), actor(Role.CITY_SUPERVISOR)):
        is_refused("not_permitted", verb, ticket, stranger, **words)
    is_refused("not_found", verb, ticket, handler(unit("990101002")), **words)


# === Handing in =============================================================================


def test_a_result_goes_to_the_unit_that_asked() -> None:
    ticket = handled_ticket()
    part = hand_in(sign_for(ask(ticket)), solved="yes")

    assert (part.state, part.is_open, part.replied_at) == ("replied", False, ASKED + days(1))
    assert not owed_by(part)
    assert part.next_due_at is None
    kept = Clock.objects.get(subject_id=part.pk, kind="cooperation")
    assert (kept.stopped_at, kept.breached_at, kept.is_cancelled) == (ASKED + days(1), None, False)
    written = Reply.objects.get(assignment=part)
    assert (written.kind, written.solved, written.late_reason) == ("result", "yes", "")
    told = last_event(ticket)
    assert (told.type, told.unit_id) == ("handed_in", ticket.lead_unit_id)
    assert told.data == {
        "assignment": part.pk, "by": "990101-market", "solved": "yes", "is_late": False,
    }  # fmt: skip


def test_a_result_handed_down_goes_one_step_up() -> None:
    ticket = handled_ticket(lead_unit=unit("990101"))
    street = sign_for(hand_down(ticket, unit("990101001")))
    below = sign_for(hand_down(ticket, community(), by=handler(street.unit)))
    is_refused("assisting_open", "hand_in", ticket, handler(street.unit), text="已办")
    hand_in(below)
    to_street = last_event(ticket)
    hand_in(street, at=ASKED + days(2))

    assert to_street.unit_id == street.unit_id
    assert last_event(ticket).unit_id == unit("990101").pk


def test_the_lead_replies_when_every_part_is_handed_in() -> None:
    ticket = handled_ticket()
    part = sign_for(ask(ticket))
    is_refused(
        "assisting_open", "reply", ticket, handler(ticket), text="已办", solved="yes",
        told_by="phone",
    )  # fmt: skip
    hand_in(part)

    assert reply_to(ticket, at=ASKED + days(2)).state == "callback"


def test_a_late_result_says_why_and_stays_late() -> None:
    ticket = handled_ticket()
    part = sign_for(ask(ticket))
    assert part.due_at is not None
    refusal = is_refused(
        "late_reason_required", "hand_in", ticket, handler(part.unit), text="已办", at=part.due_at
    )
    hand_in(part, at=part.due_at, late_reason="等检测报告")

    assert refusal.field == "late_reason"
    missed = Clock.objects.get(subject_id=part.pk, kind="cooperation")
    assert missed.breached_at == missed.stopped_at == part.due_at
    assert events(ticket)[-2:] == ["breached", "handed_in"]
    assert last_event(ticket).data["is_late"] is True
    assert Reply.objects.get(assignment=part).late_reason == "等检测报告"


def test_a_second_before_the_due_time_is_in_time() -> None:
    part = sign_for(ask(handled_ticket()))
    assert part.due_at is not None
    hand_in(part, at=part.due_at - dt.timedelta(seconds=1))

    assert Clock.objects.get(subject_id=part.pk, kind="cooperation").breached_at is None


def test_a_part_is_signed_before_and_handed_in_once() -> None:
    ticket = handled_ticket()
    part = ask(ticket)
    helper = handler(part.unit)
    is_refused("part_unsigned", "hand_in", ticket, helper, text="已办")
    hand_in(sign_for(part))

    is_refused("no_part", "hand_in", ticket, helper, text="再报", at=ASKED + days(2))


def test_nothing_is_handed_in_to_a_ticket_taken_back() -> None:
    ticket = handled_ticket()
    part = sign_for(ask(ticket))
    dispatching.recall(number=ticket.number, actor=dispatcher(), at=ASKED + hours(2), reason="派错")

    with pytest.raises(NotVisible):
        hand_in(part)
    assert Assignment.objects.get(pk=part.pk).end_reason == "recalled"


# === Interim reports ========================================================================


def test_before_its_due_time_a_part_is_put_off_within_the_leads() -> None:
    ticket = handled_ticket()
    part = sign_for(ask(ticket))
    assert part.due_at is not None
    later = FEEDBACK_DUE
    moved = report_late(part, at=part.due_at - hours(1), next_at=later)

    assert moved.due_at == moved.next_due_at == later
    first, second = Clock.objects.filter(subject_id=part.pk, kind="cooperation").order_by("id")
    assert (first.is_cancelled, first.breached_at) == (True, None)
    assert (second.due_at, second.stopped_at) == (later, None)
    assert Reply.objects.get(assignment=part).kind == "interim"
    told = last_event(ticket)
    assert (told.type, told.unit_id) == ("interim_reported", ticket.lead_unit_id)
    assert (told.data["by"], told.data["is_late"]) == ("990101-market", False)


def test_after_its_due_time_a_new_promise_begins_and_the_missed_one_stays() -> None:
    ticket = handled_ticket()
    part = sign_for(ask(ticket))
    assert part.due_at is not None
    next_at = FEEDBACK_DUE + days(3)
    report_late(part, at=part.due_at + hours(1), next_at=next_at)
    hand_in(part, at=next_at - minutes(1))  # the reason was given with the interim report

    first, second = Clock.objects.filter(subject_id=part.pk, kind="cooperation").order_by("id")
    assert (first.breached_at, first.is_cancelled) == (part.due_at, False)
    assert (second.due_at, second.breached_at) == (next_at, None)
    assert events(ticket)[-3:] == ["breached", "interim_reported", "handed_in"]
    assert last_event(ticket).data["is_late"] is False


def test_the_new_date_is_later_than_the_old_and_not_after_the_leads() -> None:
    ticket = handled_ticket()
    part = sign_for(ask(ticket))
    assert part.due_at is not None
    for impossible in (part.due_at, FEEDBACK_DUE + minutes(1)):
        refusal = is_refused(
            "interim_date_impossible", "interim", ticket, handler(part.unit), text="x",
            late_reason="x", next_at=impossible, at=ASKED + hours(1),
        )  # fmt: skip
        assert refusal.field == "next_at"
    late = part.due_at + hours(1)
    for impossible in (late, late + days(181)):
        is_refused(
            "interim_date_impossible", "interim", ticket, handler(part.unit), text="x",
            late_reason="x", next_at=impossible, at=late,
        )  # fmt: skip


def test_an_interim_report_gives_its_reason() -> None:
    ticket = handled_ticket()
    part = sign_for(ask(ticket))
    refusal = is_refused(
        "late_reason_required", "interim", ticket, handler(part.unit), text="x", late_reason="",
        next_at=FEEDBACK_DUE, at=ASKED + hours(1),
    )  # fmt: skip

    assert refusal.field == "late_reason"


# === Letting go =============================================================================


def release(ticket: Ticket, whom: Unit, by: Actor, at: dt.datetime = RELEASED) -> None:
    dispatching.release(
        number=ticket.number, actor=by, at=at, unit=whom, reason="已由本单位自行查清"
    )


def test_whoever_asked_lets_go_and_what_hangs_below_ends_too() -> None:
    ticket = handled_ticket(lead_unit=unit("990101"))
    street = sign_for(hand_down(ticket, unit("990101001")))
    below = hand_down(ticket, community(), by=handler(street.unit))
    release(ticket, street.unit, handler(ticket))

    for part in Assignment.objects.filter(pk__in=[street.pk, below.pk]):
        assert (part.state, part.is_open, part.end_reason) == ("ended", False, "released")
        assert (part.ended_at, part.next_due_at) == (ASKED + hours(2), None)
        assert not owed_by(part)
        assert not Ticket.objects.visible_to(handler(part.unit)).filter(pk=ticket.pk).exists()
    assert Clock.objects.get(subject_id=street.pk, kind="delegation").is_cancelled
    assert events(ticket)[-2:] == ["released", "released"]
    assert reply_to(ticket, at=ASKED + days(1)).state == "callback"


def test_the_reason_is_kept_for_the_unit_that_gave_it_and_the_hotline() -> None:
    ticket = handled_ticket()
    ask(ticket)
    release(ticket, market(), handler(ticket))

    note = Note.objects.get(ticket=ticket)
    assert (note.text, note.unit) == ("已由本单位自行查清", ticket.lead_unit)
    assert last_event(ticket).data["of"] == "990101001"
    assert last_event(ticket).unit_id == market().pk


def test_a_missed_part_that_is_let_go_stays_missed() -> None:
    ticket = handled_ticket()
    part = ask(ticket)
    assert part.due_at is not None
    release(ticket, market(), dispatcher(), at=part.due_at)

    missed = Clock.objects.get(subject_id=part.pk, kind="cooperation")
    assert (missed.breached_at, missed.is_cancelled) == (part.due_at, True)


def test_who_handed_in_before_still_sees_the_ticket() -> None:
    ticket = handled_ticket()
    hand_in(sign_for(ask(ticket)))
    ask(ticket, at=ASKED + days(2))
    release(
        ticket,
        market(),
        handler(ticket),
        at=ASKED + days(2),
    )

    assert Ticket.objects.visible_to(handler(market())).get(pk=ticket.pk)


def test_the_districts_copy_outlives_its_part() -> None:
    ticket = handled_ticket()
    district = handler(unit("990101"))
    ask(ticket, unit("990101"))
    release(ticket, unit("990101"), handler(ticket))

    assert Ticket.objects.visible_to(district).get(pk=ticket.pk)
    assert Assignment.objects.get(ticket=ticket, role="supervise").is_open


def test_only_the_unit_that_asked_or_the_desk_lets_go() -> None:
    ticket = handled_ticket(lead_unit=unit("990101"))
    street = sign_for(hand_down(ticket, unit("990101001")))
    hand_down(ticket, community(), by=handler(street.unit))
    words = {"unit": community(), "reason": "x", "at": ASKED + hours(2)}
    is_refused("only_the_asker_releases", "release", ticket, handler(ticket), **words)
    is_refused("only_the_asker_releases", "release", ticket, handler(community()), **words)
    is_refused("not_permitted", "release", ticket, actor(Role.AGENT), **words)
    release(ticket, community(), dispatcher())

    assert part_of(ticket, community()).end_reason == "released"


def test_who_assists_nobody_is_let_go_from_nothing() -> None:
    ticket = handled_ticket()
    is_refused("not_assisting", "release", ticket, handler(ticket), unit=market(), reason="x")


# === Confidential matters ===================================================================


def test_r018_an_assisting_unit_learns_as_little_as_a_handling_unit() -> None:
    from intake import services as intake
    from intake.serializers import detail

    ticket = handled_ticket(is_confidential=True)
    ask(ticket)
    helper = handler(market())
    with pytest.raises(NotPermitted):
        intake.reveal_requester(number=ticket.number, actor=helper, at=ASKED, reason="核实")

    shown = detail(Ticket.objects.select_related("text", "area").get(pk=ticket.pk), helper, ASKED)
    assert shown["requesters"] == []
