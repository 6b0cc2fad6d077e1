"""Every page as axe-core reads it: WCAG 2.1 A and AA, no rule switched off, nothing left out.

The pages are those that the walk of `test_language` meets, so a new page is examined as soon as it
is in that table, where it must be. They are fetched at a frozen time and shown without a server.
"""

from __future__ import annotations

import mimetypes
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
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

from evaluation.models import RatingLink
from hotline.core.models import Role, Unit
from hotline.pages.urls import urlpatterns
from intake.models import Ticket
from tests import factories as make
from tests.browser import axe
from tests.kernel.test_urls_permissions import PAGES, table
from tests.pages import test_language as site

pytestmark = [pytest.mark.browser, pytest.mark.django_db]
REFUSALS = (403, 404)
OpenPage = Callable[..., Any]


@dataclass(frozen=True)
class Page:
    """One answer, the first of its name in both languages; a part of a page or a file: no text."""

    name: str
    said: str
    chinese: str
    english: str = ""


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
            if name not in shown:
                yield Page(name, f"{role} {said}", text, in_english(browser, answer))
            elif new:
                yield Page(name, f"{role} {said}", text)
            shown[name] = shown.get(name, set()) | new
    yield from citizens()


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
    """Each element's tag and classes, and what it tells those who do not see it."""
    found = set()
    for tag, rest in re.findall(r'<(\w+)((?:\s[^\s=>]+(?:="[^"]*")?)*)', text):
        attributes = dict(re.findall(r'\s([^\s=>]+)(?:="([^"]*)")?', rest))
        told = sorted(each for each in attributes if each.startswith(("aria-", "role", "type")))
        found.add((tag, attributes.get("class", ""), *told))
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
    yield Page("/accounts/login/", "POST /accounts/login/", document(refused))
    for status in ("400", "429", "500"):
        yield Page(status, status, render_to_string(f"{status}.html"))


def citizens() -> Iterator[Page]:
    """What requesters find behind their links, and the refusal of a form with nothing in it."""
    nobody = Client()
    for link in RatingLink.objects.order_by("made_at"):
        path = f"/rating/{site.token_of(link)}/"
        for answer in (nobody.get(path), nobody.post(path)):
            said = f"requester {answer.request['REQUEST_METHOD']} /rating/"  # type: ignore[attr-defined]
            yield Page(name_of(answer), said, document(answer), in_english(nobody, answer))


# --- showing --------------------------------------------------------------------------------


class Answers(BaseHTTPRequestHandler):
    """The page to be shown, and the files it asks for, which the browser keeps."""

    protocol_version = "HTTP/1.1"
    shown = ""

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        if path == "/shown":
            self.give(200, self.shown.encode(), "text/html; charset=utf-8", "no-store")
        elif path.startswith("/static/"):
            kind = mimetypes.guess_type(path)[0] or "text/plain"
            self.give(200, static(path), kind, "max-age=3600")
        else:
            self.do_POST()

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.give(204, b"", "text/plain", "no-store")

    def give(self, status: int, body: bytes, kind: str, keep: str) -> None:
        self.send_response(status)
        for name, value in (("Content-Type", kind), ("Content-Length", len(body)),
                            ("Cache-Control", keep)):  # fmt: skip
            self.send_header(name, str(value))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        """Nobody reads it."""


@contextmanager
def window(chromium: Any, **options: Any) -> Iterator[Any]:
    """`show(text)` is a window with this page in it."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    Thread(target=server.serve_forever, daemon=True).start()
    context = chromium.new_context(timezone_id="Asia/Shanghai", **options)
    page = context.new_page()
    page.set_default_timeout(10_000)

    def show(text: str) -> Any:
        Answers.shown = text
        page.goto(f"http://127.0.0.1:{server.server_port}/shown")
        return page

    yield show
    context.close()
    server.shutdown()
    server.server_close()


@cache
def static(path: str) -> bytes:
    found = finders.find(path.removeprefix("/static/"))
    return Path(found).read_bytes() if found else b""


@pytest.fixture
def ticket(small_city: None) -> Ticket:
    """Signed by the street an hour ago; the pages of a live server read the real time."""
    return make.handled_ticket(at=timezone.now() - make.hours(1))


# --- the rules ------------------------------------------------------------------------------


def test_every_page_is_met(pages: list[Page]) -> None:
    read = {route for method, route in table(PAGES) if method == "GET"}
    names = {each.name for each in urlpatterns if str(each.pattern) in read}

    assert names - site.SILENT - {page.name for page in pages} == set()


def test_no_page_breaks_a_rule_on_a_wide_screen_or_a_telephone(
    pages: list[Page], chromium: Any
) -> None:
    """On the telephone each time a page shows something new; on the wide screen, with its dialogs
    and at the keyboard, once."""
    found, examined = [], set()
    with window(chromium, viewport={"width": 390, "height": 900}) as show:
        for each in (page for page in pages if page.chinese):
            page = show(each.chinese)
            wrong = [*axe.violations(page), *axe.too_wide(page, 320, 1440)]
            if each.name not in examined:
                wrong += axe.violations(page) + axe.in_dialogs(page) + axe.at_the_keyboard(page)
            found += [f"{each.said}: {one}" for one in dict.fromkeys(wrong)]
            examined.add(each.name)

    assert not found, "\n".join(found)


def test_no_english_page_breaks_a_rule_at_twice_the_size(pages: list[Page], chromium: Any) -> None:
    """1440 pixels at 200 % are 720 of a page's own."""
    found = []
    options = {"viewport": {"width": 720, "height": 450}, "device_scale_factor": 2}
    with window(chromium, **options) as show:
        for each in (page for page in pages if page.english):
            page = show(each.english)
            wrong = [*axe.violations(page), *axe.too_wide(page, 1440, 320)]
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


@pytest.mark.parametrize("kind", ["table-wrap", "table-wrap is-page", "table-wrap is-tall"])
def test_a_wide_table_without_links_is_a_stop_with_a_name(chromium: Any, kind: str) -> None:
    table = f"<h2>甲</h2><div class='{kind}'><table><tr><td>{'0' * 400}</table></div>"
    text = render_to_string("404.html").replace('<div class="error-page">', f"{table}<div>")
    with window(chromium, viewport={"width": 1440, "height": 900}) as show:
        page = show(text)

        region = page.get_by_role("region", name="甲")
        region.wait_for()
        region.focus()
        page.keyboard.press("ArrowRight")
        page.wait_for_function("document.activeElement.scrollLeft > 0")

        assert page.evaluate(axe.WIDTH) == 1440
