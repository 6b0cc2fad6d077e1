"""现场责任划分 (R-037): units are called to a place, come or do not, and it is settled."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.db import transaction
from django.template.loader import render_to_string

from dispatch import services as dispatching
from dispatch.models import Assignment, LadderStep, OnsiteAttribution, OnsiteCall
from hotline.core import outbox
from hotline.core.actors import Actor
from hotline.core.models import Notice, Role
from hotline.core.violations import NotPermitted, NotVisible, RuleViolation
from intake import services as intake
from intake import verbs
from intake.clock_story import story
from intake.models import Clock, Ticket
from intake.rendering import event_detail, event_label
from tests.factories import (
    AT,
    accepted_ticket,
    actor,
    client_actor,
    dispatched_ticket,
    dispatcher,
    fresh,
    handled_ticket,
    handler,
    hours,
    make_unit,
    minutes,
    replied_ticket,
    unit,
)
from tests.kernel.snapshots import events, last_event, running, snapshot
from tests.kernel.together import together

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("city")]

ORDERED, MEETING, DECIDED = AT + hours(1), AT + hours(5), AT + hours(6)
IN_TIME = MEETING - minutes(10)
NEAR, FAR = "990101001", "990102001"
DECISION = "红线以内由甲一街道主办，红线以外由乙一镇配合清理。"


def order(ticket: Ticket, *called: str, at: dt.datetime = ORDERED, **changed: Any) -> Ticket:
    """The desk calls 甲一街道 and 乙一镇 to the place at three in the afternoon."""
    dispatching.order_onsite(**words(ticket, *called, at=at, **changed))
    return fresh(ticket)


def words(ticket: Ticket, *called: str, **changed: Any) -> dict[str, Any]:
    return {
        "number": ticket.number,
        "actor": changed.pop("by", None) or dispatcher(),
        "at": ORDERED,
        "units": [unit(code) for code in called or (NEAR, FAR)],
        "place": "两区交界处的小树林东侧",
        "meet_at": MEETING,
        "ground": "unclear",
        "reason": "查明垃圾堆放点在谁的红线内",
    } | changed


def arrive(ticket: Ticket, code: str = NEAR, at: dt.datetime = IN_TIME) -> Ticket:
    dispatching.arrive_onsite(number=ticket.number, actor=handler(unit(code)), at=at)
    return fresh(ticket)


def decide(ticket: Ticket, *, at: dt.datetime = DECIDED, **changed: Any) -> Ticket:
    changed = {"actor": dispatcher(), "decision": DECISION} | changed
    dispatching.decide_onsite(number=ticket.number, at=at, **changed)
    return fresh(ticket)


def onsite_of(ticket: Ticket) -> OnsiteAttribution:
    return OnsiteAttribution.objects.get(ticket=ticket)


def clocks(ticket: Ticket, kind: str = "onsite") -> dict[str, Clock]:
    """The ticket's clocks of a kind by the unit that owes them, also those that have ended."""
    found = Clock.objects.filter(ticket=ticket, kind=kind).select_related("unit")
    return {clock.unit.code if clock.unit else "": clock for clock in found}


def sees(who: Actor, ticket: Ticket) -> bool:
    return Ticket.objects.visible_to(who).filter(pk=ticket.pk).exists()


def is_refused(code: str, verb: str, ticket: Ticket, by: Actor, **words: Any) -> RuleViolation:
    """The act is refused with this code and a sentence, and nothing is written."""
    words.setdefault("at", DECIDED)
    before = everything(ticket)
    with pytest.raises(RuleViolation) as refusal:
        verbs.run(verb, number=ticket.number, actor=by, version=None, **words)

    assert refusal.value.code == code
    assert refusal.value.sentence()
    assert everything(ticket) == before
    return refusal.value


def everything(ticket: Ticket) -> tuple[Any, ...]:
    onsites = OnsiteAttribution.objects.order_by("pk").values_list()
    return (
        snapshot([ticket.pk]), list(onsites), list(OnsiteCall.objects.order_by("pk").values_list())
    )  # fmt: skip


# === Ordering it ============================================================================


@pytest.mark.parametrize("make", [accepted_ticket, dispatched_ticket, handled_ticket])
def test_units_are_called_to_a_place_at_a_set_time_and_see_the_matter(make: Any) -> None:
    ticket, member = make(), handler(unit(FAR))
    assert not sees(member, ticket)
    state = order(ticket).state

    onsite = onsite_of(ticket)
    assert (onsite.place, onsite.meet_at, onsite.ground) == (
        "两区交界处的小树林东侧", MEETING, "unclear",
    )  # fmt: skip
    assert {call.unit.code: call.arrived_at for call in onsite.calls.all()} == {
        NEAR: None, FAR: None,
    }  # fmt: skip
    assert sees(member, ticket)
    assert state == ticket.state


def test_the_event_names_who_was_called_and_when_and_nothing_else() -> None:
    ticket = order(accepted_ticket())

    ordered = last_event(ticket)
    assert ordered.type == "onsite_ordered"
    assert ordered.data == {
        "onsite": onsite_of(ticket).pk, "ground": "unclear", "members": [NEAR, FAR],
        "meet_at": MEETING.isoformat(),
    }  # fmt: skip
    assert event_label(ordered.type) == "要求到现场"
    assert event_detail(ordered) == "职责不清；04-14 15:00 到场；甲一街道办事处、乙一镇政府"


def test_each_unit_owes_its_arrival_and_the_desk_its_decision_a_day_later() -> None:
    ticket = order(accepted_ticket())

    owed = clocks(ticket)
    assert {code: clock.due_at for code, clock in owed.items()} == {NEAR: MEETING, FAR: MEETING}
    ruling = running(ticket)["onsite_ruling"]
    assert (ruling.unit_id, ruling.opens_at, ruling.due_at) == (
        None, MEETING, MEETING + hours(24),
    )  # fmt: skip
    assert {"dispatch", "promise"} < set(running(ticket))


def test_a_unit_named_twice_is_called_once() -> None:
    ticket = order(accepted_ticket(), NEAR, FAR, NEAR)

    assert onsite_of(ticket).calls.count() == 2
    assert Clock.objects.filter(ticket=ticket, kind="onsite").count() == 2


def test_a_city_supervisor_may_order_it() -> None:
    ticket = order(accepted_ticket(), by=actor(Role.CITY_SUPERVISOR))

    assert OnsiteAttribution.objects.open().filter(ticket=ticket).exists()


@pytest.mark.parametrize(
    ("code", "wrong"),
    [
        ("onsite_units_required", {"units": []}),
        ("place_required", {"place": "  "}),
        ("reason_required", {"reason": ""}),
        ("meet_at_impossible", {"meet_at": ORDERED}),
        ("meet_at_impossible", {"meet_at": ORDERED + dt.timedelta(days=15, seconds=1)}),
    ],
)
def test_an_order_without_units_place_reason_or_a_time_to_come_is_refused(
    code: str, wrong: dict[str, Any]
) -> None:
    ticket = accepted_ticket()
    given = words(ticket, **wrong)
    refusal = is_refused(code, "order_onsite", ticket, given.pop("actor"), **without(given))

    assert {refusal.field} == set(wrong)


def without(given: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in given.items() if name != "number"}


def test_the_hotline_and_a_dissolved_or_accused_unit_are_not_called() -> None:
    ticket = accepted_ticket(target="甲一街道办事处的工作人员")
    gone = make_unit(valid_to=AT.date())
    for code, called in (
        ("unit_cannot_attend", unit("hotline")),
        ("unit_not_in_force", gone),
        ("conflict_of_interest", unit(NEAR)),
    ):
        given = without(words(ticket, units=[unit(FAR), called]))
        is_refused(code, "order_onsite", ticket, given.pop("actor"), **given)


def test_nobody_is_called_twice_before_it_is_settled() -> None:
    ticket = order(accepted_ticket())
    given = without(words(ticket, at=DECIDED, meet_at=DECIDED + hours(3)))

    is_refused("onsite_open", "order_onsite", ticket, given.pop("actor"), **given)


def test_nobody_is_called_while_units_sit_in_a_consultation() -> None:
    ticket = accepted_ticket()
    dispatching.consult(
        number=ticket.number, actor=dispatcher(), at=ORDERED, question="谁办？", members=[unit(FAR)]
    )
    given = without(words(ticket, at=ORDERED + minutes(5)))

    is_refused("consultation_open", "order_onsite", ticket, given.pop("actor"), **given)


# === Being there ============================================================================


def test_somebody_of_a_called_unit_says_once_that_they_are_there() -> None:
    ticket = order(accepted_ticket())
    arrive(ticket)

    call = OnsiteCall.objects.get(unit=unit(NEAR))
    assert (call.arrived_at, call.is_late) == (IN_TIME, False)
    assert clocks(ticket)[NEAR].stopped_at == IN_TIME
    assert clocks(ticket)[FAR].stopped_at is None
    said = last_event(ticket)
    assert (said.type, said.unit_id) == ("onsite_arrived", unit(NEAR).pk)
    assert said.data["is_late"] is False
    is_refused("already_arrived", "arrive_onsite", ticket, handler(unit(NEAR)), at=MEETING)


def test_who_comes_at_the_set_time_or_after_it_is_late() -> None:
    ticket = order(accepted_ticket())
    arrive(ticket, FAR, at=MEETING + minutes(1))

    assert clocks(ticket)[FAR].breached_at == MEETING
    assert events(ticket)[-2:] == ["breached", "onsite_arrived"]
    assert event_detail(last_event(ticket)) == "乙一镇政府迟到"
    assert [call.unit.code for call in OnsiteCall.objects.late()] == [FAR]


def test_the_sweep_finds_who_has_not_come() -> None:
    ticket = order(accepted_ticket())
    arrive(ticket)
    intake.sweep(at=MEETING + minutes(1))

    assert clocks(ticket)[FAR].breached_at == MEETING
    assert clocks(ticket)[NEAR].breached_at is None
    assert last_event(ticket).unit_id == unit(FAR).pk


def test_a_tap_from_the_office_long_before_is_no_arrival() -> None:
    ticket = order(accepted_ticket())
    early = MEETING - hours(2) - minutes(1)

    is_refused("arrival_too_early", "arrive_onsite", ticket, handler(unit(NEAR)), at=early)
    assert arrive(ticket, at=early + minutes(1)).version > ticket.version


def test_only_handlers_of_a_called_unit_arrive() -> None:
    ticket = order(handled_ticket(), FAR)
    may = {"handler of 乙一镇": handler(unit(FAR)), "its system": client_actor(unit=unit(FAR))}
    may_not = {
        "the lead": handler(ticket), "the desk": dispatcher(),
        "its district": actor(Role.DISTRICT_SUPERVISOR, unit("990101")),
    }  # fmt: skip

    for name, who in may.items():
        allowed = {verb.name for verb in verbs.allowed_for(ticket, who)}
        assert "arrive_onsite" in allowed, name
    for name, who in may_not.items():
        with pytest.raises(NotPermitted):
            dispatching.arrive_onsite(number=ticket.number, actor=who, at=MEETING)
        assert OnsiteCall.objects.filter(arrived_at=None).count() == 1, name
    with pytest.raises(NotVisible):
        dispatching.arrive_onsite(
            number=ticket.number, actor=handler(unit("990101002")), at=MEETING
        )


def test_where_nobody_was_ever_called_no_unit_asks_the_database(
    django_assert_num_queries: Any,
) -> None:
    ticket, arriving = handled_ticket(), verbs.get("arrive_onsite")
    who = handler(ticket)
    assert arriving is not None

    with django_assert_num_queries(0):
        assert not arriving.permits(ticket, who)


def test_units_and_agents_neither_order_nor_decide() -> None:
    ticket = order(handled_ticket())
    for who in (handler(ticket), handler(unit(FAR)), actor(Role.AGENT), actor(Role.CONTRACTOR)):
        for verb, given in (
            ("order_onsite", without(words(ticket))), ("decide_onsite", {"decision": DECISION}),
        ):  # fmt: skip
            given = {**given, "at": DECIDED}
            given.pop("actor", None)
            with pytest.raises(NotPermitted):
                verbs.run(verb, number=ticket.number, actor=who, version=None, **given)

    assert onsite_of(ticket).ended_at is None


# === Settling it ============================================================================


def test_the_split_is_kept_and_who_did_not_come_is_named() -> None:
    ticket = order(accepted_ticket())
    arrive(ticket)
    decide(ticket)

    onsite = onsite_of(ticket)
    assert (onsite.decision, onsite.decided_at, onsite.ended_at) == (DECISION, DECIDED, DECIDED)
    assert [call.unit.code for call in onsite.absent] == [FAR]
    assert [call.unit.code for call in OnsiteCall.objects.absent()] == [FAR]
    assert clocks(ticket)[FAR].breached_at == MEETING
    assert events(ticket)[-2:] == ["breached", "onsite_decided"]
    assert last_event(ticket).data["absent"] == [FAR]
    assert event_detail(last_event(ticket)) == "未到场：乙一镇政府"
    assert fresh(ticket).state == "accepted"


def test_afterwards_nothing_of_it_runs_and_the_units_see_no_more() -> None:
    ticket, member = order(accepted_ticket()), handler(unit(FAR))
    arrive(ticket)
    decide(ticket)

    assert not {"onsite", "onsite_ruling"} & set(running(ticket))
    assert not sees(member, ticket)
    is_refused("no_onsite", "decide_onsite", ticket, dispatcher(), decision=DECISION)


def test_settled_before_the_set_time_nobody_was_absent() -> None:
    ticket = order(accepted_ticket())
    arrive(ticket, at=MEETING - minutes(90))
    decide(ticket, at=MEETING - minutes(60))

    assert onsite_of(ticket).absent == []
    assert not OnsiteCall.objects.absent().exists()
    cancelled = clocks(ticket)[FAR]
    assert (cancelled.is_cancelled, cancelled.breached_at) == (True, None)


def test_a_decision_a_day_after_the_meeting_came_late() -> None:
    ticket = order(accepted_ticket())
    decide(ticket, at=MEETING + hours(24))

    assert clocks(ticket, "onsite_ruling")[""].breached_at == MEETING + hours(24)


def test_the_lead_it_names_is_designated_and_dispatched_to_at_once() -> None:
    ticket = order(accepted_ticket())
    decide(ticket, lead_unit=unit(FAR), cooperators=[unit("city-urban")])

    lead = Assignment.objects.get(ticket=ticket, role="lead")
    assert (lead.unit.code, lead.is_designated, lead.basis) == (FAR, True, DECISION)
    part = Assignment.objects.get(ticket=ticket, role="cooperate")
    assert (part.unit.code, part.parent_id) == ("city-urban", lead.pk)
    assert fresh(ticket).state == "dispatched"
    assert events(ticket)[-2:] == ["onsite_decided", "dispatched"]
    assert sees(handler(unit(FAR)), ticket)
    is_refused(
        "designated_order", "object", ticket, handler(unit(FAR)), reason="不属", basis="第二条"
    )


@pytest.mark.parametrize("make", [dispatched_ticket, handled_ticket])
def test_another_lead_takes_the_order_of_the_one_that_had_it(make: Any) -> None:
    ticket = order(make())
    decide(ticket, lead_unit=unit(FAR))

    old, new = Assignment.objects.filter(ticket=ticket, role="lead").order_by("id")
    assert (old.state, old.is_open, old.end_reason) == ("ended", False, "designated")
    assert (new.unit.code, new.is_designated, new.is_open) == (FAR, True, True)
    assert (fresh(ticket).state, fresh(ticket).lead_unit) == ("dispatched", new.unit)
    assert events(ticket)[-3:] == ["onsite_decided", "recalled", "dispatched"]
    assert fresh(ticket).promised_at == ticket.promised_at
    assert not sees(handler(unit(NEAR)), ticket)


def test_the_lead_that_has_it_keeps_it_and_the_others_are_asked_to_help() -> None:
    ticket = order(handled_ticket())
    decide(ticket, lead_unit=unit(NEAR), cooperators=[unit(FAR)])

    assert Assignment.objects.get(ticket=ticket, role="lead").state == "signed"
    part = Assignment.objects.get(ticket=ticket, role="cooperate")
    assert (part.unit.code, part.task) == (FAR, DECISION)
    assert events(ticket)[-2:] == ["onsite_decided", "cooperation_asked"]
    assert sees(handler(unit(FAR)), ticket)
    assert fresh(ticket).state == "handling"


def test_who_helps_already_is_not_asked_twice() -> None:
    ticket = handled_ticket()
    dispatching.ask_cooperation(
        number=ticket.number, actor=handler(ticket), at=ORDERED, unit=unit(FAR), task="一起查"
    )
    order(ticket)
    decide(ticket, cooperators=[unit(FAR)])

    assert Assignment.objects.filter(ticket=ticket, role="cooperate").count() == 1
    assert last_event(ticket).type == "onsite_decided"
    assert sees(handler(unit(FAR)), ticket)


def test_an_authority_that_was_asked_goes_on_seeing_the_matter() -> None:
    ticket = handled_ticket(lead_unit=unit("990101-market"))
    dispatching.escalate(
        number=ticket.number, actor=handler(ticket), at=ORDERED, authority=unit("990101"),
        question="谁来办？",
    )  # fmt: skip
    order(ticket, "990101", FAR)
    decide(ticket)

    assert sees(handler(unit("990101")), ticket)
    assert not sees(handler(unit(FAR)), ticket)


def test_a_split_without_words_or_that_nobody_may_take_is_refused() -> None:
    uncategorised = order(accepted_ticket(category=None))
    ticket = order(accepted_ticket())
    community = unit("990101001001")
    desk = dispatcher()

    is_refused("decision_required", "decide_onsite", ticket, desk, decision=" ")
    given: dict[str, Any] = {"decision": DECISION}
    is_refused(
        "unit_cannot_lead", "decide_onsite", ticket, desk, **given, lead_unit=community
    )
    is_refused(
        "onsite_lead_required", "decide_onsite", ticket, desk, **given, cooperators=[unit(FAR)]
    )
    is_refused(
        "category_required", "decide_onsite", uncategorised, desk, **given, lead_unit=unit(FAR)
    )


# === What ends it, and what follows it ======================================================


@pytest.mark.parametrize("ending", ["recall", "reply", "withdraw"])
def test_it_lapses_with_the_order_or_the_ticket(ending: str) -> None:
    ticket = order(handled_ticket())
    words: dict[str, dict[str, Any]] = {
        "recall": {"actor": dispatcher(), "reason": "派错"},
        "reply": {"actor": handler(ticket), "text": "已办", "solved": "yes", "told_by": "phone"},
        "withdraw": {"actor": dispatcher(), "is_confirmed": True},
    }
    verbs.run(ending, number=ticket.number, at=ORDERED + hours(1), version=None, **words[ending])

    onsite = onsite_of(ticket)
    assert (onsite.ended_at, onsite.decided_at) == (ORDERED + hours(1), None)
    assert {clock.is_cancelled for clock in clocks(ticket).values()} == {True}
    assert clocks(ticket, "onsite_ruling")[""].is_cancelled
    assert not OnsiteCall.objects.absent().exists()


def test_after_a_recall_the_units_can_be_called_anew() -> None:
    ticket = order(handled_ticket())
    dispatching.recall(
        number=ticket.number, actor=dispatcher(), at=ORDERED + hours(1), reason="派错"
    )
    order(ticket, at=ORDERED + hours(2))

    assert OnsiteAttribution.objects.open().filter(ticket=ticket).count() == 1
    assert sees(handler(unit(FAR)), ticket)


def test_units_called_to_a_place_do_not_sit_in_a_consultation_meanwhile() -> None:
    ticket = order(accepted_ticket())

    is_refused(
        "onsite_open", "consult", ticket, dispatcher(), question="谁办？", members=[unit(FAR)]
    )


def test_the_units_hear_of_the_call_and_of_what_was_settled() -> None:
    ticket = order(accepted_ticket())
    decide(ticket)
    outbox.deliver_all(at=DECIDED)

    told = Notice.objects.filter(unit=unit(FAR)).order_by("id").values_list("type", flat=True)
    assert [t for t in told if t.startswith("onsite")] == ["onsite_ordered", "onsite_decided"]


def test_who_has_not_come_is_urged_and_nothing_more() -> None:
    ticket = order(accepted_ticket())
    intake.sweep(at=MEETING + minutes(1))
    outbox.deliver_all(at=MEETING + minutes(1))

    steps = LadderStep.objects.filter(ticket=ticket).order_by("unit__code")
    assert [(step.unit.code, step.rung) for step in steps] == [(NEAR, "urge"), (FAR, "urge")]
    assert not {"rise_to_order", "rise_to_criticism"} & set(running(ticket))


def test_why_it_is_due_then_can_be_asked() -> None:
    ticket = order(accepted_ticket())
    told = [story(clock, ()) for clock in (clocks(ticket)[NEAR], running(ticket)["onsite_ruling"])]

    assert "要求到场起" in told[0]
    assert "到场时间起" in told[1]


# === Two at once ============================================================================


@pytest.mark.django_db(transaction=True)
def test_two_of_the_desk_at_once_call_the_units_once() -> None:
    ticket = accepted_ticket()
    given = [words(ticket), words(ticket)]
    results = together(*[lambda w=w: dispatching.order_onsite(**w) for w in given])

    (refusal,) = [result for result in results if not isinstance(result, Ticket)]
    assert refusal.code == "onsite_open"
    assert onsite_of(ticket).calls.count() == 2


@pytest.mark.django_db(transaction=True)
def test_two_of_a_unit_at_once_arrive_once() -> None:
    ticket = order(accepted_ticket())
    people = [handler(unit(NEAR)), handler(unit(NEAR))]
    results = together(
        *[
            lambda who=who: dispatching.arrive_onsite(number=ticket.number, actor=who, at=MEETING)
            for who in people
        ]
    )

    (refusal,) = [result for result in results if not isinstance(result, Ticket)]
    assert refusal.code == "already_arrived"
    assert events(ticket).count("onsite_arrived") == 1


@pytest.mark.django_db(transaction=True)
def test_two_decisions_at_once_designate_one_lead() -> None:
    ticket = order(accepted_ticket())
    desk = [(dispatcher(), unit(NEAR)), (dispatcher(), unit(FAR))]
    results = together(
        *[lambda who=who, to=to: decide(ticket, actor=who, lead_unit=to) for who, to in desk]
    )

    (refusal,) = [result for result in results if not isinstance(result, Ticket)]
    assert refusal.code == "no_onsite"
    assert Assignment.objects.filter(ticket=ticket, role="lead").count() == 1


def test_the_database_keeps_one_open_order_per_ticket() -> None:
    ticket = order(accepted_ticket())
    open_one = onsite_of(ticket)
    open_one.pk = None

    with pytest.raises(Exception, match="one_onsite_open"), transaction.atomic():
        open_one.save(force_insert=True)


# === On the page ============================================================================


def shown(ticket: Ticket) -> str:
    onsites = ticket.onsite_attributions.with_calls()
    return render_to_string("pages/ticket_onsite.html", {"onsites": onsites})


def test_the_page_tells_who_came_who_did_not_and_what_was_settled() -> None:
    ticket = order(handled_ticket(), NEAR, FAR, "city-urban")
    arrive(ticket)
    arrive(ticket, FAR, at=MEETING + minutes(5))
    waiting = shown(ticket)
    decide(ticket, lead_unit=unit(NEAR), cooperators=[unit(FAR)])
    settled = shown(ticket)

    assert "等待到场" in waiting
    assert "迟到" in waiting
    assert "未到场的单位：1 个" in settled
    assert DECISION in settled
    assert "等待到场" not in settled


def test_the_page_asks_the_database_as_often_for_one_meeting_as_for_many(
    django_assert_num_queries: Any,
) -> None:
    ticket = handled_ticket()
    for n in range(2):
        start = ORDERED + hours(n)
        order(ticket, at=start, meet_at=start + minutes(30))
        decide(ticket, at=start + minutes(40))

    with django_assert_num_queries(4):
        assert shown(ticket).count("<section") == 2


def test_nothing_of_it_is_left_for_a_ticket_that_has_been_replied_to() -> None:
    ticket = replied_ticket()

    for who in (dispatcher(), handler(ticket)):
        names = {verb.name for verb in verbs.allowed_for(ticket, who)}
        assert not {"order_onsite", "arrive_onsite", "decide_onsite"} & names
