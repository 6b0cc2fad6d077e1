"""A hard life over HTTP: the wrong unit first, then a street with everybody it needs, late by five
seconds, unsolved twice. Every event, both promises, every clock and counter at each step."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field

import pytest
import time_machine

from dispatch.models import Assignment, LadderStep, Objection, SupervisionOrder
from hotline.core import outbox
from hotline.core.models import Role
from hotline.core.working_time import BUSINESS_ZONE
from intake import services as intake
from intake.models import Clock, Ticket, TicketEvent
from tests.api.conftest import Caller, client_of_unit, person
from tests.factories import unit

pytestmark = pytest.mark.django_db
PROMISED = "04-21 10:00:00"
UNSOLVED = {
    "outcome": "connected", "contacted": "yes", "resolved": "no", "satisfaction": "dissatisfied",
}  # fmt: skip


def instant(text: str) -> dt.datetime:
    return dt.datetime.strptime(f"2026-{text}", "%Y-%m-%d %H:%M:%S").replace(tzinfo=BUSINESS_ZONE)


def shown(at: dt.datetime) -> str:
    return at.astimezone(BUSINESS_ZONE).strftime("%m-%d %H:%M:%S")


@dataclass
class Life:
    """A ticket and what is expected of it, step by step."""

    number: str
    clock: time_machine.Coordinates
    events: list[str] = field(default_factory=lambda: ["accepted"])

    @property
    def ticket(self) -> Ticket:
        return Ticket.objects.get(number=self.number)

    def at(self, text: str) -> dt.datetime:
        """The clock of the world stands at this time."""
        self.clock.move_to(instant(text))
        return instant(text)

    def act(self, when: str, caller: Caller, verb: str, *events: str, **body: object) -> None:
        """The verb over HTTP, and exactly these events of it."""
        self.at(when)
        answer = caller.act(self.number, verb, body)
        assert answer.status_code == 200, answer.content.decode()
        self.happened(*events)

    def refused(self, when: str, caller: Caller, verb: str, code: str, **body: object) -> None:
        self.at(when)
        answer = caller.act(self.number, verb, body)
        assert (answer.status_code, answer.json()["code"]) == (409, code), answer.content.decode()
        self.happened()

    def sweep(self, when: str, *events: str) -> None:
        """The sweep and everything that follows from it."""
        intake.sweep(at=self.at(when))
        outbox.deliver_all(at=instant(when))
        self.happened(*events)

    def happened(self, *events: str) -> None:
        self.events += events
        found = TicketEvent.objects.filter(number=self.number).order_by("seq")
        assert list(found.values_list("type", flat=True)) == self.events
        assert list(found.values_list("seq", flat=True)) == list(range(1, len(self.events) + 1))

    def stands(self, state: str, *, lead: str | None, **running: str) -> None:
        """State, lead, the promise to the citizen, and every running clock with its due time."""
        ticket = self.ticket
        assert (ticket.state, ticket.lead_unit and ticket.lead_unit.code) == (state, lead)
        assert shown(ticket.promised_at) == PROMISED
        clocks = Clock.objects.running().filter(ticket=ticket)
        assert {clock.kind: shown(clock.due_at) for clock in clocks} == running


def test_a_hard_life(web: Caller, tuesday_morning: time_machine.Coordinates) -> None:
    first, second = person(Role.DISPATCHER), person(Role.DISPATCHER)
    urban, street = client_of_unit(unit("city-urban")), client_of_unit(unit("990101001"))
    community = client_of_unit(unit("990101001001"))
    bureau = client_of_unit(unit("990101-market"))
    life = Life(web.register().json()["number"], tuesday_morning)
    life.stands("accepted", lead=None, promise=PROMISED, dispatch="04-15 10:00:00")

    # To the wrong unit, which objects; what it owes stands still for a day at most.
    life.act("04-14 10:20:00", first, "dispatch", "dispatched", lead_unit="city-urban")
    life.stands(
        "dispatched", lead="city-urban", promise=PROMISED, sign="04-14 22:20:00",
        first_contact="04-15 10:20:00", feedback="04-21 10:20:00", callback="04-24 11:20:00",
    )  # fmt: skip
    life.act("04-14 10:40:00", urban, "sign", "signed")
    grounds = {"ground": "duty", "reason": "小区物业属街道", "basis": "物业管理条例"}
    life.act("04-14 11:00:00", urban, "object", "objected", **grounds, proposed_unit="990101001")
    life.stands(
        "handling", lead="city-urban", promise=PROMISED, first_contact="04-16 10:20:00",
        feedback="04-22 10:20:00", callback="04-25 11:20:00", ruling="04-14 15:00:00",
    )  # fmt: skip
    life.refused("04-14 12:00:00", first, "return_to_desk", "own_dispatch", ruling="确属派错")
    life.act("04-14 13:00:00", second, "return_to_desk", "returned", ruling="确属派错")
    life.stands("accepted", lead=None, promise=PROMISED, dispatch="04-15 13:00:00")
    assert life.ticket.return_count == 1
    assert Objection.objects.get().outcome == "upheld"

    # To the street, with its district's copy; down to the community, across to the bureau.
    life.act("04-14 13:30:00", second, "dispatch", "dispatched", lead_unit="990101001")
    copy = Assignment.objects.get(ticket=life.ticket, role="supervise", is_open=True)
    assert copy.unit.code == "990101"
    life.act("04-14 14:00:00", street, "sign", "signed")
    life.act("04-14 14:30:00", street, "contact", "contacted", method="phone")
    life.act(
        "04-14 15:00:00", street, "delegate", "delegated", unit="990101001001", task="入户核实"
    )
    life.act(
        "04-14 15:30:00", street, "ask_cooperation", "cooperation_asked",
        unit="990101-market", task="核查收费公示",
    )  # fmt: skip
    below = {
        "delegation": "04-20 04:12:00",  # four fifths of the 166 h 30 min left
        "cooperation": "04-20 04:18:00",  # four fifths of the 166 h left
    }
    own = {"feedback": "04-21 13:30:00", "callback": "04-24 14:30:00"}
    running = Clock.objects.running().filter(ticket=life.ticket)
    assert {c.kind: shown(c.due_at) for c in running.exclude(kind="sign")} == {
        "promise": PROMISED, **own, **below,
    }  # fmt: skip
    assert running.filter(kind="sign").count() == 2
    life.act("04-14 16:00:00", community, "sign_part", "part_signed")
    life.act("04-14 16:10:00", bureau, "sign_part", "part_signed")
    life.act("04-15 10:00:00", community, "hand_in", "handed_in", text="已入户核实，情况属实。")
    life.stands(
        "handling", lead="990101001", promise=PROMISED, **own, cooperation=below["cooperation"]
    )
    life.refused(
        "04-15 11:00:00", street, "reply", "assisting_open",
        text="已办", solved="yes", told_by="phone",
    )  # fmt: skip

    # The bureau is late: found by the sweep, urged, then an interim report with its reason.
    life.sweep("04-20 04:20:00", "warned", "warned", "breached", "urged")
    late = Clock.objects.get(ticket=life.ticket, kind="cooperation")
    assert late.breached_at == instant("04-20 04:18:00")
    assert list(LadderStep.objects.values_list("clock_id", "rung")) == [(late.pk, "urge")]
    life.act(
        "04-20 10:00:00", bureau, "interim", "interim_reported", text="已约谈物业，收费台账待补。",
        late_reason="物业台账不全", next_at="2026-04-21T09:00:00+08:00",
    )  # fmt: skip
    life.stands("handling", lead="990101001", promise=PROMISED, **own, cooperation="04-21 09:00:00")

    # More time is asked and refused; the unit is not charged the two hours of deciding.
    life.act(
        "04-20 15:00:00", street, "ask_extension", "extension_asked", amount=7, ground="obstacle",
        reason="等待收费台账", told_by="phone",
    )  # fmt: skip
    life.stands(
        "handling", lead="990101001", promise=PROMISED, cooperation="04-21 09:00:00",
        feedback="04-21 17:30:00", callback="04-24 18:30:00", extension_ruling="04-20 19:00:00",
    )  # fmt: skip
    life.at("04-20 16:00:00")  # people sign in on the day they act
    supervisor = person(Role.CITY_SUPERVISOR)
    life.act(
        "04-20 17:00:00", supervisor, "refuse_extension", "extension_refused", decision="可以按期"
    )
    own = {"feedback": "04-21 15:30:00", "callback": "04-24 16:30:00"}
    life.stands("handling", lead="990101001", promise=PROMISED, cooperation="04-21 09:00:00", **own)
    life.act("04-21 08:50:00", bureau, "hand_in", "handed_in", text="台账已补齐并公示。")
    life.stands("handling", lead="990101001", promise=PROMISED, **own)

    # Late toward the citizen, then late for the unit by five seconds between two sweeps.
    life.sweep("04-21 10:00:10", "breached")
    told = {"solved": "yes", "told_by": "phone"}
    life.act(
        "04-21 15:30:05", street, "reply", "breached", "replied", text="物业已整改并公示。", **told
    )
    feedback = Clock.objects.get(ticket=life.ticket, kind="feedback", breached_at__isnull=False)
    assert feedback.breached_at == instant("04-21 15:30:00")
    assert feedback.stopped_at == instant("04-21 15:30:05")
    life.stands("callback", lead="990101001", callback="04-24 16:30:00")

    # Unsolved, once more; unsolved again, with an order; its answer accepted; solved; closed.
    caller = person(Role.CALLBACK_AGENT)
    life.act("04-21 17:00:00", caller, "callback", "called_back", **UNSOLVED)
    life.act("04-21 17:05:00", caller, "rehandle", "rehandled")
    life.stands("handling", lead="990101001", feedback="04-28 17:05:00", callback="05-01 18:05:00")
    life.act("04-22 09:00:00", street, "reply", "replied", text="第二次上门，已换人值守。", **told)
    life.at("04-22 11:00:00")
    caller = person(Role.CALLBACK_AGENT)
    life.act("04-22 12:00:00", caller, "callback", "called_back", **UNSOLVED)
    life.act("04-22 12:05:00", caller, "rehandle", "rehandled")
    life.stands(
        "handling", lead="990101001", feedback="04-29 12:05:00", callback="05-02 13:05:00",
        supervision="04-27 12:05:00",
    )  # fmt: skip
    life.act(
        "04-23 09:00:00", street, "reply", "replied", text="区里现场督办，已全部整改。", **told
    )
    life.at("04-23 10:00:00")
    caller, supervisor = person(Role.CALLBACK_AGENT), person(Role.CITY_SUPERVISOR)
    solved = UNSOLVED | {"resolved": "yes", "satisfaction": "satisfied"}
    life.act("04-23 11:00:00", caller, "callback", "called_back", **solved)
    life.refused("04-23 11:01:00", caller, "close", "order_unanswered")
    life.act("04-23 11:05:00", supervisor, "accept_answer", "answer_accepted")
    life.act("04-23 11:10:00", caller, "close", "closed")

    life.stands("closed", lead="990101001")
    ticket = life.ticket
    assert (ticket.return_count, ticket.rehandle_count, ticket.close_code) == (1, 2, "called_back")
    order = SupervisionOrder.objects.get()
    assert (order.reason, order.answered_at) == ("unsolved_twice", instant("04-23 09:00:00"))
    assert not Assignment.objects.filter(ticket=ticket, is_open=True).exists()
    journey = street.get(f"tickets/{life.number}/tree").json()["journey"]
    whole = instant("04-23 11:10:00") - instant("04-14 10:00:00")
    assert journey["total_seconds"] == whole.total_seconds()
    assert sum(held["seconds"] for held in journey["held"]) == whole.total_seconds()
