"""Where it comes from: the tiles of the districts, and classes against places."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from django.utils.translation import gettext as _

from evaluation import monthly, rates
from evaluation.figures import Accepted
from evaluation.formulas import share
from evaluation.months import Month
from evaluation.scopes import CITY, Scope, ScopeKind
from hotline.core.models import Area
from hotline.core.places import area_by_code, area_by_id, districts
from hotline.pages.dashboard.links import dashboard_url, number
from hotline.pages.month import Number
from hotline.pages.tile_places import place_of
from knowledge.models import categories

# How many shades a number can have; the first is that of nothing.
SHADES = 5


@dataclass(frozen=True)
class Tile:
    """A district on the tile map: where its tile lies, its volume and how much was solved."""

    code: str
    name: str
    url: str
    row: int
    column: int
    volume: Number
    resolved: Number
    resolution: Decimal | None
    shade: int


@dataclass(frozen=True)
class HeatCell:
    number: Number
    shade: int


@dataclass(frozen=True)
class HeatRow:
    name: str
    cells: list[HeatCell]
    total: Number


@dataclass(frozen=True)
class Heat:
    """Classes against places; what has no class or no place has a row and a column of its own."""

    columns: list[str]
    rows: list[HeatRow]
    totals: list[Number]
    total: Number


# --- the tiles -----------------------------------------------------------------------------------


def tiles(month: Month, counted: Accepted, lines: Iterable[monthly.Line]) -> list[Tile]:
    """Every district of the city. What was solved is told of the units that lie in it."""
    volumes: Counter[str] = Counter()
    for (_code, place), n in counted.by_place.items():
        volumes[place] += n
    told = [line for line in lines if line.unit.area is not None]
    most = max(volumes.values(), default=0)
    found = []
    for n, (code, pk) in enumerate(sorted(districts().items())):
        area = area_by_id(pk)
        assert area is not None  # districts are known
        scope = Scope(ScopeKind.DISTRICT, district=area)
        own = [line for line in told if scope.takes(line.unit)]
        valid = sum(line.counts["valid"] for line in own)
        resolved = sum(line.counts["resolved"] for line in own)
        row, column = place_of(code, n)
        of = {"period": month.label}
        found.append(
            Tile(
                code=code,
                name=area.name,
                url=dashboard_url(scope, month.label),
                row=row,
                column=column,
                volume=number(area.name, volumes[code], CITY, area=code, **of),
                resolved=number(_("已解决"), resolved, scope, cell="resolved", **of),
                resolution=rates.percent(share(resolved, valid)),
                shade=shade(volumes[code], most),
            )
        )
    return found


# --- classes against places -------------------------------------------------------------------


def heat(month: Month, scope: Scope, counted: Accepted) -> Heat:
    """The month's tickets by first-level class and place."""
    classes = _classes(counted)
    places = _places(counted, scope)
    most = max(counted.by_place.values(), default=0)
    of_place: Counter[str] = Counter()
    of_class: Counter[str] = Counter()
    for (code, place), n in counted.by_place.items():
        of_place[place] += n
        of_class[code] += n

    def told(label: str, n: int, **conditions: str) -> Number:
        return number(label, n, scope, period=month.label, **conditions)

    return Heat(
        columns=list(places.values()),
        rows=[
            HeatRow(
                name=name,
                cells=[
                    HeatCell(
                        told(
                            f"{name} {where}", counted.by_place[code, place],
                            **_class(code), **_place(place, scope),
                        ),
                        shade(counted.by_place[code, place], most),
                    )
                    for place, where in places.items()
                ],
                total=told(name, of_class[code], **_class(code)),
            )
            for code, name in classes.items()
        ],
        totals=[
            told(where, of_place[place], **_place(place, scope))
            for place, where in places.items()
        ],
        total=told(_("合计"), counted.total),
    )  # fmt: skip


def _classes(counted: Accepted) -> dict[str, str]:
    """The first-level classes that occur, in the order of their codes, the unknown one last."""
    names = {one.code: one.name for one in categories().values() if one.depth == 1}
    met = {code for code, _place in counted.by_place}
    found = {code: names[code] for code in sorted(met & names.keys())}
    return found | ({"": _("未分类")} if "" in met else {})


def _places(counted: Accepted, scope: Scope) -> dict[str, str]:
    """The places that occur and those of the city's map, the unknown one last."""
    met = {place for _code, place in counted.by_place}
    areas: Mapping[str, Area | None] = {code: area_by_code(code) for code in sorted(met - {""})}
    found = {code: area.name for code, area in areas.items() if area}
    return found | ({"": _("地点不详")} if "" in met else {})


def _class(code: str) -> dict[str, str]:
    return {"category": code} if code else {"unclassified": "on"}


def _place(code: str, scope: Scope) -> dict[str, str]:
    return {"area": code} if code else {"unplaced": str(scope.depth)}


def shade(n: int, most: int) -> int:
    """From 0 for nothing to the darkest for the most, in equal steps of the square root: a few
    large cells do not make all others look alike."""
    if not n:
        return 0
    return min(SHADES, 1 + int((n / most) ** 0.5 * SHADES))
