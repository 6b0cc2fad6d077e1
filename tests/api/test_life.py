"""A ticket's whole life over HTTP."""

from __future__ import annotations

import datetime as dt

import pytest
import time_machine

from hotline.core.models import Role
from intake.models import Clock, TicketEvent
from tests.api.conftest import Caller, client_of_unit, person

MINUTES = dt.timedelta(minutes=20)


@pytest.mark.django_db
def test_a_matter_is_walked_from_acceptance_to_close_over_http_alone(
    web: Caller, tuesday_morning: time_machine.Coordinates
) -> None:
    unit = client_of_unit()
    accepted = web.register()
    number = accepted.json()["number"]
    seen = [accepted.json()["state"]]

    def step(caller: Caller, verb: str, **body: str) -> None:
        tuesday_morning.shift(MINUTES)
        response = caller.act(number, verb, body)
        assert response.status_code == 200, response.content.decode()
        seen.append(response.json()["state"])

    step(person(Role.DISPATCHER), "dispatch", lead_unit="990101001", basis="属地")
    step(unit, "sign")
    step(unit, "contact", method="phone")
    step(unit, "reply", text="路灯已修好。", solved="yes", told_by="phone")
    tuesday_morning.shift(dt.timedelta(days=1))  # a night lies between reply and call-back
    caller = person(Role.CALLBACK_AGENT)
    answers = {"contacted": "yes", "resolved": "yes", "satisfaction": "satisfied"}
    step(caller, "callback", outcome="connected", **answers)
    step(caller, "close")

    assert seen == [
        "accepted", "dispatched", "handling", "handling", "callback", "callback", "closed",
    ]  # fmt: skip
    shown = web.get(f"tickets/{number}").json()
    assert shown["close_code"] == "called_back"
    assert [reply["text"] for reply in shown["replies"]] == ["路灯已修好。"]
    assert list(TicketEvent.objects.filter(number=number).values_list("type", flat=True)) == [
        "accepted", "dispatched", "signed", "contacted", "replied", "called_back", "closed",
    ]  # fmt: skip
    assert not Clock.objects.running().filter(ticket__number=number).exists()


@pytest.mark.django_db
def test_the_history_reads_back_without_a_gap_and_in_pages(
    web: Caller, tuesday_morning: time_machine.Coordinates
) -> None:
    number = web.register().json()["number"]
    person(Role.DISPATCHER).act(number, "dispatch", {"lead_unit": "990101001"})
    client_of_unit().act(number, "sign")

    first = web.get(f"tickets/{number}/events", limit=2).json()
    second = web.http.get(first["next"], headers=web.headers).json()

    found = first["results"] + second["results"]
    assert [event["seq"] for event in found] == [1, 2, 3]
    assert [event["label"] for event in found] == ["受理", "派单", "签收"]
    assert second["next"] is None
    # A channel learns what happened, not which colleague did it.
    assert [event["actor"] for event in found] == ["client", "staff", "client"]
