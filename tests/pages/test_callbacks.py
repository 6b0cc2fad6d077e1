"""The call-back list and the three questions."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
import time_machine
from django.test import Client

from evaluation.models import CallbackResult
from hotline.core.models import AuditEntry, Role
from intake import services as intake
from intake.models import CloseCode, State, Ticket, TicketRequester
from tests import factories as make

SignIn = Callable[..., Client]
GOOD = {"outcome": "connected", "contacted": "yes", "resolved": "yes", "satisfaction": "satisfied"}
BAD = GOOD | {"resolved": "no", "satisfaction": "dissatisfied"}
UNANSWERED = {"outcome": "no_answer"}


@pytest.fixture
def caller(sign_in: SignIn, clock: time_machine.Coordinates) -> Client:
    """At work at 14:00, when what was replied to at 11:00 may be called about."""
    clock.move_to(make.AT + make.hours(4))
    return sign_in(Role.CALLBACK_AGENT)


def listed(browser: Client, tab: str = "due") -> list[str]:
    page = browser.get(f"/callbacks/?tab={tab}").content.decode()
    return re.findall(r'<td class="mono"><a href="/tickets/(\d+)/', page)


def call(browser: Client, number: str, answers: dict[str, str], then: str = "none", **more: str):  # type: ignore[no-untyped-def]
    """What is answered by the main requester, unless told otherwise."""
    main = TicketRequester.objects.filter(ticket__number=number, role="main").first()
    said = {"party": str(main.pk) if main else "", **answers, "then": then, **more}
    return browser.post(f"/tickets/{number}/callback/", said)


def test_what_has_been_due_longest_comes_first(caller: Client) -> None:
    later = make.replied_ticket(replied_at=make.AT + make.hours(2))
    earlier = make.replied_ticket(replied_at=make.AT + make.hours(1))

    assert listed(caller) == [earlier.number, later.number]


def test_a_call_that_has_not_opened_is_not_listed(caller: Client) -> None:
    make.replied_ticket(replied_at=make.AT + make.hours(3.5))

    assert listed(caller) == []


def test_a_unit_that_never_replied_is_asked_about_all_the_same(
    caller: Client, clock: time_machine.Coordinates
) -> None:
    ticket = make.handled_ticket(category=make.category("0101"))
    clock.move_to(make.AT + make.hours(26))

    page = caller.get(f"/tickets/{ticket.number}/callback/").content.decode()
    call(caller, ticket.number, BAD)

    assert "到期仍未答复" in page
    assert CallbackResult.objects.get().is_valid
    assert make.fresh(ticket).state == State.HANDLING


def test_solved_and_satisfied_closes_in_one_go(caller: Client) -> None:
    ticket = make.replied_ticket()

    answer = call(caller, ticket.number, GOOD, "close")

    assert answer.headers["Location"] == "/callbacks/"
    closed = make.fresh(ticket)
    assert (closed.state, closed.close_code) == (State.CLOSED, CloseCode.CALLED_BACK)


def test_unsolved_goes_back_to_the_unit_in_one_go(caller: Client) -> None:
    ticket = make.replied_ticket()

    call(caller, ticket.number, BAD, "rehandle")

    assert make.fresh(ticket).state == State.HANDLING
    assert make.fresh(ticket).rehandle_count == 1


def test_a_refused_second_step_writes_nothing_and_keeps_the_answers(caller: Client) -> None:
    ticket = make.replied_ticket()

    answer = call(caller, ticket.number, GOOD, "rehandle")

    assert answer.status_code == 409
    assert "无须重新办理" in answer.content.decode()
    assert re.search(r'name="satisfaction" value="satisfied"[^>]* checked', answer.content.decode())
    assert not CallbackResult.objects.exists()


def test_connected_means_three_answers(caller: Client) -> None:
    ticket = make.replied_ticket()

    answer = call(caller, ticket.number, {**GOOD, "satisfaction": ""})

    assert answer.status_code == 422
    assert "三个问题都要有回答" in answer.content.decode()
    assert not CallbackResult.objects.exists()


def test_an_unanswered_call_waits_for_another_half_day(
    caller: Client, clock: time_machine.Coordinates
) -> None:
    ticket = make.replied_ticket()
    call(caller, ticket.number, UNANSWERED)
    now = (listed(caller), listed(caller, "tried"))
    clock.move_to(make.AT + make.hours(23.5))
    page = caller.get("/callbacks/").content.decode()

    assert now == ([], [ticket.number])
    assert listed(caller) == [ticket.number]
    assert "04-14 下午 未接通" in page


def test_three_half_days_without_an_answer_lead_to_the_close(
    caller: Client, clock: time_machine.Coordinates
) -> None:
    ticket = make.replied_ticket()
    for at in (make.AT + make.hours(4), make.AT + make.hours(28), make.AT + make.hours(48)):
        clock.move_to(at)
        answer = call(caller, ticket.number, UNANSWERED)

    close = f"/tickets/{ticket.number}/do/close/"
    assert answer.headers["Location"] == close
    assert listed(caller, "closing") == [ticket.number]
    assert re.search(r'value="unreachable" selected', caller.get(close).content.decode())
    caller.post(close, {"code": "unreachable"})
    assert make.fresh(ticket).close_code == CloseCode.UNREACHABLE


def test_an_anonymous_matter_waits_for_its_close_and_is_never_called(caller: Client) -> None:
    ticket = make.replied_ticket(is_anonymous=True)

    page = caller.get(f"/tickets/{ticket.number}/callback/").content.decode()

    assert (listed(caller), listed(caller, "closing")) == ([], [ticket.number])
    assert "没有可以回访的诉求人" in page


def joined() -> tuple[Ticket, Ticket, TicketRequester]:
    """A replied ticket, the one merged into it, and the requester who came with that."""
    ticket = make.handled_ticket()
    other = make.accepted_ticket(phone="13912345678", name="李雷")
    intake.merge_into(
        number=other.number, actor=make.dispatcher(), at=make.AT + make.minutes(30),
        target=ticket.number,
    )  # fmt: skip
    make.reply_to(make.fresh(ticket), at=make.AT + make.hours(1))
    return make.fresh(ticket), other, TicketRequester.objects.get(ticket=ticket, role="co")


def test_every_requester_has_an_own_call(caller: Client) -> None:
    ticket, _other, co = joined()

    first = call(caller, ticket.number, GOOD)
    second = call(caller, ticket.number, GOOD, "close", party=str(co.pk))

    assert first.headers["Location"] == f"/tickets/{ticket.number}/callback/?party={co.pk}"
    assert second.headers["Location"] == "/callbacks/"
    assert CallbackResult.objects.filter(is_valid=True).count() == 2
    assert make.fresh(ticket).state == State.CLOSED


def test_answers_of_somebody_split_off_are_written_as_nobody_elses(caller: Client) -> None:
    """While the agent is on the phone the requester's matter is split off: pressing as often as
    one likes makes the words nobody else's."""
    ticket, other, co = joined()
    intake.reopen(
        number=other.number, actor=make.dispatcher(), at=make.AT + make.hours(4),
        reason="不是同一件事",
    )  # fmt: skip
    said = {**BAD, "opinion": "楼道还是黑的", "party": str(co.pk)}

    first = call(caller, ticket.number, said, "close", version=str(ticket.version))
    page = first.content.decode()
    now = str(make.fresh(ticket).version)
    again = call(caller, ticket.number, said, "close", version=now)

    assert (first.status_code, again.status_code) == (409, 409)
    assert "不能记在别人名下" in page
    heard = page.split('id="heard"')[1].split("</dl>")[0]
    assert all(words in heard for words in ("接通", "不满意", "楼道还是黑的"))
    assert 'name="party"' not in page
    assert not CallbackResult.objects.exists()


def test_after_somebody_elses_change_the_answers_stay_with_who_gave_them(caller: Client) -> None:
    ticket, _other, co = joined()

    answer = call(caller, ticket.number, GOOD, party=str(co.pk), version=str(ticket.version - 1))

    assert answer.status_code == 409
    assert f'name="party" value="{co.pk}"' in answer.content.decode()
    assert not CallbackResult.objects.exists()


@pytest.mark.parametrize("party", ["", "0", "x"])
def test_answers_of_nobody_in_particular_are_refused(caller: Client, party: str) -> None:
    ticket = make.replied_ticket()

    answer = call(caller, ticket.number, GOOD, party=party)

    assert answer.status_code == 409
    assert not CallbackResult.objects.exists()


def test_the_number_is_shown_on_request_and_on_record(caller: Client) -> None:
    ticket = make.replied_ticket(phone="13912345678", name="欧阳明月")

    page = caller.get(f"/tickets/{ticket.number}/callback/").content.decode()
    shown = caller.post(f"/tickets/{ticket.number}/requester/", {"reason": "回访"})

    assert "139****5678" in page
    assert "13912345678" not in page
    assert "139 1234 5678" in shown.content.decode()
    assert AuditEntry.objects.get().reason == "回访"


def test_outside_calling_hours_the_agent_is_told(
    caller: Client, clock: time_machine.Coordinates
) -> None:
    ticket = make.replied_ticket()
    clock.move_to(make.AT + make.hours(11))

    answer = call(caller, ticket.number, GOOD)

    assert answer.status_code == 422
    assert "回访时间为 09:00 至 20:00" in answer.content.decode()


@pytest.mark.parametrize("role", [Role.AGENT, Role.DISPATCHER, Role.HANDLER, Role.CITY_SUPERVISOR])
def test_nobody_else_writes_a_citizens_answer(
    sign_in: SignIn, clock: time_machine.Coordinates, role: Role
) -> None:
    ticket = make.replied_ticket()
    clock.move_to(make.AT + make.hours(4))
    browser = sign_in(role, make.unit() if role == Role.HANDLER else None)

    assert call(browser, ticket.number, GOOD, "close").status_code == 403
    assert not CallbackResult.objects.exists()
