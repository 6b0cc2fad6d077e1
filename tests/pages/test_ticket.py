"""The ticket page: where it stands, what can be done, and what nobody may read there."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
import time_machine
from django.test import Client

from dispatch import services as dispatching
from dispatch.models import CatalogueEntry, CatalogueVersion, DutyItem, DutyList
from hotline.core.actors import actor_for_staff
from hotline.core.models import AuditEntry, Membership, Role, Unit
from hotline.core.reference import forget_all
from intake import services as intake
from intake.models import Ticket
from tests import factories as make

SignIn = Callable[..., Client]
HTMX = {"HX-Request": "true"}
NAME, PHONE = "欧阳明月", "13912345678"
EXTENSION = {"amount": 7, "ground": "legal", "reason": "等待检测报告", "told_by": "phone"}
IDENTITY = (NAME, "明月", "欧阳", PHONE, "139****5678", "12345678")


def page_of(browser: Client, number: str, query: str = "") -> str:
    return browser.get(f"/tickets/{number}/{query}").content.decode()


def buttons(page: str) -> list[str]:
    bar = re.search(r'<div class="action-bar.*?</div>', page, re.S)
    found = re.findall(r' href="/tickets/\d+/(?:do/)?(\w+)/"|action="/tickets/\d+/do/(\w+)/"',
                       bar[0] if bar else "")  # fmt: skip
    return [one or other for one, other in found]


def of_the_lead() -> tuple[str, Unit]:
    """Somebody of the unit that leads."""
    return Role.HANDLER, make.unit()


def objected(ticket: Ticket) -> None:
    dispatching.raise_objection(
        number=ticket.number, actor=make.handler(make.fresh(ticket)),
        at=make.AT + make.minutes(20), reason="灯杆属市政养护", basis="养护职责清单第3条",
    )  # fmt: skip


def extended(ticket: Ticket) -> None:
    """Asked for and granted."""
    at = make.AT + make.minutes(20)
    dispatching.ask_extension(number=ticket.number, actor=make.handler(ticket), at=at, **EXTENSION)
    dispatching.grant_extension(
        number=ticket.number, actor=make.dispatcher(), at=at + make.minutes(10),
        decision="情况属实",
    )  # fmt: skip


def asked_to_help(ticket: Ticket) -> None:
    """The market bureau of the district is to co-operate."""
    dispatching.ask_cooperation(
        number=ticket.number, actor=make.handler(ticket), at=make.AT + make.minutes(30),
        unit=make.unit("990101-market"), task="核查占道摊位的执照",
    )  # fmt: skip


def handed_in(ticket: Ticket, text: str) -> None:
    """It has signed, and told the street how it ended."""
    helper = make.handler(make.unit("990101-market"))
    at = make.AT + make.minutes(40)
    dispatching.sign_part(number=ticket.number, actor=helper, at=at)
    dispatching.hand_in(number=ticket.number, actor=helper, at=at + make.minutes(20), text=text)


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
        (Role.HANDLER, make.dispatched_ticket,
         ["sign", "contact", "note", "ask_cooperation", "object", "ask_exclusion"]),
        (Role.HANDLER, make.handled_ticket,
         ["reply", "contact", "note", "ask_cooperation", "delegate", "escalate",
          "ask_facts", "ask_extension", "hold", "object", "ask_exclusion"]),
        (Role.HANDLER, make.replied_ticket, ["note", "ask_exclusion"]),
        (Role.HANDLER, make.closed_ticket, ["note", "ask_exclusion", "appeal"]),
        (Role.AUDITOR, make.handled_ticket, []),
        (Role.AGENT, make.accepted_ticket,
         ["dispatch", "inform", "classify", "note", "merge_into", "amend", "withdraw"]),
        (Role.DISPATCHER, make.handled_ticket,
         ["note", "recall", "merge_into", "amend", "withdraw", "ask_cooperation", "order_onsite"]),
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


def test_the_rest_of_the_moves_stand_under_their_part_of_the_work(sign_in: SignIn) -> None:
    ticket = make.handled_ticket()

    page = page_of(sign_in(Role.HANDLER, make.unit()), ticket.number)

    more = page[page.index('<dl class="move-groups">') :]
    assert re.findall(r"<dt>(.+?)</dt>", more)[:3] == ["协同", "时限", "异议"]
    assert page.index("/do/reply/") < page.index('<dl class="move-groups">')


def test_a_slip_of_the_hand_is_offered_for_undoing_to_its_own_hand_for_seconds(
    sign_in: SignIn, clock: time_machine.Coordinates
) -> None:
    staff = make.make_staff(Role.DISPATCHER)
    ticket = make.accepted_ticket()
    dispatching.dispatch(
        number=ticket.number, actor=actor_for_staff(staff, on=make.AT.date()), at=make.AT,
        lead_unit=make.unit(),
    )  # fmt: skip
    own, other = sign_in(staff=staff), sign_in(Role.DISPATCHER)

    at_once = [buttons(page_of(browser, ticket.number)) for browser in (own, other)]
    clock.move_to(make.AT + make.minutes(1))

    assert ["undo_dispatch" in moves for moves in at_once] == [True, False]
    assert "undo_dispatch" not in buttons(page_of(own, ticket.number))


def test_nobody_is_offered_the_ruling_on_their_own_dispatch(sign_in: SignIn) -> None:
    staff = make.make_staff(Role.DISPATCHER)
    ticket = make.accepted_ticket()
    dispatching.dispatch(
        number=ticket.number, actor=actor_for_staff(staff, on=make.AT.date()), at=make.AT,
        lead_unit=make.unit(),
    )  # fmt: skip
    objected(ticket)

    rulings = {"return_to_desk", "designate", "reject_objection"}
    assert not rulings & set(buttons(page_of(sign_in(staff=staff), ticket.number)))
    assert rulings <= set(buttons(page_of(sign_in(Role.DISPATCHER), ticket.number)))


@pytest.mark.parametrize("passed", [0, 25])
def test_an_objection_is_offered_in_its_window_only(
    sign_in: SignIn, clock: time_machine.Coordinates, passed: int
) -> None:
    ticket = make.handled_ticket()
    clock.move_to(make.AT + make.hours(passed))

    page = page_of(sign_in(Role.HANDLER, make.unit()), ticket.number)

    assert ("object" in buttons(page)) == (passed == 0)
    assert ("没有提出异议，视为接收" in page) == (passed == 25)
    assert ("届时没有提出异议视为接收" in page) == (passed == 0)


def test_an_extension_is_offered_as_often_as_the_level_allows(sign_in: SignIn) -> None:
    ticket = make.handled_ticket()
    handler = sign_in(Role.HANDLER, make.unit())
    extended(ticket)

    moves = buttons(page_of(handler, ticket.number))

    assert "ask_extension" not in moves
    assert "ask_facts" in moves


def test_a_decision_is_not_offered_to_who_asked(sign_in: SignIn) -> None:
    staff = make.make_staff(Role.HANDLER, make.unit())
    Membership.objects.create(
        staff=staff, unit=make.unit("hotline"), role=Role.DISPATCHER, valid_from=make.LONG_AGO
    )
    ticket = make.handled_ticket()
    asked = actor_for_staff(staff, on=make.AT.date())
    dispatching.ask_extension(
        number=ticket.number, actor=asked, at=make.AT + make.minutes(20), **EXTENSION
    )

    assert "grant_extension" not in buttons(page_of(sign_in(staff=staff), ticket.number))
    assert "grant_extension" in buttons(page_of(sign_in(Role.DISPATCHER), ticket.number))


# --- time -----------------------------------------------------------------------------------


def test_what_is_waited_for_says_who_decides_and_what_holds_meanwhile(
    sign_in: SignIn, clock: time_machine.Coordinates
) -> None:
    ticket = make.handled_ticket()
    objected(ticket)
    clock.move_to(make.AT + make.hours(1))

    page = page_of(sign_in(Role.HANDLER, make.unit()), ticket.number)

    assert "派单员（不是派出本单的人）或市督导" in page
    assert "裁定前仍由甲一街道办事处负责" in page
    assert "最迟 04-15 10:20 恢复" in page


def test_a_promise_that_stands_still_shows_what_was_left_of_it(
    sign_in: SignIn, clock: time_machine.Coordinates
) -> None:
    ticket = make.handled_ticket()
    objected(ticket)
    browser = sign_in(Role.HANDLER, make.unit())
    clock.move_to(make.AT + make.hours(3))
    standing = page_of(browser, ticket.number)
    clock.move_to(make.AT + make.hours(25))

    assert "停计，剩 6 天 23 时" in standing
    assert "停计，剩" not in page_of(browser, ticket.number)


def test_an_extended_promise_says_so_and_how_it_came_about(
    sign_in: SignIn, clock: time_machine.Coordinates
) -> None:
    ticket = make.handled_ticket()
    extended(ticket)
    clock.move_to(make.AT + make.hours(1))

    page = page_of(sign_in(Role.HANDLER, make.unit()), ticket.number)

    assert re.search(r'class="clock clock-ok clock-lg"[^>]*>.*?延</span></span>', page)
    assert "延期 7 自然日" in page
    assert "情况属实" in page


def test_the_citizens_promise_and_the_units_are_told_apart(sign_in: SignIn) -> None:
    ticket = make.handled_ticket()
    asked_to_help(ticket)

    page = page_of(sign_in(Role.HANDLER, make.unit()), ticket.number)

    groups = re.findall(r'<section class="promise-group is-(\w+)">', page)
    assert groups == ["citizen", "lead", "parts", "desk"]


def test_the_ledger_is_shown_with_its_plan_and_reviews(
    sign_in: SignIn, clock: time_machine.Coordinates
) -> None:
    ticket = make.handled_ticket()
    at = make.AT + make.minutes(30)
    dispatching.hold(
        number=ticket.number, actor=make.handler(ticket), at=at, kind="funds",
        plan="列入明年改造计划", review_at=at + make.days(20), told_by="phone",
    )  # fmt: skip
    supervisor = make.actor(Role.CITY_SUPERVISOR)
    dispatching.approve_hold(number=ticket.number, actor=supervisor, at=at + make.hours(1))
    clock.move_to(at + make.days(2))

    page = page_of(sign_in(Role.CITY_SUPERVISOR), ticket.number)

    assert "甲一街道办事处挂账中" in page
    assert "列入明年改造计划" in page
    assert buttons(page) == ["review_hold", "note", "instruct", "order_onsite", "clear_hold"]
    assert "ask_extension" not in buttons(
        page_of(sign_in(Role.HANDLER, make.unit()), ticket.number)
    )


# --- units that assist ----------------------------------------------------------------------


def test_the_tree_says_how_far_the_parts_are_and_what_the_reply_waits_for(
    sign_in: SignIn,
) -> None:
    ticket = make.handled_ticket()
    asked_to_help(ticket)
    browser = sign_in(Role.HANDLER, make.unit())
    waiting = page_of(browser, ticket.number)
    handed_in(ticket, "市场方已清退")
    done = page_of(browser, ticket.number)

    assert "已反馈 0/1" in waiting
    assert "甲区市场监管局 还没有反馈，也没有解除" in waiting
    assert "reply" not in buttons(waiting)
    assert "已反馈 1/1" in done
    assert "市场方已清退" in done
    assert buttons(done)[0] == "reply"


def test_a_unit_asked_for_help_is_offered_its_own_part_only(sign_in: SignIn) -> None:
    ticket = make.handled_ticket()
    asked_to_help(ticket)
    browser = sign_in(Role.HANDLER, make.unit("990101-market"))

    asked = page_of(browser, ticket.number)
    dispatching.sign_part(
        number=ticket.number, actor=make.handler(make.unit("990101-market")),
        at=make.AT + make.minutes(40),
    )  # fmt: skip
    signed = page_of(browser, ticket.number)

    assert buttons(asked)[0] == "sign_part"
    assert not {"reply", "object", "hand_in"} & set(buttons(asked))
    assert "本单位 · 签收" in asked
    assert {"hand_in", "interim"} <= set(buttons(signed))
    assert "delegate" not in buttons(signed)


def test_work_is_handed_down_to_units_below_and_before_the_own_due_time(
    sign_in: SignIn,
) -> None:
    ticket = make.handled_ticket()

    form = sign_in(Role.HANDLER, make.unit()).get(f"/tickets/{ticket.number}/do/delegate/")

    page = form.content.decode()
    offered = re.search(r'<select name="unit".*?</select>', page, re.S)
    assert offered
    assert re.findall(r'value="([^"]+)"', offered[0]) == ["990101001001"]
    assert 'name="due_at" value="2026-04-20T00:' in page


def test_what_a_part_handed_in_is_not_read_out_to_the_requester(
    sign_in: SignIn, clock: time_machine.Coordinates
) -> None:
    ticket = make.handled_ticket()
    asked_to_help(ticket)
    handed_in(ticket, "内部核查意见")
    make.reply_to(ticket, at=make.AT + make.hours(2), text="已清退占道摊位。")
    clock.move_to(make.AT + make.hours(4))

    page = page_of(sign_in(Role.CALLBACK_AGENT), ticket.number, "callback/")

    assert "已清退占道摊位。" in page
    assert "内部核查意见" not in page


def test_a_co_operators_eyes_see_nothing_of_a_confidential_requester(
    sign_in: SignIn,
) -> None:
    ticket = make.handled_ticket(
        name=NAME, phone=PHONE, door="3号楼2单元501", is_confidential=True,
        matter=f"我的电话{PHONE}，路灯坏了",
    )  # fmt: skip
    asked_to_help(ticket)
    browser = sign_in(Role.HANDLER, make.unit("990101-market"))

    for address in ("", "journey/", "do/sign_part/", "do/hand_in/"):
        page = browser.get(f"/tickets/{ticket.number}/{address}").content.decode()
        assert ticket.number in page
        assert not [word for word in (*IDENTITY, "2单元501") if word in page], address


# --- why that unit --------------------------------------------------------------------------


def test_an_order_names_the_edition_and_the_clause_that_chose_its_unit(
    sign_in: SignIn,
) -> None:
    version = CatalogueVersion.objects.create(
        number=7, made_at=make.AT, made_by="system", published_at=make.AT,
        valid_from=make.AT.date(),
    )  # fmt: skip
    CatalogueEntry.objects.create(
        version=version, category=make.category(), lead="street", basis="《物业管理条例》"
    )
    forget_all()
    ticket = make.handled_ticket()

    page = page_of(sign_in(Role.HANDLER, make.unit()), ticket.number)

    assert "为什么派给它" in page
    assert "第 7 版" in page
    assert "《物业管理条例》" in page


def test_an_objection_begins_with_what_the_duty_list_says(sign_in: SignIn) -> None:
    ticket = make.handled_ticket()
    listed = DutyList.objects.create(
        code="street", name="街道职责清单", unit_kind="street", valid_from=make.LONG_AGO
    )
    DutyItem.objects.create(
        duty_list=listed, code="S-9", text="配合检查物业", categories=["05"], stance="assists",
        basis="测试",
    )  # fmt: skip
    forget_all()

    form = sign_in(Role.HANDLER, make.unit()).get(f"/tickets/{ticket.number}/do/object/")

    page = form.content.decode()
    assert 'value="duty_list" selected' in page
    assert re.search(r'name="basis" value="《街道职责清单》S-9（配合检查物业）', page)
    assert "本单位履职清单" in page


# --- hard cases -----------------------------------------------------------------------------


def test_what_was_said_in_a_consultation_stays_with_the_hotline_and_who_sat_in_it(
    sign_in: SignIn,
) -> None:
    ticket, desk = make.accepted_ticket(), make.dispatcher()
    dispatching.consult(
        number=ticket.number, actor=desk, at=make.AT + make.minutes(10),
        question="两区交界谁来管", members=[make.unit("990102001")],
    )  # fmt: skip
    member = page_of(sign_in(Role.HANDLER, make.unit("990102001")), ticket.number)
    dispatching.conclude_consultation(
        number=ticket.number, actor=desk, at=make.AT + make.minutes(30), opinion="甲一街道管得着"
    )
    dispatching.dispatch(
        number=ticket.number, actor=desk, at=make.AT + make.minutes(40), lead_unit=make.unit()
    )
    told = [page_of(sign_in(*who), ticket.number) for who in ((Role.AUDITOR,), of_the_lead())]

    assert "两区交界谁来管" in member
    assert ["甲一街道管得着" in page for page in told] == [True, False]
    assert ["两区交界谁来管" in page for page in told] == [True, False]
    assert "会商与协调" in told[1]


def test_an_authoritys_answer_is_read_by_who_asked(sign_in: SignIn) -> None:
    ticket, district = make.handled_ticket(), make.unit("990101")
    dispatching.escalate(
        number=ticket.number, actor=make.handler(ticket), at=make.AT + make.minutes(30),
        authority=district, question="产权单位不明",
    )  # fmt: skip
    above = sign_in(Role.HANDLER, district)
    asked = buttons(page_of(above, ticket.number))
    dispatching.answer_escalation(
        number=ticket.number, actor=make.handler(district), at=make.AT + make.hours(1),
        opinion="由区里牵头排查", measure="三日内完成",
    )  # fmt: skip

    page = page_of(sign_in(*of_the_lead()), ticket.number)

    assert "answer_escalation" in asked
    assert "由区里牵头排查" in page
    assert "三日内完成" in page
    assert "answer_escalation" not in buttons(page_of(above, ticket.number))


def test_a_unit_called_to_a_place_is_offered_its_arrival_when_the_time_has_come(
    sign_in: SignIn, clock: time_machine.Coordinates
) -> None:
    ticket, meet_at = make.handled_ticket(), make.AT + make.hours(6)
    dispatching.order_onsite(
        number=ticket.number, actor=make.dispatcher(), at=make.AT + make.minutes(30),
        units=[make.unit("990102001")], place="两区交界的路口", meet_at=meet_at,
        ground="cross_area", reason="看清路灯在谁的辖区",
    )  # fmt: skip
    browser = sign_in(Role.HANDLER, make.unit("990102001"))
    early = page_of(browser, ticket.number)
    clock.move_to(meet_at - make.minutes(10))

    assert "两区交界的路口" in early
    assert "arrive_onsite" not in buttons(early)
    assert buttons(page_of(browser, ticket.number))[0] == "arrive_onsite"
    assert "order_onsite" not in buttons(page_of(sign_in(Role.DISPATCHER), ticket.number))


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
