"""What only a browser can show of the lists, the ticket page and the call-back form."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone

from hotline.core.models import Role
from hotline.core.partitions import ensure_months
from intake import services as intake
from intake.models import Clock, Ticket
from tests import factories as make

pytestmark = pytest.mark.browser
OpenPage = Callable[..., Any]


@pytest.fixture
def now(small_city: None) -> dt.datetime:
    """The pages of a live server read the real time."""
    at = timezone.now()
    ensure_months(at.date() - make.days(31), at.date() + make.days(31))
    return at


def handled(now: dt.datetime) -> Ticket:
    return make.handled_ticket(at=now - make.minutes(30))


def test_a_conflict_keeps_what_was_written_and_lets_it_be_sent_again(
    open_page: OpenPage, now: dt.datetime
) -> None:
    ticket = handled(now)
    page = open_page(make.make_staff(Role.HANDLER, make.unit()), f"/tickets/{ticket.number}/")
    page.keyboard.press("e")
    page.fill("#verb-panel textarea[name=text]", "路灯已修好。")
    page.locator("#verb-panel label", has_text="已解决").first.click()
    page.locator("#verb-panel label", has_text="电话").first.click()
    intake.note(number=ticket.number, actor=make.agent(), at=now, text="催办")

    page.keyboard.press("Control+Enter")
    page.get_by_text("刚被").wait_for()
    kept = page.input_value("#verb-panel textarea[name=text]")
    with page.expect_navigation():
        page.keyboard.press("Control+Enter")

    assert kept == "路灯已修好。"
    assert make.fresh(ticket).state == "callback"


def test_the_questions_open_in_their_order(open_page: OpenPage, now: dt.datetime) -> None:
    ticket = make.replied_ticket(at=now - make.hours(2), replied_at=now - make.minutes(90))
    Clock.objects.filter(kind="callback").update(opens_at=now - make.minutes(5))
    page = open_page(make.make_staff(Role.CALLBACK_AGENT), f"/tickets/{ticket.number}/callback/")

    def open_questions() -> list[str]:
        names = ("contacted", "resolved", "satisfaction")
        return [n for n in names if page.locator(f"input[name={n}]").first.is_enabled()]

    begun = open_questions()
    page.keyboard.press("1")
    second = open_questions()
    page.keyboard.press("2")
    page.keyboard.press("4")
    advised = page.locator("[data-advice]").inner_text()
    page.locator("label", has_text="未接通").first.click()
    unconnected = open_questions()

    assert begun == ["contacted"]
    assert second == ["contacted", "resolved"]
    assert "退回重办" in advised
    assert unconnected == []


def test_who_complained_is_shown_in_place_and_gone_after_a_reload(
    open_page: OpenPage, now: dt.datetime
) -> None:
    ticket = handled(now)
    page = open_page(make.make_staff(Role.HANDLER, make.unit()), f"/tickets/{ticket.number}/")

    page.get_by_role("button", name="查看姓名和电话").click()
    page.get_by_text("本次查看已留痕").wait_for()
    shown = page.locator("#requester-card").inner_text()
    page.reload()

    assert "138 0013 8000" in shown
    assert "138 0013 8000" not in page.content()


def test_no_page_is_wider_than_a_telephone(open_page: OpenPage, now: dt.datetime) -> None:
    ticket = handled(now)
    replied = make.replied_ticket(at=now - make.hours(2), replied_at=now - make.minutes(90))
    handler, caller = (
        make.make_staff(Role.HANDLER, make.unit()),
        make.make_staff(Role.CALLBACK_AGENT),
    )
    pages = [
        (handler, "/inbox/"),
        (handler, "/tickets/"),
        (handler, "/monthly/"),
        (handler, "/notices/?all"),
        (handler, f"/tickets/{ticket.number}/"),
        (handler, f"/tickets/{ticket.number}/do/reply/"),
        (caller, "/callbacks/"),
        (caller, f"/tickets/{replied.number}/callback/"),
    ]

    wide = [
        path
        for staff, path in pages
        if open_page(staff, path, width=390, height=844).evaluate(
            "document.documentElement.scrollWidth > document.documentElement.clientWidth"
        )
    ]

    assert wide == []
