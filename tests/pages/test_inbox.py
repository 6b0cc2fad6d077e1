"""The unit's inbox."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
import time_machine
from django.test import Client

from dispatch import services as dispatching
from dispatch.models import Assignment
from hotline.core.models import Role
from intake.models import State, Ticket
from tests import factories as make

SignIn = Callable[..., Client]
HTMX = {"HX-Request": "true"}


@pytest.fixture
def handler(sign_in: SignIn) -> Client:
    return sign_in(Role.HANDLER, make.unit())


def numbers(browser: Client, query: str = "") -> list[str]:
    """The tickets of the rows, from the top."""
    page = browser.get(f"/inbox/{query}").content.decode()
    return re.findall(r'<td class="mono"><a href="/tickets/(\d+)/"', page)


def tab_counts(browser: Client) -> dict[str, int]:
    page = browser.get("/inbox/").content.decode()
    found = re.findall(r'href="\?tab=(\w+)"[^>]*>[^<]*<span class="count[^"]*">(\d+)<', page)
    return {key: int(count) for key, count in found}


def test_what_has_the_least_time_left_comes_first(handler: Client) -> None:
    slow = make.dispatched_ticket(category=make.category("0501"))
    urgent = make.dispatched_ticket(category=make.category("2005"))
    quick = make.dispatched_ticket(category=make.category("0101"))

    assert numbers(handler) == [urgent.number, quick.number, slow.number]


def test_a_colleague_in_another_unit_sees_nothing_of_it(sign_in: SignIn) -> None:
    make.dispatched_ticket()

    assert numbers(sign_in(Role.HANDLER, make.unit("990101002"))) == []


def test_the_number_on_every_tab_is_the_number_of_its_rows(
    handler: Client, clock: time_machine.Coordinates
) -> None:
    make.dispatched_ticket()
    make.handled_ticket()
    make.handled_ticket(category=make.category("0101"))
    make.replied_ticket()
    clock.move_to(make.AT + make.hours(23))

    counts = tab_counts(handler)

    assert counts == {
        "all": 3, "pending": 1, "handling": 2, "soon": 1, "late": 1, "replied": 1
    } | {key: len(numbers(handler, f"?tab={key}")) for key in counts}  # fmt: skip


def test_a_promise_is_late_in_the_inbox_whether_or_not_a_sweep_has_run(
    handler: Client, clock: time_machine.Coordinates
) -> None:
    ticket = make.dispatched_ticket()
    clock.move_to(make.AT + make.hours(13))

    assert numbers(handler, "?tab=late") == [ticket.number]
    assert "row-late" in handler.get("/inbox/").content.decode()


def test_pages_follow_each_other_without_gap_or_repetition(
    handler: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hotline.pages.paging.page_of.__kwdefaults__", {"size": 2})
    made = [make.dispatched_ticket(at=make.AT + make.minutes(n)).number for n in range(5)]
    seen: list[str] = []
    address = "/inbox/"
    while address:
        page = handler.get(address).content.decode()
        seen += re.findall(r'<td class="mono"><a href="/tickets/(\d+)/"', page)
        link = re.search(r'href="(\?[^"]*after=[^"]*)" rel="next"', page)
        address = f"/inbox/{link[1].replace('&amp;', '&')}" if link else ""

    assert seen == made


def test_a_handler_signs_with_one_press_and_the_row_alone_changes(handler: Client) -> None:
    ticket = make.dispatched_ticket()
    order = Assignment.objects.get(ticket=ticket, unit=make.unit())

    answer = handler.post(f"/inbox/{order.pk}/sign/", headers=HTMX)

    assert make.fresh(ticket).state == State.HANDLING
    assert answer.status_code == 200
    assert answer.content.decode().strip().startswith("<tr")


def test_signing_works_without_scripts(handler: Client) -> None:
    ticket = make.dispatched_ticket()
    order = Assignment.objects.get(ticket=ticket, unit=make.unit())

    answer = handler.post(f"/inbox/{order.pk}/sign/", {"next": "/inbox/?tab=pending"})

    assert make.fresh(ticket).state == State.HANDLING
    assert answer.headers["Location"] == "/inbox/?tab=pending"


def test_the_second_to_sign_is_told_on_the_row(handler: Client) -> None:
    ticket = make.dispatched_ticket()
    order = Assignment.objects.get(ticket=ticket, unit=make.unit())
    dispatching.sign(number=ticket.number, actor=make.handler(ticket), at=make.AT + make.minutes(9))

    answer = handler.post(f"/inbox/{order.pk}/sign/", headers=HTMX)

    assert answer.status_code == 409
    assert "办理中" in answer.content.decode()


def test_an_order_of_another_unit_cannot_be_signed(sign_in: SignIn) -> None:
    ticket = make.dispatched_ticket()
    order = Assignment.objects.get(ticket=ticket, unit=make.unit())

    answer = sign_in(Role.HANDLER, make.unit("990102001")).post(f"/inbox/{order.pk}/sign/")

    assert answer.status_code == 404
    assert make.fresh(ticket).state == State.DISPATCHED


def test_a_way_back_never_leads_off_the_site(handler: Client) -> None:
    ticket = make.dispatched_ticket()
    order = Assignment.objects.get(ticket=ticket, unit=make.unit())

    answer = handler.post(f"/inbox/{order.pk}/sign/", {"next": "https://example.com/"})

    assert answer.headers["Location"] == "/inbox/"


def test_the_district_supervisor_sees_the_copies_of_the_district(sign_in: SignIn) -> None:
    ticket = make.dispatched_ticket()
    make.dispatched_ticket(lead_unit=make.unit("990102001"), area=make.area("990102001"))

    assert numbers(sign_in(Role.DISTRICT_SUPERVISOR, make.unit("990101"))) == [ticket.number]


def test_rows_are_narrowed_by_words_level_and_class(handler: Client) -> None:
    lamp = make.dispatched_ticket(title="东门路灯不亮")
    heat = make.dispatched_ticket(title="家里不热", category=make.category("0101"))

    assert numbers(handler, "?q=路灯") == [lamp.number]
    assert numbers(handler, f"?q={heat.number}") == [heat.number]
    assert numbers(handler, "?level=L2") == [heat.number]
    assert numbers(handler, "?category=01") == [heat.number]


def test_a_filter_that_cannot_be_read_shows_nothing(handler: Client) -> None:
    make.dispatched_ticket()

    assert numbers(handler, "?level=L9") == []
    assert numbers(handler, "?category=nonsense") == []


def test_the_poll_is_silent_until_something_comes(
    handler: Client, clock: time_machine.Coordinates
) -> None:
    query = {"since": (make.AT + make.hours(1)).isoformat()}
    make.dispatched_ticket()
    quiet = handler.get("/inbox/updates/", query)
    make.dispatched_ticket(at=make.AT + make.hours(2))
    clock.move_to(make.AT + make.hours(3))
    told = handler.get("/inbox/updates/", query)
    again = handler.get("/inbox/updates/", query, headers={"If-None-Match": told.headers["ETag"]})

    assert quiet.status_code == 204
    assert "有 1 条更新" in told.content.decode()
    assert again.status_code == 304


# --- parts of other units' work -------------------------------------------------------------


def asked_to_help(ticket: Ticket) -> Assignment:
    dispatching.ask_cooperation(
        number=ticket.number, actor=make.handler(ticket), at=make.AT + make.minutes(30),
        unit=make.unit("990101-market"), task="核查占道摊位的执照",
    )  # fmt: skip
    return Assignment.objects.get(ticket=ticket, role="cooperate")


def test_a_part_says_its_role_and_who_asked_for_it(sign_in: SignIn) -> None:
    ticket = make.handled_ticket()
    asked_to_help(ticket)

    browser = sign_in(Role.HANDLER, make.unit("990101-market"))

    assert "协办 · 甲一街道办事处请求" in browser.get("/inbox/").content.decode()
    assert numbers(browser, "?tab=assisting") == [ticket.number]
    assert tab_counts(browser)["assisting"] == 1


def test_a_co_operator_of_the_dispatch_was_named_with_its_lead(sign_in: SignIn) -> None:
    ticket = make.accepted_ticket()
    dispatching.dispatch(
        number=ticket.number, actor=make.dispatcher(), at=make.AT, lead_unit=make.unit(),
        cooperators=[make.unit("990101-market")],
    )  # fmt: skip

    page = sign_in(Role.HANDLER, make.unit("990101-market")).get("/inbox/").content.decode()

    assert "协办 · 随派单，主办 甲一街道办事处" in page


def test_a_part_is_signed_with_one_press_and_the_ticket_stays_where_it_is(
    sign_in: SignIn,
) -> None:
    ticket = make.handled_ticket()
    part = asked_to_help(ticket)
    browser = sign_in(Role.HANDLER, make.unit("990101-market"))

    answer = browser.post(f"/inbox/{part.pk}/sign/", headers=HTMX)

    assert answer.status_code == 200
    assert Assignment.objects.get(pk=part.pk).state == "signed"
    assert make.fresh(ticket).version == ticket.version + 2
    assert numbers(browser, "?tab=handling") == [ticket.number]


def test_a_parts_row_shows_what_its_own_unit_owes(
    sign_in: SignIn, clock: time_machine.Coordinates
) -> None:
    ticket = make.handled_ticket()
    asked_to_help(ticket)
    clock.move_to(make.AT + make.hours(13))

    browser = sign_in(Role.HANDLER, make.unit("990101-market"))

    assert numbers(browser, "?tab=late") == [ticket.number]
    assert "超 30 分" in browser.get("/inbox/").content.decode()
    assert numbers(sign_in(Role.HANDLER, make.unit()), "?tab=late") == []


def test_a_part_that_was_released_leaves_the_inbox(sign_in: SignIn) -> None:
    ticket = make.handled_ticket()
    asked_to_help(ticket)
    dispatching.release(
        number=ticket.number, actor=make.handler(ticket), at=make.AT + make.hours(1),
        unit=make.unit("990101-market"), reason="已自行解决",
    )  # fmt: skip

    assert numbers(sign_in(Role.HANDLER, make.unit("990101-market"))) == []
