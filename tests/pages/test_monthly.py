"""The monthly table: every number opens exactly its tickets."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable
from html import unescape

import pytest
import time_machine
from django.test import Client

from dispatch import services as dispatching
from hotline.core.models import Role
from tests import factories as make

SignIn = Callable[..., Client]
READERS = (
    (Role.CITY_SUPERVISOR, ""),
    (Role.AUDITOR, ""),
    (Role.DISTRICT_SUPERVISOR, "990101"),
    (Role.HANDLER, "990101001"),
)


@pytest.fixture
def month(clock: time_machine.Coordinates) -> None:
    """An April in which something of everything has happened; read on the 30th of April."""
    at = make.AT - make.days(10)
    other = {"area": make.area("990102001"), "lead_unit": make.unit("990102001")}
    make.closed_ticket(at=at)
    make.closed_ticket(at=at, satisfaction="basically")
    make.closed_ticket(at=at, contacted=False, resolved=False, satisfaction="dissatisfied")
    make.closed_ticket(at=at, **other)
    make.closed_ticket(at=at, request_type="praise")
    make.closed_ticket(at=at - make.days(40))
    make.handled_ticket(at=at)  # overdue by now
    returned = make.handled_ticket(at=at)
    dispatching.raise_objection(
        number=returned.number, actor=make.handler(returned), at=at + make.minutes(20),
        reason="不属本街道", basis="职责清单",
    )  # fmt: skip
    dispatching.return_to_desk(
        number=returned.number, actor=make.dispatcher(), at=at + make.minutes(40)
    )
    dispatching.dispatch(
        number=returned.number, actor=make.dispatcher(), at=at + make.minutes(50),
        lead_unit=make.unit("city-urban"),
    )  # fmt: skip
    clock.move_to(make.AT + make.days(2))


def stats(page: str) -> list[tuple[str, int, str]]:
    """(what it counts, the number, the address behind it) of every number of the table."""
    found = re.findall(r'<a class="stat[^"]*" href="([^"]*)" aria-label="([^"]*) (\d+)">', page)
    return [(label, int(value), unescape(url)) for url, label, value in found]


def lines_of(browser: Client, query: str) -> int:
    answer = browser.get(f"/tickets/export/{query}")
    text = b"".join(answer.streaming_content).decode("utf-8-sig")  # type: ignore[attr-defined]
    return len(list(csv.reader(io.StringIO(text)))) - 1


@pytest.mark.usefixtures("month")
@pytest.mark.parametrize(("role", "unit"), READERS)
@pytest.mark.parametrize("group", ["street_town", "city_department"])
def test_every_number_is_the_length_of_its_list_and_its_export(
    sign_in: SignIn, role: Role, unit: str, group: str
) -> None:
    browser = sign_in(role, make.unit(unit) if unit else None)
    numbers = stats(browser.get(f"/monthly/?period=2026-04&group={group}").content.decode())

    for label, value, url in numbers:
        page = browser.get(url).content.decode()
        assert f"共 {value} 件" in page, label
        assert len(re.findall(r'<td class="mono"><a href="/tickets/', page)) == value, label
        assert lines_of(browser, url.removeprefix("/tickets/")) == value, label
    assert numbers or group == "city_department"


@pytest.mark.usefixtures("month")
def test_the_columns_count_what_they_say(sign_in: SignIn) -> None:
    page = sign_in(Role.CITY_SUPERVISOR).get("/monthly/?period=2026-04").content.decode()

    counts = {label: value for label, value, _url in stats(page) if label.startswith("甲一街道")}

    assert counts == {
        "甲一街道办事处 承办量": 4, "甲一街道办事处 有效回访": 3, "甲一街道办事处 已联系": 2,
        "甲一街道办事处 已解决": 2, "甲一街道办事处 满意": 1, "甲一街道办事处 基本满意": 1,
        "甲一街道办事处 未解决": 1, "甲一街道办事处 超时": 1, "甲一街道办事处 退单": 1,
    }  # fmt: skip


@pytest.mark.usefixtures("month")
def test_rows_are_the_readers_own(sign_in: SignIn) -> None:
    handler = sign_in(Role.HANDLER, make.unit("990102001"))

    page = handler.get("/monthly/?period=2026-04").content.decode()

    assert "乙一镇政府" in page
    assert "甲一街道办事处" not in page


@pytest.mark.usefixtures("month")
def test_too_few_answers_are_shown_and_not_ranked(sign_in: SignIn) -> None:
    page = sign_in(Role.CITY_SUPERVISOR).get("/monthly/?period=2026-04").content.decode()

    assert "样本不足" in page
    assert re.search(r'<td class="rank">—</td>', page)
    assert "本月没有承办量的单位" in page
    assert "甲二街道办事处" in page


def test_the_running_month_says_that_it_is_not_closed(sign_in: SignIn) -> None:
    page = sign_in(Role.CITY_SUPERVISOR).get("/monthly/").content.decode()

    assert "2026-04 三率月表" in page
    assert "未封账" in page
    assert "截至 2026-04-14 10:00:00" in page


@pytest.mark.parametrize("query", ["?period=2026-99", "?period=x", "?group=no", "?period=2027-01"])
def test_a_month_or_group_that_does_not_exist_is_not_found(sign_in: SignIn, query: str) -> None:
    assert sign_in(Role.CITY_SUPERVISOR).get(f"/monthly/{query}").status_code == 404
