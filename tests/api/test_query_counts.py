"""How many statements a request costs. The numbers may go down; up needs a reason."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext

from hotline.core.models import Role
from tests import factories
from tests.api.conftest import Caller, client_of_unit, person

# The key is known and the reference data remembered, as in a process that serves all day. Each
# writing request carries an Idempotency-Key, which is one statement of these.
MOST = {
    "create": 9,
    "list": 1,
    "read as channel": 3,
    "dispatch": 11,  # with the session and the person, whom a key need not ask for
    "inbox": 1,
    "sign": 8,
    "contact": 9,
    "read as unit": 4,
    "reply": 10,
    "events": 4,
    "callback": 12,
    "close": 12,
    "areas": 1,
    "units": 1,
    "categories": 1,
    "channels": 1,
}
_FRAME = ("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE SAVEPOINT")


@pytest.mark.django_db
def test_no_request_costs_more_statements_than_before(
    web: Caller, tuesday_morning: time_machine.Coordinates
) -> None:
    unit, desk = client_of_unit(), person(Role.DISPATCHER)
    spent: dict[str, int] = {}

    def spend(name: str, request: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
        with CaptureQueriesContext(connection) as queries:
            response = request(*arguments, **options)
        assert response.status_code < 300, response.content.decode()
        spent[name] = sum(not q["sql"].startswith(_FRAME) for q in queries)
        return response

    def act(caller: Caller, verb: str, **body: Any) -> None:
        key = {"Idempotency-Key": uuid.uuid4().hex}
        spend(verb, caller.act, number, verb, body, key)

    for caller in (web, unit, desk):
        caller.get("categories")
    warm = web.register(phone="13900000000", name="李华").json()["number"]
    desk.act(warm, "dispatch", {"lead_unit": "990101001"})
    number = spend("create", web.register).json()["number"]
    unit.get("inbox")
    spend("list", web.get, "tickets")
    spend("read as channel", web.get, f"tickets/{number}")
    act(desk, "dispatch", lead_unit="990101001")
    spend("inbox", unit.get, "inbox")
    act(unit, "sign")
    act(unit, "contact", method="phone")
    spend("read as unit", unit.get, f"tickets/{number}")
    act(unit, "reply", text="路灯已修好。", solved="yes", told_by="phone")
    spend("events", unit.get, f"tickets/{number}/events")
    tuesday_morning.shift(factories.hours(5))
    back = person(Role.CALLBACK_AGENT)
    back.get("categories")
    answers = {"contacted": "yes", "resolved": "yes", "satisfaction": "satisfied"}
    act(back, "callback", outcome="connected", **answers)
    act(back, "close")
    for name in ("areas", "units", "categories", "channels"):
        spend(name, web.get, name)

    assert {name: n for name, n in spent.items() if n > MOST[name]} == {}, spent
    assert set(spent) == set(MOST)
