"""The list of tickets: what is meant is what is shown, counted and exported."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable

import pytest
import time_machine
from django.test import Client

from hotline.core.models import AuditEntry, Deployment, Role
from hotline.core.reference import forget_all
from tests import factories as make

SignIn = Callable[..., Client]


@pytest.fixture
def desk(sign_in: SignIn) -> Client:
    return sign_in(Role.DISPATCHER)


def numbers(browser: Client, query: str = "") -> list[str]:
    page = browser.get(f"/tickets/{query}").content.decode()
    return re.findall(r'<td class="mono"><a href="/tickets/(\d+)/"', page)


def exported(browser: Client, query: str = "") -> list[list[str]]:
    answer = browser.get(f"/tickets/export/{query}")
    text = b"".join(answer.streaming_content).decode("utf-8-sig")  # type: ignore[attr-defined]
    return list(csv.reader(io.StringIO(text)))


def test_the_newest_comes_first_and_what_is_urgent_on_request(desk: Client) -> None:
    slow = make.accepted_ticket(category=make.category("0501"))
    quick = make.accepted_ticket(category=make.category("0101"))
    closed = make.closed_ticket(at=make.AT - make.days(3))
    last = make.accepted_ticket(at=make.AT + make.minutes(1), category=make.category("0501"))

    assert numbers(desk) == [last.number, closed.number, quick.number, slow.number]
    assert numbers(desk, "?sort=left") == [quick.number, slow.number, last.number]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("?state=handling", "handled"),
        ("?state=open", "handled accepted"),
        ("?level=L2", "heat"),
        ("?category=01", "heat"),
        ("?category=0101", "heat"),
        ("?area=990102", "heat"),
        ("?area=990101", "handled accepted"),
        ("?unit=990101001", "handled"),
        ("?channel=web", "accepted"),
        ("?request_type=consult", "heat"),
        ("?accepted_from=2026-04-14", "handled accepted"),
        ("?accepted_to=2026-04-13", "heat"),
        ("?accepted_from=2026-04-13&accepted_to=2026-04-13", "heat"),
        ("?period=2026-04&state=handling", "handled"),
        ("?period=2026-03", ""),
        ("?q=路灯", "handled"),
        ("?q=路灯+三天", ""),
        ("?overdue=on", ""),
    ],
)
def test_every_condition_means_what_it_says(desk: Client, query: str, expected: str) -> None:
    made = {
        "handled": make.handled_ticket(title="路灯不亮"),
        "accepted": make.accepted_ticket(channel=make.channel("web"), title="漏水"),
        "heat": make.closed_ticket(
            at=make.AT - make.days(1), category=make.category("0101"), request_type="consult",
            area=make.area("990102001"), lead_unit=make.unit("990102001"), title="不热",
        ),
    }  # fmt: skip

    wanted = {made[name].number for name in expected.split()}

    assert set(numbers(desk, query)) == wanted
    assert {line[0] for line in exported(desk, query)[1:]} == wanted


def test_overdue_is_what_is_late_toward_the_citizen(
    desk: Client, clock: time_machine.Coordinates
) -> None:
    late = make.handled_ticket(category=make.category("0101"))
    make.handled_ticket()
    clock.move_to(make.AT + make.hours(25))

    assert numbers(desk, "?overdue=on") == [late.number]


@pytest.mark.parametrize(
    "query", ["?level=L9", "?category=none", "?cell=volume", "?period=2026-13", "?caller=zz"]
)
def test_an_address_that_cannot_be_read_shows_nothing_and_says_why(
    desk: Client, query: str
) -> None:
    make.accepted_ticket()

    answer = desk.get(f"/tickets/{query}")

    assert numbers(desk, query) == []
    assert 'class="problem' in answer.content.decode()
    assert desk.get(f"/tickets/export/{query}").status_code == 400


def test_conditions_in_force_are_tags_that_can_be_taken_off(desk: Client) -> None:
    page = desk.get("/tickets/?level=L2&category=0101").content.decode()

    tags = re.findall(r'<a class="filter-tag" href="([^"]*)"[^>]*>([^<]*)<', page)

    assert [words for _url, words in tags] == ["等级：二级·24小时", "分类：供热供暖 › 温度不达标"]
    assert tags[0][0] == "?category=0101"


def test_each_reader_lists_exactly_what_each_may_see(sign_in: SignIn) -> None:
    own = make.handled_ticket()
    other = make.handled_ticket(area=make.area("990102001"), lead_unit=make.unit("990102001"))

    assert set(numbers(sign_in(Role.AUDITOR))) == {own.number, other.number}
    for role, unit in ((Role.HANDLER, "990101001"), (Role.DISTRICT_SUPERVISOR, "990101")):
        browser = sign_in(role, make.unit(unit))
        assert numbers(browser) == [own.number]
        assert [line[0] for line in exported(browser)[1:]] == [own.number]


def test_a_caller_is_found_by_number_without_writing_it_into_an_address(desk: Client) -> None:
    found = make.accepted_ticket(phone="13912345678", name="李雷")
    make.accepted_ticket()

    answer = desk.post("/tickets/find/", {"phone": "139 1234 5678"})
    page = desk.get(answer.headers["Location"]).content.decode()

    assert "1234" not in answer.headers["Location"]
    assert re.findall(r'<td class="mono"><a href="/tickets/(\d+)/"', page) == [found.number]
    assert "139****5678" in page
    assert AuditEntry.objects.filter(action="caller_looked_up").exists()


def test_a_number_that_is_none_is_refused_in_words(desk: Client) -> None:
    answer = desk.post("/tickets/find/", {"phone": "12345"}, follow=True)

    assert 'class="problem problem-error"' in answer.content.decode()


def test_a_unit_cannot_look_people_up(sign_in: SignIn, desk: Client) -> None:
    make.handled_ticket(phone="13912345678", name="李雷")
    address = desk.post("/tickets/find/", {"phone": "13912345678"}).headers["Location"]
    handler = sign_in(Role.HANDLER, make.unit())

    assert handler.post("/tickets/find/", {"phone": "13912345678"}).status_code == 403
    assert numbers(handler, address.removeprefix("/tickets/")) == []


def test_an_export_names_nobody_and_says_that_data_are_invented(desk: Client) -> None:
    Deployment.objects.update(is_simulated=True)
    forget_all()
    make.accepted_ticket(
        title='=HYPERLINK("http://example.com")', phone="13912345678", name="欧阳明月",
        address="某小区", door="3号楼501",
    )  # fmt: skip
    make.accepted_ticket(title="举报某店", is_confidential=True)

    lines = exported(desk)
    text = str(lines)

    assert lines[0][0].startswith("模拟数据")
    assert lines[1][0] == "编号"
    assert "'=HYPERLINK" in text
    assert not [w for w in ("欧阳", "13912345678", "5678", "3号楼", "举报某店") if w in text]
    assert AuditEntry.objects.filter(action="tickets_exported").count() == 1


def test_a_long_list_is_exported_whole(desk: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hotline.pages.exports.CHUNK", 2)
    made = {make.accepted_ticket().number for _ in range(5)}

    assert {line[0] for line in exported(desk)[1:]} == made


def test_pages_follow_each_other_both_ways(desk: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hotline.pages.paging.page_of.__kwdefaults__", {"size": 2})
    made = [make.accepted_ticket().number for _ in range(5)][::-1]
    for sort in ("", "sort=left&"):
        wanted = made if not sort else made[::-1]
        first = desk.get(f"/tickets/?{sort}").content.decode()
        link = re.search(r'href="(\?[^"]*)" rel="next"', first)
        assert link
        second_url = link[1].replace("&amp;", "&")
        second = desk.get(f"/tickets/{second_url}").content.decode()
        back = re.search(r'href="(\?[^"]*)" rel="prev"', second)
        assert back

        assert numbers(desk, second_url) == wanted[2:4]
        assert numbers(desk, back[1].replace("&amp;", "&")) == wanted[:2]


def test_a_count_beyond_ten_thousand_is_not_counted_on(
    desk: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hotline.pages.paging.COUNTED", 2)
    for _ in range(4):
        make.accepted_ticket()

    assert "共 1 万+ 件" in desk.get("/tickets/").content.decode()
