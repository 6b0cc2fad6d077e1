"""The bell."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client

from evaluation.rules import Rules
from evaluation.services.schemes import draft_scheme, record_consultation
from hotline.core import outbox
from hotline.core.models import Notice, Role
from tests import factories as make

SignIn = Callable[..., Client]


@pytest.fixture
def told(clock: object) -> str:
    """甲一街道 has been told of an order; returns the ticket's number."""
    ticket = make.dispatched_ticket(title="路灯不亮")
    outbox.deliver_all(at=make.AT + make.minutes(6))
    return ticket.number


def test_the_unit_is_told_of_its_order(sign_in: SignIn, told: str) -> None:
    page = sign_in(Role.HANDLER, make.unit()).get("/notices/").content.decode()

    assert f"/tickets/{told}/" in page
    assert "派单" in page
    assert "路灯不亮" in page
    assert '<span class="count count-alert">1</span>' in page


def test_a_scheme_put_out_for_consultation_is_one_click_away(
    sign_in: SignIn, clock: object
) -> None:
    author, today = make.actor(Role.CITY_SUPERVISOR), make.AT.date()
    scheme = draft_scheme(
        based_on=None, name="下半年方案", valid_from="2026-06", rules=Rules(), actor=author,
        at=make.AT,
    )  # fmt: skip
    record_consultation(
        scheme=scheme, party="streets", began_on=today, ended_on=today + make.days(3),
        actor=author, at=make.AT,
    )  # fmt: skip

    browser = sign_in(Role.MANAGER, make.unit())
    page = browser.get("/notices/").content.decode()

    assert f'href="/schemes/{scheme.version}/"' in page
    assert f"考评方案第 {scheme.version} 版" in page
    assert "下半年方案" in browser.get(f"/schemes/{scheme.version}/").content.decode()


def test_another_unit_hears_nothing(sign_in: SignIn, told: str) -> None:
    page = sign_in(Role.HANDLER, make.unit("990102001")).get("/notices/").content.decode()

    assert told not in page
    assert "没有未读通知" in page


def test_what_was_read_leaves_the_bell_and_stays_in_the_list(sign_in: SignIn, told: str) -> None:
    staff = make.make_staff(Role.HANDLER, make.unit())
    browser = sign_in(staff=staff)

    browser.post("/notices/read/", {"pk": str(Notice.objects.get().pk)})

    assert Notice.objects.get().read_by == staff
    assert "count-alert" not in browser.get("/notices/").content.decode()
    assert told in browser.get("/notices/?all").content.decode()


def test_nobody_marks_the_notices_of_another_unit(sign_in: SignIn, told: str) -> None:
    browser = sign_in(Role.HANDLER, make.unit("990102001"))

    browser.post("/notices/read/", {"pk": str(Notice.objects.get().pk)})
    browser.post("/notices/read/")

    assert Notice.objects.get().read_at is None


def test_a_notice_about_a_month_leads_to_the_month(sign_in: SignIn) -> None:
    Notice.objects.create(
        unit=make.unit(), type="month_drafted", number="", data={"month": "2026-03"},
        created_at=make.AT,
    )  # fmt: skip

    page = sign_in(Role.HANDLER, make.unit()).get("/notices/").content.decode()

    assert "月度成绩公示" in page
    assert '<a href="/months/2026-03/" data-row-link>2026-03 考评月</a>' in page
