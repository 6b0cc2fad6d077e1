"""What stands beside the rankings in their workbook: the scheme's numbers, and what the figures
are. A published file is in the city's language whoever opens it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from decimal import Decimal

from django.utils import timezone
from openpyxl import Workbook
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.utils import get_column_letter
from openpyxl.workbook.defined_name import DefinedName
from openpyxl.worksheet.header_footer import HeaderFooterItem, _HeaderFooterPart
from openpyxl.worksheet.properties import PageSetupProperties
from openpyxl.worksheet.worksheet import Worksheet

from dispatch.spreadsheets import quoted
from governance.content import BulletinContent
from governance.recomputing import tie_rule

SCHEME_SHEET, ABOUT_SHEET = "方案", "说明"
# Programs compute in binary fractions, in which 92.05 lies a little below itself. This much is
# added before rounding: more than any such error, less than the distance of two possible scores.
ROUNDING = Decimal("1E-12")
_A4 = 9


def scheme_sheet(book: Workbook, content: BulletinContent, *, is_live: bool) -> None:
    """The numbers that the formulas read, by name: who changes a weight sees the scores follow."""
    sheet = book.create_sheet(SCHEME_SHEET)
    sheet.append(["项目", "数值", "说明"])
    weights = content.weights
    note = "改动后，各组工作表中的得分随之重算" if is_live else "仅供阅读：见“说明”"
    named: list[tuple[str, str, Decimal, str]] = [
        ("weight_response", "响应率权重", weights.response, note),
        ("weight_resolution", "解决率权重", weights.resolution, note),
        ("weight_satisfaction", "满意率权重", weights.satisfaction, note),
        ("basic_credit", "“基本满意”折算", content.basic_credit, note),
        ("rounding", "舍入修正", ROUNDING, "抵消程序的二进制误差，使恰在一半处的数按四舍五入进位"),
    ]
    for name, label, value, said in named:
        sheet.append([label, value, said])
        sheet.cell(sheet.max_row, 2).number_format = "0E+00" if name == "rounding" else "0.00##"
        place = f"'{SCHEME_SHEET}'!$B${sheet.max_row}"
        book.defined_names[name] = DefinedName(name, attr_text=place)
    edges = "、".join(map(str, content.volume_bands)) or "不分档"
    for row in (
        [
            "样本下限（有效回访）",
            content.min_sample,
            "不足的单位不排名，见各组的“不排名原因”",
        ],
        ["回访覆盖率下限", content.coverage_floor, "不足的单位不排名"],
        ["承办量档上限", edges, "名次在同组同档内计算"],
    ):
        sheet.append(row)
    _table_layout(sheet, content, widths=(24, 14, 60))


def about_sheet(book: Workbook, content: BulletinContent, *, is_live: bool) -> None:
    """What the figures are, where they come from and what they are not."""
    sheet = book.create_sheet(ABOUT_SHEET)
    sheet.append(["项目", "内容"])
    for row in _about(content, is_live=is_live):
        sheet.append([quoted(str(part)) for part in row])
    _table_layout(sheet, content, widths=(20, 100))


def _about(content: BulletinContent, *, is_live: bool) -> Iterable[tuple[str, object]]:
    yield from (("标记", mark) for mark in marks(content))
    yield "标题", content.title
    yield "发布机关", content.issuer
    yield "考评月", content.month
    yield "起止", f"{_instant(content.period_start)} 起，{_instant(content.period_end)} 前"
    yield "事实截止", _instant(content.facts_until)
    yield "封账时间", _instant(content.closed_at)
    yield "考评方案", f"第 {content.scheme_version} 版　{content.scheme_name}"
    yield "封账摘要", content.digest
    if is_live:
        yield (
            "公式",
            "各率、得分、名次都是公式，由件数和“方案”中的权重算出，结果与公布的一致",
        )
    else:
        yield (
            "公式",
            "本月按协办折算计分，只凭件数算不出各率和得分：表中是公布的数值，不随“方案”中的权重变动",
        )
    if any(tie_rule(group.lines) is None for group in content.groups):
        yield "名次", "个别组的名次不能由得分重排，为公布的名次"
    yield "同档", "由样本区间划出，为公布的数值；同档的单位，回访样本不足以分出高低"
    yield "平均", "单位平均：各单位同权；回访平均：各回访同权。加分不计入平均"
    for group in content.groups:
        if group.idle:
            yield f"本月无承办（{group.label}）", "、".join(group.idle)
    for one in content.indicators:
        value = "无" if one.value is None else f"{one.value}{one.suffix}"
        yield "观察指标（权重为 0）", f"{one.name}：{value}"
    for erratum in content.errata:
        about = f"{erratum.unit_name}：" if erratum.unit_name else ""
        yield (
            f"勘误第 {erratum.number} 号",
            f"{about}{erratum.wrong}，更正为 {erratum.right}（{erratum.reason}）",
        )


def marks(content: BulletinContent) -> list[str]:
    """样张 and 模拟数据, each with what it means."""
    due = (
        (content.is_specimen, "样张：发布机关待定，不作正式公布"),
        (content.is_simulated, "模拟数据：人员、单位、诉求均为虚构"),
    )
    return [said for is_due, said in due if is_due]


def _instant(at: dt.datetime) -> str:
    return f"{timezone.localtime(at):%Y-%m-%d %H:%M}"


# --- how sheets look --------------------------------------------------------------------------


def head(sheet: Worksheet, row: int) -> None:
    """The head of a table: bold on grey, wrapped, with a line below."""
    for cell in sheet[row]:
        cell.font = Font(bold=True)
        cell.fill = PatternFill("solid", fgColor="EEF1F5")
        cell.alignment = Alignment(horizontal="center", vertical="center", wrap_text=True)
        cell.border = Border(bottom=Side("thin"))


def printed(sheet: Worksheet, content: BulletinContent) -> None:
    """On A4 across, as wide as the page, with the marks on every page and the pages numbered."""
    sheet.page_setup.orientation = "landscape"
    sheet.page_setup.paperSize = _A4
    sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight = 1, 0
    sheet.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
    if said := marks(content):
        sheet.HeaderFooter.oddHeader = HeaderFooterItem(center=_HeaderFooterPart("　".join(said)))
    sheet.HeaderFooter.oddFooter = HeaderFooterItem(center=_HeaderFooterPart("第 &P 页，共 &N 页"))


def _table_layout(sheet: Worksheet, content: BulletinContent, widths: Iterable[int]) -> None:
    head(sheet, 1)
    for cells in sheet.iter_rows(min_row=2):
        for cell in cells:
            cell.alignment = Alignment(vertical="top", wrap_text=True)
    for n, width in enumerate(widths, start=1):
        sheet.column_dimensions[get_column_letter(n)].width = width
    sheet.freeze_panes = "A2"
    printed(sheet, content)
