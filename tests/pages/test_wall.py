"""The wall board: the dashboard's figures for a hall, and nothing that tells of one ticket."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
import time_machine
from django.test import Client

from evaluation import outcomes
from evaluation.reference_data.loading import load_scheme
from evaluation.services import months
from hotline.core.actors import SYSTEM
from hotline.core.models import Deployment, Role
from hotline.core.reference import forget_all
from intake.models import Ticket, TicketText
from tests import factories as make
from tests.governance import publishing

SignIn = Callable[..., Client]
PANELS = re.compile(r'data-panel="(\w+)"')


@pytest.fixture
def busy(clock: object) -> list[Ticket]:
    made = [
        make.accepted_ticket(area=make.area("990101001")),
        make.dispatched_ticket(),
        make.handled_ticket(at=make.AT - make.days(20)),
        make.closed_ticket(at=make.AT - make.days(9)),
    ]
    outcomes.rebuild(None, at=make.AT)
    return made


def published() -> None:
    """A closed month without a case."""
    load_scheme(make.AT)
    months.open_draft(month="2026-02", actor=SYSTEM, at=make.AT - make.days(20))
    months.close_month(
        month="2026-02", by=make.actor(Role.CITY_SUPERVISOR).reference, at=make.AT - make.days(10)
    )


def main_of(page: str) -> str:
    return page.partition("<main")[2].partition("</main>")[0]


@pytest.mark.usefixtures("busy")
def test_the_board_shows_the_dashboards_own_figures(sign_in: SignIn) -> None:
    browser = sign_in(Role.CITY_SUPERVISOR)

    shown = browser.get("/dashboard/").context["board"]
    page = browser.get("/wall/").content.decode()

    figures = re.findall(r'<dt>([^<]*)</dt>\s*<dd class="wall-value">([^<]*)</dd>', page)
    assert figures == [(card.label, card.value) for card in [*shown.moment, *shown.month]]
    tiles = re.findall(r'wall-tile-name">([^<]*)</span>\s*<span[^>]*>(\d+)', page)
    assert tiles == [(tile.name, str(tile.volume.value)) for tile in shown.tiles]


def test_nothing_on_the_board_tells_of_a_ticket_or_opens(
    sign_in: SignIn, busy: list[Ticket]
) -> None:
    published()
    for address in ("/wall/", "/wall/panels/", "/wall/?group=city_department"):
        page = sign_in(Role.CITY_SUPERVISOR).get(address).content.decode()
        panels = main_of(page) if "<main" in page else page

        assert "<a" not in panels
        for ticket in busy:
            assert ticket.number not in page
        for matter, title in TicketText.objects.values_list("matter", "title"):
            assert matter not in page
            assert title not in page
        assert make.PHONE not in page


@pytest.mark.parametrize(
    ("role", "code", "panels"),
    [
        (Role.CITY_SUPERVISOR, None, ["now", "month", "standing", "tiles"]),
        (Role.DISTRICT_SUPERVISOR, "990101", ["now", "month", "standing"]),
        (Role.MANAGER, "990101001", ["now", "month", "standing"]),
    ],
)
def test_every_panel_has_its_dot(
    sign_in: SignIn, role: Role, code: str | None, panels: list[str]
) -> None:
    page = sign_in(role, make.unit(code) if code else None).get("/wall/").content.decode()

    assert PANELS.findall(page) == panels
    assert re.findall(r'data-show="(\w+)"', page) == panels


def test_the_board_is_of_what_the_reader_may_ask_for(sign_in: SignIn) -> None:
    street = sign_in(Role.MANAGER, make.unit())

    assert street.get("/wall/?scope=city").status_code == 404
    assert street.get("/wall/panels/?scope=city").status_code == 404
    assert street.get("/wall/panels/?scope=unit:990101001").status_code == 200


@pytest.mark.usefixtures("busy")
def test_only_a_published_month_is_ranked_on_a_wall(sign_in: SignIn) -> None:
    browser = sign_in(Role.CITY_SUPERVISOR)

    before = browser.get("/wall/").content.decode()

    assert "还没有公布的排名" in before
    assert "wall-standing" not in before.replace('id="wall-standing"', "").replace(
        'aria-labelledby="wall-standing"', ""
    )


def standing_of(browser: Client, group: str) -> str:
    page = browser.get(f"/wall/?group={group}").content.decode()
    return page.partition('data-panel="standing"')[2].partition("</section>")[0]


def test_the_published_places_are_named_and_units_of_few_cases_are_not(
    sign_in: SignIn, clock: time_machine.Coordinates
) -> None:
    publishing.close_april()
    clock.move_to(publishing.PUBLISHED)
    browser = sign_in(Role.CITY_SUPERVISOR)

    streets, districts = (standing_of(browser, group) for group in ("street_town", "district"))

    assert "2026-04 考评月已公布，3 个单位参加排名" in streets
    assert re.findall(r'<td class="num">(\d)</td><th scope="row">([^<]*)<', streets) == [
        (str(place), make.unit(code).name)
        for place, code in enumerate((publishing.FIRST, publishing.SECOND, publishing.LAST), 1)
    ]
    assert "这个月没有单位参加排名" in districts
    assert make.unit("990101").name not in districts


@pytest.mark.parametrize("group", ["second_receiver", "none", "0"])
def test_a_group_that_is_not_published_hangs_nowhere(sign_in: SignIn, group: str) -> None:
    published()

    assert sign_in(Role.CITY_SUPERVISOR).get(f"/wall/?group={group}").status_code == 404


def test_the_panels_come_alone_and_are_never_kept(sign_in: SignIn) -> None:
    answer = sign_in(Role.CITY_SUPERVISOR).get("/wall/panels/")

    assert answer.content.decode().lstrip().startswith('<div class="wall-panels" data-as-of="2026')
    assert "no-store" in answer.headers["Cache-Control"]


def test_invented_data_say_so_on_the_wall_and_with_the_panels(sign_in: SignIn) -> None:
    Deployment.objects.update_or_create(id=1, defaults={"is_simulated": True})
    forget_all()
    browser = sign_in(Role.CITY_SUPERVISOR)

    assert "模拟数据" in browser.get("/wall/").content.decode()
    assert browser.get("/wall/panels/").headers["X-Simulated-Data"] == "true"


def test_the_dashboard_leads_to_the_board_of_the_same_scope(sign_in: SignIn) -> None:
    page = sign_in(Role.CITY_SUPERVISOR).get("/dashboard/?scope=district:990101").content.decode()

    assert 'href="/wall/?scope=district%3A990101&amp;group=street_town"' in page
