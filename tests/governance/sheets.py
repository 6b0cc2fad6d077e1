"""A small program for spreadsheets: enough to compute a bulletin's workbook without an office.

Numbers are binary fractions as in every such program, and it rounds them as they are: what is a
little below a half goes down.
"""

from __future__ import annotations

import io
import math
import operator
import re
from collections.abc import Callable, Iterator
from typing import Any

from openpyxl import Workbook, load_workbook
from openpyxl.utils import range_boundaries

_TOKEN = re.compile(
    r"\s*(?:(?P<number>\d+(?:\.\d+)?(?:E-?\d+)?)|\"(?P<text>[^\"]*)\""
    r"|(?P<range>\$?[A-Z]{1,2}\$?\d+(?::\$?[A-Z]{1,2}\$?\d+)?)(?![A-Za-z_])"
    r"|(?P<name>[A-Za-z_]+)|(?P<sign><>|>=|<=|[-+*/(),=<>]))"
)
_COMPARED: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq, "<>": operator.ne, ">": operator.gt, "<": operator.lt,
}  # fmt: skip
_COUNTED: dict[str, Callable[[Any, Any], Any]] = {
    "+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv,
}  # fmt: skip


class Book:
    """A workbook whose cells are computed when they are read."""

    def __init__(self, file: bytes) -> None:
        self.book: Workbook = load_workbook(io.BytesIO(file))
        self.known: dict[tuple[str, str], Any] = {}

    def value(self, sheet: str, place: str) -> Any:
        """What the cell shows; an empty one is None."""
        place = place.replace("$", "")
        if (sheet, place) not in self.known:
            held = self.book[sheet][place].value
            is_formula = isinstance(held, str) and held.startswith("=")
            self.known[sheet, place] = (
                _Reading(self, sheet, held[1:]).whole() if is_formula else held
            )
        return self.known[sheet, place]

    def named(self, name: str) -> Any:
        sheet, place = next(self.book.defined_names[name].destinations)
        return self.value(sheet, place)


class _Reading:
    """One formula, read from left to right; a range is a list, and arithmetic goes through it."""

    def __init__(self, book: Book, sheet: str, formula: str) -> None:
        self.book, self.sheet = book, sheet
        self.tokens = [found.groupdict() for found in _TOKEN.finditer(formula)]
        assert "".join(f.group(0) for f in _TOKEN.finditer(formula)) == formula, formula
        self.at = 0

    def whole(self) -> Any:
        value = self.compared()
        assert self.at == len(self.tokens), "something follows the formula"
        return value

    def sign(self, *wanted: str) -> str:
        found = self.tokens[self.at]["sign"] if self.at < len(self.tokens) else None
        if found in wanted:
            self.at += 1
            return str(found)
        return ""

    def compared(self) -> Any:
        left = self.sum()
        while sign := self.sign(*_COMPARED):
            left = _each(lambda a, b, s=sign: _compare(s, a, b), left, self.sum())
        return left

    def sum(self) -> Any:
        left = self.product()
        while sign := self.sign("+", "-"):
            left = _each(lambda a, b, s=sign: _count(s, a, b), left, self.product())
        return left

    def product(self) -> Any:
        left = self.one()
        while sign := self.sign("*", "/"):
            left = _each(lambda a, b, s=sign: _count(s, a, b), left, self.one())
        return left

    def one(self) -> Any:
        if self.sign("("):
            value = self.compared()
            assert self.sign(")")
            return value
        token = self.tokens[self.at]
        self.at += 1
        if token["number"] is not None:
            return float(token["number"])
        if token["text"] is not None:
            return token["text"]
        if token["range"] is not None:
            return self.cells(token["range"])
        if not self.sign("("):
            return self.book.named(token["name"])
        given = [self.compared()]
        while self.sign(","):
            given.append(self.compared())
        assert self.sign(")")
        return _FUNCTIONS[token["name"]](*given)

    def cells(self, where: str) -> Any:
        if ":" not in where:
            return self.book.value(self.sheet, where)
        left, top, right, bottom = range_boundaries(where.replace("$", ""))
        assert left == right
        return [
            self.book.value(self.sheet, self.book.book[self.sheet].cell(row, left).coordinate)
            for row in range(top, bottom + 1)
        ]


def _each(of: Callable[[Any, Any], Any], left: Any, right: Any) -> Any:
    if not isinstance(left, list) and not isinstance(right, list):
        return of(left, right)
    length = len(left if isinstance(left, list) else right)
    lefts = left if isinstance(left, list) else [left] * length
    rights = right if isinstance(right, list) else [right] * length
    return [of(a, b) for a, b in zip(lefts, rights, strict=True)]


def _compare(sign: str, left: Any, right: Any) -> bool:
    """Nothing equals an empty text, and a text is more than every number."""
    left, right = ("" if value is None else value for value in (left, right))
    if isinstance(left, str) != isinstance(right, str):
        return _COMPARED[sign](isinstance(left, str), isinstance(right, str))
    return _COMPARED[sign](left, right)


def _count(sign: str, left: Any, right: Any) -> float:
    if sign == "/" and not right:
        return math.nan  # #DIV/0!
    return float(_COUNTED[sign](float(left or 0), float(right or 0)))


def _round(value: float, places: float) -> float:
    if math.isnan(value):
        return value
    return math.floor(value * 10**places + 0.5) / 10**places


def _numbers(given: Any) -> Iterator[float]:
    for value in given if isinstance(given, list) else [given]:
        if isinstance(value, (int, float)):
            yield float(value)


def _countif(cells: list[Any], condition: str) -> int:
    assert condition == ">0"
    return sum(value > 0 for value in _numbers(cells))


_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "IF": lambda condition, then, otherwise: then if condition else otherwise,
    "OR": lambda *given: any(given),
    "MIN": min,
    "ROUND": _round,
    "SUM": lambda cells: math.fsum(_numbers(cells)),
    "SUMPRODUCT": lambda cells: math.fsum(_numbers(cells)),
    "COUNTIF": _countif,
}
