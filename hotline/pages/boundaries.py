"""The boundaries of the districts, from the approved map that the operator supplies.

We ship none: a map of administrative areas may be shown only as it was approved, with its approval
number (审图号) beside it. Without both the districts stay tiles.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Warning
from django.utils.translation import gettext as _

from hotline.core.places import districts
from hotline.pages.dashboard.places import Tile

# The drawing's own measure: so wide, and coordinates to a tenth of that.
WIDTH = 1000
_POLYGONS = {"Polygon", "MultiPolygon"}
Point = tuple[float, float]
Ring = list[Point]


class UnusableMap(Exception):
    """The approved map cannot be shown; the sentence says why."""


@dataclass(frozen=True)
class Outlines:
    """The districts' outlines by code, as paths of one drawing of this size."""

    width: int
    height: int
    paths: dict[str, str]


@dataclass(frozen=True)
class District:
    """One district as it is drawn: its outline and the tile that tells of it."""

    path: str
    tile: Tile


@dataclass(frozen=True)
class DistrictMap:
    width: int
    height: int
    districts: list[District]
    approval_number: str


def district_map(tiles: Sequence[Tile]) -> DistrictMap | None:
    """The approved map of some districts; None where there is none that can be shown."""
    try:
        outlines = _supplied()
        if outlines is None or not tiles:
            return None
        _compare(outlines, {tile.code for tile in tiles})
    except UnusableMap:
        return None
    drawn = [District(outlines.paths[t.code], t) for t in tiles if t.code in outlines.paths]
    return DistrictMap(outlines.width, outlines.height, drawn, settings.MAP_APPROVAL_NUMBER)


def map_is_usable(**_options: Any) -> list[CheckMessage]:
    """What the operator supplied of the map is whole and can be read."""
    try:
        _supplied()
    except UnusableMap as problem:
        return [_warning(problem, "hotline.W101")]
    return []


def map_is_of_this_city(
    databases: Sequence[str] | None = None, **_options: Any
) -> list[CheckMessage]:
    """The map names the districts that this city has. Asked where a database may be read."""
    known = districts() if databases else {}
    try:
        outlines = _supplied()
    except UnusableMap:
        return []  # told by map_is_usable
    if outlines is None or not known:
        return []
    try:
        _compare(outlines, known)
        _find_missing(outlines, known)
    except UnusableMap as problem:
        return [_warning(problem, "hotline.W102")]
    return []


def _warning(problem: UnusableMap, number: str) -> CheckMessage:
    return Warning(str(problem), hint="MAP_BOUNDARIES, MAP_APPROVAL_NUMBER", id=number)


def _compare(outlines: Outlines, known: Iterable[str]) -> None:
    unknown = sorted(outlines.paths.keys() - set(known))
    if unknown:
        raise UnusableMap(_("地图里有本市没有的区：%(codes)s。") % {"codes": "、".join(unknown)})


def _find_missing(outlines: Outlines, known: Iterable[str]) -> None:
    missing = sorted(set(known) - outlines.paths.keys())
    if missing:
        raise UnusableMap(
            _("地图里缺少这些区，它们只有方格：%(codes)s。") % {"codes": "、".join(missing)}
        )


# --- reading ----------------------------------------------------------------------------------


def _supplied() -> Outlines | None:
    """What the settings name; None where they name nothing. Raises UnusableMap."""
    path, number = settings.MAP_BOUNDARIES, settings.MAP_APPROVAL_NUMBER
    if not path and not number:
        return None
    if not number:
        raise UnusableMap(_("有地图而没有审图号（MAP_APPROVAL_NUMBER），地图不显示。"))
    if not path:
        raise UnusableMap(_("有审图号而没有地图文件（MAP_BOUNDARIES），地图不显示。"))
    read = _read(path, settings.MAP_CODE_PROPERTY)
    if isinstance(read, UnusableMap):
        raise read
    return read


@cache
def _read(path: str, code_property: str) -> Outlines | UnusableMap:
    """Once per process, a failure too."""
    try:
        collection = json.loads(Path(path).read_text(encoding="utf-8-sig"))
    except (OSError, ValueError):
        return UnusableMap(_("地图文件 %(path)s 读不出来，或不是 JSON。") % {"path": path})
    try:
        return _outlines(_rings_by_code(collection, code_property))
    except (LookupError, TypeError, ValueError, AttributeError):
        return UnusableMap(
            _(
                "地图文件 %(path)s 须是 GeoJSON FeatureCollection，"
                "每个要素是 Polygon 或 MultiPolygon，坐标是经纬度，属性 %(name)s 是区的代码。"
            )
            % {"path": path, "name": code_property}
        )


def _rings_by_code(collection: Any, code_property: str) -> dict[str, list[Ring]]:
    """The rings of every district in degrees. Raises an ordinary error for what is no such map."""
    found: dict[str, list[Ring]] = {}
    for feature in collection["features"]:
        code = str(feature["properties"][code_property])
        found.setdefault(code, []).extend(_rings(feature["geometry"]))
    if not any(found.values()):
        raise ValueError("no district")
    return found


def _rings(geometry: Any) -> Iterator[Ring]:
    """Outer rings and holes alike: the drawing fills by even and odd."""
    if geometry["type"] not in _POLYGONS:
        raise ValueError(geometry["type"])
    parts = geometry["coordinates"]
    for polygon in [parts] if geometry["type"] == "Polygon" else parts:
        for ring in polygon:
            yield [_degrees(point) for point in ring]


def _degrees(point: Any) -> Point:
    longitude, latitude = float(point[0]), float(point[1])
    if not (abs(longitude) <= 180 and abs(latitude) < 90):
        raise ValueError("not degrees")
    return longitude, latitude


# --- drawing ----------------------------------------------------------------------------------


def _outlines(rings: dict[str, list[Ring]]) -> Outlines:
    """Equirectangular: a degree of longitude as long as it is at the middle of the map."""
    points = [point for own in rings.values() for ring in own for point in ring]
    west, east = min(x for x, _y in points), max(x for x, _y in points)
    south, north = min(y for _x, y in points), max(y for _x, y in points)
    shrunk = math.cos(math.radians((south + north) / 2))
    if east == west or north == south:
        raise ValueError("no area")
    scale = WIDTH / ((east - west) * shrunk)

    def placed(ring: Ring) -> list[str]:
        drawn: list[str] = []
        for x, y in ring:
            point = f"{_short((x - west) * shrunk * scale)} {_short((north - y) * scale)}"
            if not drawn or drawn[-1] != point:
                drawn.append(point)
        return drawn

    return Outlines(
        width=WIDTH,
        height=math.ceil((north - south) * scale),
        paths={
            code: "".join(f"M{'L'.join(placed(ring))}Z" for ring in own)
            for code, own in rings.items()
        },
    )


def _short(value: float) -> str:
    return f"{round(value, 1):g}"
