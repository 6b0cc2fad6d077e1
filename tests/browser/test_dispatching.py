"""Helping and being helped, in the browser: the menu of the rest, the inbox, the tree."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone

from dispatch import services as dispatching
from dispatch.models import Assignment
from hotline.core.models import Role
from intake.models import Ticket
from tests import factories as make

pytestmark = pytest.mark.browser

OpenPage = Callable[..., Any]
MARKET = "990101-market"


@pytest.fixture
def ticket(small_city: None) -> Ticket:
    """Signed by the street an hour ago."""
    return make.handled_ticket(at=timezone.now() - make.hours(1))


def send(page: Any) -> None:
    with page.expect_navigation():
        page.locator("#verb-panel button[type=submit]").click()


def choose_unit(page: Any, name: str) -> None:
    """Typed ahead, as a handler does."""
    field = page.locator("#verb-panel .combobox input").first
    field.fill(name)
    page.locator('[role="option"]', has_text=name).first.click()


def test_a_part_is_asked_for_signed_handed_in_and_then_the_reply_is_offered(
    open_page: OpenPage, ticket: Ticket
) -> None:
    path = f"/tickets/{ticket.number}/"
    street = open_page(make.make_staff(Role.HANDLER, make.unit()), path)
    street.keyboard.press("m")
    street.get_by_role("link", name="请求协办").click()
    street.locator("#verb-panel form").wait_for()
    choose_unit(street, "甲区市场监管局")
    street.fill("#verb-panel textarea[name=task]", "核查占道摊位的执照")
    send(street)
    assert street.locator('a[href$="/do/reply/"]').count() == 0
    assert "已反馈 0/1" in street.locator("#tree").inner_text()

    market = open_page(make.make_staff(Role.HANDLER, make.unit(MARKET)), "/inbox/")
    market.get_by_role("button", name="签收").click()
    market.get_by_text("已签收").wait_for()
    market.goto(path)
    market.keyboard.press("e")
    market.locator("#verb-panel form").wait_for()
    market.fill("#verb-panel textarea[name=text]", "执照齐全，已劝离占道部分。")
    send(market)

    street.reload()
    assert Assignment.objects.get(role="cooperate").state == "replied"
    assert "执照齐全，已劝离占道部分。" in street.locator("#tree").inner_text()
    assert street.locator('a[href$="/do/reply/"]').is_visible()


def test_the_rest_of_the_moves_opens_by_a_key_below_the_bar(
    open_page: OpenPage, ticket: Ticket
) -> None:
    page = open_page(make.make_staff(Role.HANDLER, make.unit()), f"/tickets/{ticket.number}/")
    summary, objection = (
        page.locator(".move-more > summary"),
        page.locator('a[href$="/do/object/"]'),
    )
    before = summary.bounding_box()
    closed = objection.is_visible()

    page.keyboard.press("m")

    assert (closed, objection.is_visible()) == (False, True)
    assert summary.bounding_box() == before
    assert objection.bounding_box()["y"] > before["y"] + before["height"]


def test_a_press_on_a_promise_tells_how_its_due_time_came_to_be(
    open_page: OpenPage, ticket: Ticket
) -> None:
    page = open_page(make.make_staff(Role.HANDLER, make.unit()), f"/tickets/{ticket.number}/")
    story = page.locator(".promise-group.is-lead .promises p").first

    page.locator(".promise-group.is-lead summary").first.click()

    assert story.is_visible()
    assert "前完成" in story.inner_text()


@pytest.mark.parametrize("address", ["", "journey/"])
def test_nothing_is_wider_than_a_phone(open_page: OpenPage, ticket: Ticket, address: str) -> None:
    at = timezone.now()
    dispatching.delegate(
        number=ticket.number, actor=make.handler(ticket), at=at - make.minutes(30),
        unit=make.unit("990101001001"), task="上门查看，临时照明措施当天落实。",
    )  # fmt: skip
    path = f"/tickets/{ticket.number}/{address}"

    page = open_page(make.make_staff(Role.HANDLER, make.unit()), path, width=390, height=844)

    wide = "[...document.querySelectorAll('main, main .table-wrap')]"
    assert page.evaluate(f"{wide}.every((box) => box.scrollWidth <= box.clientWidth)")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
