"""What a workbook's formulas gave, written beside them.

A program that computes does so anew; one that only shows a file (a phone's preview, a script)
would show empty cells without it.
"""

from __future__ import annotations

import io
import re
import zipfile
from decimal import Decimal

Value = str | int | Decimal | None
_FORMULA_CELL = re.compile(
    r'<c r="(?P<place>[A-Z]+[0-9]+)"(?P<style>[^>]*)>(?P<formula><f>[^<]*</f>)<v ?/?>(?:</v>)?</c>'
)


class CachedValues:
    """The value of every formula by its sheet's file and its place."""

    def __init__(self) -> None:
        self._values: dict[tuple[str, str], Value] = {}

    def keep(self, order: int, place: str, value: Value) -> None:
        """`order` is the sheet's place in the workbook, from 1; its file is named after it."""
        self._values[f"xl/worksheets/sheet{order}.xml", place] = value

    def written_into(self, workbook: bytes) -> bytes:
        """The same workbook with the values."""
        file = io.BytesIO()
        with (
            zipfile.ZipFile(io.BytesIO(workbook)) as given,
            zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as made,
        ):
            for member in given.infolist():
                part = given.read(member)
                if member.filename.startswith("xl/worksheets/"):
                    part = self._filled(member.filename, part.decode()).encode()
                made.writestr(member, part)
        return file.getvalue()

    def _filled(self, name: str, sheet: str) -> str:
        def cell(found: re.Match[str]) -> str:
            value = self._values[name, found["place"]]
            kind = ' t="str"' if value is None or isinstance(value, str) else ""
            shown = "" if value is None else value
            place, style, formula = found["place"], found["style"], found["formula"]
            return f'<c r="{place}"{style}{kind}>{formula}<v>{shown}</v></c>'

        return _FORMULA_CELL.sub(cell, sheet)
