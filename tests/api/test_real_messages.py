"""Real citizens' messages, from the channel's request to the closed ticket, over HTTP alone."""

from __future__ import annotations

import csv
import datetime as dt
import sys
from typing import Any

import pytest
import time_machine

from hotline.core.models import Role
from hotline.core.working_time import BUSINESS_ZONE
from intake.models import Clock, State, Ticket, TicketEvent
from tests import factories
from tests.api.conftest import Caller, client_of_unit, person
from tests.realdata import required

# Every so many messages of the file one is walked through its life; all 1,722 go through the
# simulator's test.
STEP = 30
LIFE = ["accepted", "dispatched", "signed", "contacted", "replied", "called_back", "closed"]


def _messages() -> list[dict[str, str]]:
    csv.field_size_limit(sys.maxsize)
    with required("messages/labelled_full.csv").open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))[::STEP]


@pytest.mark.realdata
@pytest.mark.django_db
def test_real_messages_are_walked_from_the_channel_to_the_close_over_http_alone(
    web: Caller,
) -> None:
    messages = _messages()
    desk, unit, caller = person(Role.DISPATCHER), client_of_unit(), person(Role.CALLBACK_AGENT)
    numbers = []
    with time_machine.travel(factories.AT, tick=False) as clock:
        for nth, message in enumerate(messages):
            clock.move_to(factories.AT + dt.timedelta(minutes=nth))
            numbers.append(_accepted(web, nth, message))
        _step(clock, desk, numbers, "dispatch", lead_unit="990101001", basis="属地")
        _step(clock, unit, numbers, "sign")
        _step(clock, unit, numbers, "contact", method="phone")
        _step(clock, unit, numbers, "reply", text="已办理并告知。", solved="yes", told_by="phone")
        clock.shift(dt.timedelta(days=1))
        answers = {"contacted": "yes", "resolved": "yes", "satisfaction": "satisfied"}
        _step(clock, caller, numbers, "callback", outcome="connected", **answers)
        _step(clock, caller, numbers, "close")

    assert Ticket.objects.filter(number__in=numbers, state=State.CLOSED).count() == len(messages)
    for number in numbers:
        told = TicketEvent.objects.filter(number=number).order_by("seq")
        assert [e.type for e in told if e.type not in ("warned", "breached")] == LIFE
        assert [e.seq for e in told] == list(range(1, len(told) + 1))
    assert not Clock.objects.running().exists()


def _accepted(web: Caller, nth: int, message: dict[str, str]) -> str:
    sent = dt.datetime.fromisoformat(message["sent_at"])
    answer = web.register(
        key=f"real-{nth}",
        matter=message["body"],
        title=message["title"][:120],
        called_at=sent.replace(tzinfo=BUSINESS_ZONE).isoformat(),
    )
    # The message itself never appears in the output of a failing test.
    assert answer.status_code == 201, (nth, answer.json().get("code"))
    number: str = answer.json()["number"]
    return number


def _step(
    clock: time_machine.Coordinates, who: Caller, numbers: list[str], verb: str, **body: Any
) -> None:
    clock.shift(dt.timedelta(minutes=5))
    for nth, number in enumerate(numbers):
        answer = who.act(number, verb, body)
        assert answer.status_code == 200, (verb, nth, answer.json().get("code"))
