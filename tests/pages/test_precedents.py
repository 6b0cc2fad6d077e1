"""Precedents: made on the ticket, read beside the catalogue, ended there."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import unescape

import pytest
import time_machine
from django.test import Client

from dispatch import services as dispatching
from dispatch.models import Precedent
from hotline.core.models import AuditEntry, Role
from hotline.pages.paging import PAGE_SIZE
from intake.models import Ticket
from knowledge.models import Category
from tests import factories as make

SignIn = Callable[..., Client]
RULERS = (Role.DISPATCHER, Role.CITY_SUPERVISOR, Role.ADMINISTRATOR)
READERS = [role for role in Role if role not in RULERS]
LIST = "/catalogue/precedents/"
RULING = "路灯不属街道"


def page_of(browser: Client, address: str = LIST) -> str:
    answer = browser.get(address)
    assert answer.status_code == 200
    return unescape(answer.content.decode())


def ruled_ticket(**fields: object) -> Ticket:
    """The street was right to object; the city's urban management was named."""
    ticket = make.dispatched_ticket(**fields)
    dispatching.raise_objection(
        number=ticket.number, actor=make.handler(ticket), at=make.AT + make.hours(1),
        reason="不属本单位职责", basis="职责规定",
    )  # fmt: skip
    dispatching.designate(
        number=ticket.number, actor=make.dispatcher(), at=make.AT + make.hours(2),
        unit=make.unit("city-urban"), ruling=RULING,
    )  # fmt: skip
    return make.fresh(ticket)


def precedent(scope: str = "city", **fields: object) -> Precedent:
    dispatching.let_ruling_decide(
        number=ruled_ticket(**fields).number, actor=make.dispatcher(),
        at=make.AT + make.hours(3), scope=scope, clause="路灯由城管委承办",
    )  # fmt: skip
    return Precedent.objects.latest("pk")


def shown(page: str) -> list[int]:
    found = [int(pk) for pk in re.findall(r'<tr id="precedent-(\d+)">', page)]
    return found


@pytest.fixture
def _later(clock: time_machine.Coordinates) -> None:
    clock.move_to(make.AT + make.hours(4))


# === Made on the ticket =====================================================================


@pytest.mark.usefixtures("_later")
def test_the_form_begins_with_the_ruling_and_the_smallest_place(sign_in: SignIn) -> None:
    ticket = ruled_ticket()
    address = f"/tickets/{ticket.number}/do/make_precedent/"
    browser = sign_in(Role.DISPATCHER)

    assert address in page_of(browser, f"/tickets/{ticket.number}/")
    page = page_of(browser, address)

    assert RULING in page
    assert re.search(r'value="street"[^>]*(?:selected|checked)', page)
    assert f"派给{make.unit('city-urban').name}" in page


@pytest.mark.usefixtures("_later")
def test_r018_the_form_of_a_confidential_matter_begins_without_the_ruling(sign_in: SignIn) -> None:
    ticket = ruled_ticket(is_confidential=True)

    page = page_of(sign_in(Role.DISPATCHER), f"/tickets/{ticket.number}/do/make_precedent/")

    assert RULING not in page


@pytest.mark.usefixtures("_later")
def test_sending_the_form_makes_the_precedent_and_the_button_goes(sign_in: SignIn) -> None:
    ticket, browser = ruled_ticket(), sign_in(Role.CITY_SUPERVISOR)
    address = f"/tickets/{ticket.number}/do/make_precedent/"

    browser.post(address, {"scope": "district", "clause": "", "version": ticket.version})

    made = Precedent.objects.get()
    assert (made.clause, made.area) == (RULING, make.area("990101"))
    page = page_of(browser, f"/tickets/{ticket.number}/")
    assert address not in page
    assert "裁定作为先例" in page


@pytest.mark.usefixtures("_later")
def test_no_precedent_is_offered_before_the_desk_gave_the_matter_to_somebody(
    sign_in: SignIn,
) -> None:
    ticket = make.dispatched_ticket()
    dispatching.raise_objection(
        number=ticket.number, actor=make.handler(ticket), at=make.AT + make.hours(1),
        reason="x", basis="y",
    )  # fmt: skip
    desk, browser = make.dispatcher(), sign_in(Role.DISPATCHER)
    dispatching.return_to_desk(number=ticket.number, actor=desk, at=make.AT + make.hours(2))
    address = f"/tickets/{ticket.number}/do/make_precedent/"
    before = page_of(browser, f"/tickets/{ticket.number}/")

    dispatching.dispatch(
        number=ticket.number, actor=desk, at=make.AT + make.hours(3),
        lead_unit=make.unit("city-housing"),
    )  # fmt: skip

    assert address not in before
    assert address in page_of(browser, f"/tickets/{ticket.number}/")


# === Read ===================================================================================


@pytest.mark.usefixtures("_later")
def test_a_precedent_is_listed_with_what_it_says_and_who_made_it(sign_in: SignIn) -> None:
    made = precedent("street")

    page = page_of(sign_in(Role.DISPATCHER))

    assert shown(page) == [made.pk]
    for words in ("0501", "甲一街道", make.unit("city-urban").name, "路灯由城管委承办",
                  "2026-04-14 起"):  # fmt: skip
        assert words in page


@pytest.mark.usefixtures("_later")
def test_the_catalogue_leads_to_the_precedents(sign_in: SignIn) -> None:
    assert f'href="{LIST}"' in page_of(sign_in(), "/catalogue/")


@pytest.mark.usefixtures("_later")
def test_the_ruling_is_linked_for_those_only_who_may_see_its_ticket(sign_in: SignIn) -> None:
    made = precedent()
    assert made.objection is not None
    number = made.objection.assignment.ticket.number

    far = page_of(sign_in(Role.HANDLER, make.unit("990102001")))

    assert f'href="/tickets/{number}/"' in page_of(sign_in(Role.AUDITOR))
    assert shown(far) == [made.pk]
    assert number not in far


@pytest.mark.usefixtures("_later")
def test_no_precedents_is_said_in_both_lists(sign_in: SignIn) -> None:
    browser = sign_in()

    assert "还没有先例" in page_of(browser)
    assert "没有已结束的先例" in page_of(browser, f"{LIST}?ended")


@pytest.mark.usefixtures("_later")
def test_a_long_list_goes_on_over_pages_and_keeps_its_filter(sign_in: SignIn) -> None:
    made = precedent()
    classes = list(Category.objects.exclude(pk=made.category_id)[: PAGE_SIZE + 1])
    more = Precedent.objects.bulk_create(
        Precedent(
            category=classes[n % len(classes)], unit=made.unit, clause="x", made_at=made.made_at,
            made_by="system", valid_from=made.valid_from, valid_to=made.valid_from,
        )
        for n in range(PAGE_SIZE + 1)
    )  # fmt: skip
    browser = sign_in()

    first = page_of(browser, f"{LIST}?ended")
    address = re.search(r'href="(\?[^"]*after=[^"]*)"', first)

    assert address is not None
    found = shown(first) + shown(page_of(browser, LIST + address[1]))
    assert found == sorted((one.pk for one in more), reverse=True)
    assert shown(page_of(browser)) == [made.pk]


# === Ended ==================================================================================


@pytest.mark.usefixtures("_later")
@pytest.mark.parametrize("role", RULERS)
def test_who_rules_ends_a_precedent_and_it_stays_readable(sign_in: SignIn, role: Role) -> None:
    made, browser = precedent(), sign_in(role)
    address = f"{LIST}{made.pk}/end/"
    assert f'action="{address}"' in page_of(browser)

    page = unescape(browser.post(address, follow=True).content.decode())

    assert "先例已结束" in page
    assert shown(page) == []
    assert shown(page_of(browser, f"{LIST}?ended")) == [made.pk]
    assert address not in page_of(browser, f"{LIST}?ended")
    assert AuditEntry.objects.filter(action="precedent_ended").count() == 1


@pytest.mark.usefixtures("_later")
@pytest.mark.parametrize("role", READERS)
def test_everybody_else_reads_and_ends_nothing(sign_in: SignIn, role: Role) -> None:
    made = precedent()
    unit = make.unit("990101001") if role in (Role.HANDLER, Role.MANAGER) else None
    browser = sign_in(role, unit)

    page, answer = page_of(browser), browser.post(f"{LIST}{made.pk}/end/")

    assert shown(page) == [made.pk]
    assert f"{LIST}{made.pk}/end/" not in page
    assert answer.status_code == 403
    assert Precedent.objects.get().valid_to is None


@pytest.mark.usefixtures("_later")
def test_ending_twice_says_so_and_an_unknown_one_is_not_found(sign_in: SignIn) -> None:
    made, browser = precedent(), sign_in(Role.DISPATCHER)
    browser.post(f"{LIST}{made.pk}/end/", follow=True)

    again = browser.post(f"{LIST}{made.pk}/end/", follow=True)

    assert "已经废止" in again.content.decode()
    assert browser.post(f"{LIST}{made.pk + 1}/end/").status_code == 404
