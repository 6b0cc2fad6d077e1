"""一单到底: the whole life of a ticket on one page."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from dispatch import services as dispatching
from evaluation import services as evaluation
from hotline.core.models import Role
from intake import services as intake
from intake.models import Ticket
from tests import factories as make

SignIn = Callable[..., Client]


def page_of(browser: Client, ticket: Ticket) -> str:
    answer = browser.get(f"/tickets/{ticket.number}/journey/")
    assert answer.status_code == 200
    return answer.content.decode()


def hands(page: str) -> list[tuple[str, float]]:
    """Who held it, and for how many days, from the top."""
    table = page[page.index("<tbody>") : page.index("</tbody>")]
    found = re.findall(r'</svg>([^<]+)</td>.*?<td class="num">([\d.]+)</td></tr>', table)
    return [(name, float(days)) for name, days in found]


def total(page: str) -> float:
    found = re.search(r'<td class="num strong">([\d.]+)</td></tr></tfoot>', page)
    assert found
    return float(found[1])


@pytest.fixture
def hard_life(clock: time_machine.Coordinates) -> Ticket:
    """To the wrong town, back, to the street with its community, unsolved, handled once more."""
    at = make.AT
    ticket = make.handled_ticket(lead_unit=make.unit("990102001"))
    dispatching.raise_objection(
        number=ticket.number, actor=make.handler(ticket), at=at + make.hours(3),
        reason="不在本镇", basis="行政区划", proposed_unit=make.unit(),
    )  # fmt: skip
    dispatching.return_to_desk(
        number=ticket.number, actor=make.dispatcher(), at=at + make.hours(5), ruling="确属派错"
    )
    dispatching.dispatch(
        number=ticket.number, actor=make.dispatcher(), at=at + make.hours(8), lead_unit=make.unit()
    )
    street, community = make.handler(make.unit()), make.handler(make.unit("990101001001"))
    dispatching.sign(number=ticket.number, actor=street, at=at + make.hours(9))
    dispatching.delegate(
        number=ticket.number, actor=street, at=at + make.hours(10),
        unit=make.unit("990101001001"), task="上门查看",
    )  # fmt: skip
    dispatching.sign_part(number=ticket.number, actor=community, at=at + make.hours(11))
    dispatching.hand_in(
        number=ticket.number, actor=community, at=at + make.hours(30), text="已查看"
    )
    replied = make.reply_to(make.fresh(ticket), at=at + make.hours(50))
    called = make.call_back(replied, at=at + make.hours(52), resolved=False)
    evaluation.rehandle(number=called.number, actor=make.callback_agent(), at=at + make.hours(53))
    clock.move_to(at + make.days(5))
    return make.fresh(ticket)


def test_every_hand_follows_the_one_before_and_the_days_add_up(
    sign_in: SignIn, hard_life: Ticket
) -> None:
    page = page_of(sign_in(Role.CITY_SUPERVISOR), hard_life)

    assert [name for name, _days in hands(page)] == [
        "热线派单", "乙一镇政府", "热线派单", "甲一街道办事处", "待回访", "甲一街道办事处",
    ]  # fmt: skip
    assert total(page) == 5.0
    assert round(sum(days for _name, days in hands(page)), 2) == 5.0


def test_the_bar_is_drawn_to_scale_without_a_gap(sign_in: SignIn, hard_life: Ticket) -> None:
    page = page_of(sign_in(Role.CITY_SUPERVISOR), hard_life)

    bar = page[page.index('class="journey-bar"') :].partition("</svg>")[0]
    parts = [(int(x), int(w)) for x, w in re.findall(r' x="(\d+)" y="0" width="(\d+)"', bar)]
    assert [x for x, _width in parts] == [sum(w for _x, w in parts[:n]) for n in range(len(parts))]
    assert sum(width for _x, width in parts) == 1000


def test_every_order_is_listed_with_its_objection_and_what_was_handed_down(
    sign_in: SignIn, hard_life: Ticket
) -> None:
    page = page_of(sign_in(Role.HANDLER, make.unit()), hard_life)

    orders = page[page.index('id="orders-title"') :]
    names = ["乙一镇政府", "不在本镇", "甲一街道办事处", "第 2 轮", "甲一社区居委会", "上门查看"]
    places = [orders.index(name) for name in names]
    assert places == sorted(places)
    assert "成立，退回重派" in orders


def test_the_seconds_of_a_slip_are_the_desks(
    sign_in: SignIn, clock: time_machine.Coordinates
) -> None:
    ticket, desk = make.accepted_ticket(), make.dispatcher()
    at = make.AT + make.minutes(5)
    dispatching.dispatch(number=ticket.number, actor=desk, at=at, lead_unit=make.unit())
    dispatching.undo_dispatch(number=ticket.number, actor=desk, at=at + make.minutes(0.25))
    clock.move_to(make.AT + make.days(1))

    assert hands(page_of(sign_in(Role.DISPATCHER), ticket)) == [("热线派单", 1.0)]


def test_a_matter_that_was_merged_in_is_linked_for_who_may_see_it(
    sign_in: SignIn, clock: time_machine.Coordinates
) -> None:
    ticket = make.handled_ticket()
    other = make.accepted_ticket(title="同一盏路灯", area=make.area("990102001"))
    intake.merge_into(
        number=other.number, actor=make.dispatcher(), at=make.AT + make.minutes(30),
        target=ticket.number,
    )  # fmt: skip
    clock.move_to(make.AT + make.hours(1))

    desk = sign_in(Role.DISPATCHER)
    assert f'href="/tickets/{other.number}/journey/"' in page_of(desk, ticket)
    assert f'href="/tickets/{ticket.number}/journey/"' in page_of(desk, other)
    assert other.number not in page_of(sign_in(Role.HANDLER, make.unit()), ticket)


def test_a_ticket_just_accepted_has_a_journey_too(sign_in: SignIn) -> None:
    page = page_of(sign_in(Role.AGENT), make.accepted_ticket())

    assert "还没有派过单" in page


def test_who_does_not_see_the_ticket_does_not_see_its_journey(
    sign_in: SignIn, hard_life: Ticket
) -> None:
    other = sign_in(Role.HANDLER, make.unit("990101002"))

    assert other.get(f"/tickets/{hard_life.number}/journey/").status_code == 404
    assert (
        sign_in(Role.ADMINISTRATOR).get(f"/tickets/{hard_life.number}/journey/").status_code == 403
    )


def test_a_hard_life_costs_no_more_statements_than_an_easy_one(
    sign_in: SignIn, hard_life: Ticket
) -> None:
    easy = make.handled_ticket()
    browser = sign_in(Role.CITY_SUPERVISOR)
    page_of(browser, easy)  # reference tables are read once per process

    with CaptureQueriesContext(connection) as short:
        page_of(browser, easy)
    with CaptureQueriesContext(connection) as long:
        page_of(browser, hard_life)

    assert len(long) == len(short)
