"""manage.py screenshots — every page at 1440 and 390 px, in `screenshots/`, to be looked at.

Serves the site on a free port from the database at hand (a simulated one: real matters are never
photographed), signs in as the demo staff and takes each page as its reader sees it.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from evaluation import addresses
from evaluation.models import MonthClose, Scheme
from evaluation.services import give_link
from hotline.core.actors import actor_for_client
from hotline.core.deployment import deployment
from hotline.core.models import ApiClient
from hotline.core.violations import IllegalMove
from hotline.ops.demo import PASSWORD
from hotline.ops.preparation import prepare
from intake.models import Clock, State, Ticket

WIDTHS = {"1440": (1440, 900), "390": (390, 844)}
BROWSERS = ("chromium", "chromium-browser", "google-chrome")


def pages() -> list[tuple[str, str, str]]:
    """(name, who looks, address) of every page; the tickets are the first suitable ones."""
    handled = _number(Ticket.objects.filter(state=State.HANDLING, rehandle_count__gt=0)) or _number(
        Ticket.objects.filter(state=State.HANDLING)
    )
    waiting = Clock.objects.running().filter(kind="callback", ticket__state=State.CALLBACK)
    called = waiting.order_by("opens_at").values_list("ticket__number", flat=True).first()
    accepted = _number(Ticket.objects.filter(state=State.ACCEPTED))
    closed = _number(Ticket.objects.filter(state=State.CLOSED, rehandle_count__gt=0))
    confidential = _number(Ticket.objects.filter(is_confidential=True))
    month = MonthClose.objects.order_by("-month").values_list("month", flat=True).first()
    scheme = Scheme.objects.order_by("-version").values_list("version", flat=True).first()
    wanted = [
        ("login", "", "/accounts/login/"),
        ("not-found", "agent", "/no-such-page/"),
        ("registration", "agent", "/intake/new/"),
        ("desk", "dispatcher", "/desk/"),
        ("desk-objections", "dispatcher", "/desk/?tab=objections"),
        ("desk-why", "dispatcher", f"/desk/{accepted}/why/"),
        ("inbox-street", "street", "/inbox/"),
        ("inbox-enterprise", "enterprise", "/inbox/"),
        ("inbox-district", "district", "/inbox/"),
        ("tickets", "dispatcher", "/tickets/"),
        ("tickets-empty", "dispatcher", "/tickets/?number=9999999999999999"),
        ("ticket-accepted", "dispatcher", f"/tickets/{accepted}/"),
        ("ticket-dispatch", "dispatcher", f"/tickets/{accepted}/do/dispatch/"),
        ("ticket-handling", "city", f"/tickets/{handled}/"),
        ("ticket-closed", "city", f"/tickets/{closed}/"),
        ("ticket-confidential", "city", f"/tickets/{confidential}/"),
        ("callbacks", "callback", "/callbacks/"),
        ("callback", "callback", f"/tickets/{called}/callback/"),
        ("monthly", "city", "/monthly/"),
        ("monthly-department", "city", "/monthly/?group=city_department"),
        ("monthly-district", "district", "/monthly/"),
        ("month-list", "city", "/months/"),
        ("month", "city", f"/months/{month}/"),
        ("month-of-a-street", "manager", f"/months/{month}/"),
        ("monthly-closed", "city", f"/monthly/?period={month}"),
        ("year", "city", "/years/"),
        ("schemes", "city", "/schemes/"),
        ("scheme", "city", f"/schemes/{scheme}/"),
        ("scheme-new", "city", "/schemes/new/"),
        ("pleas", "city", "/pleas/"),
        ("pleas-of-a-street", "manager", "/pleas/"),
        ("contradictions", "city", "/contradictions/"),
        ("pressure", "city", "/pressure/"),
        ("indicators", "city", f"/indicators/?period={month}"),
        ("indicator", "city", f"/indicators/?indicator=first_resolution&period={month}"),
        ("indicator-trend", "city", "/indicators/trend/?indicator=first_resolution"),
        ("dimensions", "city", f"/indicators/dimensions/?period={month}"),
        ("rating", "", f"/rating/{_link()}/"),
        ("notices", "street", "/notices/"),
        ("journey", "city", f"/tickets/{closed}/journey/"),
        ("catalogue", "dispatcher", "/catalogue/"),
        ("catalogue-try", "dispatcher", "/catalogue/try/?category=0101&area=990101001"),
        ("catalogue-gaps", "dispatcher", "/catalogue/gaps/"),
        ("catalogue-import", "city", "/catalogue/import/"),
        ("guide", "agent", "/guide/?class=0101"),
        ("duties", "agent", "/duties/?list=street"),
        ("api-docs", "agent", "/api/v1/docs/"),
    ]
    return [page for page in wanted if "/None/" not in page[2] and "=None" not in page[2]]


def _number(tickets: Any) -> str | None:
    found: str | None = tickets.order_by("-id").values_list("number", flat=True).first()
    return found


def _link() -> str | None:
    """The token of a link that a requester could open now: asked for by the channel's system, as
    when its user opens it, for the newest ticket that nobody has answered about."""
    replied = Ticket.objects.filter(
        state__in=(State.CALLBACK, State.CLOSED), lead_unit__isnull=False
    )
    silent = replied.filter(client_id__isnull=False).exclude(callback_results__is_valid=True)
    clients = {client.pk: actor_for_client(client) for client in ApiClient.objects.all()}
    for number, client_id in silent.order_by("-pk").values_list("number", "client_id"):
        try:
            link = give_link(number=number, actor=clients[client_id], at=timezone.now())
        except IllegalMove:  # an anonymous one, or one that is over
            continue
        return addresses.token_of(link)
    return None


class Command(BaseCommand):
    help = "Take every page at 1440 and 390 px (needs Chromium and a simulated database)."

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument("--only", default="", help="names of pages that contain this")

    def handle(self, *args: Any, **options: Any) -> None:
        from playwright.sync_api import sync_playwright

        prepare(demo=True, say=self.stdout.write)
        if not deployment().is_simulated:
            raise CommandError("这不是模拟数据，不能拍照。")
        browser_path = next(filter(None, map(shutil.which, BROWSERS)), None)
        if browser_path is None:
            raise CommandError("没有找到 Chromium，请先安装。")
        folder = Path(settings.BASE_DIR) / "screenshots"
        folder.mkdir(exist_ok=True)
        chosen = [page for page in pages() if options["only"] in page[0]]
        # Playwright keeps an event loop in this thread; all queries are done by now.
        with _served() as site, sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path=browser_path,
                args=["--no-sandbox", "--lang=zh-CN"],
                env={**os.environ, "LANGUAGE": "zh_CN"},
            )
            for width, (x, y) in WIDTHS.items():
                for who in sorted({who for _name, who, _path in chosen}):
                    context = browser.new_context(
                        viewport={"width": x, "height": y},
                        locale="zh-CN",
                        timezone_id="Asia/Shanghai",
                    )
                    page = context.new_page()
                    if who:
                        page.goto(f"{site}/accounts/login/")
                        page.fill("input[name=login]", who)
                        page.fill("input[name=password]", PASSWORD)
                        page.press("input[name=password]", "Enter")
                        page.wait_for_load_state()
                    for name, viewer, path in chosen:
                        if viewer == who:
                            page.goto(site + path)
                            page.wait_for_load_state("networkidle")
                            target = folder / f"{name}-{width}.png"
                            page.screenshot(path=str(target), full_page=True)
                            self.stdout.write(f"{target.name}  {page.title()}")
                    context.close()
            browser.close()


@contextmanager
def _served() -> Iterator[str]:
    """The site on a free port, as the application role, for the length of the block."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    web = subprocess.Popen(
        [sys.executable, "-m", "gunicorn", "-c", "python:hotline.gunicorn_conf",
         "--bind", f"127.0.0.1:{port}"],
        cwd=settings.BASE_DIR,
        env={**os.environ, "WEB_WORKERS": "1"},
    )  # fmt: skip
    site = f"http://127.0.0.1:{port}"
    try:
        for _attempt in range(100):
            try:
                urllib.request.urlopen(f"{site}/accounts/login/", timeout=5).close()
                break
            except OSError:
                time.sleep(0.1)
        else:
            raise CommandError("网站没有应答。")
        yield site
    finally:
        web.terminate()
        web.wait(timeout=30)
