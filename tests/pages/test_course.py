"""The rates over the years, each year against its January."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from html import unescape

import pytest
import time_machine
from django.test import Client

from evaluation import months, outcomes
from evaluation.courses import MonthResult
from evaluation.models import Outcome, UnitScore
from evaluation.rates import Counts
from evaluation.scoring import Average
from hotline.core.models import Role
from hotline.pages import course
from tests import factories as make
from tests.pages import closing
from tests.pages.test_charts import table_of

SignIn = Callable[..., Client]
ALL_RATES = ("resolution", "response", "satisfaction", "base")


# When a month's tickets came in and when it was closed, in days before April's.
DAYS = {"2025-12": (125, 118), "2026-01": (90, 90), "2026-02": (60, 59), "2026-03": (30, 30)}
READ = make.AT + make.days(2)


@pytest.fixture
def closed(clock: time_machine.Coordinates) -> None:
    """Of 甲一街道 and 乙一镇 together, solved: December 2 of 2, January 4 of 6, February 5 of 8,
    March 2 of 2; April runs with 1 of 1 and one matter on the way."""
    build()
    clock.move_to(READ)


def build(**rules: object) -> None:
    closing.adopt(**rules)
    solved = {"2025-12": (2, 0), "2026-01": (3, 0), "2026-02": (4, 0), "2026-03": (2, 0)}
    unsolved = {"2026-01": (1, 2), "2026-02": (1, 3)}
    for month, (came, ended) in DAYS.items():
        at = make.AT - make.days(came)
        good, bad = solved[month]
        closing.answered("990101001", good=good, bad=bad, at=at)
        if month in unsolved:
            good, bad = unsolved[month]
            closing.answered("990102001", good=good, bad=bad, at=at)
        closing.close(month, closing.CLOSED - make.days(ended))
    closing.answered("990101001", good=1, bad=0)
    make.handled_ticket(at=make.AT + make.hours(1))
    outcomes.rebuild(None, at=READ)


def lines_of(browser: Client, query: str = "") -> dict[str, list[str]]:
    """The table of all months, by month."""
    page = browser.get(f"/course/{query}").content.decode()
    table = re.search(r'<table class="list course-months">.*?</table>', page, re.S)
    assert table
    return {row[0].split()[0]: row for row in table_of(table[0])}


def by_hand(month: str, measure: str) -> Decimal:
    """The micro average from the published lines."""
    scores = list(UnitScore.objects.filter(month=month, group="street_town"))
    valid = sum(one.valid for one in scores)
    response = Decimal(100 * sum(one.contacted for one in scores)) / valid
    resolution = Decimal(100 * sum(one.resolved for one in scores)) / valid
    pleased = sum(one.satisfied + one.basically * Decimal("0.8") for one in scores)
    satisfaction = 100 * pleased / valid
    told = {
        "response": response,
        "resolution": resolution,
        "satisfaction": satisfaction,
        "base": response / 10 + resolution / 2 + satisfaction * 4 / 10,
    }
    return told[measure].quantize(Decimal("0.01"))


@pytest.mark.usefixtures("closed")
@pytest.mark.parametrize("measure", ALL_RATES)
@pytest.mark.parametrize("group", ["street_town", "all"])
def test_a_month_is_the_micro_average_of_its_published_lines(
    sign_in: SignIn, measure: str, group: str
) -> None:
    told = lines_of(sign_in(Role.CITY_SUPERVISOR), f"?measure={measure}&group={group}")

    january = by_hand("2026-01", measure)
    for month in DAYS:
        assert told[month][1] == str(by_hand(month, measure))
    for month in ("2026-02", "2026-03"):
        difference = by_hand(month, measure) - january
        assert told[month][2] == (f"{difference:+}" if difference else "0.00")
    assert told["2025-12"][2] == told["2026-01"][2] == "—"


@pytest.mark.usefixtures("closed")
def test_the_default_is_how_much_is_solved(sign_in: SignIn) -> None:
    told = lines_of(sign_in(Role.AUDITOR))

    assert list(told) == ["2026-04", "2026-03", "2026-02", "2026-01", "2025-12"]
    assert told["2026-01"] == ["2026-01", "66.67", "—", "4", "6", "6"]
    assert told["2026-02"] == ["2026-02", "62.50", "-4.17", "5", "8", "8"]


@pytest.mark.usefixtures("closed")
def test_the_running_month_is_told_as_its_ranking_tells_it_and_marked(sign_in: SignIn) -> None:
    browser = sign_in(Role.CITY_SUPERVISOR)

    told = lines_of(browser)["2026-04"]
    page = browser.get("/course/").content.decode()

    assert told == ["2026-04 进行中", "100.00", "+33.33", "1", "1", "2"]
    assert re.search(r'\+33\.33</a>\s*<span class="mark mark-warn">未封账', page)


@pytest.mark.usefixtures("closed")
@pytest.mark.parametrize("measure", ALL_RATES)
def test_every_count_opens_as_many_tickets(sign_in: SignIn, measure: str) -> None:
    browser = sign_in(Role.CITY_SUPERVISOR)
    page = browser.get(f"/course/?measure={measure}&group=street_town").content.decode()
    cells = re.findall(r'<a class="stat" href="(/tickets/[^"]*)"[^>]*>(\d+)</a>', page)

    assert len(cells) > 15
    for url, number in cells:
        found = browser.get(unescape(url).replace("/tickets/?", "/tickets/export/?"))
        rows = b"".join(found.streaming_content).decode("utf-8-sig")  # type: ignore[arg-type]
        assert len(rows.strip().splitlines()) - 1 == int(number), url


@pytest.mark.usefixtures("closed")
def test_a_unit_reads_its_own_course(sign_in: SignIn) -> None:
    told = lines_of(sign_in(Role.MANAGER, make.unit("990102001")))

    assert list(told) == ["2026-02", "2026-01"]
    assert told["2026-02"] == ["2026-02", "25.00", "-8.33", "1", "4", "4"]


@pytest.mark.usefixtures("closed")
def test_a_district_reads_that_of_its_own_streets(sign_in: SignIn) -> None:
    browser = sign_in(Role.DISTRICT_SUPERVISOR, make.unit("990101"))

    told = lines_of(browser, "?group=street_town")

    assert told["2026-02"][1:3] == ["100.00", "0.00"]


def test_a_year_without_a_january_is_compared_with_its_first_month() -> None:
    results = [
        MonthResult(
            month=months.undrafted(label, at=READ), volume=10, counts=Counts(4, 4, solved, 0, 0),
            rates=Average(Fraction(1), Fraction(solved, 4), None, None),
        )
        for label, solved in (("2025-11", 1), ("2025-12", 2), ("2026-01", 4), ("2026-02", 3))
    ]  # fmt: skip

    lines = course.lines(results, "resolution", "street_town")
    chart = course.rate_chart(lines, "resolution")

    assert [line.words for line in lines] == ["0.00", "+25.00", "0.00", "-25.00"]
    assert [line.since for line in lines] == ["", "2025-11", "", "2026-01"]
    assert "2025-11" in chart.note
    assert "2026" not in chart.note
    newest, before = chart.series
    assert newest.values == [0, -25, *[None] * 10]
    assert before.values == [*[None] * 10, 0, 25]
    assert newest.urls[1] == "/monthly/?period=2026-02&group=street_town"


def test_shared_credit_is_weighed_as_the_ranking_weighs_it(
    sign_in: SignIn, clock: time_machine.Coordinates
) -> None:
    build(shares={"lead": "0.7", "cooperating": "0.3"})
    closing.answered("990102001", good=0, bad=1)
    outcomes.rebuild(None, at=READ)
    good = make.unit("990101001")
    Outcome.objects.filter(month="2026-04", unit=good).update(partner_count=1)
    clock.move_to(READ)

    for group in ("street_town", "all"):
        told = lines_of(sign_in(Role.CITY_SUPERVISOR), f"?group={group}")
        # Seven tenths of an answer that is solved beside a whole one that is not.
        assert told["2026-04"][1] == "41.18"
        assert told["2026-02"][1] == "62.50"


def test_nothing_closed_yet_is_said(sign_in: SignIn) -> None:
    page = sign_in(Role.CITY_SUPERVISOR).get("/course/").content.decode()

    assert "还没有可以比较的月份。" in page
    assert "data-chart" not in page


@pytest.mark.parametrize("query", ["?measure=none", "?group=none", "?group=second_receiver"])
def test_what_is_no_measure_or_group_is_not_found(sign_in: SignIn, query: str) -> None:
    assert sign_in(Role.MANAGER, make.unit()).get(f"/course/{query}").status_code == 404


def test_second_receivers_have_a_course_for_the_hotline_alone(sign_in: SignIn) -> None:
    page = sign_in(Role.AUDITOR).get("/course/?group=second_receiver").content.decode()

    assert "这一组不公布" in page
