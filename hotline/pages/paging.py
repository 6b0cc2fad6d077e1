"""Keyset paging: a page begins after the last row of the one before, however deep it lies."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from django.db.models import F, Model, Q, QuerySet
from django.http import QueryDict
from django.utils.dateparse import parse_datetime

RowT = TypeVar("RowT", bound=Model)

PAGE_SIZE = 50
COUNTED = 10_000


@dataclass(frozen=True)
class Order:
    """Rows by an instant and then by id, ascending, rows without the instant last; or, without a
    field, the newest id first."""

    field: str = ""

    def apply(self, rows: QuerySet[RowT], *, backwards: bool = False) -> QuerySet[RowT]:
        if not self.field:
            return rows.order_by("pk" if backwards else "-pk")
        if backwards:
            return rows.order_by(F(self.field).desc(nulls_first=True), "-pk")
        return rows.order_by(F(self.field).asc(nulls_last=True), "pk")

    def cursor(self, row: Model) -> str:
        """Where a row stands in this order, as it is written in an address."""
        if not self.field:
            return str(row.pk)
        value: Any = row
        for part in self.field.split("__"):
            value = getattr(value, part)
        return f"{value.isoformat() if value else ''}_{row.pk}"

    def beyond(self, cursor: str, *, backwards: bool = False) -> Q:
        """Rows behind (or before) a cursor. Raises ValueError for what is no cursor."""
        instant, _, pk_text = cursor.rpartition("_")
        pk = int(pk_text)
        if not self.field:
            return Q(pk__gt=pk) if backwards else Q(pk__lt=pk)
        side = "lt" if backwards else "gt"
        same = Q(**{f"pk__{side}": pk})
        value = _instant(instant)
        if value is None:
            without = Q(**{f"{self.field}__isnull": True}) & same
            return without | Q(**{f"{self.field}__isnull": False}) if backwards else without
        past = Q(**{f"{self.field}__{side}": value}) | (Q(**{self.field: value}) & same)
        return past if backwards else past | Q(**{f"{self.field}__isnull": True})


NEWEST_FIRST = Order()


@dataclass(frozen=True)
class Page(Generic[RowT]):
    """Rows of one page with the addresses of its neighbours (empty where there is none)."""

    rows: list[RowT]
    previous_url: str = ""
    next_url: str = ""


@dataclass(frozen=True)
class Total:
    """How many rows a list has: exact to 10,000, "1 万+" above."""

    count: int

    @property
    def is_capped(self) -> bool:
        return self.count > COUNTED


def total(rows: QuerySet[Any]) -> Total:
    """The list's own query, counted as far as anybody reads."""
    return Total(rows.order_by()[: COUNTED + 1].count())


def page_of(
    rows: QuerySet[RowT], order: Order, query: QueryDict, *, size: int = PAGE_SIZE
) -> Page[RowT]:
    """The page that `after` or `before` in the address asks for; a cursor that cannot be read
    gives the first page."""
    name = "before" if "before" in query else "after"
    backwards = name == "before"
    try:
        cursor = str(query.get(name, ""))
        limit = order.beyond(cursor, backwards=backwards) if cursor else Q()
    except ValueError:
        limit, backwards = Q(), False
    is_first = not limit
    found = list(order.apply(rows.filter(limit), backwards=backwards)[: size + 1])
    has_more, found = len(found) > size, found[:size]
    if backwards:
        found.reverse()
    if not found:
        return Page(found, previous_url=_first(query) if not is_first else "")
    has_previous = has_more if backwards else not is_first
    has_next = True if backwards else has_more
    return Page(
        found,
        previous_url=_url(query, before=order.cursor(found[0])) if has_previous else "",
        next_url=_url(query, after=order.cursor(found[-1])) if has_next else "",
    )


def _instant(text: str) -> dt.datetime | None:
    if not text:
        return None
    value = parse_datetime(text)
    if value is None or value.tzinfo is None:
        raise ValueError(f"no instant with a zone: {text}")
    return value


def _first(query: QueryDict) -> str:
    return _url(query)


def _url(query: QueryDict, **cursor: str) -> str:
    """The address of this list with another cursor."""
    changed = query.copy()
    for name in ("after", "before"):
        changed.pop(name, None)
    for name, value in cursor.items():
        changed[name] = value
    return f"?{changed.urlencode()}"
