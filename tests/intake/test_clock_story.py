"""The sentence that explains a due time, word for word, for clocks that lived through something."""

from __future__ import annotations

import datetime as dt

import pytest
from pytest_django import DjangoAssertNumQueries

from dispatch import services
from hotline.core.models import ClockKind
from intake import services as intake
from intake.clock_story import _BEGINNINGS, stories, story
from intake.models import Clock, Ticket
from tests.dispatch.asking import ask_extension, ask_facts, ask_hold, clock
from tests.factories import (
    AT,
    accepted_ticket,
    actor,
    days,
    dispatched_ticket,
    dispatcher,
    handled_ticket,
    handler,
    hours,
    minutes,
    reply_to,
)

pytestmark = pytest.mark.usefixtures("city")

BEGUN = "自 2026年4月14日 10:05 交办起 7 自然日，依据“四级响应：三级 7 天，自然日”"


def told(ticket: Ticket, kind: str) -> str:
    """The story of the ticket's latest clock of a kind."""
    found = Clock.objects.filter(ticket=ticket, kind=kind).latest("id")
    return story(found, found.adjustments.order_by("id"))


def test_a_plain_clock_says_from_when_by_which_limit_and_until_when() -> None:
    assert told(handled_ticket(), "feedback") == f"{BEGUN}；应于 4月21日 10:05 前完成。"


def test_a_pause_that_was_ended_says_how_long_it_was() -> None:
    ticket = handled_ticket()
    services.raise_objection(
        number=ticket.number, actor=handler(ticket), at=AT + hours(1), reason="x", basis="y"
    )
    at = AT + hours(4) + minutes(12)
    services.reject_objection(number=ticket.number, actor=dispatcher(), at=at, ruling="属地")

    assert told(ticket, "feedback") == (
        f"{BEGUN}；因“提出派单异议”停计 3 小时 12 分（4月14日 11:00 至 4月14日 14:12）；"
        "应于 4月21日 13:17 前完成。"
    )


def test_a_pause_that_is_on_says_how_long_it_may_last() -> None:
    ticket = ask_facts(handled_ticket(), at=AT + days(1))

    assert told(ticket, "feedback") == (
        f"{BEGUN}；因“请诉求人补充情况”自 4月15日 10:00 停计，最多到 4月18日 10:00；"
        "应于 4月24日 10:05 前完成。"
    )


def test_a_pause_whose_ruling_came_late_ended_at_its_bound() -> None:
    ticket = ask_extension(handled_ticket(), at=AT + days(1))
    services.refuse_extension(
        number=ticket.number, actor=dispatcher(), at=AT + days(2), decision="不同意"
    )

    assert "停计 4 小时（4月15日 10:00 至 4月15日 14:00）" in told(ticket, "feedback")


def test_an_extension_says_from_which_date_to_which() -> None:
    ticket = ask_extension(handled_ticket(), at=AT + days(1), amount=5)
    services.grant_extension(number=ticket.number, actor=dispatcher(), at=AT + days(1) + hours(1))

    assert told(ticket, "feedback") == (
        f"{BEGUN}；因“申请延期”停计 1 小时（4月15日 10:00 至 4月15日 11:00）；"
        "延期 5 自然日，由 4月21日 11:05 延至 4月26日 11:05；应于 4月26日 11:05 前完成。"
    )


def test_what_is_brought_forward_says_why() -> None:
    ticket = accepted_ticket()
    intake.classify(number=ticket.number, actor=dispatcher(), at=AT + minutes(30), level="L2")

    assert told(ticket, "promise") == (
        "自 2026年4月14日 10:00 受理起 7 自然日，"
        "依据“四级响应：三级 7 天，自然日”；"
        "因“调整分类或等级”由 4月21日 10:00 改为 4月15日 10:00；应于 4月15日 10:00 前完成。"
    )


def test_a_missed_one_says_so() -> None:
    ticket = handled_ticket()
    reply_to(ticket, at=AT + days(8))

    assert told(ticket, "feedback") == (
        f"{BEGUN}；应于 4月21日 10:05 前完成，到时未完成，已记超时。"
    )


def test_another_laws_limit_is_named_as_such() -> None:
    ticket = handled_ticket()
    Clock.objects.filter(ticket=ticket, kind="feedback").update(
        limit=None, own_amount=30, own_unit="working_days", due_at=AT + days(42)
    )

    assert told(ticket, "feedback") == (
        "自 2026年4月14日 10:05 交办起 30 工作日，依据“法律法规或行业标准另有规定”；"
        "应于 5月26日 10:00 前完成。"
    )


def test_an_agreed_date_is_named_as_such() -> None:
    ticket = handled_ticket(level="L4")
    services.report(
        number=ticket.number, actor=handler(ticket), at=AT + hours(1), text="已制定方案",
        told_by="phone", next_at=AT + days(30),
    )  # fmt: skip

    assert told(ticket, "measure") == (
        "自 2026年4月14日 11:00 措施反馈起，按约定的日期；应于 5月14日 10:00 前完成。"
    )


def test_what_the_ledger_left_is_named_as_such() -> None:
    ticket = ask_hold(handled_ticket(), at=AT + days(1))
    supervisor = actor("city_supervisor")
    services.approve_hold(number=ticket.number, actor=supervisor, at=AT + days(2))
    assert told(ticket, "ledger_review").startswith("自 2026年4月16日 10:00 挂账或上次复核起，")
    services.clear_hold(
        number=ticket.number, actor=supervisor, at=AT + days(12), clearance="资金到位"
    )

    assert told(ticket, "feedback") == (
        "自 2026年4月26日 10:00 挂账解除起，按挂账时剩余的时间；应于 5月1日 10:05 前完成。"
    )


def test_a_year_nobody_has_published_makes_it_provisional() -> None:
    ticket = dispatched_ticket()
    Clock.objects.filter(ticket=ticket, kind="feedback").update(is_provisional=True)

    assert told(ticket, "feedback").endswith(
        "暂定应于 4月21日 10:05 前完成，所在年份的工作日历公布后重算。"
    )


def test_the_year_is_said_where_it_changes() -> None:
    begun = dt.datetime(2026, 12, 28, 10, 0, tzinfo=AT.tzinfo)
    clock = Clock(
        kind="measure", started_at=begun, opens_at=begun, due_at=begun + days(7), warn_at=begun
    )

    assert "应于 2027年1月4日 10:00 前完成" in story(clock, ())


@pytest.mark.parametrize(
    ("length", "said"),
    [(days(1) + hours(2), "1 天 2 小时"), (minutes(59), "59 分"), (minutes(0.5), "不到 1 分")],
)
def test_lengths_read_as_people_say_them(length: dt.timedelta, said: str) -> None:
    ticket = ask_facts(handled_ticket(), at=AT + days(1))
    services.facts_received(
        number=ticket.number, actor=handler(ticket), at=AT + days(1) + length, answer="次卧"
    )

    assert f"停计 {said}（" in told(ticket, "feedback")


def test_many_are_told_with_one_query_each_with_its_own_steps(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    tickets = [ask_facts(handled_ticket(), at=AT + days(n)) for n in (1, 2)]
    clocks = list(Clock.objects.filter(ticket__in=[handled_ticket(), *tickets]))
    stories(clocks)
    with django_assert_num_queries(1):
        found = stories(clocks)

    assert set(found) == {clock.pk for clock in clocks}
    assert "自 4月15日 10:00 停计" in found[clock(tickets[0], "feedback").pk]
    assert "自 4月16日 10:00 停计" in found[clock(tickets[1], "feedback").pk]
    assert sum("停计" in sentence for sentence in found.values()) == 2


def test_every_promise_has_its_beginning() -> None:
    """The other kinds are lengths that no clock of their own counts."""
    lengths = {
        "objection_window", "pending_pause", "extension", "callback_delay", "reopen_window",
        "rating_link", "score_appeal",
    }  # fmt: skip

    assert set(_BEGINNINGS) == set(ClockKind.values) - lengths
