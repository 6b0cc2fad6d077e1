"""How many people live in a unit's area: the latest year there is, and whether it is estimated."""

from __future__ import annotations

from collections.abc import Collection

from hotline.core.models import AreaPopulation, Unit


def residents(units: Collection[Unit]) -> dict[int, AreaPopulation]:
    """Unit → the latest population of its area; a unit whose area has none is left out."""
    areas = {unit.area_id for unit in units if unit.area_id}
    latest = AreaPopulation.objects.filter(area_id__in=areas)
    latest = latest.order_by("area_id", "-year").distinct("area_id")
    of_area = {population.area_id: population for population in latest}
    return {unit.pk: of_area[unit.area_id] for unit in units if unit.area_id in of_area}
