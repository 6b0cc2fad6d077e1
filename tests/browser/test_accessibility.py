"""Every page as axe-core reads it: WCAG 2.1 A and AA, no rule switched off, nothing left out.

The pages are those that the walk of `test_language` meets, so a new page is examined as soon as it
is in that table, where it must be. They are fetched at a frozen time and shown without a server.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.conf import settings
from django.contrib.staticfiles import finders
from django.db import transaction
from django.http import HttpResponseBase
from django.template.loader import render_to_string
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoDbBlocker

from hotline.core.models import Role, Unit
from hotline.pages.urls import urlpatterns
from intake.models import Ticket
from tests import factories as make
from tests.browser import axe
from tests.pages import test_language as site

pytestmark = [pytest.mark.browser, pytest.mark.django_db]
HOST = "http://hotline.test"
MEDIA = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
REFUSALS = (403, 404)
OpenPage = Callable[..., Any]


@dataclass(frozen=True)
class Page:
    """One answer in both languages; a form that was sent has only the Chinese one, a part of a page
    or a file none."""

    name: str
    said: str
    chinese: str
    english: str


# --- fetching -------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def pages(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> list[Page]:
    """Every page, as often as it shows something new; nothing of its city is left behind."""
    with ExitStack() as stack:
        stack.enter_context(django_db_blocker.unblock())
        stack.enter_context(time_machine.travel(make.AT, tick=False))
        stack.enter_context(transaction.atomic())
        make.seed_reference()
        found = [*entrance(), *met()]
        transaction.set_rollback(True)
    return found


def sign_in(role: Role, unit: Unit | None = None) -> Client:
    client = Client()
    client.force_login(make.make_staff(role, unit))
    return client


def met() -> Iterator[Page]:
    """What people meet, left out where a page of the same name showed the same kinds of things."""
    site.schemes_of_every_kind()
    site.months_of_every_kind()
    numbers = site.tickets_of_every_kind()
    forms: set[str] = set()
    shown: dict[str, set[tuple[str, ...]]] = {}
    for role, browser in site.everybody(sign_in).items():
        for said, answer in site.walk(browser, numbers, forms):
            name = name_of(answer)
            if name in shown and answer.status_code in REFUSALS:
                continue
            text = document(answer)
            new = kinds(text) - shown.get(name, set())
            if new or name not in shown:
                shown[name] = shown.get(name, set()) | new
                yield Page(name, f"{role} {said}", text, in_english(browser, answer))


def name_of(answer: HttpResponseBase) -> str:
    """Refusals of whole pages are one page each, whatever was asked for."""
    if answer.status_code in REFUSALS:
        return str(answer.status_code)
    return str(answer.resolver_match.url_name)  # type: ignore[attr-defined]


def document(answer: HttpResponseBase) -> str:
    """The page, or nothing where only a part or a file was answered."""
    if "text/html" not in answer.headers.get("Content-Type", ""):
        return ""
    text = site.text_of(answer) if answer.streaming else answer.content.decode()  # type: ignore[attr-defined]
    return text if text.lstrip().lower().startswith("<!doctype") else ""


def kinds(text: str) -> set[tuple[str, ...]]:
    """Each element's tag, classes and attributes by name."""
    found = set()
    for tag, rest in re.findall(r'<(\w+)((?:\s[^\s=>]+(?:="[^"]*")?)*)', text):
        attributes = dict(re.findall(r'\s([^\s=>]+)(?:="([^"]*)")?', rest))
        found.add((tag, attributes.get("class", ""), *sorted(attributes)))
    return found


def in_english(browser: Client, answer: HttpResponseBase) -> str:
    request = answer.request  # type: ignore[attr-defined]
    if request["REQUEST_METHOD"] != "GET":
        return ""
    with english(browser):
        return document(browser.get(f"{request['PATH_INFO']}?{request['QUERY_STRING']}"))


@contextmanager
def english(browser: Client) -> Iterator[None]:
    browser.cookies[settings.LANGUAGE_COOKIE_NAME] = "en"
    yield
    del browser.cookies[settings.LANGUAGE_COOKIE_NAME]


def entrance() -> Iterator[Page]:
    """The way in and out, and what is shown when something went wrong."""
    nobody, agent = Client(), sign_in(Role.AGENT, make.unit("hotline"))
    for browser, path in ((nobody, "/accounts/login/"), (agent, "/accounts/logout/"),
                          (nobody, "/accounts/inactive/")):  # fmt: skip
        answer = browser.get(path)
        yield Page(path, path, document(answer), in_english(browser, answer))
    refused = nobody.post("/accounts/login/", {"login": "", "password": ""})
    yield Page("/accounts/login/", "POST /accounts/login/", document(refused), "")
    for status in ("400", "429", "500"):
        yield Page(status, status, render_to_string(f"{status}.html"), "")


# --- showing --------------------------------------------------------------------------------


@contextmanager
def window(chromium: Any, **options: Any) -> Iterator[Any]:
    """`show(text)` is a window with this page in it."""
    context = chromium.new_context(timezone_id="Asia/Shanghai", **options)
    now: list[str] = []

    def answer(route: Any) -> None:
        path = route.request.url.removeprefix(HOST)
        if route.request.is_navigation_request():
            route.fulfill(body=now[-1], content_type="text/html; charset=utf-8")
        elif path.startswith("/static/"):
            route.fulfill(body=static(path), content_type=MEDIA.get(Path(path).suffix))
        else:
            route.fulfill(status=204)

    context.route("**/*", answer)
    page = context.new_page()
    page.set_default_timeout(10_000)

    def show(text: str) -> Any:
        now.append(text)
        page.goto(f"{HOST}/{len(now)}")
        return page

    yield show
    context.close()


@cache
def static(path: str) -> bytes:
    found = finders.find(path.removeprefix("/static/").partition("?")[0])
    return Path(found).read_bytes() if found else b""


@pytest.fixture
def ticket(small_city: None) -> Ticket:
    """Signed by the street an hour ago; the pages of a live server read the real time."""
    return make.handled_ticket(at=timezone.now() - make.hours(1))


# --- the rules ------------------------------------------------------------------------------


def test_every_page_is_met(pages: list[Page]) -> None:
    names = {pattern.name for pattern in urlpatterns} - site.SILENT

    assert names - {page.name for page in pages} == set()


def test_no_page_breaks_a_rule_on_a_wide_screen_or_a_telephone(
    pages: list[Page], chromium: Any
) -> None:
    found = []
    with window(chromium, viewport={"width": 390, "height": 900}) as show:
        for each in (page for page in pages if page.chinese):
            page = show(each.chinese)
            wrong = [*axe.violations(page), *axe.too_wide(page, 320, 1440)]
            wrong += [*axe.violations(page), *axe.in_dialogs(page), *axe.at_the_keyboard(page)]
            found += [f"{each.said}: {one}" for one in dict.fromkeys(wrong)]

    assert not found, "\n".join(found)


def test_no_english_page_breaks_a_rule_at_twice_the_size(pages: list[Page], chromium: Any) -> None:
    """1440 pixels at 200 % are 720 of a page's own."""
    found = []
    options = {"viewport": {"width": 720, "height": 450}, "device_scale_factor": 2}
    with window(chromium, **options) as show:
        for each in (page for page in pages if page.english):
            page = show(each.english)
            wrong = [*axe.violations(page), *axe.too_wide(page, 1440, 390, 320, 720)]
            found += [f"{each.said}: {one}" for one in wrong]

    assert not found, "\n".join(found)


def type_ahead(page: Any, within: str) -> None:
    """Opens the list under the first field that is typed ahead."""
    page.locator(f"{within} .combobox input").first.fill("甲")
    page.locator('[role="option"]').first.wait_for()


def test_what_opens_on_the_ticket_page_breaks_no_rule(open_page: OpenPage, ticket: Ticket) -> None:
    address = f"/tickets/{ticket.number}/"
    page = open_page(make.make_staff(Role.HANDLER, make.unit()), address)

    page.keyboard.press("?")
    page.locator("dialog[open] .shortcut-sheet").wait_for()
    found = axe.violations(page)
    page.keyboard.press("Escape")
    page.keyboard.press("e")
    page.locator("#verb-panel form").wait_for()
    found += axe.violations(page)
    page.goto(f"{address}do/ask_cooperation/")
    type_ahead(page, "#verb-panel")
    found += axe.violations(page)

    assert found == []


def test_what_opens_on_the_desk_breaks_no_rule(open_page: OpenPage, ticket: Ticket) -> None:
    make.accepted_ticket(at=timezone.now() - make.minutes(20))
    page = open_page(make.make_staff(Role.DISPATCHER), "/desk/")

    page.keyboard.press("j")
    page.keyboard.press("c")
    page.locator("#desk-sheet form").wait_for()
    found = axe.violations(page)
    type_ahead(page, "#desk-sheet")
    found += axe.violations(page)

    assert found == []


def test_the_first_key_leads_past_the_head_of_the_page(open_page: OpenPage, ticket: Ticket) -> None:
    page = open_page(make.make_staff(Role.HANDLER, make.unit()), f"/tickets/{ticket.number}/")

    page.keyboard.press("Tab")
    seen = page.locator(".skip-link").bounding_box()
    page.keyboard.press("Enter")

    assert seen["y"] >= 0
    assert page.evaluate("document.activeElement.id") == "main"


def test_a_wide_table_without_links_is_a_stop_with_a_name(chromium: Any) -> None:
    table = f"<h2>甲</h2><div class='table-wrap'><table><tr><td>{'0' * 200}</table></div>"
    text = render_to_string("404.html").replace('<div class="error-page">', f"{table}<div>")
    with window(chromium, viewport={"width": 390, "height": 900}) as show:
        page = show(text)

        region = page.get_by_role("region", name="甲")
        region.wait_for()
        region.focus()
        page.keyboard.press("ArrowRight")
        page.wait_for_function("document.activeElement.scrollLeft > 0")
