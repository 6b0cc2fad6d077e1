"""Registering over HTTP: what is refused says so clearly and leaves nothing behind."""

from __future__ import annotations

import json
from typing import Any

import pytest

from hotline.core.models import IdempotencyKey
from intake.models import Requester, Ticket, TicketEvent, TicketRequester
from intake.services.registration import MATTER_LIMIT
from tests.api.conftest import NEW_MATTER, Caller, client_of_unit, person

pytestmark = pytest.mark.django_db
MEGABYTE = "水" * (1024 * 1024 // 3)


def test_a_channel_registers_a_matter_and_is_told_its_number_and_promise(web: Caller) -> None:
    response = web.register()

    body = response.json()
    ticket = Ticket.objects.get(number=body["number"])
    assert response.status_code == 201
    assert response.headers["Location"] == f"/api/v1/tickets/{ticket.number}"
    assert response.headers["ETag"] == '"1"'
    assert (body["state"], body["channel"]["code"]) == ("accepted", "web")
    assert (body["district"]["name"], body["area"]["name"]) == ("甲区", "甲一街道")
    assert TicketEvent.objects.get(ticket_id=ticket.pk).type == "accepted"


@pytest.mark.parametrize(
    "written",
    ["13800138000", "138 0013 8000", "138-0013-8000", "+86 13800138000", "１３８００１３８０００"],
)
def test_a_number_in_any_usual_writing_is_one_requester(web: Caller, written: str) -> None:
    assert web.register(phone=written).status_code == 201

    assert Requester.objects.get().phone == "+8613800138000"


REFUSED: list[tuple[dict[str, Any], str, str]] = [
    ({"matter": None}, "#/matter", "required"),
    ({"matter": "  "}, "#/matter", "required"),
    ({"matter": "\u200b\u2060"}, "#/matter", "text_required"),
    ({"matter": "水管漏了\u0000"}, "#/matter", "text_not_text"),
    ({"matter": "水管漏了\u0007，请来修"}, "#/matter", "text_not_text"),
    ({"matter": "水管漏了\ud800"}, "#/matter", "text_not_text"),
    ({"matter": MEGABYTE}, "#/matter", "text_too_long"),
    ({"matter": 12345}, "#/matter", "not_a_string"),
    ({"matter": ["漏水"]}, "#/matter", "not_a_string"),
    ({"called_at": None}, "#/called_at", "required"),
    ({"called_at": "2099-01-01T08:00:00+08:00"}, "#/called_at", "called_in_future"),
    ({"called_at": "2026-04-14T10:00:00"}, "#/called_at", "not_a_time"),
    ({"called_at": "2026-02-30T10:00:00+08:00"}, "#/called_at", "not_a_time"),
    ({"called_at": "0001-01-01T00:00:00+14:00"}, "#/called_at", "time_out_of_range"),
    ({"called_at": 1770000000}, "#/called_at", "not_a_string"),
    ({"category": "999999"}, "#/category", "unknown"),
    ({"category": "05\u0000"}, "#/category", "text_not_text"),
    ({"area": "123456"}, "#/area", "unknown"),
    ({"area": "99\ud800"}, "#/area", "text_not_text"),
    ({"request_type": "gossip"}, "#/request_type", "invalid_choice"),
    ({"level": "L9"}, "#/level", "invalid_choice"),
    ({"phone": None}, "#/phone", "contact_required"),
    ({"phone": "call me"}, "#/phone", "phone_not_a_number"),
    ({"phone": "138****8000"}, "#/phone", "masked_value"),
    ({"is_anonymous": "yes"}, "#/is_anonymous", "not_a_boolean"),
    ({"is_anonymous": True}, "#/is_anonymous", "contact_and_anonymous"),
    ({"address": "路" * 201}, "#/address", "max_length"),
    ({"catagory": "0501"}, "#/catagory", "unknown_field"),
    ({"a/b~c": "?"}, "#/a~1b~0c", "unknown_field"),
]


@pytest.mark.parametrize(("changes", "pointer", "code"), REFUSED)
def test_what_cannot_be_registered_is_named_and_leaves_nothing(
    web: Caller, changes: dict[str, Any], pointer: str, code: str
) -> None:
    response = web.register(**changes)

    problem = response.json()
    assert response.status_code == 422
    assert response.headers["Content-Type"] == "application/problem+json"
    assert [(e["pointer"], e["code"]) for e in problem["errors"]] == [(pointer, code)]
    assert problem["errors"][0]["detail"]
    assert len(response.content) < 2_000  # a refusal never sends the text back
    for model in (Ticket, Requester, TicketEvent, IdempotencyKey):
        assert not model.objects.exists()


def test_every_fault_is_named_at_once(web: Caller) -> None:
    problem = web.register(matter=None, called_at=None, category="999999").json()

    assert {e["pointer"] for e in problem["errors"]} == {"#/matter", "#/called_at", "#/category"}
    assert problem["detail"] == "提交的内容有 3 处不合要求，见 errors。"


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b'"x"', b"7", b"null", b"[" * 100_000, b"{", b'{"matter": NaN}', b"\xff\xfe{}"],
)
def test_a_body_that_is_no_json_object_is_refused(web: Caller, body: bytes) -> None:
    response = web.post("tickets", body, {"Idempotency-Key": "k"})

    assert response.status_code in (400, 422)
    assert response.headers["Content-Type"] == "application/problem+json"


def test_more_than_the_server_takes_is_refused_as_too_large(web: Caller) -> None:
    response = web.register(matter="水" * 800_000)

    assert (response.status_code, response.json()["code"]) == (413, "too_large")


@pytest.mark.parametrize("charset", ["gbk", "zlib", "utf-16", "nonsense"])
def test_json_in_another_encoding_is_refused(web: Caller, charset: str) -> None:
    response = web.post(
        "tickets", NEW_MATTER, {"Idempotency-Key": "k"},
        content_type=f"application/json; charset={charset}",
    )  # fmt: skip

    assert response.status_code == 415


def test_emoji_and_marks_of_direction_are_kept_or_dropped_but_never_break(web: Caller) -> None:
    response = web.register(matter="楼道着火了🔥👨‍👩‍👧，\u202e快来\u202c！", name="\u200fأحمد")

    ticket = Ticket.objects.select_related("text").get(number=response.json()["number"])
    assert ticket.text.matter == "楼道着火了🔥👨‍👩‍👧，快来！"


def test_the_longest_matter_is_kept_whole(web: Caller) -> None:
    matter = "水" * MATTER_LIMIT

    number = web.register(matter=matter).json()["number"]

    assert web.get(f"tickets/{number}").json()["matter"] == matter


def test_an_anonymous_matter_has_no_requester(web: Caller) -> None:
    response = web.register(is_anonymous=True, phone=None, name=None)

    assert response.status_code == 201
    assert not TicketRequester.objects.exists()


def test_numbers_in_the_matter_are_not_shown_again(web: Caller) -> None:
    number = web.register(matter="邻居 13912345678 每晚扰民，请管管。").json()["number"]

    shown = web.get(f"tickets/{number}").content.decode()

    assert "13912345678" not in shown
    assert "13800138000" not in shown


def test_neither_staff_nor_a_units_system_registers_here(city: None) -> None:
    body = json.dumps(NEW_MATTER)

    for caller in (person("agent"), client_of_unit()):
        response = caller.post("tickets", body, {"Idempotency-Key": "k"})

        assert (response.status_code, response.json()["code"]) == (403, "not_permitted")
