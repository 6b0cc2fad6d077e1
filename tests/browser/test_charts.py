"""A chart under the content security policy: drawn as SVG, with its table, its links, on paper."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from hotline.core.models import Role
from tests import factories as make
from tests.pages import test_course

pytestmark = pytest.mark.browser
OpenPage = Callable[..., Any]
COURSE = "/course/?group=street_town"
WATCHED = """
    window.violations = [];
    document.addEventListener("securitypolicyviolation", (event) =>
      window.violations.push(`${event.violatedDirective} ${event.sourceFile}`));
"""
# Where a value of a chart lies in the window.
PLACE = """
    ([key, label, value]) => {
      const place = document.querySelector(`[data-chart=chart-${key}] .chart-canvas`);
      place.scrollIntoView();
      const [x, y] = window.echarts.getInstanceByDom(place)
        .convertToPixel({ xAxisIndex: 0, yAxisIndex: 0 }, [label, value]);
      const { left, top } = place.getBoundingClientRect();
      return [left + x, top + y];
    }
"""


@pytest.fixture
def course(small_city: None) -> None:
    """Some closed months."""
    test_course.build()


def opened(open_page: OpenPage, **size: int) -> Any:
    """The page, with its drawings."""
    page = open_page(make.make_staff(Role.CITY_SUPERVISOR), COURSE, **size)
    page.locator(".chart.is-drawn svg").nth(1).wait_for()
    return page


def words_of(page: Any, key: str) -> list[str]:
    found: list[str] = page.locator(f"[data-chart=chart-{key}] svg text").all_text_contents()
    return found


def until(page: Any, is_so: Callable[[], bool]) -> None:
    """The page's own policy forbids what Playwright waits by."""
    for _n in range(100):
        if is_so():
            return
        page.wait_for_timeout(50)
    pytest.fail("it has not come to be so")


def with_more(page: Any) -> None:
    """The same page, as if more had been handled."""

    def answer(route: Any) -> None:
        body = route.fetch().text()
        more = body.replace('"values": [6, 8, 2,', '"values": [16000, 18500, 12000,')
        assert more != body
        route.fulfill(response=route.fetch(), body=more)

    page.route("**/course/**", answer)
    page.reload()
    page.locator(".chart.is-drawn svg").nth(1).wait_for()


@pytest.mark.usefixtures("course")
def test_a_chart_is_drawn_within_the_policy_and_without_a_complaint(open_page: OpenPage) -> None:
    page = opened(open_page)
    told: list[str] = []
    page.on("console", lambda message: told.append(message.text))
    page.add_init_script(WATCHED)
    page.reload()
    page.locator(".chart.is-drawn svg").nth(1).wait_for()

    lines = page.locator("[data-chart=chart-rate] svg path[stroke='#0072b2']")
    x, y = page.evaluate(PLACE, ["volume", "2 月", 8])
    page.mouse.move(x - 5, y - 5)
    page.mouse.move(x, y)
    until(page, lambda: "2026  8" in words_of(page, "volume"))

    assert lines.count() > 1
    assert {"1 月", "12 月", "2026", "2025"} <= set(words_of(page, "rate"))
    assert page.evaluate("window.violations") == []
    assert told == []


@pytest.mark.usefixtures("course")
def test_the_table_says_what_is_drawn(open_page: OpenPage) -> None:
    page = opened(open_page)

    for key in ("rate", "volume"):
        data = json.loads(page.locator(f"#chart-{key}").text_content())
        rows = page.locator(f"[data-chart=chart-{key}] .chart-twin tbody tr")
        for place, label in enumerate(data["labels"]):
            cells = [
                text.replace("未封账", "").strip().replace("—", "")
                for text in rows.nth(place).locator("th, td").all_text_contents()
            ]
            values = [one["values"][place] for one in data["series"]]
            assert cells[0] == label
            assert [float(cell) if cell else None for cell in cells[1:]] == values


@pytest.mark.usefixtures("course")
def test_the_table_waits_to_be_opened_and_stands_on_paper(open_page: OpenPage) -> None:
    page = opened(open_page)
    twin = page.locator("[data-chart=chart-rate] .chart-twin table")

    assert not twin.is_visible()
    page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    assert twin.is_visible()
    page.evaluate("window.dispatchEvent(new Event('afterprint'))")
    assert not twin.is_visible()


@pytest.mark.usefixtures("course")
def test_a_point_opens_its_tickets(open_page: OpenPage) -> None:
    page = opened(open_page)

    with page.expect_navigation():
        page.mouse.click(*page.evaluate(PLACE, ["volume", "2 月", 8]))

    assert page.url.endswith("/tickets/?period=2026-02&group=street_town&cell=volume")


@pytest.mark.usefixtures("course")
def test_a_chart_fits_a_phone_and_follows_the_window(open_page: OpenPage) -> None:
    page = opened(open_page, width=390, height=844)
    width = "document.querySelector('.chart-canvas svg').getBoundingClientRect().width"

    small = page.evaluate(width)
    page.set_viewport_size({"width": 1000, "height": 800})
    until(page, lambda: page.evaluate(width) > 600)

    assert small < 390
    page.set_viewport_size({"width": 390, "height": 844})
    until(page, lambda: page.evaluate(width) < 390)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


@pytest.mark.usefixtures("course")
@pytest.mark.parametrize(("language", "word"), [("zh-hans", "1.2万"), ("en", "12K")])
def test_large_numbers_are_short_on_the_axis_in_the_readers_words(
    open_page: OpenPage, language: str, word: str
) -> None:
    page = opened(open_page)
    page.context.add_cookies(
        [{"name": "django_language", "value": language, "url": page.url.split("/course")[0]}]
    )

    with_more(page)

    assert word in words_of(page, "volume")


@pytest.mark.usefixtures("course")
def test_without_scripts_the_tables_are_open(open_page: OpenPage) -> None:
    page = opened(open_page)
    page.route("**/charts*.js", lambda route: route.abort())
    page.reload()

    assert page.locator(".chart-twin table").nth(1).is_visible()
    assert page.locator(".chart svg").count() == 0
