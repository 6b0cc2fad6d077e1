"""A dispatcher's hands never leave the keyboard, and nothing moves under the mouse."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone

from hotline.core.models import Role, Staff
from hotline.core.partitions import ensure_months
from intake import services as intake
from intake.models import State, Ticket
from tests import factories as make

pytestmark = pytest.mark.browser
OpenPage = Callable[..., Any]


@pytest.fixture
def now(small_city: None) -> dt.datetime:
    """The pages of a live server read the real time."""
    at = timezone.now()
    ensure_months(at.date() - make.days(31), at.date() + make.days(31))
    return at


@pytest.fixture
def tickets(now: dt.datetime) -> list[Ticket]:
    """Four that wait, the oldest first."""
    return [make.accepted_ticket(at=now - make.minutes(40 - n), title=f"路灯{n}") for n in range(4)]


@pytest.fixture
def dispatcher(now: dt.datetime) -> Staff:
    return make.make_staff(Role.DISPATCHER)


@pytest.fixture
def page(open_page: OpenPage, dispatcher: Staff, tickets: list[Ticket]) -> Any:
    return open_page(dispatcher, "/desk/")


def state(ticket: Ticket) -> str:
    return make.fresh(ticket).state


def expect_row(page: Any, ticket: Ticket) -> None:
    """The row that the next key acts on, once the answer to the last one has come and settled."""
    page.wait_for_function(
        "id => document.activeElement.closest('tr')?.id === id", arg=f"row-{ticket.number}"
    )
    page.wait_for_timeout(400)


def row(page: Any, ticket: Ticket) -> Any:
    return page.locator(f"#row-{ticket.number}")


def test_one_key_dispatches_and_the_next_row_is_at_hand(page: Any, tickets: list[Ticket]) -> None:
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect_row(page, tickets[1])
    page.keyboard.press("a")
    expect_row(page, tickets[2])

    assert [state(ticket) for ticket in tickets[:3]] == [
        State.DISPATCHED, State.DISPATCHED, State.ACCEPTED,
    ]  # fmt: skip
    assert not row(page, tickets[0]).is_visible()
    assert page.locator("#desk-count-waiting").inner_text() == "2"


def test_a_slip_is_undone_by_key_and_stands_in_its_place_again(
    page: Any, tickets: list[Ticket]
) -> None:
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect_row(page, tickets[1])

    page.keyboard.press("u")
    expect_row(page, tickets[0])

    assert state(tickets[0]) == State.ACCEPTED
    assert page.locator("#desk-count-waiting").inner_text() == "4"
    page.keyboard.press("Enter")
    expect_row(page, tickets[1])
    assert state(tickets[0]) == State.DISPATCHED


def test_a_second_press_in_haste_does_not_reach_the_next_row(
    page: Any, tickets: list[Ticket]
) -> None:
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.wait_for_function(
        "id => document.activeElement.closest('tr')?.id === id", arg=f"row-{tickets[1].number}"
    )
    page.keyboard.press("Enter")
    expect_row(page, tickets[1])

    assert state(tickets[1]) == State.ACCEPTED


def test_another_unit_is_chosen_by_keyboard(page: Any, tickets: list[Ticket]) -> None:
    keys = page.keyboard
    keys.press("j")
    keys.press("c")
    page.locator("#desk-sheet form").wait_for()
    page.wait_for_function("() => document.activeElement.id === 'id_lead_unit'")
    keys.press("Control+a")
    keys.type("热力")
    keys.press("Enter")
    keys.press("Control+Enter")
    expect_row(page, tickets[1])

    assert make.fresh(tickets[0]).lead_unit == make.unit("ent-heat")
    assert not page.locator("#desk-sheet").is_visible()


def test_co_operators_found_one_after_the_other_are_all_kept(
    page: Any, tickets: list[Ticket]
) -> None:
    row(page, tickets[0]).get_by_role("link", name="改派").click()
    page.locator("#desk-sheet form").wait_for()
    for name in ("甲二街道", "城市管理"):
        page.locator("#desk-sheet #id_cooperators").fill(name)
        page.keyboard.press("Enter")
        page.locator("#desk-sheet .unit-choices label", has_text=name).wait_for()

    page.keyboard.press("Control+Enter")
    row(page, tickets[0]).locator("text=已完成").wait_for()

    orders = tickets[0].assignments.filter(role="cooperate")
    assert set(orders.values_list("unit__code", flat=True)) == {"990101002", "city-urban"}


def test_nothing_moves_under_the_mouse(page: Any, tickets: list[Ticket]) -> None:
    below = row(page, tickets[1]).bounding_box()

    row(page, tickets[0]).get_by_role("button", name="派单").click()
    row(page, tickets[0]).get_by_role("button", name="撤回").wait_for()
    after = row(page, tickets[1]).bounding_box()

    assert abs(after["y"] - below["y"]) < 1
    assert state(tickets[0]) == State.DISPATCHED


def test_a_refusal_stays_on_its_row_with_its_sentence(page: Any, tickets: list[Ticket]) -> None:
    intake.note(number=tickets[0].number, actor=make.agent(), at=timezone.now(), text="催办")
    page.keyboard.press("j")

    page.keyboard.press("Enter")
    row(page, tickets[0]).locator("[role=alert]", has_text="刚被").wait_for()
    expect_row(page, tickets[0])
    page.keyboard.press("Enter")
    expect_row(page, tickets[1])

    assert state(tickets[0]) == State.DISPATCHED


def test_a_selection_goes_out_together_and_one_refusal_keeps_none_back(
    page: Any, tickets: list[Ticket]
) -> None:
    for _n in range(3):
        page.keyboard.press("j")
        page.keyboard.press("x")
    intake.note(number=tickets[1].number, actor=make.agent(), at=timezone.now(), text="催办")
    assert "已选 3 件" in page.locator("#desk-bulk").inner_text()

    with page.expect_navigation():
        page.get_by_role("button", name="选中的按建议派单").click()

    assert "已派出 2 件，未派出 1 件" in page.locator("#desk-results-title").inner_text()
    assert [state(ticket) for ticket in tickets] == [
        State.DISPATCHED, State.ACCEPTED, State.DISPATCHED, State.ACCEPTED,
    ]  # fmt: skip
    assert "刚被" in row(page, tickets[1]).inner_text()


def test_keys_typed_into_a_field_dispatch_nothing(page: Any, tickets: list[Ticket]) -> None:
    page.keyboard.press("j")
    page.keyboard.press("/")
    page.keyboard.type("a")

    assert page.locator("input[type=search]").input_value() == "a"
    assert [state(ticket) for ticket in tickets] == [State.ACCEPTED] * 4


def test_a_key_of_an_input_method_dispatches_nothing(page: Any, tickets: list[Ticket]) -> None:
    page.keyboard.press("j")
    page.evaluate(
        "() => document.activeElement.dispatchEvent(new KeyboardEvent('keydown',"
        " {key: 'Enter', isComposing: true, bubbles: true, cancelable: true}))"
    )
    page.wait_for_timeout(300)

    assert state(tickets[0]) == State.ACCEPTED


def test_why_opens_beside_the_list_and_escape_comes_back(page: Any, tickets: list[Ticket]) -> None:
    page.keyboard.press("j")
    page.keyboard.press("w")
    page.locator("#desk-sheet", has_text="建议主办").wait_for()
    page.keyboard.press("Escape")

    expect_row(page, tickets[0])
    assert not page.locator("#desk-sheet").is_visible()


def test_the_desk_is_no_wider_than_a_telephone(
    open_page: OpenPage, dispatcher: Staff, tickets: list[Ticket]
) -> None:
    wide = "document.documentElement.scrollWidth > document.documentElement.clientWidth"
    tabs = ("waiting", "objections", "extensions", "ledger", "hard")

    assert not any(
        open_page(dispatcher, f"/desk/?tab={tab}", width=390, height=844).evaluate(wide)
        for tab in tabs
    )
