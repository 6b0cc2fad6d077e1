"""Numbers of a list, by one or two things: counted once, each with the address of its tickets."""

from __future__ import annotations

import datetime as dt
from calendar import monthrange
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import Count
from django.db.models.functions import TruncMonth
from django.http import QueryDict
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from hotline.core.models import Area
from hotline.core.places import area_by_code, area_by_id, channels, unit_by_code, units
from hotline.core.working_time import BUSINESS_ZONE
from hotline.pages.filters import TicketFilter
from hotline.pages.searching import descendants
from intake.models import Level, RequestType, State
from knowledge.models import Category, categories, category_by_code, category_path

Wanted = Mapping[str, Any]
Changes = dict[str, str]
Counted = list[tuple[str, str, int]]  # row, column, tickets; "" where a ticket has no such thing


@dataclass(frozen=True)
class Dimension:
    """What tickets are counted by. `column` is read from the ticket, `key` makes a code of it and
    `words` a name; `narrowed` says how the list's address changes to keep only these tickets, None
    where it cannot."""

    label: str | Promise
    column: Any
    key: Callable[[Any], str]
    words: Callable[[str], str]
    narrowed: Callable[[str, Wanted], Changes | None]
    order: tuple[str, ...] = ()

    def place(self, key: str) -> tuple[bool, int, str]:
        """Where it stands in a table: in the order of the office, what has none last."""
        return key == "", self.order.index(key) if key in self.order else 0, key


# --- codes and names --------------------------------------------------------------------------


def _class_key(pk: int | None) -> str:
    return categories()[pk].code if pk else ""


def _first_class_key(pk: int | None) -> str:
    return _class_key(pk)[:2]


def _class_words(code: str) -> str:
    found = category_by_code(code)
    return category_path(found.pk) if found else code


def _district_key(pk: int | None) -> str:
    area = area_by_id(pk)
    return area.code if area else ""


def _area_words(code: str) -> str:
    area = area_by_code(code)
    return area.name if area else code


def _unit_key(pk: int | None) -> str:
    return units()[pk].code if pk else ""


def _unit_words(code: str) -> str:
    unit = unit_by_code(code)
    return unit.name if unit else code


def _channel_words(code: str) -> str:
    return channels()[code].name if code in channels() else code


def _channel_key(pk: int) -> str:
    return next(channel.code for channel in channels().values() if channel.pk == pk)


def _month_key(first: dt.datetime) -> str:
    return f"{first.astimezone(BUSINESS_ZONE):%Y-%m}"


# --- what the address says of them ------------------------------------------------------------


def _set(name: str) -> Callable[[str, Wanted], Changes | None]:
    return lambda key, _wanted: {name: key}


def _is_of_number(wanted: Wanted) -> bool:
    """Whether the list is what a number of the assessment counts: unit and class then are those
    that were assessed, which may not be the ticket's own today."""
    return bool(wanted["cell"] or wanted["indicator"])


def _by_class(code: str, wanted: Wanted) -> Changes | None:
    """The filter takes a class with all below it: exact only for one that has none below."""
    if _is_of_number(wanted):
        return None
    category = category_by_code(code)
    is_leaf = category is not None and descendants(category) == [category.pk]
    return {"category": code} if is_leaf else None


def _by_first_class(code: str, wanted: Wanted) -> Changes | None:
    """A class asked for already lies in it."""
    if _is_of_number(wanted):
        return None
    asked: Category | None = wanted["category"]
    if asked is not None:
        return {}
    return {"category": code} if category_by_code(code) else None


def _by_district(code: str, wanted: Wanted) -> Changes | None:
    """A place asked for may lie in it."""
    asked: Area | None = wanted["area"]
    district = area_by_code(code)
    if district is None:
        return None
    is_inside = asked is not None and asked.path.startswith(district.path)
    return {} if is_inside else {"area": code}


def _by_unit(code: str, wanted: Wanted) -> Changes | None:
    return None if _is_of_number(wanted) else {"unit": code}


def _by_month(key: str, wanted: Wanted) -> Changes:
    """The days of the month that were asked for."""
    first = dt.date.fromisoformat(f"{key}-01")
    last = first.replace(day=monthrange(first.year, first.month)[1])
    return {
        "accepted_from": max(first, wanted["accepted_from"] or first).isoformat(),
        "accepted_to": min(last, wanted["accepted_to"] or last).isoformat(),
    }


_IN_MONTH = TruncMonth("accepted_at", tzinfo=BUSINESS_ZONE)
DIMENSIONS: dict[str, Dimension] = {
    "first_class": Dimension(
        gettext_lazy("一级分类"), "category_id", _first_class_key, _class_words, _by_first_class
    ),
    "class": Dimension(gettext_lazy("分类"), "category_id", _class_key, _class_words, _by_class),
    "district": Dimension(
        gettext_lazy("区"), "district_id", _district_key, _area_words, _by_district
    ),
    "unit": Dimension(gettext_lazy("主办单位"), "lead_unit_id", _unit_key, _unit_words, _by_unit),
    "channel": Dimension(
        gettext_lazy("渠道"), "channel_id", _channel_key, _channel_words, _set("channel")
    ),
    "type": Dimension(
        gettext_lazy("类型"), "request_type", str, lambda key: str(RequestType(key).label),
        _set("request_type"), tuple(RequestType.values),
    ),
    "level": Dimension(
        gettext_lazy("等级"), "level", str, lambda key: str(Level(key).label), _set("level"),
        tuple(Level.values),
    ),
    "state": Dimension(
        gettext_lazy("状态"), "state", str, lambda key: str(State(key).label), _set("state"),
        tuple(State.values),
    ),
    "month": Dimension(gettext_lazy("受理月份"), _IN_MONTH, _month_key, str, _by_month),
}  # fmt: skip
# Across there is room for some dozens.
ACROSS = tuple(name for name in DIMENSIONS if name not in ("class", "unit"))


def tally(listed: TicketFilter, rows: str, across: str) -> Counted:
    """Every ticket of the list counted once, in one statement."""
    down, over = DIMENSIONS[rows], DIMENSIONS.get(across)
    named = {"_down": down.column} | ({"_over": over.column} if over else {})
    plain = {name: column for name, column in named.items() if isinstance(column, str)}
    made = {name: column for name, column in named.items() if not isinstance(column, str)}
    keys = [plain.get(name, name) for name in named]
    found = listed.tickets().annotate(**made).order_by().values_list(*keys).annotate(Count("pk"))
    counted: Counter[tuple[str, str]] = Counter()
    for values in found:
        counted[down.key(values[0]), over.key(values[1]) if over else ""] += values[-1]
    return [(row, column, n) for (row, column), n in counted.items()]


# --- as a table -------------------------------------------------------------------------------


@dataclass(frozen=True)
class Cell:
    """A number; `url` is the list of exactly its tickets, empty where no address says it."""

    value: int
    url: str
    label: str = ""


@dataclass(frozen=True)
class CountLine:
    words: str
    cells: list[Cell]
    sum: Cell


class CountTable:
    """A table of numbers as a page and a file show it. `listed` is the list that was counted, read
    as its reader sees it now."""

    def __init__(self, counts: Counted, shape: dict[str, Any], listed: TicketFilter) -> None:
        self.listed, self.wanted = listed, listed.wanted
        self.down, self.over = DIMENSIONS[shape["rows"]], DIMENSIONS.get(shape["across"])
        self.counts = {(row, column): n for row, column, n in counts}
        self.of_rows: Counter[str] = Counter()
        self.of_columns: Counter[str] = Counter()
        for row, column, n in counts:
            self.of_rows[row] += n
            self.of_columns[column] += n
        self.rows = _named(self.down, self.of_rows)
        self.columns = _named(self.over, self.of_columns) if self.over else {}

    @property
    def lines(self) -> list[CountLine]:
        return [
            CountLine(
                words,
                [
                    self._cell(self.counts.get((row, column), 0), row, column)
                    for column in self.columns
                ],
                self._cell(self.of_rows[row], row),
            )
            for row, words in self.rows.items()
        ]

    @property
    def sums(self) -> list[Cell]:
        """The last line: of each column, and of all."""
        cells = [self._cell(self.of_columns[key], column=key) for key in self.columns]
        return [*cells, self._cell(self.of_rows.total())]

    def as_rows(self) -> list[list[Any]]:
        """The lines of a file, the head first and the sums last."""
        whole = _("合计")
        return [
            [str(self.down.label), *self.columns.values(), whole],
            *([line.words, *(cell.value for cell in (*line.cells, line.sum))]
              for line in self.lines),
            [whole, *(cell.value for cell in self.sums)],
        ]  # fmt: skip

    def _cell(self, n: int, row: str | None = None, column: str | None = None) -> Cell:
        words = [self.rows[row]] if row is not None else []
        words += [self.columns[column]] if column is not None else []
        return Cell(n, self._url(row, column) if n else "", " · ".join(words))

    def _url(self, row: str | None, column: str | None) -> str:
        """The list with these conditions added; empty where one of them cannot be said. A row may
        say more exactly what its column says, so it comes last."""
        if self.wanted is None:
            return ""
        query: QueryDict = self.listed.query.copy()
        for dimension, key in ((self.over, column), (self.down, row)):
            if dimension is None or key is None:
                continue
            changes = dimension.narrowed(key, self.wanted) if key else None
            if changes is None:
                return ""
            for name, value in changes.items():
                query[name] = value
        return f"{reverse('tickets')}?{query.urlencode()}"


def _named(dimension: Dimension, keys: Iterable[str]) -> dict[str, str]:
    """Keys in the order of the office, with what they are called."""
    return {
        key: dimension.words(key) if key else _("（无）")
        for key in sorted(keys, key=dimension.place)
    }
