"""The ticket page: where it stands, what can be done, and what nobody may read there."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
import time_machine
from django.test import Client

from dispatch import services as dispatching
from hotline.core.models import AuditEntry, Role
from intake import services as intake
from tests import factories as make

SignIn = Callable[..., Client]
HTMX = {"HX-Request": "true"}
NAME, PHONE = "欧阳明月", "13912345678"
IDENTITY = (NAME, "明月", "欧阳", PHONE, "139****5678", "12345678")


def page_of(browser: Client, number: str, query: str = "") -> str:
    return browser.get(f"/tickets/{number}/{query}").content.decode()


def buttons(page: str) -> list[str]:
    bar = re.search(r'<div class="action-bar.*?</div>', page, re.S)
    found = re.findall(r'href="/tickets/\d+/(?:do/)?(\w+)/"|action="/tickets/\d+/do/(\w+)/"',
                       bar[0] if bar else "")  # fmt: skip
    return [one or other for one, other in found]


# --- who sees it ----------------------------------------------------------------------------


def test_its_lead_unit_opens_it_and_another_unit_does_not(sign_in: SignIn) -> None:
    ticket = make.handled_ticket()

    assert sign_in(Role.HANDLER, make.unit()).get(f"/tickets/{ticket.number}/").status_code == 200
    other = sign_in(Role.HANDLER, make.unit("990102001"))
    assert other.get(f"/tickets/{ticket.number}/").status_code == 404
    assert other.get(f"/tickets/{ticket.number}/do/reply/").status_code == 404
    assert other.post(f"/tickets/{ticket.number}/requester/").status_code == 404


def test_a_district_supervisor_opens_tickets_of_the_district_only(sign_in: SignIn) -> None:
    ticket = make.handled_ticket()

    own = sign_in(Role.DISTRICT_SUPERVISOR, make.unit("990101"))
    other = sign_in(Role.DISTRICT_SUPERVISOR, make.unit("990102"))

    assert own.get(f"/tickets/{ticket.number}/").status_code == 200
    assert other.get(f"/tickets/{ticket.number}/").status_code == 404


# --- what it says ---------------------------------------------------------------------------


def test_both_promises_are_shown_with_words(sign_in: SignIn) -> None:
    ticket = make.handled_ticket()

    page = page_of(sign_in(Role.HANDLER, make.unit()), ticket.number)

    assert "对诉求人承诺" in page
    assert "先行联系" in page
    assert re.search(r"剩 \d+ 天", page)


def test_lateness_is_a_mark_whether_or_not_a_sweep_has_run(
    sign_in: SignIn, clock: time_machine.Coordinates
) -> None:
    ticket = make.handled_ticket(category=make.category("0101"))
    clock.move_to(make.AT + make.hours(25))

    page = page_of(sign_in(Role.CITY_SUPERVISOR), ticket.number)

    assert "对诉求人超时" in page
    assert "甲一街道办事处办理中" in page


def test_the_story_joins_the_words_to_what_happened(sign_in: SignIn) -> None:
    ticket = make.handled_ticket()
    handler = make.handler(ticket)
    at = make.AT + make.minutes(30)
    intake.note(number=ticket.number, actor=handler, at=at, text="已约物业明早见面")
    make.reply_to(ticket, at=make.AT + make.hours(2), text="路灯已修好，并告知诉求人。")
    browser = sign_in(Role.HANDLER, make.unit())

    whole = page_of(browser, ticket.number)
    replies = page_of(browser, ticket.number, "?story=replies")

    assert "已约物业明早见面" in whole
    assert "路灯已修好" in whole
    assert "路灯已修好" in replies
    assert "已约物业明早见面" not in replies
    assert "staff:" not in whole


def test_a_units_remark_is_not_read_by_the_district(sign_in: SignIn) -> None:
    ticket = make.handled_ticket()
    intake.note(
        number=ticket.number, actor=make.handler(ticket), at=make.AT + make.minutes(30),
        text="内部分工：老张去",
    )  # fmt: skip

    district = sign_in(Role.DISTRICT_SUPERVISOR, make.unit("990101"))

    assert "内部分工" not in page_of(district, ticket.number)
    assert "内部分工" in page_of(sign_in(Role.DISPATCHER), ticket.number)


def test_an_objection_is_told_with_its_reason_and_ruling(sign_in: SignIn) -> None:
    ticket = make.handled_ticket()
    dispatching.raise_objection(
        number=ticket.number, actor=make.handler(ticket), at=make.AT + make.minutes(20),
        reason="灯杆属市政养护", basis="养护职责清单第3条",
    )  # fmt: skip
    pending = page_of(sign_in(Role.DISPATCHER), ticket.number)
    dispatching.reject_objection(
        number=ticket.number, actor=make.dispatcher(), at=make.AT + make.minutes(40),
        ruling="灯在小区内，由街道协调",
    )  # fmt: skip
    ruled = page_of(sign_in(Role.DISPATCHER), ticket.number)

    assert "派单异议审核中" in pending
    assert "灯杆属市政养护" in pending
    assert "养护职责清单第3条" in pending
    assert "灯在小区内，由街道协调" in ruled
    assert "派单异议审核中" not in ruled


def test_what_a_requester_typed_is_never_markup(sign_in: SignIn) -> None:
    ticket = make.accepted_ticket(matter="<script>alert(1)</script> 路灯坏了", title="<b>灯</b>")

    page = page_of(sign_in(Role.AGENT), ticket.number)

    assert "<script>alert(1)" not in page
    assert "&lt;script&gt;alert(1)" in page


# --- only the moves that can succeed --------------------------------------------------------


@pytest.mark.parametrize(
    ("role", "made", "expected"),
    [
        (Role.HANDLER, make.dispatched_ticket, ["sign", "contact", "object", "note"]),
        (Role.HANDLER, make.handled_ticket, ["reply", "contact", "object", "note"]),
        (Role.HANDLER, make.replied_ticket, ["note"]),
        (Role.AUDITOR, make.handled_ticket, []),
        (Role.AGENT, make.accepted_ticket,
         ["dispatch", "inform", "classify", "merge_into", "amend", "withdraw", "note"]),
        (Role.DISPATCHER, make.handled_ticket,
         ["recall", "merge_into", "amend", "withdraw", "note"]),
        (Role.DISPATCHER, make.closed_ticket, ["reopen", "note"]),
        (Role.CONTRACTOR, make.handled_ticket, ["merge_into", "amend"]),
    ],
)  # fmt: skip
def test_only_moves_that_can_succeed_are_offered(
    sign_in: SignIn, clock: time_machine.Coordinates, role: Role,
    made: Callable[[], object], expected: list[str],
) -> None:  # fmt: skip
    ticket = made()
    browser = sign_in(role, make.unit() if role == Role.HANDLER else None)

    assert buttons(page_of(browser, ticket.number)) == expected  # type: ignore[attr-defined]


def test_a_call_back_is_offered_when_it_has_opened(
    sign_in: SignIn, clock: time_machine.Coordinates
) -> None:
    ticket = make.replied_ticket()
    browser = sign_in(Role.CALLBACK_AGENT)
    early = buttons(page_of(browser, ticket.number))
    clock.move_to(make.AT + make.hours(3))

    assert "callback" not in early
    assert "callback" in buttons(page_of(browser, ticket.number))


# --- who complained -------------------------------------------------------------------------


def test_the_requester_is_masked_for_everybody(sign_in: SignIn) -> None:
    ticket = make.handled_ticket(name=NAME, phone=PHONE, door="3号楼2单元501")

    for role, unit in ((Role.HANDLER, make.unit()), (Role.AGENT, None), (Role.AUDITOR, None)):
        page = page_of(sign_in(role, unit), ticket.number)
        assert "139****5678" in page
        assert PHONE not in page
        assert "明月" not in page
        assert "3号楼2单元501" not in page


def test_the_assigned_handler_looks_with_one_click_on_record(sign_in: SignIn) -> None:
    ticket = make.handled_ticket(name=NAME, phone=PHONE)
    handler = make.make_staff(Role.HANDLER, make.unit())

    answer = sign_in(staff=handler).post(f"/tickets/{ticket.number}/requester/", headers=HTMX)

    assert NAME in answer.content.decode()
    assert "no-store" in answer.headers["Cache-Control"]
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.actor, entry.number) == (
        "identity_revealed", f"staff:{handler.pk}", ticket.number,
    )  # fmt: skip


def test_the_desk_looks_with_a_reason_only(sign_in: SignIn) -> None:
    ticket = make.handled_ticket(name=NAME, phone=PHONE)
    browser = sign_in(Role.AGENT)

    without = browser.post(f"/tickets/{ticket.number}/requester/", headers=HTMX)
    with_one = browser.post(f"/tickets/{ticket.number}/requester/", {"reason": "核实诉求"})

    assert without.status_code == 422
    assert "须说明理由" in without.content.decode()
    assert NAME not in without.content.decode()
    assert NAME in with_one.content.decode()
    assert AuditEntry.objects.get().reason == "核实诉求"


@pytest.mark.parametrize("role", [Role.AUDITOR, Role.CITY_SUPERVISOR])
def test_who_has_no_need_cannot_look(sign_in: SignIn, role: Role) -> None:
    ticket = make.handled_ticket(name=NAME, phone=PHONE)

    answer = sign_in(role).post(f"/tickets/{ticket.number}/requester/", {"reason": "想看看"})

    assert answer.status_code == 403
    assert not AuditEntry.objects.exists()


@pytest.mark.parametrize(
    ("role", "unit"),
    [
        (Role.HANDLER, "990101001"),
        (Role.MANAGER, "990101001"),
        (Role.DISTRICT_SUPERVISOR, "990101"),
    ],
)
def test_nothing_of_a_confidential_requester_reaches_a_unit(
    sign_in: SignIn, clock: time_machine.Coordinates, role: Role, unit: str
) -> None:
    ticket = make.handled_ticket(
        name=NAME, phone=PHONE, door="3号楼2单元501", is_confidential=True,
        matter=f"我的电话{PHONE}，路灯坏了",
    )  # fmt: skip
    number = ticket.number
    intake.note(
        number=number, actor=make.agent(), at=make.AT + make.minutes(20),
        text=f"{NAME}又来电催办",
    )  # fmt: skip
    ticket = make.reply_to(make.fresh(ticket), at=make.AT + make.hours(1))
    make.call_back(ticket, at=make.AT + make.hours(3), satisfaction="dissatisfied")
    clock.move_to(make.AT + make.hours(4))
    browser = sign_in(role, make.unit(unit))

    for address in (
        f"/tickets/{number}/", f"/tickets/{number}/do/note/", "/inbox/", "/inbox/?tab=replied",
        "/tickets/", f"/tickets/?q={number}", "/notices/?all",
    ):  # fmt: skip
        page = browser.get(address).content.decode()
        assert not [word for word in (*IDENTITY, "2单元501") if word in page], address
    export = b"".join(browser.get("/tickets/export/").streaming_content).decode()  # type: ignore[attr-defined]
    assert number in export
    assert not [word for word in (*IDENTITY, "2单元501") if word in export]
    refused = browser.post(f"/tickets/{number}/requester/", {"reason": "联系诉求人"})
    assert refused.status_code == 403


def test_the_desk_sees_the_other_matters_of_the_same_number(sign_in: SignIn) -> None:
    first = make.accepted_ticket(phone=PHONE, name=NAME, title="上个月的漏水")
    second = make.handled_ticket(phone=PHONE, name="欧阳父亲")

    assert first.number in page_of(sign_in(Role.AGENT), second.number)
    assert "上个月的漏水" not in page_of(sign_in(Role.HANDLER, make.unit()), second.number)


def test_every_requester_of_a_merged_matter_is_listed(sign_in: SignIn) -> None:
    ticket = make.handled_ticket()
    other = make.accepted_ticket(phone=PHONE, name=NAME)
    intake.merge_into(
        number=other.number, actor=make.dispatcher(), at=make.AT + make.minutes(30),
        target=ticket.number,
    )  # fmt: skip
    browser = sign_in(Role.AGENT)

    page = page_of(browser, ticket.number)

    assert "共同诉求人" in page
    assert f"/tickets/{other.number}/" in page
    assert "已并入" in page_of(browser, other.number)
