"""A report's file written in pieces: CSV, or a workbook of one sheet.

Each piece can be written by another process. For a workbook that works because a compressed stream
may be cut at a full flush: every piece is a stream of its own, and only the check sum and the
lengths are carried on, in `resume`. openpyxl would have to stay in one process to the end.
"""

from __future__ import annotations

import csv
import io
import re
import struct
import zlib
from collections.abc import Iterable, Sequence
from typing import Any
from xml.sax.saxutils import escape

from hotline.pages.exports import safe

# What a spreadsheet program opens.
MOST_ROWS = 1_048_576
CSV, XLSX = "csv", "xlsx"
CONTENT_TYPES = {
    CSV: "text/csv; charset=utf-8",
    XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
Resume = dict[str, Any]
Row = Sequence[Any]


def piece(kind: str, rows: Iterable[Row], resume: Resume) -> bytes:
    """Some lines as they stand in the file; `resume` is carried on."""
    return _csv_lines(rows) if kind == CSV else _packed(_sheet_rows(rows), resume)


def ends(kind: str, resume: Resume) -> tuple[bytes, bytes]:
    """What stands before the first piece and behind the last, when all are written."""
    return (b"\xef\xbb\xbf", b"") if kind == CSV else _workbook(resume)


def _csv_lines(rows: Iterable[Row]) -> bytes:
    lines = io.StringIO()
    csv.writer(lines).writerows([safe(value) for value in row] for row in rows)
    return lines.getvalue().encode()


# --- a workbook -------------------------------------------------------------------------------

_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_LINKS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_TYPES = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_SHEET = "xl/worksheets/sheet1.xml"
_MEMBERS = {
    "[Content_Types].xml": (
        f'<Types xmlns="{_PACKAGE}/content-types">'
        '<Default Extension="rels" '
        'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{_TYPES}.sheet.main+xml"/>'
        f'<Override PartName="/{_SHEET}" ContentType="{_TYPES}.worksheet+xml"/></Types>'
    ),
    "_rels/.rels": (
        f'<Relationships xmlns="{_PACKAGE}/relationships">'
        f'<Relationship Id="rId1" Type="{_LINKS}/officeDocument" Target="xl/workbook.xml"/>'
        "</Relationships>"
    ),
    "xl/workbook.xml": (
        f'<workbook xmlns="{_MAIN}" xmlns:r="{_LINKS}">'
        '<sheets><sheet name="1" sheetId="1" r:id="rId1"/></sheets></workbook>'
    ),
    "xl/_rels/workbook.xml.rels": (
        f'<Relationships xmlns="{_PACKAGE}/relationships">'
        f'<Relationship Id="rId1" Type="{_LINKS}/worksheet" Target="worksheets/sheet1.xml"/>'
        "</Relationships>"
    ),
}
_OPENING = (
    f'{_XML}<worksheet xmlns="{_MAIN}"><sheetFormatPr defaultRowHeight="15"/>'
    '<cols><col min="1" max="40" width="20" customWidth="1"/></cols><sheetData>'
)
_CLOSING = "</sheetData></worksheet>"
# Characters that no XML document holds.
_UNWRITABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")


def _sheet_rows(rows: Iterable[Row]) -> str:
    return "".join(f"<row>{''.join(map(_cell, row))}</row>" for row in rows)


def _cell(value: Any) -> str:
    """Text stays text: what looks like a formula is none."""
    if isinstance(value, int):
        return f"<c><v>{value}</v></c>"
    if not value:
        return "<c/>"
    text = escape(_UNWRITABLE.sub("", str(value)))
    return f'<c t="inlineStr"><is><t xml:space="preserve">{text}</t></is></c>'


def _packed(text: str, resume: Resume, *, is_last: bool = False) -> bytes:
    """The next stretch of the sheet, compressed."""
    content = (text if resume.get("size") else _OPENING + text).encode()
    stream = zlib.compressobj(6, zlib.DEFLATED, -zlib.MAX_WBITS)
    packed = stream.compress(content)
    packed += stream.flush(zlib.Z_FINISH if is_last else zlib.Z_FULL_FLUSH)
    resume["crc"] = zlib.crc32(content, resume.get("crc", 0))
    resume["size"] = resume.get("size", 0) + len(content)
    resume["packed"] = resume.get("packed", 0) + len(packed)
    return packed


def _workbook(resume: Resume) -> tuple[bytes, bytes]:
    """The folder around the sheet: the other members and the sheet's own head before it; its end
    and the table of contents behind it."""
    sheet_end = _packed(_CLOSING, resume, is_last=True)
    before, contents, offset = b"", b"", 0
    for name, text in _MEMBERS.items():
        content = (_XML + text).encode()
        about = _about(0, zlib.crc32(content), len(content), len(content), name)
        before += b"PK\3\4" + about + name.encode() + content
        contents += _entry(about, offset, name)
        offset = len(before)
    about = _about(8, resume["crc"], resume["packed"], resume["size"], _SHEET)
    before += b"PK\3\4" + about + _SHEET.encode()
    contents += _entry(about, offset, _SHEET)
    count, start = len(_MEMBERS) + 1, len(before) + resume["packed"]
    end = struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, count, count, len(contents), start, 0)
    return before, sheet_end + contents + end


def _about(method: int, crc: int, packed: int, size: int, name: str) -> bytes:
    """What both the head of a member and the table of contents say of it; names are UTF-8, and
    the time is the first that the format knows."""
    return struct.pack(
        "<5H3I2H", 20, 0x800, method, 0, 0x21, crc, packed, size, len(name.encode()), 0
    )


def _entry(about: bytes, offset: int, name: str) -> bytes:
    return (
        b"PK\1\2" + struct.pack("<H", 20) + about + struct.pack("<3H2I", 0, 0, 0, 0, offset)
        + name.encode()
    )  # fmt: skip
