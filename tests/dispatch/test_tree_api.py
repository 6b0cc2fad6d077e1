"""一单到底: the tree of orders, and who held the ticket for how long."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import pytest
import time_machine
from hypothesis import given
from hypothesis import strategies as st

from dispatch import services as dispatching
from dispatch.journey import TURNS, Holder, Stretch, elapsed, held, stretches
from hotline.core.actors import Actor
from hotline.core.models import Role
from hotline.core.reference import forget_all
from intake import services as intake
from intake.models import Ticket
from tests.api.conftest import Caller, client_of_channel, client_of_unit, person
from tests.factories import (
    AT,
    accepted_ticket,
    closed_ticket,
    days,
    dispatched_ticket,
    dispatcher,
    fresh,
    handled_ticket,
    handler,
    hours,
    minutes,
    reply_to,
    unit,
)

NOW = AT + days(3)
SECONDS = dt.timedelta(seconds=1)


@pytest.fixture
def later() -> Iterator[None]:
    """Three days after the factories' tickets came in."""
    forget_all()
    with time_machine.travel(NOW, tick=False):
        yield


def tree_of(ticket: Ticket, caller: Caller | None = None) -> dict[str, Any]:
    """As the dispatcher sees it unless told otherwise."""
    response = (caller or person(Role.DISPATCHER)).get(f"tickets/{ticket.number}/tree")
    assert response.status_code == 200, response.content.decode()
    found: dict[str, Any] = response.json()
    return found


def units_in(nodes: list[dict[str, Any]]) -> list[Any]:
    """The shape of a tree: each unit's code with those below it."""
    return [(node["unit"]["code"], units_in(node["children"])) for node in nodes]


def held_in(tree: dict[str, Any]) -> dict[str, dt.timedelta]:
    """By unit code, or by holder where no unit led."""
    return {
        (row["unit"] or {}).get("code", row["holder"]): row["seconds"] * SECONDS
        for row in tree["journey"]["held"]
    }


def hand_down(ticket: Ticket, whom: str, by: Actor, at: dt.datetime) -> None:
    dispatching.delegate(number=ticket.number, actor=by, at=at, unit=unit(whom), task="请上门核实")


def three_levels() -> Ticket:
    """甲区 leads, its street has the work, the street's community helps."""
    ticket = handled_ticket(lead_unit=unit("990101"))
    hand_down(ticket, "990101001", handler(ticket), AT + hours(1))
    street = handler(unit("990101001"))
    dispatching.sign_part(number=ticket.number, actor=street, at=AT + hours(2))
    hand_down(ticket, "990101001001", street, AT + hours(3))
    return ticket


# === The tree ===============================================================================


def test_the_tree_has_every_order_below_the_one_it_came_from(city: None, later: None) -> None:
    top = tree_of(three_levels())["orders"]

    assert units_in(top) == [("990101", [("990101001", [("990101001001", [])])])]
    below = top[0]["children"][0]
    assert (below["role"], below["state"], below["task"]) == ("delegate", "signed", "请上门核实")
    due = [dt.datetime.fromisoformat(n["due_at"]) for n in (below["children"][0], below)]
    assert AT + hours(3) < due[0] < due[1] < AT + days(7)


def test_orders_that_ended_are_told_with_their_reason(city: None, later: None) -> None:
    ticket = handled_ticket()
    dispatching.recall(number=ticket.number, actor=dispatcher(), at=AT + hours(1), reason="派错")
    dispatching.dispatch(
        number=ticket.number, actor=dispatcher(), at=AT + hours(2), lead_unit=unit("ent-heat")
    )
    nodes = tree_of(ticket)["orders"]

    assert [(n["unit"]["code"], n["role"], n["end_reason"]) for n in nodes] == [
        ("990101001", "lead", "recalled"),
        ("990101", "supervise", "recalled"),
        ("ent-heat", "lead", ""),
    ]


def test_what_was_handed_in_stands_with_its_order(city: None, later: None) -> None:
    ticket = three_levels()
    community = handler(unit("990101001001"))
    dispatching.sign_part(number=ticket.number, actor=community, at=AT + hours(4))
    dispatching.hand_in(
        number=ticket.number, actor=community, at=AT + hours(5), text="已入户核实", solved="partly"
    )
    part = tree_of(ticket)["orders"][0]["children"][0]["children"][0]

    assert (part["state"], part["is_open"]) == ("replied", False)
    assert [(r["kind"], r["text"], r["solved"]) for r in part["replies"]] == [
        ("result", "已入户核实", "partly")
    ]


def test_a_unit_sees_its_own_order_and_what_it_asked_for(city: None, later: None) -> None:
    ticket = three_levels()
    street, community = unit("990101001"), unit("990101001001")

    assert units_in(tree_of(ticket, client_of_unit(street))["orders"]) == [
        ("990101001", [("990101001001", [])])
    ]
    assert units_in(tree_of(ticket, client_of_unit(community))["orders"]) == [("990101001001", [])]


def test_a_helper_does_not_see_the_other_helpers(city: None, later: None) -> None:
    ticket = handled_ticket()
    for code in ("990101-market", "city-urban"):
        dispatching.ask_cooperation(
            number=ticket.number, actor=handler(ticket), at=AT + hours(1), unit=unit(code), task="x"
        )

    lead = tree_of(ticket, person(Role.HANDLER, unit()))["orders"]
    assert units_in(lead) == [("990101001", [("990101-market", []), ("city-urban", [])])]
    helper = tree_of(ticket, person(Role.HANDLER, unit("city-urban")))["orders"]
    assert units_in(helper) == [("city-urban", [])]


def test_the_district_that_has_a_copy_sees_its_copy_and_its_supervisor_everything(
    city: None, later: None
) -> None:
    ticket, district = handled_ticket(), unit("990101")

    assert units_in(tree_of(ticket, person(Role.HANDLER, district))["orders"]) == [("990101", [])]
    whole = tree_of(ticket, person(Role.DISTRICT_SUPERVISOR, district))["orders"]
    assert units_in(whole) == [("990101001", []), ("990101", [])]


def test_a_channel_learns_nothing_of_how_the_city_divides_the_work(city: None, later: None) -> None:
    channel = client_of_channel()
    number = channel.register(called_at="2026-04-14T10:00:00+08:00").json()["number"]
    dispatching.dispatch(
        number=number, actor=dispatcher(), at=NOW + hours(1), lead_unit=unit("ent-heat")
    )

    shown = channel.get(f"tickets/{number}/tree").json()
    assert (shown["orders"], shown["journey"]) == ([], None)


def test_who_does_not_see_the_ticket_finds_no_tree(city: None, later: None) -> None:
    ticket = handled_ticket()
    stranger = client_of_unit(unit("990102001"))

    response = stranger.get(f"tickets/{ticket.number}/tree")
    assert (response.status_code, response.json()["code"]) == (404, "not_found")


def test_a_tree_of_any_size_takes_the_same_queries(
    city: None, later: None, django_assert_num_queries: Any
) -> None:
    small, large = handled_ticket(), three_levels()
    caller = person(Role.DISPATCHER)
    tree_of(small, caller)
    with django_assert_num_queries(7):
        tree_of(small, caller)
    with django_assert_num_queries(7):
        tree_of(large, caller)


def test_a_lead_that_was_taken_over_stands_beside_the_one_that_took_over(
    city: None, later: None
) -> None:
    ticket = handled_ticket()
    dispatching.escalate(
        number=ticket.number, actor=handler(ticket), at=AT + hours(10), authority=unit("990101"),
        question="x",
    )  # fmt: skip
    dispatching.answer_escalation(
        number=ticket.number, actor=handler(unit("990101")), at=AT + hours(20), opinion="区里办",
        takes_over=True,
    )  # fmt: skip
    tree = tree_of(ticket)

    assert units_in(tree["orders"]) == [
        ("990101001", []), ("990101", []), ("990101", [("990101001", [])]),
    ]  # fmt: skip
    assert held_in(tree) == {
        "desk": minutes(5),
        "990101001": hours(20) - minutes(5),
        "990101": days(3) - hours(20),
    }


# === Who held it ============================================================================


def test_a_life_is_divided_between_the_desk_the_unit_and_the_call_back(
    city: None, later: None
) -> None:
    ticket = reply_to(handled_ticket(), at=AT + days(1))
    tree = tree_of(ticket)

    assert held_in(tree) == {
        "desk": minutes(5),
        "990101001": days(1) - minutes(5),
        "callback": days(2),
    }
    assert (tree["journey"]["total_seconds"], tree["journey"]["total_days"]) == (259_200, 3.0)


def test_a_closed_ticket_is_held_by_nobody_any_more(city: None, later: None) -> None:
    ticket = closed_ticket()
    journey = tree_of(ticket)["journey"]

    assert ticket.closed_at is not None
    assert journey["total_seconds"] * SECONDS == ticket.closed_at - ticket.accepted_at
    assert {row["holder"] for row in journey["held"]} == {"desk", "unit", "callback"}


def test_a_ticket_that_waits_lies_with_the_desk(city: None, later: None) -> None:
    assert held_in(tree_of(accepted_ticket())) == {"desk": days(3)}


def test_what_was_taken_back_is_held_by_one_after_the_other(city: None, later: None) -> None:
    ticket = handled_ticket()
    dispatching.recall(number=ticket.number, actor=dispatcher(), at=AT + days(1), reason="派错")
    dispatching.dispatch(
        number=ticket.number, actor=dispatcher(), at=AT + days(2), lead_unit=unit("ent-heat")
    )
    tree = tree_of(ticket)

    assert held_in(tree) == {
        "desk": minutes(5) + days(1),
        "990101001": days(1) - minutes(5),
        "ent-heat": days(1),
    }
    assert [s["holder"] for s in tree["journey"]["stretches"]] == ["desk", "unit", "desk", "unit"]


def test_the_seconds_of_a_slip_of_the_hand_are_the_desks(city: None, later: None) -> None:
    ticket, desk = accepted_ticket(), dispatcher()
    dispatching.dispatch(number=ticket.number, actor=desk, at=AT + hours(1), lead_unit=unit())
    dispatching.undo_dispatch(number=ticket.number, actor=desk, at=AT + hours(1) + 20 * SECONDS)

    assert held_in(tree_of(ticket)) == {"desk": days(3)}


def test_a_ticket_dispatched_at_once_never_lay_with_the_desk(city: None, later: None) -> None:
    ticket = dispatched_ticket(dispatched_at=AT)

    assert held_in(tree_of(ticket)) == {"990101001": days(3)}


def test_the_time_between_the_close_and_a_reopening_is_told_apart(city: None, later: None) -> None:
    ticket = closed_ticket()
    intake.reopen(number=ticket.number, actor=dispatcher(), at=AT + days(2), reason="又坏了")
    tree = tree_of(fresh(ticket))

    assert ticket.closed_at is not None
    assert held_in(tree)["closed"] == AT + days(2) - ticket.closed_at
    assert sum(held_in(tree).values(), dt.timedelta()) == days(3)


# === The arithmetic =========================================================================


@dataclass
class Happened:
    type: str
    occurred_at: dt.datetime
    unit_id: int | None = None
    data: dict[str, object] = field(default_factory=dict)


CLOSINGS = ("closed", "answered", "informed", "merged", "withdrawn")
lives = st.lists(
    st.tuples(
        st.sampled_from([*TURNS, "noted", "breached"]),
        st.timedeltas(dt.timedelta(0), days(40)),
        st.integers(1, 3),
    ),
    max_size=12,
)


@given(lives, st.timedeltas(dt.timedelta(0), days(40)))
def test_what_everybody_held_adds_up_to_the_whole(
    life: list[tuple[str, dt.timedelta, int]], more: dt.timedelta
) -> None:
    at, events = AT, [Happened("accepted", AT)]
    for type, after, unit_id in life:
        at += after
        events.append(Happened(type, at, unit_id))
    journey = stretches(events, [], at + more)

    assert sum(held(journey).values(), dt.timedelta()) == elapsed(journey)
    turns = [e for e in events if e.type in TURNS and e.type != "escalation_answered"]
    last = turns[-1].occurred_at if turns[-1].type in CLOSINGS else at + more
    assert elapsed(journey) == last.replace(microsecond=0) - AT
    for earlier, after_it in pairwise(journey):
        assert earlier.until == after_it.since
        assert earlier.length > dt.timedelta(0)


def test_nothing_happened_is_no_journey() -> None:
    assert stretches([], [], AT) == []
    assert elapsed([]) == dt.timedelta()


def test_parts_of_seconds_are_not_lost_between_holders() -> None:
    half = dt.timedelta(microseconds=500_000)
    events = [Happened("accepted", AT + half), Happened("dispatched", AT + hours(1) + half, 7)]
    journey = stretches(events, [], AT + hours(2) + half)

    assert journey == [
        Stretch(Holder.DESK, None, AT, AT + hours(1)),
        Stretch(Holder.UNIT, 7, AT + hours(1), AT + hours(2)),
    ]
