"""Who reads what: lists, details, the inbox, the requester's name."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
import time_machine

from hotline.core.actors import Actor
from hotline.core.models import ApiClient, AuditEntry, Role
from hotline.core.models.clients import Scope
from hotline.core.reference import forget_all
from intake import serializers
from intake.models import Ticket
from tests import factories
from tests.api.conftest import Caller, client_of_channel, client_of_unit, person

pytestmark = pytest.mark.django_db
HIDDEN = ("王芳", "13800138000", "王*", "138****8000")


def numbers(response: Any) -> list[str]:
    assert response.status_code == 200, response.content.decode()
    return [row["number"] for row in response.json()["results"]]


def test_a_channel_sees_its_own_tickets_only(web: Caller) -> None:
    own = web.register().json()["number"]
    other = client_of_channel()
    theirs = other.register().json()["number"]

    assert numbers(web.get("tickets")) == [own]
    assert web.get(f"tickets/{theirs}").status_code == 404
    assert web.get(f"tickets/{theirs}/events").status_code == 404
    assert web.act(theirs, "withdraw", {"is_confirmed": True}).status_code == 404


def test_another_units_key_finds_nothing(city: None) -> None:
    ticket = factories.dispatched_ticket()
    stranger = client_of_unit(factories.unit("990101002"))

    assert numbers(stranger.get("tickets")) == []
    assert stranger.get("inbox").json()["results"] == []
    for response in (
        stranger.get(f"tickets/{ticket.number}"),
        stranger.get(f"tickets/{ticket.number}/events"),
        stranger.act(ticket.number, "sign"),
    ):
        assert (response.status_code, response.json()["code"]) == (404, "not_found")


def test_the_supervising_district_reads_but_does_not_sign(city: None) -> None:
    ticket = factories.dispatched_ticket()
    district = client_of_unit(factories.unit("990101"))

    shown = district.get(f"tickets/{ticket.number}").json()

    assert (shown["order"]["role"], shown["allowed_actions"]) == ("supervise", [])
    assert district.act(ticket.number, "sign").status_code == 403


def test_a_key_without_the_scope_is_refused(city: None) -> None:
    writes_only = client_of_channel(scopes=[Scope.CREATE])
    reads_only = client_of_channel(scopes=[Scope.READ])

    assert writes_only.get("tickets").json()["code"] == "not_permitted"
    assert reads_only.register().json()["code"] == "not_permitted"
    assert reads_only.get("inbox").json()["code"] == "not_permitted"


def test_a_key_taken_away_stops_within_five_seconds(
    web: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    import time

    assert web.get("channels").status_code == 200
    ApiClient.objects.update(is_active=False)  # as another process would, unseen by this one
    assert web.get("channels").status_code == 200
    later = time.monotonic() + 5
    monkeypatch.setattr("hotline.core.api.authentication.time.monotonic", lambda: later)

    assert web.get("channels").status_code == 401


def test_a_ticket_shows_its_promise_and_the_moves_allowed_now(web: Caller) -> None:
    number = web.register().json()["number"]

    response = web.get(f"tickets/{number}")

    shown = response.json()
    assert response.headers["ETag"] == f'"{shown["version"]}"'
    assert response.headers["Cache-Control"] == "no-store"
    assert [clock["kind"] for clock in shown["clocks"]] == ["promise"]
    assert shown["allowed_actions"] == ["withdraw"]
    assert shown["requesters"] == [
        {"role": "main", "name": "王*", "phone": "138****8000", "wants_callback": True}
    ]
    assert (shown["order"], shown["replies"]) == (None, [])


def test_a_unit_sees_its_order_and_all_clocks(city: None) -> None:
    ticket = factories.handled_ticket()

    shown = client_of_unit().get(f"tickets/{ticket.number}").json()

    assert shown["order"]["state"] == "signed"
    assert {clock["kind"] for clock in shown["clocks"]} >= {"promise", "sign", "feedback"}
    assert "王芳" not in str(shown)


def test_a_confidential_ticket_shows_a_unit_nothing_of_who_raised_it(city: None) -> None:
    ticket = factories.handled_ticket(is_confidential=True)
    unit = client_of_unit(scopes=[Scope.READ, Scope.HANDLE, Scope.IDENTITY])

    pages = [
        unit.get("tickets"),
        unit.get("inbox"),
        unit.get(f"tickets/{ticket.number}"),
        unit.get(f"tickets/{ticket.number}/events"),
        unit.post(f"tickets/{ticket.number}/reveal", {"reason": "联系"}),
    ]

    assert [page.status_code for page in pages] == [200, 200, 200, 200, 403]
    assert pages[2].json()["requesters"] == []
    for page in pages:
        assert not any(word in page.content.decode() for word in HIDDEN)


def test_the_requester_is_revealed_with_the_scope_and_written_down(city: None) -> None:
    ticket = factories.handled_ticket()
    may = client_of_unit(scopes=[Scope.READ, Scope.HANDLE, Scope.IDENTITY])
    may_not = client_of_unit()

    refused = may_not.post(f"tickets/{ticket.number}/reveal", {"reason": "联系"})
    shown = may.post(f"tickets/{ticket.number}/reveal", {"reason": "约定上门时间"})

    assert refused.status_code == 403
    assert shown.json()["people"] == [{"role": "main", "name": "王芳", "phone": "+8613800138000"}]
    assert AuditEntry.objects.get().reason == "约定上门时间"


def test_lists_are_newest_first_and_pages_fit_together(web: Caller) -> None:
    made = [web.register(matter=f"第 {n} 件事，请处理。").json()["number"] for n in range(5)]

    first = web.get("tickets", limit=2)
    second = web.http.get(first.json()["next"], headers=web.headers)
    third = web.http.get(second.json()["next"], headers=web.headers)

    assert numbers(first) + numbers(second) + numbers(third) == made[::-1]
    assert third.json()["next"] is None
    assert first.headers["Link"] == f'<{first.json()["next"]}>; rel="next"'


def test_lists_are_narrowed_by_every_filter(city: None) -> None:
    later = factories.AT + dt.timedelta(days=1)
    here = factories.dispatched_ticket(category=factories.category("0102"), level="L2").number
    there = factories.accepted_ticket(
        at=later, area=factories.area("990102001"), request_type="consult"
    ).number
    desk = person(Role.DISPATCHER)
    day = factories.AT.date()
    with time_machine.travel(later + dt.timedelta(hours=1)):
        narrowed = {
            here: [
                {"state": "dispatched,handling"}, {"level": "L2"}, {"category": "01"},
                {"category": "0102"}, {"area": "990101"}, {"area": "990101001"},
                {"lead_unit": "990101001"}, {"request_type": "complaint"},
                {"accepted_to": f"{day}T12:00:00+08:00"}, {"is_overdue": "true"},
            ],
            there: [
                {"state": "accepted"}, {"area": "990102"}, {"request_type": "consult"},
                {"accepted_from": later.isoformat()}, {"is_overdue": "false"},
            ],
        }  # fmt: skip
        for number, queries in narrowed.items():
            for query in queries:
                assert numbers(desk.get("tickets", **query)) == [number], query
        assert numbers(desk.get("tickets", area="990000")) == [there, here]
        rows = desk.get("tickets").json()["results"]
    assert [row["is_overdue"] for row in rows] == [False, True]


@pytest.mark.parametrize(
    "who",
    [
        lambda: factories.dispatcher(),
        lambda: factories.handler(factories.unit("990101001")),
        lambda: factories.handler(factories.unit("990101")),
        lambda: factories.actor(Role.DISTRICT_SUPERVISOR, factories.unit("990101")),
        lambda: factories.actor(Role.ADMINISTRATOR),
        lambda: factories.client_actor(),
    ],
)
def test_the_quick_list_shows_exactly_what_is_visible(city: None, who: Any) -> None:
    reader: Actor = who()
    for n, unit in enumerate(("990101001", "990101002", "990102001", "990101001")):
        at = factories.AT + dt.timedelta(minutes=n)
        factories.dispatched_ticket(at=at, lead_unit=factories.unit(unit))
    factories.accepted_ticket(at=factories.AT)
    if reader.kind == "client":
        factories.accepted_ticket(by=reader)

    quick = list(Ticket.objects.all().newest_visible_to(reader, 3))

    assert quick == list(Ticket.objects.visible_to(reader).order_by("-id")[:3])


def test_the_inbox_has_least_time_left_first_and_pages_fit_together(city: None) -> None:
    slow = factories.dispatched_ticket(at=factories.AT + dt.timedelta(hours=3))
    quick = factories.dispatched_ticket(category=factories.category("0101"))
    usual = factories.dispatched_ticket(at=factories.AT + dt.timedelta(hours=1))
    factories.handled_ticket(lead_unit=factories.unit("990101002"))
    unit, district = client_of_unit(), client_of_unit(factories.unit("990101"))

    first = unit.get("inbox", limit=2).json()
    second = unit.http.get(first["next"], headers=unit.headers).json()

    found = [row["ticket"]["number"] for row in first["results"] + second["results"]]
    due = [row["next_due_at"] for row in first["results"] + second["results"]]
    assert set(found) == {slow.number, quick.number, usual.number}
    assert due == sorted(due)
    # The district's copies have no clock of their own; they are paged all the same.
    page, copies = district.get("inbox", limit=1).json(), 0
    while True:
        copies += len(page["results"])
        if page["next"] is None:
            break
        page = district.http.get(page["next"], headers=district.headers).json()
    assert copies == 4


def test_the_inbox_can_show_what_is_late_or_what_is_not(city: None) -> None:
    late = factories.dispatched_ticket()
    fine = factories.dispatched_ticket(at=factories.AT + dt.timedelta(days=2))
    with time_machine.travel(factories.AT + dt.timedelta(days=2, minutes=10)):
        unit = client_of_unit()
        overdue = unit.get("inbox", is_overdue="true").json()["results"]
        others = unit.get("inbox", is_overdue="false").json()["results"]

    assert [(r["ticket"]["number"], r["is_overdue"]) for r in overdue] == [(late.number, True)]
    assert [(r["ticket"]["number"], r["is_overdue"]) for r in others] == [(fine.number, False)]


def test_people_without_a_unit_have_no_inbox(city: None) -> None:
    assert person(Role.DISPATCHER).get("inbox").status_code == 403


def test_rows_say_what_the_document_says(web: Caller) -> None:
    """The rows are built by hand; the classes that document them must not drift away."""
    number = web.register().json()["number"]
    forget_all()
    row = web.get("tickets").json()["results"][0]
    detail = web.get(f"tickets/{number}").json()
    event = web.get(f"tickets/{number}/events").json()["results"][0]

    assert set(row) == set(serializers.TicketRowSerializer().fields)
    assert row == web.register().json() | {k: row[k] for k in row if row[k] != detail.get(k)} | {
        k: detail[k] for k in row
    }
    assert set(detail) == set(serializers.TicketDetailSerializer().fields)
    assert set(detail["clocks"][0]) == set(serializers.ClockSerializer().fields)
    assert set(detail["requesters"][0]) == set(serializers.RequesterSerializer().fields)
    assert set(event) == set(serializers.EventSerializer().fields)
