"""How many people live in a unit's area: by the latest figure of a year, and whether it is
estimated."""

from __future__ import annotations

from collections.abc import Collection

from evaluation.months import Month
from hotline.core.models import AreaPopulation, Unit


def residents(units: Collection[Unit], month: Month) -> dict[int, AreaPopulation]:
    """Unit → the population of its area in the month's year, or of the latest year before; a unit
    whose area has none is left out. A later year's figure does not reach back."""
    areas = {unit.area_id for unit in units if unit.area_id}
    known = AreaPopulation.objects.filter(area_id__in=areas, year__lte=int(month.label[:4]))
    latest = known.order_by("area_id", "-year").distinct("area_id")
    of_area = {population.area_id: population for population in latest}
    return {unit.pk: of_area[unit.area_id] for unit in units if unit.area_id in of_area}
