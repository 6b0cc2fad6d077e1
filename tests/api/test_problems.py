"""Every refusal is a problem: typed, numbered, in a sentence, in the reader's language."""

from __future__ import annotations

import logging
import threading

import pytest
from django.db import connection, connections, transaction
from django.http import HttpResponse
from django.test import override_settings

from hotline.core.models import Role
from intake.models import Ticket
from tests import factories
from tests.api.conftest import NEW_MATTER, Caller, client_of_unit, person

MEMBERS = {"type", "title", "status", "detail", "instance", "code", "request_id"}


def is_problem(response: HttpResponse, status: int, code: str) -> None:
    body = response.json()
    assert (response.status_code, body["status"], body["code"]) == (status, status, code)
    assert response.headers["Content-Type"] == "application/problem+json"
    assert set(body) >= MEMBERS
    assert body["type"] == f"urn:hotline:problem:{code}"
    assert body["detail"]
    assert body["request_id"] == response.headers["X-Request-ID"]


@pytest.mark.django_db
def test_without_a_key_or_with_a_wrong_one_nobody_is_let_in(web: Caller) -> None:
    for caller, code in (
        (Caller(), "not_authenticated"),
        (Caller("hk_wrong"), "authentication_failed"),
        (Caller(" "), "authentication_failed"),
    ):
        response = caller.get("tickets")

        is_problem(response, 401, code)
        assert response.headers["WWW-Authenticate"] == 'Bearer realm="api"'


@pytest.mark.django_db
def test_addresses_and_methods_that_do_not_exist(web: Caller) -> None:
    number = web.register().json()["number"]

    is_problem(web.get("nothing"), 404, "not_found")
    is_problem(web.get("tickets/2026041400000001"), 404, "not_found")
    is_problem(web.get("tickets/abc"), 404, "not_found")
    is_problem(web.get("tickets/%00"), 404, "not_found")
    is_problem(web.act(number, "explode"), 404, "not_found")
    is_problem(web.get(f"tickets/{number}/actions/sign"), 405, "method_not_allowed")
    is_problem(web.http.delete("/api/v1/tickets", headers=web.headers), 405, "method_not_allowed")


@pytest.mark.django_db
def test_formats_that_are_not_spoken(web: Caller) -> None:
    is_problem(web.get("tickets", {"Accept": "text/html"}), 406, "not_acceptable")
    is_problem(
        web.post("tickets", b"<x/>", {"Idempotency-Key": "k"}, content_type="text/xml"),
        415,
        "unsupported_media_type",
    )
    assert web.get("tickets", {"Accept": "text/html, */*;q=0.1"}).status_code == 200


@pytest.mark.django_db
def test_a_sentence_is_chinese_unless_english_is_asked_for(web: Caller) -> None:
    chinese = web.get("nothing").json()
    asked = web.get("nothing", {"Accept-Language": "en"})

    assert chinese["title"] == "没有找到"
    assert asked.headers["Content-Language"] == "en"


@pytest.mark.django_db
def test_the_callers_own_request_id_comes_back_if_it_is_a_plain_one(web: Caller) -> None:
    own = web.get("nothing", {"X-Request-ID": "gw-7.1"})
    strange = web.get("nothing", {"X-Request-ID": "<script>"})

    assert own.json()["request_id"] == "gw-7.1"
    assert strange.json()["request_id"] != "<script>"


@pytest.mark.django_db
def test_parameters_are_checked_and_named(web: Caller) -> None:
    response = web.get("tickets", stat="open", state="accepted,gone", limit=201, is_overdue="maybe")

    is_problem(response, 400, "invalid_parameter")
    assert {e["parameter"] for e in response.json()["errors"]} == {"stat", "is_overdue"}
    assert web.get("tickets", state="accepted,gone").json()["errors"][0]["parameter"] == "state"
    assert web.get("tickets", limit=201).json()["errors"][0]["parameter"] == "limit"
    assert web.get("tickets", category="\x00").json()["errors"][0]["code"] == "text_not_text"
    for cursor in ("???", "bm8", "W251bGxd", "WyJ4Il0", "WzFlOTld", "水"):
        is_problem(web.get("tickets", cursor=cursor), 400, "cursor_invalid")


@pytest.mark.django_db
def test_an_illegal_move_says_what_is_allowed(city: None) -> None:
    ticket = factories.handled_ticket()

    response = client_of_unit().act(ticket.number, "sign")

    is_problem(response, 409, "move_not_allowed")
    assert "reply" in response.json()["allowed_actions"]
    assert "sign" not in response.json()["allowed_actions"]


@pytest.mark.django_db
def test_acting_on_an_old_version_changes_nothing_and_says_who_was_quicker(city: None) -> None:
    ticket = factories.handled_ticket()
    unit = client_of_unit()
    reply = {"text": "已修好。", "solved": "yes", "told_by": "phone"}

    response = unit.act(ticket.number, "reply", reply, {"If-Match": f'"{ticket.version - 1}"'})

    is_problem(response, 412, "stale_version")
    assert "签收" in response.json()["detail"]
    assert factories.fresh(ticket).state == "handling"
    is_problem(unit.act(ticket.number, "reply", reply, {"If-Match": "7"}), 400, "if_match_invalid")
    assert (
        unit.act(ticket.number, "reply", reply, {"If-Match": f'"{ticket.version}"'}).status_code
        == 200
    )


@pytest.mark.django_db
def test_a_rule_of_the_office_names_the_field_it_is_about(city: None) -> None:
    ticket = factories.handled_ticket()

    response = client_of_unit().act(ticket.number, "reply", {"text": "修好了", "solved": "yes"})

    is_problem(response, 422, "requester_not_told")
    assert response.json()["errors"][0]["pointer"] == "#/told_by"


@pytest.mark.django_db
def test_a_session_needs_the_csrf_token_to_write(city: None) -> None:
    ticket = factories.accepted_ticket()
    desk = person(Role.DISPATCHER)
    desk.http.handler.enforce_csrf_checks = True

    response = desk.act(ticket.number, "dispatch", {"lead_unit": "990101001"})

    is_problem(response, 403, "permission_denied")
    assert factories.fresh(ticket).state == "accepted"


@pytest.mark.django_db
def test_a_client_above_its_rate_is_told_to_wait(city: None) -> None:
    from tests.api.conftest import client_of_channel

    channel = client_of_channel(rate_per_minute=2)

    within = [channel.get("channels") for _ in range(2)]
    above = channel.get("channels")

    assert [r.status_code for r in within] == [200, 200]
    assert within[0].headers["RateLimit-Policy"] == '"client";q=2;w=60'
    assert within[0].headers["RateLimit"].startswith('"client";r=1;t=')
    is_problem(above, 429, "throttled")
    assert 1 <= int(above.headers["Retry-After"]) <= 60


@pytest.mark.django_db
def test_when_the_cache_is_away_nobody_is_refused(
    city: None, caplog: pytest.LogCaptureFixture
) -> None:
    from tests.api.conftest import client_of_channel

    channel = client_of_channel(rate_per_minute=1)
    nowhere = {
        "default": {
            "BACKEND": "hotline.core.cache.FailOpenRedisCache",
            "LOCATION": "redis://127.0.0.1:1/0",
        }
    }
    with override_settings(CACHES=nowhere), caplog.at_level(logging.WARNING, "hotline.cache"):
        answers = [channel.register().status_code for _ in range(2)]

    assert answers == [201, 201]
    assert "cache away" in caplog.text


@pytest.mark.django_db(transaction=True)
def test_a_ticket_in_somebody_elses_hands_is_busy_not_broken() -> None:
    ticket = factories.dispatched_ticket()
    unit = client_of_unit()
    held, release = threading.Event(), threading.Event()

    def hold() -> None:
        with transaction.atomic():
            Ticket.objects.select_for_update().get(pk=ticket.pk)
            held.set()
            release.wait(20)
        connections.close_all()

    other = threading.Thread(target=hold)
    other.start()
    held.wait(20)
    with connection.cursor() as cursor:
        cursor.execute("SET lock_timeout = '200ms'")
    try:
        response = unit.act(ticket.number, "sign")
    finally:
        release.set()
        other.join()

    is_problem(response, 409, "busy")
    assert response.headers["Retry-After"] == "1"
    assert unit.act(ticket.number, "sign").status_code == 200


@pytest.mark.django_db(transaction=True)
def test_an_error_of_ours_is_a_problem_without_its_words(caplog: pytest.LogCaptureFixture) -> None:
    factories.seed_reference()
    from tests.api.conftest import client_of_channel

    web = client_of_channel()
    with connection.cursor() as cursor:
        cursor.execute("ALTER SEQUENCE intake_ticket_number RENAME TO elsewhere")
    try:
        with caplog.at_level(logging.ERROR, "hotline.api"):
            response = web.register()
    finally:
        with connection.cursor() as cursor:
            cursor.execute("ALTER SEQUENCE elsewhere RENAME TO intake_ticket_number")

    is_problem(response, 500, "internal_error")
    assert response.json()["request_id"] in caplog.text
    assert NEW_MATTER["name"] not in caplog.text
    assert "sequence" not in response.content.decode()
