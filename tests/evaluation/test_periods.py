"""Assessment months, running reports and what they are compared with."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from evaluation.periods import (
    assessment_month,
    label_after,
    month_named,
    previous,
    report_day,
    running_report,
)

SHANGHAI = ZoneInfo("Asia/Shanghai")


def naive(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text)


def beijing(text: str) -> dt.datetime:
    return naive(text).replace(tzinfo=SHANGHAI)


instants = st.datetimes(
    naive("2018-01-01"), naive("2035-01-01"), timezones=st.sampled_from([dt.UTC, SHANGHAI])
)
days = st.dates(dt.date(2018, 1, 1), dt.date(2035, 1, 1))
start_days = st.integers(1, 28)


def ends(period) -> tuple[dt.datetime, dt.datetime]:
    return period.start, period.end


def test_the_handbooks_third_example_a_report_in_january_begins_in_december():
    report = running_report(dt.date(2025, 1, 10))

    assert ends(report) == (beijing("2024-12-19 00:00"), beijing("2025-01-10 12:00"))
    assert ends(previous(report)) == (beijing("2024-11-19 00:00"), beijing("2024-12-10 12:00"))
    assert (report.label, previous(report).label) == ("2025-01", "2024-12")


def test_the_handbooks_fourth_example_a_day_that_february_lacks_becomes_its_last():
    report = running_report(dt.date(2025, 3, 31))

    assert previous(report).end == beijing("2025-02-28 12:00")
    assert previous(running_report(dt.date(2024, 3, 31))).end == beijing("2024-02-29 12:00")


@pytest.mark.parametrize(
    ("at", "label"),
    [
        ("2025-01-18 23:59:59.999999", "2025-01"),
        ("2025-01-19 00:00", "2025-02"),
        ("2024-12-18 23:59:59", "2024-12"),
        ("2024-12-19 00:00", "2025-01"),
        ("2024-02-29 12:00", "2024-03"),
    ],
)
def test_the_month_changes_with_the_first_moment_of_the_nineteenth(at, label):
    assert assessment_month(beijing(at)).label == label


def test_the_month_changes_in_beijing_not_in_greenwich():
    assert assessment_month(dt.datetime(2025, 1, 18, 15, 59, tzinfo=dt.UTC)).label == "2025-01"
    assert assessment_month(dt.datetime(2025, 1, 18, 16, 0, tzinfo=dt.UTC)).label == "2025-02"


@given(instants, start_days)
@example(dt.datetime(2025, 1, 18, 16, 0, tzinfo=dt.UTC), 19)
def test_every_instant_falls_in_exactly_one_month(at, start_day):
    month = assessment_month(at, period_start_day=start_day)
    year = at.astimezone(SHANGHAI).year
    others = [
        month_named(f"{y}-{m:02}", period_start_day=start_day)
        for y in (year - 1, year, year + 1)
        for m in range(1, 13)
    ]

    assert at in month
    assert [other for other in others if at in other] == [month]


@given(days, start_days)
def test_months_follow_each_other_without_gap_or_overlap(day, start_day):
    month = assessment_month(day, period_start_day=start_day)

    assert assessment_month(month.end, period_start_day=start_day).start == month.end
    assert previous(month).end == month.start
    assert previous(month) == assessment_month(previous(month).start, period_start_day=start_day)


@given(days, start_days)
def test_a_month_is_found_again_by_its_label(day, start_day):
    month = assessment_month(day, period_start_day=start_day)

    assert month_named(month.label, period_start_day=start_day) == month


@given(days)
def test_a_running_report_lies_in_its_month_and_is_compared_inside_the_one_before(day):
    report, month = running_report(day), assessment_month(day)
    earlier = previous(report)

    assert (report.start, report.label) == (month.start, month.label)
    assert report.start < report.end <= month.end
    assert (earlier.start, earlier.label) == (previous(month).start, previous(month).label)
    assert earlier.start < earlier.end <= previous(month).end


def test_a_calendar_month_is_an_assessment_month_that_starts_on_the_first():
    january = assessment_month(dt.date(2025, 1, 31), period_start_day=1)

    assert january.label == "2025-01"
    assert ends(january) == (beijing("2025-01-01 00:00"), beijing("2025-02-01 00:00"))


def test_the_month_after_december_is_in_the_next_year():
    assert (label_after("2025-11"), label_after("2025-12")) == ("2025-12", "2026-01")


def test_start_day_and_day_cut_can_be_set():
    report = running_report(dt.date(2025, 1, 10), period_start_day=26, day_cut=dt.time(18, 30))

    assert ends(report) == (beijing("2024-12-26 00:00"), beijing("2025-01-10 18:30"))


@given(days)
def test_daily_reports_join_at_noon(day):
    assert report_day(day).end == report_day(day + dt.timedelta(days=1)).start
    assert report_day(day).start.hour == 12


@pytest.mark.parametrize("start_day", [0, 29, 31])
def test_a_start_day_that_some_month_lacks_is_refused(start_day):
    with pytest.raises(ValueError, match="cannot start"):
        assessment_month(dt.date(2025, 1, 10), period_start_day=start_day)


def test_naive_instants_and_labels_that_are_no_month_are_refused():
    with pytest.raises(ValueError, match="no time zone"):
        assessment_month(naive("2025-01-10"))
    for label in ("2025-13", "2025", "January", ""):
        with pytest.raises(ValueError):  # noqa: PT011 - any refusal will do
            month_named(label)
