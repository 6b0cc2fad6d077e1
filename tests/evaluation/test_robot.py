"""The voice robot: its conversation, what it writes down, and what it leaves to a person."""

from __future__ import annotations

import datetime as dt
import random
from dataclasses import replace
from typing import Any

import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st
from pytest_django.live_server_helper import LiveServer

from evaluation import robot
from evaluation import services as evaluation
from evaluation.models import CallbackResult, CallOutcome, PressureReport
from evaluation.robot import Conversation, Ending, begin, replay
from evaluation.services.robot import calls_for_robot, record_robot_call
from hotline.core.actors import Actor
from hotline.core.models import AuditEntry, Deployment, Role
from hotline.core.models.clients import Scope
from hotline.core.reference import forget_all
from hotline.core.violations import IllegalMove, NotPermitted, RuleViolation
from hotline.ops.robot_calls import pick_up
from intake import services as intake
from intake.models import Ticket
from tests.evaluation.rating import REPLIED, adopted, last_event, running, web_channel
from tests.factories import (
    AT,
    accepted_ticket,
    call_back,
    callback_agent,
    dispatcher,
    fresh,
    handled_ticket,
    hours,
    make_client,
    make_staff,
    minutes,
    replied_ticket,
    reply_to,
    seed_reference,
    unit,
)
from tests.kernel.conftest import city, months

__all__ = ["city", "months"]  # fixtures
CALLED = REPLIED + hours(2)
SOUNDS = st.sampled_from([*"0123456789*#", "silence", "hang_up"])


def ended(*heard: str, asks_pressure: bool = False) -> Ending | None:
    return replay(heard, asks_pressure=asks_pressure).ending


# === The conversation =======================================================================


def test_three_keys_answer_three_questions() -> None:
    call = replay(["1", "2", "4"], asks_pressure=False)

    assert call.ending == Ending.ANSWERED
    assert call.answers == {
        "contacted": True, "resolved": False, "satisfaction": "dissatisfied"
    }  # fmt: skip


@pytest.mark.parametrize(("key", "said"), [("1", ""), ("2", "change"), ("5", "other")])
def test_the_fourth_question_is_asked_of_those_drawn(key: str, said: str) -> None:
    call = replay(["1", "1", "1", key], asks_pressure=True)

    assert call.ending == Ending.ANSWERED
    assert call.answers["pressure"] == said


@pytest.mark.parametrize("before", [[], ["1"], ["1", "2"], ["silence"]])
def test_one_key_leads_to_a_person_at_any_time(before: list[str]) -> None:
    assert ended(*before, "0") == Ending.PERSON


def test_what_is_not_understood_is_said_once_more_and_then_left_to_a_person() -> None:
    once = replay(["1", "7"], asks_pressure=False)

    assert (once.ending, once.question.name) == (None, "resolved")
    assert ended("1", "7", "silence") == Ending.NOT_UNDERSTOOD
    assert ended("1", "7", "1", "silence", "3") == Ending.ANSWERED


@pytest.mark.parametrize(
    ("heard", "ending"),
    [
        (["hang_up"], Ending.HUNG_UP), (["1", "1", "hang_up"], Ending.HUNG_UP),
        (["9"], Ending.DECLINED), (["1", "9"], Ending.DECLINED),
        (["no_answer"], Ending.NO_ANSWER), (["wrong_number"], Ending.WRONG_NUMBER),
    ],
)  # fmt: skip
def test_every_other_end_has_its_code(heard: list[str], ending: Ending) -> None:
    assert ended(*heard) == ending


@pytest.mark.parametrize("last", ["hang_up", "silence"])
def test_who_has_answered_what_counts_need_not_stay_for_the_fourth(last: str) -> None:
    heard = ["1", "1", "1", last, *(["silence"] if last == "silence" else [])]

    assert ended(*heard, asks_pressure=True) == Ending.ANSWERED


@pytest.mark.parametrize("heard", [["1", "no_answer"], ["x"], [""], ["12"], ["1", "1", "1", "1"]])
def test_what_cannot_be_heard_is_no_call(heard: list[str]) -> None:
    with pytest.raises(ValueError, match=r"over|not a key"):
        replay(heard, asks_pressure=False)


@given(st.lists(SOUNDS, max_size=12), st.booleans())
def test_an_answer_is_never_made_of_less_than_three(heard: list[str], asks: bool) -> None:
    call: Conversation = begin(asks_pressure=asks)
    for sound in heard:
        if call.ending is None:
            call = call.hear(sound)

    if call.ending == Ending.ANSWERED:
        assert {"contacted", "resolved", "satisfaction"} <= set(call.answers)
    if call.ending in (Ending.HUNG_UP, Ending.NOT_UNDERSTOOD):
        assert not call.is_complete


@given(st.integers(), st.booleans())
def test_the_invented_people_are_always_heard_to_an_end(seed: int, asks: bool) -> None:
    script = {
        "questions": [{"keys": [{"key": k} for k in q.keys]} for q in robot.SCORED],
        "pressure": {"keys": [{"key": k} for k in robot.PRESSURE.keys]},
        "person_key": robot.PERSON_KEY, "decline_key": robot.DECLINE_KEY,
    }  # fmt: skip

    heard = pick_up(script, asks_pressure=asks, rng=random.Random(seed))

    assert ended(*heard, asks_pressure=asks) is not None


def test_it_says_that_it_is_a_machine_and_how_to_reach_a_person() -> None:
    words = robot.opening("示例市")

    assert "示例市12345热线的语音机器人，不是真人" in words
    assert "转人工请按0" in words
    assert robot.asked(robot.SCORED[0]) == "承办单位是否联系过您？是请按1，否请按2。"


# === What it writes down ====================================================================


@pytest.fixture
def machine(city: None) -> Actor:
    """A robot that is never to ask the fourth question, whatever a ticket's number."""
    adopted(pressure_percent=0)
    return web_channel(scopes=[Scope.ROBOT])


def heard_of(ticket: Ticket, machine: Actor, *heard: str, at: dt.datetime = CALLED) -> Conversation:
    party = ticket.parties.order_by("pk")[0]
    return record_robot_call(
        number=ticket.number, actor=machine, at=at, party=party.pk, heard=heard
    )


def test_an_answered_call_concludes_as_any_other(machine: Actor) -> None:
    ticket = replied_ticket()

    heard_of(ticket, machine, "1", "1", "2")

    result = CallbackResult.objects.get()
    assert (result.channel, result.called_by_id, result.is_first) == ("robot", None, True)
    assert (result.resolved, result.satisfaction) == (True, "basically")
    assert running(ticket) == {"closing"}
    assert last_event(ticket).data["channel"] == "robot"


@pytest.mark.parametrize("heard", [("1", "0"), ("silence", "silence")])
def test_what_is_left_to_a_person_is_no_attempt(machine: Actor, heard: tuple[str, ...]) -> None:
    ticket = replied_ticket()

    heard_of(ticket, machine, *heard)

    assert not CallbackResult.objects.exists()
    assert running(ticket) == {"callback"}
    assert last_event(ticket).type == "person_asked"
    assert calls_for_robot(actor=machine, at=CALLED + minutes(1), limit=9) == []
    call_back(ticket, at=CALLED + minutes(2))
    assert CallbackResult.objects.get().is_valid


def test_a_line_that_goes_dead_is_an_attempt_without_answers(machine: Actor) -> None:
    ticket = replied_ticket()

    heard_of(ticket, machine, "1", "1", "hang_up")

    result = CallbackResult.objects.get()
    assert (result.outcome, result.is_valid) == (CallOutcome.NO_ANSWER, False)
    assert (result.contacted, result.resolved, result.satisfaction) == (None, None, "")
    assert running(ticket) == {"callback"}


def test_who_declines_is_not_called_again(machine: Actor) -> None:
    ticket = replied_ticket()

    heard_of(ticket, machine, "9")

    assert CallbackResult.objects.get().outcome == CallOutcome.DECLINED
    assert running(ticket) == {"closing"}


def test_pressure_is_heard_by_the_robot_as_well(machine: Actor) -> None:
    adopted(version=2, valid_from="2026-02", pressure_percent=100)

    heard_of(replied_ticket(), machine, "1", "1", "1", "3")

    assert PressureReport.objects.get().kind == "withdraw"
    assert PressureReport.objects.get().channel == "robot"


def test_half_a_call_is_refused_and_nothing_kept(machine: Actor) -> None:
    ticket = replied_ticket()

    for heard, code in ((("1", "1"), "robot_not_finished"), (("1", "x"), "robot_heard_nonsense")):
        with pytest.raises(RuleViolation) as refusal:
            heard_of(ticket, machine, *heard)
        assert refusal.value.code == code
    assert not CallbackResult.objects.exists()


def test_the_robot_keeps_the_hours_and_the_opening_of_a_call(machine: Actor) -> None:
    ticket = replied_ticket()

    with pytest.raises(IllegalMove) as early:
        heard_of(ticket, machine, "1", "1", "1", at=REPLIED + minutes(5))
    with pytest.raises(RuleViolation) as night:
        heard_of(ticket, machine, "1", "1", "1", at=AT + hours(12))

    assert (early.value.code, night.value.code) == ("callback_not_due", "outside_calling_hours")
    assert calls_for_robot(actor=machine, at=AT + hours(12), limit=9) == []


# === Whom it may call =======================================================================


def listed(machine: Actor, at: dt.datetime = CALLED) -> list[str]:
    return [call.ticket.number for call in calls_for_robot(actor=machine, at=at, limit=9)]


def test_the_longest_due_come_first_and_every_number_given_is_on_record(machine: Actor) -> None:
    later = replied_ticket(replied_at=AT + hours(1.5))
    earlier = replied_ticket()

    calls = calls_for_robot(actor=machine, at=CALLED, limit=9)

    assert [call.ticket for call in calls] == [earlier, later]
    assert {call.phone for call in calls} == {"+8613800138000"}
    entries = AuditEntry.objects.filter(action="number_given_to_robot", actor=machine.reference)
    assert set(entries.values_list("number", flat=True)) == {earlier.number, later.number}


def test_it_does_not_learn_of_confidential_matters_nor_call_twice_in_a_half_day(
    machine: Actor,
) -> None:
    replied_ticket(is_confidential=True)
    replied_ticket(is_anonymous=True)
    tried = replied_ticket()
    call_back(tried, at=CALLED, outcome="no_answer")

    assert listed(machine, CALLED + minutes(1)) == []
    assert listed(machine, CALLED + hours(20)) == [tried.number]


def test_of_several_requesters_it_calls_who_is_left(machine: Actor) -> None:
    ticket = handled_ticket()
    other = accepted_ticket(phone="13912345678", name="李雷")
    intake.merge_into(
        number=other.number, actor=dispatcher(), at=AT + minutes(30), target=ticket.number
    )
    call_back(reply_to(fresh(ticket), at=REPLIED), at=CALLED)

    (call,) = calls_for_robot(actor=machine, at=CALLED + hours(20), limit=9)

    assert call.phone == "+8613912345678"


def test_invented_numbers_are_given_to_nobody(machine: Actor) -> None:
    replied_ticket()
    Deployment.objects.update(is_simulated=True)
    forget_all()

    (call,) = calls_for_robot(actor=machine, at=CALLED, limit=9)

    assert call.phone == ""


def test_only_the_hotlines_own_machine_is_a_robot(machine: Actor) -> None:
    ticket = replied_ticket()
    of_unit = replace(web_channel(unit=unit()), scopes=frozenset({Scope.ROBOT, Scope.HANDLE}))
    others = [web_channel(), of_unit, callback_agent(), Actor(kind="citizen")]

    for who in others:
        with pytest.raises(NotPermitted):
            calls_for_robot(actor=who, at=CALLED, limit=9)
        with pytest.raises(NotPermitted):
            heard_of(ticket, who, "1", "1", "1")


# === Over HTTP ==============================================================================


@pytest.fixture
def telephone(city: None) -> Any:
    """A telephone whose robot is never to ask the fourth question, whatever a ticket's number."""
    adopted(pressure_percent=0)
    make_client(key="key-of-the-robot", scopes=[Scope.ROBOT])
    with time_machine.travel(CALLED, tick=False):
        yield Client(headers={"authorization": "Bearer key-of-the-robot"})


def send(telephone: Client, ticket: Ticket, heard: str, key: str = "k") -> Any:
    body = {"party": ticket.parties.get().pk, "heard": heard}
    return telephone.post(
        f"/api/v1/callbacks/{ticket.number}/robot", body, content_type="application/json",
        headers={"idempotency-key": key},
    )  # fmt: skip


def test_the_script_and_the_calls_come_together(telephone: Client) -> None:
    ticket = replied_ticket()

    told = telephone.get("/api/v1/callbacks").json()

    assert [call["number"] for call in told["calls"]] == [ticket.number]
    assert [q["name"] for q in told["script"]["questions"]] == [
        "contacted", "resolved", "satisfaction"
    ]  # fmt: skip
    assert told["script"]["person_key"] == "0"
    assert "不是真人" in told["script"]["opening"]


def test_a_call_sent_twice_is_one_call(telephone: Client) -> None:
    ticket = replied_ticket()

    first, again = send(telephone, ticket, "1,1,1"), send(telephone, ticket, "1,1,1")

    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json()
    assert first.json()["ending"] == "answered"
    assert again.headers["Idempotent-Replayed"] == "true"
    assert CallbackResult.objects.count() == 1


def test_the_list_of_the_agents_shows_who_wants_a_person(telephone: Client) -> None:
    ticket = replied_ticket()

    answer = send(telephone, ticket, "1,0")

    browser = Client()
    browser.force_login(make_staff(Role.CALLBACK_AGENT))
    page = browser.get("/callbacks/").content.decode()
    assert answer.json()["is_for_a_person"] is True
    assert ticket.number in page
    assert "要求人工" in page


# === The simulator ==========================================================================


@pytest.mark.django_db(transaction=True)
def test_the_simulator_plays_real_calls_against_the_real_site(
    live_server: LiveServer, capsys: pytest.CaptureFixture[str]
) -> None:
    seed_reference()
    Deployment.objects.update(reference="city", is_simulated=True)
    forget_all()
    with time_machine.travel(CALLED, tick=True):
        tickets = [replied_ticket(phone=f"139123456{n:02}") for n in range(12)]

        call_command("robot", site=live_server.url, calls=12, seed=4)

    said = capsys.readouterr().out
    assert all(ticket.number in said for ticket in tickets)
    valid = CallbackResult.objects.filter(channel="robot", is_valid=True).count()
    assert valid == said.count("三个问题都已回答") - 1  # and once in the sum
    assert f"三个问题都已回答 {valid}" in said
    assert evaluation.parties_to_call(tickets[0])


@pytest.mark.usefixtures("city")
def test_the_simulator_answers_for_no_real_requester() -> None:
    with pytest.raises(CommandError, match="真实诉求人"):
        call_command("robot")
