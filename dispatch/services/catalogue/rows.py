"""The catalogue as a table: the same columns in a file, on a page and in a draft."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from dispatch.models import CatalogueEntry, CatalogueVersion

COLUMNS = (
    "category",
    "area",
    "lead",
    "cooperators",
    "level",
    "urgency",
    "limit_amount",
    "limit_unit",
    "basis",
    "remark",
)


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the table as it was written, tidied of spaces; `number` is what the spreadsheet
    calls it (the line under the head is 2)."""

    number: int
    category: str
    area: str
    lead: str
    cooperators: tuple[str, ...]
    level: str
    urgency: str
    limit_amount: str
    limit_unit: str
    basis: str
    remark: str

    @property
    def key(self) -> tuple[str, str]:
        """What there is one line of: a class in an area."""
        return self.category, self.area

    def as_dict(self) -> dict[str, str]:
        values = {name: getattr(self, name) for name in COLUMNS}
        return {**values, "cooperators": " ".join(self.cooperators)}


def read_rows(lines: Iterable[Mapping[str, object]], first: int = 2) -> list[Row]:
    """Rows from lines by column name; lines without a word in them are left out but counted, and
    missing columns are empty. A spreadsheet that took a code for a number is forgiven."""
    found = []
    for number, line in enumerate(lines, start=first):
        cells = {name: _cell(line.get(name)) for name in COLUMNS}
        if any(cells.values()):
            helpers = tuple(re.split(r"[\s,，、]+", cells.pop("cooperators")))
            cells["category"] = _code(cells["category"])
            found.append(Row(number=number, cooperators=tuple(filter(None, helpers)), **cells))
    return found


def rows_of(version: CatalogueVersion) -> list[dict[str, str]]:
    """An edition as lines by column name, in the order of the classes; read back they are the same
    edition."""
    entries = version.entries.select_related("category", "area")
    ordered = sorted(entries, key=lambda e: (e.category.code, e.area.code if e.area else ""))
    return [_line(entry) for entry in ordered]


def _line(entry: CatalogueEntry) -> dict[str, str]:
    return {
        "category": entry.category.code,
        "area": entry.area.code if entry.area else "",
        "lead": entry.lead,
        "cooperators": " ".join(entry.cooperators),
        "level": entry.level,
        "urgency": entry.urgency,
        "limit_amount": "" if entry.limit_amount is None else str(entry.limit_amount),
        "limit_unit": entry.limit_unit,
        "basis": entry.basis,
        "remark": entry.remark,
    }


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return str(value).strip()


def _code(text: str) -> str:
    """Class codes have an even number of digits: an odd one has lost its leading zero."""
    return f"0{text}" if text.isascii() and text.isdigit() and len(text) % 2 else text
