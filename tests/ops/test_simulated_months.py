"""The simulated city assesses its units: answers without a call, pleas, months that are closed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import pytest
from django.core.management import CommandError, call_command
from django.db import transaction
from django.db.models import F
from pytest_django import DjangoDbBlocker

from evaluation import outcomes
from evaluation.models import (
    Appeal,
    Bonus,
    CallbackChannel,
    CallbackResult,
    Exclusion,
    FrozenOutcome,
    MonthClose,
    PressureReport,
    RatingLink,
    Scheme,
    ScoreAppeal,
    UnitScore,
)
from evaluation.rules import DEFAULT_RULES
from evaluation.services.months import recompute
from hotline.core.reference import forget_all
from hotline.ops.management.commands.seed import seed
from hotline.ops.simulation.arrivals import midnight
from hotline.ops.simulation.months import last_closable
from intake.models import Clock

MONTH = "2026-02"
START, END = dt.date(2026, 1, 19), dt.date(2026, 3, 18)


@pytest.fixture(scope="module")
def city(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """From the first day of a month to the first day on which it is certain to be closed: some 700
    tickets. Few of the units of so small a city would be ranked by the rules of a large one."""
    with django_db_blocker.unblock(), transaction.atomic():
        forget_all()
        seed()
        _adopt(min_sample=2, pressure_percent=100)
        call_command(
            "simulate", start=START, days=(END - START).days, per_day=12, seed=7, verbosity=0
        )
        yield
        transaction.set_rollback(True)
    forget_all()


def _adopt(**changed: int) -> None:
    at = midnight(dt.date(2026, 1, 1))
    Scheme.objects.create(
        version=2,
        name="小城方案",
        rules=DEFAULT_RULES.as_json() | changed,
        valid_from="2026-02",
        drafted_at=at,
        drafted_by="system",
        adopted_at=at,
        adopted_by="system",
    )


def test_requesters_answer_by_call_by_link_and_on_their_own(city: None) -> None:
    channels = set(CallbackResult.objects.filter(is_valid=True).values_list("channel", flat=True))

    assert channels == {CallbackChannel.PHONE, CallbackChannel.WEB, CallbackChannel.OWN}
    assert RatingLink.objects.exclude(result=None).exists()
    assert CallbackResult.objects.filter(is_withheld=True).exists()
    assert PressureReport.objects.exclude(words="").exists()


def test_units_plead_and_another_person_decides(city: None) -> None:
    for pleas in (Exclusion.objects.all(), Appeal.objects.all()):
        decided = pleas.exclude(outcome="")

        assert decided.exists()
        assert not decided.filter(ruled_by=F("raised_by")).exists()
        assert not decided.filter(ruled_at__lte=F("raised_at")).exists()


def test_a_plea_that_waits_has_its_clock_and_one_that_is_decided_has_none(city: None) -> None:
    for pleas, kind in ((Exclusion, "exclusion_ruling"), (Appeal, "appeal_ruling")):
        waiting = pleas._default_manager.filter(outcome="").values_list("pk", flat=True)
        running = Clock.objects.running().filter(kind=kind).values_list("subject_id", flat=True)

        assert set(waiting) == set(running)


def test_the_month_is_closed_by_a_person_after_the_time_to_appeal(city: None) -> None:
    (close,) = MonthClose.objects.select_related("draft")

    assert close.month == MONTH == last_closable(midnight(END)).label
    assert close.closed_by.startswith("staff:")
    assert close.closed_at >= close.draft.appeals_until > close.draft.facts_until
    assert close.outcome_count == FrozenOutcome.objects.filter(month=MONTH).count() > 100


def test_busy_units_of_several_groups_are_ranked(city: None) -> None:
    ranked = UnitScore.objects.filter(month=MONTH).exclude(rank=None)

    assert ranked.count() >= 4
    assert ranked.values("group").distinct().count() >= 2
    assert not ranked.filter(valid__lt=2).exists()


def test_objections_to_a_line_and_bonuses_are_decided_before_the_close(city: None) -> None:
    close = MonthClose.objects.get()
    appeals, bonuses = ScoreAppeal.objects.all(), Bonus.objects.all()

    assert appeals.exists()
    assert bonuses.count() == 2
    assert not bonuses.filter(ruled_by=F("proposed_by")).exists()
    for asked in (appeals, bonuses):
        assert asked.filter(ruled_at__lte=close.closed_at).count() == asked.count()


def test_the_closed_month_comes_out_the_same_again(city: None) -> None:
    again = recompute(month=MONTH, at=midnight(END))

    assert again.is_equal


def test_outcomes_are_as_of_the_end(city: None) -> None:
    written = list(outcomes.rebuilding(at=midnight(END)))

    assert sum(batch.rows for batch in written) > 200
    assert sum(batch.changed for batch in written) == 0


def test_nothing_is_simulated_into_a_month_that_units_have_seen(city: None) -> None:
    with pytest.raises(CommandError, match=r"2026-02 考评月.*--start 2026-02-19"):
        call_command("simulate", start=dt.date(2026, 2, 18), days=2, verbosity=0)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("day", "label"),
    [
        (dt.date(2026, 11, 14), "2026-09"),
        (dt.date(2026, 11, 15), "2026-10"),
        (dt.date(2026, 12, 14), "2026-10"),
    ],
)
def test_the_last_month_that_can_be_closed_had_twenty_days_for_facts_and_six_to_appeal(
    day: dt.date, label: str
) -> None:
    assert last_closable(midnight(day)).label == label
