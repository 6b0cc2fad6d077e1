"""Callers of the API: systems with a key, and people with a session."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import time_machine
from django.core.cache import cache
from django.http import HttpResponse
from django.test import Client

from hotline.core.models import ApiClient, Staff, Unit
from hotline.core.reference import forget_all
from tests import factories

NEW_MATTER = {
    "matter": "小区东门外的路灯坏了三天，晚上出门看不清路，请尽快派人修好。",
    "called_at": "2026-04-14T10:00:00+08:00",
    "request_type": "help",
    "phone": "138 0013 8000",
    "name": "王芳",
    "area": "990101001",
    "category": "0501",
}


class Caller:
    """Speaks JSON to the API as one system or one person."""

    def __init__(self, key: str = "", staff: Staff | None = None) -> None:
        self.http = Client(raise_request_exception=False)
        self.headers = {"Authorization": f"Bearer {key}"} if key else {}
        if staff is not None:
            self.http.force_login(staff)

    def get(self, path: str, headers: dict[str, str] | None = None, **query: Any) -> HttpResponse:
        return self.http.get(f"/api/v1/{path}", query, headers=self.headers | (headers or {}))

    def post(
        self,
        path: str,
        body: Any = None,
        headers: dict[str, str] | None = None,
        content_type: str = "application/json",
    ) -> HttpResponse:
        """Bytes go as they are; anything else goes as JSON."""
        return self.http.generic(
            "POST",
            f"/api/v1/{path}",
            body if isinstance(body, bytes) else as_json({} if body is None else body),
            content_type=content_type,
            headers=self.headers | (headers or {}),
        )

    def register(self, key: str | None = None, **changes: Any) -> HttpResponse:
        """A usual matter with some fields changed; None leaves a field out."""
        body = {k: v for k, v in (NEW_MATTER | changes).items() if v is not None}
        return self.post("tickets", body, {"Idempotency-Key": key or uuid.uuid4().hex})

    def act(
        self, number: str, verb: str, body: Any = None, headers: dict[str, str] | None = None
    ) -> HttpResponse:
        return self.post(f"tickets/{number}/actions/{verb}", body, headers)


def as_json(body: Any) -> bytes:
    """UTF-8 as it is; halves of surrogate pairs can only be sent escaped."""
    try:
        return json.dumps(body, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return json.dumps(body).encode()


@pytest.fixture(autouse=True)
def nothing_remembered() -> Iterator[None]:
    """Keys, roles and rates seen by an earlier test mean nothing to this one."""
    forget_all()
    cache.clear()
    yield
    forget_all()


@pytest.fixture
def tuesday_morning() -> Iterator[time_machine.Coordinates]:
    """The clock stands at the factories' own time; a test moves it on."""
    with time_machine.travel(factories.AT, tick=False) as clock:
        yield clock


@pytest.fixture
def city(db: None) -> None:
    factories.seed_reference()


@pytest.fixture
def web(city: None) -> Caller:
    """A channel: creates and reads its own."""
    return client_of_channel()


def client_of_channel(**fields: Any) -> Caller:
    key = ApiClient.new_key()
    factories.make_client(key=key, **fields)
    return Caller(key)


def client_of_unit(unit: Unit | None = None, **fields: Any) -> Caller:
    """A unit's own system: signs and replies for it."""
    key = ApiClient.new_key()
    factories.make_client(unit=unit or factories.unit(), key=key, **fields)
    return Caller(key)


def person(role: str, unit: Unit | None = None) -> Caller:
    return Caller(staff=factories.make_staff(role, unit))


@pytest.fixture
def registered(web: Caller) -> Callable[..., str]:
    """Registers a matter over HTTP and gives its number."""

    def register(**changes: Any) -> str:
        return web.register(**changes).json()["number"]

    return register
