"""The fourth question: a clue that reaches the authority and nobody who could be meant by it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
import time_machine
from django.test import Client

from evaluation import services as evaluation
from evaluation.models import CallbackResult, PressureReport
from hotline.core import outbox
from hotline.core.api.authentication import client_with_key
from hotline.core.models import AuditEntry, Notice, Role, Staff
from hotline.core.violations import RuleViolation
from hotline.pages.paging import PAGE_SIZE
from intake.models import Ticket, TicketEvent
from tests.evaluation.rating import GOOD, REPLIED, adopted, answer, brought_by, link_to, web_channel
from tests.factories import (
    call_back,
    callback_agent,
    closed_ticket,
    days,
    hours,
    make_client,
    make_staff,
    minutes,
    replied_ticket,
    unit,
)
from tests.kernel.conftest import city, months

__all__ = ["city", "months"]  # fixtures
pytestmark = pytest.mark.usefixtures("city")
CALLED = REPLIED + hours(2)
WORDS = "网格员上门要我改成满意"
TOLD: dict[str, Any] = {"outcome": "connected", "pressure": "change", "pressure_words": WORDS}


def told(ticket: Ticket | None = None, **said: Any) -> Ticket:
    """The requester says so to the agent who calls back."""
    ticket = ticket or replied_ticket()
    evaluation.record_callback(
        number=ticket.number, actor=callback_agent(), at=CALLED, **{**GOOD, **TOLD, **said}
    )
    return ticket


# === Writing it down ========================================================================


def test_what_an_agent_hears_becomes_a_report_and_an_entry_in_the_audit() -> None:
    ticket = told()

    report, entry = PressureReport.objects.get(), AuditEntry.objects.get()
    assert (report.ticket_id, report.kind, report.words) == (ticket.pk, "change", WORDS)
    assert (report.channel, report.told_at) == ("phone", CALLED)
    assert (entry.action, entry.number) == ("pressure_reported", ticket.number)
    assert entry.data == {"report": report.pk}


def test_the_requester_tells_it_through_a_link_as_well() -> None:
    web = web_channel()
    ticket = brought_by(web)

    answer(link_to(ticket, web), CALLED, pressure="silence", pressure_words="")

    report = PressureReport.objects.get()
    assert (report.kind, report.channel) == ("silence", "web")
    assert report.written_by == f"citizen:{ticket.parties.get().requester_id}"


def test_numbers_in_the_words_become_references() -> None:
    told(pressure_words="电话13577778888打来的")

    assert PressureReport.objects.get().words == "电话〔电话1〕打来的"


def test_who_refuses_the_questions_can_still_say_why() -> None:
    told(outcome="refused", contacted=None, resolved=None, satisfaction="")

    assert PressureReport.objects.count() == 1
    assert not CallbackResult.objects.get().is_valid


def test_nobody_who_was_not_reached_said_anything() -> None:
    with pytest.raises(RuleViolation) as refusal:
        told(outcome="no_answer", contacted=None, resolved=None, satisfaction="")

    assert refusal.value.code == "answers_without_call"
    assert not PressureReport.objects.exists()


def test_it_is_no_score_and_no_event() -> None:
    plain, pressed = replied_ticket(), told()
    call_back(plain, at=CALLED)

    def kinds(ticket: Ticket) -> list[tuple[str, set[str]]]:
        events = TicketEvent.objects.filter(ticket_id=ticket.pk).order_by("seq")
        return [(event.type, set(event.data)) for event in events]

    assert kinds(pressed) == kinds(plain)


# === Who may know of it =====================================================================


@pytest.fixture
def clock() -> Iterator[time_machine.Coordinates]:
    with time_machine.travel(CALLED + minutes(5), tick=False) as coordinates:
        yield coordinates


def browser(role: str, place: str = "hotline") -> Client:
    found = Client()
    found.force_login(make_staff(role, unit(place)))
    return found


def read(client: Client, address: str) -> str:
    answer = client.get(address)
    body = b"".join(answer.streaming_content) if answer.streaming else answer.content
    return body.decode() if answer.status_code == 200 else ""


@pytest.mark.usefixtures("clock")
@pytest.mark.parametrize(
    ("role", "place"),
    [
        (Role.HANDLER, "990101001"), (Role.MANAGER, "990101001"), (Role.HANDLER, "990101"),
        (Role.DISTRICT_SUPERVISOR, "990101"), (Role.AGENT, "hotline"), (Role.DISPATCHER, "hotline"),
        (Role.CALLBACK_AGENT, "hotline"), (Role.CONTRACTOR, "hotline"),
        (Role.KNOWLEDGE_EDITOR, "hotline"), (Role.ADMINISTRATOR, "hotline"),
    ],
)  # fmt: skip
def test_no_unit_no_district_and_no_desk_finds_a_trace_of_it(role: str, place: str) -> None:
    ticket = told()
    outbox.deliver_all(at=CALLED + minutes(1))
    reader = browser(role, place)
    one = f"/tickets/{ticket.number}/"
    pages = {
        address: read(reader, address)
        for address in (
            one, f"{one}journey/", f"{one}callback/", "/tickets/", "/tickets/export/", "/inbox/",
            "/callbacks/", "/monthly/", "/notices/?all", "/contradictions/",
            f"/api/v1/tickets/{ticket.number}", f"/api/v1/tickets/{ticket.number}/events",
            f"/api/v1/tickets/{ticket.number}/answers", "/api/v1/inbox",
        )
    }  # fmt: skip

    assert reader.get("/pressure/").status_code == 403
    assert any(pages.values())
    for address, body in pages.items():
        for trace in (WORDS, "要求改变评价", "pressure_reported", "/pressure/"):
            # The agent's own form asks the question; it says nothing of what others answered.
            if address == f"{one}callback/" and trace == "要求改变评价":
                continue
            assert trace not in body, (address, trace)


def test_no_notice_and_no_key_tells_of_it() -> None:
    ticket = told()
    outbox.deliver_all(at=CALLED + minutes(1))
    key = "key-of-the-unit"
    make_client(unit=unit(), key=key)
    assert client_with_key(key) is not None
    system = Client(headers={"authorization": f"Bearer {key}"})

    shown = [
        system.get(f"/api/v1/tickets/{ticket.number}{part}").content.decode()
        for part in ("", "/events", "/answers", "/tree")
    ]
    notices = json.dumps(list(Notice.objects.values("type", "data")))

    assert "pressure" not in notices
    assert "called_back" in notices
    assert not any(trace in body for body in shown for trace in (WORDS, "pressure", "改变评价"))


def test_the_lists_of_those_who_press_look_alike_with_and_without_it(
    clock: time_machine.Coordinates,
) -> None:
    """A unit that compares two tickets finds no difference."""
    plain, pressed = replied_ticket(), told()
    call_back(plain, at=CALLED)
    system = Client(headers={"authorization": f"Bearer {unit_key()}"})

    def shape(ticket: Ticket) -> list[tuple[str, list[str]]]:
        events = system.get(f"/api/v1/tickets/{ticket.number}/events").json()["results"]
        return [(event["type"], sorted(event["data"])) for event in events]

    assert shape(plain) == shape(pressed)


def unit_key() -> str:
    make_client(unit=unit(), key="another-key-of-the-unit")
    return "another-key-of-the-unit"


# === The page ===============================================================================


@pytest.mark.usefixtures("clock")
@pytest.mark.parametrize("role", [Role.CITY_SUPERVISOR, Role.AUDITOR])
def test_the_authority_and_the_auditor_read_it_and_open_the_ticket(role: str) -> None:
    ticket = told()
    reader = browser(role)

    page = read(reader, "/pressure/")

    assert WORDS in page
    assert "要求改变评价" in page
    assert f'href="/tickets/{ticket.number}/"' in page
    assert reader.get(f"/tickets/{ticket.number}/").status_code == 200


@pytest.mark.usefixtures("clock")
def test_the_page_is_paged_newest_first() -> None:
    ticket = closed_ticket()
    party, staff = ticket.parties.get(), Staff.objects.first()
    PressureReport.objects.bulk_create(
        PressureReport(
            ticket=ticket, requester_id=party.requester_id, kind="other", words=f"第{n:03}条",
            channel="phone", told_at=CALLED - days(100 - n), written_by=f"staff:{staff.pk}",
        )
        for n in range(PAGE_SIZE + 5)
    )  # fmt: skip
    reader = browser(Role.AUDITOR)

    first = read(reader, "/pressure/")

    assert first.index(f"第{PAGE_SIZE + 4:03}条") < first.index(f"第{PAGE_SIZE + 3:03}条")
    assert "第004条" not in first
    assert f"共 {PAGE_SIZE + 5} 件" in first
    following = first.split('rel="next"')[0].rsplit('href="', 1)[1].split('"')[0]
    assert "第004条" in read(reader, f"/pressure/{following}")


# === Of whom it is asked ====================================================================


@pytest.mark.parametrize(("percent", "is_asked"), [(100, True), (0, False)])
def test_the_scheme_says_of_how_many_it_is_asked(
    clock: time_machine.Coordinates, percent: int, is_asked: bool
) -> None:
    adopted(pressure_percent=percent)
    ticket = replied_ticket()
    reader = browser(Role.CALLBACK_AGENT)

    page = read(reader, f"/tickets/{ticket.number}/callback/")

    assert ('data-question="pressure"' in page) is is_asked
    assert ("诉求人主动说有人施压" in page) is not is_asked


def test_the_agents_form_takes_it_down(clock: time_machine.Coordinates) -> None:
    ticket = replied_ticket()
    answers = {
        "outcome": "connected", "contacted": "yes", "resolved": "yes", "satisfaction": "satisfied",
        "then": "none", "party": ticket.parties.get().pk,
    }  # fmt: skip

    browser(Role.CALLBACK_AGENT).post(
        f"/tickets/{ticket.number}/callback/",
        {**answers, "pressure": "withdraw", "pressure_words": WORDS},
    )

    assert PressureReport.objects.get().kind == "withdraw"


def test_asked_and_nobody_did_leaves_nothing(clock: time_machine.Coordinates) -> None:
    ticket = replied_ticket()
    answers = {
        "outcome": "connected", "contacted": "yes", "resolved": "yes", "satisfaction": "satisfied",
        "then": "none", "pressure": "none", "party": ticket.parties.get().pk,
    }  # fmt: skip

    browser(Role.CALLBACK_AGENT).post(f"/tickets/{ticket.number}/callback/", answers)

    assert CallbackResult.objects.get().is_valid
    assert not PressureReport.objects.exists()
