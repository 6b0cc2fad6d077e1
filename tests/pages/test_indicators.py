"""Indicators: the definition beside the number, and every number opens exactly its tickets."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable
from html import unescape

import pytest
import time_machine
from django.test import Client

from dispatch import services as dispatching
from evaluation import outcomes
from evaluation.indicators import INDICATORS, Section
from evaluation.indicators.definitions import TO_BASE
from hotline.core.models import AreaPopulation, Role
from hotline.core.reference import forget_all
from intake import services as intake
from knowledge.models import Category
from tests import factories as make
from tests.evaluation.making import make_outcome
from tests.pages import closing

SignIn = Callable[..., Client]
READERS = (
    (Role.CITY_SUPERVISOR, ""),
    (Role.AUDITOR, ""),
    (Role.DISTRICT_SUPERVISOR, "990101"),
    (Role.HANDLER, "990101001"),
)
APRIL = "period=2026-04&group=street_town"
PAGES = (
    *(f"/indicators/?{APRIL}&section={section}" for section in Section),
    *(f"/indicators/?{APRIL}&indicator={name}" for name in INDICATORS),
    *(f"/indicators/trend/?{APRIL}&indicator={name}" for name in ("volume", "return", "to_base")),
    f"/indicators/dimensions/?{APRIL}",
)


@pytest.fixture
def month(clock: time_machine.Coordinates) -> None:
    """An April in which something of everything has happened; read on the 16th of April."""
    closing.adopt(min_sample=3)
    Category.objects.filter(code="0501").update(dimensions=["住有所居"])
    forget_all()
    at = make.AT - make.days(10)
    make.closed_ticket(at=at)
    make.closed_ticket(at=at + make.days(1))  # the same person about the same
    make.closed_ticket(at=at, resolved=False, satisfaction="dissatisfied", phone="13911110002")
    make.closed_ticket(
        at=at, area=make.area("990102001"), lead_unit=make.unit("990102001"), phone="13911110003"
    )
    make.handled_ticket(at=at, phone="13911110004")  # overdue by now
    returned = make.handled_ticket(at=at, phone="13911110005")
    dispatching.raise_objection(
        number=returned.number, actor=make.handler(returned), at=at + make.minutes(20),
        reason="不属本街道", basis="职责清单",
    )  # fmt: skip
    dispatching.return_to_desk(
        number=returned.number, actor=make.dispatcher(), at=at + make.minutes(40)
    )
    dispatching.dispatch(
        number=returned.number, actor=make.dispatcher(), at=at + make.minutes(50),
        lead_unit=make.unit("city-urban"),
    )  # fmt: skip
    again = make.dispatched_ticket(at=at, phone="13911110006")  # two orders to the same unit
    dispatching.recall(
        number=again.number, actor=make.dispatcher(), at=at + make.minutes(30), reason="补充地址"
    )
    dispatching.dispatch(
        number=again.number, actor=make.dispatcher(), at=at + make.minutes(50),
        lead_unit=make.unit(),
    )  # fmt: skip
    asked = make.accepted_ticket(at=at, request_type="consult", phone="13911110007")
    intake.answer(
        number=asked.number, actor=make.agent(), at=at + make.minutes(3), text="可以办理。"
    )
    outcomes.rebuild(None, at=make.AT + make.days(2))
    clock.move_to(make.AT + make.days(2))


def stats(page: str) -> list[tuple[str, int, str]]:
    """(what it counts, the number, the address behind it) of every number of the page."""
    found = re.findall(r'<a class="stat[^"]*" href="([^"]*)" aria-label="([^"]*) (\d+)">', page)
    return [(label, int(value), unescape(url)) for url, label, value in found]


def listed(page: str) -> tuple[int, int]:
    """How many tickets the list says it has, and how many it shows."""
    total = re.search(r"共 (\d+) 件", page)
    assert total
    return int(total[1]), len(re.findall(r'<td class="mono"><a href="/tickets/', page))


def exported(browser: Client, query: str) -> int:
    answer = browser.get(f"/tickets/export/{query}")
    text = b"".join(answer.streaming_content).decode("utf-8-sig")  # type: ignore[attr-defined]
    return len(list(csv.reader(io.StringIO(text)))) - 1


def read(sign_in: SignIn, query: str, role: Role = Role.CITY_SUPERVISOR, unit: str = "") -> str:
    browser = sign_in(role, make.unit(unit) if unit else None)
    return browser.get(f"/indicators/{query}").content.decode()


def values(page: str) -> dict[str, str]:
    """The value beside the name of every indicator of a section."""
    found = re.findall(r'class="indicator-name"[^>]*>([^<]*)</a>.*?indicator-value[^>]*>([^<]*)<',
                       page, re.S)  # fmt: skip
    return dict(found)


# === Numbers and lists ========================================================================


@pytest.mark.usefixtures("month")
@pytest.mark.parametrize(("role", "unit"), READERS)
def test_every_number_is_the_length_of_its_list_and_its_export(
    sign_in: SignIn, role: Role, unit: str
) -> None:
    browser = sign_in(role, make.unit(unit) if unit else None)
    numbers = {
        url: (label, value)
        for address in PAGES
        for label, value, url in stats(browser.get(address).content.decode())
    }

    for url, (label, value) in numbers.items():
        page = browser.get(url).content.decode()
        total, shown = listed(page)
        assert total == shown == exported(browser, url.removeprefix("/tickets/")), label
        if total != value:
            assert f"指标计 {value}，这里列出 {total} 件工单" in page, label
    assert len(numbers) > 20


@pytest.mark.usefixtures("month")
def test_a_list_says_why_it_is_shorter_than_its_number(sign_in: SignIn) -> None:
    city, street = sign_in(Role.CITY_SUPERVISOR), sign_in(Role.HANDLER, make.unit())
    orders = f"/tickets/?{APRIL}&unit=990101001&indicator=return&part="

    twice = city.get(f"{orders}denominator").content.decode()
    returned = street.get(f"{orders}numerator").content.decode()

    assert "指标计 7，这里列出 6 件工单" in twice
    assert "同一件工单再次计入的有 1 次" in twice
    assert listed(returned) == (1, 1)  # its unit still reads what it gave back


@pytest.mark.usefixtures("month")
def test_the_base_of_the_year_before_opens_the_tickets_of_then(sign_in: SignIn) -> None:
    old = make_outcome(month="2025-04", accepted_at=make.AT.replace(year=2025))
    browser = sign_in(Role.CITY_SUPERVISOR)
    page = browser.get(f"/indicators/?{APRIL}&section=observed").content.decode()
    url = next(url for label, _n, url in stats(page) if label == "基数诉求比 上年同月")

    then = browser.get(url).content.decode()

    assert listed(then) == (1, 1)
    assert old.number in then
    assert "分母是上年同月的诉求" in then


@pytest.mark.parametrize(
    ("query", "problem"),
    [
        ("indicator=on_time&part=numerator", "指标须同时指定考评月和单位"),
        ("period=2026-04&indicator=on_time", "指标须同时指定考评月和单位"),
        ("indicator=direct_answer", "指标须同时指定考评月"),
        (f"{APRIL}&unit=990101001&indicator=per_10k&part=denominator", "这个分母数的不是工单"),
    ],
)
def test_an_address_that_cannot_be_read_says_why(sign_in: SignIn, query: str, problem: str) -> None:
    page = sign_in(Role.CITY_SUPERVISOR).get(f"/tickets/?{query}").content.decode()

    assert problem in page
    assert "没有符合条件的工单" in page


@pytest.mark.usefixtures("month")
def test_a_unit_opens_its_own_numbers_only(sign_in: SignIn) -> None:
    street = sign_in(Role.HANDLER, make.unit())

    foreign = street.get(f"/tickets/?{APRIL}&unit=990102001&indicator=volume").content.decode()
    city = street.get(f"/tickets/?{APRIL}&indicator=direct_answer").content.decode()

    assert "这个单位的考评数字不在您的查看范围内" in foreign
    assert "这个指标不在您的查看范围内" in city


# === What the pages say =======================================================================


def test_the_definition_stands_beside_the_number(sign_in: SignIn) -> None:
    browser = sign_in(Role.CITY_SUPERVISOR)

    for name, indicator in INDICATORS.items():
        for query in (f"section={indicator.section}", f"indicator={name}"):
            page = unescape(browser.get(f"/indicators/?{query}").content.decode())
            assert str(indicator.definition) in page, query
            assert str(indicator.words) in page, query


@pytest.mark.usefixtures("month")
def test_the_values_of_a_section(sign_in: SignIn) -> None:
    assert values(read(sign_in, f"?{APRIL}&section=dispatch")) == {
        "派单准确率": "87.5%", "退单率": "12.5%", "异议率": "12.5%", "不当退单率": "0.0%",
        "件均改类次数": "0.00",
    }  # fmt: skip
    assert values(read(sign_in, f"?{APRIL}&section=city")) == {
        "直接答复率": "12.5%", "咨询一次解决率": "100.0%", "对诉求人按时率": "62.5%",
    }  # fmt: skip


@pytest.mark.usefixtures("month")
def test_the_published_figure_is_drawn_and_named_with_its_source(sign_in: SignIn) -> None:
    page = read(sign_in, f"?{APRIL}&section=city")

    assert "参照 80.6%，北京市 2021 年公布" in page
    assert 'x1="80.6"' in page


def test_rates_move_in_points_and_counts_as_a_share(sign_in: SignIn) -> None:
    before = {"month": "2026-03", "accepted_at": make.AT - make.days(40)}
    for is_on_time in (True, False, False, False):
        make_outcome(is_on_time=is_on_time, **before)
    for is_on_time in (True, True, True, False, False):
        make_outcome(at=make.AT - make.days(2), is_on_time=is_on_time)

    rates = read(sign_in, f"?{APRIL}&section=on_time")
    counts = read(sign_in, f"?{APRIL}&section=observed")

    assert "↑ 35.0 个百分点" in rates
    assert "↑ 25.0%" in counts


def test_what_was_not_there_before_is_new(sign_in: SignIn) -> None:
    make_outcome(at=make.AT - make.days(2))

    assert "新增" in read(sign_in, "?period=2026-04&section=observed")


def test_observed_ones_say_that_they_are_not_ranked(sign_in: SignIn) -> None:
    page = read(sign_in, "?indicator=volume")

    assert "观察指标，权重为 0，不排名" in page
    assert "名次" not in page


def test_an_estimate_is_hatched_and_named(sign_in: SignIn) -> None:
    make_outcome()
    AreaPopulation.objects.create(
        area=make.area(), year=2025, residents=9_000, is_estimate=True, source="test"
    )

    for query in ("?section=observed", "?indicator=per_10k", "trend/?indicator=per_10k"):
        page = read(sign_in, query)
        assert 'class="indicator-value is-estimate">1.11<' in page, query
        assert "估算" in page
    assert "不排名、不导出" in read(sign_in, "?indicator=per_10k")


@pytest.mark.parametrize(
    ("section", "role", "place", "is_told"),
    [
        ("observed", Role.CITY_SUPERVISOR, "", True),
        ("on_time", Role.CITY_SUPERVISOR, "", False),
        ("city", Role.CITY_SUPERVISOR, "", False),
        ("city", Role.DISTRICT_SUPERVISOR, "990101", True),
    ],
)
def test_what_may_still_move_in_a_closed_month_says_so(
    sign_in: SignIn, clock: time_machine.Coordinates, section: str, role: Role, place: str,
    is_told: bool,
) -> None:  # fmt: skip
    closing.adopt()
    make.closed_ticket(at=make.AT - make.days(2))
    outcomes.rebuild(None, at=closing.DRAFTED)
    clock.move_to(closing.DRAFTED)
    before = read(sign_in, f"?{APRIL}&section={section}", role, place)
    closing.close()
    clock.move_to(closing.CLOSED + make.hours(1))

    page = read(sign_in, f"?{APRIL}&section={section}", role, place)

    assert ("截至今天" in page) is is_told
    assert "截至今天" not in before


def test_a_base_without_figures_has_no_number(
    sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_outcome(at=make.AT - make.days(2))
    monkeypatch.setitem(INDICATORS, "to_base", TO_BASE["households"])

    for query in ("?section=observed", "?indicator=to_base", "trend/?indicator=to_base"):
        page = read(sign_in, query)
        assert "户数" in page
    assert "没有户数数据，不计算" in read(sign_in, "?section=observed")
    assert values(read(sign_in, "?section=observed"))["基数诉求比"] == "—"


@pytest.mark.usefixtures("month")
def test_what_was_excluded_stands_beside_the_rates_of_answers(sign_in: SignIn) -> None:
    solving = read(sign_in, f"?{APRIL}&section=solving")

    assert solving.count("另有剔除") == 3  # of the first, the second and the third round
    assert "另有剔除" not in read(sign_in, f"?{APRIL}&section=on_time")


@pytest.mark.usefixtures("month")
def test_units_stand_with_the_worst_first_and_small_samples_grey(sign_in: SignIn) -> None:
    page = read(sign_in, f"?{APRIL}&indicator=first_resolution")

    rows = re.findall(r'<tr( class="is-small")?>\s*<th class="name" scope="row">([^<]*?) ?<', page)

    assert rows == [(' class="is-small"', "甲一街道办事处"), (' class="is-small"', "乙一镇政府")]
    assert "没有数据的单位（1 个）" in page
    assert "样本不足" in page


@pytest.mark.usefixtures("month")
def test_rows_are_the_readers_own(sign_in: SignIn) -> None:
    page = read(sign_in, f"?{APRIL}&indicator=on_time", Role.HANDLER, "990102001")

    assert "乙一镇政府" in page
    assert "甲一街道办事处" not in page


def test_a_unit_has_no_page_about_the_city(sign_in: SignIn) -> None:
    street = sign_in(Role.HANDLER, make.unit())

    assert "热线受理" not in street.get("/indicators/").content.decode()
    assert street.get("/indicators/?section=city").status_code == 404
    assert street.get("/indicators/?indicator=direct_answer").status_code == 404


@pytest.mark.usefixtures("month")
def test_the_course_draws_what_its_table_says_and_leaves_gaps(sign_in: SignIn) -> None:
    for month in ("2026-01", "2026-02"):
        make_outcome(month=month, is_on_time=True)

    page = read(sign_in, f"trend/?{APRIL}&indicator=on_time")

    drawn = re.findall(r'dy="-9">([^<]*)</text><text class="course-month"[^>]*>([^<]*)<', page)
    assert drawn == [("100.0%", "2026-01"), ("100.0%", "2026-02"), ("66.7%", "2026-04")]
    assert len(re.findall(r"<polyline", page)) == 1
    assert re.findall(r"<td>(2026-\d\d)", page) == ["2026-04", "2026-03", "2026-02", "2026-01"]
    assert "2026-01 起才有记录" in page


@pytest.mark.usefixtures("month")
def test_the_twelve_are_titled_a_view_of_the_hotline(sign_in: SignIn) -> None:
    page = read(sign_in, f"dimensions/?{APRIL}")

    assert "<h1>七有五性（热线视角） 2026-04</h1>" in page
    assert "住有所居" in page
    assert "便利性" not in page


@pytest.mark.parametrize(
    "query",
    ["?period=2026-99", "?period=2027-01", "?group=no", "?section=no", "?indicator=no",
     "trend/", "trend/?indicator=no", "dimensions/?period=x"],
)  # fmt: skip
def test_what_does_not_exist_is_not_found(sign_in: SignIn, query: str) -> None:
    assert sign_in(Role.CITY_SUPERVISOR).get(f"/indicators/{query}").status_code == 404
