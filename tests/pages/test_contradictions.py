"""Tickets on which the unit's report, the call-back and the own rating say different things."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import unescape
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from dispatch import services as dispatching
from evaluation import services as evaluation
from evaluation.contradictions import Contradiction, contradictory
from hotline.core.actors import SYSTEM, Actor
from hotline.core.models import Role
from hotline.pages.paging import PAGE_SIZE
from intake.models import Ticket
from tests import factories as make
from tests.evaluation.rating import BAD, GOOD, REPLIED, brought_by, web_channel

SignIn = Callable[..., Client]
LIST = "/contradictions/"
CALLED = REPLIED + make.hours(2)
UNSOLVED: dict[str, Any] = {"resolved": False, "satisfaction": "dissatisfied"}


@pytest.fixture
def web() -> Actor:
    return web_channel()


def reported(web: Actor, solved: str, **fields: Any) -> Ticket:
    """What its unit says of it."""
    return brought_by(web, solved=solved, **fields)


def rate(ticket: Ticket, web: Actor, at: Any = CALLED, **said: Any) -> None:
    evaluation.rate(number=ticket.number, actor=web, at=at, **{**GOOD, **said})


def kinds(ticket: Ticket) -> set[str]:
    every = Ticket.objects.all()
    return {
        kind.value for kind in Contradiction if ticket in contradictory(every, SYSTEM, kind.value)
    }


def listed(browser: Client, query: str = "") -> list[str]:
    page = browser.get(LIST + query).content.decode()
    return re.findall(r'<td class="mono"><a href="/tickets/(\d+)/', page)


# === What contradicts what ==================================================================


@pytest.mark.parametrize(
    ("solved", "called", "rated", "expected"),
    [
        ("yes", True, None, set()),
        ("yes", False, None, {"claimed"}),
        ("yes", None, False, {"claimed", "contact"}),
        ("no", True, None, {"modest"}),
        ("no", False, False, {"contact"}),
        ("partly", False, None, set()),
        ("partly", True, None, set()),
        ("yes", True, False, {"claimed", "answers", "contact"}),
        ("no", False, True, {"modest", "answers"}),
        ("partly", True, False, {"answers", "contact"}),
        ("yes", None, None, set()),
    ],
)
def test_solved_against_not_solved(
    web: Actor, solved: str, called: bool | None, rated: bool | None, expected: set[str]
) -> None:
    ticket = reported(web, solved)
    if called is not None:
        make.call_back(ticket, at=CALLED, **({} if called else UNSOLVED))
    if rated is not None:
        rate(ticket, web, CALLED + make.hours(1), **({} if rated else BAD))

    assert kinds(ticket) == expected
    assert (ticket in contradictory(Ticket.objects.all(), SYSTEM)) is bool(expected)


def test_a_new_reply_makes_what_was_said_of_the_old_one_history(web: Actor) -> None:
    ticket = reported(web, "yes")
    make.call_back(ticket, at=CALLED, **UNSOLVED)
    before = kinds(ticket)
    evaluation.rehandle(number=ticket.number, actor=make.callback_agent(), at=CALLED)

    make.reply_to(make.fresh(ticket), at=CALLED + make.hours(1), solved="yes", text="再修好")
    between = kinds(ticket)
    make.call_back(ticket, at=CALLED + make.hours(3))

    assert (before, between, kinds(ticket)) == ({"claimed"}, set(), set())


def test_without_a_reply_the_two_answers_can_still_disagree(web: Actor) -> None:
    ticket = brought_by(web, make.handled_ticket)
    asked = make.calling_hour(ticket.clocks.get(kind="feedback").due_at + make.hours(1))
    make.call_back(ticket, at=asked, **UNSOLVED)

    rate(ticket, web, asked + make.hours(1))

    assert kinds(ticket) == {"answers"}


def test_a_contact_that_nobody_wrote_down_contradicts_nothing(web: Actor) -> None:
    ticket = brought_by(web, make.handled_ticket)
    asked = make.calling_hour(ticket.clocks.get(kind="feedback").due_at + make.hours(1))

    make.call_back(ticket, at=asked, contacted=False, **UNSOLVED)

    assert kinds(ticket) == set()


def test_an_answer_given_before_the_contact_does_not_contradict_it(web: Actor) -> None:
    ticket = brought_by(web, make.handled_ticket)
    asked = make.calling_hour(ticket.clocks.get(kind="feedback").due_at + make.hours(1))
    make.call_back(ticket, at=asked, contacted=False, **UNSOLVED)

    dispatching.contact(
        number=ticket.number, actor=make.handler(ticket), at=asked + make.hours(1), method="phone"
    )

    assert kinds(ticket) == set()


def test_an_attempt_without_an_answer_says_nothing(web: Actor) -> None:
    ticket = reported(web, "yes")
    make.call_back(ticket, at=CALLED, outcome="no_answer")

    assert kinds(ticket) == set()


# === The page ===============================================================================


@pytest.fixture
def disputed(web: Actor, clock: time_machine.Coordinates) -> dict[str, Ticket]:
    """One of each kind: of 甲一街道, of 乙一镇, and one nobody disputes."""
    far = {"lead_unit": make.unit("990102001"), "area": make.area("990102001")}
    found = {
        "own": reported(web, "yes"),
        "far": reported(web, "no", **far),
        "agreed": reported(web, "yes"),
    }
    make.call_back(found["own"], at=CALLED, **UNSOLVED)
    rate(found["own"], web, CALLED + make.minutes(5))
    make.call_back(found["far"], at=CALLED)
    make.call_back(found["agreed"], at=CALLED)
    clock.move_to(CALLED + make.hours(1))
    return found


def test_the_three_facts_stand_side_by_side(sign_in: SignIn, disputed: dict[str, Ticket]) -> None:
    page = unescape(sign_in(Role.CITY_SUPERVISOR).get(LIST).content.decode())

    row = page.split(f"/tickets/{disputed['own'].number}/")[-1].split("</tr>")[0]
    cells = re.findall(r'data-label="(.+?)">(.*?)</td>', row, re.DOTALL)
    said = {label: re.sub(r"<[^>]+>", " ", cell).split() for label, cell in cells}
    assert said["主办单位"] == ["甲一街道办事处"]
    assert said["单位自报"][0] == "已解决"
    assert said["回访"][:2] == ["未解决", "不满意"]
    assert said["诉求人自评"][:2] == ["已解决", "满意"]
    assert "已联系" in said["单位自报"]
    assert "共 2 件" in page


@pytest.mark.parametrize(
    ("role", "place", "expected"),
    [
        (Role.CITY_SUPERVISOR, "hotline", {"own", "far"}),
        (Role.AUDITOR, "hotline", {"own", "far"}),
        (Role.DISTRICT_SUPERVISOR, "990101", {"own"}),
        (Role.DISTRICT_SUPERVISOR, "990102", {"far"}),
        (Role.HANDLER, "990101001", {"own"}),
        (Role.MANAGER, "990102001", {"far"}),
        (Role.HANDLER, "990101002", set()),
    ],
)
def test_everybody_sees_what_is_theirs(
    sign_in: SignIn, disputed: dict[str, Ticket], role: Role, place: str, expected: set[str]
) -> None:
    browser = sign_in(role, make.unit(place))

    assert set(listed(browser)) == {disputed[name].number for name in expected}
    assert f"共 {len(expected)} 件" in browser.get(LIST).content.decode()


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("?kind=claimed", {"own"}), ("?kind=modest", {"far"}), ("?kind=answers", {"own"}),
        ("?unit=990102001", {"far"}), ("?unit=city-urban", set()), ("?period=2026-03", set()),
        ("?period=2026-04", {"own", "far"}),
    ],
)  # fmt: skip
def test_the_list_is_narrowed(
    sign_in: SignIn, disputed: dict[str, Ticket], query: str, expected: set[str]
) -> None:
    browser = sign_in(Role.AUDITOR)

    assert set(listed(browser, query)) == {disputed[name].number for name in expected}


@pytest.mark.parametrize("query", ["?kind=nonsense", "?unit=nowhere", "?period=2026-13"])
def test_an_address_that_cannot_be_read_shows_nothing_and_says_so(
    sign_in: SignIn, disputed: dict[str, Ticket], query: str
) -> None:
    browser = sign_in(Role.AUDITOR)
    answer = browser.get(LIST + query)

    assert answer.status_code == 200
    assert listed(browser, query) == []
    assert 'role="alert"' in answer.content.decode()


def test_long_lists_are_paged_newest_first_at_the_same_cost(
    sign_in: SignIn, web: Actor, clock: time_machine.Coordinates
) -> None:
    tickets = [reported(web, "yes") for _ in range(PAGE_SIZE + 2)]
    for ticket in tickets:
        make.call_back(ticket, at=CALLED, **UNSOLVED)
    clock.move_to(CALLED + make.hours(1))
    browser = sign_in(Role.AUDITOR)
    browser.get(LIST)

    with CaptureQueriesContext(connection) as captured:
        first = browser.get(LIST).content.decode()

    following = first.split('rel="next"')[0].rsplit('href="', 1)[1].split('"')[0]
    assert listed(browser) == [t.number for t in reversed(tickets)][:PAGE_SIZE]
    assert listed(browser, following) == [tickets[1].number, tickets[0].number]
    assert len(captured) <= 8
