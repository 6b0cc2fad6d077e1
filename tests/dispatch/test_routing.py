"""Choosing a clause and finding its unit: pure functions, no database."""

from __future__ import annotations

import datetime as dt
from itertools import count
from typing import Any

import pytest

from dispatch.routing import (
    Clause,
    Directory,
    Place,
    Reason,
    Resolved,
    StandIn,
    choose,
    class_path,
    is_cooperating_target,
    is_lead_target,
    resolve,
    superior,
)
from hotline.core.models import Area, AreaKind, Unit, UnitKind

ON = dt.date(2026, 4, 14)
LONG_AGO = dt.date(2019, 1, 1)
STREET = Place("99", "9901", "990101", "99010101")
_ids = count(1)


def area(path: str, kind: str) -> Area:
    return Area(code=path.rsplit("/", 2)[-2], path=path, kind=kind)


CITY = area("99/", AreaKind.CITY)
DISTRICT = area("99/9901/", AreaKind.DISTRICT)
OTHER_DISTRICT = area("99/9902/", AreaKind.DISTRICT)


def a_unit(code: str, kind: str, where: Area | None = None, line: str = "", **more: Any) -> Unit:
    more.setdefault("valid_from", LONG_AGO)
    return Unit(pk=next(_ids), code=code, name=code, kind=kind, area=where, line=line, **more)


def a_city(*further: Unit) -> Directory:
    """A city with one district that has a bureau for markets, and one that has none."""
    return Directory(
        [
            a_unit("district", UnitKind.DISTRICT, DISTRICT),
            a_unit("other", UnitKind.DISTRICT, OTHER_DISTRICT),
            a_unit("street", UnitKind.STREET, area("99/9901/990101/", AreaKind.STREET)),
            a_unit(
                "community", UnitKind.COMMUNITY,
                area("99/9901/990101/99010101/", AreaKind.COMMUNITY),
            ),
            a_unit("bureau-market", UnitKind.DISTRICT_DEPARTMENT, DISTRICT, "market"),
            a_unit("city-market", UnitKind.CITY_DEPARTMENT, CITY, "market"),
            a_unit("ent-heat", UnitKind.ENTERPRISE, CITY, "heat"),
            *further,
        ]
    )  # fmt: skip


def named(found: Resolved) -> tuple[str, str]:
    """The unit's code, or the problem; and for whom it stands in."""
    return (found.unit.code if found.unit else str(found.problem), found.stand_in)


def clause(category: str, area: str = "", *, is_precedent: bool = False, id: int = 0) -> Clause:
    return Clause(
        id=id, category=category, area=area, lead="street", is_precedent=is_precedent
    )  # fmt: skip


def order_of(*clauses: Clause, category: str = "070202") -> list[tuple[Clause, str]]:
    found = choose(clauses, class_path(category), STREET.path)
    return [(w.clause, w.reason) for w in found if w.clause]


# === Which clause ===========================================================================


def test_the_finest_class_wins_whatever_the_area() -> None:
    wide, fine = clause("07", "990101"), clause("070202")

    assert order_of(wide, fine) == [(fine, Reason.CHOSEN), (wide, Reason.WIDER_CLASS)]


def test_of_one_class_the_smallest_area_wins() -> None:
    city, district, street = clause("0702"), clause("0702", "9901"), clause("0702", "990101")

    assert order_of(city, street, district) == [
        (street, Reason.CHOSEN),
        (district, Reason.WIDER_AREA),
        (city, Reason.WIDER_AREA),
    ]


def test_a_precedent_goes_before_the_entry_of_its_class_and_area_only() -> None:
    entry, precedent = clause("0702"), clause("0702", is_precedent=True)
    finer = clause("070202")

    assert order_of(entry, precedent)[0] == (precedent, Reason.CHOSEN)
    assert order_of(entry, precedent)[1] == (entry, Reason.PRECEDENT_FIRST)
    assert order_of(finer, precedent)[0] == (finer, Reason.CHOSEN)


def test_of_two_precedents_the_newer_decides() -> None:
    old, new = clause("0702", is_precedent=True, id=1), clause("0702", is_precedent=True, id=2)

    assert order_of(old, new) == [(new, Reason.CHOSEN), (old, Reason.EARLIER)]


def test_clauses_of_other_classes_and_places_are_not_considered() -> None:
    assert order_of(clause("0703"), clause("0702", "9902"), clause("070201")) == []


# === Which unit =============================================================================


@pytest.mark.parametrize(
    ("target", "place", "found"),
    [
        ("street", STREET, ("street", "")),
        ("district", STREET, ("district", "")),
        ("community", STREET, ("community", "")),
        ("bureau:market", STREET, ("bureau-market", "")),
        ("city:market", STREET, ("city-market", "")),
        ("city:market", Place(), ("city-market", "")),
        ("enterprise:heat", STREET, ("ent-heat", "")),
        ("enterprise:heat", Place(), ("ent-heat", "")),
        ("unit:other", STREET, ("other", "")),
    ],
)
def test_a_target_means_a_unit(target: str, place: Place, found: tuple[str, str]) -> None:
    assert named(resolve(target, place, a_city(), ON)) == found


@pytest.mark.parametrize("target", ["street", "district", "community", "bureau:market"])
def test_what_depends_on_the_place_needs_a_place(target: str) -> None:
    assert named(resolve(target, Place(), a_city(), ON)) == (Reason.NO_PLACE, "")


@pytest.mark.parametrize("target", ["bureau:fire", "city:fire", "enterprise:gas", "unit:gone"])
def test_a_line_or_code_that_no_unit_has_is_named_as_such(target: str) -> None:
    assert named(resolve(target, STREET, a_city(), ON)) == (Reason.NO_SUCH_UNIT, "")


def test_a_district_without_a_bureau_of_the_line_has_the_citys_department() -> None:
    place = Place("99", "9902", "990201")

    found = resolve("bureau:market", place, a_city(), ON)

    assert named(found) == ("city-market", StandIn.CITY_FOR_BUREAU)


@pytest.mark.parametrize("place", [Place("99", "9901"), Place("99", "9901", "990109")])
def test_r032_where_the_street_is_not_found_its_district_stands_in(place: Place) -> None:
    assert named(resolve("street", place, a_city(), ON)) == (
        "district", StandIn.DISTRICT_FOR_STREET,
    )  # fmt: skip


def test_two_units_of_one_place_are_not_guessed_between() -> None:
    twin = a_unit("twin", UnitKind.DISTRICT_DEPARTMENT, DISTRICT, "market")

    assert named(resolve("bureau:market", STREET, a_city(twin), ON)) == (Reason.TWO_UNITS, "")


def test_of_two_enterprises_the_one_with_the_smaller_territory_serves_it() -> None:
    local = a_unit("ent-local", UnitKind.ENTERPRISE, DISTRICT, "heat")
    units = a_city(local)

    assert named(resolve("enterprise:heat", STREET, units, ON)) == ("ent-local", "")
    assert named(resolve("enterprise:heat", Place("99", "9902"), units, ON)) == ("ent-heat", "")


def test_an_enterprise_that_serves_other_districts_only_is_nobody_here() -> None:
    local = a_unit("ent-gas", UnitKind.ENTERPRISE, OTHER_DISTRICT, "gas")
    units = a_city(local)

    assert named(resolve("enterprise:gas", STREET, units, ON)) == (Reason.NO_SUCH_UNIT, "")
    assert named(resolve("enterprise:gas", Place(), units, ON)) == (Reason.NO_PLACE, "")


def test_a_unit_that_has_ended_is_followed_to_its_successor() -> None:
    heir = a_unit("heir", UnitKind.CITY_DEPARTMENT, CITY, "sport", valid_from=ON)
    gone = a_unit("gone", UnitKind.CITY_DEPARTMENT, CITY, "games", valid_to=ON, successor=heir)
    units = a_city(heir, gone)

    assert named(resolve("city:games", STREET, units, ON)) == ("heir", StandIn.SUCCESSOR)
    assert named(resolve("city:games", STREET, units, ON - dt.timedelta(days=1))) == ("gone", "")


def test_a_unit_that_has_ended_without_a_successor_is_nobody() -> None:
    gone = a_unit("gone", UnitKind.CITY_DEPARTMENT, CITY, "games", valid_to=ON)

    assert named(resolve("unit:gone", STREET, a_city(gone), ON)) == (Reason.ENDED, "")


def test_two_units_that_name_each_other_as_successor_lead_nowhere() -> None:
    first = a_unit("first", UnitKind.CITY_DEPARTMENT, CITY, "games", valid_to=ON)
    second = a_unit("second", UnitKind.CITY_DEPARTMENT, CITY, valid_to=ON, successor=first)
    first.successor = second

    assert named(resolve("unit:first", STREET, a_city(first, second), ON)) == (Reason.ENDED, "")


# === Who is above an accused unit (R-020) ===================================================


def test_r020_the_parent_takes_what_is_said_against_a_unit() -> None:
    units = a_city()
    bureau = a_unit("b", UnitKind.DISTRICT_DEPARTMENT, DISTRICT, "market")
    bureau.parent_id = units.by_code["district"].pk

    assert named(superior(bureau, units, ON)) == ("district", StandIn.SUPERIOR)


def test_r020_a_unit_without_a_parent_has_the_citys_department_of_its_line() -> None:
    shop = a_unit("shop", UnitKind.ENTERPRISE, CITY, "market")

    assert named(superior(shop, a_city(shop), ON)) == ("city-market", StandIn.SUPERIOR)


def test_r020_nobody_is_above_a_department_of_the_city() -> None:
    units = a_city()

    assert named(superior(units.by_code["city-market"], units, ON)) == (Reason.NO_SUPERIOR, "")


# === How targets are written ================================================================


@pytest.mark.parametrize("target", ["street", "district", "bureau:x", "city:x", "unit:x"])
def test_these_may_lead(target: str) -> None:
    assert is_lead_target(target)


@pytest.mark.parametrize("target", ["", "bureau", "bureau:", "town", "street:x", "streets"])
def test_these_mean_nothing(target: str) -> None:
    assert not is_cooperating_target(target)


def test_r040_a_community_is_named_as_an_assistant_only() -> None:
    assert is_cooperating_target("community")
    assert not is_lead_target("community")
