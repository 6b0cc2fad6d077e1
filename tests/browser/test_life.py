"""The ticket that the README's request creates is walked to closed in the browser."""

from __future__ import annotations

import datetime as dt
import json
import re
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from hotline.core.models import ApiClient, Role
from intake.models import Clock, State, Ticket
from tests import factories as make

pytestmark = pytest.mark.browser

README = Path(__file__).resolve().parents[2] / "README.md"


def _request_of_the_readme() -> dict[str, Any]:
    """The JSON of the first curl line, with the time that the shell would fill in."""
    found = re.search(r"-d '(\{.*?\n  \})'", README.read_text(encoding="utf-8"), re.DOTALL)
    assert found, "the README has no request to send"
    text = re.sub(r"'\"\$\(date [^)]*\)\"'", timezone.localtime().isoformat(), found[1])
    body: dict[str, Any] = json.loads(text)
    return body


def _created() -> str:
    key = ApiClient.new_key()
    make.make_client(key=key)
    body = _request_of_the_readme()
    # The tests' city is a small one with other classes.
    body |= {"category": "0501", "area": "990101001001"}
    answer = Client().post(
        "/api/v1/tickets",
        json.dumps(body),
        content_type="application/json",
        headers={"Authorization": f"Bearer {key}", "Idempotency-Key": uuid.uuid4().hex},
    )
    assert answer.status_code == 201, answer.content.decode()
    number: str = answer.json()["number"]
    return number


def _press(page: Any, verb: str) -> None:
    """The ticket page's button, then the button of the panel that opens."""
    page.locator(f'a[href$="/do/{verb}/"]').first.click()
    page.locator("#verb-panel form").wait_for()


def _send(page: Any) -> None:
    with page.expect_navigation():
        page.locator("#verb-panel button[type=submit]").click()


def test_the_readmes_ticket_goes_from_dispatch_to_close_by_the_pages(
    open_page: Callable[..., Any], settings: Settings
) -> None:
    settings.CALLBACK_HOURS = (dt.time.min, dt.time.max)  # the test may run at night
    number = _created()
    path = f"/tickets/{number}/"

    desk = open_page(make.make_staff(Role.DISPATCHER), path)
    _press(desk, "dispatch")
    _send(desk)

    street = open_page(make.make_staff(Role.HANDLER, make.unit()), "/inbox/")
    street.get_by_role("button", name="签收").first.click()
    street.locator(".badge-state.state-handling").first.wait_for()
    street.goto(path)
    _press(street, "reply")
    street.fill("#verb-panel textarea[name=text]", "路灯已于今日修好，已电话告知诉求人。")
    street.locator("#verb-panel label", has_text="已解决").first.click()
    street.locator("#verb-panel [name=told_by]").first.wait_for(state="attached")
    _choose(street, "told_by", "phone")
    _send(street)

    Clock.objects.filter(kind="callback").update(opens_at=timezone.now())  # an hour later
    caller = open_page(make.make_staff(Role.CALLBACK_AGENT), f"{path}callback/")
    for digit in ("1", "1", "1"):
        caller.keyboard.press(digit)
    with caller.expect_navigation():
        caller.keyboard.press("F8")

    ticket = Ticket.objects.get(number=number)
    assert ticket.state == State.CLOSED
    assert ticket.close_code == "called_back"
    result = ticket.callback_results.get()
    assert (result.contacted, result.resolved, result.satisfaction) == (True, True, "satisfied")


def _choose(page: Any, name: str, value: str) -> None:
    """A select or a bar of radios, whichever the form shows."""
    field = page.locator(f"#verb-panel select[name={name}]")
    if field.count():
        field.select_option(value)
    else:
        page.locator(f"#verb-panel input[name={name}][value={value}]").check(force=True)
