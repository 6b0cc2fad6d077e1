"""A chart and its table hold the same numbers."""

from __future__ import annotations

import json
import re
from decimal import Decimal

import pytest
from django.template.loader import render_to_string

from hotline.pages.charts import Chart, Series, Value, signed, sparkline

NEW = Series("2026", [Decimal("81.20"), None, 12_345], ["/a/", "", "/c/"], frozenset({2}))
OLD = Series("2025", [70, 71, 72])


def chart(*series: Series, is_signed: bool = False) -> Chart:
    labels = ["1 月", "2 月", "3 月"]
    return Chart("rate", "line", "解决率", "%", labels, list(series), is_signed=is_signed)


def html_of(one: Chart) -> str:
    return render_to_string("components/chart.html", {"chart": one})


def table_of(html: str) -> list[list[str]]:
    body = re.search(r"<tbody>(.*?)</tbody>", html, re.S)
    assert body
    return [
        [" ".join(re.sub(r"<[^>]+>", " ", cell).split()) for cell in re.findall(CELL, row, re.S)]
        for row in re.findall(r"<tr>(.*?)</tr>", body[1], re.S)
    ]


CELL = r"<t[hd][^>]*>(.*?)</t[hd]>"


def test_the_table_below_holds_every_value_and_its_address() -> None:
    html = html_of(chart(NEW, OLD))

    assert table_of(html) == [
        ["1 月", "81.20", "70"], ["2 月", "—", "71"], ["3 月", "12345 未封账", "72"],
    ]  # fmt: skip
    assert 'href="/a/" aria-label="2026 1 月 81.20">81.20</a>' in html
    assert html.count("<a ") == 2


def test_what_is_drawn_are_the_same_values() -> None:
    source = re.search(
        r'<script id="chart-rate" type="application/json">(.*?)</script>', html_of(chart(NEW, OLD))
    )
    assert source
    data = json.loads(source[1])

    assert data["labels"] == ["1 月", "2 月", "3 月"]
    assert data["series"][0] == {
        "name": "2026", "values": [81.2, None, 12_345], "urls": ["/a/", "", "/c/"], "open": [2],
    }  # fmt: skip
    assert data["series"][1]["values"] == [70, 71, 72]


def test_one_number_is_not_drawn() -> None:
    html = html_of(chart(Series("2026", [None, 5, None])))

    assert "data-chart" not in html
    assert "<script" not in html
    assert table_of(html)[1] == ["2 月", "5"]


def test_neither_scripts_nor_styles_stand_in_the_page() -> None:
    html = html_of(chart(NEW, OLD))

    assert "style=" not in html
    assert re.findall(r"<script[^>]*>", html) == [
        '<script id="chart-rate" type="application/json">'
    ]


def test_differences_carry_their_sign() -> None:
    one = Series("2026", [Decimal("0.00"), Decimal("1.50"), Decimal("-2.25")])

    told = [row[1] for row in table_of(html_of(chart(one, is_signed=True)))]

    assert told == ["0.00", "+1.50", "-2.25"]
    assert signed(Decimal("-0.00")) == "0.00"


def test_a_series_has_one_value_for_every_label_and_an_address_for_every_value() -> None:
    with pytest.raises(ValueError, match="every label"):
        chart(Series("2026", [1]))
    with pytest.raises(ValueError, match="addresses"):
        Series("2026", [1, 2, 3], ["/a/"])


@pytest.mark.parametrize(
    ("values", "lines", "dots"),
    [
        ([0, 10, 5], ["3,21 48,3 93,12"], [(93, 12)]),
        ([4, 4], ["3,12 93,12"], [(93, 12)]),
        ([0, None, Decimal(10), Decimal(10)], ["63,3 93,3"], [(3, 21), (93, 3)]),
        ([None, 7, None], [], []),
        ([], [], []),
    ],
)
def test_a_sparkline_leaves_gaps_open_and_marks_the_newest(
    values: list[Value], lines: list[str], dots: list[tuple[int, int]]
) -> None:
    spark = sparkline(values)

    assert (spark.lines, spark.dots) == (lines, dots)
    assert spark.is_drawn is bool(dots)


def test_a_sparkline_is_hidden_from_screen_readers() -> None:
    drawn = render_to_string("components/sparkline.html", {"spark": sparkline([1, 3, 2])})
    nothing = render_to_string("components/sparkline.html", {"spark": sparkline([1])})

    assert 'aria-hidden="true"' in drawn
    assert "<polyline" in drawn
    assert nothing.strip() == ""
