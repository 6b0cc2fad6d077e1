"""The bulletin as a document that an office opens, edits and prints.

Layout as official papers have it (GB/T 9704): A4, red head and red line, title 二号, text 三号 in
仿宋 with lines of 28 points. Fonts are named, not packed: a computer without them takes its own.
"""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Sequence
from typing import Any
from xml.sax.saxutils import escape

from docx import Document
from docx.document import Document as Docx
from docx.enum.text import WD_ALIGN_PARAGRAPH, WD_LINE_SPACING, WD_TAB_ALIGNMENT
from docx.oxml import OxmlElement, parse_xml
from docx.oxml.ns import nsdecls, qn
from docx.shared import Mm, Pt, RGBColor
from docx.styles.style import ParagraphStyle
from docx.text.paragraph import Paragraph

from governance.wording import Block, Paper

CONTENT_TYPE = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
_TITLE_FONT, _BODY, _BLACK, _KAI = "方正小标宋简体", "仿宋", "黑体", "楷体"
_LATIN = "Times New Roman"
_RED, _GREY = RGBColor(0xD0, 0x10, 0x10), RGBColor(0x76, 0x76, 0x76)
_LEFT, _RIGHT = Mm(28), Mm(26)
_WIDTH = Mm(210) - _LEFT - _RIGHT
_EMU_PER_DXA = 635
# Style → font of its Chinese, size in points, distance of lines, space before and after.
_STYLES = {
    "Normal": (_BODY, 16, 28, 0, 0),
    "Red Head": (_TITLE_FONT, 36, 44, 0, 12),
    "Issue": (_BODY, 16, 28, 0, 0),
    "Title Line": (_TITLE_FONT, 22, 34, 20, 20),
    "Heading 2": (_BLACK, 16, 28, 6, 0),
    "Heading 3": (_KAI, 16, 28, 0, 0),
    "Table Caption": (_BLACK, 12, 20, 8, 4),
    "Cell": (_BODY, 10, 14, 0, 0),
    "Cell Head": (_BLACK, 10, 14, 0, 0),
    "Page Mark": (_BLACK, 14, 20, 0, 0),
}
_NOT_ON = {"Page Mark", "Cell", "Cell Head", "Issue", "Red Head", "Title Line", "Table Caption"}


def docx_of(paper: Paper, *, made_at: dt.datetime) -> bytes:
    """The paper as a docx file. Its marks (样张, 模拟数据) stand in the head of every page."""
    document = Document()
    _lay_out(document)
    _describe(document, paper, made_at)
    _put_marks(document, paper.marks)
    _number_pages(document)
    _put_head(document, paper)
    for block in paper.blocks:
        _put(document, block)
    if paper.dated:
        for line in (paper.issuer, paper.dated):
            signed = document.add_paragraph(line)
            signed.alignment = WD_ALIGN_PARAGRAPH.RIGHT
            signed.paragraph_format.keep_with_next = line is not paper.dated
    file = io.BytesIO()
    document.save(file)
    return file.getvalue()


# --- the sheet ----------------------------------------------------------------------------------


def _lay_out(document: Docx) -> None:
    section = document.sections[0]
    section.page_width, section.page_height = Mm(210), Mm(297)
    section.top_margin, section.bottom_margin = Mm(37), Mm(35)
    section.left_margin, section.right_margin = _LEFT, _RIGHT
    section.header_distance, section.footer_distance = Mm(18), Mm(25)
    for name, (font, size, line, before, after) in _STYLES.items():
        style = _style(document, name)
        style.font.size, style.font.bold = Pt(size), False
        style.font.italic = False
        style.font.color.rgb = _RED if name == "Red Head" else RGBColor(0, 0, 0)
        _set_font(style.element.get_or_add_rPr(), font)
        space = style.paragraph_format
        space.line_spacing_rule, space.line_spacing = WD_LINE_SPACING.EXACTLY, Pt(line)
        space.space_before, space.space_after = Pt(before), Pt(after)
        space.first_line_indent = Pt(0) if name in _NOT_ON else Pt(2 * size)
        space.keep_with_next = name in ("Heading 2", "Heading 3", "Table Caption", "Issue")
    for name in ("Red Head", "Title Line", "Table Caption", "Cell Head", "Page Mark"):
        _style(document, name).paragraph_format.alignment = WD_ALIGN_PARAGRAPH.CENTER
    _style(document, "Page Mark").font.color.rgb = _GREY


def _style(document: Docx, name: str) -> ParagraphStyle:
    """The paragraph style of this name, made where the document has none."""
    styles: Any = document.styles
    if name not in styles:
        styles.add_style(name, 1).base_style = styles["Normal"]
    style: ParagraphStyle = styles[name]
    return style


def _set_font(properties: Any, chinese: str) -> None:
    """Of a style: the font of its Chinese, the one of figures and Latin letters, and that its
    Chinese is that of the mainland, on which the place of a comma depends."""
    fonts = properties.get_or_add_rFonts()
    for attribute in ("asciiTheme", "hAnsiTheme", "eastAsiaTheme", "cstheme"):
        fonts.attrib.pop(qn(f"w:{attribute}"), None)
    for attribute in ("ascii", "hAnsi", "cs"):
        fonts.set(qn(f"w:{attribute}"), _LATIN)
    fonts.set(qn("w:eastAsia"), chinese)
    language = properties.find(qn("w:lang"))
    if language is None:
        language = OxmlElement("w:lang")
        properties.append(language)
    language.set(qn("w:val"), "en-US")
    language.set(qn("w:eastAsia"), "zh-CN")


def _describe(document: Docx, paper: Paper, made_at: dt.datetime) -> None:
    about = document.core_properties
    about.title, about.author, about.last_modified_by = paper.title, paper.issuer, paper.issuer
    about.subject, about.comments = paper.number, " ".join(paper.marks)
    about.language = "zh-CN"
    about.created = about.modified = made_at.astimezone(dt.UTC).replace(tzinfo=None)


def _put_marks(document: Docx, marks: tuple[str, ...]) -> None:
    header = document.sections[0].header.paragraphs[0]
    header.style = _style(document, "Page Mark")
    header.text = "　".join(marks)
    if marks:
        _rule_under(header, "BFBFBF", "4")


def _number_pages(document: Docx) -> None:
    """“— 3 —” at the foot, the number being a field that the reader's program fills."""
    footer = document.sections[0].footer.paragraphs[0]
    footer.style = _style(document, "Issue")
    footer.alignment = WD_ALIGN_PARAGRAPH.CENTER
    footer.add_run("— ")
    _field(footer, "PAGE")
    footer.add_run(" —")
    for run in footer.runs:
        run.font.size = Pt(14)


def _field(paragraph: Paragraph, instruction: str) -> None:
    for kind in ("begin", "separate", "end"):
        mark = OxmlElement("w:fldChar")
        mark.set(qn("w:fldCharType"), kind)
        paragraph.add_run()._r.append(mark)
        if kind == "begin":
            text = OxmlElement("w:instrText")
            text.set(qn("xml:space"), "preserve")
            text.text = f" {instruction} "
            paragraph.add_run()._r.append(text)
        elif kind == "separate":
            paragraph.add_run("1")


def _rule_under(paragraph: Paragraph, colour: str, eighths: str) -> None:
    """A line below a paragraph, so many eighths of a point thick."""
    borders, line = OxmlElement("w:pBdr"), OxmlElement("w:bottom")
    for name, value in (("val", "single"), ("sz", eighths), ("space", "6"), ("color", colour)):
        line.set(qn(f"w:{name}"), value)
    borders.append(line)
    paragraph._p.get_or_add_pPr().insert_element_before(
        borders, "w:shd", "w:tabs", "w:suppressAutoHyphens", "w:spacing", "w:ind", "w:jc", "w:rPr"
    )


# --- the text -----------------------------------------------------------------------------------


def _put_head(document: Docx, paper: Paper) -> None:
    document.add_paragraph(paper.head, _style(document, "Red Head"))
    number = document.add_paragraph(paper.number, _style(document, "Issue"))
    number.alignment = WD_ALIGN_PARAGRAPH.CENTER
    issued = document.add_paragraph(f"{paper.issuer}\t{paper.dated}", _style(document, "Issue"))
    issued.paragraph_format.tab_stops.add_tab_stop(_WIDTH, WD_TAB_ALIGNMENT.RIGHT)
    _rule_under(issued, "D01010", "18")
    document.add_paragraph(paper.title, _style(document, "Title Line"))


def _put(document: Docx, block: Block) -> None:
    if block.kind == "table":
        caption = document.add_paragraph(block.text, _style(document, "Table Caption"))
        caption._p.addnext(parse_xml(_table(document, block)))
    else:
        names = {"h2": "Heading 2", "h3": "Heading 3", "p": "Normal", "small": "Cell"}
        document.add_paragraph(block.text, _style(document, names[block.kind]))


def _table(document: Docx, block: Block) -> str:
    """A table as it is written in the file: cell by cell a few hundred rows would take ten
    seconds. Its head is repeated on every page, no row is torn apart, and there is little room
    beside the text of a cell, because ten columns share a page's width."""
    whole = sum(column.width for column in block.columns)
    widths = [int(_WIDTH * column.width / whole / _EMU_PER_DXA) for column in block.columns]
    head, cell = (_style(document, name).style_id for name in ("Cell Head", "Cell"))
    sides = ["right" if column.is_number else "left" for column in block.columns]
    headings = [column.heading for column in block.columns]
    centred = ["center"] * len(headings)
    rows = "".join(_row(row, widths, cell, sides) for row in block.rows)
    return (
        f'<w:tbl {nsdecls("w")}><w:tblPr><w:tblStyle w:val="{_style_id(document)}"/>'
        '<w:tblW w:w="0" w:type="auto"/><w:jc w:val="center"/><w:tblLayout w:type="fixed"/>'
        '<w:tblCellMar><w:left w:w="40" w:type="dxa"/><w:right w:w="40" w:type="dxa"/>'
        "</w:tblCellMar></w:tblPr><w:tblGrid>"
        + "".join(f'<w:gridCol w:w="{width}"/>' for width in widths)
        + f"</w:tblGrid>{_row(headings, widths, head, centred, is_head=True)}{rows}</w:tbl>"
    )


def _style_id(document: Docx) -> str:
    styles: Any = document.styles
    return str(styles["Table Grid"].style_id)


def _row(
    texts: Sequence[str], widths: list[int], style: str, sides: list[str], *, is_head: bool = False
) -> str:
    cells = (
        f'<w:tc><w:tcPr><w:tcW w:w="{width}" w:type="dxa"/><w:vAlign w:val="center"/></w:tcPr>'
        f'<w:p><w:pPr><w:pStyle w:val="{style}"/><w:jc w:val="{side}"/></w:pPr>'
        f'<w:r><w:t xml:space="preserve">{escape(text)}</w:t></w:r></w:p></w:tc>'
        for text, width, side in zip(texts, widths, sides, strict=True)
    )
    mark = "<w:tblHeader/>" if is_head else ""
    return f"<w:tr><w:trPr><w:cantSplit/>{mark}</w:trPr>{''.join(cells)}</w:tr>"
