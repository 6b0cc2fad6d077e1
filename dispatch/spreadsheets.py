"""Tables that leave for a spreadsheet program and come back: CSV and XLSX, in and out.

What comes back is what left: text stays text (a code keeps its leading zero), and a cell that a
program would run as a formula is quoted on the way out and unquoted on the way in.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
import zipfile
from collections.abc import Iterable, Mapping
from typing import IO, Any, NamedTuple

from django.conf import settings
from django.utils import translation
from django.utils.functional import Promise
from openpyxl import Workbook, load_workbook
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter

from hotline.core.violations import RuleViolation

Row = Mapping[str, str]
Columns = Mapping[str, str | Promise]  # code → heading, in the order of the table

CSV_TYPE = "text/csv; charset=utf-8"
XLSX_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
# A catalogue has some hundred rows; what is larger is another file.
LARGEST_FILE = 2 * 1024 * 1024
LARGEST_UNPACKED = 40 * 1024 * 1024  # an XLSX file is a compressed folder
MOST_ROWS = 5_000
# The head is looked for below a title or a note.
HEAD_WITHIN = 10
# What Chinese offices' programs save: Unicode, or the national encoding.
_ENCODINGS = ("utf-8-sig", "gb18030")
# A cell that begins so is a formula to a spreadsheet.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_QUOTE = "'"
_WIDEST = 48


# --- out ----------------------------------------------------------------------------------


def csv_file(columns: Columns, rows: Iterable[Row], *, mark: str = "") -> bytes:
    """The table as CSV that spreadsheet programs open as it is meant; `mark` is a line above the
    head."""
    lines = io.StringIO()
    writer = csv.writer(lines)
    if mark:
        writer.writerow([mark])
    writer.writerow([str(heading) for heading in columns.values()])
    for row in rows:
        writer.writerow([quoted(row.get(name, "")) for name in columns])
    return lines.getvalue().encode("utf-8-sig")


def xlsx_file(columns: Columns, rows: Iterable[Row], *, title: str, mark: str = "") -> bytes:
    """The table as a workbook of one sheet: text cells, the head fixed and filtered; `mark` is a
    line above the head."""
    book = Workbook()
    sheet = book.worksheets[0]
    sheet.title = title
    if mark:
        sheet.append([mark])
    sheet.append([str(heading) for heading in columns.values()])
    head = sheet.max_row
    for row in rows:
        sheet.append([quoted(row.get(name, "")) or None for name in columns])
    wrapped = Alignment(vertical="top", wrap_text=True)
    for cells in sheet.iter_rows(min_row=head):
        for cell in cells:
            cell.number_format = "@"
            cell.alignment = wrapped
    for cell in sheet[head]:
        cell.font = Font(bold=True)
        cell.fill = PatternFill("solid", fgColor="EEF1F5")
    for index, cells in enumerate(sheet.iter_cols(min_row=head), start=1):
        widest = max(_width(cell.value) for cell in cells)
        sheet.column_dimensions[get_column_letter(index)].width = min(widest + 2, _WIDEST)
    sheet.freeze_panes = f"B{head + 1}"
    last = get_column_letter(sheet.max_column)
    sheet.auto_filter.ref = f"A{head}:{last}{sheet.max_row}"
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def quoted(text: str) -> str:
    """Nothing in a file is run by the program that opens it."""
    return f"{_QUOTE}{text}" if text.startswith(_FORMULA) else text


def _width(value: Any) -> int:
    """Chinese characters take two places."""
    return sum(1 if ord(character) < 0x2E80 else 2 for character in str(value or ""))


# --- in -----------------------------------------------------------------------------------


class Table(NamedTuple):
    """The lines under the head, by the columns' codes, empty ones too; `first` is the number of
    the first of them in the file, as people count lines."""

    rows: list[dict[str, str]]
    first: int


def read(file: IO[bytes], name: str, columns: Columns) -> Table:
    """An uploaded table. Columns that are not known (names beside codes, to read by) are left out;
    those that the file does not have are empty.

    Raises RuleViolation when it is no table, is too large or has no head with the first column.
    """
    content = file.read(LARGEST_FILE + 1)
    if len(content) > LARGEST_FILE:
        raise _too_large()
    lines = _xlsx_lines(content) if name.lower().endswith(".xlsx") else _csv_lines(content, name)
    known, first_column = _headings(columns), next(iter(columns))
    heads = [[known.get(_plain(cell), "") for cell in line] for line in lines[:HEAD_WITHIN]]
    head_at = next((n for n, head in enumerate(heads) if first_column in head), None)
    if head_at is None:
        raise RuleViolation("table_without_head", field="file", column=str(columns[first_column]))
    head, rows = heads[head_at], []
    for line in lines[head_at + 1 :]:
        cells = {code: _unquoted(cell) for code, cell in zip(head, line, strict=False) if code}
        rows.append({code: cells.get(code, "") for code in columns})
    while rows and not any(rows[-1].values()):
        rows.pop()
    if len(rows) > MOST_ROWS:
        raise RuleViolation("table_too_long", field="file", most=MOST_ROWS)
    return Table(rows, first=head_at + 2)


def _too_large() -> RuleViolation:
    return RuleViolation("table_too_large", field="file", megabytes=LARGEST_FILE // 2**20)


def _csv_lines(content: bytes, name: str) -> list[list[str]]:
    if not name.lower().endswith(".csv"):
        raise RuleViolation("table_of_unknown_kind", field="file")
    for encoding in _ENCODINGS:
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\x00" in text:
            break
        try:
            return list(csv.reader(io.StringIO(text, newline=""), strict=True))
        except csv.Error:
            break
    raise RuleViolation("table_unreadable", field="file")


def _xlsx_lines(content: bytes) -> list[list[str]]:
    """The first sheet that is shown. Values only: a formula counts as what it last gave."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as folder:
            if sum(member.file_size for member in folder.infolist()) > LARGEST_UNPACKED:
                raise RuleViolation(
                    "table_too_large", field="file", megabytes=LARGEST_FILE // 2**20
                )
        book = load_workbook(io.BytesIO(content), read_only=True, data_only=True)
        sheet = next(one for one in book.worksheets if one.sheet_state == "visible")
        # What the file says of its own size may be wrong.
        sheet.reset_dimensions()
        cells = sheet.iter_rows(max_row=MOST_ROWS + HEAD_WITHIN + 2, values_only=True)
        return [[_text(value) for value in line] for line in cells]
    except RuleViolation:
        raise
    # Its parser fails in many ways on what is no workbook; none of them is ours to mend.
    except Exception as error:
        raise RuleViolation("table_unreadable", field="file") from error


def _text(value: Any) -> str:
    """A cell as a person sees it: 5, not 5.0."""
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, dt.datetime):
        return value.date().isoformat()
    return str(value)


def _headings(columns: Columns) -> dict[str, str]:
    """Every way a column may be headed: its code, and its heading in each language."""
    found = {_plain(code): code for code in columns}
    for language, _name in settings.LANGUAGES:
        with translation.override(language):
            found |= {_plain(str(heading)): code for code, heading in columns.items()}
    return found


def _plain(heading: str) -> str:
    return heading.strip().casefold()


def _unquoted(cell: str) -> str:
    text = cell.strip()
    return text[1:] if text.startswith(_QUOTE) and text[1:].startswith(_FORMULA) else text
