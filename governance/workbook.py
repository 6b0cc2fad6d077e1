"""The ranking as a workbook that a reader can check: every rate, score and rank is a formula.

A formula stands only where it gives the very figure that was published. Under differentiated
credit, which counts alone do not tell, the published figures stand instead, and the sheet says so.
A published file is in the city's language whoever opens it.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass

from django.conf import settings
from django.utils import translation
from openpyxl import Workbook
from openpyxl.styles import Font
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from dispatch.spreadsheets import XLSX_TYPE, quoted
from evaluation.models import ScoreMark
from evaluation.months import class_label
from governance.cached_values import CachedValues, Value
from governance.content import AverageContent, BulletinContent, GroupContent, LineContent
from governance.recomputing import recomputes, tie_rule
from governance.workbook_notes import about_sheet, head, marks, printed, scheme_sheet

__all__ = ["XLSX_TYPE", "ranking_workbook"]

TITLE_ROW, HEAD_ROW = 1, 2
FIRST_ROW = HEAD_ROW + 1

# --- the formulas -----------------------------------------------------------------------------
# {name} is the cell of a row in the column of that name, {name_s} the column's cells of all lines.

_POINTS = (
    "(weight_response*{contacted}+weight_resolution*{resolved}"
    "+weight_satisfaction*({satisfied}+basic_credit*{basically}))"
)


def _where_answered(term: str, places: int) -> str:
    return f'IF({{valid}}=0,"",ROUND({term}+rounding,{places}))'


_RATES = {
    "response": _where_answered("100*{contacted}/{valid}", 2),
    "resolution": _where_answered("100*{resolved}/{valid}", 2),
    "satisfaction": _where_answered("100*({satisfied}+basic_credit*{basically})/{valid}", 2),
    "base_score": _where_answered(f"100*{_POINTS}/{{valid}}", 2),
}
_SCORE = {"score": _where_answered(f"100*{_POINTS}/{{valid}}+{{bonus}}", 1)}
_COVERAGE = {"coverage": 'IF({due}=0,"",ROUND(100*MIN(1,{valid}/{due})+rounding,2))'}
_CHANGE = {"climbed": 'IF(OR({rank}="",{previous_rank}=""),"",{previous_rank}-{rank})'}

_PEERS = '({band_s}={band})*({mark_s}="")'
_BETTER = f"SUMPRODUCT({_PEERS}*({{score_s}}>{{score}}))"
_BUSIER = (
    f"SUMPRODUCT({_PEERS}*({{score_s}}={{score}})"
    "*(({volume_s}-{not_counted_s})>({volume}-{not_counted})))"
)
# By the scheme's rule for equals: they share a place, or the busier is before the less busy.
_RANKS = {
    "shared": f'IF({{mark}}<>"","",1+{_BETTER})',
    "volume": f'IF({{mark}}<>"","",1+{_BETTER}+{_BUSIER})',
}


def _mean(term: str) -> str:
    """Of the units' own unrounded values, of all that have one (F-7, every unit the same)."""
    each = f"SUMPRODUCT({term}/({{valid_s}}+({{valid_s}}=0)))"
    answered = 'COUNTIF({valid_s},">0")'
    return f'IF({answered}=0,"",ROUND(100*{each}/{answered}+rounding,2))'


_MACRO = {
    "response": _mean("{contacted_s}"),
    "resolution": _mean("{resolved_s}"),
    "satisfaction": _mean("({satisfied_s}+basic_credit*{basically_s})"),
    "base_score": _mean(
        "(weight_response*{contacted_s}+weight_resolution*{resolved_s}"
        "+weight_satisfaction*({satisfied_s}+basic_credit*{basically_s}))"
    ),
}

# --- the columns ------------------------------------------------------------------------------


@dataclass(frozen=True)
class Column:
    """A column of a group's sheet; `shown` is what a line has in it as published."""

    heading: str
    width: int
    shown: Callable[[LineContent], Value]
    number_format: str = "General"


def _named(name: str) -> Callable[[LineContent], Value]:
    return lambda line: getattr(line, name)


def _count(name: str, heading: str) -> tuple[str, Column]:
    return name, Column(heading, 9, _named(name), "0")


def _figure(name: str, heading: str, number_format: str = "0.00") -> tuple[str, Column]:
    return name, Column(heading, 11, _named(name), number_format)


COLUMNS: dict[str, Column] = dict(
    [
        _count("rank", "名次"),
        _count("previous_rank", "上月名次"),
        ("climbed", Column("升降", 7, _named("climbed"), "+0;-0;0")),
        ("band", Column("承办量档", 9, lambda line: line.band + 1, "0")),
        ("unit_code", Column("单位代码", 16, lambda line: quoted(line.unit_code), "@")),
        ("unit_name", Column("单位", 26, lambda line: quoted(line.unit_name), "@")),
        _count("volume", "承办量"),
        _count("not_counted", "不计入"),
        _count("due", "应回访"),
        _count("valid", "有效回访"),
        _count("contacted", "已联系"),
        _count("resolved", "已解决"),
        _count("satisfied", "满意"),
        _count("basically", "基本满意"),
        _figure("coverage", "回访覆盖率（%）"),
        _figure("response", "响应率（%）"),
        _figure("resolution", "解决率（%）"),
        _figure("satisfaction", "满意率（%）"),
        _figure("base_score", "基础分"),
        _figure("bonus", "加分"),
        _figure("score", "得分", "0.0"),
        ("mark", Column("不排名原因", 14, lambda line: _mark(line), "@")),
        _count("rank_band", "同档"),
        _count("excluded", "剔除"),
        _count("set_aside", "申诉成立"),
        _count("on_ledger", "挂账"),
        _count("repeats", "重复"),
        _count("overdue", "超时"),
        _count("returned", "退单"),
        _count("improper", "不当退单"),
        ("unit_class", Column("分类", 9, lambda line: class_label(line.unit_class), "@")),
        ("is_tail", Column("末位", 7, lambda line: "是" if line.is_tail else None, "@")),
    ]
)
_LETTERS = {name: get_column_letter(n) for n, name in enumerate(COLUMNS, start=1)}
_SUMMED = (
    "volume", "not_counted", "due", "valid", "contacted", "resolved", "satisfied", "basically",
    "excluded", "set_aside", "on_ledger", "repeats", "overdue", "returned", "improper",
)  # fmt: skip


def _mark(line: LineContent) -> Value:
    return str(ScoreMark(line.mark).label) if line.mark else None


# --- the workbook -----------------------------------------------------------------------------


def ranking_workbook(content: BulletinContent) -> bytes:
    """The bulletin's rankings: a sheet for every group, the scheme's numbers that the formulas
    read, and what the figures are."""
    with translation.override(settings.LANGUAGE_CODE):
        book, cached = Workbook(), CachedValues()
        book.remove(book.worksheets[0])
        is_live = recomputes(content)
        for group in content.groups:
            sheet = book.create_sheet(group.label[:31])
            _Sheet(sheet, content, group, cached, is_live=is_live).write()
        scheme_sheet(book, content, is_live=is_live)
        about_sheet(book, content, is_live=is_live)
    book.properties.creator = content.issuer
    book.properties.title = content.title
    # The program that opens it computes everything anew.
    book.calculation.fullCalcOnLoad = True
    file = io.BytesIO()
    book.save(file)
    return cached.written_into(file.getvalue())


class _Sheet:
    """One group's sheet while it is written."""

    def __init__(
        self,
        sheet: Worksheet,
        content: BulletinContent,
        group: GroupContent,
        cached: CachedValues,
        *,
        is_live: bool,
    ) -> None:
        self.sheet, self.content, self.group, self.cached = sheet, content, group, cached
        self.is_live = is_live
        self.order = content.groups.index(group) + 1
        self.last_row = HEAD_ROW + len(group.lines)
        ties = tie_rule(group.lines)
        self.formulas = {
            **_COVERAGE,
            **(_RATES | _SCORE if is_live else {}),
            **({"rank": _RANKS[ties]} if ties else {}),
            **_CHANGE,
        }

    def write(self) -> None:
        said = "　".join([f"{self.content.title}　{self.group.label}", *marks(self.content)])
        self.sheet.cell(TITLE_ROW, 1, said).font = Font(bold=True, size=14)
        self.sheet.append([column.heading for column in COLUMNS.values()])
        for row, line in enumerate(self.group.lines, start=FIRST_ROW):
            self._line(row, line)
        if self.group.lines:
            self._totals()
        else:
            self.sheet.cell(FIRST_ROW, 1, "本月没有单位承办")
        self._layout()

    def _line(self, row: int, line: LineContent) -> None:
        for name, column in COLUMNS.items():
            self._put(row, name, column.shown(line), self.formulas.get(name, ""))

    def _totals(self) -> None:
        total, macro, micro = range(self.last_row + 1, self.last_row + 4)
        self._put(total, "unit_name", "合计")
        for name in _SUMMED:
            whole = sum(getattr(line, name) for line in self.group.lines)
            self._put(total, name, whole, f"SUM({{{name}_s}})")
        self._average(macro, "单位平均（各单位同权）", self.group.macro, _MACRO, macro)
        self._average(micro, "按件平均（各件同权）", self.group.micro, _RATES, total)
        for cells in self.sheet.iter_rows(min_row=total, max_row=micro):
            for cell in cells:
                cell.font = Font(bold=True)

    def _average(
        self, row: int, label: str, mean: AverageContent, formulas: dict[str, str], counts: int
    ) -> None:
        """`counts` is the row whose counts the formulas read."""
        self._put(row, "unit_name", label)
        for name, formula in formulas.items():
            self._put(row, name, getattr(mean, name), formula if self.is_live else "", counts)

    def _put(
        self, row: int, name: str, published: Value, formula: str = "", reads: int | None = None
    ) -> None:
        cell = self.sheet[f"{_LETTERS[name]}{row}"]
        cell.value = f"={self._resolved(formula, reads or row)}" if formula else published
        cell.number_format = COLUMNS[name].number_format
        if formula:
            self.cached.keep(self.order, cell.coordinate, published)

    def _resolved(self, formula: str, row: int) -> str:
        own = {name: f"{letter}{row}" for name, letter in _LETTERS.items()}
        whole = {
            f"{name}_s": f"${letter}${FIRST_ROW}:${letter}${self.last_row}"
            for name, letter in _LETTERS.items()
        }
        return formula.format(**own, **whole)

    def _layout(self) -> None:
        head(self.sheet, HEAD_ROW)
        for name, column in COLUMNS.items():
            self.sheet.column_dimensions[_LETTERS[name]].width = column.width
        self.sheet.row_dimensions[HEAD_ROW].height = 32
        self.sheet.freeze_panes = f"{_LETTERS['volume']}{FIRST_ROW}"
        self.sheet.print_title_rows = f"{TITLE_ROW}:{HEAD_ROW}"
        printed(self.sheet, self.content)
