"""Every number of the leader's pages opens exactly its tickets.

The number is read from the page as people see it; the tickets are paged through over the API and
counted in the export, by the address behind the number. Nothing here knows how a number is made.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from evaluation import outcomes
from hotline.core.actors import actor_for_staff
from hotline.core.models import Role
from hotline.core.outbox import deliver_all
from hotline.pages.dashboard import ranking
from intake.models import Ticket
from tests import factories as make
from tests.factories import AT, days, hours

NOW = AT + days(1) + hours(3)
SignIn = Callable[..., Client]
READERS = {
    "city": (Role.CITY_SUPERVISOR, ""),
    "district": (Role.DISTRICT_SUPERVISOR, "990101"),
    "street": (Role.MANAGER, "990101001"),
    "department": (Role.MANAGER, "city-urban"),
}


@pytest.fixture
def month(clock: time_machine.Coordinates) -> None:
    """Every state, several classes, places, channels, types, ages and units, known and unknown."""
    urban, second, town = (make.unit(c) for c in ("city-urban", "990101002", "990102001"))
    old = AT - days(9)
    make.closed_ticket(at=old)
    make.closed_ticket(
        at=old,
        resolved=False,
        satisfaction="dissatisfied",
        lead_unit=second,
        area=make.area("990101002"),
    )
    make.closed_ticket(
        at=AT - days(4),
        lead_unit=urban,
        category=make.category("0702"),
        area=make.area("990101002"),
        satisfaction="basically",
    )
    make.closed_ticket(
        at=AT - days(3), lead_unit=town, area=make.area("990102001"), contacted=False
    )
    make.replied_ticket(category=make.category("0101"), area=make.area("990101001001"))
    make.handled_ticket(lead_unit=town, area=make.area("990102001"), request_type="help")
    make.handled_ticket(at=AT - days(16), category=make.category("1401"), lead_unit=urban)
    make.dispatched_ticket(area=make.area("990101"), channel=make.channel("web"))
    make.dispatched_ticket(lead_unit=urban, area=make.area("990102"), request_type="report")
    make.accepted_ticket(area=None, category=None, request_type="consult")
    make.accepted_ticket(at=NOW - hours(1), area=make.area("990000"), request_type="suggestion")
    make.accepted_ticket(is_anonymous=True, is_confidential=False, category=make.category("0101"))
    clock.move_to(NOW)
    settle(clock)


def settle(clock: time_machine.Coordinates) -> None:
    """What follows from the acts has followed, and some seconds have passed: what the clock alone
    changes, and the ranking, may be that old."""
    at = timezone.now()
    outcomes.rebuild(None, at=at)
    deliver_all(at=at)
    clock.shift(dt.timedelta(seconds=6))


@pytest.fixture(params=READERS)
def reader(request: pytest.FixtureRequest, sign_in: SignIn) -> Client:
    role, code = READERS[request.param]
    staff = make.make_staff(role, make.unit(code) if code else None)
    browser = sign_in(staff=staff)
    browser.actor = actor_for_staff(staff, on=NOW.date())  # type: ignore[attr-defined]
    return browser


# === Reading ==================================================================================


class _Numbers(HTMLParser):
    """The links of a page to lists of tickets, each with the number it shows."""

    def __init__(self) -> None:
        super().__init__()
        self.found: dict[str, int] = {}
        self._href = self._label = self._text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "a" and "stat" in given.get("class", "").split():
            self._href, self._label, self._text = given["href"], given.get("aria-label", ""), ""

    def handle_data(self, data: str) -> None:
        self._text += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "a" and self._href:
            self._take(self._href, self._label.rpartition(" ")[2], self._text.strip())
            self._href = ""

    def _take(self, href: str, spoken: str, seen: str) -> None:
        if not href.startswith("/tickets/?"):
            return
        if seen.isdecimal():
            assert not spoken or spoken == seen, f"{seen} is read out as {spoken}"
            self._put(href, int(seen))
        elif spoken.isdecimal():
            self._put(href, int(spoken))
        else:
            assert seen.endswith("%"), f"{seen!r} is neither a count nor a rate: {href}"

    def _put(self, href: str, value: int) -> None:
        assert self.found.get(href, value) == value, f"one address, two numbers: {href}"
        self.found[href] = value


def numbers_of(browser: Client, address: str) -> dict[str, int]:
    answer = browser.get(address)
    assert answer.status_code == 200, address
    parser = _Numbers()
    parser.feed(answer.content.decode())
    return parser.found


def listed(browser: Client, href: str) -> list[str]:
    """The ticket numbers behind an address, over the API, in pages of three."""
    found: list[str] = []
    url = f"/api/v1/listed-tickets{href.removeprefix('/tickets/')}&limit=3"
    while url:
        answer = browser.get(url)
        assert answer.status_code == 200, (href, answer.content.decode())
        told: dict[str, Any] = answer.json()
        found += [row["number"] for row in told["results"]]
        url = told["next"] or ""
    assert len(found) == len(set(found))
    return found


def exported(browser: Client, href: str) -> list[str]:
    """The ticket numbers of the export: below the mark of invented data and the head."""
    answer = browser.get(f"/tickets/export/{href.removeprefix('/tickets/')}")
    text = b"".join(answer.streaming_content).decode("utf-8-sig")
    rows = list(csv.reader(io.StringIO(text)))
    head = next(n for n, row in enumerate(rows) if row[0] == "编号")
    return [row[0] for row in rows[head + 1 :]]


def pages(browser: Client) -> Iterator[str]:
    """The dashboard of every scope and group the reader can turn to."""
    first = browser.get("/dashboard/")
    context = first.context
    for scope in context["scopes"]:
        for group in context["board"].ranking.groups:
            yield f"/dashboard/?scope={scope.code}&group={group.value}"
    for line in context["board"].ranking.lines:
        yield line.url


# === The tests ================================================================================


@pytest.mark.usefixtures("month")
def test_every_number_of_the_dashboard_opens_exactly_its_tickets(reader: Client) -> None:
    found: dict[str, int] = {}
    for page in pages(reader):
        for href, value in numbers_of(reader, page).items():
            assert found.setdefault(href, value) == value, f"two pages disagree: {href}"

    assert len(found) > 20
    for href, value in found.items():
        tickets = listed(reader, href)
        assert len(tickets) == value, href
        assert sorted(exported(reader, href)) == sorted(tickets), href


@pytest.mark.usefixtures("month")
def test_a_planted_ticket_moves_exactly_the_numbers_that_count_it(
    reader: Client, clock: time_machine.Coordinates
) -> None:
    """One more for every number whose list holds it, nothing for any other."""
    before = {page: numbers_of(reader, page) for page in pages(reader)}

    planted = planted_ticket()
    settle(clock)

    moved = set()
    for page, earlier in before.items():
        now = numbers_of(reader, page)
        assert earlier.keys() <= now.keys()
        for href, value in now.items():
            is_counted = planted.number in listed(reader, href)
            assert value - earlier.get(href, 0) == is_counted, href
            if is_counted:
                moved.add(href)
    sees_it = Ticket.objects.visible_to(reader.actor).filter(pk=planted.pk).exists()
    for part in MOVED:
        assert sees_it == any(part in href for href in moved), part


# What the planted ticket is, each with a number of its own.
MOVED = (
    "category=07", "channel=app", "request_type=help", "age=0-0", "state=handling", "state=open",
    "cell=volume", "accepted_from=",
)  # fmt: skip


def planted_ticket() -> Ticket:
    return make.handled_ticket(
        at=NOW - hours(2), area=make.area(), category=make.category("0702"),
        request_type="help", channel=make.channel("app"), lead_unit=make.unit(),
    )  # fmt: skip


@pytest.mark.usefixtures("month")
def test_of_a_long_group_the_first_and_the_last_are_shown_and_the_rest_is_counted(
    sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {"ALL": 2, "FIRST": 1, "LAST": 1}.items():
        monkeypatch.setattr(ranking, name, value)
    monkeypatch.setattr(ranking.Ranking, "first", 1)
    browser = sign_in(Role.CITY_SUPERVISOR)

    page = browser.get("/dashboard/?group=street_town")

    assert [line.told.name for line in page.context["board"].ranking.lines] == [
        line.unit.name for line in page.context["board"].ranking.own[:2]
    ]
    assert "其余 1 个单位见完整排名表" in page.content.decode()
