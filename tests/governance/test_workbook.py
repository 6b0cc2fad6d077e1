"""The workbook of a bulletin: its formulas give the published figures, whoever computes them."""

from __future__ import annotations

import io
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import load_workbook
from openpyxl.worksheet.worksheet import Worksheet

from evaluation.rates import Counts, Weights, exact_score, rounded
from governance.content import BulletinContent, GroupContent, LineContent
from governance.recomputing import recomputes, tie_rule
from governance.workbook import COLUMNS, FIRST_ROW, HEAD_ROW, ranking_workbook
from tests.evaluation.test_rates import counts, weights
from tests.governance.contents import bulletin, group, line
from tests.governance.sheets import Book

LETTERS = {name: place for place, name in zip("ABCDEFGHIJKLMNOPQRSTUVWXYZ", COLUMNS, strict=False)}
FIGURES = ("coverage", "response", "resolution", "satisfaction", "base_score", "score")
RATES = ("response", "resolution", "satisfaction", "base_score")
SHEET = "街道乡镇"


def ranked(lines: list[LineContent]) -> list[LineContent]:
    """The lines with their places by score, best first; equals share one."""
    first = sorted(lines, key=lambda one: -(one.score or 0))
    return [
        replace(one, rank=1 + sum((o.score or 0) > (one.score or 0) for o in lines))
        for one in first
    ]


def april() -> BulletinContent:
    """Ties, a bonus beyond 100, a score that falls on a half, too few answers, none at all."""
    best = ranked(
        [
            line(1, Counts(200, 198, 180, 150, 40), due=260, previous_rank=4),  # 92.05 before
            line(2, Counts(200, 198, 180, 150, 40), previous_rank=1),
            line(3, Counts(30, 30, 30, 30, 0), bonus=Decimal("1.50"), volume=77),
            line(4, Counts(7, 3, 1, 1, 5), due=5),
        ]
    )
    rest = [
        line(5, Counts(3, 1, 0, 1, 1), mark="small", due=9),
        line(6, mark="small", due=0, volume=2),
    ]
    return bulletin([group([*best, *rest])])


def shown(read: Callable[[str], Any], content: BulletinContent, group_: GroupContent) -> list[str]:
    """Where a sheet shows something else than was published."""
    end = FIRST_ROW + len(group_.lines)
    wanted = {
        f"{LETTERS[name]}{row}": getattr(one, name)
        for row, one in enumerate(group_.lines, start=FIRST_ROW)
        for name in (*FIGURES, "rank", "climbed", "valid", "bonus")
    }
    for row, mean in ((end + 1, group_.macro), (end + 2, group_.micro)):
        wanted |= {f"{LETTERS[name]}{row}": getattr(mean, name) for name in RATES}
    wanted[f"{LETTERS['valid']}{end}"] = sum(one.valid for one in group_.lines)
    return [
        f"{place}: {read(place)} instead of {published}"
        for place, published in wanted.items()
        if not _same(read(place), published)
    ]


def _same(found: Any, published: Any) -> bool:
    if published is None or found in (None, ""):
        return published is None and found in (None, "")
    return Decimal(repr(found)) == published


def computed(content: BulletinContent) -> list[str]:
    book = Book(ranking_workbook(content))
    return [
        fault
        for one in content.groups
        for fault in shown(lambda place, sheet=one.label: book.value(sheet, place), content, one)
    ]


# === The formulas ============================================================================


def test_every_formula_gives_the_published_figure() -> None:
    assert computed(april()) == []


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(counts(), st.integers(0, 300)), min_size=1, max_size=5),
    weights(),
    st.integers(0, 100).map(lambda n: Decimal(n).scaleb(-2)),
)
def test_whatever_the_counts_and_the_weights(
    given_: list[tuple[Counts, int]], by: Weights, credit: Decimal
) -> None:
    lines = [
        line(n, one, weights=by, credit=credit, bonus=Decimal(bonus).scaleb(-2))
        for n, (one, bonus) in enumerate(given_)
    ]
    placed = ranked([one for one in lines if one.score is not None])
    none = [replace(one, mark="small") for one in lines if one.score is None]
    content = bulletin(
        [group([*placed, *none], weights=by, credit=credit)], weights=by, credit=credit
    )

    assert recomputes(content)
    assert computed(content) == []


def test_who_changes_a_weight_sees_the_scores_follow() -> None:
    content = april()
    book = Book(ranking_workbook(content))
    scheme = book.book["方案"]
    assert [scheme[f"B{row}"].value for row in (2, 3, 4, 5)] == [0.1, 0.5, 0.4, 0.9]

    scheme["B2"], scheme["B3"] = 0.5, 0.1

    one = content.groups[0].lines[1]
    other = Weights(Decimal("0.5"), Decimal("0.1"), Decimal("0.4"))
    told = Counts(one.valid, one.contacted, one.resolved, one.satisfied, one.basically)
    expected = rounded(exact_score(told, other))
    assert book.value(SHEET, f"{LETTERS['score']}{FIRST_ROW + 1}") == float(expected or 0)
    assert expected != one.score


def test_places_are_counted_inside_the_band_and_only_among_the_ranked() -> None:
    small = ranked([line(1, Counts(20, 20, 10, 10, 0)), line(2, Counts(20, 20, 5, 5, 0))])
    large = [
        replace(one, band=1)
        for one in ranked([line(3, Counts(40, 40, 40, 40, 0)), line(4, Counts(40, 1, 1, 1, 0))])
    ]
    unranked = line(5, Counts(9, 9, 9, 9, 0), mark="small")
    content = bulletin([group([*small, *large, unranked])])

    assert [one.rank for one in content.groups[0].lines] == [1, 2, 1, 2, None]
    assert computed(content) == []


def test_where_the_busier_of_equals_is_first_the_formula_says_so() -> None:
    told = Counts(20, 20, 10, 10, 0)
    lines = [
        line(1, told, volume=50, not_counted=1, rank=1),
        line(2, told, volume=49, rank=1),
        line(3, told, volume=60, not_counted=20, rank=3),
    ]
    content = bulletin([group(lines)])

    assert tie_rule(lines) == "volume"
    assert computed(content) == []


def test_places_that_no_rule_gives_are_shown_as_published_with_a_note() -> None:
    lines = [line(1, Counts(20, 20, 10, 10, 0), rank=2), line(2, Counts(20, 1, 1, 1, 0), rank=1)]
    content = bulletin([group(lines)])

    book = load_workbook(io.BytesIO(ranking_workbook(content)))

    assert [book[SHEET][f"A{row}"].value for row in (3, 4)] == [2, 1]
    assert "为公布的名次" in said_in(book["说明"])


def test_differentiated_credit_is_not_recomputed_and_the_sheet_says_so() -> None:
    plain = april()
    first, *others = plain.groups[0].lines
    shared = replace(first, resolution=Decimal("81.00"))
    content = replace(plain, groups=(replace(plain.groups[0], lines=(shared, *others)),))

    book = load_workbook(io.BytesIO(ranking_workbook(content)))

    assert not recomputes(content)
    assert book[SHEET][f"{LETTERS['resolution']}3"].value == 81
    assert str(book[SHEET][f"{LETTERS['coverage']}3"].value).startswith("=")
    assert "协办折算" in said_in(book["说明"])


# === What else is in it ======================================================================


def said_in(sheet: Worksheet) -> str:
    return "\n".join(str(cell) for row in sheet.values for cell in row if cell is not None)


def test_the_sheets_say_what_they_are() -> None:
    content = april()

    book = load_workbook(io.BytesIO(ranking_workbook(content)))

    assert book.sheetnames == [SHEET, "方案", "说明"]
    about = said_in(book["说明"])
    for told in ("2026-04", "第 3 版", "2026-05-15 00:00", content.digest, "甲九街道办事处"):
        assert told in about, told
    for sheet in book.worksheets:
        assert "模拟数据" in str(sheet.oddHeader.center.text), sheet.title
        assert "样张" in str(sheet.oddHeader.center.text), sheet.title
    assert "模拟数据" in str(book[SHEET]["A1"].value)


def test_real_data_of_a_known_issuer_bear_no_mark() -> None:
    content = replace(april(), is_simulated=False, is_specimen=False, issuer="示例市政务服务局")

    book = load_workbook(io.BytesIO(ranking_workbook(content)))

    for sheet in book.worksheets:
        assert "模拟数据" not in said_in(sheet)
        assert not sheet.oddHeader.center.text


def test_the_head_stays_and_the_page_is_printed_whole() -> None:
    sheet = load_workbook(io.BytesIO(ranking_workbook(april())))[SHEET]

    assert sheet.freeze_panes == f"G{FIRST_ROW}"
    assert sheet.print_title_rows == f"$1:${HEAD_ROW}"
    assert sheet.page_setup.orientation == "landscape"
    assert (sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight) == (1, 0)
    assert sheet[f"{LETTERS['score']}{FIRST_ROW}"].number_format == "0.0"


def test_a_program_that_does_not_compute_shows_the_published_figures() -> None:
    content = april()

    sheet = load_workbook(io.BytesIO(ranking_workbook(content)), data_only=True)[SHEET]

    assert shown(lambda place: sheet[place].value, content, content.groups[0]) == []


def test_a_name_that_looks_like_a_formula_is_not_run() -> None:
    content = bulletin([group([line(1, unit_name="=1+1")])])

    sheet = load_workbook(io.BytesIO(ranking_workbook(content)))[SHEET]

    assert sheet[f"{LETTERS['unit_name']}{FIRST_ROW}"].value == "'=1+1"


def test_a_group_in_which_nobody_was_given_anything_has_an_empty_sheet() -> None:
    sheet = load_workbook(io.BytesIO(ranking_workbook(bulletin([group([])]))))[SHEET]

    assert "没有单位承办" in said_in(sheet)


# === Another program =========================================================================


@pytest.mark.skipif(
    shutil.which("soffice") is None, reason="LibreOffice (soffice) is not on this machine"
)
def test_libreoffice_computes_the_published_figures(tmp_path: Path) -> None:
    content = april()
    # Without the values that were written beside the formulas.
    load_workbook(io.BytesIO(ranking_workbook(content))).save(tmp_path / "ranking.xlsx")

    subprocess.run(
        ["soffice", f"-env:UserInstallation=file://{tmp_path}/profile", "--headless",
         "--convert-to", "xlsx", "--outdir", tmp_path / "out", tmp_path / "ranking.xlsx"],
        check=True, capture_output=True, timeout=180,
    )  # fmt: skip
    sheet = load_workbook(tmp_path / "out/ranking.xlsx", data_only=True)[SHEET]
    values = {cell.coordinate: cell.value for row in sheet.iter_rows() for cell in row}

    assert not [value for value in values.values() if str(value).startswith(("#", "Err:"))]
    assert shown(lambda place: values.get(place), content, content.groups[0]) == []
