"""A street's offices, teams and centres, to which it hands work down."""

from __future__ import annotations

import csv
import datetime as dt
from pathlib import Path

from django.db import transaction

from hotline.core.models import Unit, UnitKind
from hotline.core.reference import forget_all
from hotline.core.violations import RuleViolation

TEMPLATE = Path(__file__).resolve().parent.parent / "reference_data" / "street_offices.csv"


def found_offices(street: Unit, on: dt.date) -> list[Unit]:
    """Six offices, the discipline committee, the enforcement team and three centres below a street
    or town, from a day; returns those that were not there before. Safe to repeat, also by two at
    once: one that exists keeps its name, and one that was dissolved stays dissolved.

    They are no units of assessment, and never lead (R-040). Raises RuleViolation for a unit that is
    no street, or does not exist on that day.
    """
    if street.kind != UnitKind.STREET:
        raise RuleViolation("offices_of_streets_only", unit=street.name)
    if not Unit.objects.in_force(on).filter(pk=street.pk).exists():
        raise RuleViolation("unit_not_in_force", unit=street.name)
    with transaction.atomic():
        # Two at once: the second waits here and finds all done.
        Unit.objects.select_for_update(no_key=True).get(pk=street.pk)
        wanted = {office.code: office for office in _template(street, on)}
        known = set(Unit.objects.filter(code__in=wanted).values_list("code", flat=True))
        founded = Unit.objects.bulk_create(
            [office for code, office in wanted.items() if code not in known]
        )
    forget_all()
    return founded


def _template(street: Unit, on: dt.date) -> list[Unit]:
    with TEMPLATE.open(encoding="utf-8", newline="") as lines:
        return [
            Unit(
                code=f"{street.code}-{row['suffix']}",
                name=f"{street.name}{row['name']}",
                name_en=f"{street.name_en} {row['name_en']}".strip(),
                kind=UnitKind.OFFICE,
                parent=street,
                area_id=street.area_id,
                pinyin=f"{street.pinyin}{row['pinyin']}",
                valid_from=on,
            )
            for row in csv.DictReader(lines)
        ]
