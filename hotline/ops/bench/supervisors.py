"""Twenty people who look at results, and which pages they open in turn: the dashboards. The page of
indicators is none of them; it counts its rows at every look."""

from __future__ import annotations

from dataclasses import dataclass, field

from django.urls import Resolver404, resolve
from django.utils import timezone

from hotline.core.models import Membership, Role, Staff, Unit, UnitKind
from hotline.ops.bench import big_city, cast
from hotline.ops.bench.cast import Headers

PEOPLE = 20
CITY, DISTRICT, UNIT = "市级督导", "区督导", "单位负责人"
# Of twenty, six watch the city, four a district, ten manage a unit.
_MIX = (CITY, UNIT, DISTRICT, UNIT, CITY, UNIT, DISTRICT, UNIT, CITY, UNIT)


@dataclass(frozen=True)
class Person:
    """Somebody signed in; `pages` are what that person opens, by what the report calls them."""

    role: str
    headers: Headers
    pages: dict[str, str] = field(default_factory=dict)


def assemble() -> list[Person]:
    """The twenty with their sessions; a page that the site does not have is nobody's."""
    streets = list(Unit.objects.filter(kind=UnitKind.STREET).order_by("code"))
    districts = list(Unit.objects.filter(kind=UnitKind.DISTRICT).order_by("code"))
    others = list(Unit.objects.filter(kind=UnitKind.CITY_DEPARTMENT).order_by("code"))
    hotline = Unit.objects.get(kind=UnitKind.HOTLINE)
    people = []
    for n in range(PEOPLE):
        role = _MIX[n % len(_MIX)]
        street = streets[n * len(streets) // PEOPLE]
        district = districts[n * len(districts) // PEOPLE]
        inside = [unit for unit in streets if unit.parent_id == district.pk] or streets
        if role == CITY:
            unit, job = hotline, Role.CITY_SUPERVISOR
            pages = _of_city(district, street)
        elif role == DISTRICT:
            unit, job = district, Role.DISTRICT_SUPERVISOR
            pages = _of_district(district, inside[n % len(inside)])
        else:
            unit, job = (others[n] if n % 4 == 1 else street), Role.MANAGER
            pages = _of_unit(unit)
        there = {name: path for name, path in pages.items() if _is_there(path)}
        people.append(Person(role, cast.session(_staff(n, unit, job)), there))
    return people


def _staff(n: int, unit: Unit, role: Role) -> Staff:
    person, made = Staff.objects.get_or_create(
        username=f"bench-{n}",
        defaults={
            "display_name": f"测速{n}",
            "password": "!",
            "staff_no": f"8{n:04}",
            "joined_at": timezone.now(),
        },
    )
    if made:
        Membership.objects.create(staff=person, unit=unit, role=role, valid_from=big_city.SINCE)
    return person


def _of_city(district: Unit, street: Unit) -> dict[str, str]:
    return {
        "看板·全市": "/dashboard/",
        "看板·一个区": f"/dashboard/?scope=district:{district.code}",
        "看板·一个单位": f"/dashboard/?scope=unit:{street.code}",
        "看板·市级部门": "/dashboard/?group=city_department",
        "领导台": "/leader/",
        "月度排名": "/monthly/",
        "月度排名·市级部门": "/monthly/?group=city_department",
        "走势": "/course/",
        "单位页": f"/assessment/units/{street.code}/",
    }


def _of_district(district: Unit, street: Unit) -> dict[str, str]:
    return {
        "看板·一个区": f"/dashboard/?scope=district:{district.code}",
        "看板·一个单位": f"/dashboard/?scope=unit:{street.code}",
        "月度排名": "/monthly/?group=street_town",
        "走势": "/course/",
        "单位页": f"/assessment/units/{street.code}/",
    }


def _of_unit(unit: Unit) -> dict[str, str]:
    return {
        "看板·一个单位": f"/dashboard/?scope=unit:{unit.code}",
        "月度排名": f"/monthly/?group={unit.group}",
        "单位页": f"/assessment/units/{unit.code}/",
    }


def _is_there(path: str) -> bool:
    try:
        resolve(path.partition("?")[0])
    except Resolver404:
        return False
    return True
