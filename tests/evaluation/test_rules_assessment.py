"""What the rules of call-back and assessment (R-081…R-102) ask for and no other file proves."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from contextlib import AbstractContextManager
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.forms import Form

from dispatch.forms.orders import ReplyForm
from evaluation import counting, indicators, monthly
from evaluation import months as reading
from evaluation import services as evaluation
from evaluation.forms.calling import CallbackForm
from evaluation.forms.ratings import RatingForm
from evaluation.models import (
    CallbackResult,
    CloseRequest,
    Exclusion,
    FrozenOutcome,
    Outcome,
    OutcomeFacts,
    Talk,
    UnitScore,
)
from evaluation.rules import DEFAULT_RULES, Rules, Shares
from evaluation.services.months import (
    propose_bonus,
    publish_erratum,
    recompute,
    record_talk,
    request_close,
    rule_bonus,
)
from evaluation.services.schemes import draft_scheme
from evaluation.tally import UnitTally
from hotline.core.actors import SYSTEM, Actor
from hotline.core.models import AssessmentGroup, Role, Unit, UnitKind
from hotline.core.reference import forget_all
from hotline.core.violations import IllegalMove, NotPermitted, RuleViolation
from hotline.pages.year import year_table
from intake.models import Ticket
from tests.evaluation.making import answered_outcome, make_outcome
from tests.factories import (
    AT,
    actor,
    area,
    call_back,
    callback_agent,
    category,
    closed_ticket,
    days,
    handler,
    hours,
    make_unit,
    replied_ticket,
    reply_to,
    unit,
)
from tests.kernel.conftest import city, months
from tests.pages import closing
from tests.pages.closing import CLOSED, DRAFTED, MONTH

if TYPE_CHECKING:
    from psycopg2.extensions import connection as Connection

__all__ = ["city", "months"]  # fixtures
pytestmark = pytest.mark.usefixtures("city")
ANSWERED = {
    "outcome": "connected", "contacted": "yes", "resolved": "no", "satisfaction": "dissatisfied",
}  # fmt: skip


def supervisor() -> Actor:
    return actor(Role.CITY_SUPERVISOR)


def second_receiver() -> Unit:
    return make_unit(kind=UnitKind.SECOND_RECEIVER, group=AssessmentGroup.SECOND_RECEIVER)


# === The three questions (R-082…R-086) =======================================================


@pytest.mark.parametrize("form", [CallbackForm, RatingForm])
def test_r082_whoever_asks_asks_contacted_solved_satisfied_in_this_order(form: type[Form]) -> None:
    asked = [name for name in form().fields if name != "outcome"]

    assert asked[:3] == ["contacted", "resolved", "satisfaction"]


@pytest.mark.parametrize(
    ("field", "known"),
    [
        ("outcome", ["connected", "no_answer", "refused", "wrong_number", "declined"]),
        ("contacted", ["yes", "no"]),
        ("resolved", ["yes", "no"]),
        (
            "satisfaction",
            ["satisfied", "basically", "average", "dissatisfied", "very_dissatisfied"],
        ),
    ],
)
def test_r083_the_answers_are_those_of_the_rule_and_no_others(field: str, known: list[str]) -> None:
    every = {*known, "partly", "pleased", "busy", "maybe"}

    taken = {one for one in every if CallbackForm(ANSWERED | {field: one}).is_valid()}

    assert taken == set(known)


def test_r083_only_the_unit_itself_says_solved_in_part() -> None:
    said = {"text": "已更换三盏路灯，其余待配件。", "told_by": "phone"}

    taken = {one: ReplyForm(said | {"solved": one}).is_valid() for one in ("partly", "mostly")}

    assert taken == {"partly": True, "mostly": False}


@pytest.mark.parametrize(
    "changed", [{"outcome": "no_answer"}, {"contacted": None}, {"resolved": None},
                {"satisfaction": ""}],
)  # fmt: skip
def test_r084_the_database_knows_what_a_valid_call_back_is(changed: dict[str, Any]) -> None:
    call_back(replied_ticket(), at=AT + hours(3))
    row = CallbackResult.objects.get()
    row.pk, row.is_first = None, False
    for name, value in changed.items():
        setattr(row, name, value)

    with transaction.atomic(), pytest.raises(IntegrityError) as refusal:
        row.save(force_insert=True)

    assert "valid_callback_is_complete" in str(refusal.value)


def test_r084_a_call_that_reached_nobody_takes_no_answers_place() -> None:
    ticket = call_back(replied_ticket(), at=AT + hours(3), outcome="no_answer")
    call_back(ticket, at=AT + days(1))

    found = CallbackResult.objects.order_by("pk").values_list("is_valid", "is_first")
    assert list(found) == [(False, False), (True, True)]


def refused_as_unreachable(ticket: Ticket, at: dt.datetime) -> str:
    with pytest.raises(IllegalMove) as refusal:
        evaluation.close(number=ticket.number, actor=callback_agent(), at=at, code="unreachable")
    return refusal.value.code


def test_r085_who_was_reached_in_the_end_is_not_closed_as_unreachable() -> None:
    ticket = call_back(replied_ticket(), at=AT + hours(3), outcome="no_answer")
    call_back(ticket, at=AT + days(1))

    assert refused_as_unreachable(ticket, AT + days(1) + hours(1)) == "attempts_not_exhausted"


def test_r085_attempts_of_an_earlier_turn_make_nobody_unreachable() -> None:
    ticket = replied_ticket()
    for at in (AT + hours(3), AT + days(1)):
        call_back(ticket, at=at, outcome="no_answer")
    call_back(ticket, at=AT + days(1) + hours(1), resolved=False, satisfaction="dissatisfied")
    evaluation.rehandle(number=ticket.number, actor=callback_agent(), at=AT + days(1) + hours(2))
    reply_to(ticket, at=AT + days(2), text="再次处理")
    call_back(ticket, at=AT + days(2) + hours(2), outcome="no_answer")
    call_back(ticket, at=AT + days(3))

    assert refused_as_unreachable(ticket, AT + days(3) + hours(1)) == "attempts_not_exhausted"


@pytest.mark.parametrize(("answer", "resolved"), [("first", 0), ("last", 1)])
def test_r086_the_scheme_says_whether_the_first_answer_counts_or_the_last(
    answer: str, resolved: int
) -> None:
    answered_outcome(answer_count=2, first_resolved=False, last_resolved=True)
    rules = Rules(answer=answer)

    behind = counting.numbers(Outcome.objects.all(), rules)["resolved"].count()

    assert tally(rules).counts.resolved == behind == resolved


# === What counts for whom (R-091, R-093, R-096, R-100) =======================================


def tally(rules: Rules = DEFAULT_RULES, of: Unit | None = None) -> UnitTally:
    of = of or unit()
    return counting.tallies(Outcome.objects.all(), rules, [of])[of.pk]


def test_r096_what_is_excluded_leaves_the_answers_and_not_the_volume() -> None:
    answered_outcome()
    answered_outcome(resolved=False, excluded="malicious")

    found = tally()

    assert (found.valid, found.due, found.excluded, found.volume) == (1, 1, 1, 2)


def test_r067_what_is_on_the_ledger_leaves_the_answers_and_is_told() -> None:
    answered_outcome()
    answered_outcome(resolved=False, is_on_ledger=True)

    found = tally()

    assert (found.valid, found.on_ledger, found.volume) == (1, 1, 2)


def test_r047_what_was_given_back_is_in_nobodys_volume() -> None:
    make_outcome()
    make_outcome(is_left=True, return_count=1)

    assert tally().volume == 1


@pytest.mark.parametrize(("repeats", "valid"), [("once", 2), ("all", 4)])
def test_r100_the_same_person_with_the_same_matter_again_counts_once(
    repeats: str, valid: int
) -> None:
    for _ in range(3):
        answered_outcome(requester_id=1, area=area())
    answered_outcome(requester_id=1, area=area("990101002"))

    found = tally(Rules(repeats=repeats))

    assert (found.valid, found.repeats, found.volume) == (valid, 2, 4)


@pytest.mark.parametrize(
    ("other", "counted"),
    [({}, 1), ({"area": "990101002"}, 0), ({"category": "1001"}, 0), ({"requester_id": 2}, 0)],
)
def test_r100_it_is_the_same_person_class_and_place_whichever_unit_had_it_before(
    other: dict[str, Any], counted: int
) -> None:
    about = {
        "requester_id": other.get("requester_id", 1),
        "area": area(other.get("area", "990101001")),
        "category": category(other.get("category", "0501")),
    }
    make_outcome(unit=unit("990102001"), at=AT - days(40), **about)
    make_outcome(requester_id=1)
    april = indicators.view(MONTH, SYSTEM, CLOSED)

    found = indicators.overall([indicators.INDICATORS["repeat"]], april, "street_town")

    assert (found["repeat"].counted, found["repeat"].base) == (counted, 1)


def test_r100_what_was_excluded_makes_no_repeat_of_what_came_after_it() -> None:
    answered_outcome(requester_id=1, excluded="malicious")
    answered_outcome(requester_id=1)

    assert (tally().valid, tally().repeats) == (1, 0)


@pytest.mark.parametrize(
    "earlier",
    [
        {"is_withdrawn": True}, {"is_left": True}, {"request_type": "praise", "is_due": True},
        {"is_due": True, "is_on_ledger": True},
    ],
)  # fmt: skip
def test_r100_a_matter_that_nobody_was_asked_about_stands_for_no_other(
    earlier: dict[str, Any],
) -> None:
    make_outcome(requester_id=1, **earlier)
    make_outcome(requester_id=1, is_due=True)

    assert (tally().due, tally().repeats) == (1, 0)


def test_r100_of_two_the_one_that_was_answered_stands_for_the_matter() -> None:
    make_outcome(requester_id=1, is_due=True)
    answered_outcome(requester_id=1, resolved=False)
    make_outcome(requester_id=1, is_due=True)

    found = tally()

    assert (found.valid, found.due, found.repeats, found.volume) == (1, 1, 2, 3)
    lists = counting.numbers(Outcome.objects.all(), DEFAULT_RULES)
    assert {name: lists[name].count() for name in ("valid", "due", "repeats", "volume")} == {
        "valid": 1, "due": 1, "repeats": 2, "volume": 3
    }  # fmt: skip


def test_r100_an_answer_by_a_channel_that_does_not_count_stands_for_nothing() -> None:
    rules = Rules(channels=("phone",))
    answered_outcome(requester_id=1, first_channel="web", is_due=False)
    answered_outcome(requester_id=1)

    assert (tally(rules).valid, tally(rules).repeats) == (1, 0)


@pytest.mark.parametrize(("shares", "valid"), [(None, 1), (Shares(), 2)])
def test_r093_where_credit_is_shared_a_unit_is_scored_by_what_it_helps_with_as_well(
    shares: Shares | None, valid: int
) -> None:
    answered_outcome(partner_count=1)
    answered_outcome(role="cooperate", partner_count=1, resolved=False, is_on_time=False)

    found = tally(Rules(shares=shares))

    assert found.valid == valid
    assert {answer.partner_count for answer in found.answers} == ({1} if shares else {0})


@pytest.mark.parametrize("role", ["cooperate", "delegate"])
def test_r093_a_second_receiver_is_scored_by_what_it_assists_with(role: str) -> None:
    company = second_receiver()
    answered_outcome(unit=company, ticket=closed_ticket(), role=role)

    assert tally(of=company).valid == 1
    assert tally().valid == 0


# === Who is ranked (R-091) ===================================================================


def test_r091_four_groups_are_scored_and_no_community_and_no_bureau_of_a_district() -> None:
    scored = {one.code for one in reading.scored_units(DEFAULT_RULES)}

    assert scored == {
        "990101", "990102", "city-urban", "city-housing", "ent-heat", "ent-water", "990101001",
        "990101002", "990102001",
    }  # fmt: skip


def test_r091_the_database_knows_that_a_community_is_never_assessed() -> None:
    community = Unit.objects.filter(kind=UnitKind.COMMUNITY)

    with transaction.atomic(), pytest.raises(IntegrityError) as refusal:
        community.update(group=AssessmentGroup.STREET_TOWN)

    assert "communities_are_never_assessed" in str(refusal.value)


def test_r091_a_second_receiver_is_scored_and_its_line_is_not_published() -> None:
    company = second_receiver()
    closing.adopt()

    closing.close()

    published = dict(UnitScore.objects.values_list("unit_id", "is_published"))
    assert published.pop(company.pk) is False
    assert set(published.values()) == {True}


def test_r091_not_even_its_own_people_read_the_line_of_a_second_receiver() -> None:
    company = second_receiver()

    own = monthly.read_by(actor(Role.MANAGER, company), [company])
    hotlines = monthly.read_by(supervisor(), [company])

    assert (own, hotlines) == ([], [company])


# === Talks, points (R-092, R-095) ============================================================


def test_r092_a_talk_that_has_not_been_held_is_not_written_down() -> None:
    closing.adopt(tail_count=1)
    closing.answered("990101001", good=0, bad=2)
    closing.answered("990102001", good=2, bad=0)
    closing.close()
    words = {"summary": "谈话", "undertaking": "整改", "actor": supervisor(), "at": CLOSED}

    with pytest.raises(RuleViolation) as refusal:
        record_talk(month=MONTH, unit=unit(), held_on=CLOSED.date() + days(1), **words)
    record_talk(month=MONTH, unit=unit(), held_on=CLOSED.date(), **words)

    assert refusal.value.code == "talk_in_future"
    assert Talk.objects.get().held_on == CLOSED.date()


def proposed(by: Actor, **fields: Any) -> dict[str, Any]:
    return {
        "month": MONTH, "unit": unit(), "ground": "hard_case", "points": Decimal("1.5"),
        "evidence": "解决产权证历史遗留问题", "actor": by, "at": DRAFTED, **fields,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("outcome", "points"), [("", None), ("rejected", None), ("upheld", Decimal("1.5"))]
)
def test_r095_points_count_once_they_are_approved(outcome: str, points: Decimal | None) -> None:
    bonus = propose_bonus(**proposed(supervisor()))
    if outcome:
        rule_bonus(bonus=bonus, outcome=outcome, ruling="已核。", actor=supervisor(), at=DRAFTED)

    assert reading.bonuses(MONTH).get(unit().pk) == points


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"points": Decimal(0)}, "bonus_not_positive"),
        ({"points": Decimal(-1)}, "bonus_not_positive"),
        ({"evidence": " "}, "reason_required"),
    ],
)
def test_r095_points_are_added_for_something_and_never_taken_away(
    fields: dict[str, Any], code: str
) -> None:
    with pytest.raises(RuleViolation) as refusal:
        propose_bonus(**proposed(supervisor(), **fields))

    assert refusal.value.code == code


# === Months (R-097, R-098) ===================================================================


def test_r098_no_month_is_closed_that_its_units_have_not_seen() -> None:
    closing.adopt()

    with pytest.raises(IllegalMove) as refusal:
        request_close(month=MONTH, actor=supervisor(), at=DRAFTED)

    assert refusal.value.code == "month_not_draft"


def test_r098_a_closed_month_is_not_closed_again() -> None:
    closing.adopt()
    closing.close()

    with pytest.raises(IllegalMove) as refusal:
        request_close(month=MONTH, actor=supervisor(), at=CLOSED + days(1))

    assert refusal.value.code == "month_not_draft"
    assert not CloseRequest.objects.exists()


def test_r098_an_answer_tampered_with_is_found_although_no_score_moves() -> None:
    closing.adopt()
    closed_ticket(resolved=False, satisfaction="dissatisfied")
    closing.close()
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("ALTER TABLE evaluation_callbackresult DISABLE TRIGGER frozen")
        cursor.execute("UPDATE evaluation_callbackresult SET satisfaction = 'average'")
        cursor.execute("ALTER TABLE evaluation_callbackresult ENABLE TRIGGER frozen")

    again = recompute(month=MONTH, at=CLOSED + days(1))

    published = dict(UnitScore.objects.values_list("unit_id", "score"))
    assert {line.unit_id: line.score for line in again.lines} == published
    assert not again.is_equal


def test_r098_a_unit_that_changes_its_group_stays_where_it_was_published() -> None:
    closing.adopt()
    closing.answered("990101001", good=2, bad=0)
    closing.close()
    Unit.objects.filter(code="990101001").update(group=AssessmentGroup.DISTRICT)
    forget_all()

    month = reading.month(MONTH, at=CLOSED)
    told = {
        group: monthly.table(month, group, SYSTEM).lines for group in ("street_town", "district")
    }

    assert [line.unit.code for line in told["street_town"]] == ["990101001"]
    assert told["district"] == []


@pytest.mark.parametrize("model", [Outcome, FrozenOutcome])
def test_r098_the_database_holds_a_units_part_in_a_ticket_once_whatever_the_month(
    model: type[OutcomeFacts],
) -> None:
    first = make_outcome(model=model)

    with transaction.atomic(), pytest.raises(IntegrityError) as refusal:
        make_outcome(model=model, ticket=first.ticket, month="2026-05")

    assert "outcome_per_ticket_unit_role" in str(refusal.value)


def an_excluded_ticket() -> None:
    ticket = closed_ticket(resolved=False, satisfaction="dissatisfied")
    evaluation.ask_exclusion(
        number=ticket.number, actor=handler(ticket), at=AT + days(3), scope="rates",
        ground="unreasonable", reason="要求改建私有围墙", evidence="现场勘察记录",
    )  # fmt: skip
    evaluation.grant_exclusion(number=ticket.number, actor=supervisor(), at=AT + days(4))
    assert Exclusion.objects.get().outcome == "granted"


def points_approved() -> None:
    bonus = propose_bonus(**proposed(supervisor()))
    rule_bonus(bonus=bonus, outcome="upheld", ruling="同意。", actor=supervisor(), at=DRAFTED)


@pytest.mark.parametrize(
    ("decided", "statement"),
    [
        (an_excluded_ticket, "UPDATE evaluation_exclusion SET outcome = 'refused'"),
        (an_excluded_ticket, "DELETE FROM evaluation_exclusion"),
        (points_approved, "UPDATE evaluation_bonus SET points = 9"),
        (points_approved, "DELETE FROM evaluation_bonus"),
    ],
)
def test_r096_what_was_decided_stays_whoever_writes_to_the_database(
    decided: Callable[[], None], statement: str
) -> None:
    decided()

    with (
        pytest.raises(DatabaseError, match="what was decided stays"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement)


@pytest.mark.parametrize(
    "table",
    ["callbackresult", "pressurereport", "consultation", "frozenoutcome", "unitscore",
     "monthdraft", "closerequest", "monthclose", "erratum", "talk"],
)  # fmt: skip
def test_the_sites_role_has_no_right_to_what_is_on_record(
    table: str, as_app_role: Callable[[], AbstractContextManager[Connection]]
) -> None:
    """A right of its own, beside the triggers that refuse everybody."""
    with as_app_role() as app, app.cursor() as cursor:
        cursor.execute(
            "SELECT privilege FROM unnest(ARRAY['UPDATE', 'DELETE', 'TRUNCATE']) AS privilege"
            " WHERE has_table_privilege(%s, privilege)",
            [f"evaluation_{table}"],
        )
        assert cursor.fetchall() == []


# === Who assesses whom (R-101) ===============================================================


@pytest.mark.parametrize("role", [Role.HANDLER, Role.MANAGER])
@pytest.mark.parametrize("place", ["city-urban", "990101-market"])
def test_r101_no_department_assesses_a_street(role: Role, place: str) -> None:
    closing.adopt()
    closing.open_draft()
    by, at = actor(role, unit(place)), CLOSED
    words = {"month": MONTH, "actor": by, "at": at}
    talk = {"unit": unit(), "held_on": at.date(), "summary": "谈话", "undertaking": "整改"}
    about = {"wrong": "甲", "right": "乙", "reason": "丙"}
    rules = {"based_on": None, "name": "方案", "valid_from": "2026-07", "rules": DEFAULT_RULES}

    for act, fields in (
        (request_close, words), (propose_bonus, proposed(by)), (record_talk, words | talk),
        (publish_erratum, words | about), (draft_scheme, {"actor": by, "at": at, **rules}),
    ):  # fmt: skip
        with pytest.raises(NotPermitted):
            act(**fields)


def test_r101_a_district_follows_the_year_of_its_own_streets() -> None:
    closing.adopt()
    closing.answered("990101001", good=2, bad=0)
    closing.answered("990102001", good=1, bad=1)
    closing.close()

    table = year_table(2026, "street_town", actor(Role.DISTRICT_SUPERVISOR, unit("990101")))

    means = {line.unit.code: line.year.mean for line in table.lines}
    assert means == {"990101001": Decimal("100.00"), "990101002": None}


def test_r101_a_district_talks_to_its_own_units_only() -> None:
    closing.adopt(tail_count=1)
    closing.answered("990101001", good=0, bad=2)
    closing.answered("990102001", good=2, bad=0)
    closing.close()

    with pytest.raises(NotPermitted):
        record_talk(
            month=MONTH, unit=unit(), held_on=CLOSED.date(), summary="谈话", undertaking="整改",
            actor=actor(Role.DISTRICT_SUPERVISOR, unit("990102")), at=CLOSED,
        )  # fmt: skip

    assert not Talk.objects.exists()
