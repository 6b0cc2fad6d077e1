"""Answers that the requester wants withheld: the unit knows that there is one, and no more."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import time_machine
from django.test import Client

from evaluation import services as evaluation
from evaluation.contradictions import contradictory
from evaluation.models import CallbackResult
from evaluation.reading import as_read_by, open_to, withheld_tickets
from hotline.core import outbox
from hotline.core.models import Role
from intake.models import Ticket
from tests.evaluation.rating import (
    BAD,
    REPLIED,
    answer,
    brought_by,
    last_event,
    link_to,
    web_channel,
)
from tests.factories import (
    actor,
    callback_agent,
    client_actor,
    hours,
    make_client,
    make_staff,
    minutes,
    unit,
)
from tests.kernel.conftest import city, months

__all__ = ["city", "months"]  # fixtures
pytestmark = pytest.mark.usefixtures("city")
SAID = REPLIED + hours(2)
OPINION = "根本没有人来过"
# How the content of the answer below reads, in whatever place.
TRACES = (OPINION, "未解决", "不满意", "dissatisfied", "未联系")
OUTSIDERS = [
    (Role.HANDLER, "990101001"), (Role.MANAGER, "990101001"), (Role.HANDLER, "990101"),
    (Role.DISTRICT_SUPERVISOR, "990101"),
]  # fmt: skip


@pytest.fixture(autouse=True)
def _clock() -> Iterator[None]:
    with time_machine.travel(SAID + minutes(5), tick=False):
        yield


def withheld(**said: object) -> Ticket:
    """A bad answer that its requester keeps from the unit."""
    web = web_channel()
    ticket = brought_by(web, solved="yes")
    answer(link_to(ticket, web), SAID, **{**BAD, "opinion": OPINION, "is_withheld": True, **said})
    return ticket


def browser(role: str, place: str = "hotline") -> Client:
    found = Client()
    found.force_login(make_staff(role, unit(place)))
    return found


def read(client: Client, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200, address
    body = b"".join(answer.streaming_content) if answer.streaming else answer.content
    return body.decode()


def answers_panel(page: str) -> str:
    return page.split('id="results-title"')[1].split("</section>")[0]


def test_the_event_says_that_there_is_an_answer_and_not_which() -> None:
    event = last_event(withheld())

    assert event.type == "called_back"
    assert event.data["is_withheld"] is True
    assert not {"resolved", "satisfaction", "contacted"} & set(event.data)


@pytest.mark.parametrize(("role", "place"), OUTSIDERS)
def test_a_unit_and_its_district_read_no_word_of_it(role: str, place: str) -> None:
    ticket = withheld()
    outbox.deliver_all(at=SAID + minutes(1))
    reader = browser(role, place)
    page = read(reader, f"/tickets/{ticket.number}/")

    assert "已评价，内容不显示" in answers_panel(page)
    assert "诉求人要求不向承办单位显示" in page
    api = f"/api/v1/tickets/{ticket.number}"
    for address in (f"/tickets/{ticket.number}/", "/tickets/export/", "/notices/?all",
                    f"{api}/events", f"{api}/answers", api):  # fmt: skip
        body = read(reader, address)
        assert not [trace for trace in TRACES if trace in body], address


def test_a_units_own_system_reads_no_word_of_it() -> None:
    ticket = withheld()
    make_client(unit=unit(), key="key-of-the-unit")
    system = Client(headers={"authorization": "Bearer key-of-the-unit"})

    (given,) = system.get(f"/api/v1/tickets/{ticket.number}/answers").json()["results"]

    assert (given["is_valid"], given["is_withheld"], given["is_first"]) == (True, True, True)
    assert (given["contacted"], given["resolved"]) == (None, None)
    assert (given["satisfaction"], given["opinion"]) == ("", "")


@pytest.mark.parametrize("role", [Role.CALLBACK_AGENT, Role.CITY_SUPERVISOR, Role.AUDITOR])
def test_the_hotline_and_the_auditor_read_it_in_full(role: str) -> None:
    ticket = withheld()

    page = read(browser(role), f"/tickets/{ticket.number}/")
    api = read(browser(role), f"/api/v1/tickets/{ticket.number}/answers")

    assert all(words in answers_panel(page) for words in ("未联系", "未解决", "不满意", OPINION))
    assert "诉求人要求不向承办单位显示" in answers_panel(page)
    assert page.count(OPINION) == 2  # beside the answers, and in the story
    assert OPINION in api


def test_other_answers_are_read_by_the_unit_in_full() -> None:
    """R-087: with the opinion, and without who gave it."""
    ticket = withheld(is_withheld=False)
    reader = browser(Role.HANDLER, "990101001")

    page = answers_panel(read(reader, f"/tickets/{ticket.number}/"))
    (given,) = reader.get(f"/api/v1/tickets/{ticket.number}/answers").json()["results"]

    assert all(words in page for words in ("未联系", "未解决", "不满意", OPINION))
    assert (given["resolved"], given["opinion"]) == (False, OPINION)
    assert not {"requester", "name", "phone", "party"} & set(given)


def test_of_a_confidential_matter_no_unit_reads_words_that_could_name_somebody() -> None:
    web = web_channel()
    ticket = brought_by(web, is_confidential=True)
    answer(link_to(ticket, web), SAID, **BAD, opinion=OPINION)
    reader = browser(Role.HANDLER, "990101001")

    page = read(reader, f"/tickets/{ticket.number}/")
    (given,) = reader.get(f"/api/v1/tickets/{ticket.number}/answers").json()["results"]

    assert "未解决" in answers_panel(page)
    assert (given["resolved"], given["opinion"]) == (False, "")
    assert not [trace for trace in (OPINION, "王芳", "王*", "138") if trace in page]


def test_the_agent_takes_the_wish_down_on_the_telephone() -> None:
    web = web_channel()
    ticket = brought_by(web)

    evaluation.record_callback(
        number=ticket.number, actor=callback_agent(), at=SAID, outcome="connected",
        is_withheld=True, **BAD,
    )  # fmt: skip

    assert CallbackResult.objects.get().is_withheld
    assert last_event(ticket).data.get("is_withheld") is True


def test_an_attempt_without_an_answer_has_nothing_to_withhold() -> None:
    ticket = brought_by(web_channel())

    evaluation.record_callback(
        number=ticket.number, actor=callback_agent(), at=SAID, outcome="no_answer",
        is_withheld=True,
    )  # fmt: skip

    assert not CallbackResult.objects.get().is_withheld


def test_lists_made_by_content_leave_it_out_for_whoever_may_not_know() -> None:
    ticket = withheld()
    everything = CallbackResult.objects.all()
    outside = [client_actor(unit=unit()), *(actor(r, unit(p)) for r, p in OUTSIDERS)]
    inside = [actor(Role.CITY_SUPERVISOR), actor(Role.AUDITOR), callback_agent()]

    for who in outside:
        seen = Ticket.objects.visible_to(who)
        assert ticket in seen
        assert not contradictory(seen, who).exists()
        assert list(withheld_tickets(who)) == [ticket.pk]
        assert not open_to(who, everything).exists()
    for who in inside:
        assert list(contradictory(Ticket.objects.visible_to(who), who)) == [ticket]
        assert list(withheld_tickets(who)) == []
        assert open_to(who, everything).exists()


def test_reading_it_changes_nothing_that_is_kept() -> None:
    withheld()

    (shown,) = as_read_by(client_actor(unit=unit()), CallbackResult.objects.all())

    assert (shown.resolved, shown.satisfaction) == (None, "")
    assert CallbackResult.objects.get().satisfaction == "dissatisfied"


@pytest.mark.parametrize(
    ("cell", "is_listed"),
    [("contacted", False), ("resolved", False), ("unresolved", False), ("satisfied", False),
     ("basically", False), ("valid", True), ("volume", True)],
)  # fmt: skip
def test_the_list_behind_a_number_does_not_tell_the_answer(cell: str, is_listed: bool) -> None:
    """The number stays: the answer counts."""
    ticket = withheld()
    outbox.deliver_all(at=SAID + minutes(1))
    query = f"/tickets/?period=2026-04&unit={unit().code}&cell={cell}"
    counted = cell in ("unresolved", "valid", "volume")

    inside = read(browser(Role.CITY_SUPERVISOR), query)
    outside = read(browser(Role.MANAGER, "990101001"), query)

    assert (ticket.number in inside) is counted
    assert (ticket.number in outside) is is_listed
    if counted and not is_listed:
        assert "诉求人要求不显示评价" in outside
