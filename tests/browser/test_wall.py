"""The wall board as it hangs: it turns, fits its screen, and outlives the network."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.utils import timezone

from hotline.core.models import Role
from hotline.core.outbox import deliver_all
from hotline.core.partitions import ensure_months
from tests import factories as make
from tests.governance import publishing

pytestmark = pytest.mark.browser
OpenPage = Callable[..., Any]
SHOWN = "[data-panel]:not([hidden])"


@pytest.fixture(autouse=True)
def _tickets(small_city: None) -> None:
    now = timezone.now()
    ensure_months(now.date() - make.days(31), now.date() + make.days(31))
    make.handled_ticket(at=now - make.hours(2))


def hung(open_page: OpenPage, **size: int) -> Any:
    """The board, a minute being as long as a second."""
    page = open_page(make.make_staff(Role.CITY_SUPERVISOR), "/accounts/login/", **size)

    def hasten(route: Any) -> None:
        answer = route.fetch()
        body = answer.text().replace('poll-seconds="20"', 'poll-seconds="0.4"')
        route.fulfill(response=answer, body=body.replace('turn-seconds="15"', 'turn-seconds="1"'))

    page.route(re.compile(r"/wall/(\?.*)?$"), hasten)
    page.goto("/wall/")
    page.locator("#wall-controls").wait_for()
    return page


def figures(page: Any) -> list[str]:
    found: list[str] = page.locator(".wall-value, .wall-tile-value").all_text_contents()
    return found


def read_at(page: Any) -> str:
    return str(page.locator("#wall-at").text_content())


def test_a_board_without_its_network_says_so_keeps_its_figures_and_recovers(
    open_page: OpenPage,
) -> None:
    page = hung(open_page)
    before = figures(page)

    page.context.set_offline(True)
    page.locator("#wall-banner", has_text="连接中断，数据停在").wait_for()
    stood_at = read_at(page)
    said = page.locator("#wall-banner").text_content()
    page.wait_for_timeout(1200)
    kept, still_at = figures(page), read_at(page)
    page.context.set_offline(False)
    page.locator("#wall-banner").wait_for(state="hidden")

    assert said == f"连接中断，数据停在 {stood_at}"
    assert before == kept != []
    assert still_at == stood_at < read_at(page)


def test_a_server_in_trouble_is_told_like_a_network(open_page: OpenPage) -> None:
    page = hung(open_page)

    page.route("**/wall/panels/**", lambda route: route.fulfill(status=503, body="wait"))
    page.locator("#wall-banner", has_text="连接中断").wait_for()
    page.unroute("**/wall/panels/**")
    page.route("**/wall/panels/**", lambda route: route.fulfill(status=200, body="<p>gate</p>"))
    page.wait_for_timeout(800)

    assert page.locator("#wall-banner").is_visible()
    assert figures(page) != []


def test_a_board_whose_session_has_ended_asks_for_a_login(open_page: OpenPage) -> None:
    page = hung(open_page)

    Session.objects.all().delete()
    page.locator("#wall-banner a", has_text="需要重新登录，数据停在").wait_for()

    assert figures(page) != []
    assert page.locator("#wall-banner a").get_attribute("href").endswith("/wall/")


def test_new_figures_come_by_themselves(open_page: OpenPage) -> None:
    page = hung(open_page)
    page.get_by_role("button", name="此刻").click()
    page.get_by_role("button", name="暂停轮换").click()

    make.accepted_ticket(at=timezone.now() - make.minutes(1))
    deliver_all(at=timezone.now())
    value = page.locator("[data-panel=now] .wall-value")
    value.nth(1).filter(has_text="2").wait_for()

    assert page.locator(SHOWN).get_attribute("data-panel") == "now"


def test_the_panels_turn_until_somebody_pauses_them(open_page: OpenPage) -> None:
    page = hung(open_page)

    page.locator("[data-panel=standing]").wait_for()
    page.get_by_role("button", name="暂停轮换").click()
    stands = page.locator(SHOWN).get_attribute("data-panel")
    page.wait_for_timeout(1500)

    assert page.locator(SHOWN).get_attribute("data-panel") == stands
    assert page.get_by_role("button", name="继续轮换").is_visible()


def test_every_panel_is_reached_by_keyboard(open_page: OpenPage) -> None:
    page = hung(open_page)
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")  # pauses
    seen = []

    for _n in range(4):
        page.keyboard.press("Tab")
        page.keyboard.press("Space")
        pressed = page.locator("[data-show][aria-pressed=true]").get_attribute("data-show")
        seen.append((page.locator(SHOWN).get_attribute("data-panel"), pressed))
    page.keyboard.press("ArrowRight")

    assert seen == [(name, name) for name in ("now", "month", "standing", "tiles")]
    assert page.locator(SHOWN).get_attribute("data-panel") == "now"


def test_who_wants_less_motion_gets_a_board_that_stands(open_page: OpenPage) -> None:
    page = hung(open_page)
    page.emulate_media(reduced_motion="reduce")
    page.reload()
    page.locator("#wall-controls").wait_for()

    page.wait_for_timeout(1500)

    assert page.locator(SHOWN).get_attribute("data-panel") == "now"
    assert page.get_by_role("button", name="继续轮换").is_visible()


# As many tiles and places as a board can have.
FULL = """() => {
    const tile = document.querySelector(".wall-tile");
    for (let n = 0; n < 30; n += 1) {
        const copy = tile.cloneNode(true);
        copy.className = `wall-tile tile-row-${1 + Math.floor(n / 6)} tile-column-${1 + (n % 6)}`;
        tile.parentElement.append(copy);
    }
    tile.parentElement.querySelectorAll("[class*=is-shade]").forEach((one) => one.remove());
    const line = document.querySelector(".wall-standing tbody tr");
    for (let n = 1; n < 5; n += 1) line.parentElement.append(line.cloneNode(true));
    const table = document.querySelector(".wall-standing");
    table.parentElement.append(table.cloneNode(true));
}"""


@pytest.mark.parametrize(("width", "height"), [(1920, 1080), (1366, 768)])
def test_every_panel_fits_the_screen(open_page: OpenPage, width: int, height: int) -> None:
    ensure_months(make.AT.date() - make.days(62), make.AT.date() + make.days(62))
    publishing.close_april()
    staff = make.make_staff(Role.CITY_SUPERVISOR)
    page = open_page(staff, "/wall/", width=width, height=height)
    page.evaluate(FULL)
    sizes = []

    for dot in page.locator("[data-show]").all():
        dot.click()
        sizes.append(
            page.evaluate(
                "[document.documentElement.scrollWidth, document.documentElement.scrollHeight]"
            )
        )

    assert sizes == [[width, height]] * 4
