"""What is remembered part by part equals what a plain look at the rows gives, after every act."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Callable

import pytest
import time_machine
from pytest_django import DjangoAssertNumQueries

from dispatch import services as dispatching
from evaluation import counting, figures, kept, memos, outcomes, tasks
from evaluation import months as reading
from evaluation import services as evaluation
from evaluation.figures import Accepted, Waiting
from evaluation.models import CountVersion
from evaluation.scopes import CITY, Scope, ScopeKind, scope_named, scopes_of
from hotline.core.models import Role
from hotline.core.outbox import deliver_all
from hotline.core.working_time import business_day
from intake import services as intake
from intake.models import State, Ticket
from tests.factories import (
    AT,
    accepted_ticket,
    actor,
    area,
    call_back,
    callback_agent,
    days,
    dispatched_ticket,
    dispatcher,
    fresh,
    handled_ticket,
    handler,
    hours,
    minutes,
    reply_to,
    unit,
)
from tests.kernel.conftest import city, months

__all__ = ["city", "months"]  # fixtures
NOW = AT + days(2)


def scopes() -> list[Scope]:
    return [
        CITY,
        Scope(ScopeKind.DISTRICT, district=area("990101")),
        Scope(ScopeKind.UNIT, unit=unit()),
        Scope(ScopeKind.UNIT, unit=unit("city-urban")),
        Scope(ScopeKind.UNIT, district=area("990101"), unit=unit("990101002")),
    ]


# === The same, counted by hand =================================================================


def by_hand(scope: Scope) -> Accepted:
    """One ticket after the other."""
    whole = Accepted()
    period = reading.current(AT).period
    for ticket in Ticket.objects.select_related("area", "category"):
        if scope.unit and ticket.lead_unit_id != scope.unit.pk:
            continue
        if scope.district and ticket.district_id != scope.district.pk:
            continue
        if not period.start <= ticket.accepted_at < period.end:
            continue
        place = (ticket.area.code_at(scope.depth) if ticket.area else None) or ""
        whole.by_place[ticket.category.code[:2] if ticket.category else "", place] += 1
        whole.by_channel[ticket.channel_id] += 1
        whole.by_type[ticket.request_type] += 1
        whole.by_day[business_day(ticket.accepted_at)] += 1
    return whole


def open_by_hand(scope: Scope) -> Counter[dt.date]:
    found: Counter[dt.date] = Counter()
    for ticket in scope.tickets(Ticket.objects.exclude(state=State.CLOSED)):
        found[business_day(ticket.accepted_at)] += 1
    return found


def check(at: dt.datetime) -> None:
    """A second after the act."""
    outcomes.rebuild(None, at=at)
    deliver_all(at=at)
    month = reading.current(AT)
    for scope in scopes():
        assert figures.accepted(scope, month.period, NOW) == by_hand(scope), scope.code
        assert figures.waiting(scope).by_acceptance == open_by_hand(scope), scope.code
    listed = reading.roster(month)
    assert kept.tallies(month, listed) == counting.tallies(reading.rows(month), month.rules, listed)
    plain = kept.plain_counts(month, [one.pk for one in listed])
    raw = counting.plain_counts(reading.rows(month), month.rules)
    assert {pk: counts for pk, counts in plain.items() if counts} == raw


@pytest.mark.usefixtures("city")
def test_remembered_counts_follow_every_act_of_a_hard_life() -> None:
    """Between two units and the desk, reclassified, reopened, merged: no count stays behind."""
    dispatched_ticket(area=area("990101002"), lead_unit=unit("990101002"))
    ticket = accepted_ticket(at=AT)
    twin = accepted_ticket(at=AT, area=None, category=None)
    check(AT)
    number, lead, second = ticket.number, unit(), unit("990101002")

    def do(act: Callable[..., object], at: dt.datetime, **given: object) -> None:
        act(number=number, at=at, **given)
        check(at)

    do(dispatching.dispatch, AT + minutes(5), actor=dispatcher(), lead_unit=second)
    do(dispatching.recall, AT + minutes(20), actor=dispatcher(), reason="派错了单位")
    do(dispatching.dispatch, AT + minutes(25), actor=dispatcher(), lead_unit=lead)
    do(dispatching.sign, AT + minutes(30), actor=handler(fresh(ticket)))
    reply_to(fresh(ticket), at=AT + hours(1))
    check(AT + hours(1))
    call_back(fresh(ticket), at=AT + hours(2), resolved=False, satisfaction="dissatisfied")
    do(evaluation.rehandle, AT + hours(2.1), actor=callback_agent())
    reply_to(fresh(ticket), at=AT + hours(3))
    call_back(fresh(ticket), at=AT + hours(4))
    do(evaluation.close, AT + hours(4.1), actor=callback_agent())
    do(intake.reopen, AT + hours(5), actor=dispatcher(), reason="诉求人来电说又坏了")
    do(dispatching.dispatch, AT + hours(6), actor=dispatcher(), lead_unit=unit("city-urban"))
    number = twin.number
    do(intake.merge_into, AT + hours(7), actor=dispatcher(), target=ticket.number)


@pytest.mark.usefixtures("city")
def test_a_part_that_did_not_change_is_not_counted_again() -> None:
    handled_ticket()
    month = reading.current(AT)
    outcomes.rebuild(None, at=NOW)
    deliver_all(at=NOW)
    listed = reading.roster(month)
    kept.tallies(month, listed)
    asked: list[list[int]] = []

    def count(parts: list[int]) -> dict[int, int]:
        asked.append(parts)
        return dict.fromkeys(parts, 7)

    subject, ids = memos.outcomes_of(month.label), [one.pk for one in listed]
    first = memos.remembered(subject, ids, "test", count, 0)
    handled_ticket(lead_unit=unit("990101002"), area=area("990101002"))
    outcomes.rebuild(None, at=NOW)
    again = memos.remembered(subject, ids, "test", count, 0)

    assert first == again == dict.fromkeys(ids, 7)
    assert asked == [ids, [unit("990101002").pk]]


@pytest.mark.usefixtures("city")
def test_a_count_made_before_a_write_does_not_outlive_it() -> None:
    """Somebody writes between the look at the version and the count: the count is thrown away."""

    def count_and_write(parts: list[int]) -> dict[int, int]:
        memos.bump([("test", part) for part in parts])
        return dict.fromkeys(parts, 1)

    memos.remembered("test", [5], "k", count_and_write, 0)

    assert memos.remembered("test", [5], "k", lambda parts: dict.fromkeys(parts, 2), 0) == {5: 2}
    assert CountVersion.objects.get(subject="test", part=5).version > 0


@pytest.mark.usefixtures("city")
def test_what_is_counted_ahead_is_not_counted_by_who_looks(
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    handled_ticket()
    period = reading.current(AT).period
    with time_machine.travel(NOW, tick=False):
        tasks.count_ahead()
        tasks.count_districts_ahead()
        with django_assert_max_num_queries(2):  # the versions only
            assert figures.accepted(CITY, period, NOW).total == 1
            assert figures.waiting(CITY).total == 1
        district = scopes()[1]
        with django_assert_max_num_queries(2):
            assert figures.accepted(district, period, NOW).total == 1
            assert figures.waiting(district).total == 1


# === Who may ask for what ======================================================================


@pytest.mark.usefixtures("city")
@pytest.mark.parametrize(
    ("role", "unit_code", "begins", "may", "may_not"),
    [
        (Role.CITY_SUPERVISOR, "", "city", ["district:990102", "unit:city-urban"], ["district:1"]),
        (Role.AUDITOR, "", "city", ["unit:990102001"], ["nonsense", "unit:", ""]),
        (Role.DISTRICT_SUPERVISOR, "990101", "district:990101", ["unit:990101002"],
         ["city", "district:990102", "unit:990102001", "unit:city-urban"]),
        (Role.MANAGER, "990101001", "unit:990101001", [], ["city", "unit:990101002",
                                                          "district:990101"]),
        (Role.HANDLER, "city-urban", "unit:city-urban", [], ["unit:990101001", "city"]),
    ],
)  # fmt: skip
def test_the_scope_follows_from_who_asks(
    role: str, unit_code: str, begins: str, may: list[str], may_not: list[str]
) -> None:
    who = actor(role, unit(unit_code) if unit_code else None)

    assert scopes_of(who)[0].code == begins
    for code in [begins, *may]:
        scope = scope_named(code, who)
        assert scope is not None
        assert scope.code == code
    assert [scope_named(code, who) for code in may_not] == [None] * len(may_not)


@pytest.mark.usefixtures("city")
def test_a_district_asks_for_a_unit_only_inside_itself() -> None:
    """A unit of the district that leads a matter of another: the district does not count it."""
    handled_ticket(area=area("990102001"), lead_unit=unit("990101002"))
    handled_ticket(area=area("990101002"), lead_unit=unit("990101002"))
    who = actor(Role.DISTRICT_SUPERVISOR, unit("990101"))
    scope = scope_named("unit:990101002", who)
    assert scope is not None

    counted = figures.accepted(scope, reading.current(AT).period, NOW)

    assert counted.total == 1
    seen = scope.tickets(Ticket.objects.visible_to(who))
    assert seen.count() == 1
    assert isinstance(figures.waiting(scope), Waiting)
