"""How many statements a page may cost: numbers only ever go down."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from evaluation import outcomes
from hotline.core.models import Role
from tests import factories as make

SignIn = Callable[..., Client]
# Four of each are the session, the person, the memberships and the bell.
LIMITS = {
    "/inbox/": (Role.HANDLER, 9),  # what waits for a call-back is found first
    "/tickets/": (Role.DISPATCHER, 7),
    "/tickets/?state=accepted&sort=left": (Role.DISPATCHER, 7),
    "/reports/": (Role.DISPATCHER, 6),
    "/reports/new/?state=open": (Role.DISPATCHER, 4),
    "/callbacks/": (Role.CALLBACK_AGENT, 9),
    "/notices/": (Role.HANDLER, 6),
    "/desk/": (Role.DISPATCHER, 15),
    # Two for each thing counted (the versions, and what has changed), and the lists of choices.
    "/dashboard/": (Role.CITY_SUPERVISOR, 15),
    "/dashboard/?scope=district:990101": (Role.CITY_SUPERVISOR, 15),
    # Five statements count a month, however many units it has.
    "/monthly/": (Role.CITY_SUPERVISOR, 14),
    "/monthly/?period=2026-03": (Role.HANDLER, 14),
    "/months/": (Role.CITY_SUPERVISOR, 8),
    "/months/2026-04/": (Role.CITY_SUPERVISOR, 12),
    "/months/2026-03/": (Role.HANDLER, 22),
    "/bulletins/": (Role.CITY_SUPERVISOR, 12),
    "/years/2026/": (Role.CITY_SUPERVISOR, 8),
    "/course/": (Role.CITY_SUPERVISOR, 8),
    # Each open month is counted as its ranking is; the closed ones cost what one does.
    "/assessment/units/990101001/": (Role.CITY_SUPERVISOR, 26),
    "/assessment/units/990101001/why/2026-04/": (Role.CITY_SUPERVISOR, 26),
    # One statement counts each kind; only of those of which there is something are rows read.
    "/leader/": (Role.CITY_SUPERVISOR, 18),
    "/wall/panels/": (Role.CITY_SUPERVISOR, 12),
    "/tickets/?period=2026-04&unit=990101001&cell=valid": (Role.CITY_SUPERVISOR, 11),
    # Each kind of facts is read once for the month and once for the month before.
    "/indicators/": (Role.CITY_SUPERVISOR, 14),
    "/indicators/?section=city": (Role.CITY_SUPERVISOR, 12),
    "/indicators/?indicator=per_10k": (Role.CITY_SUPERVISOR, 13),
    "/indicators/trend/?indicator=on_time": (Role.CITY_SUPERVISOR, 9),  # of one month
    "/indicators/dimensions/": (Role.CITY_SUPERVISOR, 9),
    "/tickets/?indicator=volume&period=2026-04&group=street_town": (Role.CITY_SUPERVISOR, 11),
}


@pytest.fixture
def busy_city(clock: time_machine.Coordinates) -> None:
    """Several rows in every list, so that a statement per row would show."""
    for _ in range(3):
        make.accepted_ticket()
        make.dispatched_ticket()
        make.handled_ticket()
        make.replied_ticket()
        make.closed_ticket(at=make.AT - make.days(2))
    clock.move_to(make.AT + make.hours(4))
    outcomes.rebuild(None, at=make.AT + make.hours(4))


def statements(browser: Client, address: str) -> int:
    browser.get(address)  # reference tables are read once per process
    with CaptureQueriesContext(
        connection,
    ) as captured:
        answer = browser.get(address)
    assert answer.status_code == 200
    return len(captured)


@pytest.mark.usefixtures("busy_city")
@pytest.mark.parametrize("address", LIMITS)
def test_a_page_costs_no_more_statements_than_before(sign_in: SignIn, address: str) -> None:
    role, limit = LIMITS[address]
    browser = sign_in(role, make.unit() if role == Role.HANDLER else None)

    assert statements(browser, address) <= limit


@pytest.mark.usefixtures("clock")
@pytest.mark.parametrize(("role", "limit"), [(Role.HANDLER, 15), (Role.CALLBACK_AGENT, 17)])
def test_the_ticket_page_costs_the_same_however_long_the_story(
    sign_in: SignIn, role: Role, limit: int
) -> None:
    short = make.replied_ticket()
    long = make.closed_ticket(at=make.AT - make.days(3))
    browser = sign_in(role, make.unit() if role == Role.HANDLER else None)

    assert statements(browser, f"/tickets/{short.number}/") <= limit
    assert statements(browser, f"/tickets/{long.number}/") <= limit


def test_the_call_costs_no_more_statements_than_before(
    sign_in: SignIn, clock: time_machine.Coordinates
) -> None:
    ticket = make.replied_ticket()
    clock.move_to(make.AT + make.hours(4))

    assert statements(sign_in(Role.CALLBACK_AGENT), f"/tickets/{ticket.number}/callback/") <= 14
