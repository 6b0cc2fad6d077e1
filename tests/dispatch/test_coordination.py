"""Hard cases: consultation before dispatch (R-036) and the authority above (R-066)."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.db import transaction

from dispatch import services as dispatching
from dispatch.models import Assignment, Coordination
from dispatch.services.coordinating import authorities_over
from dispatch.services.rounds import issue_overdue_order
from evaluation import services as evaluation
from hotline.core.actors import SYSTEM, Actor
from hotline.core.models import Role, Unit, UnitKind
from hotline.core.reference import forget_all
from hotline.core.violations import NotVisible, RuleViolation
from intake import services as intake
from intake import verbs
from intake.acts import Act
from intake.models import Access, Clock, Ticket
from tests.factories import (
    AT,
    accepted_ticket,
    actor,
    call_back,
    callback_agent,
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
from tests.kernel.snapshots import events, last_event, running, snapshot
from tests.kernel.together import together

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("city")]

ASKED, CONCLUDED, ANSWERED = AT + hours(2), AT + hours(3), AT + hours(20)
QUESTION = "地块权属在两区之间，谁来办理？"
OPINION = "以用地红线为准，由所在街道办理，相关部门配合。"


def consult(ticket: Ticket, *members: Unit, at: dt.datetime = ASKED) -> Ticket:
    return dispatching.consult(
        number=ticket.number,
        actor=dispatcher(),
        at=at,
        question=QUESTION,
        members=members or (unit(), unit("990102001")),
    )


def conclude(ticket: Ticket, *, at: dt.datetime = CONCLUDED, **words: Any) -> Ticket:
    return dispatching.conclude_consultation(
        number=ticket.number, actor=dispatcher(), at=at, opinion=OPINION, **words
    )


def escalate(ticket: Ticket, authority: str = "990101", at: dt.datetime = ASKED) -> Ticket:
    return dispatching.escalate(
        number=ticket.number,
        actor=handler(ticket),
        at=at,
        authority=unit(authority),
        question=QUESTION,
    )


def answer(ticket: Ticket, by: Actor, at: dt.datetime = ANSWERED, **words: Any) -> Ticket:
    words.setdefault("opinion", OPINION)
    return dispatching.answer_escalation(number=ticket.number, actor=by, at=at, **words)


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


def sees(who: Actor, ticket: Ticket) -> bool:
    return Ticket.objects.visible_to(who).filter(pk=ticket.pk).exists()


# === Consultation before dispatch (R-036) ===================================================


def test_the_units_that_may_have_a_part_sit_together_and_see_the_matter() -> None:
    ticket, member = accepted_ticket(), handler(unit("990102001"))
    assert not sees(member, ticket)
    consult(ticket)

    sitting = Coordination.objects.get(ticket=ticket)
    assert (sitting.kind, sitting.question, sitting.asked_at) == ("consultation", QUESTION, ASKED)
    assert {m.code for m in sitting.members.all()} == {"990101001", "990102001"}
    assert sees(member, ticket)
    assert last_event(ticket).data == {"members": ["990101001", "990102001"]}
    assert fresh(ticket).state == "accepted"


def test_a_consultation_takes_nothing_from_the_time_for_dispatch() -> None:
    early, late, missed = accepted_ticket(), accepted_ticket(), accepted_ticket()
    consult(early, at=AT + hours(2))
    consult(late, at=AT + hours(20))
    consult(missed, at=AT + hours(24))

    owed = [running(t)["consultation"] for t in (early, late, missed)]
    assert [clock.unit_id for clock in owed] == [None] * 3
    assert owed[0].due_at == AT + hours(2 + 12)
    assert owed[1].due_at == running(late)["dispatch"].due_at == AT + hours(24)
    assert owed[2].due_at == AT + hours(24 + 12)


def test_a_conclusion_ends_it_and_the_members_see_no_more() -> None:
    ticket = accepted_ticket()
    consult(ticket)
    conclude(ticket)

    sitting = Coordination.objects.get(ticket=ticket)
    assert (sitting.opinion, sitting.decided_unit) == (OPINION, None)
    assert sitting.concluded_at == ASKED + hours(1)
    assert set(running(ticket)) == {"dispatch", "promise"}
    assert Clock.objects.get(ticket=ticket, kind="consultation").breached_at is None
    assert not sees(handler(unit("990102001")), ticket)
    assert last_event(ticket).type == "consultation_concluded"
    assert fresh(ticket).state == "accepted"


def test_the_unit_it_names_is_designated_and_dispatched_to_at_once() -> None:
    ticket = accepted_ticket()
    consult(ticket)
    conclude(ticket, decided_unit=unit("990102001"))

    order = Assignment.objects.get(ticket=ticket, role="lead")
    assert (order.unit.code, order.is_designated, order.basis) == ("990102001", True, "会商确定")
    assert (fresh(ticket).state, fresh(ticket).lead_unit) == ("dispatched", order.unit)
    assert events(ticket)[-2:] == ["consultation_concluded", "dispatched"]
    assert not {"dispatch", "consultation"} & set(running(ticket))
    is_refused(
        "designated_order", "object", ticket, handler(order.unit), reason="不属", basis="第二条"
    )


def test_a_late_conclusion_was_missed() -> None:
    ticket = accepted_ticket()
    consult(ticket)
    conclude(ticket, at=ASKED + hours(12))

    missed = Clock.objects.get(ticket=ticket, kind="consultation")
    assert missed.breached_at == missed.stopped_at == ASKED + hours(12)
    assert events(ticket)[-2:] == ["breached", "consultation_concluded"]


def test_a_matter_without_a_class_is_concluded_and_not_dispatched() -> None:
    ticket = accepted_ticket(category=None)
    consult(ticket)
    is_refused(
        "category_required", "conclude_consultation", ticket, dispatcher(), opinion=OPINION,
        decided_unit=unit(),
    )  # fmt: skip

    assert conclude(ticket).state == "accepted"


@pytest.mark.parametrize(
    ("words", "code"),
    [({"question": " "}, "question_required"), ({"members": ()}, "members_required")],
)
def test_a_consultation_has_a_question_and_members(words: dict[str, Any], code: str) -> None:
    complete = {"question": QUESTION, "members": (unit(),)}
    is_refused(code, "consult", accepted_ticket(), dispatcher(), **{**complete, **words})


def test_r020_the_accused_does_not_sit() -> None:
    ticket = accepted_ticket(target="甲一街道办事处推诿")
    is_refused(
        "conflict_of_interest", "consult", ticket, dispatcher(), question="x", members=(unit(),)
    )


def test_one_consultation_at_a_time_and_none_is_concluded_twice() -> None:
    ticket, words = accepted_ticket(), {"question": QUESTION, "members": (unit(),)}
    consult(ticket)
    is_refused("coordination_open", "consult", ticket, dispatcher(), **words)
    refusal = is_refused(
        "opinion_required", "conclude_consultation", ticket, dispatcher(), opinion=" "
    )
    conclude(ticket)

    assert refusal.field == "opinion"
    is_refused("no_consultation", "conclude_consultation", ticket, dispatcher(), opinion="x")


def test_only_a_dispatcher_consults_and_only_before_dispatch() -> None:
    ticket, words = accepted_ticket(), {"question": QUESTION, "members": (unit(),)}
    for role in (Role.AGENT, Role.CITY_SUPERVISOR, Role.AUDITOR):
        is_refused("not_permitted", "consult", ticket, actor(role), **words)

    is_refused("move_not_allowed", "consult", dispatched_ticket(), dispatcher(), **words)


def test_nothing_is_dispatched_before_the_consultation_has_come_to_something() -> None:
    ticket, desk = accepted_ticket(), dispatcher()
    consult(ticket)
    is_refused("consultation_open", "dispatch", ticket, desk, lead_unit=unit())
    conclude(ticket)

    dispatching.dispatch(number=ticket.number, actor=desk, at=ANSWERED, lead_unit=unit())
    assert fresh(ticket).state == "dispatched"


def test_a_consultation_lapses_when_the_matter_is_closed() -> None:
    ticket = accepted_ticket()
    consult(ticket)
    intake.inform(
        number=ticket.number, actor=dispatcher(), at=CONCLUDED, code="d6_dissuaded", reason="x"
    )

    sitting = Coordination.objects.get(ticket=ticket)
    assert (sitting.concluded_at, sitting.opinion) == (CONCLUDED, "")
    assert Clock.objects.get(ticket=ticket, kind="consultation").is_cancelled


@pytest.mark.django_db(transaction=True)
def test_two_conclusions_at_once_dispatch_once() -> None:
    ticket = accepted_ticket()
    consult(ticket)
    people, leads = (dispatcher(), dispatcher()), (unit(), unit("990102001"))
    results = together(
        *[
            lambda who=who, lead=lead: dispatching.conclude_consultation(
                number=ticket.number, actor=who, at=ASKED, opinion=OPINION, decided_unit=lead
            )
            for who, lead in zip(people, leads, strict=True)
        ]
    )

    assert sorted(type(r).__name__ for r in results) == ["IllegalMove", "Ticket"]
    assert Assignment.objects.filter(ticket=ticket, role="lead").count() == 1


# === Whom a unit may ask ====================================================================


def codes_over(of: Unit) -> list[str]:
    forget_all()
    return [above.code for above in authorities_over(of, AT.date())]


def test_a_street_asks_its_district_or_the_hotlines_authority() -> None:
    assert codes_over(unit()) == ["990101", "hotline"]


def test_a_district_and_a_city_department_ask_the_hotlines_authority() -> None:
    assert codes_over(unit("990101")) == codes_over(unit("city-urban")) == ["hotline"]


def test_a_districts_department_asks_also_the_city_department_of_its_line() -> None:
    Unit.objects.filter(code="990101-market").update(line="market")
    make_unit(code="city-market", kind=UnitKind.CITY_DEPARTMENT, line="market")
    make_unit(code="city-old", kind=UnitKind.CITY_DEPARTMENT, line="market", valid_to=AT.date())

    assert codes_over(unit("990101-market")) == ["990101", "city-market", "hotline"]


def test_a_department_without_a_line_has_no_city_department() -> None:
    assert codes_over(unit("990101-market")) == ["990101", "hotline"]


@pytest.mark.parametrize("code", ["990102", "city-urban", "990101001", "990101-market"])
def test_nobody_asks_a_unit_that_is_no_authority_over_it(code: str) -> None:
    ticket = handled_ticket()
    refusal = is_refused(
        "not_an_authority", "escalate", ticket, handler(ticket), authority=unit(code), question="x"
    )

    assert refusal.field == "authority"


# === Asking upward ==========================================================================


def test_the_lead_asks_and_stays_responsible() -> None:
    ticket = handled_ticket(lead_unit=unit("city-urban"))
    before = {k: c.due_at for k, c in running(ticket).items()}
    escalate(ticket, "hotline")

    asked = Coordination.objects.get(ticket=ticket)
    assert (asked.kind, asked.asking_unit, asked.authority) == (
        "upward", unit("city-urban"), unit("hotline"),
    )  # fmt: skip
    now = {k: c.due_at for k, c in running(ticket).items()}
    assert now == before | {"coordination": ASKED + days(2)}  # two working days, from a Tuesday
    assert running(ticket)["coordination"].unit_id is None
    assert (fresh(ticket).state, fresh(ticket).lead_unit) == ("handling", unit("city-urban"))
    assert last_event(ticket).unit_id is None


def test_the_authority_owes_its_answer_and_sees_the_ticket() -> None:
    Unit.objects.filter(code="990101-market").update(line="market")
    city = make_unit(code="city-market", kind=UnitKind.CITY_DEPARTMENT, line="market")
    ticket = handled_ticket(lead_unit=unit("990101-market"))
    assert not sees(handler(city), ticket)
    escalate(ticket, "city-market")

    assert sees(handler(city), ticket)
    assert Access.objects.get(ticket=ticket, unit=city).role == "coordinate"
    assert running(ticket)["coordination"].unit_id == city.pk
    told = last_event(ticket)
    assert (told.type, told.unit_id) == ("escalated", city.pk)
    assert (told.data["by"], told.data["authority"]) == ("990101-market", "city-market")


@pytest.mark.parametrize(("level", "limit"), [("L1", 1), ("L2", 4)])
def test_in_an_emergency_the_answer_is_a_matter_of_hours(level: str, limit: int) -> None:
    ticket = handled_ticket(level=level)
    escalate(ticket, at=AT + minutes(20))

    assert running(ticket)["coordination"].due_at == AT + minutes(20) + hours(limit)


def test_an_opinion_leaves_the_ticket_with_its_lead() -> None:
    ticket = handled_ticket()
    escalate(ticket)
    answer(ticket, handler(unit("990101")), measure="区住建委三日内到场")

    asked = Coordination.objects.get(ticket=ticket)
    assert (asked.opinion, asked.measure, asked.decided_unit) == (
        OPINION, "区住建委三日内到场", None,
    )  # fmt: skip
    assert asked.concluded_at == ANSWERED
    kept = Clock.objects.get(ticket=ticket, kind="coordination")
    assert (kept.stopped_at, kept.breached_at, kept.is_cancelled) == (ANSWERED, None, False)
    told = last_event(ticket)
    assert (told.type, told.unit_id) == ("escalation_answered", unit().pk)
    assert told.data["takes_over"] is False
    assert fresh(ticket).lead_unit == unit()


def test_a_late_answer_was_missed_by_the_authority() -> None:
    ticket = handled_ticket()
    escalate(ticket)
    answer(ticket, handler(unit("990101")), at=ASKED + days(2))

    missed = Clock.objects.get(ticket=ticket, kind="coordination")
    assert (missed.breached_at, missed.unit_id) == (ASKED + days(2), unit("990101").pk)


def test_only_the_authority_that_was_asked_answers() -> None:
    ticket = handled_ticket()
    escalate(ticket)
    strangers = [
        handler(ticket), dispatcher(), actor(Role.CITY_SUPERVISOR),
        actor(Role.DISTRICT_SUPERVISOR, unit("990101")),
    ]  # fmt: skip
    for stranger in strangers:
        is_refused("not_permitted", "answer_escalation", ticket, stranger, opinion="x")
    is_refused("not_found", "answer_escalation", ticket, handler(unit("990102")), opinion="x")

    assert answer(ticket, actor(Role.MANAGER, unit("990101"))).state == "handling"


def test_the_hotline_answers_through_its_supervisor_and_handles_nothing() -> None:
    ticket = handled_ticket(lead_unit=unit("990101"))
    escalate(ticket, "hotline")
    supervisor = actor(Role.CITY_SUPERVISOR)
    refusal = is_refused(
        "hotline_does_not_handle", "answer_escalation", ticket, supervisor, opinion="x",
        takes_over=True, at=ANSWERED,
    )  # fmt: skip
    answer(ticket, supervisor)

    assert refusal.field == "takes_over"
    assert fresh(ticket).lead_unit == unit("990101")


def test_one_question_at_a_time_and_none_is_answered_twice() -> None:
    ticket, district = handled_ticket(), handler(unit("990101"))
    is_refused(
        "not_permitted", "answer_escalation", ticket, actor(Role.CITY_SUPERVISOR), opinion="x"
    )
    escalate(ticket)
    is_refused(
        "coordination_open", "escalate", ticket, handler(ticket), authority=unit("hotline"),
        question="x",
    )  # fmt: skip
    answer(ticket, district)
    is_refused("no_escalation", "answer_escalation", ticket, district, opinion="x", at=ANSWERED)

    assert escalate(ticket, "hotline", at=ANSWERED + hours(1)).state == "handling"


def test_a_question_lapses_with_the_reply_and_may_be_asked_again() -> None:
    ticket = handled_ticket()
    escalate(ticket)
    reply_to(ticket, at=AT + days(1))
    asked = Coordination.objects.get(ticket=ticket)
    assert (asked.concluded_at, asked.opinion) == (AT + days(1), "")
    at = AT + days(1) + hours(2)
    call_back(ticket, at=at, resolved=False, satisfaction="dissatisfied")
    evaluation.rehandle(number=ticket.number, actor=callback_agent(), at=at)

    assert escalate(fresh(ticket), at=at + hours(1)).state == "handling"


def test_a_question_lapses_when_the_order_is_taken_back() -> None:
    ticket = handled_ticket()
    escalate(ticket)
    dispatching.recall(number=ticket.number, actor=dispatcher(), at=CONCLUDED, reason="派错")

    assert Coordination.objects.get(ticket=ticket).concluded_at == CONCLUDED
    assert "coordination" not in running(ticket)


def test_only_the_lead_asks_and_only_while_it_handles() -> None:
    words = {"authority": unit("990101"), "question": QUESTION}
    ticket = handled_ticket()
    is_refused("not_permitted", "escalate", ticket, dispatcher(), **words)
    unsigned, replied = dispatched_ticket(), reply_to(handled_ticket(), at=AT + hours(1))

    is_refused("move_not_allowed", "escalate", unsigned, handler(unsigned), **words)
    is_refused("move_not_allowed", "escalate", replied, handler(replied), **words)


# === 提级办理 ================================================================================


def taken_over(ticket: Ticket, at: dt.datetime = ANSWERED, **words: Any) -> Ticket:
    """甲区 was asked by its street and takes the matter over."""
    escalate(ticket, at=at - hours(1))
    answer(ticket, handler(unit("990101")), at=at, takes_over=True, **words)
    return fresh(ticket)


def orders_of(ticket: Ticket, whom: str) -> list[Assignment]:
    return list(Assignment.objects.filter(ticket=ticket, unit__code=whom).order_by("id"))


def test_the_authority_leads_and_the_unit_that_asked_co_operates_below_it() -> None:
    ticket = taken_over(handled_ticket(), measure="街道先行维护现场")

    old, part = orders_of(ticket, "990101001")
    copy, new = orders_of(ticket, "990101")
    assert (ticket.state, ticket.lead_unit) == ("handling", unit("990101"))
    assert (old.state, old.is_open, old.end_reason, old.ended_at) == (
        "ended", False, "taken_over", ANSWERED,
    )  # fmt: skip
    assert (copy.role, copy.is_open, copy.end_reason) == ("supervise", False, "taken_over")
    assert (new.role, new.state, new.is_designated) == ("lead", "signed", True)
    assert (part.role, part.parent, part.task) == ("cooperate", new, "街道先行维护现场")
    assert events(ticket)[-2:] == ["escalation_answered", "cooperation_asked"]
    assert Coordination.objects.get(ticket=ticket).decided_unit == unit("990101")


def test_the_new_lead_has_clocks_of_its_own_and_the_promise_is_untouched() -> None:
    before = handled_ticket()
    ticket = taken_over(before)

    new = orders_of(ticket, "990101")[-1]
    own = {c.kind: c.due_at for c in Clock.objects.running().filter(subject_id=new.pk)}
    assert own == {"feedback": ANSWERED + days(7), "first_contact": ANSWERED + hours(24)}
    assert new.next_due_at == ANSWERED + hours(24)
    assert running(ticket)["callback"].opens_at == ANSWERED + days(7) + hours(1)
    assert ticket.promised_at == before.promised_at == running(ticket)["promise"].due_at
    part = orders_of(ticket, "990101001")[-1]
    assert part.due_at == ANSWERED + days(7) * 0.8


def test_an_anonymous_matter_taken_over_has_nobody_to_contact_or_call() -> None:
    ticket = taken_over(handled_ticket(is_anonymous=True))

    new = orders_of(ticket, "990101")[-1]
    own = {c.kind for c in Clock.objects.running().filter(subject_id=new.pk)}
    assert own == {"feedback"}
    assert "callback" not in running(ticket)


def test_what_the_first_lead_missed_stays_missed_and_the_rest_is_cancelled() -> None:
    ticket = handled_ticket()
    old = Assignment.objects.get(ticket=ticket, role="lead")
    taken_over(ticket, at=AT + days(2))  # the first contact fell due after a day

    ended = Clock.objects.filter(subject_id=old.pk).exclude(kind__in=["sign", "coordination"])
    assert not ended.running().exists()
    contact, feedback = ended.get(kind="first_contact"), ended.get(kind="feedback")
    assert contact.breached_at == contact.due_at == AT + minutes(5) + hours(24)
    assert (feedback.breached_at, feedback.is_cancelled) == (None, True)
    breach = [e for e in events(ticket) if e == "breached"]
    assert len(breach) == 1


def test_what_the_first_lead_had_asked_of_others_goes_on_below_it() -> None:
    ticket = handled_ticket()
    dispatching.ask_cooperation(
        number=ticket.number,
        actor=handler(ticket),
        at=ASKED,
        unit=unit("990101-market"),
        task="核查",
    )
    taken_over(ticket)

    helper = orders_of(ticket, "990101-market")[0]
    assert helper.is_open
    assert helper.parent == orders_of(ticket, "990101001")[-1]
    assert Clock.objects.running().get(subject_id=helper.pk, kind="cooperation")


def test_an_authority_that_was_helping_leads_instead() -> None:
    ticket = handled_ticket()
    dispatching.ask_cooperation(
        number=ticket.number, actor=handler(ticket), at=ASKED, unit=unit("990101"), task="协调"
    )
    taken_over(ticket)

    _copy, helped, new = orders_of(ticket, "990101")
    assert (helped.role, helped.end_reason) == ("cooperate", "taken_over")
    assert not Clock.objects.running().filter(subject_id=helped.pk).exists()
    assert [o.pk for o in Assignment.objects.filter(ticket=ticket, role="lead", is_open=True)] == [
        new.pk
    ]


def test_seeing_passes_with_the_lead() -> None:
    ticket = taken_over(handled_ticket())

    in_force = Access.objects.filter(ticket=ticket, until=None)
    assert {(a.unit.code, a.role) for a in in_force} == {
        ("990101", "lead"), ("990101001", "cooperate"),
    }  # fmt: skip
    is_refused(
        "not_permitted", "reply", ticket, handler(unit()), text="x", solved="yes", told_by="phone",
        at=ANSWERED,
    )  # fmt: skip


def test_the_new_lead_cannot_return_it_and_replies_in_the_end() -> None:
    ticket = taken_over(handled_ticket())
    district, street = handler(unit("990101")), handler(unit())
    later = ANSWERED + hours(1)
    is_refused("designated_order", "object", ticket, district, reason="x", basis="y", at=later)
    dispatching.sign_part(number=ticket.number, actor=street, at=later)
    dispatching.hand_in(number=ticket.number, actor=street, at=later, text="现场已维护")

    assert reply_to(ticket, at=later + hours(1)).state == "callback"
    assert "coordination" not in running(ticket)


def test_a_pending_objection_lapses_when_a_higher_unit_takes_over() -> None:
    ticket = handled_ticket()
    dispatching.raise_objection(
        number=ticket.number, actor=handler(ticket), at=AT + hours(1), reason="x", basis="y"
    )
    taken_over(ticket)

    old = orders_of(ticket, "990101001")[0]
    assert old.objections.get().outcome == "lapsed"
    assert "ruling" not in running(ticket)


def test_the_order_to_answer_passes_to_the_new_lead() -> None:
    ticket = handled_ticket()
    for day in (1, 2):
        reply_to(ticket, at=AT + days(day), text=f"第{day}次答复")
        at = AT + days(day) + hours(2)
        call_back(ticket, at=at, resolved=False, satisfaction="dissatisfied")
        evaluation.rehandle(number=ticket.number, actor=callback_agent(), at=at)
    taken_over(fresh(ticket), at=AT + days(3))

    district = unit("990101")
    order = Clock.objects.running().get(ticket=ticket, kind="supervision")
    assert (order.unit_id, order.started_at) == (district.pk, AT + days(3))
    assert orders_of(ticket, "990101")[-1].round == 3


def test_an_order_on_what_the_first_lead_missed_stays_with_it() -> None:
    ticket = handled_ticket()
    late = AT + days(9)
    with transaction.atomic():
        a = Act(Ticket.objects.select_for_update().get(pk=ticket.pk), SYSTEM, late)
        issue_overdue_order(a, a.running("feedback")[0])
        a.record("noted")
        a.write()
    assert "supervision" in running(ticket)
    taken_over(ticket, at=late + hours(2))

    assert "supervision" not in running(ticket)
    assert Clock.objects.get(ticket=ticket, kind="supervision").is_cancelled


@pytest.mark.django_db(transaction=True)
def test_two_answers_at_once_take_it_over_once() -> None:
    ticket = handled_ticket()
    escalate(ticket)
    people = handler(unit("990101")), actor(Role.MANAGER, unit("990101"))
    results = together(*[lambda who=who: answer(ticket, who, takes_over=True) for who in people])

    assert sorted(type(r).__name__ for r in results) == ["NotPermitted", "Ticket"]
    assert Assignment.objects.filter(ticket=ticket, role="lead", is_open=True).count() == 1
    assert events(ticket).count("escalation_answered") == 1


def test_nobody_answers_about_a_ticket_that_was_taken_back() -> None:
    ticket, district = handled_ticket(area=None), handler(unit("990101"))
    escalate(ticket)
    dispatching.recall(number=ticket.number, actor=dispatcher(), at=ASKED + hours(1), reason="派错")

    with pytest.raises(NotVisible):
        answer(ticket, district)
