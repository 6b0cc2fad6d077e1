"""The call-taker's hands never leave the keyboard."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.urls import reverse

from hotline.core.models import Role, Staff
from intake.models import Draft, State, Ticket, TicketEvent
from tests import factories as make

pytestmark = pytest.mark.browser

PATH = reverse("registration")


@pytest.fixture
def agent(small_city: None) -> Staff:
    return make.make_staff(Role.AGENT)


@pytest.fixture
def page(open_page: Callable[..., Any], agent: Staff) -> Any:
    return open_page(agent, PATH)


def focused(page: Any) -> str:
    return page.evaluate("document.activeElement.id")


def expect_focus(page: Any, field: str) -> None:
    """The field gets the focus, at the latest when the browser has drawn the part that opens."""
    page.wait_for_function("id => document.activeElement.id === id", arg=field)


def tab(page: Any, times: int = 1) -> None:
    for _n in range(times):
        page.keyboard.press("Tab")


def expect_text(page: Any, selector: str, text: str) -> None:
    page.locator(selector, has_text=text).first.wait_for()


def test_from_ring_to_dispatched_by_keyboard_alone(page: Any) -> None:
    keys = page.keyboard
    assert focused(page) == "id_phone"
    keys.type("13800138000")
    expect_text(page, "#caller", "第一次来电")
    keys.press("Enter")
    keys.type("王女士")
    tab(page, 4)  # past the three boxes to the type
    keys.press("ArrowRight")  # from 求助 to 投诉
    tab(page)
    assert focused(page) == "id_matter"
    keys.type(make.MATTER)
    tab(page)
    keys.type("甲一社区")
    keys.press("Enter")
    expect_text(page, "#proposal", "甲一街道办事处")
    keys.type("东门外")
    tab(page, 2)
    assert focused(page) == "id_category"
    keys.type("服务不到位")
    tab(page)
    expect_text(page, "#promise", "承诺")
    assert page.input_value("#id_dispatch-lead_unit") == "甲一街道办事处"
    assert page.text_content("#missing") == ""

    with page.expect_navigation():
        keys.press("F8")

    ticket = Ticket.objects.select_related("text", "lead_unit").get()
    assert ticket.state == State.DISPATCHED
    assert (ticket.request_type, ticket.lead_unit.code) == ("complaint", "990101001")
    assert ticket.area is not None
    assert ticket.area.code == "990101001001"
    assert ticket.assignments.get(role="lead").basis == "按事发地（甲一街道）"
    assert page.locator(f'[data-copy="{ticket.number}"]').is_visible()
    assert (page.input_value("#id_matter"), focused(page)) == ("", "id_phone")


def test_two_keys_on_an_empty_form_hand_the_caller_over(page: Any) -> None:
    page.keyboard.press("F9")
    page.keyboard.press("2")
    expect_text(page, "#emergency", "已转接 119")

    ticket = Ticket.objects.get()
    assert (ticket.state, ticket.close_code) == (State.CLOSED, "d1_emergency")
    assert TicketEvent.objects.get(type="informed").data["transferred_to"] == "119"
    assert ticket.number in page.text_content("#emergency")


def test_a_transfer_leaves_the_typed_words_and_the_place_in_them(page: Any) -> None:
    page.focus("#id_matter")
    page.keyboard.type("楼道里有烟")
    page.keyboard.press("F9")
    page.keyboard.press("3")
    expect_text(page, "#emergency", "已转接 120")

    assert (page.input_value("#id_matter"), focused(page)) == ("楼道里有烟", "id_matter")


def test_the_mouse_can_hand_over_too(page: Any) -> None:
    page.click("#emergency-open")
    page.click("#emergency-lines >> text=110")
    expect_text(page, "#emergency", "已转接 110")

    assert Ticket.objects.count() == 1


def test_digits_are_digits_once_the_bar_is_left(page: Any) -> None:
    page.keyboard.press("F9")
    page.keyboard.press("Escape")
    page.keyboard.type("1234")

    assert page.input_value("#id_phone") == "1234"
    assert not page.locator("#emergency-lines").is_visible()
    assert not Ticket.objects.exists()


def test_enter_walks_on_and_never_sends(page: Any) -> None:
    page.keyboard.type("13800138000")
    for _n in range(5):
        page.keyboard.press("Enter")

    assert page.url.endswith(PATH)
    assert focused(page).startswith("id_request_type")
    assert not Ticket.objects.exists()


def test_a_key_whose_part_is_empty_goes_there_first(page: Any) -> None:
    page.keyboard.press("F4")
    expect_focus(page, "id_answer-text")
    page.keyboard.press("F6")
    expect_focus(page, "id_inform-code_0")
    page.keyboard.press("F8")
    expect_focus(page, "id_dispatch-lead_unit")


def test_a_refusal_puts_the_cursor_where_it_is_mended(page: Any) -> None:
    page.keyboard.type("13800138000")
    page.keyboard.press("Control+Enter")
    expect_text(page, "#problems", "请填写诉求内容")

    assert focused(page) == "id_matter"
    assert page.input_value("#id_phone") == "13800138000"


def test_a_mended_number_is_no_longer_called_wrong(page: Any) -> None:
    page.keyboard.type("1380013")
    tab(page)
    expect_text(page, "#phone-note", "不是有效的电话号码")
    with page.expect_navigation():
        page.keyboard.press("Control+Enter")
    assert focused(page) == "id_phone"
    page.fill("#id_phone", "13800138000")
    expect_text(page, "#caller", "第一次来电")

    assert not page.locator("#id_phone_error").is_visible()
    assert page.text_content("#phone-note").strip() == ""


def test_what_is_typed_survives_a_closed_tab(
    page: Any, open_page: Callable[..., Any], agent: Staff
) -> None:
    page.fill("#id_matter", "说到一半的事")
    expect_text(page, "[data-draft-status]", "已保存")
    page.close()

    again = open_page(agent, PATH)

    assert again.input_value("#id_matter") == "说到一半的事"
    assert "已恢复" in again.text_content("#restored")


def test_a_draft_thrown_away_stays_away(page: Any) -> None:
    page.fill("#id_matter", "说到一半的事")
    expect_text(page, "[data-draft-status]", "已保存")
    page.fill("#id_name", "还没存的字")
    page.click("text=放弃草稿")
    with page.expect_navigation():
        page.click("text=清空重填")

    assert page.input_value("#id_matter") == ""
    assert not Draft.objects.exists()


def test_fast_fingers_lose_nothing_in_a_type_ahead_field(page: Any) -> None:
    page.fill("#id_phone", "13800138000")
    page.fill("#id_matter", make.MATTER)
    page.click("#id_area")
    page.keyboard.type("乙一镇")
    with page.expect_navigation():
        page.keyboard.press("Control+Enter")

    area = Ticket.objects.get().area
    assert area is not None
    assert area.code == "990102001"


def test_another_unit_is_not_overruled_by_a_later_place(page: Any) -> None:
    page.click("#id_dispatch-lead_unit")
    page.keyboard.type("市热力集团")
    tab(page)
    page.click("#id_area")
    page.keyboard.type("甲一街道")
    tab(page)
    expect_text(page, "#proposal", "甲一街道办事处")

    assert page.input_value("#id_dispatch-lead_unit") == "市热力集团"
    assert page.input_value("#id_dispatch-basis") == ""


def test_an_open_matter_of_the_caller_is_told_with_two_clicks(page: Any) -> None:
    earlier = make.dispatched_ticket()
    page.fill("#id_phone", make.PHONE)
    page.click(f'[data-same-matter="{earlier.number}"]')

    assert focused(page) == "id_inform-reason"
    assert page.input_value("#id_inform-earlier") == earlier.number
    assert page.is_checked('[value="d3_in_progress"]')


def test_an_anonymous_caller_gives_neither_number_nor_name(page: Any) -> None:
    page.fill("#id_phone", "13800138000")
    page.fill("#id_matter", make.MATTER)
    page.check("#id_is_anonymous")
    assert page.locator("#id_phone").is_disabled()
    with page.expect_navigation():
        page.keyboard.press("Control+Enter")

    assert Ticket.objects.get().is_anonymous


@pytest.mark.parametrize(("width", "height"), [(1440, 900), (390, 844)])
def test_the_screen_fits(
    open_page: Callable[..., Any], agent: Staff, width: int, height: int
) -> None:
    page = open_page(agent, PATH, width=width, height=height)
    size = page.evaluate(
        "[document.documentElement.scrollWidth, document.documentElement.scrollHeight]"
    )

    assert size[0] <= width
    assert width < 1000 or size[1] <= height
