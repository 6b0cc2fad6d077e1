"""剔除与申诉 on pages: asked on the ticket, decided in the list, read by those concerned."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import unescape
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.http import HttpResponseBase
from django.test import Client
from django.test.utils import CaptureQueriesContext

from dispatch import services as dispatching
from evaluation import services
from evaluation.models import Appeal, CallbackResult, Exclusion
from hotline.core.actors import actor_for_staff
from hotline.core.models import Membership, Role
from hotline.pages.pleas.lists import PAGE_SIZE
from intake.models import Ticket
from intake.services import reopen
from tests import factories as make
from tests.evaluation.making import make_outcome
from tests.evaluation.test_pleas import close_month

SignIn = Callable[..., Client]
LIST = "/pleas/"
REASON, EVIDENCE = "诉求人要求改建私有围墙", "现场勘察记录在街道档案室"
ASKED = make.AT + make.days(1)


@pytest.fixture(autouse=True)
def _later(clock: time_machine.Coordinates) -> None:
    clock.move_to(make.AT + make.days(2))


def page_of(browser: Client, address: str = LIST, status: int = 200) -> str:
    answer = browser.get(address)
    assert answer.status_code == status
    return unescape(answer.content.decode())


def answered_badly(**fields: Any) -> Ticket:
    return make.closed_ticket(resolved=False, satisfaction="dissatisfied", **fields)


def ask(ticket: Ticket, at: Any = ASKED, **changed: Any) -> Exclusion:
    words = {"scope": "rates", "ground": "unreasonable", "reason": REASON, "evidence": EVIDENCE}
    words["actor"] = make.handler(ticket)
    services.ask_exclusion(number=ticket.number, at=at, **(words | changed))
    return Exclusion.objects.latest("pk")


def object_to(ticket: Ticket) -> Appeal:
    services.appeal(
        number=ticket.number, actor=make.handler(ticket), at=ASKED, ground="other_unit",
        result=CallbackResult.objects.filter(ticket=ticket).latest("pk").pk, reason=REASON,
        evidence=EVIDENCE,
    )  # fmt: skip
    return Appeal.objects.latest("pk")


def rule(plea: Exclusion | Appeal, decision: str, ruling: str = "") -> None:
    """Decided a day after it was asked."""
    kind = "exclusion" if isinstance(plea, Exclusion) else "appeal"
    verb = {
        "exclusiongrant": services.grant_exclusion, "exclusionrefuse": services.refuse_exclusion,
        "appealgrant": services.uphold_appeal, "appealrefuse": services.reject_appeal,
    }[kind + decision]  # fmt: skip
    verb(
        number=plea.ticket.number, actor=make.actor(Role.CITY_SUPERVISOR),
        at=make.AT + make.days(2), ruling=ruling, **{kind: plea.pk},
    )  # fmt: skip


def shown(page: str) -> list[int]:
    return [int(pk) for pk in re.findall(r'<tr id="plea-(\d+)"', page)]


def send(browser: Client, plea: Exclusion | Appeal, **sent: Any) -> HttpResponseBase:
    kind = "exclusions" if isinstance(plea, Exclusion) else "appeals"
    return browser.post(f"/pleas/{kind}/{plea.pk}/", sent)


@pytest.fixture
def boss(sign_in: SignIn) -> Client:
    return sign_in(Role.CITY_SUPERVISOR)


@pytest.fixture
def street(sign_in: SignIn) -> Client:
    return sign_in(Role.HANDLER, make.unit())


# === Asked on the ticket ====================================================================


def test_the_unit_asks_on_the_ticket_page_under_a_heading_of_its_own(street: Client) -> None:
    ticket = make.handled_ticket()
    page = page_of(street, f"/tickets/{ticket.number}/")
    more = page[page.index('<dl class="move-groups">') :]

    assert more.index("<dt>考评</dt>") < more.index(f"/tickets/{ticket.number}/do/ask_exclusion/")
    form = page_of(street, f"/tickets/{ticket.number}/do/ask_exclusion/")
    assert "申请容错的，请写明依法依规做了哪些事" in form
    assert 'name="unit"' not in form


def test_what_was_asked_stands_on_the_ticket_page_with_the_time_left(street: Client) -> None:
    ticket = answered_badly()
    answer = street.post(
        f"/tickets/{ticket.number}/do/ask_exclusion/",
        {"scope": "rates", "ground": "tolerated", "reason": REASON, "evidence": EVIDENCE},
    )

    assert answer.status_code == 302
    assert Exclusion.objects.get().reason == REASON
    page = page_of(street, f"/tickets/{ticket.number}/")
    panel = page[page.index('id="pleas-title"') :]
    for words in ("剔除（不计入三率）", "待审核", "容错（尽职而未成）", REASON, EVIDENCE, "剩 "):
        assert words in panel


def test_who_works_for_two_units_of_a_ticket_says_for_which(sign_in: SignIn) -> None:
    ticket, helper = make.handled_ticket(), make.unit("990101002")
    dispatching.ask_cooperation(
        number=ticket.number, actor=make.handler(ticket), at=make.AT + make.hours(1), unit=helper,
        task="核查",
    )  # fmt: skip
    staff = make.make_staff(Role.HANDLER, make.unit())
    Membership.objects.create(staff=staff, unit=helper, role=Role.HANDLER, valid_from=make.LONG_AGO)
    browser = sign_in(staff=staff)
    address = f"/tickets/{ticket.number}/do/ask_exclusion/"
    assert f'<option value="{helper.code}">{helper.name}</option>' in page_of(browser, address)
    words = {"scope": "rates", "ground": "malicious", "reason": REASON, "evidence": EVIDENCE}

    assert browser.post(address, words).status_code == 422
    assert browser.post(address, words | {"unit": helper.code}).status_code == 302
    assert Exclusion.objects.get().unit == helper


def test_the_form_of_an_appeal_offers_the_answers_of_the_unit_by_their_words(
    street: Client,
) -> None:
    ticket = answered_badly()
    result = CallbackResult.objects.get(ticket=ticket)
    address = f"/tickets/{ticket.number}/do/appeal/"
    form = page_of(street, address)
    option = re.search(rf'<option value="{result.pk}" selected>([^<]*)</option>', form)

    assert option
    assert "已联系 · 未解决 · 不满意" in option[1]
    street.post(
        address,
        {"result": result.pk, "ground": "other_unit", "reason": REASON, "evidence": EVIDENCE},
    )
    assert Appeal.objects.get().result == result


def test_buttons_that_cannot_succeed_are_not_there(street: Client, boss: Client) -> None:
    ticket = make.replied_ticket()
    address = f"/tickets/{ticket.number}/"
    assert "do/appeal/" not in page_of(street, address)
    assert "do/grant_exclusion/" not in page_of(boss, address)
    ask(ticket)
    ask(ticket, scope="volume")

    assert "do/ask_exclusion/" not in page_of(street, address)
    assert "do/grant_exclusion/" in page_of(boss, address)


def test_once_its_month_is_closed_nothing_is_offered_any_more(street: Client) -> None:
    ticket = answered_badly()
    make_outcome(ticket=ticket, month="2026-04")
    address = f"/tickets/{ticket.number}/"
    assert "do/ask_exclusion/" in page_of(street, address)
    close_month("2026-04", at=make.AT)

    assert "do/ask_exclusion/" not in page_of(street, address)
    assert "do/appeal/" not in page_of(street, address)


def test_on_the_ticket_page_the_supervisor_decides_the_one_that_waits(boss: Client) -> None:
    ticket = answered_badly()
    plea = ask(ticket)
    address = f"/tickets/{ticket.number}/do/grant_exclusion/"
    form = page_of(boss, address)
    assert re.search(rf'<input type="hidden" name="exclusion" value="{plea.pk}"', form)

    boss.post(address, {"exclusion": plea.pk, "ruling": "情况属实"})
    plea.refresh_from_db()
    assert (plea.outcome, plea.ruling) == ("granted", "情况属实")
    assert "情况属实" in page_of(boss, f"/tickets/{ticket.number}/")


def test_of_two_appeals_of_a_unit_the_form_tells_which_is_about_what(boss: Client) -> None:
    ticket = make.call_back(
        make.replied_ticket(), at=make.AT + make.hours(3), resolved=False, satisfaction="average"
    )
    first = object_to(ticket)
    services.rehandle(number=ticket.number, actor=make.callback_agent(), at=make.AT + make.hours(4))
    make.reply_to(make.fresh(ticket), at=make.AT + make.hours(5), text="再次上门处理")
    again = make.call_back(ticket, at=make.AT + make.hours(9), satisfaction="dissatisfied")
    second = object_to(again)
    form = page_of(boss, f"/tickets/{ticket.number}/do/reject_appeal/")

    for plea, said in ((first, "未解决 · 一般"), (second, "已解决 · 不满意")):
        assert re.search(rf'<option value="{plea.pk}">[^<]*{said}</option>', form)


def test_another_unit_on_the_ticket_reads_nothing_of_it(sign_in: SignIn, street: Client) -> None:
    ticket, helper = make.handled_ticket(), make.unit("990101002")
    dispatching.ask_cooperation(
        number=ticket.number, actor=make.handler(ticket), at=make.AT + make.hours(1), unit=helper,
        task="核查",
    )  # fmt: skip
    ask(ticket)
    for address in ("/inbox/", "/tickets/", f"/tickets/{ticket.number}/", LIST,
                    f"/api/v1/tickets/{ticket.number}",
                    f"/api/v1/tickets/{ticket.number}/events"):  # fmt: skip
        theirs = page_of(sign_in(Role.HANDLER, helper), address)

        for words in (REASON, EVIDENCE, "exclusion_asked", "exclusion_ruling", "剔除审核"):
            assert words not in theirs, address
    own = page_of(street, f"/tickets/{ticket.number}/")
    assert REASON in own
    assert "剔除审核" in own


# === The list ===============================================================================


def test_a_row_holds_what_is_needed_to_decide(boss: Client) -> None:
    ticket = answered_badly()
    make_outcome(ticket=ticket, month="2026-04")
    rule(ask(ticket, scope="volume"), "refuse", "须计入总量")
    ask(ticket, at=make.AT + make.days(2))
    page = page_of(boss)

    assert "计入 2026-04" in page
    for words in (
        ticket.number, make.unit().name, "不合理诉求", REASON, EVIDENCE,
        "已派人到现场核实并处理", "已联系 · 未解决 · 不满意", "不计入诉求总量：不同意。须计入总量",
        make.MATTER,
    ):  # fmt: skip
        assert words in page, words


def test_an_appeal_shows_the_answer_it_is_about_and_no_other(boss: Client) -> None:
    ticket = make.call_back(
        make.replied_ticket(), at=make.AT + make.hours(3), resolved=False, satisfaction="average"
    )
    object_to(ticket)
    page = page_of(boss, f"{LIST}?tab=appeals")

    assert "已联系 · 未解决 · 一般" in page
    assert "诉求人评价的不是本单位" in page


def test_what_is_due_first_stands_first_and_each_kind_is_counted(boss: Client) -> None:
    later, sooner = answered_badly(), answered_badly()
    second = ask(later, at=ASKED + make.hours(1))
    first = ask(sooner)
    ask(sooner, scope="volume")
    object_to(sooner)
    page = page_of(boss)

    assert shown(page) == [first.pk, second.pk]
    counts = re.findall(r'href="\?tab=(\w+)"[^>]*>[^<]*<span class="count">\s*(\d+)', page)
    assert counts == [("rates", "2"), ("volume", "1"), ("appeals", "1")]
    assert "共 2 件" in page


def test_one_that_is_late_says_so(boss: Client, clock: time_machine.Coordinates) -> None:
    plea = ask(answered_badly())
    assert "row-late" not in page_of(boss)
    clock.move_to(make.AT + make.days(10))

    assert re.search(rf'<tr id="plea-{plea.pk}" class="row-late">', page_of(boss))


@pytest.mark.parametrize(
    ("decision", "outcome", "said"),
    [("grant", "granted", "同意剔除"), ("refuse", "refused", "不同意剔除")],
)
def test_it_is_decided_in_its_row_and_the_next_one_stands_there(
    boss: Client, decision: str, outcome: str, said: str
) -> None:
    first, second = ask(answered_badly()), ask(answered_badly())
    page = page_of(boss)
    assert re.search(rf'name="after" value="{second.pk}"', page)
    answer = send(
        boss, first, decision=decision, ruling="已核", list="tab=rates", after=second.pk,
        version=first.ticket.version,
    )  # fmt: skip

    assert answer.headers["Location"] == f"{LIST}?tab=rates#plea-{second.pk}"
    first.refresh_from_db()
    assert (first.outcome, first.ruling) == (outcome, "已核")
    after = page_of(boss, f"{LIST}?tab=rates")
    assert shown(after) == [second.pk]
    assert f"{first.ticket.number}：{said}" in after


def test_an_appeal_is_decided_in_its_row(boss: Client) -> None:
    upheld, rejected = object_to(answered_badly()), object_to(answered_badly())
    send(boss, upheld, decision="grant", list="tab=appeals")
    send(boss, rejected, decision="refuse", ruling="录音为证", list="tab=appeals")

    assert [a.outcome for a in Appeal.objects.order_by("pk")] == ["granted", "refused"]
    assert "成立" in page_of(boss, f"{LIST}?tab=appeals&state=granted")


def test_a_refusal_without_a_reason_is_said_in_the_row_and_the_words_stay(boss: Client) -> None:
    plea, other = ask(answered_badly()), ask(answered_badly())
    answer = send(boss, plea, decision="refuse", ruling="", list="tab=rates")
    page = unescape(answer.content.decode())

    assert answer.status_code == 409
    row = page[page.index(f'id="plea-{plea.pk}"') : page.index(f'id="plea-{other.pk}"')]
    assert "不同意的，请写明理由。" in row
    stale = send(boss, plea, decision="grant", ruling="已核对", list="tab=rates", version="0")
    assert stale.status_code == 409
    assert ">已核对</textarea>" in unescape(stale.content.decode())
    assert not Exclusion.objects.exclude(outcome="").exists()


def test_what_somebody_else_decided_meanwhile_is_said_above_the_list(boss: Client) -> None:
    plea = ask(answered_badly())
    rule(plea, "refuse", "证据不足")
    answer = send(boss, plea, decision="grant", list="tab=rates")

    assert answer.status_code == 409
    assert "可能已由别人审核" in answer.content.decode()
    plea.refresh_from_db()
    assert plea.outcome == "refused"


def test_a_decision_that_is_none_and_a_plea_that_is_none_are_not_found(boss: Client) -> None:
    plea = ask(answered_badly())

    assert send(boss, plea, decision="maybe").status_code == 404
    assert boss.post("/pleas/exclusions/0/", {"decision": "grant"}).status_code == 404


def test_ones_own_plea_has_no_buttons(sign_in: SignIn) -> None:
    staff = make.make_staff(Role.HANDLER, make.unit())
    Membership.objects.create(
        staff=staff, unit=make.unit("hotline"), role=Role.CITY_SUPERVISOR, valid_from=make.LONG_AGO
    )
    plea = ask(answered_badly(), actor=actor_for_staff(staff, on=make.AT.date()))
    page = page_of(sign_in(staff=staff))

    assert shown(page) == [plea.pk]
    assert "这是您本人提出的，须由其他人审核" in page
    assert 'name="decision"' not in page


def test_what_was_decided_is_listed_newest_first_with_who_and_why(boss: Client) -> None:
    old, new = ask(answered_badly()), ask(answered_badly())
    rule(old, "refuse", "属于职责范围")
    rule(new, "grant")

    assert shown(page_of(boss, f"{LIST}?state=all")) == [new.pk, old.pk]
    page = page_of(boss, f"{LIST}?state=refused")
    assert shown(page) == [old.pk]
    assert "属于职责范围" in page
    assert 'name="decision"' not in page


def test_the_list_goes_on_over_pages_and_its_count_is_that_of_all(boss: Client) -> None:
    pleas = [ask(answered_badly(), at=ASKED + make.minutes(n)) for n in range(PAGE_SIZE + 1)]
    first = page_of(boss)
    after = re.search(r'href="(\?[^"]*after=[^"]*)" rel="next"', first)
    assert after

    assert shown(first) == [plea.pk for plea in pleas[:PAGE_SIZE]]
    assert shown(page_of(boss, LIST + after[1])) == [pleas[-1].pk]
    assert f"共 {PAGE_SIZE + 1} 件" in first


# === Who reads what =========================================================================


@pytest.mark.parametrize(
    ("role", "place", "reads"),
    [
        (Role.HANDLER, "990101001", True), (Role.MANAGER, "990101001", True),
        (Role.DISTRICT_SUPERVISOR, "990101", True), (Role.AUDITOR, "hotline", True),
        (Role.HANDLER, "990101002", False), (Role.DISTRICT_SUPERVISOR, "990102", False),
    ],
)  # fmt: skip
def test_units_read_their_own_districts_theirs_and_the_auditor_all(
    sign_in: SignIn, role: str, place: str, reads: bool
) -> None:
    plea = ask(answered_badly())
    page = page_of(sign_in(role, make.unit(place)))

    assert (shown(page) == [plea.pk]) == (REASON in page) == reads
    assert 'name="decision"' not in page
    assert ("等待市督导审核" in page) == reads


def test_only_the_supervisor_finds_it_in_the_navigation(sign_in: SignIn, boss: Client) -> None:
    link = re.compile(r'<a href="/pleas/"[^>]*data-shortcut="g p"')

    assert link.search(page_of(boss))
    assert not link.search(page_of(sign_in(Role.AUDITOR)))
    assert re.search(
        r'<nav class="tabs-line"[^>]*>.*href="/pleas/" aria-current', page_of(boss), re.S
    )


def test_who_no_longer_sees_the_ticket_reads_the_plea_and_nothing_of_the_ticket(
    street: Client,
) -> None:
    ticket = answered_badly()
    plea = ask(ticket)
    reopen(
        number=ticket.number, actor=make.dispatcher(), at=make.AT + make.days(2), reason="又坏了"
    )
    page = page_of(street)

    assert shown(page) == [plea.pk]
    assert REASON in page
    for words in (make.MATTER, "已派人到现场", "未解决", f"/tickets/{ticket.number}/"):
        assert words not in page


def test_a_withheld_answer_is_not_read_by_the_unit_in_the_list_or_the_form(
    street: Client, boss: Client
) -> None:
    ticket = make.replied_ticket()
    CallbackResult.objects.create(
        ticket=ticket, unit=make.unit(), requester=ticket.parties.get().requester, round=1,
        attempt=1, channel="own", outcome="connected", contacted=False, resolved=False,
        satisfaction="very_dissatisfied", opinion="没有人来过", is_valid=True, is_first=True,
        is_withheld=True, called_at=make.AT + make.hours(3),
    )  # fmt: skip
    form = page_of(street, f"/tickets/{ticket.number}/do/appeal/")
    object_to(ticket)

    for page in (form, page_of(street, f"{LIST}?tab=appeals")):
        assert "诉求人要求内容不向单位显示" in page
        assert "非常不满意" not in page
        assert "没有人来过" not in page
    assert "未联系 · 未解决 · 非常不满意" in page_of(boss, f"{LIST}?tab=appeals")


def test_the_words_of_a_confidential_matters_requester_stay_at_the_hotline(
    street: Client, boss: Client
) -> None:
    ticket = make.replied_ticket(is_confidential=True)
    services.record_callback(
        number=ticket.number, actor=make.callback_agent(), at=make.AT + make.hours(3),
        outcome="connected", contacted=True, resolved=False, satisfaction="average",
        opinion="我是三楼住户",
    )  # fmt: skip
    object_to(make.fresh(ticket))

    assert "我是三楼住户" not in page_of(street, f"{LIST}?tab=appeals")
    assert "我是三楼住户" in page_of(boss, f"{LIST}?tab=appeals")


# === How often ==============================================================================


def counted(page: str) -> list[tuple[str, list[int]]]:
    """The lines of the table: a unit, and asked, granted, refused, pending."""
    table = page[page.index('id="counts-title"') :]
    lines = re.findall(r"<tr><td>([^<]+)</td>(.*?)</tr>", table, re.S)
    return [(name, [int(n) for n in re.findall(r">(\d+)</a>", line)]) for name, line in lines]


def test_every_number_of_the_table_opens_exactly_its_pleas(boss: Client) -> None:
    granted, refused, waiting = [answered_badly() for _ in range(3)]
    for ticket in (granted, refused, waiting):
        make_outcome(ticket=ticket, month="2026-04")
    rule(ask(granted), "grant")
    rule(ask(refused), "refuse", "证据不足")
    ask(waiting)
    elsewhere = answered_badly(lead_unit=make.unit("990102001"))
    make_outcome(ticket=elsewhere, month="2026-03", unit=elsewhere.lead_unit)
    ask(elsewhere)
    page = page_of(boss)

    assert counted(page) == [(make.unit().name, [3, 1, 1, 1])]
    table = page[page.index('id="counts-title"') :]
    for n, url in re.findall(r'href="(\?[^"]+)"[^>]*>(\d+)</a>', table):
        assert len(shown(page_of(boss, LIST + n))) == int(url), n
    march = page_of(boss, f"{LIST}?month=2026-03")
    assert counted(march) == [(make.unit("990102001").name, [1, 0, 0, 1])]


def test_a_unit_counts_its_own_only(sign_in: SignIn) -> None:
    ask(answered_badly())
    ask(answered_badly(lead_unit=make.unit("990102001")))
    page = page_of(sign_in(Role.MANAGER, make.unit("990102001")))

    assert counted(page) == [(make.unit("990102001").name, [1, 0, 0, 1])]
    assert 'name="unit"' not in page


def test_an_address_that_cannot_be_read_lists_nothing_and_says_so(boss: Client) -> None:
    ask(answered_badly())
    page = page_of(boss, f"{LIST}?month=soon&unit=nobody")

    assert shown(page) == []
    assert "没有“nobody”这个单位" in page


def test_the_statements_do_not_grow_with_the_rows(boss: Client) -> None:
    def statements() -> int:
        page_of(boss)
        with CaptureQueriesContext(connection) as captured:
            page_of(boss)
        return len(captured)

    ask(answered_badly())
    one = statements()
    for _ in range(3):
        rule(ask(ticket := answered_badly(), scope="volume"), "refuse", "x")
        ask(ticket)

    assert statements() <= one
    assert one <= 24
