"""Fields in which a place, a class or a unit is found by typing a part of its name or its pinyin.

`static/js/combobox.js` makes a text field of the <select>; without it the select works by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django import forms
from django.db.models import Case, IntegerField, Q, QuerySet, Value, When
from django.forms.utils import flatatt
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from hotline.core.models import Area, AreaAlias, AreaKind, Unit, UnitKind
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
        return format_html(
            '<select{}><option value=""></option>{}</select>',
            flatatt(extra),
            options_html(offered.values(), chosen),
        )


def options_html(options: Any, chosen: str = "") -> SafeString:
    selected = SafeString(" selected")
    return format_html_join(
        "",
        '<option value="{}" data-hint="{}" data-search="{}"{}>{}</option>',
        (
            (o.value, o.hint, o.search, selected if o.value == chosen else "", o.label)
            for o in options
        ),
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
        if unit.kind not in (UnitKind.COMMUNITY, UnitKind.HOTLINE)
        and unit.valid_from <= today
        and (unit.valid_to is None or unit.valid_to > today)
    }


def _unit_above(unit: Unit) -> str:
    parent = units().get(unit.parent_id) if unit.parent_id else None
    return parent.name if parent else str(UnitKind(unit.kind).label)


# --- places -------------------------------------------------------------------------------


@remembered(Area)
def street_options() -> dict[str, Option]:
    """Streets and districts: what the select offers where no script asks for communities."""
    streets = Area.objects.filter(kind__in=[AreaKind.ZONE, AreaKind.STREET])
    return {o.value: o for o in map(_area_option, _with_parents(streets).order_by("code"))}


def area_option(code: str) -> Option | None:
    area = _with_parents(Area.objects.filter(code=code)).first()
    return _area_option(area) if area else None


def matching_areas(query: str) -> list[Option]:
    """Places in which every word typed occurs (name, alias, pinyin initials, or the same of what
    they lie in); names that begin with it and larger places first. One more than is shown tells
    the reader to go on typing."""
    found = _with_parents(Area.objects.filter(kind__in=_PLACES))
    words = query.lower().split()[:5]
    for word in words:
        aliases = AreaAlias.objects.filter(name__icontains=word).values("area")
        found = found.filter(
            _called(word, "")
            | _called(word, "parent__")
            | _called(word, "parent__parent__")
            | Q(pk__in=aliases)
        )
    first = words[0] if words else ""
    ranked = found.alias(
        rank=Case(
            When(name__istartswith=first, then=Value(0)),
            When(pinyin__istartswith=first, then=Value(1)),
            When(Q(name__icontains=first) | Q(pinyin__icontains=first), then=Value(2)),
            default=Value(3),
            output_field=IntegerField(),
        ),
        size=Case(
            *(When(kind=kind, then=Value(order)) for order, kind in enumerate(_PLACES)),
            output_field=IntegerField(),
        ),
    )
    return [_area_option(a) for a in ranked.order_by("rank", "size", "code")[: SHOWN_AREAS + 1]]


def _called(word: str, prefix: str) -> Q:
    return Q(**{f"{prefix}name__icontains": word}) | Q(**{f"{prefix}pinyin__icontains": word})


def _with_parents(areas: QuerySet[Area]) -> QuerySet[Area]:
    return areas.select_related("parent__parent")


def _area_option(area: Area) -> Option:
    above: list[str] = []
    parent = area.parent
    while parent is not None and parent.kind != AreaKind.CITY and len(above) < 2:
        above.insert(0, parent.name)
        parent = parent.parent
    return Option(area.code, area.name, hint=" ".join(above), search=area.pinyin)
