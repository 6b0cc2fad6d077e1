"""A year of closed months, unit by unit."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable

import pytest
import time_machine
from django.test import Client
from openpyxl import load_workbook

from evaluation.services import months
from hotline.core.models import Role
from tests import factories as make
from tests.pages import closing

SignIn = Callable[..., Client]
YEAR = "/years/2026/"


@pytest.fixture
def year(clock: time_machine.Coordinates) -> None:
    """March and April are closed: 甲一街道 100.0 and 10.0, 乙一镇 55.0 and too few answers."""
    closing.adopt()
    march = make.AT - make.days(30)
    closing.answered("990101001", good=2, bad=0, at=march)
    closing.answered("990102001", good=1, bad=1, at=march)
    closing.close("2026-03", closing.CLOSED - make.days(30))
    closing.answered("990101001", good=0, bad=2)
    closing.answered("990102001", good=1, bad=0)
    closing.close()
    clock.move_to(closing.CLOSED + make.days(1))


def file_of(browser: Client, kind: str = "csv") -> list[dict[str, str]]:
    answer = browser.get(f"{YEAR}export/?group=street_town&format={kind}")
    if kind == "xlsx":
        sheet = load_workbook(io.BytesIO(answer.content)).worksheets[0]
        head, *rows = sheet.iter_rows(values_only=True)
    else:
        head, *rows = csv.reader(io.StringIO(answer.content.decode("utf-8-sig")))
    return [dict(zip(map(str, head), row, strict=True)) for row in rows]


@pytest.mark.usefixtures("year")
def test_a_units_year_is_the_mean_of_its_published_months(sign_in: SignIn) -> None:
    told = {row["单位"]: row for row in file_of(sign_in(Role.CITY_SUPERVISOR))}

    first, second = told["甲一街道办事处"], told["乙一镇政府"]
    assert (first["2026-03"], first["2026-04"], first["年度平均分"]) == ("100.0", "10.0", "55.00")
    assert (first["最高月份"], first["最低月份"], first["排名月数"]) == ("2026-03", "2026-04", "2")
    assert (second["年度平均分"], second["计入月数"], second["不计入月数"]) == ("55.00", "1", "1")


@pytest.mark.usefixtures("year")
def test_the_page_shows_each_month_with_the_way_to_its_ranking(sign_in: SignIn) -> None:
    page = sign_in(Role.AUDITOR).get(YEAR).content.decode()

    row = re.search(r"<tr>\s*<th class=\"name\" scope=\"row\">甲一街道办事处.*?</tr>", page, re.S)
    assert row
    assert 'href="/monthly/?period=2026-03&amp;group=street_town">100.0</a>' in row[0]
    assert "55.00" in row[0]
    assert "只计已封账的月份（2 个月）" in page


@pytest.mark.usefixtures("year")
def test_a_unit_reads_its_own_year(sign_in: SignIn) -> None:
    browser = sign_in(Role.MANAGER, make.unit("990102001"))

    page = browser.get(YEAR).content.decode()

    assert "乙一镇政府" in page
    assert "甲一街道办事处" not in page
    assert [row["单位"] for row in file_of(browser, "xlsx")] == ["乙一镇政府"]


@pytest.mark.usefixtures("year")
def test_a_month_with_errata_is_named(sign_in: SignIn) -> None:
    months.publish_erratum(
        month="2026-03", wrong="第一", right="并列第一", reason="同分",
        actor=make.actor(Role.CITY_SUPERVISOR), at=closing.CLOSED,
    )  # fmt: skip

    page = sign_in(Role.CITY_SUPERVISOR).get(YEAR).content.decode()

    assert '<a href="/months/2026-03/">2026-03（1 条）</a>' in page


@pytest.mark.usefixtures("year")
def test_the_tab_leads_to_the_year_of_the_last_closed_month(sign_in: SignIn) -> None:
    answer = sign_in(Role.CITY_SUPERVISOR).get("/years/")

    assert answer.headers["Location"] == YEAR


@pytest.mark.parametrize("address", ["/years/2018/", "/years/2027/", "/years/2026/?group=none"])
def test_a_year_or_group_that_is_none_is_not_found(sign_in: SignIn, address: str) -> None:
    assert sign_in(Role.CITY_SUPERVISOR).get(address).status_code == 404


def test_second_receivers_have_no_published_year(sign_in: SignIn) -> None:
    address = f"{YEAR}?group=second_receiver"

    assert sign_in(Role.AUDITOR).get(address).status_code == 200
    assert sign_in(Role.MANAGER, make.unit()).get(address).status_code == 404
