"""Tables go out to a spreadsheet program and come back as they were."""

from __future__ import annotations

import io
import zipfile

import pytest
from django.utils import translation
from django.utils.translation import gettext_lazy
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import Workbook, load_workbook

from dispatch import spreadsheets
from hotline.core.violations import RuleViolation

COLUMNS = {"category": gettext_lazy("分类"), "lead": gettext_lazy("主办"), "remark": "remark"}
ROWS = [
    {
        "category": "0101",
        "lead": "enterprise:heat",
        "remark": "先测温，再答复；\n“户内”除外, 见附件",
    },
    {"category": "01", "lead": "street", "remark": ""},
]


def written(kind: str, rows: list[dict[str, str]] = ROWS) -> bytes:
    if kind == "csv":
        return spreadsheets.csv_file(COLUMNS, rows)
    return spreadsheets.xlsx_file(COLUMNS, rows, title="t")


def read(content: bytes, name: str) -> spreadsheets.Table:
    return spreadsheets.read(io.BytesIO(content), name, COLUMNS)


def workbook(*lines: list[object]) -> bytes:
    book, file = Workbook(), io.BytesIO()
    for line in lines:
        book.active.append(line)
    book.save(file)
    return file.getvalue()


def refusal(content: bytes, name: str) -> str:
    with pytest.raises(RuleViolation) as refused:
        read(content, name)
    assert refused.value.sentence()
    return refused.value.code


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_what_comes_back_is_what_left(kind: str) -> None:
    table = read(written(kind), f"catalogue.{kind}")

    assert table.rows == ROWS
    assert table.first == 2


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_a_file_written_in_one_language_is_read_in_the_other(kind: str) -> None:
    with translation.override("en"):
        content = written(kind)

    assert read(content, f"CATALOGUE.{kind.upper()}").rows == ROWS


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
@pytest.mark.parametrize("begin", ["=", "+", "-", "@", "\t="])
def test_no_cell_is_a_formula_to_the_program_that_opens_it(kind: str, begin: str) -> None:
    text = f"{begin}HYPERLINK(1)"
    content = written(kind, [{"category": "01", "lead": text, "remark": ""}])

    if kind == "xlsx":
        cell = load_workbook(io.BytesIO(content)).active["B2"]
        assert (cell.data_type, cell.value) == ("s", f"'{text}")
    else:
        assert f",'{text}" in content.decode("utf-8-sig")
    assert read(content, f"t.{kind}").rows[0]["lead"] == text


CELLS = st.text(
    st.characters(codec="utf-8", exclude_categories=["C", "Z"]) | st.just(" "), max_size=30
).map(str.strip)


@given(st.lists(st.fixed_dictionaries(dict.fromkeys(COLUMNS, CELLS)), max_size=5))
def test_any_text_survives_the_journey(rows: list[dict[str, str]]) -> None:
    rows = [{**row, "category": "01"} for row in rows]
    rows = [row for row in rows if not any(text.startswith("'") for text in row.values())]

    for kind in ("csv", "xlsx"):
        assert read(written(kind, rows), f"t.{kind}").rows == rows


def test_a_code_stays_text_in_a_workbook() -> None:
    sheet = load_workbook(io.BytesIO(written("xlsx"))).active

    assert (sheet["A3"].value, sheet["A3"].data_type) == ("01", "s")
    assert sheet["A3"].number_format == "@"
    assert sheet.freeze_panes == "B2"


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_a_line_above_the_head_is_not_read(kind: str) -> None:
    if kind == "csv":
        content = spreadsheets.csv_file(COLUMNS, ROWS, mark="模拟数据")
    else:
        content = spreadsheets.xlsx_file(COLUMNS, ROWS, title="t", mark="模拟数据")

    assert read(content, f"t.{kind}") == spreadsheets.Table(ROWS, first=3)


def test_columns_in_another_order_with_others_between_and_a_title_above_are_read() -> None:
    content = workbook(
        ["2026 年派单目录"], [], ["主办", "单位名称", "分类"], ["street", "甲一街道", "0501"], [],
        ["district", "甲区", 502.0],
    )  # fmt: skip

    table = read(content, "t.xlsx")

    assert table.first == 4
    assert table.rows == [
        {"category": "0501", "lead": "street", "remark": ""},
        {"category": "", "lead": "", "remark": ""},
        {"category": "502", "lead": "district", "remark": ""},
    ]  # fmt: skip


def test_the_national_encoding_is_read() -> None:
    content = written("csv").decode("utf-8-sig").encode("gb18030")

    assert read(content, "t.csv").rows == ROWS


def test_empty_lines_at_the_end_are_no_lines() -> None:
    assert read(written("csv") + b",,\r\n,,\r\n", "t.csv").rows == ROWS


@pytest.mark.parametrize(
    ("content", "name", "code"),
    [
        (b"\xd0\xcf\x11\xe0", "old.xls", "table_of_unknown_kind"),
        (b"PK\x03\x04broken", "t.xlsx", "table_unreadable"),
        (b"\x00\xff\xfe\x81", "t.csv", "table_unreadable"),
        (b'"never closed', "t.csv", "table_unreadable"),
        (b"a,b\r\n1,2\r\n", "t.csv", "table_without_head"),
        (b"", "t.csv", "table_without_head"),
        (b"x" * (spreadsheets.LARGEST_FILE + 1), "t.csv", "table_too_large"),
        (b"category\r\n" + b"01\r\n" * 5_001, "t.csv", "table_too_long"),
    ],
)
def test_what_is_no_table_is_refused_with_the_reason(content: bytes, name: str, code: str) -> None:
    assert refusal(content, name) == code


def test_a_workbook_longer_than_is_read_is_refused_not_cut() -> None:
    assert refusal(workbook(["category"], *([["01"]] * 6_000)), "t.xlsx") == "table_too_long"


def test_a_small_file_that_unpacks_to_a_huge_one_is_refused() -> None:
    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as folder:
        folder.writestr("xl/worksheets/sheet1.xml", b" " * (spreadsheets.LARGEST_UNPACKED + 1))

    assert refusal(bomb.getvalue(), "t.xlsx") == "table_too_large"
