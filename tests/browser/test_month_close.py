"""A month in the browser: shown, objected to, closed, corrected."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import time_machine
from pytest_django import Settings

from evaluation.models import MonthClose
from evaluation.services import months
from hotline.core.models import Role
from tests import factories as make
from tests.pages import closing

pytestmark = pytest.mark.browser

OpenPage = Callable[..., Any]
PAGE = "/months/2026-04/"
LAST = "990101001"


@pytest.fixture
def clock(small_city: None, settings: Settings) -> Iterator[Callable[[dt.datetime], None]]:
    """The server's time goes on from a given instant; the browser keeps its own."""
    settings.SESSION_COOKIE_AGE = 90 * 86_400  # days pass while somebody reads
    travelling: list[time_machine.travel] = []

    def move_to(at: dt.datetime) -> None:
        for travel in travelling:
            travel.stop()
        travelling[:] = [time_machine.travel(at, tick=True)]
        travelling[0].start()

    yield move_to
    for travel in travelling:
        travel.stop()


@pytest.fixture
def draft(clock: Callable[[dt.datetime], None]) -> None:
    """April is shown to two streets, 甲一街道 behind 乙一镇."""
    clock(closing.DRAFTED)
    closing.adopt(tail_count=1)
    closing.answered("990102001", good=2, bad=0)
    closing.answered(LAST, good=0, bad=2)
    closing.open_draft()


def send(page: Any, name: str) -> None:
    with page.expect_navigation():
        page.get_by_role("button", name=name, exact=True).click()


@pytest.mark.usefixtures("draft")
def test_a_month_is_objected_to_closed_and_corrected(
    open_page: OpenPage, clock: Callable[[dt.datetime], None]
) -> None:
    city = open_page(make.make_staff(Role.CITY_SUPERVISOR), "/monthly/?period=2026-04")
    assert city.get_by_text("公示征求意见").first.is_visible()
    city.get_by_role("link", name="公示与申诉").click()

    street = open_page(make.make_staff(Role.MANAGER, make.unit(LAST)), PAGE)
    assert street.locator("table.rates tbody .name").all_inner_texts() == ["甲一街道办事处"]
    street.locator("summary", has_text="申诉").click()
    street.get_by_label("申诉理由").fill("第二件不是我们的。")
    send(street, "提出申诉")
    assert street.get_by_text("正在审核").is_visible()

    city.goto(PAGE)
    city.locator("#appeals summary", has_text="裁定").click()
    city.locator("#appeals label", has_text="不成立").click()
    city.locator("#appeals textarea").fill("两件都由你单位主办，已核对。")
    send(city, "作出裁定")
    assert city.get_by_role("button", name="封账").is_disabled()

    clock(closing.CLOSED)
    city.goto(PAGE)
    send(city, "封账")
    assert city.get_by_text("正在封账", exact=True).last.is_visible()
    months.close_requested(at=closing.CLOSED)
    city.wait_for_timeout(3_100)  # who has just asked does not ask again at once
    city.evaluate("window.dispatchEvent(new Event('focus'))")
    city.locator(".pill-new").click()
    city.get_by_text("已封账").first.wait_for()

    city.locator("summary", has_text="写勘误").click()
    city.get_by_label("原文").fill("承办 2 件")
    city.get_by_label("更正为").fill("承办 3 件")
    city.get_by_label("原因").fill("漏计一件")
    send(city, "发布")

    street.goto("/monthly/?period=2026-04")
    erratum, table = street.locator(".errata"), street.locator("table.rates")
    assert "承办 3 件" in erratum.inner_text()
    assert erratum.bounding_box()["y"] < table.bounding_box()["y"]
    assert MonthClose.objects.get().digest in city.locator(".month-facts").inner_text()


@pytest.mark.usefixtures("draft")
@pytest.mark.parametrize("address", [PAGE, "/monthly/?period=2026-04", "/months/", "/years/2026/"])
def test_nothing_is_wider_than_a_phone(
    open_page: OpenPage, clock: Callable[[dt.datetime], None], address: str
) -> None:
    closing.close()
    clock(closing.CLOSED + make.days(1))

    page = open_page(make.make_staff(Role.CITY_SUPERVISOR), address, width=390, height=844)

    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
