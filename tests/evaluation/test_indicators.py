"""Every indicator on a small city made by hand, with the fraction worked out by hand."""

from __future__ import annotations

import datetime as dt
from fractions import Fraction
from typing import Any

import pytest

from dispatch import services as dispatching
from dispatch.accuracy import accuracy
from evaluation import indicators, outcomes
from evaluation.indicators import (
    DENOMINATOR,
    INDICATORS,
    NUMERATOR,
    Dimension,
    Reading,
    Section,
    View,
)
from evaluation.indicators.definitions import TO_BASE
from evaluation.models import FrozenOutcome, MonthClose, MonthDraft, Outcome
from evaluation.rules import DEFAULT_RULES, Rules
from hotline.core.actors import SYSTEM, Actor
from hotline.core.models import AreaPopulation, Role
from hotline.core.reference import forget_all
from hotline.core.violations import RuleViolation
from intake import services as intake
from intake.models import Ticket
from knowledge.models import Category
from tests import factories as make
from tests.evaluation.making import answered_outcome, make_outcome
from tests.pages import closing

pytestmark = pytest.mark.usefixtures("city")
APRIL = "2026-04"  # 19 March to 18 April
STREETS = "street_town"
# May has begun, so that April is whole.
READ = make.AT + make.days(30)


@pytest.fixture
def city(db: None) -> None:
    """The small city, with nothing remembered from the test before."""
    make.seed_reference()


def april(*, actor: Actor = SYSTEM, at: dt.datetime = READ) -> View:
    return indicators.view(APRIL, actor, at)


def reading(name: str, of: View | None = None, group: str = STREETS) -> Reading:
    return indicators.overall([INDICATORS[name]], of or april(), group)[name]


def value(name: str, of: View | None = None, group: str = STREETS) -> Fraction | None:
    return reading(name, of, group).value


def answers(*resolved: bool, requester: int, **fields: Any) -> None:
    """One ticket whose requester was called back so often, each time after a round of handling."""
    fields.setdefault("solved_round", resolved.index(True) + 1 if True in resolved else None)
    answered_outcome(
        requester_id=requester, resolved=resolved[0], answer_count=len(resolved),
        last_resolved=resolved[-1], **fields,
    )  # fmt: skip


# === Solved, and whether it came back =========================================================


def test_solved_at_the_first_the_second_and_the_third_call_back() -> None:
    answers(True, requester=1)
    answers(False, True, requester=2)
    answers(False, False, True, requester=3)
    answers(False, requester=4)
    answers(True, requester=5)

    assert value("first_resolution") == Fraction(2, 5)
    assert value("second_resolution") == Fraction(1, 5)
    assert value("third_resolution") == Fraction(1, 5)


def test_another_requester_of_the_same_round_is_no_second_round() -> None:
    answers(False, True, requester=1, solved_round=1)
    answers(False, False, True, requester=2, solved_round=2)

    assert value("second_resolution") == Fraction(1, 2)
    assert value("third_resolution") == 0


def test_what_was_excluded_is_told_beside_the_rates() -> None:
    answers(True, requester=1)
    answers(True, requester=2, excluded="malicious")

    told = indicators.overall(list(INDICATORS.values()), april(), STREETS, tells_excluded=True)

    assert told["first_resolution"].excluded == 1
    assert told["on_time"].excluded is None


def test_what_left_the_rates_is_not_in_the_base_of_resolution() -> None:
    answers(False, requester=1)
    answers(True, requester=2, excluded="malicious")
    answers(True, requester=3, first_set_aside=True)
    answers(True, requester=4, is_on_ledger=True)
    make_outcome(requester_id=5)

    assert reading("first_resolution").base == 1
    assert value("first_resolution") == 0


def test_a_repeat_is_the_same_person_class_and_place_within_ninety_days() -> None:
    other = make.unit("990102001")
    month_before = {"month": "2026-01", "unit": other}
    make_outcome(requester_id=1, accepted_at=make.AT - make.days(90), **month_before)
    make_outcome(requester_id=2, accepted_at=make.AT - make.days(91), **month_before)
    make_outcome(requester_id=3, category=make.category("1001"), **month_before)
    make_outcome(requester_id=4, area=make.area("990101002"), **month_before)
    for requester in (1, 2, 3, 4, None, None):
        make_outcome(requester_id=requester, accepted_at=make.AT)

    assert reading("repeat").counted == 1
    assert value("repeat") == Fraction(1, 6)


def test_withdrawn_of_what_the_unit_was_given() -> None:
    make_outcome(is_withdrawn=True)
    make_outcome()
    make_outcome()

    assert value("withdrawn") == Fraction(1, 3)


# === On time ==================================================================================


@pytest.mark.parametrize(
    ("name", "fact"),
    [
        ("on_time", "is_on_time"),
        ("on_time_original", "is_on_time_original"),
        ("sign", "signed_in_time"),
        ("contact", "contacted_in_time"),
    ],
)
def test_a_promise_counts_once_something_can_be_said_of_it(name: str, fact: str) -> None:
    for said in (True, True, False, None):
        make_outcome(**{fact: said})

    assert value(name) == Fraction(2, 3)


# === Dispatch =================================================================================


@pytest.fixture
def orders(city: None) -> None:
    """Five orders to a street: one objected to rightly, one wrongly; the first goes on to a
    department. An order taken back by a slip of the hand is none."""
    for _n in range(3):
        make.dispatched_ticket()
    rightly, wrongly, slip = (make.dispatched_ticket() for _n in range(3))
    for ticket in (rightly, wrongly):
        dispatching.raise_objection(
            number=ticket.number, actor=make.handler(ticket), at=make.AT + make.minutes(20),
            reason="不属职责", basis="职责清单",
        )  # fmt: skip
    dispatching.return_to_desk(
        number=rightly.number, actor=make.dispatcher(), at=make.AT + make.minutes(40)
    )
    dispatching.reject_objection(
        number=wrongly.number, actor=make.dispatcher(), at=make.AT + make.minutes(40),
        ruling="属地",
    )  # fmt: skip
    dispatching.dispatch(
        number=rightly.number, actor=make.dispatcher(), at=make.AT + make.minutes(50),
        lead_unit=make.unit("city-urban"),
    )  # fmt: skip
    slip.assignments.update(end_reason="undone")


@pytest.mark.usefixtures("orders")
def test_accuracy_returns_and_improper_returns_of_the_orders_given() -> None:
    assert value("accuracy") == Fraction(4, 5)
    assert value("return") == Fraction(1, 5)
    assert value("objection") == Fraction(2, 5)
    assert value("improper_return") == Fraction(1, 2)
    assert value("accuracy", group="city_department") == 1
    assert value("improper_return", group="city_department") is None


@pytest.mark.usefixtures("orders")
def test_the_figures_of_the_dispatch_desk_are_the_same() -> None:
    month = april().month.period
    desk = accuracy(month.start, month.end, at=READ, units=[make.unit()]).total

    assert value("accuracy") == desk.accuracy
    assert value("return") == desk.return_rate
    assert value("objection") == desk.objection_rate
    assert value("improper_return") == desk.improper_rate


@pytest.mark.usefixtures("orders")
def test_an_objection_counts_from_when_it_was_raised_and_ruled() -> None:
    between = make.AT + make.minutes(30)

    assert value("objection", april(at=between)) == Fraction(2, 5)
    assert value("accuracy", april(at=between)) == 1
    assert value("improper_return", april(at=between)) == 0


def test_reclassifications_are_counted_as_often_as_they_happened() -> None:
    make_outcome(reclassified_count=2)
    make_outcome(reclassified_count=5)
    make_outcome()

    assert value("reclassified") == Fraction(7, 3)


# === Left out =================================================================================


def test_excluded_and_not_counted_stay_in_the_volume_they_are_a_share_of() -> None:
    make_outcome(excluded="malicious")
    make_outcome(not_counted="beyond_duty")
    make_outcome()
    make_outcome(is_left=True, excluded="malicious")

    assert value("excluded") == Fraction(1, 3)
    assert value("not_counted") == Fraction(1, 3)


# === Observed =================================================================================


def test_the_volume_is_without_praise_and_what_was_given_back() -> None:
    make_outcome()
    make_outcome()
    make_outcome(is_left=True)
    make_outcome(request_type="praise")

    assert reading("volume").counted == 2
    assert value("volume") is None


def residents(code: str, count: int, *, year: int = 2025, is_estimate: bool = False) -> None:
    AreaPopulation.objects.create(
        area=make.area(code), year=year, residents=count, is_estimate=is_estimate, source="test"
    )


def test_requests_per_ten_thousand_residents_of_the_latest_year() -> None:
    residents("990101001", 50_000, year=2020)
    residents("990101001", 20_000)
    residents("990101001", 90_000, year=2027)  # not known to a month of 2026
    for not_counted in ("", "", "", "malicious"):
        make_outcome(not_counted=not_counted)

    assert value("per_10k") == Fraction(3, 2)
    assert not reading("per_10k").is_estimate


def test_a_unit_without_residents_is_neither_listed_nor_in_the_sum() -> None:
    residents("990101001", 10_000)
    residents("990101002", 30_000, is_estimate=True)
    make_outcome()
    make_outcome(unit=make.unit("990102001"), area=make.area("990102001"))
    listed = indicators.units_of(INDICATORS["per_10k"], april().month, STREETS, SYSTEM)

    lines = indicators.by_unit(INDICATORS["per_10k"], april(), listed)

    assert [unit.code for unit in listed] == ["990101001", "990101002"]
    assert lines[make.unit("990101001").pk].value == 1
    assert value("per_10k") == Fraction(1, 4)


def test_one_estimate_makes_the_whole_an_estimate() -> None:
    residents("990101001", 10_000)
    residents("990101002", 30_000, is_estimate=True)
    listed = indicators.units_of(INDICATORS["per_10k"], april().month, STREETS, SYSTEM)

    lines = indicators.by_unit(INDICATORS["per_10k"], april(), listed)

    assert [lines[unit.pk].is_estimate for unit in listed] == [False, True]
    assert reading("per_10k").is_estimate


def test_departments_have_no_residents() -> None:
    assert "per_10k" not in indicators.overall(
        list(INDICATORS.values()), april(), "city_department"
    )


def last_year(**fields: Any) -> None:
    fields.setdefault("accepted_at", make.AT.replace(year=2025))
    make_outcome(month="2025-04", **fields)


def test_the_base_is_the_same_month_of_the_year_before() -> None:
    for _n in range(3):
        make_outcome()
    make_outcome(not_counted="malicious")
    last_year()
    last_year()
    last_year(not_counted="malicious")
    make_outcome(month="2025-03")

    assert value("to_base") == Fraction(3, 2)


def test_a_running_month_is_held_against_the_days_that_its_report_covers() -> None:
    noon = dt.datetime.combine(make.AT - make.days(1), dt.time(12), make.AT.tzinfo)
    for days in (-1, 1):
        moved = noon + make.minutes(days)
        make_outcome(accepted_at=moved, attributed_at=moved)
        last_year(accepted_at=moved.replace(year=2025))
        last_year(accepted_at=moved.replace(year=2025))
    running, whole = april(at=make.AT), april(at=READ)

    assert (reading("to_base", running).counted, value("to_base", running)) == (1, Fraction(1, 2))
    assert (reading("to_base", whole).counted, value("to_base", whole)) == (2, Fraction(1, 2))


def test_only_what_the_report_covers_is_compared_with_the_month_before() -> None:
    make_outcome(attributed_at=make.AT - make.days(2), is_on_time=True)
    make_outcome(attributed_at=make.AT + make.days(2), is_on_time=False)
    running, whole = april(at=make.AT), april()

    assert (value("on_time", running), value("on_time", whole)) == (Fraction(1, 2),) * 2
    assert reading("on_time", running).compared.value == 1
    assert reading("on_time", whole).compared.value == Fraction(1, 2)
    line = indicators.by_unit(INDICATORS["on_time"], running, [make.unit()])[make.unit().pk]
    assert (line.value, line.compared.value) == (Fraction(1, 2), 1)


def test_without_last_year_there_is_no_base() -> None:
    make_outcome()

    assert value("to_base") is None


def test_the_city_may_choose_another_base(monkeypatch: pytest.MonkeyPatch) -> None:
    residents("990101001", 20_000)
    make_outcome()

    monkeypatch.setitem(INDICATORS, "to_base", TO_BASE["population"])
    assert value("to_base") == Fraction(1, 20_000)

    monkeypatch.setitem(INDICATORS, "to_base", TO_BASE["households"])
    assert (reading("to_base").counted, value("to_base")) == (1, None)
    assert not indicators.has_tickets(INDICATORS["to_base"], DENOMINATOR)


@pytest.mark.parametrize("name", [i.name for i in INDICATORS.values() if i.is_observed])
def test_what_is_observed_can_be_given_no_weight(name: str) -> None:
    with pytest.raises(RuleViolation):
        Rules.from_json(DEFAULT_RULES.as_json() | {name: "0.1"})
    with pytest.raises(RuleViolation):
        Rules.from_json({"weights": {"resolution": "0.9", name: "0.1"}})


# === What the hotline took in =================================================================


def consultation(
    *, at: dt.datetime = make.AT, answered: bool = True, after: float = 3, **fields: Any
) -> Ticket:
    """Answered so many minutes after it came in."""
    ticket = make.accepted_ticket(at=at, request_type="consult", **fields)
    if answered:
        intake.answer(
            number=ticket.number, actor=make.agent(), at=at + make.minutes(after), text="可以办理。"
        )
    return make.fresh(ticket)


def test_answered_and_informed_on_the_spot_of_all_that_was_accepted() -> None:
    consultation()
    informed = make.accepted_ticket()
    intake.inform(
        number=informed.number, actor=make.agent(), at=make.AT + make.minutes(4),
        code="d6_dissuaded", reason="依法不属于受理范围",
    )  # fmt: skip
    make.dispatched_ticket()
    make.accepted_ticket()
    make.accepted_ticket(request_type="praise")

    assert value("direct_answer") == Fraction(2, 4)


def test_a_consultation_is_solved_at_once_when_nobody_comes_again_in_seven_days() -> None:
    at = make.AT - make.days(20)
    consultation(at=at, phone="13900000001")
    consultation(at=at, phone="13900000002")
    consultation(at=at + make.days(6), phone="13900000002", answered=False)
    consultation(at=at, phone="13900000003")
    consultation(at=at + make.days(8), phone="13900000003")
    consultation(at=at, phone="13900000004")
    make.accepted_ticket(at=at + make.days(2), phone="13900000004")
    consultation(at=at, phone="13900000005")
    make.accepted_ticket(at=at + make.days(2), phone="13900000005", category=make.category("1001"))
    consultation(at=at, is_anonymous=True)

    # 1, both of 3, 5 and the anonymous one; not 2 and its second, which nobody answered, nor 4.
    assert value("consult_at_once") == Fraction(5, 8)


def test_an_answer_after_the_first_contact_was_not_at_once() -> None:
    consultation(phone="13900000001", after=60)
    consultation(phone="13900000002", after=61)
    consultation(phone="13900000003", after=24 * 60)

    assert value("direct_answer") == Fraction(1, 3)
    assert value("consult_at_once") == Fraction(1, 3)


def test_what_had_been_dispatched_was_not_dealt_with_at_once() -> None:
    ticket = make.dispatched_ticket(request_type="consult")
    dispatching.recall(
        number=ticket.number, actor=make.dispatcher(), at=make.AT + make.minutes(20), reason="误派"
    )
    intake.answer(
        number=ticket.number, actor=make.agent(), at=make.AT + make.minutes(30), text="可以办理。"
    )

    assert value("direct_answer") == 0
    assert value("consult_at_once") == 0


def test_coming_again_is_told_by_the_class_as_it_was_then() -> None:
    consultation(phone="13900000001")
    again = make.accepted_ticket(at=make.AT + make.days(2), phone="13900000001")
    ended = april().month.facts_until

    intake.classify(
        number=again.number, actor=make.dispatcher(), at=ended + make.days(1),
        category=make.category("1001"),
    )  # fmt: skip

    assert value("consult_at_once", april(at=ended + make.days(2))) == 0


def test_a_consultation_opened_again_was_not_solved_at_once() -> None:
    ticket = consultation()
    intake.reopen(
        number=ticket.number, actor=make.dispatcher(), at=make.AT + make.hours(3), reason="有疑问"
    )
    intake.answer(
        number=ticket.number, actor=make.agent(), at=make.AT + make.hours(4), text="补充说明。"
    )

    assert value("consult_at_once") == 0


def test_the_promise_to_the_citizen_is_kept_by_feedback_or_close() -> None:
    make.replied_ticket()
    make.replied_ticket(replied_at=make.AT + make.days(8))
    consultation()
    make.handled_ticket()

    assert value("citizen_on_time", april(at=make.AT + make.hours(2))) == 1
    assert value("citizen_on_time", april(at=make.AT + make.days(9))) == Fraction(2, 4)


def test_a_promise_that_was_missed_stays_missed_when_the_ticket_is_opened_again() -> None:
    ticket = consultation(after=9 * 24 * 60)
    before = reading("citizen_on_time")

    at = make.AT + make.days(9) + make.hours(1)
    intake.reopen(number=ticket.number, actor=make.dispatcher(), at=at, reason="有疑问")
    intake.answer(
        number=ticket.number, actor=make.agent(), at=at + make.minutes(5), text="补充说明。"
    )

    assert (before.counted, before.base) == (0, 1)
    assert (reading("citizen_on_time").counted, reading("citizen_on_time").base) == (0, 1)


def test_a_new_promise_is_waited_for() -> None:
    ticket = consultation()
    at = make.AT + make.hours(3)
    intake.reopen(number=ticket.number, actor=make.dispatcher(), at=at, reason="有疑问")

    assert reading("citizen_on_time", april(at=at - make.hours(1))).counted == 1
    assert reading("citizen_on_time", april(at=at + make.hours(1))).base == 0


# === Months, units, lists =====================================================================


def test_nothing_that_comes_later_moves_a_closed_month() -> None:
    closing.adopt()
    residents("990101001", 10_000)
    late = make.AT + make.days(4)
    asked = consultation(at=late, phone="13900000001")
    objecting = make.dispatched_ticket(at=late, phone="13900000002")
    dispatching.raise_objection(
        number=objecting.number, actor=make.handler(objecting), at=late + make.minutes(20),
        reason="不属职责", basis="职责清单",
    )  # fmt: skip
    waiting = make.accepted_ticket(at=late, phone="13900000003")
    make.closed_ticket(at=make.AT, phone="13900000004")
    outcomes.rebuild(None, at=closing.DRAFTED)
    closing.close()
    every = list(INDICATORS.values())
    told = indicators.overall(every, april(at=closing.CLOSED), STREETS)

    after = closing.CLOSED + make.hours(1)
    dispatching.return_to_desk(number=objecting.number, actor=make.dispatcher(), at=after)
    intake.reopen(number=asked.number, actor=make.dispatcher(), at=after, reason="有疑问")
    dispatching.dispatch(
        number=asked.number, actor=make.dispatcher(), at=after, lead_unit=make.unit()
    )
    intake.withdraw(number=waiting.number, actor=make.agent(), at=after, is_confirmed=True)
    residents("990101001", 90_000, year=2027)
    outcomes.rebuild(None, at=after + make.days(40))

    later = indicators.overall(every, april(at=after + make.days(40)), STREETS)
    assert later == told
    assert (told["accuracy"].value, told["objection"].value) == (1, Fraction(1, 2))
    assert (told["direct_answer"].value, told["consult_at_once"].value) == (Fraction(1, 4), 1)
    assert told["per_10k"].base == 10_000


def test_a_closed_month_is_read_from_its_frozen_rows() -> None:
    scheme = closing.adopt()
    make_outcome(model=FrozenOutcome, is_withdrawn=True)
    make_outcome()
    draft = MonthDraft.objects.create(
        month=APRIL, scheme=scheme, facts_until=READ, appeals_until=READ, opened_at=READ,
        opened_by="system",
    )  # fmt: skip
    MonthClose.objects.create(
        month=APRIL,
        draft=draft,
        closed_at=READ,
        closed_by="system",
        outcome_count=1,
        scoring_version=1,
        digest="0",
    )

    lines = indicators.by_unit(INDICATORS["withdrawn"], april(), [make.unit()])

    assert lines[make.unit().pk].value == 1


def test_every_unit_has_its_own_line_and_the_whole_is_their_sum() -> None:
    shared = make.dispatched_ticket()
    for code, is_on_time in (("990101001", True), ("990102001", False)):
        make_outcome(ticket=shared, unit=make.unit(code), is_on_time=is_on_time)
    make_outcome(is_on_time=True)
    units = indicators.units_of(INDICATORS["on_time"], april().month, STREETS, SYSTEM)

    lines = indicators.by_unit(INDICATORS["on_time"], april(), units)

    assert {unit.code: lines[unit.pk].value for unit in units} == {
        "990101001": 1, "990101002": None, "990102001": 0,
    }  # fmt: skip
    assert value("on_time") == Fraction(2, 3)


@pytest.mark.usefixtures("orders")
def test_a_number_and_what_is_behind_it_are_counted_alike() -> None:
    residents("990101001", 10_000)
    answers(False, True, requester=1, is_on_time=True, reclassified_count=3)
    answers(False, requester=1, is_withdrawn=True, excluded="malicious")
    last_year(requester_id=1)
    consultation()
    of = april()

    told = indicators.overall(list(INDICATORS.values()), of, STREETS)

    for name, indicator in INDICATORS.items():
        units = indicators.units_of(indicator, of.month, STREETS, SYSTEM)
        for part, amount in ((NUMERATOR, told[name].counted), (DENOMINATOR, told[name].base)):
            if indicators.has_tickets(indicator, part):
                times, tickets = indicators.behind(indicator, part, of, units).count()
                assert times == amount, (name, part)
                assert tickets <= times


def test_residents_open_no_list_of_tickets() -> None:
    with pytest.raises(ValueError, match="counts no tickets"):
        indicators.behind(INDICATORS["per_10k"], DENOMINATOR, april(), [make.unit()])


def test_a_unit_is_told_nothing_of_what_no_unit_ever_saw() -> None:
    handler = make.actor(Role.HANDLER, make.unit())
    supervisor = make.actor(Role.DISTRICT_SUPERVISOR, make.unit("990101"))

    told = {indicator.section for indicator in indicators.indicators_for(handler)}

    assert told == set(Section) - {Section.CITY}
    assert indicators.indicators_for(supervisor) == list(INDICATORS.values())


def test_the_city_of_a_district_supervisor_is_the_district() -> None:
    consultation(area=make.area("990101001"))
    make.accepted_ticket(area=make.area("990102001"))
    supervisor = make.actor(Role.DISTRICT_SUPERVISOR, make.unit("990101"))

    assert value("direct_answer", april(actor=supervisor)) == 1
    assert value("direct_answer") == Fraction(1, 2)


def test_the_month_before_a_running_one_ends_on_the_same_day() -> None:
    on_the_31st = make.AT.replace(month=3, day=31, hour=12)
    running = indicators.view(APRIL, SYSTEM, on_the_31st)
    in_the_morning = indicators.view(APRIL, SYSTEM, on_the_31st - make.minutes(1))

    assert running.cut == on_the_31st
    assert running.before(1).until == on_the_31st.replace(month=2, day=28)
    assert running.before(12).until == on_the_31st.replace(year=2025)
    assert running.before(1).before(12).until == on_the_31st.replace(year=2025, month=2, day=28)
    assert in_the_morning.cut == on_the_31st - make.days(1)
    assert indicators.view("2026-03", SYSTEM, on_the_31st).before(1).until is None


def test_before_its_first_cut_a_month_has_no_report() -> None:
    first = make.AT.replace(month=3, day=19, hour=8, minute=0)
    running = indicators.view(APRIL, SYSTEM, first)

    assert running.cut == running.month.period.start
    assert running.before(1).until == running.before(1).month.period.start


# === 七有五性 ===================================================================================


def tagged(code: str, *tags: str) -> Category:
    Category.objects.filter(code=code).update(dimensions=list(tags))
    forget_all()
    return make.category(code)


def test_a_dimension_counts_the_classes_that_carry_its_tag() -> None:
    home, both = tagged("0501", "住有所居"), tagged("1001", "住有所居", "便利性")
    answers(True, requester=1, category=home)
    answered_outcome(requester_id=2, category=both, resolved=False, satisfaction="basically")
    make_outcome(requester_id=3, category=make.category("0702"))
    make_outcome(month="2026-03", category=both)

    found = indicators.dimension_lines(april(), april().before(1), STREETS)
    lines = {line.dimension: line for line in found}

    assert list(lines) == [Dimension.HOUSING, Dimension.CONVENIENCE]
    assert [lines[d].volume for d in lines] == [2, 1]
    assert [lines[d].before for d in lines] == [1, 1]
    assert lines[Dimension.HOUSING].resolution == Fraction(1, 2)
    assert lines[Dimension.HOUSING].satisfaction == Fraction(19, 20)  # (1 + 0.9) / 2


def test_without_tags_there_are_no_dimensions() -> None:
    make_outcome()

    assert indicators.dimension_lines(april(), april().before(1), STREETS) == []


def test_the_rows_of_a_dimension_are_those_its_number_counts() -> None:
    make_outcome(category=tagged("0501", "住有所居"))
    make_outcome(category=make.category("0702"))
    units = [make.unit()]

    found = indicators.behind(INDICATORS["volume"], NUMERATOR, april(), units, "housing")

    assert found.count() == (1, 1)
    assert Outcome.objects.count() == 2
