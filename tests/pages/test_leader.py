"""领导台: what waits for a leader, in at most twelve lines, and the leader's sentence on it."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import unescape
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from dispatch import services as dispatching
from dispatch.models import SupervisionOrder
from evaluation import services as evaluation
from evaluation.models import CallbackResult, PressureReport
from evaluation.reference_data.loading import load_scheme
from evaluation.services import months
from hotline.core.actors import SYSTEM, actor_for_staff
from hotline.core.models import Deployment, Role, Staff
from hotline.core.reference import forget_all
from hotline.pages.leader.kinds import KINDS
from hotline.pages.leader.page import SHOWN
from intake.models import Ticket, TicketEvent, TicketRequester
from tests import factories as make
from tests.evaluation.rating import BAD, brought_by, web_channel
from tests.kernel.test_visibility import on_ledger, under_order, unsolved, with_hold

SignIn = Callable[..., Client]
PAGE = "/leader/"
NOW = make.AT + make.hours(4)
TEXT = "今日到现场核实"


@pytest.fixture(autouse=True)
def _later(clock: time_machine.Coordinates) -> None:
    clock.move_to(NOW)


@pytest.fixture
def city() -> Staff:
    return make.make_staff(Role.CITY_SUPERVISOR)


@pytest.fixture
def browser(sign_in: SignIn, city: Staff) -> Client:
    return sign_in(staff=city)


def read(browser: Client, address: str = PAGE) -> str:
    answer = browser.get(address)
    assert answer.status_code == 200
    return unescape(answer.content.decode())


def lines(page: str) -> list[str]:
    """The kinds of the lines, in their order."""
    return re.findall(r'<tr id="([a-z_]+)-\d+"', page)


def numbers(page: str) -> set[str]:
    return set(re.findall(r'href="/tickets/(\d{16})/', page))


def counts(page: str) -> dict[str, int]:
    """Kind → the number beside it."""
    found = re.findall(r'href="\?kind=(\w+)"[^>]*>[^<]*<span class="count[^>]*>(\d+)\s*<', page)
    return {kind: int(n) for kind, n in found}


def district(sign_in: SignIn, code: str = "990101") -> Client:
    return sign_in(Role.DISTRICT_SUPERVISOR, make.unit(code))


def instruct(ticket: Ticket, by: Staff, **words: Any) -> SupervisionOrder:
    leader = actor_for_staff(by, on=make.AT.date())
    given = {"at": make.AT + make.hours(1), "text": TEXT} | words
    dispatching.instruct(number=ticket.number, actor=leader, **given)
    return SupervisionOrder.objects.latest("pk")


def answer(ticket: Ticket, words: str = "已到现场处置") -> None:
    dispatching.answer_instruction(
        number=ticket.number, actor=make.handler(ticket), at=make.AT + make.hours(2), answer=words
    )


# --- what waits -------------------------------------------------------------------------------


def with_objection() -> Ticket:
    ticket = make.dispatched_ticket()
    dispatching.raise_objection(
        number=ticket.number, actor=make.handler(ticket), at=make.AT + make.hours(1), reason="x",
        basis="y",
    )  # fmt: skip
    return ticket


def with_extension() -> Ticket:
    ticket = make.handled_ticket()
    dispatching.ask_extension(
        number=ticket.number, actor=make.handler(ticket), at=make.AT + make.hours(1), amount=1,
        ground="legal", reason="等待检测", told_by="phone",
    )  # fmt: skip
    return ticket


def asked_upward(authority: str = "hotline") -> Ticket:
    ticket = make.handled_ticket()
    dispatching.escalate(
        number=ticket.number, actor=make.handler(ticket), at=make.AT + make.hours(1),
        authority=make.unit(authority), question="地块权属在两区之间",
    )  # fmt: skip
    return ticket


def with_exclusion() -> Ticket:
    ticket = make.handled_ticket()
    evaluation.ask_exclusion(
        number=ticket.number, actor=make.handler(ticket), at=make.AT + make.hours(1),
        scope="rates", ground="unreasonable", reason="法律不允许", evidence="勘察记录",
    )  # fmt: skip
    return ticket


def with_appeal() -> Ticket:
    ticket = make.closed_ticket(
        at=make.AT - make.days(3), resolved=False, satisfaction="dissatisfied"
    )
    result = ticket.callback_results.latest("pk")
    evaluation.appeal(
        number=ticket.number, actor=make.handler(ticket), at=make.AT, ground="other_unit",
        result=result.pk, reason="另一单位", evidence="派单记录",
    )  # fmt: skip
    return ticket


def unsolved_twice() -> Ticket:
    return unsolved(unsolved(make.handled_ticket(at=make.AT - make.days(4)), -3), -2)


def answered_order() -> Ticket:
    ticket = unsolved_twice()
    return make.reply_to(ticket, at=make.AT - make.days(1), text="督办后答复")


def pressed() -> Ticket:
    web, called_at = web_channel(), make.calling_hour(make.AT - make.days(1))
    ticket = brought_by(web, phone="13922220001", at=called_at - make.hours(3))
    make.call_back(ticket, at=called_at)
    evaluation.rate(
        number=ticket.number, actor=web, at=called_at, **BAD, pressure="withdraw",
        pressure_words="有人上门",
    )  # fmt: skip
    return ticket


MATTERS: dict[str, Callable[[], Ticket]] = {
    "emergency": lambda: make.handled_ticket(level="L1"),
    "objections": with_objection,
    "extensions": with_extension,
    "ledger": with_hold,
    "hard": asked_upward,
    "exclusions": with_exclusion,
    "appeals": with_appeal,
    "unsolved": unsolved_twice,
    "order_answers": answered_order,
    "pressure": pressed,
}


@pytest.mark.parametrize("kind", MATTERS)
def test_each_matter_is_a_line_that_says_what_is_to_be_decided(browser: Client, kind: str) -> None:
    ticket = MATTERS[kind]()

    page = read(browser)

    assert kind in lines(page)
    assert counts(page)[kind] == 1
    listed = read(browser, f"{PAGE}?kind={kind}")
    assert lines(listed) == [kind]
    assert numbers(listed) == {ticket.number}
    decision = next(k.decision for k in KINDS if k.key == kind)
    assert str(decision) in listed


def test_an_appeal_against_a_months_score_waits_for_the_city(browser: Client) -> None:
    load_scheme(make.AT)
    months.open_draft(month="2026-03", actor=SYSTEM, at=make.AT - make.days(1))
    street = make.actor(Role.MANAGER, make.unit())
    months.appeal_score(month="2026-03", unit=make.unit(), reason="漏算", actor=street, at=make.AT)

    page = read(browser)

    assert lines(page) == ["score_appeals"]
    assert "/months/2026-03/#appeals" in page


def test_what_was_unsolved_once_is_no_line(browser: Client) -> None:
    unsolved(make.handled_ticket(at=make.AT - make.days(3)), -2)

    assert "unsolved" not in lines(read(browser))


def test_a_clue_of_pressure_is_shown_while_it_is_fresh(
    browser: Client, clock: time_machine.Coordinates
) -> None:
    pressed()
    clock.move_to(make.AT + make.days(8))

    assert "pressure" not in counts(read(browser))
    assert PressureReport.objects.exists()


def test_a_review_of_the_ledger_waits_when_it_is_about_to_fall_due(
    browser: Client, clock: time_machine.Coordinates
) -> None:
    on_ledger()
    before = counts(read(browser))
    clock.move_to(make.AT + make.days(19))

    assert "ledger" not in before
    assert counts(read(browser))["ledger"] == 1


# --- who reads it -----------------------------------------------------------------------------


def test_a_district_decides_what_lies_in_it_and_learns_nothing_of_the_rest(
    sign_in: SignIn,
) -> None:
    for kind in MATTERS.values():
        kind()

    own, other = read(district(sign_in)), read(district(sign_in, "990102"))

    assert set(counts(own)) - {"mine"} == {"emergency", "ledger", "order_answers", "unsolved"}
    assert set(counts(other)) == {"mine"}
    assert "施压" not in own


def test_a_manager_sees_the_own_units_only(sign_in: SignIn) -> None:
    urgent = make.handled_ticket(level="L1")
    make.handled_ticket(level="L1", lead_unit=make.unit("990101002"))

    page = read(sign_in(Role.MANAGER, make.unit()))

    assert counts(page)["emergency"] == 1
    assert numbers(page) == {urgent.number}
    assert "/do/instruct/" not in page


def test_a_hard_case_is_shown_to_the_level_it_was_raised_to(
    browser: Client, sign_in: SignIn
) -> None:
    asked_upward("990101")

    assert "hard" not in counts(read(browser))
    assert counts(read(district(sign_in)))["hard"] == 1
    assert counts(read(sign_in(Role.MANAGER, make.unit("990101"))))["hard"] == 1


def test_answers_withheld_from_the_unit_show_in_no_line_of_its_manager(
    browser: Client, sign_in: SignIn
) -> None:
    ticket = make.handled_ticket()
    Ticket.objects.filter(pk=ticket.pk).update(rehandle_count=2)
    requester = TicketRequester.objects.get(ticket=ticket).requester
    for attempt in (1, 2):
        CallbackResult.objects.create(
            ticket=ticket, unit=make.unit(), requester=requester, round=attempt, attempt=1,
            channel="web", outcome="connected", contacted=True, resolved=False,
            satisfaction="dissatisfied", is_withheld=True, is_valid=True, is_first=attempt == 1,
            called_at=make.AT,
        )  # fmt: skip

    assert counts(read(browser))["unsolved"] == 1
    assert "unsolved" not in counts(read(sign_in(Role.MANAGER, make.unit())))


# --- twelve lines -----------------------------------------------------------------------------


def test_danger_comes_first_and_then_the_least_time_left(browser: Client) -> None:
    with_hold()  # decided within a day
    with_objection()  # within four hours
    make.handled_ticket(level="L1", at=NOW - make.minutes(10))

    assert lines(read(browser)) == ["emergency", "objections", "ledger"]


def test_the_rest_is_counted_and_one_press_away(browser: Client) -> None:
    for _ in range(SHOWN + 2):
        with_objection()

    page = read(browser)

    assert len(lines(page)) == SHOWN
    assert "还有 2 件" in page
    assert len(lines(read(browser, f"{PAGE}?kind=all"))) == SHOWN + 2
    assert len(lines(read(browser, f"{PAGE}?kind=objections"))) == SHOWN + 2


def test_a_list_has_pages_and_loses_nothing(
    browser: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hotline.pages.leader.page.PAGE_SIZE", 2)
    made = {with_objection().number for _ in range(3)}
    made |= {with_hold().number}

    first, second = (read(browser, f"{PAGE}?kind=all&page={n}") for n in (1, 2))

    assert len(lines(first)) == len(lines(second)) == 2
    assert numbers(first) | numbers(second) == made


def test_a_calm_morning_says_so(browser: Client) -> None:
    assert "现在没有要您决定的事" in read(browser)


def test_an_unknown_kind_is_the_page_itself(browser: Client) -> None:
    with_objection()

    assert lines(read(browser, f"{PAGE}?kind=nothing")) == ["objections"]
    assert lines(read(browser, f"{PAGE}?kind=all&page=x")) == ["objections"]


def test_invented_data_say_so(browser: Client) -> None:
    Deployment.objects.update(is_simulated=True)
    forget_all()

    assert "模拟数据" in read(browser)


def test_lines_cost_no_statement_each(browser: Client) -> None:
    def statements() -> int:
        read(browser)
        with CaptureQueriesContext(connection) as captured:
            read(browser)
        return len(captured)

    for kind in MATTERS.values():
        kind()
    few = statements()
    for kind in MATTERS.values():
        kind() if kind is not pressed else None
        with_objection()

    assert statements() == few


# --- the leader's sentence --------------------------------------------------------------------


def test_an_instruction_is_written_on_the_line_itself(browser: Client, city: Staff) -> None:
    ticket = make.handled_ticket(level="L1")
    page = read(browser)
    form = re.search(r'action="(/tickets/\d+/do/instruct/)".*?name="version" value="(\d+)"', page,
                     re.S)  # fmt: skip
    assert form is not None

    answer = browser.post(form[1], {"text": TEXT, "version": form[2], "next": PAGE})

    assert answer.headers["Location"] == PAGE
    order = SupervisionOrder.objects.get(ticket=ticket)
    assert (order.text, order.issued_by) == (TEXT, f"staff:{city.pk}")
    page = read(browser)
    assert "我的批示" in page
    assert TEXT in page
    assert "待答复" in page


def test_an_answer_comes_back_to_the_leader_who_asked_and_to_no_other(
    browser: Client, sign_in: SignIn, city: Staff
) -> None:
    ticket = make.handled_ticket()
    instruct(ticket, city)
    answer(ticket)

    page = read(browser)

    assert lines(page) == ["to_read"]
    assert "已到现场处置" in page
    assert "to_read" not in counts(read(sign_in(Role.CITY_SUPERVISOR)))


def test_the_answer_is_read_on_the_line(browser: Client, city: Staff) -> None:
    ticket = make.handled_ticket()
    order = instruct(ticket, city)
    answer(ticket)
    sent = {"instruction": order.pk, "version": make.fresh(ticket).version, "next": PAGE}

    browser.post(f"/tickets/{ticket.number}/do/accept_instruction/", sent)

    assert SupervisionOrder.objects.get(pk=order.pk).accepted_at == NOW
    page = read(browser)
    assert lines(page) == []
    assert TEXT not in page


def test_the_answer_is_sent_back_on_the_line(browser: Client, city: Staff) -> None:
    ticket = make.handled_ticket()
    order = instruct(ticket, city)
    answer(ticket)
    sent = {"instruction": order.pk, "version": make.fresh(ticket).version, "next": PAGE}

    browser.post(f"/tickets/{ticket.number}/do/send_back_instruction/", sent | {"text": "何时修好"})

    assert SupervisionOrder.objects.get(follows=order).text == "何时修好"
    assert lines(read(browser)) == []


def test_an_instruction_not_answered_in_time_is_a_line(browser: Client, city: Staff) -> None:
    instruct(make.handled_ticket(), city, due_at=NOW - make.hours(1))
    instruct(make.handled_ticket(), city, due_at=NOW + make.hours(1))

    page = read(browser)

    assert lines(page) == ["not_answered"]
    assert counts(page)["mine"] == 2


def test_a_lapsed_instruction_comes_back_and_can_be_put_away(browser: Client, city: Staff) -> None:
    ticket = make.handled_ticket()
    order = instruct(ticket, city)
    dispatching.recall(
        number=ticket.number, actor=make.dispatcher(), at=make.AT + make.hours(2), reason="派错"
    )

    page = read(browser)

    assert lines(page) == ["to_read"]
    assert "未得到答复" in page
    browser.post(
        f"/tickets/{ticket.number}/do/accept_instruction/",
        {"instruction": order.pk, "version": make.fresh(ticket).version},
    )
    assert lines(read(browser)) == []


def test_the_unit_finds_what_it_must_answer(sign_in: SignIn, city: Staff) -> None:
    instruct(make.handled_ticket(), city)

    page = read(sign_in(Role.MANAGER, make.unit()))

    assert lines(page) == ["to_answer"]
    assert TEXT in page


# --- on the ticket ----------------------------------------------------------------------------


def test_the_ticket_page_shows_the_words_and_the_timeline_only_that_there_were_some(
    sign_in: SignIn, city: Staff
) -> None:
    ticket = make.handled_ticket()
    instruct(ticket, city)
    address = f"/tickets/{ticket.number}/"

    before = read(sign_in(Role.HANDLER, make.unit()), address)
    answer(ticket, "管网已修复")
    after = read(sign_in(staff=city), address)

    assert TEXT in before
    assert city.display_name in before
    assert "/do/answer_instruction/" in before
    assert "管网已修复" in after
    assert "/do/accept_instruction/" in after
    events = TicketEvent.objects.filter(ticket_id=ticket.pk, type__startswith="instruct")
    assert TEXT not in repr(list(events.values_list("data", flat=True)))
    assert sign_in(Role.HANDLER, make.unit("990102001")).get(address).status_code == 404


def test_one_of_several_instructions_is_chosen(sign_in: SignIn, city: Staff) -> None:
    ticket = make.handled_ticket()
    first, second = instruct(ticket, city), instruct(ticket, city, text="另报原因")
    unit = sign_in(Role.HANDLER, make.unit())
    address = f"/tickets/{ticket.number}/do/answer_instruction/"

    page = read(unit, address)
    sent = {"answer": "已查明", "version": make.fresh(ticket).version}
    refused = unit.post(address, sent)
    done = unit.post(address, {**sent, "instruction": second.pk})

    assert f'<option value="{first.pk}"' in page
    assert f'<option value="{second.pk}"' in page
    assert (refused.status_code, done.status_code) == (422, 302)
    assert SupervisionOrder.objects.get(pk=second.pk).answer == "已查明"


def test_no_line_names_the_requester(browser: Client, sign_in: SignIn) -> None:
    ticket = make.handled_ticket(level="L1", is_confidential=True, name="王芳芳")

    assert TicketRequester.objects.filter(ticket=ticket).exists()
    for page in (read(browser), read(sign_in(Role.MANAGER, make.unit()))):
        assert "王芳芳" not in page
        assert make.PHONE not in page


def test_under_order_is_accepted_from_the_page(
    browser: Client, clock: time_machine.Coordinates
) -> None:
    ticket = under_order()
    clock.move_to(make.AT + make.days(3) + make.hours(1))
    listed = read(browser, f"{PAGE}?kind=order_answers")

    browser.post(
        f"/tickets/{ticket.number}/do/accept_answer/", {"version": make.fresh(ticket).version}
    )

    assert lines(listed) == ["order_answers"]
    assert "order_answers" not in counts(read(browser))
