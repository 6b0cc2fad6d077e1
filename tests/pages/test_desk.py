"""The dispatch desk: what waits, saying yes to what is proposed, and taking it back."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from dispatch import services as dispatching
from dispatch.models import Assignment, Coordination, Extension, LedgerHold
from hotline.core.actors import actor_for_staff
from hotline.core.models import ClockKind, Role, Staff
from hotline.pages.desk.accepting import Choice, accept
from intake import services as intake
from intake.models import Clock, State, Ticket
from tests import factories as make

SignIn = Callable[..., Client]
HTMX = {"HX-Request": "true"}


@pytest.fixture
def dispatcher(clock: time_machine.Coordinates) -> Staff:
    return make.make_staff(Role.DISPATCHER)


@pytest.fixture
def desk(sign_in: SignIn, dispatcher: Staff) -> Client:
    return sign_in(staff=dispatcher)


def numbers(browser: Client, query: str = "") -> list[str]:
    """The tickets of the rows, from the top."""
    page = browser.get(f"/desk/{query}").content.decode()
    return re.findall(r'<tr id="row-(\d+)"', page)


def tab_counts(browser: Client) -> dict[str, int]:
    page = browser.get("/desk/").content.decode()
    found = re.findall(r'id="desk-count-(\w+)">\s*(\d+)\s*<', page)
    return {key: int(count) for key, count in found}


def choice(ticket: Ticket, unit: str = "990101001") -> str:
    return f"{ticket.number}|{ticket.version}|{unit}"


def token(page: str) -> str:
    found = re.search(r'name="token" value="([^"]+)"', page)
    assert found
    return found[1]


def press(browser: Client, ticket: Ticket, text: str = "", **headers: str) -> Any:
    """The row's own button."""
    sent = {"row": text or choice(ticket), "token": "a-token-of-sixteen"}
    return browser.post(f"/desk/{ticket.number}/accept/", sent, headers=headers)


def press_many(browser: Client, *texts: str, by: str = "a-token-of-sixteen") -> str:
    answer = browser.post("/desk/", {"row": list(texts), "token": by})
    assert answer.status_code == 200
    return answer.content.decode()


def objected_ticket(by: Staff | None = None) -> Ticket:
    """Dispatched by a colleague unless told otherwise, and not wanted by its unit."""
    ticket = make.accepted_ticket()
    who = actor_for_staff(by, on=make.AT.date()) if by else make.dispatcher()
    dispatching.dispatch(number=ticket.number, actor=who, at=make.AT, lead_unit=make.unit())
    dispatching.raise_objection(
        number=ticket.number, actor=make.handler(), at=make.AT + make.minutes(5),
        reason="路灯不归街道管", basis="职责清单第三条", proposed_unit=make.unit("city-urban"),
    )  # fmt: skip
    return make.fresh(ticket)


# --- what waits -----------------------------------------------------------------------------


def test_what_must_be_dispatched_soonest_comes_first(desk: Client) -> None:
    slow = make.accepted_ticket(category=make.category("0501"))
    urgent = make.accepted_ticket(category=make.category("2005"))

    assert numbers(desk) == [urgent.number, slow.number]


def test_a_row_names_the_proposed_unit_and_why(desk: Client) -> None:
    make.accepted_ticket()

    page = desk.get("/desk/").content.decode()

    assert "甲一街道办事处" in page
    assert "按事发地" in page


def test_a_row_without_a_place_says_so_and_offers_no_press(desk: Client) -> None:
    ticket = make.accepted_ticket(area=None)

    page = desk.get("/desk/").content.decode()

    assert "没有填写地点" in page
    assert f'"{ticket.number}/accept/"' not in page
    assert f'"{ticket.number}/do/dispatch/"' in page


def test_what_is_dispatched_or_closed_waits_no_more(desk: Client) -> None:
    make.dispatched_ticket()
    make.closed_ticket(at=make.AT - make.days(3))

    assert numbers(desk) == []


def test_a_taken_back_order_waits_again_and_says_how_often_it_came_back(desk: Client) -> None:
    ticket = objected_ticket()
    dispatching.return_to_desk(
        number=ticket.number, actor=make.dispatcher(), at=make.AT + make.minutes(9), ruling=""
    )

    page = desk.get("/desk/?returned=on").content.decode()

    assert f"row-{ticket.number}" in page
    assert "退回 1 次" in page


def test_rows_are_narrowed_by_words_level_district_class_and_lateness(
    desk: Client, clock: time_machine.Coordinates
) -> None:
    lamp = make.accepted_ticket(title="东门路灯不亮", area=make.area("990102001"))
    heat = make.accepted_ticket(title="家里不热", category=make.category("0101"))
    clock.move_to(Clock.objects.get(ticket=heat, kind=ClockKind.DISPATCH).due_at)

    assert numbers(desk, "?q=路灯") == [lamp.number]
    assert numbers(desk, "?level=L2") == [heat.number]
    assert numbers(desk, "?district=990102") == [lamp.number]
    assert numbers(desk, "?category=01") == [heat.number]
    assert numbers(desk, "?late=on") == [heat.number]
    assert numbers(desk, "?level=L9") == []


def test_pages_follow_each_other_without_gap_or_repetition(
    desk: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hotline.pages.desk.lists.PAGE_SIZE", 2)
    made = [make.accepted_ticket(at=make.AT + make.minutes(n)).number for n in range(5)]
    seen: list[str] = []
    address = "/desk/"
    while address:
        page = desk.get(address).content.decode()
        seen += re.findall(r'<tr id="row-(\d+)"', page)
        link = re.search(r'href="(\?[^"]*after=[^"]*)" rel="next"', page)
        address = f"/desk/{link[1].replace('&amp;', '&')}" if link else ""

    assert seen == made


def test_the_number_on_every_tab_is_the_number_of_its_rows(desk: Client) -> None:
    make.accepted_ticket()
    make.accepted_ticket()
    objected_ticket()
    extension_asked()
    hold_asked()
    consulted_ticket()

    counts = tab_counts(desk)

    assert counts == {"waiting": 3, "objections": 1, "extensions": 1, "ledger": 1, "hard": 1}
    assert counts == {key: len(numbers(desk, f"?tab={key}")) for key in counts}


def test_a_call_taker_sees_what_waits_for_dispatch_and_nothing_else(sign_in: SignIn) -> None:
    waiting = make.accepted_ticket()
    objected_ticket()
    agent = sign_in(Role.AGENT)

    assert set(tab_counts(agent)) == {"waiting"}
    assert numbers(agent, "?tab=objections") == [waiting.number]
    assert "准确率" not in agent.get("/desk/").content.decode()


def test_a_city_supervisor_looks_but_does_not_dispatch(sign_in: SignIn) -> None:
    ticket = make.accepted_ticket()
    supervisor = sign_in(Role.CITY_SUPERVISOR)

    page = supervisor.get("/desk/").content.decode()
    answer = press(supervisor, ticket)

    assert f"row-{ticket.number}" in page
    assert "/accept/" not in page
    assert 'id="desk-bulk"' not in page
    assert answer.status_code == 403
    assert make.fresh(ticket).state == State.ACCEPTED


@pytest.mark.parametrize("role", [Role.CALLBACK_AGENT, Role.AUDITOR, Role.CONTRACTOR])
def test_the_desk_is_not_for_others(sign_in: SignIn, role: Role) -> None:
    assert sign_in(role).get("/desk/").status_code == 403


# --- one press ------------------------------------------------------------------------------


def test_one_press_dispatches_as_proposed_and_the_row_alone_changes(desk: Client) -> None:
    ticket = make.accepted_ticket()

    answer = press(desk, ticket, **HTMX)

    order = Assignment.objects.get(ticket=ticket, role="lead")
    assert order.unit == make.unit()
    assert "按事发地" in order.basis
    assert f'<tr id="row-{ticket.number}" class="row-done"' in answer.content.decode()
    assert f'"number": "{ticket.number}"' in answer.headers["HX-Trigger-After-Settle"]


def test_a_call_taker_dispatches_as_well(sign_in: SignIn) -> None:
    ticket = make.accepted_ticket()

    answer = press(sign_in(Role.AGENT), ticket, **HTMX)

    assert answer.status_code == 200
    assert make.fresh(ticket).state == State.DISPATCHED


def test_a_press_works_without_scripts(desk: Client) -> None:
    ticket = make.accepted_ticket()
    sent = {"row": choice(ticket), "token": "a-token-of-sixteen", "next": "/desk/?level=L3"}

    answer = desk.post(f"/desk/{ticket.number}/accept/", sent)

    assert make.fresh(ticket).state == State.DISPATCHED
    assert answer.headers["Location"] == "/desk/?level=L3"


def test_a_press_sent_twice_dispatches_once_and_says_the_same(desk: Client) -> None:
    ticket = make.accepted_ticket()

    first, second = press(desk, ticket, **HTMX), press(desk, ticket, **HTMX)

    assert (first.status_code, second.status_code) == (200, 200)
    assert Assignment.objects.filter(ticket=ticket, role="lead").count() == 1


def test_the_second_of_two_dispatchers_is_told_on_the_row(desk: Client) -> None:
    ticket = make.accepted_ticket()
    dispatching.dispatch(
        number=ticket.number, actor=make.dispatcher(), at=make.AT, lead_unit=make.unit("ent-heat")
    )

    answer = press(desk, ticket, **HTMX)

    assert answer.status_code == 409
    assert "刚被" in answer.content.decode()
    assert make.fresh(ticket).lead_unit == make.unit("ent-heat")


def test_nothing_goes_to_a_unit_that_nobody_saw_beside_the_ticket(desk: Client) -> None:
    ticket = make.accepted_ticket()

    answer = press(desk, ticket, choice(ticket, "990102001"), **HTMX)

    assert answer.status_code == 409
    assert "建议的单位已变化" in answer.content.decode()
    assert make.fresh(ticket).state == State.ACCEPTED


def test_a_refusal_of_the_service_stands_in_the_row(desk: Client) -> None:
    ticket = make.accepted_ticket(category=None)

    answer = press(desk, ticket, **HTMX)

    assert answer.status_code == 409
    assert "请先选定诉求分类" in answer.content.decode()
    assert make.fresh(ticket).state == State.ACCEPTED


def test_the_unit_complained_of_is_not_proposed(desk: Client) -> None:
    make.accepted_ticket(target="甲一街道办事处不作为")

    page = desk.get("/desk/").content.decode()

    assert '<span class="desk-lead">甲区政府' in page


def test_a_choice_that_no_row_has_written_is_no_address(desk: Client) -> None:
    ticket = make.accepted_ticket()

    for text in ("", "nonsense", f"{ticket.number}|x|990101001", f"{ticket.number}|1e9|", "1|1|a"):
        assert press(desk, ticket, text or "|").status_code == 404


# --- taking it back -------------------------------------------------------------------------


def test_a_dispatch_is_taken_back_within_seconds_and_stands_in_its_row_again(
    desk: Client, clock: time_machine.Coordinates
) -> None:
    ticket = make.accepted_ticket()
    press(desk, ticket)
    clock.move_to(make.AT + make.minutes(0.4))

    listed = desk.get("/desk/").content.decode()
    answer = desk.post(f"/desk/{ticket.number}/undo/", headers=HTMX)

    assert f'data-undo="{ticket.number}"' in listed
    assert make.fresh(ticket).state == State.ACCEPTED
    assert f'<tr id="row-{ticket.number}"' in answer.content.decode()


def test_after_its_seconds_a_dispatch_is_neither_offered_nor_taken_back(
    desk: Client, clock: time_machine.Coordinates
) -> None:
    ticket = make.accepted_ticket()
    press(desk, ticket)
    clock.move_to(make.AT + make.minutes(0.6))

    listed = desk.get("/desk/").content.decode()
    answer = desk.post(f"/desk/{ticket.number}/undo/", headers=HTMX)

    assert "data-undo=" not in listed
    assert answer.status_code == 409
    assert make.fresh(ticket).state == State.DISPATCHED


def test_somebody_elses_dispatch_is_not_taken_back(desk: Client, sign_in: SignIn) -> None:
    ticket = make.accepted_ticket()
    press(desk, ticket)

    answer = sign_in(Role.DISPATCHER).post(f"/desk/{ticket.number}/undo/", headers=HTMX)

    assert answer.status_code == 409
    assert make.fresh(ticket).state == State.DISPATCHED


def test_what_was_taken_back_can_be_dispatched_again(desk: Client) -> None:
    ticket = make.accepted_ticket()
    press(desk, ticket)
    desk.post(f"/desk/{ticket.number}/undo/")

    stale = press(desk, ticket, **HTMX)
    answer = press(desk, make.fresh(ticket), **HTMX)

    assert "已被撤回" in stale.content.decode()
    assert answer.status_code == 200
    assert make.fresh(ticket).state == State.DISPATCHED


# --- many -----------------------------------------------------------------------------------


def test_many_are_dispatched_each_by_itself_with_a_result_for_each(desk: Client) -> None:
    good, other = make.accepted_ticket(), make.accepted_ticket(area=make.area("990102001"))
    taken = make.accepted_ticket()
    intake.note(number=taken.number, actor=make.agent(), at=make.AT, text="催办")

    page = press_many(desk, choice(good), choice(other, "990102001"), choice(taken))

    assert "已派出 2 件，未派出 1 件" in page
    assert "刚被" in page
    assert [make.fresh(t).state for t in (good, other, taken)] == [
        State.DISPATCHED, State.DISPATCHED, State.ACCEPTED,
    ]  # fmt: skip
    assert make.fresh(other).lead_unit == make.unit("990102001")


def test_a_selection_sent_twice_has_the_same_results(desk: Client) -> None:
    tickets = [make.accepted_ticket() for _n in range(3)]
    texts = [choice(ticket) for ticket in tickets]

    first, second = press_many(desk, *texts), press_many(desk, *texts)

    assert "已派出 3 件，未派出 0 件" in first
    assert "已派出 3 件，未派出 0 件" in second
    assert Assignment.objects.filter(role="lead").count() == 3


def test_all_that_match_are_selected_and_seen_before_they_go(
    desk: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hotline.pages.desk.lists.PAGE_SIZE", 2)
    for _n in range(5):
        make.accepted_ticket()

    page = desk.get("/desk/").content.decode()
    everything = desk.get("/desk/?select=all").content.decode()
    rows = re.findall(r'name="row" value="([^"]+)" form="desk-bulk"[^>]* checked', everything)

    assert "选中全部 5 件" in page
    assert len(rows) == 5
    assert "已派出 5 件" in press_many(desk, *rows, by=token(everything))


def test_more_than_fits_is_said_and_not_dropped(
    desk: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hotline.pages.desk.accepting.SELECTED_AT_ONCE", 1)
    first, second = make.accepted_ticket(), make.accepted_ticket()

    page = press_many(desk, choice(first), choice(second))

    assert "已派出 1 件，未派出 1 件" in page
    assert "一次最多派 1 件" in page


def test_an_empty_selection_changes_nothing(desk: Client) -> None:
    ticket = make.accepted_ticket()

    press_many(desk)

    assert make.fresh(ticket).state == State.ACCEPTED


# --- another unit ---------------------------------------------------------------------------


def test_another_unit_with_co_operators_is_chosen_beside_the_list(desk: Client) -> None:
    ticket = make.accepted_ticket()
    address = f"/desk/{ticket.number}/do/dispatch/"
    form = desk.get(address, headers=HTMX).content.decode()

    answer = desk.post(
        address,
        {"lead_unit": "ent-heat", "cooperators": ["990101002", "city-urban", ""],
         "basis": "供热条例", "version": ticket.version},
        headers=HTMX,
    )  # fmt: skip

    assert 'value="990101001"' in form
    assert answer.status_code == 200
    orders = Assignment.objects.filter(ticket=ticket, is_open=True)
    assert set(orders.values_list("unit__code", "role")) == {
        ("ent-heat", "lead"), ("990101002", "cooperate"), ("city-urban", "cooperate"),
    }  # fmt: skip


def test_a_refused_choice_keeps_the_chosen_co_operators(desk: Client) -> None:
    ticket = make.accepted_ticket()

    answer = desk.post(
        f"/desk/{ticket.number}/do/dispatch/",
        {"lead_unit": "", "cooperators": ["990101002", "city-urban"], "version": ticket.version},
        headers=HTMX,
    )
    page = answer.content.decode()

    assert answer.status_code == 422
    assert "请选择主办单位" in page
    assert re.findall(r'value="([\w-]+)" checked', page) == ["990101002", "city-urban"]


def test_a_verb_of_others_has_no_form_at_the_desk(desk: Client) -> None:
    ticket = make.dispatched_ticket()

    assert desk.get(f"/desk/{ticket.number}/do/sign/", headers=HTMX).status_code == 404
    assert desk.get(f"/desk/{ticket.number}/do/nonsense/", headers=HTMX).status_code == 404


def test_why_this_unit_is_proposed_opens_with_and_without_scripts(desk: Client) -> None:
    ticket = make.accepted_ticket()

    beside = desk.get(f"/desk/{ticket.number}/why/", headers=HTMX).content.decode()
    alone = desk.get(f"/desk/{ticket.number}/why/").content.decode()

    assert "按事发地派甲一街道办事处" in alone
    assert "<html" in alone
    assert "<html" not in beside
    assert all("甲一街道办事处" in page and "按事发地" in page for page in (beside, alone))


# --- what is decided ------------------------------------------------------------------------


def test_an_objection_shows_its_grounds_and_is_ruled_beside_the_list(
    desk: Client, clock: time_machine.Coordinates
) -> None:
    ticket = objected_ticket()
    clock.move_to(make.AT + make.minutes(10))

    page = desk.get("/desk/?tab=objections").content.decode()
    answer = desk.post(
        f"/desk/{ticket.number}/do/reject_objection/",
        {"ruling": "属地管理", "version": ticket.version},
        headers=HTMX,
    )

    for words in ("路灯不归街道管", "职责清单第三条", "市城市管理委", "甲一街道办事处"):
        assert words in page
    assert answer.status_code == 200
    assert numbers(desk, "?tab=objections") == []


def test_nobody_rules_on_a_dispatch_of_their_own(desk: Client, dispatcher: Staff) -> None:
    ticket = objected_ticket(by=dispatcher)

    page = desk.get("/desk/?tab=objections").content.decode()
    answer = desk.post(
        f"/desk/{ticket.number}/do/reject_objection/", {"ruling": "属地"}, headers=HTMX
    )

    assert "这一单是您本人派出的" in page
    assert "/do/reject_objection/" not in page
    assert answer.status_code == 409


def lead_of(ticket: Ticket) -> Assignment:
    return Assignment.objects.get(ticket=ticket, role="lead", is_open=True)


def owed(ticket: Ticket, kind: str) -> None:
    """The desk's promise to decide, a day from now."""
    Clock.objects.create(
        ticket=ticket, kind=kind, subject_id=lead_of(ticket).pk if ticket.lead_unit_id else None,
        started_at=make.AT, opens_at=make.AT, warn_at=make.AT + make.hours(16),
        due_at=make.AT + make.days(1),
    )  # fmt: skip


def extension_asked() -> Ticket:
    ticket = make.handled_ticket()
    Extension.objects.create(
        assignment=lead_of(ticket), ground="weather", reason="连日大雨", amount=3,
        unit="calendar_days", told_by="phone", told_at=make.AT, asked_at=make.AT,
        asked_by="staff:0",
    )  # fmt: skip
    owed(ticket, ClockKind.EXTENSION_RULING)
    return ticket


def hold_asked(**fields: Any) -> Ticket:
    ticket = make.handled_ticket()
    LedgerHold.objects.create(
        ticket=ticket, assignment=lead_of(ticket), kind="funds", plan="列入明年预算",
        review_at=make.AT + make.days(20), asked_at=make.AT, asked_by="staff:0", **fields,
    )  # fmt: skip
    owed(ticket, ClockKind.LEDGER_REVIEW if fields else ClockKind.LEDGER_RULING)
    return ticket


def consulted_ticket() -> Ticket:
    ticket = make.accepted_ticket()
    asked = Coordination.objects.create(
        ticket=ticket, kind="consultation", question="路灯由谁管", asked_at=make.AT,
        asked_by="staff:0",
    )  # fmt: skip
    asked.members.set([make.unit(), make.unit("city-urban")])
    owed(ticket, ClockKind.CONSULTATION)
    return ticket


def test_an_extension_says_how_much_is_asked_and_why(desk: Client) -> None:
    extension_asked()

    page = desk.get("/desk/?tab=extensions").content.decode()

    assert "3 自然日" in page
    assert "连日大雨" in page
    assert "恶劣天气" in page


def test_a_review_of_the_ledger_comes_up_when_it_is_about_to_fall_due(
    desk: Client, clock: time_machine.Coordinates
) -> None:
    ticket = hold_asked(outcome="granted", decided_at=make.AT)

    before = numbers(desk, "?tab=ledger")
    clock.move_to(make.AT + make.hours(16))

    assert before == []
    assert numbers(desk, "?tab=ledger") == [ticket.number]


def test_a_consultation_shows_its_question_and_who_sits_together(desk: Client) -> None:
    ticket = consulted_ticket()

    page = desk.get("/desk/?tab=hard").content.decode()

    assert "路灯由谁管" in page
    assert "市城市管理委" in page
    assert "会商中" in desk.get(f"/desk/?q={ticket.number}").content.decode()


def test_a_matter_returned_twice_is_a_hard_case_until_it_is_dispatched(desk: Client) -> None:
    ticket = make.accepted_ticket()
    for code in ("990101001", "990101002"):
        unit = make.unit(code)
        dispatching.dispatch(
            number=ticket.number, actor=make.dispatcher(), at=make.AT, lead_unit=unit
        )
        dispatching.raise_objection(
            number=ticket.number, actor=make.handler(unit), at=make.AT, reason="不归", basis="一"
        )
        dispatching.return_to_desk(number=ticket.number, actor=make.dispatcher(), at=make.AT)

    hard = numbers(desk, "?tab=hard")
    press(desk, make.fresh(ticket))

    assert hard == [ticket.number]
    assert numbers(desk, "?tab=hard") == []


# --- figures, news, cost --------------------------------------------------------------------


def figure(browser: Client, label: str) -> str:
    page = browser.get("/desk/").content.decode()
    found = re.search(rf"<dt[^>]*>{label}</dt><dd>(.*?)</dd>", page)
    assert found
    return re.sub(r"<[^>]+>", "", found[1]).strip()


def test_accuracy_is_of_the_offices_day_and_a_dash_without_a_dispatch(
    desk: Client, clock: time_machine.Coordinates
) -> None:
    before = figure(desk, "今日派单准确率")
    make.dispatched_ticket(dispatched_at=make.AT)
    ticket = objected_ticket()
    clock.move_to(make.AT + make.minutes(20))
    dispatching.return_to_desk(
        number=ticket.number, actor=make.dispatcher(), at=make.AT + make.minutes(10)
    )

    assert before == "—"
    assert figure(desk, "今日派单") == "2 本人 0"
    assert figure(desk, "今日派单准确率") == "50.0%"
    assert figure(desk, "今日派单被提异议") == "1 成立 1"
    clock.move_to(make.AT + make.hours(14))  # midnight in the office, not in Greenwich
    assert figure(desk, "今日派单") == "0 本人 0"


def test_what_was_taken_back_at_once_was_no_dispatch(desk: Client) -> None:
    ticket = make.accepted_ticket()
    press(desk, ticket)
    desk.post(f"/desk/{ticket.number}/undo/")

    assert figure(desk, "今日派单") == "0 本人 0"


def test_the_page_learns_of_new_rows(desk: Client, clock: time_machine.Coordinates) -> None:
    address = f"/desk/updates/?since={quote(make.AT.isoformat())}"
    nothing = desk.get(address)
    make.accepted_ticket(at=make.AT + make.minutes(1))
    clock.move_to(make.AT + make.minutes(2))

    something = desk.get(address)
    again = desk.get(address, headers={"If-None-Match": something.headers["ETag"]})

    assert nothing.status_code == 204
    assert "有 1 条更新" in something.content.decode()
    assert again.status_code == 304


@pytest.mark.parametrize("tab", ["waiting", "objections", "extensions", "ledger", "hard"])
def test_a_page_costs_the_same_however_many_rows_it_has(desk: Client, tab: str) -> None:
    made = {
        "waiting": make.accepted_ticket, "objections": objected_ticket,
        "extensions": extension_asked, "ledger": hold_asked, "hard": consulted_ticket,
    }[tab]  # fmt: skip

    def statements() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert desk.get(f"/desk/?tab={tab}").status_code == 200
        return len(captured)

    def with_rows(count: int) -> int:
        for _n in range(count):
            made()
        statements()  # reference tables are read once per process
        return statements()

    one, five = with_rows(1), with_rows(4)

    assert one == five <= 19


def test_an_unknown_ticket_is_told_as_such_among_others(dispatcher: Staff) -> None:
    nowhere = Choice("2026041499999990", 1, "990101001")
    actor = actor_for_staff(dispatcher, on=make.AT.date())

    with pytest.raises(Exception, match="没有这件工单"):
        accept(nowhere, token="a-token-of-sixteen", actor=actor, at=make.AT)
