"""The call-taker's screen: from ring to dispatched in one form."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connections
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from hotline.core.actors import actor_for_staff
from hotline.core.models import AreaAlias, AreaKind, AuditEntry, IdempotencyKey, Role, Staff
from hotline.core.violations import NotPermitted
from hotline.pages.once import new_token
from intake import services as intake
from intake.models import Draft, Note, State, Ticket, TicketEvent
from tests import factories as make

PAGE, DRAFT = reverse("registration"), reverse("registration_draft")
SignIn = Callable[..., Client]


@pytest.fixture
def agent() -> Staff:
    return make.make_staff(Role.AGENT)


@pytest.fixture
def browser(sign_in: SignIn, agent: Staff) -> Client:
    return sign_in(staff=agent)


def sheet(**changes: str | None) -> dict[str, str]:
    """A complaint as the agent types it; None leaves a field out."""
    typed: dict[str, str | None] = {
        "token": new_token(),
        "channel": "phone",
        "called_at": "2026-04-14T09:58",
        "phone": "138 0013 8000",
        "name": "王芳",
        "wants_callback": "on",
        "request_type": "complaint",
        "matter": make.MATTER,
        "area": "990101001001",
        "category": "0501",
        "level": "",
        "urgency": "",
        "act": "save",
    }
    return {name: value for name, value in (typed | changes).items() if value is not None}


def send(browser: Client, **changes: str | None) -> HttpResponse:
    return browser.post(PAGE, sheet(**changes))


def shown(response: Any) -> str:
    """What the page says, without its tags."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode()))


def error_at(response: Any, control: str) -> str:
    """The sentence under a field."""
    found = re.search(
        rf'id="{control}_error">(.*?)</ul>', response.content.decode(), flags=re.DOTALL
    )
    return re.sub(r"<[^>]+>|\s+", "", found[1]) if found else ""


def events(ticket: Ticket) -> list[str]:
    found = TicketEvent.objects.filter(ticket_id=ticket.pk).order_by("seq")
    return list(found.values_list("type", flat=True))


# === Who may ==============================================================================


@pytest.mark.parametrize("role", [Role.AGENT, Role.CONTRACTOR, Role.DISPATCHER])
def test_those_who_take_calls_see_the_form(sign_in: SignIn, role: str) -> None:
    assert sign_in(role).get(PAGE).status_code == 200


@pytest.mark.parametrize(
    "role", [r for r in Role if r not in (Role.AGENT, Role.CONTRACTOR, Role.DISPATCHER)]
)
@pytest.mark.parametrize(
    ("name", "method"),
    [
        ("registration", "get"),
        ("registration", "post"),
        ("registration_caller", "post"),
        ("registration_choices", "get"),
        ("registration_draft", "post"),
        ("registration_discard", "post"),
        ("registration_emergency", "post"),
    ],
)
def test_nobody_else_reaches_any_part_of_it(
    sign_in: SignIn, role: str, name: str, method: str
) -> None:
    response = getattr(sign_in(role), method)(reverse(name))

    assert response.status_code == 403
    assert not Ticket.objects.exists()


def test_the_form_needs_few_queries(
    browser: Client, django_assert_max_num_queries: Callable[..., Any]
) -> None:
    browser.get(PAGE)

    with django_assert_max_num_queries(6):
        browser.get(PAGE)


# === Saving, dispatching, answering, telling ==============================================


def test_a_saved_matter_waits_in_the_dispatch_list(browser: Client, agent: Staff) -> None:
    response = send(browser)

    ticket = Ticket.objects.select_related("text").get()
    assert (response.status_code, response.headers["Location"]) == (302, PAGE)
    assert (ticket.state, ticket.text.matter) == (State.ACCEPTED, make.MATTER)
    assert events(ticket) == ["accepted"]
    assert TicketEvent.objects.get().actor == f"staff:{agent.pk}"


def test_after_success_the_number_can_be_copied_and_the_form_is_empty(browser: Client) -> None:
    response = browser.post(PAGE, sheet(), follow=True)

    number = Ticket.objects.get().number
    page = response.content.decode()
    assert f'data-copy="{number}"' in page
    assert make.MATTER not in page
    assert re.search(r'<input[^>]*id="id_phone"[^>]*>', page)[0].count("autofocus") == 1  # type: ignore[index]


def test_one_key_registers_and_dispatches(browser: Client) -> None:
    send(
        browser, act="dispatch",
        **{"dispatch-lead_unit": "990101001", "dispatch-basis": "按事发地（甲一街道）"},
    )  # fmt: skip

    ticket = Ticket.objects.get()
    assert ticket.state == State.DISPATCHED
    assert ticket.lead_unit == make.unit("990101001")
    assert events(ticket) == ["accepted", "dispatched"]
    assert ticket.assignments.get(role="lead").basis == "按事发地（甲一街道）"


def test_a_consultation_is_answered_and_closed_with_one_key(browser: Client) -> None:
    send(
        browser, act="answer", request_type="consult", **{"answer-text": "带身份证到街道大厅办理。"}
    )

    ticket = Ticket.objects.get()
    assert (ticket.state, ticket.close_code) == (State.CLOSED, "answered")
    assert events(ticket) == ["accepted", "answered"]
    assert Note.objects.get().text == "带身份证到街道大厅办理。"


def test_a_complaint_cannot_be_answered_away(browser: Client) -> None:
    response = send(browser, act="answer", **{"answer-text": "知道了。"})

    assert response.status_code == 409
    assert "只有咨询可以当场答复办结" in error_at(response, "id_request_type")
    assert "知道了。" in shown(response)
    assert not Ticket.objects.exists()


@pytest.mark.parametrize(
    "code", ["d2_legal_channel", "d4_secret", "d5_other_channel", "d6_dissuaded", "outside_area"]
)
def test_the_caller_is_told_why_no_order_is_made(browser: Client, code: str) -> None:
    send(browser, act="inform", **{"inform-code": code, "inform-reason": "该事项正在诉讼。"})

    ticket = Ticket.objects.get()
    assert (ticket.state, ticket.close_code) == (State.CLOSED, code)
    assert Note.objects.get().text == "该事项正在诉讼。"


def test_every_ground_shows_the_point_of_the_article(browser: Client) -> None:
    page = shown(browser.get(PAGE))

    for case in ("D1", "D2", "D3", "D4", "D5", "D6"):
        assert case in page
    assert page.count("《条例》第十一条要点") == 6


def test_the_same_matter_again_is_told_with_the_earlier_number(browser: Client) -> None:
    earlier = make.dispatched_ticket()
    reason = "同一事项正在办理，没有新情况、新理由。"

    send(
        browser, act="inform",
        **{
            "inform-code": "d3_in_progress",
            "inform-reason": reason,
            "inform-earlier": earlier.number,
        },
    )  # fmt: skip

    ticket = Ticket.objects.exclude(pk=earlier.pk).get()
    informed = TicketEvent.objects.get(ticket_id=ticket.pk, type="informed")
    assert informed.data["earlier"] == earlier.number
    assert make.fresh(earlier).state == State.DISPATCHED


@pytest.mark.parametrize(
    ("changes", "control", "sentence"),
    [
        ({"act": "inform", "inform-reason": "已起诉"}, "id_inform-code", ""),
        ({"act": "inform", "inform-code": "d2_legal_channel"}, "id_inform-reason", "请填写原因"),
        (
            {"act": "inform", "inform-code": "d1_emergency"},
            "id_inform-transferred_to",
            "请选择转接到哪条紧急热线",
        ),
        (
            {"act": "inform", "inform-code": "d3_in_progress", "inform-reason": "同前"},
            "id_inform-earlier",
            "工单编号",
        ),
        (
            {
                "act": "inform", "inform-code": "d3_in_progress", "inform-reason": "同前",
                "inform-earlier": "2026041400009999",
            },
            "id_inform-earlier",
            "没有编号为",
        ),
        ({"act": "answer", "request_type": "consult"}, "id_answer-text", ""),
        ({"act": "dispatch"}, "id_dispatch-lead_unit", "请选择主办单位"),
        ({"act": "dispatch", "dispatch-lead_unit": "nowhere"}, "id_dispatch-lead_unit", "没有"),
        (
            {"act": "dispatch", "dispatch-lead_unit": "990101001001"},
            "id_dispatch-lead_unit",
            "不能作为主办单位",
        ),
        (
            {"act": "dispatch", "category": "", "dispatch-lead_unit": "990101001"},
            "id_category",
            "请先选定诉求分类",
        ),
        (
            {
                "act": "dispatch", "dispatch-lead_unit": "990101001", "target": "甲一街道办事处",
            },
            "id_dispatch-lead_unit",
            "被反映的正是",
        ),
    ],
)  # fmt: skip
def test_what_a_key_needs_is_said_at_its_field_and_nothing_is_stored(
    browser: Client, changes: dict[str, str], control: str, sentence: str
) -> None:
    response = send(browser, **changes)

    assert response.status_code == 422
    assert error_at(response, control)
    assert sentence in error_at(response, control)
    assert make.MATTER in shown(response)
    assert not Ticket.objects.exists()
    assert not IdempotencyKey.objects.exists()


def test_half_written_words_in_another_part_do_not_stand_in_the_way(browser: Client) -> None:
    send(
        browser, **{"answer-text": "", "inform-earlier": "不知道", "dispatch-lead_unit": "nowhere"}
    )

    assert Ticket.objects.get().state == State.ACCEPTED


# === Bad input ============================================================================


@pytest.mark.parametrize(
    ("changes", "control", "sentence"),
    [
        ({"matter": ""}, "id_matter", "请填写诉求内容"),
        ({"matter": " \u200b　\n"}, "id_matter", "请填写诉求内容"),
        ({"matter": "路" * 350_000}, "id_matter", "最多20000字"),
        ({"matter": "路灯\x07坏了"}, "id_matter", "控制字符"),
        ({"matter": "路灯\x00坏了"}, "id_matter", ""),
        ({"called_at": ""}, "id_called_at", "请填写来电（提交）时间"),
        ({"called_at": "前天"}, "id_called_at", ""),
        ({"called_at": "2026-04-15T10:00"}, "id_called_at", "不能晚于现在"),
        ({"category": "9999"}, "id_category", "没有“9999”这个分类"),
        ({"area": "火星"}, "id_area", "没有“火星”这个地点"),
        ({"channel": "pigeon"}, "id_channel", "没有“pigeon”这个渠道"),
        ({"request_type": "order"}, "id_request_type", ""),
        ({"level": "L9"}, "id_level", ""),
        ({"phone": ""}, "id_phone", "请填写联系电话"),
        ({"phone": "12345"}, "id_phone", "公共服务短号"),
        ({"phone": "1380013800"}, "id_phone", "不是有效的电话号码"),
        ({"phone": "138****8000"}, "id_phone", "打码"),
        ({"phone": "打给我老婆"}, "id_phone", "只填写一个号码"),
        ({"name": "王" * 61}, "id_name", ""),
        ({"door": "5号楼\x1b"}, "id_door", "控制字符"),
        ({"is_anonymous": "on"}, "id_is_anonymous", "请不要同时填写姓名或电话"),
    ],
)
def test_bad_input_is_refused_at_its_field_with_everything_still_typed(
    browser: Client, changes: dict[str, str], control: str, sentence: str
) -> None:
    response = send(browser, address="东门外", **changes)

    assert response.status_code == 422
    assert error_at(response, control)
    assert sentence in error_at(response, control)
    assert 'value="东门外"' in response.content.decode()
    assert not Ticket.objects.exists()


def test_everything_wrong_is_said_at_once_and_the_first_field_has_the_focus(
    browser: Client,
) -> None:
    response = send(browser, phone="1380013800", matter="", category="9999")

    assert response.content.decode().count("autofocus") == 1
    assert re.search(r'<input[^>]*autofocus[^>]*id="id_phone"', response.content.decode())
    for control in ("id_phone", "id_matter", "id_category"):
        assert error_at(response, control)
        assert f'href="#{control}"' in response.content.decode()


def test_emoji_stay_and_marks_that_turn_text_around_do_not(browser: Client) -> None:
    send(browser, matter="路灯坏了\u202e😡，已经三天\u200f")

    assert Ticket.objects.get().text.matter == "路灯坏了😡，已经三天"


@pytest.mark.parametrize(
    "phone",
    [
        "13800138000",
        "138-0013-8000",
        "+86 138 0013 8000",
        "０１３８００１３８０００",
        "(86)13800138000",
    ],
)
def test_a_phone_in_any_usual_writing_is_the_same_caller(browser: Client, phone: str) -> None:
    make.accepted_ticket()

    send(browser, phone=phone)

    assert len({t.parties.get().requester_id for t in Ticket.objects.all()}) == 1


def test_an_anonymous_caller_leaves_no_name(browser: Client) -> None:
    send(browser, is_anonymous="on", phone=None, name=None, wants_callback=None)

    ticket = Ticket.objects.get()
    assert ticket.is_anonymous
    assert not ticket.parties.exists()


# === Twice is once ========================================================================


def test_the_same_form_sent_again_gives_the_same_ticket(browser: Client) -> None:
    typed = sheet()
    browser.post(PAGE, typed)
    again = browser.post(PAGE, typed, follow=True)

    assert Ticket.objects.count() == 1
    assert "没有重复登记" in shown(again)
    assert Ticket.objects.get().number in shown(again)


def test_a_refused_form_can_be_mended_and_sent(browser: Client) -> None:
    typed = sheet(matter="")
    browser.post(PAGE, typed)
    browser.post(PAGE, typed | {"matter": make.MATTER})

    assert Ticket.objects.count() == 1


def test_two_agents_forms_never_meet(sign_in: SignIn) -> None:
    typed = sheet()
    for _n in range(2):
        sign_in(Role.AGENT).post(PAGE, typed)

    assert Ticket.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_two_presses_in_the_same_moment_are_one_ticket() -> None:
    staff = make.make_staff(Role.AGENT)
    typed = sheet(act="dispatch", **{"dispatch-lead_unit": "990101001"})
    typed["called_at"] = "2026-04-01T09:00"
    together, statuses = threading.Barrier(4), []

    def press() -> None:
        browser = Client()
        browser.force_login(staff)
        together.wait()
        statuses.append(browser.post(PAGE, typed).status_code)
        connections.close_all()

    threads = [threading.Thread(target=press) for _n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert statuses == [302] * 4
    assert Ticket.objects.count() == 1
    assert events(Ticket.objects.get()) == ["accepted", "dispatched"]


# === Drafts ===============================================================================


def test_what_is_typed_comes_back_until_it_is_sent(browser: Client) -> None:
    typed = sheet(**{"answer-text": "请带身份证"})
    assert browser.post(DRAFT, typed).status_code == 204

    page = browser.get(PAGE)

    for words in (make.MATTER, "王芳", "请带身份证", "已恢复 04-14 10:00 保存的草稿"):
        assert words in page.content.decode()
    browser.post(PAGE, typed)
    assert not Draft.objects.exists()
    assert make.MATTER not in browser.get(PAGE).content.decode()


def test_an_unticked_box_stays_unticked_in_a_draft(browser: Client) -> None:
    browser.post(DRAFT, sheet(wants_callback=None, is_confidential="on"))

    page = browser.get(PAGE).content.decode()

    assert "checked" not in re.search(r'<input[^>]*name="wants_callback"[^>]*>', page)[0]  # type: ignore[index]
    assert "checked" in re.search(r'<input[^>]*name="is_confidential"[^>]*>', page)[0]  # type: ignore[index]


def test_a_draft_is_unreadable_in_the_database(browser: Client) -> None:
    browser.post(DRAFT, sheet())

    with connections["default"].cursor() as cursor:
        cursor.execute("SELECT content FROM intake_draft")
        stored = bytes(cursor.fetchone()[0])

    assert "王芳".encode() not in stored
    assert b"13800138000" not in stored


def test_a_draft_belongs_to_its_agent(browser: Client, sign_in: SignIn) -> None:
    browser.post(DRAFT, sheet())

    assert make.MATTER not in sign_in(Role.AGENT).get(PAGE).content.decode()


def test_a_draft_can_be_thrown_away(browser: Client) -> None:
    browser.post(DRAFT, sheet())
    browser.post(reverse("registration_discard"))

    assert make.MATTER not in browser.get(PAGE).content.decode()


def test_a_refusal_keeps_what_was_typed_as_a_draft(browser: Client) -> None:
    send(browser, category="9999")

    assert make.MATTER in browser.get(PAGE).content.decode()


def test_a_late_saving_of_a_sent_form_does_not_bring_it_back(browser: Client) -> None:
    typed = sheet()
    browser.post(PAGE, typed)
    browser.post(DRAFT, typed)

    page = browser.get(PAGE).content.decode()

    assert make.MATTER not in page
    assert typed["token"] not in page


def test_a_draft_too_large_to_keep_says_so(browser: Client) -> None:
    assert browser.post(DRAFT, sheet(matter="路" * 70_000)).status_code == 413
    assert not Draft.objects.exists()


# === The caller ===========================================================================


def ask(browser: Client, phone: str) -> HttpResponse:
    return browser.post(reverse("registration_caller"), {"phone": phone})


def test_a_number_shows_its_earlier_matters_open_ones_first(browser: Client) -> None:
    old = make.dispatched_ticket(at=make.AT - make.days(40), matter="井盖丢了。")
    make.closed_ticket(at=make.AT - make.days(5), matter="暖气不热。", name="李强")
    make.accepted_ticket(phone="13900139000", matter="别人的事。")

    answer = ask(browser, "138-0013-8000")
    text = shown(answer)

    assert text.index("井盖丢了") < text.index("暖气不热")
    assert "别人的事" not in text
    assert "本月 1 件 · 今年 2 件 · 共 2 件" in text
    for words in ("王芳", "李强", "甲一街道办事处", "回访办结", "已过承诺时间"):
        assert words in text
    assert f'data-same-matter="{old.number}"' in answer.content.decode()


def test_a_new_number_says_so(browser: Client) -> None:
    assert "第一次来电" in shown(ask(browser, "13900139000"))


def test_only_the_last_ten_are_listed_and_the_page_says_so(browser: Client) -> None:
    for n in range(12):
        make.accepted_ticket(at=make.AT - make.days(n))

    answer = ask(browser, make.PHONE)

    assert answer.content.decode().count('class="history-line"') == 10
    assert "列出最近 10 件" in shown(answer)
    assert "共 12 件" in shown(answer)


def test_looking_up_a_caller_is_written_down_without_the_number(
    browser: Client, agent: Staff
) -> None:
    ticket = make.accepted_ticket()
    ask(browser, make.PHONE)

    entry = AuditEntry.objects.get(action="caller_looked_up")
    assert entry.actor == f"staff:{agent.pk}"
    assert entry.data == {"requesters": [ticket.parties.get().requester_id]}
    assert "13800138000" not in json.dumps(entry.data) + entry.reason


def test_a_number_that_cannot_be_read_is_said_at_the_field_and_stops_nobody(
    browser: Client,
) -> None:
    answer = ask(browser, "1380013")

    assert answer.status_code == 200
    assert 'id="phone-note"' in answer.content.decode()
    assert "不是有效的电话号码" in shown(answer)


def test_no_number_is_no_look(browser: Client) -> None:
    assert "还没有号码" in shown(ask(browser, " "))
    assert not AuditEntry.objects.exists()


def test_a_handling_unit_cannot_look_up_callers() -> None:
    with pytest.raises(NotPermitted):
        intake.caller_history(phone=make.PHONE, actor=make.handler(), at=make.AT)

    assert not AuditEntry.objects.exists()


# === What the choices mean ================================================================


def choices(browser: Client, **chosen: str) -> str:
    return shown(browser.get(reverse("registration_choices"), chosen))


@pytest.mark.parametrize(
    ("chosen", "words"),
    [
        ({}, "承诺 04-21 10:00 前反馈"),
        ({"category": "0101"}, "承诺 04-15 10:00 前反馈 二级·24小时（按分类）"),
        ({"category": "0702"}, "承诺 04-17 10:00 前反馈"),
        ({"category": "0101", "level": "L1"}, "承诺 04-14 12:00 前反馈 一级·2小时"),
        ({"category": "0702", "urgency": "urgent"}, "承诺 04-15 10:00 前反馈"),
        ({"level": "L4"}, "承诺 04-29 10:00 前反馈"),
        ({"category": "9999", "level": "L9", "urgency": "?"}, "承诺 04-21 10:00 前反馈"),
    ],
)
def test_the_promise_follows_the_class_unless_a_level_is_chosen(
    browser: Client, chosen: dict[str, str], words: str
) -> None:
    assert words in choices(browser, **chosen)


def test_the_promise_shown_is_the_promise_kept(browser: Client) -> None:
    send(browser, category="0702")

    promised = Ticket.objects.get().promised_at
    assert (promised - make.AT).days == 3
    assert "承诺 04-17 10:00 前反馈" in choices(browser, category="0702")


@pytest.mark.parametrize("area", ["990101001", "990101001001"])
def test_the_street_of_the_place_is_proposed_with_the_reason(browser: Client, area: str) -> None:
    words = choices(browser, area=area)

    assert "甲一街道办事处" in words
    assert "按事发地（甲一街道）" in words
    assert "抄送督办 甲区政府" in words


def test_the_district_is_proposed_where_the_street_has_no_unit(browser: Client) -> None:
    orphan = make.make_area(name="新街道")

    for area in ("990101", orphan.code):
        assert "建议主办 甲区政府" in choices(browser, area=area)


def test_an_unknown_place_proposes_nobody(browser: Client) -> None:
    assert "建议主办 " not in choices(browser, area="火星")


# === Places ===============================================================================


def places(browser: Client, query: str) -> list[str]:
    page = browser.get(reverse("area_options"), {"q": query}).content.decode()
    return re.findall(r'<option value="\d+"[^>]*>([^<]+)<', page)


def test_places_are_found_by_name_pinyin_alias_and_what_they_lie_in(browser: Client) -> None:
    street = make.make_area(name="东湖街道", pinyin="dhjd")
    make.make_area(
        name="南里社区", pinyin="nlsq", parent=street, kind=AreaKind.COMMUNITY, code="990101900001",
        path=f"{street.path}990101900001/",
    )  # fmt: skip
    AreaAlias.objects.create(area=street, name="老东门")

    assert places(browser, "东湖") == ["东湖街道", "南里社区"]
    assert places(browser, "dh")[0] == "东湖街道"
    assert places(browser, "老东门") == ["东湖街道", "南里社区"]
    assert places(browser, "东湖 nl") == ["南里社区"]
    assert places(browser, "火星") == []


def test_more_places_than_are_shown_ask_for_another_letter(browser: Client) -> None:
    for _n in range(25):
        make.make_area()

    page = browser.get(reverse("area_options"), {"q": "新设"}).content.decode()

    assert page.count("<option value=") == 21
    assert "继续输入缩小范围" in page


# === Emergency ============================================================================


def call_emergency(browser: Client, **typed: str) -> HttpResponse:
    return browser.post(
        reverse("registration_emergency"),
        {"emergency_token": new_token(), **typed},
        headers={"HX-Request": "true"},
    )


def test_an_empty_form_hands_the_caller_over_and_leaves_a_trace(browser: Client) -> None:
    answer = call_emergency(browser, line="119")

    ticket = Ticket.objects.get()
    informed = TicketEvent.objects.get(type="informed")
    assert (ticket.state, ticket.close_code) == (State.CLOSED, "d1_emergency")
    assert informed.data["transferred_to"] == "119"
    assert "10:00:00 已转接 119" in shown(answer)
    assert ticket.number in shown(answer)


def test_the_number_is_kept_where_it_is_known(browser: Client) -> None:
    call_emergency(browser, line="120", phone=make.PHONE)

    assert Ticket.objects.get().parties.get().requester.phone == "+8613800138000"


@pytest.mark.parametrize(
    "typed", [{"phone": "138oops"}, {"phone": make.PHONE, "is_anonymous": "on"}]
)
def test_a_slip_in_the_number_never_delays_an_ambulance(
    browser: Client, typed: dict[str, str]
) -> None:
    call_emergency(browser, line="120", **typed)

    assert Ticket.objects.get().is_anonymous


def test_the_key_pressed_twice_leaves_one_trace(browser: Client) -> None:
    token = new_token()
    for _n in range(2):
        call_emergency(browser, line="110", emergency_token=token)

    assert Ticket.objects.count() == 1


def test_an_unknown_line_is_refused(browser: Client) -> None:
    assert "请选择 110、119、120 或 122" in shown(call_emergency(browser, line="114"))
    assert not Ticket.objects.exists()


def test_without_script_the_typed_form_comes_back_after_the_transfer(browser: Client) -> None:
    answer = browser.post(reverse("registration_emergency"), sheet(line="122"), follow=True)

    assert make.MATTER in answer.content.decode()
    assert "已即时转接 122" in shown(answer)
    assert Ticket.objects.get().close_code == "d1_emergency"


# === The combined acts ====================================================================


def test_a_refused_second_step_takes_the_first_one_back() -> None:
    actor = actor_for_staff(make.make_staff(Role.AGENT), on=make.AT.date())
    matter = {
        "channel": make.channel(), "matter": make.MATTER, "called_at": make.AT,
        "phone": make.PHONE, "request_type": "consult",
    }  # fmt: skip

    with pytest.raises(Exception, match="请填写"):
        intake.register_and_answer(actor=actor, at=make.AT, text=" ", **matter)

    assert not Ticket.objects.exists()
    assert not TicketEvent.objects.exists()
