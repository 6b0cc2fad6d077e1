"""The leader's page in a browser: a sentence on a line, without leaving it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone

from dispatch import services as dispatching
from dispatch.models import SupervisionOrder
from hotline.core.actors import actor_for_staff
from hotline.core.models import Role
from hotline.core.partitions import ensure_months
from tests import factories as make

pytestmark = pytest.mark.browser
OpenPage = Callable[..., Any]


@pytest.fixture
def now(small_city: None) -> dt.datetime:
    """The pages of a live server read the real time."""
    at = timezone.now()
    ensure_months(at.date() - make.days(31), at.date() + make.days(31))
    return at


@pytest.mark.parametrize("width", [1440, 390])
def test_a_leader_writes_a_sentence_on_a_line_and_reads_the_answer(
    open_page: OpenPage, now: dt.datetime, width: int
) -> None:
    city = make.make_staff(Role.CITY_SUPERVISOR)
    answered = make.handled_ticket(at=now - make.hours(3))
    make.handled_ticket(at=now - make.hours(1), level="L1")
    dispatching.instruct(
        number=answered.number, actor=actor_for_staff(city, on=now.date()),
        at=now - make.hours(2), text="今日到现场核实，查明为何一再停暖。",
    )  # fmt: skip
    dispatching.answer_instruction(
        number=answered.number, actor=make.handler(answered), at=now - make.hours(1),
        answer="已到现场，管网破裂，今晚抢修。",
    )  # fmt: skip

    page = open_page(city, "/leader/", width=width)
    page.locator("tr[id^=emergency] summary").click()
    page.fill("tr[id^=emergency] textarea", "请两小时内报告处置情况。")
    with page.expect_navigation():
        page.locator("tr[id^=emergency] details button").click()
    with page.expect_navigation():
        page.locator("tr[id^=to_read] button", has_text="阅毕").click()

    assert SupervisionOrder.objects.to_answer().get().text == "请两小时内报告处置情况。"
    assert not SupervisionOrder.objects.to_read().exists()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
