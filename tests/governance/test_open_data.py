"""Open data: everything that may go out, and no count of a few by any way of subtraction."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from django.test import override_settings
from hypothesis import given, settings
from hypothesis import strategies as st

from evaluation.rates import Counts
from governance import open_data
from governance.content import BulletinContent
from governance.small_cells import Answers, Cell, is_small, withheld, withheld_cells
from tests.factories import AT, accepted_ticket, category, days
from tests.governance.contents import bulletin, group, line
from tests.governance.test_workbook import counts

LEAST = 5
COUNTED = ("due", "valid", "contacted", "resolved", "satisfied", "basically")
RATES = ("coverage", "response", "resolution", "satisfaction", "base_score")
GOOD = Counts(200, 190, 150, 100, 50)


def made(content: BulletinContent) -> dict[str, tuple[str, str, bytes]]:
    return {kind: (name, type_, body) for kind, name, type_, body in open_data.files(content)}


def told(content: BulletinContent, kind: str = "json") -> dict[str, Any]:
    found: dict[str, Any] = json.loads(made(content)[kind][2])
    return found


def csv_rows(content: BulletinContent, kind: str = "csv") -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(made(content)[kind][2].decode("utf-8-sig"))))


# === What is withheld =========================================================================


@st.composite
def answers(draw: Any) -> Answers:
    told_ = draw(st.one_of(counts(), st.just(GOOD), st.just(Counts(0, 0, 0, 0, 0))))
    due = told_.valid + draw(st.integers(0, 20))
    return Answers(
        due + draw(st.integers(0, 20)), due, told_.valid, told_.contacted, told_.resolved,
        told_.satisfied, told_.basically_satisfied,
    )  # fmt: skip


def differences(one: Answers) -> Iterable[int]:
    """Every count that two or three of the numbers give, written without the code under test."""
    yield from (one.volume, one.due, one.valid, one.contacted, one.resolved)
    yield from (one.satisfied, one.basically)
    yield from (one.volume - one.due, one.volume - one.valid, one.due - one.valid)
    yield from (one.valid - one.contacted, one.valid - one.resolved)
    yield one.valid - one.satisfied - one.basically


@settings(deadline=None)
@given(st.lists(answers(), max_size=8))
def test_no_few_can_be_computed_from_lines_and_totals(lines: list[Answers]) -> None:
    out = withheld(lines, LEAST)

    for n, one in enumerate(lines):
        if n not in out.answers:
            assert not [count for count in differences(one) if is_small(count, LEAST)]
        if n not in out.volumes:
            assert not is_small(one.volume, LEAST)
    total = sum(lines, Answers())
    left = sum((one for n, one in enumerate(lines) if n in out.answers), Answers())
    if out.answers and not out.total_answers:
        assert len(out.answers) > 1
        assert not [count for count in differences(left) if is_small(count, LEAST)]
    if out.volumes and not out.total_volume:
        assert len(out.volumes) > 1
        assert not is_small(sum(lines[n].volume for n in out.volumes), LEAST)
    if not out.total_answers:
        assert not [count for count in differences(total) if is_small(count, LEAST)]


TABLES = st.dictionaries(
    st.tuples(st.sampled_from("ABCDE"), st.sampled_from("12345")),
    st.one_of(st.integers(0, 8), st.integers(0, 90)),
    max_size=25,
)


@settings(deadline=None)
@given(TABLES)
def test_no_few_can_be_computed_from_a_table_and_all_its_sums(table: dict[Cell, int]) -> None:
    out = withheld_cells(table, LEAST)

    assert {cell for cell, count in table.items() if is_small(count, LEAST)} <= out
    assert not {cell for cell in out if not table[cell]}
    for cell in out:
        assert not is_computed(cell, equations(table, out)), cell
    for cells in equations(table, out):
        assert not is_small(sum(table[cell] for cell in cells), LEAST)


def equations(table: Mapping[Cell, int], out: Iterable[Cell]) -> list[set[Cell]]:
    """The withheld cells of every row and column, whose sum total and shown cells give away; not
    of one that is withheld whole."""
    lines = []
    for way in (0, 1):
        for name in {cell[way] for cell in out}:
            if any(count and cell[way] == name for cell, count in table.items() if cell not in out):
                lines.append({cell for cell in out if cell[way] == name})
    return lines


def is_computed(cell: Cell, lines: list[set[Cell]]) -> bool:
    """Whether some sum of the equations leaves this cell alone: linear algebra over fractions."""
    cells = sorted({one for line_ in lines for one in line_} | {cell})
    rows = [[Fraction(one in line_) for one in cells] for line_ in lines]
    wanted = [Fraction(one == cell) for one in cells]
    return rank(rows) == rank([*rows, wanted])


def rank(rows: list[list[Fraction]]) -> int:
    rows, found = [list(row) for row in rows], 0
    for column in range(len(rows[0]) if rows else 0):
        pivot = next((r for r in range(found, len(rows)) if rows[r][column]), None)
        if pivot is None:
            continue
        rows[found], rows[pivot] = rows[pivot], rows[found]
        for r in range(len(rows)):
            if r != found and rows[r][column]:
                factor = rows[r][column] / rows[found][column]
                rows[r] = [a - factor * b for a, b in zip(rows[r], rows[found], strict=True)]
        found += 1
    return found


def test_a_ring_of_withheld_cells_is_made_where_one_cell_would_be_computed() -> None:
    table = {
        ("A", "1"): 3, ("A", "2"): 40, ("A", "3"): 60,
        ("B", "1"): 50, ("B", "2"): 30, ("B", "3"): 70,
        ("C", "1"): 80, ("C", "2"): 90, ("C", "3"): 20,
    }  # fmt: skip

    out = withheld_cells(table, LEAST)

    assert out == {("A", "1"), ("A", "2"), ("B", "1"), ("B", "2")}


def test_of_a_line_all_answers_are_withheld_or_none_and_the_next_smallest_with_it() -> None:
    one_unsolved = Answers(120, 110, 100, 90, 99, 60, 20)
    middle, large = Answers(400, 390, 300, 250, 200, 100, 100), Answers(900, 800, 700, 600, 500)

    out = withheld([large, one_unsolved, middle], LEAST)

    assert out.answers == {1, 2}
    assert not out.volumes
    assert not out.total_answers


# === What is published ========================================================================

pytestmark = pytest.mark.django_db


def april(**fields: Any) -> BulletinContent:
    """Two large units, one with a single unsolved matter, one with hardly any answers."""
    lines = [
        line(1, GOOD, rank=1, volume=300, due=250),
        line(2, Counts(100, 90, 99, 60, 20), rank=2, volume=120, due=110, bonus=Decimal("1.50")),
        line(3, Counts(300, 250, 200, 100, 100), rank=3, volume=400, due=380),
        line(4, Counts(3, 2, 1, 1, 1), mark="small", volume=9),
        line(5, Counts(20, 20, 18, 10, 0), rank=4, volume=30, due=25),
    ]
    second = group([line(6, GOOD)], name="second_receiver", label="二次接单单位")
    return bulletin([group(lines), second], **fields)


def test_a_line_without_few_goes_out_whole_and_others_without_what_tells_them() -> None:
    first, unsolved, _third, small, low = told(april())["records"]

    assert [first[name] for name in ("volume", "valid", "resolved", "score")] == [300, 200, 150, 76]
    assert first["withheld"] == ""
    for one in (unsolved, small, low):
        assert not {one[name] for name in (*COUNTED, *RATES)} - {None}
        assert set(one["withheld"].split()) >= {*COUNTED, *RATES}
    # A score alone tells nothing of a large unit; of a small one it might.
    assert (unsolved["volume"], unsolved["rank"], unsolved["score"]) == (120, 2, 91.2)
    assert [one["score"] for one in (small, low)] == [None, None]
    assert [one["rank"] for one in (small, low)] == [None, 4]


def test_second_receivers_are_in_no_file() -> None:
    for _name, _type, body in made(april()).values():
        assert "二次接单".encode() not in body.replace("二次接单单位不公布".encode(), b"")
        assert b"u006" not in body


def test_csv_and_json_say_the_same() -> None:
    content = april()
    columns = {field["title"]: field for field in told(content)["fields"]}

    for row, record in zip(csv_rows(content), told(content)["records"], strict=True):
        for title, text in row.items():
            value = record[columns[title]["name"]]
            is_number = columns[title]["kind"] in ("integer", "number")
            if is_number and value is not None:
                assert Decimal(text) == Decimal(str(value)), title
            else:
                assert text == ("" if value is None else value), title


def test_the_threshold_is_the_citys() -> None:
    with override_settings(OPEN_DATA_SMALL_CELL=1):
        records = told(april())["records"]

    assert {one["withheld"] for one in records} == {""}


@pytest.mark.parametrize("kind", ["csv", "json", "req_csv", "req_json"])
def test_every_file_says_that_it_is_a_specimen_of_invented_data(kind: str) -> None:
    accepted_ticket()

    name, _type, body = made(april())[kind]

    assert name.endswith(f"2026-04-specimen-simulated.{kind.removeprefix('req_')}")
    assert "模拟数据" in body.decode()
    assert "样张" in body.decode()


def test_real_data_of_a_known_issuer_bear_no_mark() -> None:
    accepted_ticket()
    content = april(is_simulated=False, is_specimen=False, issuer="示例市政务服务局")

    for name, _type, body in made(content).values():
        assert "simulated" not in name
        assert "模拟数据：" not in body.decode()
    assert not told(content)["is_simulated"]
    assert told(content)["issuer"] == "示例市政务服务局"


def test_the_head_says_whence_the_data_come() -> None:
    content = april()

    head = told(content)

    assert head["provenance"]["month_digest"] == content.digest
    assert head["provenance"]["scheme_version"] == 3
    assert head["as_of"] == "2026-05-09T00:00:00+08:00"
    assert head["small_cells"] | {"explanation": ""} == {
        "withheld_from": 1, "withheld_to": 4, "explanation": "",
    }  # fmt: skip
    assert {one["name"] for one in head["fields"]} == {*head["records"][0]}
    assert head["groups"][0]["idle_units"] == ["甲九街道办事处"]


def test_totals_go_out_only_where_they_tell_nothing() -> None:
    few = bulletin([group([line(1, Counts(3, 2, 1, 1, 1), mark="small", volume=9)])])

    assert told(april())["groups"][0]["totals"]["valid"] == 623
    assert told(few)["groups"][0]["totals"]["valid"] is None
    assert told(few)["groups"][0]["totals"]["volume"] == 9


def test_the_csv_opens_in_a_spreadsheet_and_runs_nothing() -> None:
    content = bulletin([group([line(1, GOOD, unit_name="=1+1")])])

    _name, type_, body = made(content)["csv"]

    assert body.startswith("\ufeff".encode())
    assert type_ == "text/csv; charset=utf-8"
    assert csv_rows(content)[0]["单位"] == "'=1+1"


# === Requests by class and area ===============================================================


def accept(n: int, **fields: Any) -> None:
    for number in range(n):
        accepted_ticket(phone=f"1395555{number:04}", **fields)


def requests(content: BulletinContent) -> dict[tuple[str, str], int | None]:
    return {
        (one["class_code"], one["district_code"]): one["requests"]
        for one in told(content, "req_json")["records"]
    }


def test_requests_are_counted_by_first_class_and_district() -> None:
    accept(6)
    accept(7, category=None, area=None)
    accept(1, at=AT - days(40))

    counted = requests(april())

    assert counted == {("05", "990101"): 6, ("", ""): 7, ("05", ""): 0, ("", "990101"): 0}


def test_confidential_and_liaison_matters_are_not_counted() -> None:
    accept(5)
    accept(3, is_confidential=True)
    liaison = accepted_ticket()
    type(liaison).objects.filter(pk=liaison.pk).update(is_liaison=True)

    assert requests(april()) == {("05", "990101"): 5}


def test_few_requests_are_withheld_and_the_row_says_so() -> None:
    accept(2)
    accept(8, category=category("0101"))

    rows = {row["一级分类代码"]: row for row in csv_rows(april(), "req_csv")}

    assert (rows["05"]["受理量"], rows["05"]["隐去项"]) == ("", "requests")
    # Alone in its column it would be told by the sum.
    assert rows["01"]["受理量"] == ""
