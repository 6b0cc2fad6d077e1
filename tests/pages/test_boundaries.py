"""The approved map of the districts: shown with its number, or not at all."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.checks import run_checks
from django.test import Client
from pytest_django import Settings

from hotline.core.models import Role
from hotline.core.places import districts
from tests import factories as make

SignIn = Callable[..., Client]
Supply = Callable[..., None]
NUMBER = "示S(2026)0001号"
# Two squares side by side on the equator; the first has a hole.
FIRST = [[0, 0], [1, 0], [1, 1], [0, 1], [0, 0]]
HOLE = [[0.4, 0.4], [0.6, 0.4], [0.6, 0.6], [0.4, 0.6], [0.4, 0.4]]
SECOND = [[1, 0], [2, 0], [2, 1], [1, 1], [1, 0]]


def feature(code: object, kind: str, coordinates: Any, name: str = "code") -> dict[str, Any]:
    return {
        "type": "Feature",
        "properties": {name: code},
        "geometry": {"type": kind, "coordinates": coordinates},
    }


def invented(*, name: str = "code") -> list[dict[str, Any]]:
    """A square for each district of the small city, and what is left over for the last."""
    first, *others = sorted(districts())
    return [
        feature(first, "Polygon", [FIRST, HOLE], name),
        *(feature(code, "MultiPolygon", [[SECOND]], name) for code in others),
    ]


@pytest.fixture
def supply(tmp_path: Path, settings: Settings) -> Supply:
    """`supply(features)` is what an operator does who has an approved map."""

    def supplied(features: object, number: str = NUMBER) -> None:
        path = tmp_path / "map.json"
        path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
        settings.MAP_BOUNDARIES, settings.MAP_APPROVAL_NUMBER = str(path), number

    return supplied


def page_of(sign_in: SignIn) -> str:
    answer = sign_in(Role.CITY_SUPERVISOR).get("/dashboard/")
    assert answer.status_code == 200
    return answer.content.decode()


def outlines(page: str) -> dict[str, tuple[str, str]]:
    """Address → shade and path of every district on the map."""
    found = re.findall(
        r'<a href="([^"]*)" aria-label="[^"]*"><path class="is-shade-(\d)" fill-rule="evenodd"'
        r' d="([^"]*)"><title>',
        page,
    )
    return {url: (shade, path) for url, shade, path in found}


def complaints() -> list[str]:
    found = run_checks(databases=["default"])
    return [str(one.msg) for one in found if str(one.id).startswith("hotline.W10")]


def test_without_a_map_the_districts_are_tiles(sign_in: SignIn) -> None:
    page = page_of(sign_in)

    assert 'class="tile-map"' in page
    assert "district-map" not in page
    assert complaints() == []


def test_a_district_on_the_map_opens_it_in_the_shade_of_its_tile(
    sign_in: SignIn, supply: Supply
) -> None:
    make.accepted_ticket(area=make.area("990101001"))
    supply(invented())

    page = page_of(sign_in)

    first = min(districts())
    (url,) = (url for url in outlines(page) if first in url)
    assert len(outlines(page)) == len(districts())
    assert url.startswith("/dashboard/?scope=district%3A990101&")
    assert outlines(page)[url][0] == "5"
    assert f"审图号：{NUMBER}" in page
    assert 'class="tile-map"' in page
    assert complaints() == []


def test_the_drawing_is_as_wide_as_the_ground_and_keeps_holes(
    sign_in: SignIn, supply: Supply
) -> None:
    supply(invented())

    page = page_of(sign_in)

    paths = [path for _shade, path in outlines(page).values()]
    # A degree of longitude half a degree from the equator is as long as one of latitude.
    assert 'viewBox="0 0 1000 501"' in page
    assert paths[0] == ("M0 500L500 500L500 0L0 0L0 500ZM200 300L300 300L300 200L200 200L200 300Z")
    assert paths[1].startswith("M500 500L1000 500")


def test_the_property_that_names_the_district_can_be_another(
    sign_in: SignIn, supply: Supply, settings: Settings
) -> None:
    settings.MAP_CODE_PROPERTY = "adcode"
    supply([*invented(name="adcode")])

    assert "district-map" in page_of(sign_in)


def test_whoever_does_not_see_the_city_sees_no_map(sign_in: SignIn, supply: Supply) -> None:
    supply(invented())

    page = sign_in(Role.MANAGER, make.unit()).get("/dashboard/").content.decode()

    assert "district-map" not in page
    assert NUMBER not in page


BROKEN = {
    "an unknown code": ([feature("000000", "Polygon", [FIRST])], "地图里有本市没有的区：000000"),
    "a point": ([feature("990101", "Point", [0, 0])], "须是 GeoJSON"),
    "metres": ([feature("990101", "Polygon", [[[500000, 4400000]]])], "须是 GeoJSON"),
    "no area": ([feature("990101", "Polygon", [[[1, 1], [1, 1]]])], "须是 GeoJSON"),
    "no code": ([feature("990101", "Polygon", [FIRST], "name")], "须是 GeoJSON"),
    "no feature": ([], "须是 GeoJSON"),
    "no list": (None, "须是 GeoJSON"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_map_that_cannot_be_shown_leaves_the_tiles_and_a_sentence(
    sign_in: SignIn, supply: Supply, case: str
) -> None:
    features, sentence = BROKEN[case]
    supply(features)

    page = page_of(sign_in)

    assert "district-map" not in page
    assert 'class="tile-map"' in page
    (said,) = complaints()
    assert sentence in said


def test_a_file_that_is_not_there_or_not_json_is_told(
    sign_in: SignIn, settings: Settings, tmp_path: Path
) -> None:
    settings.MAP_APPROVAL_NUMBER = NUMBER
    (tmp_path / "torn.json").write_text('{"features": [')

    for name in ("none.json", "torn.json"):
        settings.MAP_BOUNDARIES = str(tmp_path / name)
        assert "读不出来" in complaints()[0]
        assert "district-map" not in page_of(sign_in)


def test_a_map_without_its_number_is_not_shown(sign_in: SignIn, supply: Supply) -> None:
    supply(invented(), number="")

    assert "district-map" not in page_of(sign_in)
    assert complaints() == ["有地图而没有审图号（MAP_APPROVAL_NUMBER），地图不显示。"]


def test_a_number_without_its_map_is_told(settings: Settings) -> None:
    settings.MAP_APPROVAL_NUMBER = NUMBER

    assert complaints() == ["有审图号而没有地图文件（MAP_BOUNDARIES），地图不显示。"]


def test_a_district_without_an_outline_is_told_and_keeps_its_tile(
    sign_in: SignIn, supply: Supply
) -> None:
    supply(invented()[:1])

    page = page_of(sign_in)

    assert len(outlines(page)) == 1
    assert page.count('class="tile ') == len(districts())
    assert "缺少这些区" in complaints()[0]
