"""Fields in which a place, a class or a unit is found by typing a part of its name or its pinyin.

`static/js/combobox.js` makes a text field of the <select>; without it the select works by itself.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

from django import forms
from django.forms.utils import flatatt
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from hotline.core.models import ASSISTING_KINDS, Area, AreaAlias, AreaKind, Unit, UnitKind
from hotline.core.places import units
from hotline.core.reference import remembered
from knowledge.models import Category, categories

# What the office calls a place; grids are found through their community.
_PLACES = (AreaKind.DISTRICT, AreaKind.ZONE, AreaKind.STREET, AreaKind.COMMUNITY)
SHOWN_AREAS = 20


@dataclass(frozen=True)
class Option:
    """One thing to choose: `search` are further words it is found by, `hint` where it belongs."""

    value: str
    label: str
    hint: str = ""
    search: str = ""

    @cached_property
    def html(self) -> SafeString:
        """Made once: a form offers a thousand of them."""
        return self._html("")

    @cached_property
    def chosen_html(self) -> SafeString:
        return self._html(SafeString(" selected"))

    def _html(self, selected: str) -> SafeString:
        return format_html(
            '<option value="{}" data-hint="{}" data-search="{}"{}>{}</option>',
            self.value, self.hint, self.search, selected, self.label,
        )  # fmt: skip


class TypeAhead(forms.Widget):
    """A select that becomes a type-ahead field. `options` are what it offers by itself; with
    `url_name` the field asks the server instead, and `named` finds the chosen one."""

    def __init__(
        self,
        options: Callable[[], Mapping[str, Option]],
        *,
        url_name: str = "",
        named: Callable[[str], Option | None] | None = None,
        placeholder: Any = "",
    ) -> None:
        super().__init__()
        self.options, self.url_name, self.named = options, url_name, named
        self.placeholder = placeholder

    def render(
        self, name: str, value: Any, attrs: dict[str, Any] | None = None, renderer: Any = None
    ) -> SafeString:
        extra: dict[str, Any] = {"name": name, "data-combobox": "", **(attrs or {})}
        if self.placeholder:
            extra["data-placeholder"] = self.placeholder
        if self.url_name:
            extra["data-options-url"] = reverse(self.url_name)
        chosen = str(value or "")
        offered = dict(self.options())
        if chosen and chosen not in offered:
            found = self.named(chosen) if self.named else None
            if found is not None:
                offered[chosen] = found
        options = (o.chosen_html if o.value == chosen else o.html for o in offered.values())
        return format_html(
            '<select{}><option value=""></option>{}</select>',
            flatatt(extra),
            SafeString("".join(options)),
        )


# --- classes ------------------------------------------------------------------------------


@remembered(Category)
def category_options() -> dict[str, Option]:
    """Every class in use, the most specific first, found by any word of its path."""
    known = [c for c in categories().values() if c.is_active]
    return {c.code: _category_option(c) for c in sorted(known, key=lambda c: (-c.depth, c.code))}


def _category_option(category: Category) -> Option:
    above: list[Category] = []
    parent_id = category.parent_id
    while parent_id is not None:
        above.insert(0, categories()[parent_id])
        parent_id = above[0].parent_id
    return Option(
        category.code,
        category.name,
        hint=" › ".join(c.name for c in above),
        search=" ".join([category.pinyin, category.code, *(c.pinyin for c in above)]),
    )


# --- units --------------------------------------------------------------------------------


@remembered(Unit)
def lead_unit_options() -> dict[str, Option]:
    """Every unit that may lead today."""
    today = timezone.localdate()
    return {
        unit.code: Option(
            unit.code,
            unit.name,
            hint=_unit_above(unit),
            search=f"{unit.pinyin} {unit.code}",
        )
        for unit in units().values()
        if unit.kind not in (*ASSISTING_KINDS, UnitKind.HOTLINE, UnitKind.LIAISON)
        and unit.valid_from <= today
        and (unit.valid_to is None or unit.valid_to > today)
    }


def _unit_above(unit: Unit) -> str:
    parent = units().get(unit.parent_id) if unit.parent_id else None
    return parent.name if parent else str(UnitKind(unit.kind).label)


# --- places -------------------------------------------------------------------------------


class _Place(NamedTuple):
    """A place with everything it is found by, in small letters: some 3 MB for 8,000 of them,
    against 35 ms of the database's time for every letter typed."""

    option: Option
    kind: str
    starts: tuple[str, ...]  # its name, pinyin and aliases
    own: str  # the same in one string
    words: str  # and those of what it lies in


@remembered(Area, AreaAlias)
def _places() -> dict[str, _Place]:
    """Every place by code, larger ones first."""
    aliases: dict[int, list[str]] = {}
    for area_id, name in AreaAlias.objects.values_list("area_id", "name"):
        aliases.setdefault(area_id, []).append(name.lower())
    above: dict[int, tuple[str, str]] = {}  # id → hint and words for what lies in it
    places: dict[str, _Place] = {}
    areas = Area.objects.exclude(kind=AreaKind.GRID).order_by("path")
    for pk, code, name, kind, parent_id, pinyin in areas.values_list(
        "id", "code", "name", "kind", "parent_id", "pinyin"
    ):
        hint, outer = above.get(parent_id or 0, ("", ""))
        starts = (name.lower(), pinyin.lower(), *aliases.get(pk, ()))
        own = " ".join(starts)
        words = f"{own} {outer}"
        if kind in _PLACES:
            option = Option(code, name, hint=hint, search=pinyin)
            places[code] = _Place(option, kind, starts, own, words)
            above[pk] = (f"{hint} {name}".strip(), words)
    return dict(sorted(places.items(), key=lambda item: (_PLACES.index(item[1].kind), item[0])))


@remembered(Area)
def street_options() -> dict[str, Option]:
    """What the select offers where no script asks for communities."""
    listed = Area.objects.filter(kind__in=[AreaKind.STREET, AreaKind.ZONE]).order_by("code")
    return {
        code: Option(code, name, hint=parent or "", search=pinyin)
        for code, name, parent, pinyin in listed.values_list(
            "code", "name", "parent__name", "pinyin"
        )
    }


def area_option(code: str) -> Option | None:
    place = _places().get(code)
    return place.option if place else None


def matching_areas(query: str) -> list[Option]:
    """Places in which every word typed occurs (name, alias, pinyin initials, or the same of what
    they lie in); names that begin with it and larger places first. One more than is shown tells
    the reader to go on typing."""
    words = query.lower().split()[:5]
    first = words[0] if words else ""

    def rank(place: _Place) -> int:
        if any(start.startswith(first) for start in place.starts):
            return 0
        return 1 if first in place.own else 2

    found = [p for p in _places().values() if all(word in p.words for word in words)]
    # Stable: equal ranks keep the order of size and code.
    return [p.option for p in heapq.nsmallest(SHOWN_AREAS + 1, found, key=rank)]
