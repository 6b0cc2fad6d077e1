"""Requesters' own ratings and links through a channel, and the answers for a unit's system."""

from __future__ import annotations

from typing import Any

import pytest
import time_machine

from dispatch import services as dispatching
from evaluation import services as evaluation
from evaluation.models import CallbackResult, PressureReport
from hotline.core.models import ApiClient, Role
from hotline.core.models.clients import Scope
from intake.models import State, Ticket
from tests import factories as make
from tests.api.conftest import Caller, client_of_channel, client_of_unit, person

GOOD = {"contacted": "yes", "resolved": "yes", "satisfaction": "satisfied"}
BAD = {"contacted": "no", "resolved": "no", "satisfaction": "very_dissatisfied"}
REPLIED = make.AT + make.hours(1)


@pytest.fixture
def replied(web: Caller, tuesday_morning: time_machine.Coordinates) -> str:
    """A ticket that came in by `web` and was replied to an hour later; it is ten past."""
    number: str = web.register().json()["number"]
    ticket = Ticket.objects.get(number=number)
    at = make.AT + make.minutes(5)
    dispatching.dispatch(number=number, actor=make.dispatcher(), at=at, lead_unit=make.unit())
    dispatching.sign(number=number, actor=make.handler(), at=at)
    make.reply_to(make.fresh(ticket), at=REPLIED)
    tuesday_morning.move_to(REPLIED + make.minutes(10))
    return number


def rate(caller: Caller, number: str, key: str = "", **changes: Any) -> Any:
    headers = {"Idempotency-Key": key} if key else {}
    return caller.post(f"tickets/{number}/rating", {**GOOD, **changes}, headers)


# === Rating =================================================================================


def test_a_channels_user_rates_and_need_not_be_called(web: Caller, replied: str) -> None:
    answer = rate(web, replied, opinion="很好", is_withheld=True)

    result = CallbackResult.objects.get()
    assert answer.status_code == 201
    assert answer.json()["state"] == State.CALLBACK
    assert (result.channel, result.called_by_id) == ("own", None)
    assert (result.is_valid, result.is_withheld, result.opinion) == (True, True, "很好")
    assert not Ticket.objects.get(number=replied).clocks.filter(
        kind="callback", stopped_at=None
    ).exists()  # fmt: skip


@pytest.mark.parametrize("missing", ["contacted", "resolved", "satisfaction"])
def test_all_three_are_answered(web: Caller, replied: str, missing: str) -> None:
    answer = rate(web, replied, **{missing: None})

    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == [f"#/{missing}"]
    assert not CallbackResult.objects.exists()


def test_one_matter_is_rated_once(web: Caller, replied: str) -> None:
    rate(web, replied)

    again = rate(web, replied, **BAD)

    assert (again.status_code, again.json()["code"]) == (409, "rated_already")
    assert CallbackResult.objects.get().resolved is True


def test_the_same_request_sent_again_is_the_same_rating(web: Caller, replied: str) -> None:
    first, again = rate(web, replied, key="k1"), rate(web, replied, key="k1")

    other = rate(web, replied, key="k1", **BAD)

    assert (first.status_code, again.status_code) == (201, 201)
    assert again.headers["Idempotent-Replayed"] == "true"
    assert other.json()["code"] == "idempotency_key_reused"
    assert CallbackResult.objects.count() == 1


def test_not_before_the_unit_has_replied_or_its_limit_has_expired(
    web: Caller, tuesday_morning: time_machine.Coordinates
) -> None:
    number = web.register().json()["number"]
    waiting = rate(web, number).json()["code"]
    at = make.AT + make.minutes(5)
    dispatching.dispatch(number=number, actor=make.dispatcher(), at=at, lead_unit=make.unit())
    due = Ticket.objects.get(number=number).clocks.get(kind="feedback").due_at
    tuesday_morning.move_to(due - make.minutes(1))
    handling = rate(web, number).json()["code"]
    tuesday_morning.move_to(due)

    late = rate(web, number, **BAD)

    assert (waiting, handling) == ("rating_not_dispatched", "rating_not_open")
    assert late.status_code == 201
    assert late.json()["state"] == State.DISPATCHED


def test_after_a_silence_the_reply_is_rated_anew(
    web: Caller, tuesday_morning: time_machine.Coordinates
) -> None:
    number = web.register().json()["number"]
    at = make.AT + make.minutes(5)
    dispatching.dispatch(number=number, actor=make.dispatcher(), at=at, lead_unit=make.unit())
    dispatching.sign(number=number, actor=make.handler(), at=at)
    ticket = Ticket.objects.get(number=number)
    tuesday_morning.move_to(ticket.clocks.get(kind="feedback").due_at + make.hours(2))
    rate(web, number, **BAD)
    twice = rate(web, number, **BAD).json()["code"]
    tuesday_morning.shift(make.hours(1))
    make.reply_to(make.fresh(ticket), at=make.AT + make.days(7) + make.hours(4))
    tuesday_morning.move_to(make.AT + make.days(7) + make.hours(5))

    anew = rate(web, number)

    first, last = CallbackResult.objects.order_by("pk")
    assert (twice, anew.status_code) == ("rated_already", 201)
    assert (first.is_first, first.resolved) == (True, False)
    assert (last.is_first, last.resolved) == (False, True)


def test_beside_the_answer_to_a_call_the_own_rating_is_a_fact_of_its_own(
    web: Caller, replied: str, tuesday_morning: time_machine.Coordinates
) -> None:
    ticket = Ticket.objects.get(number=replied)
    make.call_back(ticket, at=REPLIED + make.hours(2))
    evaluation.close(number=replied, actor=make.callback_agent(), at=REPLIED + make.hours(3))
    tuesday_morning.move_to(REPLIED + make.days(20))

    later = rate(web, replied, **BAD)

    first, last = CallbackResult.objects.order_by("pk")
    assert later.status_code == 201
    assert (first.channel, first.is_first, last.channel) == ("phone", True, "own")
    assert make.fresh(ticket).state == State.CLOSED


def test_once_the_matter_cannot_be_opened_again_it_cannot_be_rated(
    web: Caller, replied: str, tuesday_morning: time_machine.Coordinates
) -> None:
    make.call_back(Ticket.objects.get(number=replied), at=REPLIED + make.hours(2))
    closed_at = REPLIED + make.hours(3)
    evaluation.close(number=replied, actor=make.callback_agent(), at=closed_at)
    tuesday_morning.move_to(closed_at + make.days(30))

    answer = rate(web, replied)

    assert (answer.status_code, answer.json()["code"]) == (409, "rating_over")


def test_pressure_is_told_by_the_same_way(web: Caller, replied: str) -> None:
    rate(web, replied, pressure="withdraw", pressure_words="要我撤诉")

    report = PressureReport.objects.get()
    assert (report.kind, report.channel) == ("withdraw", "own")
    assert report.written_by.startswith("client:")


def test_an_unknown_field_is_named(web: Caller, replied: str) -> None:
    answer = rate(web, replied, stars=5)

    assert answer.json()["errors"][0]["pointer"] == "#/stars"
    assert not CallbackResult.objects.exists()


# === Who may not ============================================================================


def test_nobody_but_the_channel_of_the_matter_rates(web: Caller, replied: str) -> None:
    strangers = {
        "another channel": client_of_channel(),
        "the unit's system": client_of_unit(),
        "another unit's": client_of_unit(make.unit("990102001")),
        "the handler": person(Role.HANDLER, make.unit()),
        "another handler": person(Role.HANDLER, make.unit("990102001")),
        "the caller-back": person(Role.CALLBACK_AGENT),
        "an agent": person(Role.AGENT),
        "the authority": person(Role.CITY_SUPERVISOR),
    }

    refused = {name: rate(who, replied).status_code for name, who in strangers.items()}
    links = {
        name: who.post(f"tickets/{replied}/rating-link").status_code
        for name, who in strangers.items()
    }

    assert refused == links
    assert refused == {
        "another channel": 404, "the unit's system": 403, "another unit's": 403,
        "the handler": 403, "another handler": 404, "the caller-back": 403, "an agent": 403,
        "the authority": 403,
    }  # fmt: skip
    assert not CallbackResult.objects.exists()


def test_a_key_that_serves_a_channel_and_a_unit_never_rates(
    tuesday_morning: time_machine.Coordinates, city: None
) -> None:
    """Else a unit that brings matters in could rate itself."""
    both = client_of_unit(channel=make.channel("web"))
    number = make.replied_ticket().number
    Ticket.objects.update(client=ApiClient.objects.get())

    assert both.register().status_code == 403
    assert rate(both, number).status_code == 403
    assert both.post(f"tickets/{number}/rating-link").status_code == 403


def test_a_key_that_only_reads_does_not_rate(web: Caller, replied: str) -> None:
    reader = client_of_channel(scopes=[Scope.READ])

    assert rate(reader, replied).status_code == 403


def test_an_anonymous_matter_has_nobody_to_rate(
    web: Caller, tuesday_morning: time_machine.Coordinates
) -> None:
    number = web.register(phone=None, name=None, is_anonymous=True).json()["number"]

    assert rate(web, number).json()["code"] == "rating_anonymous"


# === Links ==================================================================================


def test_a_channel_gets_a_link_for_its_user(web: Caller, replied: str, settings: Any) -> None:
    settings.SITE_URL = "https://rating.example.org"
    first = web.post(f"tickets/{replied}/rating-link")
    again = web.post(f"tickets/{replied}/rating-link")

    page = web.http.get(first.json()["url"].removeprefix("https://rating.example.org"))

    assert first.status_code == 201
    assert first.json() == again.json()
    assert first.json()["expires_at"] == "2026-04-21T11:10:00+08:00"
    assert page.status_code == 200
    assert "请评价办理情况" in page.content.decode()


def test_without_a_configured_address_the_link_leads_to_where_it_was_asked(
    web: Caller, replied: str, settings: Any
) -> None:
    settings.SITE_URL = ""

    url = web.post(f"tickets/{replied}/rating-link").json()["url"]

    assert url.startswith("http://testserver/rating/")


# === Reading ================================================================================


def test_a_units_system_reads_what_was_answered(web: Caller, replied: str) -> None:
    rate(web, replied, **BAD, opinion="没有人来")

    (given,) = client_of_unit().get(f"tickets/{replied}/answers").json()["results"]

    assert given["unit"]["code"] == make.unit().code
    assert given["result"] == CallbackResult.objects.get().pk
    assert (given["channel"], given["outcome"], given["round"]) == ("own", "connected", 1)
    assert (given["contacted"], given["resolved"]) == (False, False)
    assert (given["satisfaction"], given["opinion"]) == ("very_dissatisfied", "没有人来")


def test_who_may_read_the_answers(web: Caller, replied: str) -> None:
    address = f"tickets/{replied}/answers"

    assert web.get(address).status_code == 403
    assert client_of_channel().get(address).status_code == 403
    assert client_of_unit(make.unit("990102001")).get(address).status_code == 404
    assert person(Role.DISTRICT_SUPERVISOR, make.unit("990101")).get(address).status_code == 200
    assert person(Role.AUDITOR).get(address).json() == {"results": []}
