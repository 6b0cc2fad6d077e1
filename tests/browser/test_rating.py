"""The page behind a rating link on a telephone whose browser runs no script."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.utils import timezone
from pytest_django.live_server_helper import LiveServer

from evaluation.models import CallbackResult, RatingLink
from tests import factories as make
from tests.evaluation.rating import brought_by, link_to, token_of, web_channel

pytestmark = pytest.mark.browser


@pytest.fixture
def link(small_city: None) -> RatingLink:
    """For a matter that was replied to three hours ago."""
    now, web = timezone.now(), web_channel()
    ticket = brought_by(web, at=now - make.hours(4))
    return link_to(ticket, web, now - make.hours(1))


@pytest.fixture
def phone(chromium: Any, live_server: LiveServer) -> Iterator[Any]:
    """The narrowest telephone in use, without scripts."""
    context = chromium.new_context(
        base_url=live_server.url, viewport={"width": 320, "height": 568}, java_script_enabled=False,
        has_touch=True, is_mobile=True, locale="zh-CN",
    )  # fmt: skip
    page = context.new_page()
    page.set_default_timeout(10_000)
    yield page
    context.close()


def choose(page: Any, name: str, value: str) -> None:
    page.check(f"input[name={name}][value={value}]", force=True)


def test_three_presses_of_a_thumb_and_thanks(phone: Any, link: RatingLink) -> None:
    phone.goto(f"/rating/{token_of(link)}/")

    choose(phone, "contacted", "yes")
    choose(phone, "resolved", "no")
    choose(phone, "satisfaction", "average")
    phone.fill("textarea", "灯还是不亮")
    phone.click("button.btn-primary")

    assert phone.locator("h1").inner_text() == "评价已收到，谢谢您"
    result = CallbackResult.objects.get()
    assert (result.resolved, result.satisfaction, result.opinion) == (
        False, "average", "灯还是不亮"
    )  # fmt: skip


def test_everything_fits_the_screen_and_a_thumb(phone: Any, link: RatingLink) -> None:
    phone.goto(f"/rating/{token_of(link)}/")
    width = phone.locator("html").bounding_box()["width"]

    boxes = [label.bounding_box() for label in phone.locator(".seg label, .check").all()]

    assert width == 320
    assert len(boxes) == 2 + 2 + 5 + 1
    assert all(box["height"] >= 44 and box["x"] + box["width"] <= 320 for box in boxes)


def test_the_other_language_is_one_press_away_and_the_link_still_works(
    phone: Any, link: RatingLink
) -> None:
    phone.goto(f"/rating/{token_of(link)}/")

    phone.click("button[name=language]")

    assert phone.locator("html").get_attribute("lang") == "en"
    assert phone.url.endswith(f"/rating/{token_of(link)}/")
    assert phone.locator("input[name=contacted]").count() == 2
