"""Where each role begins its day, and which pages it may enter."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse

from hotline.core.models import Deployment, Membership, Role
from hotline.core.reference import forget_all
from tests import factories as make

SignIn = Callable[..., Client]
UNITS = {Role.HANDLER: "990101001", Role.MANAGER: "990101001", Role.DISTRICT_SUPERVISOR: "990101"}


def at_work(sign_in: SignIn, role: Role) -> Client:
    return sign_in(role, make.unit(UNITS[role]) if role in UNITS else None)


@pytest.mark.parametrize(
    ("role", "address"),
    [
        (Role.AGENT, "/intake/new/"),
        (Role.CONTRACTOR, "/intake/new/"),
        (Role.DISPATCHER, "/desk/"),
        (Role.HANDLER, "/inbox/"),
        (Role.MANAGER, "/inbox/"),
        (Role.CALLBACK_AGENT, "/callbacks/"),
        (Role.DISTRICT_SUPERVISOR, "/monthly/"),
        (Role.CITY_SUPERVISOR, "/monthly/"),
        (Role.AUDITOR, "/monthly/"),
        (Role.ADMINISTRATOR, "/catalogue/"),
        (Role.KNOWLEDGE_EDITOR, "/guide/"),
    ],
)
def test_home_is_the_place_of_work(sign_in: SignIn, role: Role, address: str) -> None:
    answer = at_work(sign_in, role).get("/")

    assert answer.status_code == 302
    assert answer.headers["Location"] == address


def test_who_has_no_place_of_work_is_told_so(sign_in: SignIn) -> None:
    browser = sign_in(Role.AUDITOR)
    Membership.objects.all().delete()

    answer = browser.get("/")

    assert "您的账号还没有工作页面" in answer.content.decode()


# --- doors: every page against every role ---------------------------------------------------

DOORS = {
    "/intake/new/": {Role.AGENT, Role.CONTRACTOR, Role.DISPATCHER},
    "/desk/": {Role.AGENT, Role.DISPATCHER, Role.CITY_SUPERVISOR},
    "/catalogue/": set(Role),
    "/catalogue/import/": {Role.CITY_SUPERVISOR, Role.ADMINISTRATOR},
    "/guide/": set(Role),
    "/duties/": set(Role),
    "/inbox/": {Role.HANDLER, Role.MANAGER, Role.DISTRICT_SUPERVISOR},
    "/leader/": {Role.CITY_SUPERVISOR, Role.DISTRICT_SUPERVISOR, Role.MANAGER},
    "/callbacks/": {Role.CALLBACK_AGENT, Role.CITY_SUPERVISOR},
    "/tickets/": set(Role) - {Role.ADMINISTRATOR, Role.KNOWLEDGE_EDITOR},
    "/tickets/export/": set(Role) - {Role.ADMINISTRATOR, Role.KNOWLEDGE_EDITOR},
    "/reports/": set(Role) - {Role.ADMINISTRATOR, Role.KNOWLEDGE_EDITOR},
    "/reports/new/": set(Role) - {Role.ADMINISTRATOR, Role.KNOWLEDGE_EDITOR},
    "/pleas/": {
        Role.CITY_SUPERVISOR, Role.AUDITOR, Role.DISTRICT_SUPERVISOR, Role.MANAGER, Role.HANDLER,
    },
    "/dashboard/": set(Role)
    - {Role.ADMINISTRATOR, Role.KNOWLEDGE_EDITOR, Role.AGENT, Role.CONTRACTOR},
    "/monthly/": set(Role)
    - {Role.ADMINISTRATOR, Role.KNOWLEDGE_EDITOR, Role.AGENT, Role.CONTRACTOR},
    "/monthly/export/": set(Role)
    - {Role.ADMINISTRATOR, Role.KNOWLEDGE_EDITOR, Role.AGENT, Role.CONTRACTOR},
    "/indicators/": set(Role)
    - {Role.ADMINISTRATOR, Role.KNOWLEDGE_EDITOR, Role.AGENT, Role.CONTRACTOR},
    "/indicators/trend/?indicator=volume": set(Role)
    - {Role.ADMINISTRATOR, Role.KNOWLEDGE_EDITOR, Role.AGENT, Role.CONTRACTOR},
    "/indicators/dimensions/": set(Role)
    - {Role.ADMINISTRATOR, Role.KNOWLEDGE_EDITOR, Role.AGENT, Role.CONTRACTOR},
    "/months/": set(Role)
    - {Role.ADMINISTRATOR, Role.KNOWLEDGE_EDITOR, Role.AGENT, Role.CONTRACTOR},
    "/months/2026-04/": set(Role)
    - {Role.ADMINISTRATOR, Role.KNOWLEDGE_EDITOR, Role.AGENT, Role.CONTRACTOR},
    "/assessment/units/990101001/": {
        Role.CITY_SUPERVISOR, Role.AUDITOR, Role.DISPATCHER, Role.CALLBACK_AGENT,
        Role.DISTRICT_SUPERVISOR, Role.HANDLER, Role.MANAGER,
    },
    "/bulletins/": set(Role)
    - {Role.ADMINISTRATOR, Role.KNOWLEDGE_EDITOR, Role.AGENT, Role.CONTRACTOR},
    "/years/2026/": set(Role)
    - {Role.ADMINISTRATOR, Role.KNOWLEDGE_EDITOR, Role.AGENT, Role.CONTRACTOR},
    "/course/": set(Role)
    - {Role.ADMINISTRATOR, Role.KNOWLEDGE_EDITOR, Role.AGENT, Role.CONTRACTOR},
    "/wall/": set(Role)
    - {Role.ADMINISTRATOR, Role.KNOWLEDGE_EDITOR, Role.AGENT, Role.CONTRACTOR},
    "/wall/panels/": set(Role)
    - {Role.ADMINISTRATOR, Role.KNOWLEDGE_EDITOR, Role.AGENT, Role.CONTRACTOR},
    "/schemes/": {Role.CITY_SUPERVISOR, Role.AUDITOR, Role.DISTRICT_SUPERVISOR, Role.MANAGER,
                  Role.HANDLER},
    "/schemes/new/": {Role.CITY_SUPERVISOR},
    "/notices/": set(Role),
    "/contradictions/": {
        Role.CITY_SUPERVISOR, Role.AUDITOR, Role.DISTRICT_SUPERVISOR, Role.HANDLER, Role.MANAGER,
    },
    "/pressure/": {Role.CITY_SUPERVISOR, Role.AUDITOR},
}  # fmt: skip


@pytest.mark.parametrize("role", list(Role))
def test_every_page_opens_for_its_roles_only(sign_in: SignIn, role: Role) -> None:
    browser = at_work(sign_in, role)

    opened = {address for address in DOORS if browser.get(address).status_code == 200}

    assert opened == {address for address, roles in DOORS.items() if role in roles}


@pytest.mark.parametrize("address", [*DOORS, "/", "/tickets/2026041400000017/"])
def test_who_has_not_signed_in_is_asked_to(client: Client, address: str) -> None:
    answer = client.get(address)

    assert answer.status_code == 302
    assert answer.headers["Location"].startswith(reverse("account_login"))


def test_a_page_that_does_not_exist_says_what_to_do(sign_in: SignIn) -> None:
    answer = sign_in(Role.AGENT).get("/no-such-page/")

    assert answer.status_code == 404
    assert "请核对工单号" in answer.content.decode()


def test_a_forbidden_page_says_whom_to_ask(sign_in: SignIn) -> None:
    answer = sign_in(Role.AGENT).get("/inbox/")

    assert answer.status_code == 403
    assert "请联系本单位负责人" in answer.content.decode()


def test_invented_data_say_so_on_every_page(sign_in: SignIn) -> None:
    Deployment.objects.update(is_simulated=True)
    forget_all()
    browser = sign_in(Role.DISPATCHER)

    for address in ("/tickets/", "/monthly/", "/notices/", "/no-such-page/"):
        assert "模拟数据" in browser.get(address).content.decode()
