"""A hard life over HTTP: the wrong unit first, then a street with everybody it needs, late by five
seconds, unsolved twice. Every event, both promises, every clock and counter after each step."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest
import time_machine
from django.db.models import QuerySet

from dispatch.accuracy import Figures, accuracy
from dispatch.models import Assignment, LadderStep, Objection, SupervisionOrder
from evaluation import monthly, months, outcomes
from hotline.core import outbox
from hotline.core.models import RISING_KINDS, Role, Unit
from hotline.core.working_time import BUSINESS_ZONE
from intake import services as intake
from intake.models import Clock, Ticket, TicketEvent
from tests.api.conftest import Caller, client_of_unit, person
from tests.factories import actor, unit

pytestmark = pytest.mark.django_db
PROMISED = "04-21 10:00:00"
END = "05-10 09:00:00"
UNITS = {
    "urban": "city-urban", "street": "990101001", "district": "990101", "market": "990101-market",
    "community": "990101001001",
}  # fmt: skip
# The first dispatcher's error is ruled on by the second.
PEOPLE = {
    "dispatcher": Role.DISPATCHER, "colleague": Role.DISPATCHER, "caller": Role.CALLBACK_AGENT,
    "supervisor": Role.CITY_SUPERVISOR,
}  # fmt: skip
NAMES = {code: name for name, code in UNITS.items()}


@dataclass(frozen=True)
class Step:
    """Who does what and when, the events of it, and all that is different afterwards. A promise is
    named by its kind and the unit that owes it (`sign@street`; the hotline's own by the kind). What
    is not named stays as it was; a step that is refused changes nothing."""

    when: str
    who: str
    verb: str
    events: str = ""
    body: Mapping[str, object] = field(default_factory=dict)
    refusal: str = ""
    state: str = ""
    lead: str | None = None  # "" is nobody
    orders: str | None = None  # the open ones, each with its unit
    ends: str = ""  # promises that no longer run
    runs: Mapping[str, str] = field(default_factory=dict)  # promises with a new due time
    missed: str = ""
    urged: str = ""
    warned: str = ""
    returns: int = 0
    rehandles: int = 0


TOLD = {"solved": "yes", "told_by": "phone"}
UNSOLVED = {
    "outcome": "connected", "contacted": "yes", "resolved": "no", "satisfaction": "dissatisfied",
}  # fmt: skip
STEPS = (
    # To the wrong unit, which objects; what it owes stands still for a day at most.
    Step("04-14 10:20:00", "dispatcher", "dispatch", "dispatched", {"lead_unit": "city-urban"},
         state="dispatched", lead="urban", orders="lead@urban", ends="dispatch",
         runs={"sign@urban": "04-14 22:20:00", "first_contact@urban": "04-15 10:20:00",
               "feedback@urban": "04-21 10:20:00", "callback": "04-24 11:20:00"}),
    Step("04-14 10:40:00", "urban", "sign", "signed", state="handling", ends="sign@urban"),
    Step("04-14 11:00:00", "urban", "object", "objected",
         {"ground": "duty", "reason": "小区物业属街道", "basis": "物业管理条例",
          "proposed_unit": "990101001"},
         runs={"first_contact@urban": "04-16 10:20:00", "feedback@urban": "04-22 10:20:00",
               "callback": "04-25 11:20:00", "ruling": "04-14 15:00:00"}),
    Step("04-14 12:00:00", "dispatcher", "return_to_desk", body={"ruling": "确属派错"},
         refusal="own_dispatch"),
    Step("04-14 13:00:00", "colleague", "return_to_desk", "returned", {"ruling": "确属派错"},
         state="accepted", lead="", orders="", returns=1,
         ends="first_contact@urban feedback@urban callback ruling",
         runs={"dispatch": "04-15 13:00:00"}),
    # To the street, with its district's copy; down to the community, across to the bureau.
    Step("04-14 13:30:00", "colleague", "dispatch", "dispatched", {"lead_unit": "990101001"},
         state="dispatched", lead="street", orders="lead@street supervise@district",
         ends="dispatch",
         runs={"sign@street": "04-15 01:30:00", "first_contact@street": "04-15 13:30:00",
               "feedback@street": "04-21 13:30:00", "callback": "04-24 14:30:00"}),
    Step("04-14 14:00:00", "street", "sign", "signed", state="handling", ends="sign@street"),
    Step("04-14 14:30:00", "street", "contact", "contacted", {"method": "phone"},
         ends="first_contact@street"),
    Step("04-14 15:00:00", "street", "delegate", "delegated",
         {"unit": "990101001001", "task": "入户核实"},
         orders="delegate@community lead@street supervise@district",
         runs={"delegation@community": "04-20 04:12:00",  # four fifths of the 166 h 30 min left
               "sign@community": "04-15 03:00:00"}),
    Step("04-14 15:30:00", "street", "ask_cooperation", "cooperation_asked",
         {"unit": "990101-market", "task": "核查收费公示"},
         orders="cooperate@market delegate@community lead@street supervise@district",
         runs={"cooperation@market": "04-20 04:18:00",  # four fifths of the 166 h left
               "sign@market": "04-15 03:30:00"}),
    Step("04-14 16:00:00", "community", "sign_part", "part_signed", ends="sign@community"),
    Step("04-14 16:10:00", "market", "sign_part", "part_signed", ends="sign@market"),
    Step("04-15 10:00:00", "community", "hand_in", "handed_in", {"text": "已入户核实，情况属实。"},
         orders="cooperate@market lead@street supervise@district", ends="delegation@community"),
    Step("04-15 11:00:00", "street", "reply", body={"text": "已办"} | TOLD,
         refusal="assisting_open"),
    # The bureau is late: found by the sweep, urged, then an interim report with its reason.
    Step("04-20 04:20:00", "time", "sweep", "warned warned breached urged",
         warned="promise feedback@street", missed="cooperation@market 04-20 04:18:00",
         urged="cooperation@market 04-20 04:18:00"),
    Step("04-20 10:00:00", "market", "interim", "interim_reported",
         {"text": "已约谈物业，收费台账待补。", "late_reason": "物业台账不全",
          "next_at": "2026-04-21T09:00:00+08:00"},
         runs={"cooperation@market": "04-21 09:00:00"}),
    # More time is asked and refused; the unit is not charged the two hours of deciding.
    Step("04-20 15:00:00", "street", "ask_extension", "extension_asked",
         {"amount": 7, "ground": "obstacle", "reason": "等待收费台账", "told_by": "phone"},
         runs={"feedback@street": "04-21 17:30:00", "callback": "04-24 18:30:00",
               "extension_ruling": "04-20 19:00:00"}),
    Step("04-20 17:00:00", "supervisor", "refuse_extension", "extension_refused",
         {"decision": "可以按期"}, ends="extension_ruling",
         runs={"feedback@street": "04-21 15:30:00", "callback": "04-24 16:30:00"}),
    Step("04-21 08:50:00", "market", "hand_in", "handed_in", {"text": "台账已补齐并公示。"},
         orders="lead@street supervise@district", ends="cooperation@market"),
    # Late toward the citizen, then late for the unit by five seconds between two sweeps.
    Step("04-21 10:00:10", "time", "sweep", "breached", missed=f"promise {PROMISED}"),
    Step("04-21 15:30:05", "street", "reply", "breached replied",
         {"text": "物业已整改并公示。"} | TOLD,
         state="callback", orders="supervise@district", ends="promise feedback@street",
         missed="feedback@street 04-21 15:30:00"),
    Step("04-21 15:31:00", "time", "sweep", "urged", urged="feedback@street 04-21 15:30:00"),
    Step("04-21 15:32:00", "time", "sweep"),
    # Unsolved, once more; unsolved again, with an order; its answer accepted; solved; closed.
    Step("04-21 17:00:00", "caller", "callback", "called_back", UNSOLVED, ends="callback",
         runs={"closing": "04-22 17:00:00"}),
    Step("04-21 17:05:00", "caller", "rehandle", "rehandled", state="handling", rehandles=1,
         orders="lead@street supervise@district", ends="closing",
         runs={"feedback@street": "04-28 17:05:00", "callback": "05-01 18:05:00"}),
    Step("04-22 09:00:00", "street", "reply", "replied",
         {"text": "第二次上门，已换人值守。"} | TOLD, state="callback",
         orders="supervise@district", ends="feedback@street", runs={"callback": "04-25 10:00:00"}),
    Step("04-22 12:00:00", "caller", "callback", "called_back", UNSOLVED, ends="callback",
         runs={"closing": "04-23 12:00:00"}),
    Step("04-22 12:05:00", "caller", "rehandle", "rehandled", state="handling", rehandles=1,
         orders="lead@street supervise@district", ends="closing",
         runs={"feedback@street": "04-29 12:05:00", "callback": "05-02 13:05:00",
               "supervision@street": "04-27 12:05:00"}),
    Step("04-23 09:00:00", "street", "reply", "replied",
         {"text": "区里现场督办，已全部整改。"} | TOLD, state="callback",
         orders="supervise@district", ends="feedback@street supervision@street",
         runs={"callback": "04-26 10:00:00"}),
    Step("04-23 11:00:00", "caller", "callback", "called_back",
         UNSOLVED | {"resolved": "yes", "satisfaction": "satisfied"}, ends="callback",
         runs={"closing": "04-24 11:00:00"}),
    Step("04-23 11:01:00", "caller", "close", refusal="order_unanswered"),
    Step("04-23 11:05:00", "supervisor", "accept_answer", "answer_accepted"),
    Step("04-23 11:10:00", "caller", "close", "closed", state="closed", orders="",
         ends="closing"),
    Step(END, "time", "sweep"),
)  # fmt: skip


def instant(text: str) -> dt.datetime:
    return dt.datetime.strptime(f"2026-{text}", "%Y-%m-%d %H:%M:%S").replace(tzinfo=BUSINESS_ZONE)


def shown(at: dt.datetime) -> str:
    return at.astimezone(BUSINESS_ZONE).strftime("%m-%d %H:%M:%S")


def owed(what: str, by: Unit | None, at: dt.datetime | None = None) -> str:
    """`sign@street 04-15 01:30:00`."""
    name = f"{what}@{NAMES[by.code]}" if by else what
    return f"{name} {shown(at)}" if at else name


class Life:
    """A ticket, and what is expected of it after the steps taken."""

    def __init__(self, number: str, clock: time_machine.Coordinates) -> None:
        self.number, self.clock = number, clock
        self.people: dict[tuple[str, str], Caller] = {}
        self.due = {"promise": PROMISED, "dispatch": "04-15 10:00:00"}
        self.expected: dict[str, Any] = {
            "state": "accepted", "lead": "", "orders": [], "promised": PROMISED,
            "events": ["accepted"], "breached": [], "warned": [], "ladder": [],
            "returns": 0, "rehandles": 0,
        }  # fmt: skip

    @property
    def ticket(self) -> Ticket:
        return Ticket.objects.get(number=self.number)

    @property
    def events(self) -> QuerySet[TicketEvent]:
        return TicketEvent.objects.filter(number=self.number).order_by("seq")

    def take(self, step: Step) -> None:
        self.clock.move_to(instant(step.when))
        if step.verb == "sweep":
            intake.sweep(at=instant(step.when))
            outbox.deliver_all(at=instant(step.when))
            return
        answer = self.person(step).act(self.number, step.verb, step.body)
        said = (answer.status_code, answer.json().get("code", ""))
        assert said == ((409, step.refusal) if step.refusal else (200, "")), answer.content.decode()

    def person(self, step: Step) -> Caller:
        """A unit's own system, or somebody at the hotline, who signs in on the day of the act."""
        who = (step.who, step.when[:5])
        if who not in self.people:
            code = UNITS.get(step.who)
            self.people[who] = client_of_unit(unit(code)) if code else person(PEOPLE[step.who])
        return self.people[who]

    def expect(self, step: Step) -> None:
        """What the step says is different."""
        self.due |= step.runs
        for promise in step.ends.split():
            del self.due[promise]
        now = self.expected
        now["state"] = step.state or now["state"]
        now["lead"] = now["lead"] if step.lead is None else step.lead
        now["orders"] = now["orders"] if step.orders is None else step.orders.split()
        now["events"] += step.events.split()
        now["warned"] += step.warned.split()
        now["breached"] += [step.missed] if step.missed else []
        now["ladder"] += [f"urge {step.urged}"] if step.urged else []
        now["returns"] += step.returns
        now["rehandles"] += step.rehandles

    def stands(self, after: Step | None = None) -> None:
        """Everything compared at once; a failure names the step."""
        expected = self.expected | {
            "events": list(enumerate(self.expected["events"], 1)),
            "running": sorted(f"{promise} {at}" for promise, at in self.due.items()),
            "missed": sorted(self.expected["breached"]),
        }
        assert self.found() == expected, after

    def found(self) -> dict[str, Any]:
        ticket, events = self.ticket, list(self.events)
        clocks = Clock.objects.filter(ticket=ticket).select_related("unit").in_bulk()
        orders = Assignment.objects.filter(ticket=ticket, is_open=True)
        ladder = LadderStep.objects.filter(ticket=ticket).order_by("pk")
        noticed = [(e, clocks[e.data["clock"]]) for e in events if e.type in ("breached", "warned")]
        assert all((e.data["kind"], e.unit_id) == (c.kind, c.unit_id) for e, c in noticed)

        def of(clock: Clock, at: dt.datetime | None = None) -> str:
            return owed(clock.kind, clock.unit, at)

        return {
            "state": ticket.state,
            "lead": NAMES[ticket.lead_unit.code] if ticket.lead_unit else "",
            "orders": sorted(owed(order.role, order.unit) for order in orders),
            "promised": shown(ticket.promised_at),
            "events": [(event.seq, event.type) for event in events],
            "running": sorted(of(c, c.due_at) for c in clocks.values() if c.is_running),
            "breached": [of(c, e.occurred_at) for e, c in noticed if e.type == "breached"],
            "missed": sorted(of(c, c.breached_at) for c in clocks.values() if c.breached_at),
            "warned": [of(c) for e, c in noticed if e.type == "warned"],
            "ladder": [f"{s.rung} {of(clocks[s.clock_id], s.taken_at)}" for s in ladder],
            "returns": ticket.return_count,
            "rehandles": ticket.rehandle_count,
        }


@pytest.fixture
def life(web: Caller, tuesday_morning: time_machine.Coordinates) -> Life:
    return Life(web.register().json()["number"], tuesday_morning)


@pytest.fixture
def lived(life: Life) -> Life:
    """The whole of it, looked at from its end."""
    for step in STEPS:
        life.take(step)
    return life


def test_everything_is_as_it_should_be_after_every_step(life: Life) -> None:
    life.stands()
    for step in STEPS:
        life.take(step)
        life.expect(step)
        life.stands(step)


def test_the_reply_five_seconds_late_is_one_breach_and_one_urge(lived: Life) -> None:
    late = Clock.objects.get(kind="feedback", breached_at__isnull=False)

    breach = lived.events.get(type="breached", data__clock=late.pk)

    assert late.breached_at == late.due_at == breach.occurred_at == instant("04-21 15:30:00")
    assert late.stopped_at == breach.recorded_at == instant("04-21 15:30:05")
    assert lived.events.get(type="urged", data__clock=late.pk).data["is_over"]
    assert LadderStep.objects.get(clock_id=late.pk).rung == "urge"
    assert not Clock.objects.filter(kind__in=RISING_KINDS).exists()


def test_the_wrong_dispatch_is_its_dispatchers_and_not_the_units(lived: Life) -> None:
    wrong, right = lived.events.filter(type="dispatched").values_list("actor", flat=True)

    found = accuracy(instant("04-14 00:00:00"), instant("04-15 00:00:00"), at=instant(END))

    returned = Figures(dispatches=1, objected=1, upheld=1)
    kept = Figures(dispatches=1, deemed_accepted=1)
    assert (found.total, found.total.accuracy) == (returned + kept, 0.5)
    assert found.by_unit == {unit("city-urban").pk: returned, unit("990101001").pk: kept}
    assert found.by_dispatcher == {wrong: returned, right: kept}
    assert Objection.objects.get().outcome == "upheld"


@pytest.mark.usefixtures("lived")
def test_the_month_counts_it_overdue_for_the_street_and_returned_by_the_first_unit() -> None:
    reader = actor(Role.CITY_SUPERVISOR)
    outcomes.rebuild(None, at=instant(END))

    month = months.month("2026-04", at=instant(END))
    tables = [monthly.table(month, group, reader) for group in monthly.GROUPS]

    cells = ("overdue", "returned", "improper")
    rows = {line.unit.code: line.counts for table in tables for line in table.lines}
    assert {code: tuple(counts[cell] for cell in cells) for code, counts in rows.items()} == {
        "990101001": (1, 0, 0),
        "city-urban": (0, 1, 0),
    }


def test_it_ends_with_its_order_answered_and_every_second_held_by_somebody(lived: Life) -> None:
    street = client_of_unit(unit("990101001"))

    journey = street.get(f"tickets/{lived.number}/tree").json()["journey"]

    whole = (instant("04-23 11:10:00") - instant("04-14 10:00:00")).total_seconds()
    assert journey["total_seconds"] == sum(held["seconds"] for held in journey["held"]) == whole
    order = SupervisionOrder.objects.get()
    assert (order.reason, order.answered_at) == ("unsolved_twice", instant("04-23 09:00:00"))
    assert order.accepted_at == instant("04-23 11:05:00")
    assert lived.ticket.close_code == "called_back"
