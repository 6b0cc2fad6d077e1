"""A real Chromium on a live server, for what only a browser can show: keys, focus, scripts."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.db import connection
from django.test import Client
from pytest_django.live_server_helper import LiveServer

from hotline.core.models import Staff
from tests import factories as make

# Set by the tests' image or by hand where the browser stands elsewhere.
CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or ""
OpenPage = Callable[..., Any]


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    """One browser process for the whole session. Skips where none is installed."""
    sync_api = pytest.importorskip("playwright.sync_api")
    if not CHROMIUM:
        pytest.skip("no Chromium here: install it (apt install chromium) or name it in CHROMIUM")
    # The driver's event loop runs in this thread; the ORM is used between its calls, never inside.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    with sync_api.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()
    del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


@pytest.fixture
def small_city(transactional_db: None) -> None:
    """The small city, written where the live server sees it."""
    make.seed_reference()


@pytest.fixture
def open_page(chromium: Any, small_city: None, live_server: LiveServer) -> Iterator[OpenPage]:
    """`open_page(staff, path)` is a fresh window in which this person is signed in; an error in a
    script fails the test."""
    contexts, errors = [], []

    def opened(staff: Staff, path: str, *, width: int = 1440, height: int = 900) -> Any:
        client = Client()
        client.force_login(staff)
        context = chromium.new_context(
            base_url=live_server.url,
            viewport={"width": width, "height": height},
            locale="zh-CN",
            timezone_id="Asia/Shanghai",
        )
        contexts.append(context)
        name = django_settings.SESSION_COOKIE_NAME
        context.add_cookies(
            [{"name": name, "value": client.cookies[name].value, "url": live_server.url}]
        )
        page = context.new_page()
        page.set_default_timeout(10_000)
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(path)
        return page

    yield opened
    for context in contexts:
        for page in context.pages:
            # A page that goes saves its draft once more, which would meet the emptied database.
            page.evaluate(
                "document.querySelectorAll('form').forEach((f) => (f.dataset.busy = '1'))"
            )
        context.close()
    _wait_for_the_server()
    assert errors == []


def _wait_for_the_server() -> None:
    """Until the last requests of closed windows have ended: tables are emptied next."""
    for _n in range(40):
        time.sleep(0.05)
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
                " AND state <> 'idle' AND pid <> pg_backend_pid()"
            )
            if not cursor.fetchone()[0]:
                return
