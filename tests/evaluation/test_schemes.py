"""Schemes: drafted by one, consulted on, adopted by another, and never changed again."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from contextlib import AbstractContextManager
from decimal import Decimal
from typing import Any

import psycopg2
import pytest
from django.db import DatabaseError, connection, transaction

from evaluation import months
from evaluation.counting import assessed
from evaluation.models import (
    Consultation,
    ConsultedParty,
    FrozenOutcome,
    MonthClose,
    MonthDraft,
    Outcome,
    Scheme,
)
from evaluation.rates import Weights
from evaluation.reference_data import loading
from evaluation.rules import DEFAULT_RULES, OutOfScope, Rules
from evaluation.sampling import rules_at
from evaluation.schemes import month_at, rules_of, scheme_before, scheme_for
from evaluation.scoring import score
from evaluation.services.schemes import (
    adopt_scheme,
    change_draft,
    discard_draft,
    draft_scheme,
    earliest_month,
    fingerprint,
    missing_for_adoption,
    record_consultation,
)
from evaluation.tally import Tally, UnitTally
from hotline.core.actors import Actor
from hotline.core.models import AuditEntry, Notice, Role
from hotline.core.reference import forget_all
from hotline.core.violations import NotPermitted, RuleViolation
from intake.rendering import event_label
from tests.factories import AT, accepted_ticket, actor, days, hours, seed_reference, unit
from tests.kernel.together import together

# 14 April belongs to the month that runs from 19 March to 18 April.
RUNNING, NEXT = "2026-04", "2026-05"
SOLVING = Rules(weights=Weights(Decimal("0.1"), Decimal("0.8"), Decimal("0.1")))
OTHERS = [role for role in Role if role != Role.CITY_SUPERVISOR]
Connect = Callable[[], AbstractContextManager[Any]]


@pytest.fixture(autouse=True)
def _city(db: None) -> None:
    forget_all()
    seed_reference()


@pytest.fixture
def drafter() -> Actor:
    return actor(Role.CITY_SUPERVISOR)


@pytest.fixture
def colleague() -> Actor:
    return actor(Role.CITY_SUPERVISOR)


def drafted(by: Actor, *, rules: Rules = SOLVING, month: str = NEXT, **fields: Any) -> Scheme:
    fields.setdefault("name", "突出解决率")
    fields.setdefault("at", AT - days(2))
    return draft_scheme(based_on=None, valid_from=month, rules=rules, actor=by, **fields)


def asked(scheme: Scheme, by: Actor, *parties: str, at: dt.datetime = AT) -> None:
    """Put before these parties, all three when none is named, and over yesterday."""
    day = at.date() - days(1)
    span: dict[str, Any] = {"scheme": scheme, "began_on": day, "ended_on": day, "actor": by}
    for party in parties or ConsultedParty.values:
        record_consultation(party=party, at=at - days(1), **span)
        record_consultation(
            party=party, opinion_count=3, summary="建议提高解决率权重", adopted_opinions="已采纳",
            at=at, **span,
        )  # fmt: skip


def adopted(by: Actor, other: Actor, **fields: Any) -> Scheme:
    scheme = drafted(by, **fields)
    asked(scheme, by)
    return adopt_scheme(scheme=scheme, actor=other, at=AT)


def refusal(code: str, act: Callable[[], object]) -> RuleViolation:
    with pytest.raises(RuleViolation) as found:
        act()
    assert found.value.code == code
    assert found.value.sentence()
    return found.value


def lacks(scheme: Scheme, by: Actor, at: dt.datetime = AT) -> list[str]:
    return [one.code for one in missing_for_adoption(scheme, actor=by, at=at)]


# === Which rules a month is scored by =======================================================


def test_without_a_scheme_months_are_scored_by_the_defaults() -> None:
    assert scheme_for(RUNNING) == (None, DEFAULT_RULES)


def test_r094_a_month_has_the_scheme_adopted_for_it_and_earlier_months_keep_theirs(
    drafter: Actor, colleague: Actor
) -> None:
    loading.load_scheme(AT)
    shipped, _rules = scheme_for(RUNNING)

    new = adopted(drafter, colleague)

    assert scheme_for(RUNNING) == (shipped, DEFAULT_RULES)
    assert scheme_for(NEXT) == (new, SOLVING)
    assert scheme_for("2031-12") == (new, SOLVING)
    assert scheme_before(new) == shipped
    assert months.month(RUNNING, at=AT).rules == DEFAULT_RULES


def test_a_draft_decides_nothing(drafter: Actor) -> None:
    drafted(drafter)

    assert scheme_for("2031-12") == (None, DEFAULT_RULES)


def test_r094_a_class_is_out_of_the_assessment_between_two_days_only(drafter: Actor) -> None:
    first, last = AT.date() - days(1), AT.date() + days(1)
    rules = Rules(out_of_scope=(OutOfScope("05", first, last),))
    for at in (AT - days(3), AT, AT + days(3)):
        ticket = accepted_ticket(at=at)
        Outcome.objects.create(
            month=RUNNING, ticket=ticket, number=ticket.number, unit=unit(), role="lead",
            request_type="complaint", level="L3", category=ticket.category, accepted_at=at,
            attributed_at=at,
            given_at=at,
        )  # fmt: skip

    left = assessed(Outcome.objects.all(), rules).values_list("accepted_at", flat=True)

    assert sorted(left) == [AT - days(3), AT + days(3)]


# === The first scheme =======================================================================


def test_the_shipped_scheme_is_adopted_once_and_says_the_defaults() -> None:
    assert loading.load_scheme(AT) == 1
    assert loading.load_scheme(AT + days(1)) == 0

    scheme = Scheme.objects.get()
    assert (scheme.valid_from, scheme.adopted_by) == ("2019-01", "system")
    assert scheme.rules == DEFAULT_RULES.as_json()
    assert AuditEntry.objects.get().action == "scheme_adopted"


def test_the_shipped_file_is_what_the_defaults_are_to_the_digit() -> None:
    shipped = json.loads(loading.FILE.read_text())

    assert shipped["rules"] == DEFAULT_RULES.as_json()


def test_the_shipped_scheme_leaves_an_adopted_one_alone(drafter: Actor, colleague: Actor) -> None:
    adopted(drafter, colleague)

    assert loading.load_scheme(AT) == 0
    assert Scheme.objects.count() == 1


def test_months_begin_on_the_day_that_their_scheme_says(drafter: Actor, colleague: Actor) -> None:
    assert month_at(AT).label == RUNNING
    assert month_at(AT.replace(day=19, hour=0)).label == NEXT

    adopted(drafter, colleague, month="2019-01", rules=Rules(period_start_day=1))

    assert month_at(AT.replace(day=19, hour=0)).label == RUNNING
    assert month_at(AT.replace(day=30, hour=23)).label == RUNNING
    assert month_at(AT.replace(month=5, day=1, hour=0)).start == AT.replace(month=5, day=1, hour=0)
    assert earliest_month(AT.replace(day=30)) == NEXT


def test_who_is_drawn_is_decided_by_the_month_as_its_scheme_bounds_it(
    drafter: Actor, colleague: Actor
) -> None:
    first = Rules(period_start_day=1)
    adopted(drafter, colleague, month="2019-01", rules=first)
    adopted(drafter, colleague, month=NEXT, rules=Rules(period_start_day=1, sample_percent=50))

    assert rules_at(AT.replace(day=30)) == first
    assert rules_at(AT.replace(month=5, day=1, hour=0)).sample_percent == 50


# === Drafting ===============================================================================


def test_a_draft_is_numbered_and_written_down(drafter: Actor) -> None:
    loading.load_scheme(AT)
    base = Scheme.objects.get()

    scheme = draft_scheme(
        based_on=base, name=" 第二版 ", valid_from=NEXT, rules=SOLVING, actor=drafter, at=AT
    )

    assert (scheme.version, scheme.name, scheme.adopted_at) == (2, "第二版", None)
    assert rules_of(scheme) == SOLVING
    entry = AuditEntry.objects.get(action="scheme_drafted")
    assert entry.actor == drafter.reference
    assert entry.data == {"scheme": 2, "based_on": 1, "digest": fingerprint(scheme)}


@pytest.mark.parametrize("role", OTHERS)
def test_only_the_city_supervisor_writes_asks_and_adopts(
    role: Role, drafter: Actor, colleague: Actor
) -> None:
    scheme, other = drafted(drafter), actor(role)
    asked(scheme, drafter)
    party: dict[str, Any] = {
        "party": "public", "began_on": AT.date(), "ended_on": AT.date(),
    }  # fmt: skip
    acts: list[Callable[[], object]] = [
        lambda: drafted(other),
        lambda: change_draft(
            scheme=scheme, seen=fingerprint(scheme), name="x", valid_from=NEXT, rules=SOLVING,
            actor=other, at=AT,
        ),
        lambda: record_consultation(scheme=scheme, actor=other, at=AT, **party),
        lambda: adopt_scheme(scheme=scheme, actor=other, at=AT),
        lambda: discard_draft(scheme=scheme, actor=other, at=AT),
    ]  # fmt: skip

    for act in acts:
        with pytest.raises(NotPermitted):
            act()

    assert Scheme.objects.get() == scheme
    assert Scheme.objects.get().adopted_at is None
    assert Consultation.objects.count() == 6


@pytest.mark.parametrize("month", ["2026-13", "2026-4", "next", "", "2026-05-01"])
def test_what_is_no_month_is_refused(drafter: Actor, month: str) -> None:
    assert refusal("scheme_month", lambda: drafted(drafter, month=month)).field == "valid_from"


def test_a_class_that_does_not_exist_cannot_be_left_out(drafter: Actor) -> None:
    rules = Rules(out_of_scope=(OutOfScope("99"),))

    found = refusal("scheme_category_unknown", lambda: drafted(drafter, rules=rules))

    assert (found.field, "99" in found.sentence()) == ("out_of_scope", True)


@pytest.mark.parametrize("name", ["", "  ", "名" * 81])
def test_a_scheme_needs_a_name_that_fits(drafter: Actor, name: str) -> None:
    with pytest.raises(RuleViolation, match="方案名称"):
        drafted(drafter, name=name)


def test_the_earliest_month_is_the_first_that_has_not_begun() -> None:
    assert earliest_month(AT) == NEXT
    assert earliest_month(AT.replace(day=18, hour=23)) == NEXT
    assert earliest_month(AT.replace(day=19, hour=0)) == "2026-06"
    assert earliest_month(AT.replace(month=12, day=19)) == "2027-02"


# === Changing ===============================================================================


def changed(
    scheme: Scheme, by: Actor, *, seen: str = "", at: dt.datetime = AT, **fields: Any
) -> Scheme:
    content = {"name": scheme.name, "valid_from": scheme.valid_from, "rules": SOLVING}
    return change_draft(
        scheme=scheme, seen=seen or fingerprint(scheme), actor=by, at=at, **{**content, **fields}
    )


def test_who_changes_a_draft_is_its_drafter_from_then_on(drafter: Actor, colleague: Actor) -> None:
    scheme = drafted(drafter)

    changed(scheme, colleague, at=AT + hours(1), name="改名", rules=DEFAULT_RULES)

    stored = Scheme.objects.get()
    assert (stored.name, stored.drafted_by) == ("改名", colleague.reference)
    assert stored.drafted_at == AT + hours(1)
    assert rules_of(stored) == DEFAULT_RULES
    assert AuditEntry.objects.filter(action="scheme_changed").count() == 1


def test_saving_a_draft_unchanged_makes_nobody_its_drafter(
    drafter: Actor, colleague: Actor
) -> None:
    scheme = drafted(drafter)

    changed(scheme, colleague, at=AT + hours(1))

    assert Scheme.objects.get().drafted_by == drafter.reference
    assert not AuditEntry.objects.filter(action="scheme_changed").exists()


def test_two_people_change_a_draft_and_the_second_is_told_who_was_first(
    drafter: Actor, colleague: Actor
) -> None:
    scheme = drafted(drafter)
    seen = fingerprint(scheme)
    changed(scheme, colleague, seen=seen, name="先改的")

    late = refusal(
        "scheme_changed_meanwhile", lambda: changed(scheme, drafter, seen=seen, name="后改的")
    )

    assert colleague.name in late.sentence()
    assert Scheme.objects.get().name == "先改的"


@pytest.mark.django_db(transaction=True)
def test_two_people_change_a_draft_at_once_and_one_wins(drafter: Actor, colleague: Actor) -> None:
    scheme = drafted(drafter)
    seen = fingerprint(scheme)

    results = together(
        lambda: changed(scheme, drafter, seen=seen, name="甲"),
        lambda: changed(scheme, colleague, seen=seen, name="乙"),
    )

    won = [one for one in results if isinstance(one, Scheme)]
    lost = [one.code for one in results if isinstance(one, RuleViolation)]
    assert (len(won), lost) == (1, ["scheme_changed_meanwhile"])
    assert Scheme.objects.get().name == won[0].name


# === Consultation ===========================================================================


def test_who_is_being_asked_is_written_first_and_the_result_when_the_time_is_over(
    drafter: Actor,
) -> None:
    scheme = drafted(drafter)
    until = AT.date() + days(7)
    span: dict[str, Any] = {"party": "public", "began_on": AT.date(), "ended_on": until}
    said = {"opinion_count": 12, "summary": "希望早回访", "adopted_opinions": "已采纳"}

    record_consultation(scheme=scheme, actor=drafter, at=AT, **span)
    refusal(
        "consultation_still_open",
        lambda: record_consultation(
            scheme=scheme, actor=drafter, at=AT + days(7), **span, **said
        ),
    )  # fmt: skip
    record_consultation(scheme=scheme, actor=drafter, at=AT + days(8), **span, **said)

    assert list(scheme.consultations.order_by("pk").values_list("opinion_count", "summary")) == [
        (0, ""), (12, "希望早回访"),
    ]  # fmt: skip
    assert AuditEntry.objects.filter(action="scheme_consulted").count() == 2


@pytest.mark.parametrize("missing", ["summary", "adopted_opinions"])
def test_a_consultation_that_is_over_says_what_came_of_it(drafter: Actor, missing: str) -> None:
    scheme, yesterday = drafted(drafter), AT.date() - days(1)
    said = {"summary": "意见", "adopted_opinions": "采纳", missing: " "}

    found = refusal(
        "consultation_result_required",
        lambda: record_consultation(
            scheme=scheme, party="streets", began_on=yesterday, ended_on=yesterday,
            actor=drafter, at=AT, **said,
        ),
    )  # fmt: skip

    assert found.field == missing
    assert not Consultation.objects.exists()


def test_r090_a_consultation_that_was_never_opened_has_no_result(drafter: Actor) -> None:
    scheme, today = drafted(drafter), AT.date()
    said: dict[str, Any] = {
        "scheme": scheme, "summary": "意见", "adopted_opinions": "采纳", "actor": drafter,
        "at": AT + days(1),
    }  # fmt: skip
    record_consultation(
        scheme=scheme, party="public", began_on=today, ended_on=today, actor=drafter, at=AT
    )

    for party, began_on in (("streets", today), ("public", today - days(1))):
        refusal(
            "consultation_not_opened",
            lambda party=party, day=began_on: record_consultation(
                party=party, began_on=day, ended_on=today, **said
            ),
        )

    assert Consultation.objects.count() == 1


def test_r090_nobody_was_asked_before_the_draft_was_written(drafter: Actor) -> None:
    scheme = drafted(drafter, at=AT)
    span: dict[str, Any] = {"party": "public", "ended_on": AT.date() + days(7), "at": AT}

    found = refusal(
        "consultation_before_draft",
        lambda: record_consultation(
            scheme=scheme, began_on=AT.date() - days(1), actor=drafter, **span
        ),
    )

    assert found.field == "began_on"
    assert not Consultation.objects.exists()


@pytest.mark.parametrize(
    ("party", "told"),
    [("streets", {"street_town"}), ("departments", {"city_department"}), ("public", set())],
)
def test_the_units_that_are_asked_are_told_once_when_the_asking_begins(
    drafter: Actor, party: str, told: set[str]
) -> None:
    scheme = drafted(drafter)

    asked(scheme, drafter, party)

    notices = Notice.objects.filter(type="scheme_consulted")
    units = [notice.unit for notice in notices if notice.unit]
    assert {one.group for one in units} & {"street_town", "city_department"} == told
    assert len(units) == len({one.pk for one in units})
    assert all(notice.data == {"scheme": scheme.version} for notice in notices)
    assert event_label("scheme_consulted") == "考评方案征求意见"


def test_a_consultation_does_not_end_before_it_begins(drafter: Actor) -> None:
    scheme = drafted(drafter)

    refusal(
        "consultation_days",
        lambda: record_consultation(
            scheme=scheme, party="streets", began_on=AT.date(), ended_on=AT.date() - days(1),
            summary="意见", adopted_opinions="采纳", actor=drafter, at=AT,
        ),
    )  # fmt: skip


# === Adopting ===============================================================================


def test_r090_another_person_adopts_after_all_three_were_asked(
    drafter: Actor, colleague: Actor
) -> None:
    scheme = drafted(drafter)
    asked(scheme, drafter)

    adopt_scheme(scheme=scheme, actor=colleague, at=AT + hours(1))

    stored = Scheme.objects.get()
    assert (stored.adopted_at, stored.adopted_by) == (AT + hours(1), colleague.reference)
    entry = AuditEntry.objects.get(action="scheme_adopted")
    assert entry.data == {"scheme": 1, "digest": fingerprint(stored), "valid_from": NEXT}


def test_r090_nobody_who_ever_wrote_its_rules_adopts_a_scheme(
    drafter: Actor, colleague: Actor
) -> None:
    scheme, third = drafted(drafter, rules=DEFAULT_RULES), actor(Role.CITY_SUPERVISOR)
    changed(scheme, colleague, at=AT - days(2))
    scheme = changed(Scheme.objects.get(), third, at=AT - days(2), name="只改了名字")
    asked(scheme, drafter)

    assert Scheme.objects.get().edited_by == [drafter.reference, colleague.reference]
    for author in (drafter, colleague):
        refusal("scheme_own_draft", lambda by=author: adopt_scheme(scheme=scheme, actor=by, at=AT))
    assert adopt_scheme(scheme=scheme, actor=third, at=AT).adopted_at == AT


def test_r090_who_only_renames_a_draft_does_not_free_its_author_to_adopt_it(
    drafter: Actor, colleague: Actor
) -> None:
    scheme = drafted(drafter)
    asked(scheme, drafter)

    renamed = changed(scheme, colleague, name="改名")

    assert lacks(renamed, drafter) == ["scheme_own_draft"]
    assert lacks(renamed, colleague) == []


def test_who_moves_the_first_month_has_written_the_scheme_too(
    drafter: Actor, colleague: Actor
) -> None:
    scheme = drafted(drafter)
    asked(scheme, drafter)

    assert lacks(changed(scheme, colleague, valid_from="2026-06"), colleague) == [
        "scheme_own_draft"
    ]


def test_r090_rules_changed_after_the_consultation_are_put_before_everybody_again(
    drafter: Actor, colleague: Actor
) -> None:
    scheme = drafted(drafter)
    asked(scheme, drafter)

    scheme = changed(scheme, drafter, rules=DEFAULT_RULES)

    assert lacks(scheme, colleague) == ["scheme_changed_since_consulted"] * 3
    asked(scheme, drafter, at=AT + days(1))
    assert lacks(scheme, colleague, AT + days(1)) == []


def test_r090_an_answer_to_rules_that_were_changed_meanwhile_speaks_of_the_old_ones(
    drafter: Actor, colleague: Actor
) -> None:
    scheme = drafted(drafter)
    asked(scheme, drafter, "departments", "streets")
    span: dict[str, Any] = {
        "scheme": scheme, "party": "public", "began_on": AT.date(), "ended_on": AT.date(),
        "actor": drafter,
    }  # fmt: skip
    record_consultation(at=AT, **span)
    changed(scheme, drafter, rules=DEFAULT_RULES, at=AT + hours(1))

    record_consultation(at=AT + days(1), summary="意见", adopted_opinions="采纳", **span)

    assert (
        lacks(Scheme.objects.get(), colleague, AT + days(1))
        == ["scheme_changed_since_consulted"] * 3
    )


@pytest.mark.parametrize("missing", ConsultedParty.values)
def test_r090_without_asking_departments_streets_and_the_public_nothing_takes_effect(
    drafter: Actor, colleague: Actor, missing: str
) -> None:
    scheme = drafted(drafter)
    asked(scheme, drafter, *(party for party in ConsultedParty.values if party != missing))

    found = refusal(
        "scheme_not_consulted", lambda: adopt_scheme(scheme=scheme, actor=colleague, at=AT)
    )

    assert str(ConsultedParty(missing).label) in found.sentence()
    assert Scheme.objects.get().adopted_at is None


def test_r090_a_consultation_that_is_not_over_is_none_yet(drafter: Actor, colleague: Actor) -> None:
    scheme = drafted(drafter)
    asked(scheme, drafter, "departments", "streets")
    record_consultation(
        scheme=scheme, party="public", began_on=AT.date(), ended_on=AT.date(), actor=drafter, at=AT
    )

    assert lacks(scheme, colleague) == ["scheme_consultation_running"]
    assert lacks(scheme, colleague, AT + days(1)) == ["scheme_consultation_running"]
    asked(scheme, drafter, "public", at=AT + days(1))
    assert lacks(scheme, colleague, AT + days(1)) == []


def test_everything_a_draft_lacks_is_told_at_once(drafter: Actor) -> None:
    scheme = drafted(drafter)

    assert lacks(scheme, drafter) == ["scheme_own_draft", *["scheme_not_consulted"] * 3]


@pytest.mark.parametrize("month", ["2019-06", "2026-03", RUNNING])
def test_a_month_that_has_begun_gets_no_other_rules(drafter: Actor, month: str) -> None:
    loading.load_scheme(AT)

    found = refusal("scheme_month_begun", lambda: drafted(drafter, month=month))

    assert NEXT in found.sentence()


def test_a_draft_whose_month_has_begun_meanwhile_is_not_adopted(
    drafter: Actor, colleague: Actor
) -> None:
    loading.load_scheme(AT)
    scheme = drafted(drafter)
    asked(scheme, drafter)

    assert lacks(scheme, colleague, AT + days(4)) == []
    assert lacks(scheme, colleague, AT + days(5)) == ["scheme_month_begun"]


def test_only_the_very_first_scheme_may_speak_of_the_past(drafter: Actor, colleague: Actor) -> None:
    assert adopted(drafter, colleague, month="2025-01").adopted_at == AT


def test_a_month_that_units_have_seen_gets_no_other_rules(drafter: Actor, colleague: Actor) -> None:
    loading.load_scheme(AT)
    scheme = drafted(drafter)
    asked(scheme, drafter)
    seen = MonthDraft.objects.create(
        month=NEXT, scheme=Scheme.objects.get(version=1), facts_until=AT, appeals_until=AT,
        opened_at=AT, opened_by="system",
    )  # fmt: skip

    assert lacks(scheme, colleague) == ["scheme_month_opened"]
    MonthClose.objects.create(
        month=NEXT,
        draft=seen,
        closed_at=AT,
        closed_by="system",
        outcome_count=0,
        scoring_version=1,
        digest="",
    )
    assert lacks(scheme, colleague) == ["scheme_month_opened"]


def test_two_schemes_do_not_begin_in_one_month(drafter: Actor, colleague: Actor) -> None:
    scheme = drafted(drafter)
    asked(scheme, drafter)
    adopted(drafter, colleague)

    found = refusal(
        "scheme_month_taken", lambda: adopt_scheme(scheme=scheme, actor=colleague, at=AT)
    )

    assert NEXT in found.sentence()


@pytest.mark.django_db(transaction=True)
def test_two_schemes_for_one_month_at_once_and_one_wins(drafter: Actor, colleague: Actor) -> None:
    both = [drafted(drafter), drafted(drafter)]
    for scheme in both:
        asked(scheme, drafter)

    results = together(
        *(lambda s=scheme: adopt_scheme(scheme=s, actor=colleague, at=AT) for scheme in both)
    )

    lost = [one.code for one in results if isinstance(one, RuleViolation)]
    assert lost == ["scheme_month_taken"]
    assert Scheme.objects.adopted().count() == 1


@pytest.mark.parametrize("fields", [{"period_start_day": 1}, {"day_cut": dt.time(0)}])
def test_months_follow_each_other_without_a_gap_so_they_always_begin_on_the_same_day(
    drafter: Actor, colleague: Actor, fields: dict[str, Any]
) -> None:
    loading.load_scheme(AT)
    scheme = drafted(drafter, rules=Rules(**fields))
    asked(scheme, drafter)

    found = refusal(
        "scheme_period_differs", lambda: adopt_scheme(scheme=scheme, actor=colleague, at=AT)
    )

    assert found.field in fields
    assert found.field not in found.sentence()


# === Once adopted ===========================================================================


def test_an_adopted_scheme_is_changed_discarded_asked_about_and_adopted_no_more(
    drafter: Actor, colleague: Actor
) -> None:
    scheme = adopted(drafter, colleague)
    before = Scheme.objects.values().get()

    for act in (
        lambda: changed(scheme, drafter, name="改名"),
        lambda: discard_draft(scheme=scheme, actor=drafter, at=AT),
        lambda: asked(scheme, drafter, "public"),
        lambda: adopt_scheme(scheme=scheme, actor=colleague, at=AT + hours(1)),
    ):
        refusal("scheme_is_adopted", act)

    assert Scheme.objects.values().get() == before
    assert AuditEntry.objects.filter(action="scheme_adopted").count() == 1


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE evaluation_scheme SET rules = '{}'",
        "UPDATE evaluation_scheme SET adopted_at = NULL",
        "UPDATE evaluation_scheme SET valid_from = '2020-01'",
        "DELETE FROM evaluation_scheme",
    ],
)
def test_r094_the_database_itself_refuses_to_change_an_adopted_scheme(
    drafter: Actor, colleague: Actor, statement: str
) -> None:
    adopted(drafter, colleague)

    with pytest.raises(DatabaseError, match="adopted scheme stays"), transaction.atomic():
        connection.cursor().execute(statement)

    assert scheme_for(NEXT)[1] == SOLVING


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    "statement",
    ["UPDATE evaluation_scheme SET rules = '{}'", "DELETE FROM evaluation_scheme"],
)
def test_r094_the_role_of_the_site_cannot_change_an_adopted_scheme(
    statement: str, as_app_role: Connect
) -> None:
    loading.load_scheme(AT)

    with as_app_role() as app, app.cursor() as cursor:
        with pytest.raises(psycopg2.errors.RestrictViolation, match="adopted scheme stays"):
            cursor.execute(statement)
        app.rollback()


# === Discarding =============================================================================


def test_a_draft_nobody_was_asked_about_can_be_thrown_away(drafter: Actor) -> None:
    scheme = drafted(drafter)

    discard_draft(scheme=scheme, actor=drafter, at=AT)

    assert not Scheme.objects.exists()
    assert AuditEntry.objects.get(action="scheme_discarded").data["scheme"] == 1


def test_a_draft_somebody_was_asked_about_stays_on_record(drafter: Actor) -> None:
    scheme = drafted(drafter)
    asked(scheme, drafter, "public")

    refusal("scheme_has_consultations", lambda: discard_draft(scheme=scheme, actor=drafter, at=AT))

    assert Scheme.objects.get() == scheme


# === Without a blind chase of ranks (R-099) =================================================


def month_of(unit_id: int, resolved: int, *, volume: int = 20) -> UnitTally:
    """Twenty answers, all satisfied, so many of them solved."""
    answers = (
        Tally("lead", 0, None, True, True, "satisfied", resolved),
        Tally("lead", 0, None, True, False, "satisfied", 20 - resolved),
    )
    return UnitTally(unit_id, "street_town", volume, 20, 0, 0, 0, 0, 0, answers)


def test_r099_a_scheme_that_only_observes_scores_everybody_and_ranks_nobody() -> None:
    lines = score([month_of(1, 20), month_of(2, 10)], Rules(is_observation=True))

    assert [line.score for line in lines] == [Decimal("100.0"), Decimal("75.0")]
    assert {line.rank for line in lines} == {None}


def test_r099_units_are_compared_with_those_of_their_own_size() -> None:
    tallies = [month_of(1, 20), month_of(2, 10, volume=500)]

    whole = {line.tally.unit_id: line.rank for line in score(tallies, Rules())}
    banded = {line.tally.unit_id: line.rank for line in score(tallies, Rules(volume_bands=(100,)))}

    assert (whole, banded) == ({1: 1, 2: 2}, {1: 1, 2: 1})


# === 试算 ===================================================================================


def test_scoring_a_month_by_other_rules_changes_nothing_that_is_stored(drafter: Actor) -> None:
    drafted(drafter)
    month = months.month(RUNNING, at=AT)
    models = (Scheme, Outcome, FrozenOutcome, MonthDraft, MonthClose, AuditEntry)
    before = [list(model.objects.values()) for model in models]

    months.score(month, rules=SOLVING)

    assert [list(model.objects.values()) for model in models] == before
