"""The example city, grown to the size of a large one: sixteen districts with twenty streets each,
and the departments that go with them."""

from __future__ import annotations

import datetime as dt

from hotline.core.models import Area, AreaKind, AssessmentGroup, Unit, UnitKind
from hotline.core.models.places import AreaPopulation
from hotline.core.reference import forget_all

DISTRICTS, STREETS, DEPARTMENTS = 16, 20, 60
SINCE = dt.date(2019, 1, 1)
_SOURCE = "测速"


def grow(on: dt.date) -> None:
    """Add what is missing; everything that is there stays as it is."""
    city = Area.objects.get(kind=AreaKind.CITY)
    districts = list(Area.objects.filter(kind=AreaKind.DISTRICT).order_by("code"))
    for number in range(len(districts) + 1, DISTRICTS + 1):
        code = str(int(districts[-1].code) + 1)
        districts.append(_area(code, f"测速{number}区", AreaKind.DISTRICT, city))
    for number, district in enumerate(districts, start=1):
        unit = Unit.objects.filter(kind=UnitKind.DISTRICT, area=district).first() or _unit(
            district, f"{district.name}人民政府", UnitKind.DISTRICT, AssessmentGroup.DISTRICT, None
        )
        here = Area.objects.filter(kind=AreaKind.STREET, parent=district).count()
        for n in range(here + 1, STREETS + 1):
            name = f"测速{number}区{n}街道"
            street = _area(f"{district.code}9{n:02}", name, AreaKind.STREET, district)
            AreaPopulation.objects.create(
                area=street, year=on.year - 1, residents=20_000 + n * 5_000, source=_SOURCE
            )
            _unit(street, f"{name}办事处", UnitKind.STREET, AssessmentGroup.STREET_TOWN, unit)
    _add_departments(city)
    forget_all()


def _area(code: str, name: str, kind: str, parent: Area) -> Area:
    return Area.objects.create(
        code=code,
        name=name,
        kind=kind,
        parent=parent,
        path=f"{parent.path}{code}/",
        pinyin="cs",
        source=_SOURCE,
    )


def _unit(area: Area, name: str, kind: str, group: str, parent: Unit | None) -> Unit:
    return Unit.objects.create(
        code=area.code,
        name=name,
        kind=kind,
        group=group,
        parent=parent,
        area=area,
        valid_from=SINCE,
    )


def _add_departments(city: Area) -> None:
    here = Unit.objects.filter(kind=UnitKind.CITY_DEPARTMENT).count()
    Unit.objects.bulk_create(
        Unit(
            code=f"city-bench-{n}",
            name=f"市测速{n}局",
            kind=UnitKind.CITY_DEPARTMENT,
            group=AssessmentGroup.CITY_DEPARTMENT,
            area=city,
            valid_from=SINCE,
        )
        for n in range(here + 1, DEPARTMENTS + 1)
    )
