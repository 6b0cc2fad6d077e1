"""One request is one ticket, however often it is sent."""

from __future__ import annotations

import datetime as dt
import threading
from collections import Counter

import pytest
import time_machine
from django.db import connection, connections, transaction

from hotline.core.api.idempotency import forget_old
from hotline.core.models import IdempotencyKey
from hotline.core.reference import forget_all
from intake.models import Ticket, TicketEvent
from tests import factories
from tests.api.conftest import NEW_MATTER, Caller, client_of_channel, client_of_unit

KEY = "9f0c7c0e-2a43-4c53-b0a1-000000000001"


@pytest.mark.django_db
def test_a_repeated_request_is_answered_with_the_same_ticket(web: Caller) -> None:
    first, again = web.register(KEY), web.register(KEY)

    assert (again.status_code, again.json()) == (201, first.json())
    assert again.headers["Idempotent-Replayed"] == "true"
    assert Ticket.objects.count() == 1


@pytest.mark.django_db
def test_the_order_and_spacing_of_the_json_do_not_matter(web: Caller) -> None:
    head = {"Idempotency-Key": KEY}
    called = '"called_at": "2026-04-14T10:00:00+08:00"'
    one = f'{{"matter": "漏水", "is_anonymous": true, "request_type": "help", {called}}}'
    two = f'{{ {called},"request_type":"help","is_anonymous":true,"matter":"\\u6f0f\\u6c34"}}'

    first, again = (web.post("tickets", body.encode(), head) for body in (one, two))

    assert first.status_code == again.status_code == 201
    assert first.json()["number"] == again.json()["number"]


@pytest.mark.django_db
def test_the_same_key_with_other_content_is_refused(web: Caller) -> None:
    web.register(KEY)

    response = web.register(KEY, matter="另一件事：楼道没有灯。")

    assert (response.status_code, response.json()["code"]) == (422, "idempotency_key_reused")
    assert Ticket.objects.count() == 1


@pytest.mark.django_db
def test_two_channels_may_use_the_same_key(web: Caller) -> None:
    assert web.register(KEY).json()["number"] != client_of_channel().register(KEY).json()["number"]


@pytest.mark.django_db
def test_a_refused_request_leaves_its_key_free_for_the_corrected_one(web: Caller) -> None:
    assert web.register(KEY, phone="call me").status_code == 422

    assert web.register(KEY).status_code == 201


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("key", "code"),
    [("", "idempotency_key_required"), ("x" * 129, "idempotency_key_invalid"),
     ("钥匙", "idempotency_key_invalid"), ("a b", "idempotency_key_invalid")],
)  # fmt: skip
def test_registering_needs_a_usable_key(web: Caller, key: str, code: str) -> None:
    response = web.post("tickets", NEW_MATTER, {"Idempotency-Key": key} if key else None)

    assert (response.status_code, response.json()["code"]) == (400, code)


@pytest.mark.django_db
def test_an_action_sent_twice_with_its_key_happens_once(city: None) -> None:
    ticket = factories.dispatched_ticket()
    unit = client_of_unit()
    head = {"Idempotency-Key": KEY, "If-Match": f'"{ticket.version}"'}

    first, again = (unit.act(ticket.number, "sign", {}, head) for _ in range(2))

    assert (first.status_code, again.status_code) == (200, 200)
    assert again.json() == first.json()
    assert TicketEvent.objects.filter(number=ticket.number, type="signed").count() == 1


@pytest.mark.django_db
def test_what_is_kept_holds_no_word_of_the_request(web: Caller) -> None:
    web.register(KEY)

    row = IdempotencyKey.objects.values_list().get()

    assert "王芳" not in str(row)
    assert "13800138000" not in str(row)


@pytest.mark.django_db(transaction=True)
def test_twenty_identical_requests_at_once_are_one_ticket() -> None:
    factories.seed_reference()
    web = client_of_channel()
    answers: list[tuple[int, str]] = []
    together = threading.Barrier(20)

    def send() -> None:
        together.wait()
        response = Caller.register(web, KEY)
        answers.append((response.status_code, response.json().get("number", "")))
        connections.close_all()

    threads = [threading.Thread(target=send) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert Ticket.objects.count() == 1
    assert Counter(answers) == {(201, Ticket.objects.get().number): 20}


@pytest.mark.django_db(transaction=True)
def test_a_request_still_under_way_is_waited_for_and_then_said_to_be_busy() -> None:
    factories.seed_reference()
    web = client_of_channel()
    web.register(KEY)
    stored = IdempotencyKey.objects.values().get()
    IdempotencyKey.objects.all().delete()
    forget_all()
    held, release = threading.Event(), threading.Event()

    def hold() -> None:
        with transaction.atomic():
            IdempotencyKey.objects.create(**stored | {"id": None})
            held.set()
            release.wait(20)
            transaction.set_rollback(True)
        connections.close_all()

    first = threading.Thread(target=hold)
    first.start()
    held.wait(20)
    with connection.cursor() as cursor:
        cursor.execute("SET lock_timeout = '200ms'")
    try:
        response = web.register(KEY)
    finally:
        release.set()
        first.join()
        with connection.cursor() as cursor:
            cursor.execute("SET lock_timeout = '3s'")

    assert (response.status_code, response.json()["code"]) == (409, "request_in_flight")
    assert response.headers["Retry-After"] == "1"
    assert Ticket.objects.count() == 1


@pytest.mark.django_db
def test_a_refused_action_leaves_its_key_free(city: None) -> None:
    ticket = factories.handled_ticket()
    unit, head = client_of_unit(), {"Idempotency-Key": KEY}
    reply = {"text": "路灯已修好。", "solved": "yes"}

    refused = unit.act(ticket.number, "reply", reply, head)

    assert refused.json()["code"] == "requester_not_told"
    assert not IdempotencyKey.objects.exists()
    assert factories.fresh(ticket).version == ticket.version
    assert unit.act(ticket.number, "reply", reply | {"told_by": "phone"}, head).status_code == 200


@pytest.mark.django_db
def test_keys_are_forgotten_after_a_day(
    web: Caller, tuesday_morning: time_machine.Coordinates
) -> None:
    web.register("old")
    tuesday_morning.shift(dt.timedelta(hours=23))
    web.register("new")

    assert forget_old(at=factories.AT + dt.timedelta(hours=24, seconds=1)) == 1
    assert IdempotencyKey.objects.get().key == "new"
