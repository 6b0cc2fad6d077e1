"""A unit that has lost a ticket reads what counts for it and may plead about it; nothing else."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

import pytest
import time_machine
from django.test import Client

from dispatch import services as dispatching
from evaluation import services
from evaluation.models import Appeal, CallbackResult, CloseRequest, Exclusion, MonthDraft, Outcome
from evaluation.models.months import RulingOutcome, ScoreAppeal
from hotline.core import outbox
from hotline.core.actors import Actor, actor_for_staff
from hotline.core.models import Membership, Role
from hotline.core.violations import NotPermitted, NotVisible, RuleViolation, StaleVersion
from intake import services as intake
from intake import verbs
from intake.models import Ticket
from intake.own_affairs import readable_by
from tests.evaluation.test_pleas import WORDS, ask, close_month, decide, supervisor
from tests.factories import (
    AT,
    LONG_AGO,
    actor,
    call_back,
    callback_agent,
    client_actor,
    closed_ticket,
    days,
    dispatcher,
    fresh,
    handled_ticket,
    handler,
    hours,
    make_client,
    make_staff,
    replied_ticket,
    reply_to,
    unit,
)
from tests.kernel.conftest import city, months
from tests.kernel.snapshots import last_event

__all__ = ["city", "months"]  # fixtures
pytestmark = pytest.mark.usefixtures("city")
FORMER, NEXT, HELPER = "990101001", "990102001", "990101002"
LOST = AT + days(1)
LATER = AT + days(3)
SECRET = "乙街道的答复内容"


@pytest.fixture(autouse=True)
def _clock() -> Iterator[None]:
    with time_machine.travel(LATER, tick=False):
        yield


def passed_on(**fields: Any) -> Ticket:
    """Answered badly about 甲一街道, opened again and given to another street, which replied."""
    return given_on(closed_ticket(resolved=False, satisfaction="dissatisfied", **fields))


def given_on(ticket: Ticket) -> Ticket:
    intake.reopen(number=ticket.number, actor=dispatcher(), at=LOST, reason="又坏了")
    outbox.deliver_all(at=LOST)
    dispatching.dispatch(
        number=ticket.number, actor=dispatcher(), at=LOST + hours(1), lead_unit=unit(NEXT)
    )
    ticket = fresh(ticket)
    dispatching.sign(number=ticket.number, actor=handler(ticket), at=LOST + hours(2))
    ticket = reply_to(fresh(ticket), at=LOST + hours(3), text=SECRET)
    call_back(ticket, at=LOST + days(1), resolved=False, satisfaction="dissatisfied")
    outbox.deliver_all(at=LOST + days(1))
    return fresh(ticket)


def with_helper() -> Ticket:
    """Answered badly when a second unit had helped."""
    ticket = handled_ticket()
    lead, helper = handler(ticket), handler(unit(HELPER))
    dispatching.ask_cooperation(
        number=ticket.number, actor=lead, at=AT + hours(1), unit=unit(HELPER), task="核查"
    )
    dispatching.sign_part(number=ticket.number, actor=helper, at=AT + hours(2))
    dispatching.hand_in(number=ticket.number, actor=helper, at=AT + hours(3), text="已核查")
    reply_to(ticket, at=AT + hours(4))
    call_back(ticket, at=AT + days(1), resolved=False, satisfaction="dissatisfied")
    outbox.deliver_all(at=AT + days(1))
    return fresh(ticket)


def answers(ticket: Ticket) -> dict[str, CallbackResult]:
    """The last answer about each unit, by the unit's code."""
    found = CallbackResult.objects.filter(ticket=ticket).select_related("unit").order_by("pk")
    return {result.unit.code: result for result in found}


def object_to(
    ticket: Ticket, result: CallbackResult, by: Actor, at: dt.datetime = LATER, **words: Any
) -> Appeal:
    services.appeal(
        number=ticket.number, actor=by, at=at, result=result.pk, ground="other_unit",
        **WORDS, **words,
    )  # fmt: skip
    return Appeal.objects.latest("pk")


def told(act: Any, *args: Any, **words: Any) -> str:
    with pytest.raises(RuleViolation) as refusal:
        act(*args, **words)
    return refusal.value.code


def browser(place: str = FORMER, role: str = Role.MANAGER) -> Client:
    found = Client()
    found.force_login(make_staff(role, unit(place)))
    return found


def page(client: Client, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200, address
    return answer.content.decode()


# === What it may ask ========================================================================


def test_a_unit_that_lost_the_ticket_appeals_the_answer_that_counts_against_it() -> None:
    ticket = passed_on()
    assert Outcome.objects.filter(ticket=ticket, unit=unit(FORMER), last_resolved=False).exists()
    asked = object_to(ticket, answers(ticket)[FORMER], handler(unit(FORMER)))
    decide(services.uphold_appeal, ticket, at=LATER + hours(1))
    outbox.deliver_all(at=LATER + hours(1))

    assert (asked.unit, last_event(ticket).type) == (unit(FORMER), "appeal_upheld")
    rows = Outcome.objects.filter(ticket=ticket)
    assert rows.get(unit=unit(FORMER)).first_set_aside
    assert not rows.get(unit=unit(NEXT)).first_set_aside


def test_it_asks_for_an_exclusion_also_while_the_ticket_waits_for_its_dispatch() -> None:
    ticket = closed_ticket(resolved=False, satisfaction="dissatisfied")
    outbox.deliver_all(at=LOST)
    intake.reopen(number=ticket.number, actor=dispatcher(), at=LOST, reason="又坏了")

    assert ask(ticket, by=handler(unit(FORMER))).unit == unit(FORMER)


def test_it_does_not_appeal_the_answer_about_the_unit_that_came_after_it() -> None:
    ticket = passed_on()
    said = answers(ticket)

    assert told(object_to, ticket, said[NEXT], handler(unit(FORMER))) == "answer_not_own"
    assert told(object_to, ticket, said[FORMER], handler(unit(NEXT))) == "answer_not_own"


def test_a_unit_for_which_nothing_counts_neither_reads_nor_asks() -> None:
    ticket, other = passed_on(), handler(unit(HELPER))

    with pytest.raises(NotVisible):
        ask(ticket, by=other)
    assert browser(HELPER).get(f"/tickets/{ticket.number}/").status_code == 404


def test_it_can_do_nothing_else() -> None:
    ticket, former = passed_on(), handler(unit(FORMER))
    may = {verb.name for verb in verbs.allowed_for(ticket, former)}

    assert may == {"ask_exclusion", "appeal"}
    with pytest.raises(NotVisible):
        intake.note(number=ticket.number, actor=former, at=LATER, text="x")
    with pytest.raises(NotVisible):
        intake.reveal_requester(number=ticket.number, actor=former, at=LATER)


def test_a_district_and_a_contractor_do_not_ask_in_its_place() -> None:
    ticket = passed_on()

    for who in (
        actor(Role.DISTRICT_SUPERVISOR, unit("990101")), actor(Role.CONTRACTOR), supervisor()
    ):  # fmt: skip
        with pytest.raises((NotPermitted, NotVisible)):
            ask(ticket, by=who)


# === Whose month ============================================================================


def put_into_months(ticket: Ticket) -> None:
    Outcome.objects.filter(ticket=ticket, unit=unit(FORMER)).update(month="2026-04")
    Outcome.objects.filter(ticket=ticket, unit=unit(NEXT)).update(month="2026-05")


def test_each_unit_pleads_until_the_month_is_closed_that_counts_the_ticket_for_it() -> None:
    ticket = passed_on()
    put_into_months(ticket)
    close_month("2026-04", at=LATER - hours(1))

    assert told(ask, ticket, by=handler(unit(FORMER))) == "plea_month_closed"
    assert ask(ticket, by=handler(unit(NEXT))).unit == unit(NEXT)


def shown(month: str, until: dt.datetime) -> MonthDraft:
    close_month("2026-01", at=AT)  # makes a scheme
    scheme = MonthDraft.objects.get().scheme
    return MonthDraft.objects.create(
        month=month, scheme=scheme, facts_until=until, appeals_until=until, opened_at=AT,
        opened_by="x",
    )  # fmt: skip


def test_the_time_to_plead_is_that_of_the_units_own_month() -> None:
    ticket = passed_on()
    put_into_months(ticket)
    shown("2026-04", until=LATER - hours(1))

    assert told(ask, ticket, by=handler(unit(FORMER))) == "plea_time_over"
    assert ask(ticket, by=handler(unit(NEXT))).unit == unit(NEXT)


def test_an_upheld_objection_to_its_line_gives_the_unit_time_until_the_close_is_asked_for() -> None:
    ticket = passed_on()
    put_into_months(ticket)
    draft = shown("2026-04", until=LATER - hours(1))
    ScoreAppeal.objects.create(
        draft=draft, unit=unit(FORMER), reason="x", raised_at=AT, raised_by="x", due_at=LATER,
        outcome=RulingOutcome.UPHELD, ruled_at=LATER - hours(1), ruled_by="y",
    )  # fmt: skip
    assert ask(ticket, by=handler(unit(FORMER))).unit == unit(FORMER)
    CloseRequest.objects.create(draft=draft, asked_at=LATER, asked_by="x")

    again = told(ask, ticket, by=handler(unit(FORMER)), scope="volume")
    assert again == "plea_time_over"


# === What it reads ==========================================================================


def test_its_page_tells_its_own_part_and_nothing_of_the_next_unit_or_of_the_requester() -> None:
    ticket = passed_on()
    body = page(browser(), f"/tickets/{ticket.number}/")

    assert "已不由本单位承办" in body
    assert ticket.text.matter in body
    assert "回访结果" in body
    assert f"/tickets/{ticket.number}/do/appeal/" in body
    assert not [trace for trace in (SECRET, unit(NEXT).name, "王芳", "王*", "138") if trace in body]


def test_a_wording_written_after_it_left_is_not_shown() -> None:
    ticket = passed_on()
    intake.amend(number=ticket.number, actor=dispatcher(), at=LATER, matter="后来补充的新情况")
    body = page(browser(), f"/tickets/{ticket.number}/")

    assert "后来补充的新情况" not in body


def test_who_has_it_now_reads_it_as_ever() -> None:
    ticket = passed_on()
    body = page(browser(NEXT), f"/tickets/{ticket.number}/")

    assert SECRET in body
    assert "已不由本单位承办" not in body


def test_a_withheld_answer_stays_withheld_from_it() -> None:
    ticket = replied_ticket()
    services.record_callback(
        number=ticket.number, actor=callback_agent(), at=AT + hours(3), outcome="connected",
        contacted=True, resolved=False, satisfaction="dissatisfied", opinion="没人来过",
        is_withheld=True,
    )  # fmt: skip
    services.close(number=ticket.number, actor=callback_agent(), at=AT + hours(4))
    ticket = given_on(fresh(ticket))
    body = page(browser(), f"/tickets/{ticket.number}/")

    assert "内容不显示" in body
    assert not [trace for trace in ("没人来过", "未解决", "不满意") if trace in body]


def test_every_number_of_its_line_opens_the_ticket() -> None:
    ticket = passed_on()
    month = Outcome.objects.get(ticket=ticket, unit=unit(FORMER)).month
    for cell in ("volume", "valid", "unresolved"):
        body = page(browser(), f"/tickets/?period={month}&unit={FORMER}&cell={cell}")

        assert ticket.number in body, cell


def test_its_other_lists_stay_as_they_were() -> None:
    ticket = passed_on()

    assert ticket.number not in page(browser(), "/tickets/")
    assert not Ticket.objects.visible_to(handler(unit(FORMER))).exists()
    assert readable_by(handler(unit(FORMER))).get() == ticket


def test_it_pleads_on_its_page_and_finds_the_plea_there() -> None:
    ticket = passed_on()
    mine = browser()
    form = page(mine, f"/tickets/{ticket.number}/do/appeal/")
    assert "未解决" in form
    answer = mine.post(
        f"/tickets/{ticket.number}/do/appeal/",
        {"result": answers(ticket)[FORMER].pk, "ground": "other_unit", **WORDS},
        follow=True,
    )

    assert answer.status_code == 200
    assert WORDS["reason"] in answer.content.decode()
    assert WORDS["reason"] not in page(browser(NEXT), f"/tickets/{ticket.number}/")
    assert WORDS["reason"] in page(mine, "/pleas/?tab=appeals")


def test_a_stale_form_of_a_unit_that_lost_the_ticket_is_refused_and_kept() -> None:
    ticket = passed_on()
    answer = browser().post(
        f"/tickets/{ticket.number}/do/ask_exclusion/",
        {"scope": "rates", "ground": "unreasonable", "version": "1", **WORDS},
    )

    assert answer.status_code == 409
    assert not Exclusion.objects.exists()


# === Its own system =========================================================================


def test_its_system_reads_what_concerns_it_and_pleads() -> None:
    ticket = passed_on()
    make_client(unit=unit(FORMER), key="key-of-the-unit")
    system = Client(headers={"authorization": "Bearer key-of-the-unit"})
    one = f"/api/v1/tickets/{ticket.number}"
    (given,) = system.get(f"{one}/answers").json()["results"]
    told_of = system.get(f"{one}/events").json()["results"]
    asked = system.post(
        f"{one}/actions/appeal",
        {"result": given["result"], "ground": "other_unit", **WORDS},
        content_type="application/json",
    )
    again = system.post(
        f"{one}/actions/appeal",
        {"result": given["result"], "ground": "other_unit", **WORDS},
        content_type="application/json",
    )

    assert given["unit"]["code"] == FORMER
    assert "reopened" in {event["type"] for event in told_of}
    assert not [event for event in told_of if (event["unit"] or {}).get("code") == NEXT]
    assert (asked.status_code, again.status_code) == (200, 409)
    assert "ask_exclusion" in again.json()["allowed_actions"]
    assert system.get(one).status_code == 404


# === Who helped =============================================================================


def test_a_unit_that_helped_appeals_the_answer_it_is_scored_by_for_itself_alone() -> None:
    ticket = with_helper()
    asked = object_to(ticket, answers(ticket)[FORMER], handler(unit(HELPER)))
    decide(services.uphold_appeal, ticket, at=LATER + hours(1))
    outbox.deliver_all(at=LATER + hours(1))
    set_aside = dict(
        Outcome.objects.filter(ticket=ticket).values_list("unit__code", "first_set_aside")
    )

    assert asked.unit == unit(HELPER)
    assert set_aside == {FORMER: False, HELPER: True}


def test_lead_and_helper_appeal_the_same_answer_each_once() -> None:
    ticket = with_helper()
    said = answers(ticket)[FORMER]
    object_to(ticket, said, handler(unit(HELPER)))

    assert object_to(ticket, said, handler(unit(FORMER))).unit == unit(FORMER)
    assert told(object_to, ticket, said, handler(unit(HELPER))) == "plea_pending"


def test_who_works_for_both_appeals_for_the_lead_unless_said() -> None:
    ticket, staff = with_helper(), make_staff(Role.HANDLER, unit(FORMER))
    Membership.objects.create(
        staff=staff, unit=unit(HELPER), role=Role.HANDLER, valid_from=LONG_AGO
    )
    both, said = actor_for_staff(staff, on=AT.date()), answers(ticket)[FORMER]

    assert object_to(ticket, said, both).unit == unit(FORMER)
    assert object_to(ticket, said, both, unit=unit(HELPER)).unit == unit(HELPER)
    assert told(object_to, ticket, said, both, unit=unit(NEXT)) == "not_own_unit"


def test_a_unit_that_was_released_before_the_answer_is_not_scored_by_it() -> None:
    ticket = handled_ticket()
    dispatching.ask_cooperation(
        number=ticket.number, actor=handler(ticket), at=AT + hours(1), unit=unit(HELPER), task="x"
    )
    part = ticket.assignments.get(role="cooperate")
    dispatching.release(
        number=ticket.number, actor=handler(ticket), at=AT + hours(2), unit=part.unit, reason="x"
    )
    reply_to(fresh(ticket), at=AT + hours(4))
    call_back(fresh(ticket), at=AT + days(1), resolved=False, satisfaction="dissatisfied")
    outbox.deliver_all(at=AT + days(1))
    said = answers(ticket)[FORMER]

    assert told(object_to, ticket, said, handler(unit(HELPER))) == "no_answer_to_appeal"


def test_the_helper_finds_the_button_and_the_answer_on_its_pages() -> None:
    ticket = with_helper()
    mine = browser(HELPER)
    assert f"/tickets/{ticket.number}/do/appeal/" in page(mine, f"/tickets/{ticket.number}/")
    object_to(ticket, answers(ticket)[FORMER], handler(unit(HELPER)))

    assert f"/tickets/{ticket.number}/do/appeal/" not in page(mine, f"/tickets/{ticket.number}/")
    assert "未解决" in page(mine, "/pleas/?tab=appeals")
    lead = page(browser(), f"/tickets/{ticket.number}/")
    assert f"/tickets/{ticket.number}/do/appeal/" in lead


# === What others learn ======================================================================


def test_a_refusal_for_a_stale_version_tells_no_other_units_own_affair() -> None:
    ticket = with_helper()
    ask(ticket, by=handler(unit(HELPER)))

    def sign_again(who: Actor) -> str:
        with pytest.raises(StaleVersion) as refusal:
            intake.note(number=ticket.number, actor=who, at=LATER, text="x", version=ticket.version)
        return refusal.value.sentence()

    assert "申请剔除" not in sign_again(handler(unit(FORMER)))
    assert "热线" in sign_again(handler(unit(FORMER)))
    assert "申请剔除" in sign_again(dispatcher())


def test_what_everybody_may_know_is_still_named() -> None:
    ticket = with_helper()
    intake.note(number=ticket.number, actor=dispatcher(), at=LATER, text="x")
    with pytest.raises(StaleVersion) as refusal:
        intake.note(
            number=ticket.number, actor=handler(unit(FORMER)), at=LATER, text="x",
            version=ticket.version,
        )  # fmt: skip

    assert "热线（内部处理）" not in refusal.value.sentence()


def test_a_key_without_the_right_to_handle_reads_nothing_of_it() -> None:
    ticket = passed_on()
    stranger = client_actor()

    assert not readable_by(stranger).filter(pk=ticket.pk).exists()
