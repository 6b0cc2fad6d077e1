"""Every address of the site against every kind of person: a table a person can read.

A new address fails here until somebody has written down who may enter it. Verbs under
`actions/` follow the table of `test_visibility`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from django.db import transaction
from django.http import HttpResponseBase
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from evaluation.addresses import new_token, token_hash
from evaluation.models import RatingLink
from evaluation.reference_data.loading import load_scheme
from hotline.core.api.authentication import client_with_key
from hotline.core.models import Role
from intake.models import Ticket
from tests.factories import (
    AT,
    channel,
    closed_ticket,
    days,
    dispatched_ticket,
    make_client,
    make_staff,
    unit,
)
from tests.kernel.test_visibility import cells

pytestmark = pytest.mark.usefixtures("city")

# === The table ==============================================================================
# The ticket is the one of `test_visibility`: brought in by `channel`, led by 甲一街道 in 甲区,
# just dispatched. The people are the same, and `nobody` has not signed in.
#
#   +  comes through the door (what is sent may still be refused)
#   .  is told that this is not for them (403)    -  finds no such thing (404)
#   L  is asked to sign in (302 to the login, or 401)

STAFF = ("agent", "dispatcher", "callback", "city", "contractor", "auditor", "editor", "admin",
         "handler", "manager", "same", "far", "copy", "dist", "odist")  # fmt: skip
SYSTEMS = ("system", "farsys", "channel", "ochan")

# People: agent dispatcher callback city contractor | auditor editor admin | handler manager |
#         same far | copy dist odist | nobody
PAGES = """
GET  livez                                    + + + + +  + + +  + +  + +  + + +  +
GET  readyz                                   + + + + +  + + +  + +  + +  + + +  +
GET  /                                        + + + + +  + + +  + +  + +  + + +  L
POST i18n/setlang/                            + + + + +  + + +  + +  + +  + + +  +
GET  intake/new/                              + + . . +  . . .  . .  . .  . . .  L
POST intake/new/                              + + . . +  . . .  . .  . .  . . .  L
POST intake/new/caller/                       + + . . +  . . .  . .  . .  . . .  L
GET  intake/new/choices/                      + + . . +  . . .  . .  . .  . . .  L
POST intake/new/draft/                        + + . . +  . . .  . .  . .  . . .  L
POST intake/new/draft/discard/                + + . . +  . . .  . .  . .  . . .  L
POST intake/emergency/                        + + . . +  . . .  . .  . .  . . .  L
GET  desk/                                    + + . + .  . . .  . .  . .  . . .  L
POST desk/                                    + + . + .  . . .  . .  . .  . . .  L
GET  desk/updates/                            + + . + .  . . .  . .  . .  . . .  L
POST desk/<str:number>/accept/                - - . - .  . . .  . .  . .  . . .  L
POST desk/<str:number>/undo/                  + + . . .  . . .  . .  . .  . . .  L
GET  desk/<str:number>/why/                   + + . + .  . . .  . .  . .  . . .  L
GET  desk/<str:number>/do/<slug:verb>/        - - . - .  . . .  . .  . .  . . .  L
POST desk/<str:number>/do/<slug:verb>/        - - . - .  . . .  . .  . .  . . .  L
GET  inbox/                                   . . . . .  . . .  + +  + +  + + +  L
GET  inbox/updates/                           . . . . .  . . .  + +  + +  + + +  L
POST inbox/<int:pk>/sign/                     . . . . .  . . .  + +  - -  - - -  L
GET  tickets/                                 + + + + +  + . .  + +  + +  + + +  L
GET  tickets/updates/                         + + + + +  + . .  + +  + +  + + +  L
GET  tickets/export/                          + + + + +  + . .  + +  + +  + + +  L
POST tickets/find/                            + + + . +  . . .  . .  . .  . . .  L
GET  tickets/<str:number>/                    + + + + +  + . .  + +  - -  + + -  L
POST tickets/<str:number>/requester/          + + + . +  . . .  + +  - -  . . -  L
GET  tickets/<str:number>/callback/           . . + . .  . . .  . .  . .  . . .  L
POST tickets/<str:number>/callback/           . . + . .  . . .  . .  . .  . . .  L
POST tickets/<str:number>/callback/link/      . . + . .  . . .  . .  . .  . . .  L
GET  rating/<str:token>/                      . . . . .  . . .  . .  . .  . . .  +
POST rating/<str:token>/                      . . . . .  . . .  . .  . .  . . .  +
GET  leader/                                  . . . + .  . . .  . +  . .  . + +  L
GET  contradictions/                          . . . + .  + . .  + +  + +  + + +  L
GET  pressure/                                . . . + .  + . .  . .  . .  . . .  L
GET  tickets/<str:number>/do/<slug:verb>/     . . . . .  . . .  + +  - -  . . -  L
POST tickets/<str:number>/do/<slug:verb>/     . . . . .  . . .  + +  - -  . . -  L
POST tickets/<str:number>/do/<slug:verb>/draft/ . . . . . . . .  + +  - -  . . -  L
GET  reports/                                 + + + + +  + . .  + +  + +  + + +  L
GET  reports/new/                             + + + + +  + . .  + +  + +  + + +  L
POST reports/new/                             + + + + +  + . .  + +  + +  + + +  L
GET  reports/<int:pk>/                        - - - - -  - . .  - -  - -  - - -  L
POST reports/<int:pk>/run/                    - - - - -  - . .  - -  - -  - - -  L
POST reports/<int:pk>/delete/                 - - - - -  - . .  - -  - -  - - -  L
POST reports/<int:pk>/schedule/               - - - - -  - . .  - -  - -  - - -  L
POST reports/<int:pk>/schedule/<slug:act>/    - - - - -  - . .  - -  - -  - - -  L
GET  reports/runs/<int:pk>/                   - - - - -  - . .  - -  - -  - - -  L
GET  reports/runs/<int:pk>/progress/          - - - - -  - . .  - -  - -  - - -  L
POST reports/runs/<int:pk>/cancel/            - - - - -  - . .  - -  - -  - - -  L
POST reports/runs/<int:pk>/as-csv/            - - - - -  - . .  - -  - -  - - -  L
GET  reports/runs/<int:pk>/download/          - - - - -  - . .  - -  - -  - - -  L
GET  callbacks/                               . . + + .  . . .  . .  . .  . . .  L
GET  pleas/                                   . . . + .  + . .  + +  + +  + + +  L
POST pleas/exclusions/<int:pk>/               . . . - .  . . .  . .  . .  . . .  L
POST pleas/appeals/<int:pk>/                  . . . - .  . . .  . .  . .  . . .  L
GET  dashboard/                               . + + + .  + . .  + +  + +  + + +  L
GET  monthly/                                 . + + + .  + . .  + +  + +  + + +  L
GET  monthly/export/                          . + + + .  + . .  + +  + +  + + +  L
GET  indicators/                              . + + + .  + . .  + +  + +  + + +  L
GET  indicators/trend/                        . - - - .  - . .  - -  - -  - - -  L
GET  indicators/dimensions/                   . + + + .  + . .  + +  + +  + + +  L
GET  months/                                  . + + + .  + . .  + +  + +  + + +  L
GET  months/<str:label>/                      . + + + .  + . .  + +  + +  + + +  L
GET  months/<str:label>/updates/              . + + + .  + . .  + +  + +  + + +  L
POST months/<str:label>/close/                . . . + .  . . .  . .  . .  . . .  L
POST months/<str:label>/appeal/               . . . . .  . . .  . +  . .  . . .  L
POST months/<str:label>/appeals/<int:pk>/     . . . - .  . . .  . .  . .  . . .  L
POST months/<str:label>/bonuses/              . . . + .  . . .  . .  . .  . + +  L
POST months/<str:label>/bonuses/<int:pk>/     . . . - .  . . .  . .  . .  . . .  L
POST months/<str:label>/errata/               . . . + .  . . .  . .  . .  . . .  L
POST months/<str:label>/talks/                . . . + .  . . .  . .  . .  . + +  L
GET  assessment/units/<str:code>/             . - - - .  - . .  - -  - -  - - -  L
GET  assessment/units/<str:code>/why/<str:label>/ . - - - . - . . - -  - -  - - -  L
GET  bulletins/                               . + + + .  + . .  + +  + +  + + +  L
GET  bulletins/<int:pk>/                      . - - - .  - . .  - -  - -  - - -  L
GET  bulletins/<int:pk>/files/<slug:kind>/    . - - - .  - . .  - -  - -  - - -  L
GET  bulletins/preview/<str:label>/           . . . + .  . . .  . .  . .  . . .  L
POST bulletins/preview/<str:label>/publish/   . . . + .  . . .  . .  . .  . . .  L
GET  years/                                   . + + + .  + . .  + +  + +  + + +  L
GET  years/<int:number>/                      . + + + .  + . .  + +  + +  + + +  L
GET  years/<int:number>/export/               . + + + .  + . .  + +  + +  + + +  L
GET  course/                                  . + + + .  + . .  + +  + +  + + +  L
GET  wall/                                    . + + + .  + . .  + +  + +  + + +  L
GET  wall/panels/                             . + + + .  + . .  + +  + +  + + +  L
GET  notices/                                 + + + + +  + + +  + +  + +  + + +  L
POST notices/read/                            + + + + +  + + +  + +  + +  + + +  L
GET  options/areas/                           + + + + +  + + +  + +  + +  + + +  L
GET  schemes/                                 . . . + .  + . .  + +  + +  + + +  L
GET  schemes/new/                             . . . + .  . . .  . .  . .  . . .  L
POST schemes/new/                             . . . + .  . . .  . .  . .  . . .  L
GET  schemes/<int:version>/                   . . . + .  + . .  + +  + +  + + +  L
GET  schemes/<int:version>/edit/              . . . - .  . . .  . .  . .  . . .  L
POST schemes/<int:version>/edit/              . . . - .  . . .  . .  . .  . . .  L
POST schemes/<int:version>/consult/           . . . - .  . . .  . .  . .  . . .  L
POST schemes/<int:version>/adopt/             . . . - .  . . .  . .  . .  . . .  L
POST schemes/<int:version>/discard/           . . . - .  . . .  . .  . .  . . .  L
GET  schemes/<int:version>/what-if/           . . . + .  + . .  . .  . .  . . .  L
GET  catalogue/                               + + + + +  + + +  + +  + +  + + +  L
GET  catalogue/export/                        - - - - -  - - -  - -  - -  - - -  L
GET  catalogue/try/                           + + + + +  + + +  + +  + +  + + +  L
GET  catalogue/gaps/                          + + + + +  + + +  + +  + +  + + +  L
GET  catalogue/import/                        . . . + .  . . +  . .  . .  . . .  L
POST catalogue/import/                        . . . + .  . . +  . .  . .  . . .  L
POST catalogue/publish/                       . . . - .  . . -  . .  . .  . . .  L
POST catalogue/discard/                       . . . - .  . . -  . .  . .  . . .  L
GET  catalogue/precedents/                    + + + + +  + + +  + +  + +  + + +  L
POST catalogue/precedents/<int:pk>/end/       . - . - .  . . -  . .  . .  . . .  L
GET  guide/                                   + + + + +  + + +  + +  + +  + + +  L
GET  duties/                                  + + + + +  + + +  + +  + +  + + +  L
GET  tickets/<str:number>/journey/            + + + + +  + . .  + +  - -  + + -  L
"""

# Systems with a key: system (of the lead unit) farsys (of another) channel ochan | then people:
# agent auditor admin handler far | nobody
API = """
GET  api/v1/tickets                           + + + +  + + + + +  L
POST api/v1/tickets                           . . + +  . . . . .  L
GET  api/v1/listed-tickets                    . . . .  + + + + +  L
GET  api/v1/tickets/NUMBER                    + - + -  + + - + -  L
GET  api/v1/tickets/NUMBER/events             + - + -  + + - + -  L
POST api/v1/tickets/NUMBER/reveal             . . . .  + . - + -  L
GET  api/v1/tickets/NUMBER/tree              + - + -  + + - + -  L
POST api/v1/tickets/NUMBER/rating             . . + -  . . - . -  L
POST api/v1/tickets/NUMBER/rating-link        . . + -  . . - . -  L
GET  api/v1/tickets/NUMBER/answers            + - . .  + + - + -  L
GET  api/v1/callbacks                         . . . .  . . . . .  L
POST api/v1/callbacks/NUMBER/robot            . . . .  . . . . .  L
GET  api/v1/inbox                             + + . .  . . . + +  L
GET  api/v1/rankings                          + + + +  . + . + +  L
GET  api/v1/rankings/<str:month>              - - . .  . - . - -  L
GET  api/v1/rankings/<str:month>/<str:dataset>.<slug:kind> - - - - . - . - - L
GET  api/v1/categories                        + + + +  + + + + +  L
GET  api/v1/categories/<str:code>              + + + +  + + + + +  L
GET  api/v1/areas                             + + + +  + + + + +  L
GET  api/v1/units                             + + + +  + + + + +  L
GET  api/v1/channels                          + + + +  + + + + +  L
GET  api/v1/schema                            + + + +  + + + + +  +
GET  api/v1/docs/                             + + + +  + + + + +  +
GET  api/v1/                                  - - - -  - - - - -  -
POST api/v1/                                  - - - -  - - - - -  -
"""
API_PEOPLE = ("agent", "auditor", "admin", "handler", "far")
NUMBER = r"(?P<number>\d{16})"
ACTION = f"api/v1/tickets/{NUMBER}/actions/"
# What is sent to each, so that only the sender decides.
BODIES: dict[str, dict[str, object]] = {
    "dispatch": {"lead_unit": "990101001"},
    "answer": {"text": "可以办理。"},
    "inform": {"code": "d6_dissuaded", "reason": "依法"},
    "classify": {"urgency": "urgent"},
    "amend": {"matter": "另一种说法。"},
    "merge_into": {},
    "withdraw": {"is_confirmed": True},
    "reopen": {"reason": "又坏了"},
    "note": {"text": "备注"},
    "sign": {},
    "contact": {"method": "phone"},
    "report": {"text": "已到现场", "told_by": "phone"},
    "reply": {"text": "已办", "solved": "yes", "told_by": "phone"},
    "object": {"ground": "jurisdiction", "reason": "不在辖区", "basis": "第二条"},
    "designate": {"unit": "city-urban", "ruling": "属市政设施"},
    "undo_dispatch": {},
    "ask_cooperation": {"unit": "city-urban", "task": "核查"},
    "delegate": {"unit": "990101001001", "task": "核实"},
    "sign_part": {},
    "hand_in": {"text": "已核查"},
    "interim": {"text": "在查", "late_reason": "送检", "next_at": "2026-04-20T10:00:00+08:00"},
    "release": {"unit": "city-urban", "reason": "已查清"},
    "consult": {"question": "x", "members": "city-urban"},
    "conclude_consultation": {"opinion": "由街道办理"},
    "escalate": {"authority": "990101", "question": "x"},
    "answer_escalation": {"opinion": "由街道办理"},
    "ask_extension": {"amount": 1, "ground": "legal", "reason": "等待检测", "told_by": "phone"},
    "grant_extension": {},
    "refuse_extension": {"decision": "不属法定程序"},
    "ask_facts": {"question": "哪个房间？"},
    "facts_received": {"answer": "次卧"},
    "hold": {
        "kind": "funds", "plan": "明年", "review_at": "2026-05-04T10:00:00+08:00",
        "told_by": "phone",
    },
    "approve_hold": {},
    "refuse_hold": {"decision": "可以解决"},
    "review_hold": {"finding": "仍无资金", "next_at": "2026-05-10T10:00:00+08:00"},
    "clear_hold": {"clearance": "资金到位"},
    "order_onsite": {
        "units": "990102001", "place": "小区东门", "meet_at": "2026-04-15T10:00:00+08:00",
        "ground": "unclear", "reason": "查明由谁负责",
    },
    "arrive_onsite": {},
    "decide_onsite": {"decision": "由现主办单位负责"},
    "pass_to_liaison": {
        "organisation_kind": "central_organ", "organisation": "某机关", "told_by": "phone",
    },
    "make_precedent": {"scope": "street", "clause": "属地"},
    "recall": {"reason": "派错"},
    "return_to_desk": {},
    "reject_objection": {"ruling": "属地"},
    "callback": {
        "outcome": "connected", "contacted": "yes", "resolved": "yes", "satisfaction": "satisfied",
    },
    "rehandle": {},
    "close": {},
    "accept_answer": {},
    "instruct": {"text": "今日核实"},
    "answer_instruction": {"answer": "已核实"},
    "accept_instruction": {},
    "send_back_instruction": {"text": "查明原因"},
    "ask_exclusion": {
        "scope": "rates", "ground": "unreasonable", "reason": "法律不允许", "evidence": "勘察记录",
    },
    "grant_exclusion": {},
    "refuse_exclusion": {"ruling": "属于职责"},
    "appeal": {
        "result": 1, "ground": "other_unit", "reason": "另一单位", "evidence": "派单记录",
    },
    "uphold_appeal": {},
    "reject_appeal": {"ruling": "评价的是本单位"},
}  # fmt: skip
# The sign-in library's pages. Nobody signs up, and passwords are the administrator's to set
# anew; what an address answers to nobody and to somebody signed in.
ACCOUNTS = "accounts/"


def table(text: str) -> dict[tuple[str, str], list[str]]:
    """(method, route) → marks, as people are named in the heading."""
    rows = {}
    for line in text.strip().splitlines():
        method, route, *marks = line.split()
        rows[method, route.replace("NUMBER", NUMBER).removeprefix("/")] = marks
    return rows


def routes() -> Iterator[str]:
    """Every address of the site, written as in the table."""

    def walk(patterns: list[URLPattern | URLResolver], before: str) -> Iterator[str]:
        for pattern in patterns:
            route = before + str(pattern.pattern).strip("^$")
            if isinstance(pattern, URLResolver):
                yield from walk(pattern.url_patterns, route)
            else:
                yield route

    return walk(get_resolver().url_patterns, "")


# === The people =============================================================================


@pytest.fixture
def doors() -> dict[str, Client]:
    """A browser or a program for everybody."""
    places = {
        "handler": "990101001", "manager": "990101001", "same": "990101002", "far": "990102001",
        "copy": "990101", "dist": "990101", "odist": "990102",
    }  # fmt: skip
    roles = {
        "callback": Role.CALLBACK_AGENT, "city": Role.CITY_SUPERVISOR,
        "editor": Role.KNOWLEDGE_EDITOR, "admin": Role.ADMINISTRATOR, "same": Role.HANDLER,
        "far": Role.HANDLER, "copy": Role.HANDLER, "dist": Role.DISTRICT_SUPERVISOR,
        "odist": Role.DISTRICT_SUPERVISOR,
    }  # fmt: skip
    found = {"nobody": Client()}
    for name in STAFF:
        staff = make_staff(roles.get(name, name), unit(places.get(name, "hotline")))
        found[name] = Client()
        found[name].force_login(staff)
    units = {"system": unit(), "farsys": unit("990102001")}
    for name in SYSTEMS:
        make_client(unit=units.get(name), key=f"key-of-{name}")
        found[name] = Client(headers={"authorization": f"Bearer key-of-{name}"})
    return found


@pytest.fixture
def ticket(doors: dict[str, Client]) -> Ticket:
    brought = client_with_key("key-of-channel")
    assert brought is not None
    load_scheme(AT)
    return dispatched_ticket(by=brought.actor, channel=channel("web"), level="L1")


def path_of(route: str, ticket: Ticket) -> str:
    """The address with the ticket's own values in it."""
    order = ticket.assignments.get(role="lead")
    values = {
        "<str:number>": ticket.number, "<slug:verb>": "sign", NUMBER: ticket.number,
        "<int:pk>": str(order.pk), r"(?P<name>\w+)": "nonsense", "<str:code>": "01",
        "<int:version>": "1", "<str:label>": "2026-04", "<int:number>": "2026",
        "<slug:act>": "pause", "<str:month>": "2026-04", "<str:dataset>": "open-data",
        "<slug:kind>": "csv",
        "<str:token>": token_for(ticket),
    }  # fmt: skip
    for placeholder, value in values.items():
        route = route.replace(placeholder, value)
    return f"/{route}"


def token_for(ticket: Ticket) -> str:
    """A right one: what an evaluation of the ticket is answered is another matter."""
    party = ticket.parties.get()
    token = new_token(party.pk, AT)
    RatingLink.objects.get_or_create(
        token_hash=token_hash(token),
        defaults={
            "ticket": ticket, "party": party, "channel": "web", "made_at": AT,
            "made_by": "system", "expires_at": AT + days(3_650),
        },
    )  # fmt: skip
    return token


def mark(response: HttpResponseBase) -> str:
    """What an answer is in the table's letters."""
    if response.status_code == 401 or response.headers.get("Location", "").startswith(
        "/accounts/login"
    ):
        return "L"
    return {403: ".", 404: "-", 405: "x"}.get(response.status_code, "+")


def knock(client: Client, method: str, path: str) -> str:
    if method == "GET":
        return mark(client.get(path))
    if path.startswith("/api/"):
        return mark(client.post(path, {}, content_type="application/json"))
    return mark(client.post(path))


# === What is held against it ================================================================


def test_every_address_has_its_line() -> None:
    written = {route for _method, route in (*table(PAGES), *table(API))}
    others = {r for r in routes() if not r.startswith((ACCOUNTS, ACTION))}

    assert others - written == set(), "write down who may enter"
    assert written - others == set(), "these addresses are gone"


def wrong_doors(
    text: str, people: tuple[str, ...], doors: dict[str, Client], ticket: Ticket
) -> list[str]:
    """Where somebody meets something else than the table says. Signing changes the ticket, so
    it is tried last."""
    rows = sorted(table(text).items(), key=lambda row: ("sign" in row[0][1], row[0]))
    return [
        f"{method} {route}: {name} {found} instead of {expected}"
        for (method, route), marks in rows
        for name, expected in zip(people, marks, strict=True)
        if (found := knock(doors[name], method, path_of(route, ticket))) != expected
    ]


def test_every_page_opens_to_exactly_those_it_is_for(
    doors: dict[str, Client], ticket: Ticket
) -> None:
    wrong = wrong_doors(PAGES, (*STAFF, "nobody"), doors, ticket)

    assert not wrong, "\n".join(wrong)


def test_every_api_address_answers_exactly_those_it_is_for(
    doors: dict[str, Client], ticket: Ticket
) -> None:
    wrong = wrong_doors(API, (*SYSTEMS, *API_PEOPLE, "nobody"), doors, ticket)

    assert not wrong, "\n".join(wrong)


def test_every_api_verb_is_as_narrow_as_the_verb(doors: dict[str, Client], ticket: Ticket) -> None:
    wrong = []
    other = dispatched_ticket()
    sees = {name for name, found in cells()["sign"].items() if found != "-"}
    verbs_with_address = {r.removeprefix(ACTION) for r in routes() if r.startswith(ACTION)}
    for verb in sorted(verbs_with_address & set(BODIES)):
        path = f"{path_of(ACTION, ticket)}{verb}"
        body = {**BODIES[verb], **({"target": other.number} if verb == "merge_into" else {})}
        for name in (*SYSTEMS, *API_PEOPLE, "callback", "dispatcher", "same"):
            expected = cells()[verb][name] if name in sees else "-"
            if expected == "-" and name in sees:
                expected = "."  # the table's ticket was not dispatched yet
            if verb == "accept_answer" and expected == "+":
                expected = "."  # nothing to accept: no order was ever issued
            with transaction.atomic():
                found = mark(doors[name].post(path, body, content_type="application/json"))
                transaction.set_rollback(True)
            if found != expected:
                wrong.append(f"{verb}: {name} {found} instead of {expected}")
        assert mark(doors["nobody"].post(path, body, content_type="application/json")) == "L"

    assert set(BODIES) == set(cells()) - {"reveal"}
    assert not wrong, "\n".join(wrong)


def test_other_methods_are_refused_everywhere(doors: dict[str, Client], ticket: Ticket) -> None:
    open_rows = {**table(PAGES), **table(API)}
    for route in {route for _method, route in open_rows}:
        client = doors["handler" if "inbox" in route or "<" in route else "agent"]
        for method in ("put", "patch", "delete"):
            answer = getattr(client, method)(path_of(route, ticket))

            # Changing the language answers every method with a redirect and changes nothing.
            assert answer.status_code in (302, 403, 404, 405), (method, route)


def test_accounts_are_not_made_by_their_owners(doors: dict[str, Client]) -> None:
    """Sign-up is closed to everybody; what belongs to an account asks for its owner."""
    signed_up = doors["nobody"].post(
        "/accounts/signup/", {"username": "x", "password1": "a-long-password-1"}
    )
    staff = make_staff(Role.AGENT)

    assert type(staff).objects.filter(username="x").count() == 0
    assert signed_up.status_code in (200, 302, 403, 404)
    for page in ("password/change/", "reauthenticate/", "email/"):
        assert knock(doors["nobody"], "GET", f"/accounts/{page}") in ("L", "-"), page


@pytest.mark.parametrize("name", ["far", "same", "odist"])
def test_a_ticket_of_another_is_indistinguishable_from_none(
    name: str, doors: dict[str, Client], ticket: Ticket
) -> None:
    """Whoever may not know of a ticket gets the very answer that a made-up number gets."""
    there = doors[name].get(f"/tickets/{ticket.number}/")
    nowhere = doors[name].get("/tickets/2026041499999990/")

    assert there.status_code == nowhere.status_code == 404
    passing = re.compile(rb"[0-9A-Za-z_-]{8,}")  # tokens, numbers and file names
    assert passing.sub(b"", there.content) == passing.sub(b"", nowhere.content)


@pytest.mark.parametrize("name", ["handler", "manager", "copy", "dist"])
def test_no_page_of_a_confidential_ticket_names_its_requester(
    name: str, doors: dict[str, Client]
) -> None:
    tickets = [dispatched_ticket(is_confidential=True), closed_ticket(is_confidential=True)]
    for ticket in tickets:
        for route in ("/tickets/", "/tickets/export/", "/inbox/", f"/tickets/{ticket.number}/",
                      f"/api/v1/tickets/{ticket.number}", "/api/v1/tickets",
                      f"/api/v1/tickets/{ticket.number}/events"):  # fmt: skip
            answer = doors[name].get(route)
            body = (
                b"".join(answer.streaming_content) if answer.streaming else answer.content
            ).decode()

            for secret in ("王芳", "13800138000", "138****8000", "王*"):
                assert secret not in body, (route, secret)
