"""What a unit may be asked to do: the duty lists in force (R-038, R-040)."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from dispatch.models import (
    AssignmentRole,
    DutyItem,
    DutyList,
    ListedKind,
    Stance,
)
from hotline.core.models import Unit, UnitKind
from hotline.core.reference import remembered
from hotline.core.violations import RuleViolation
from knowledge.models import categories

_LISTED = {
    UnitKind.STREET: ListedKind.STREET,
    UnitKind.COMMUNITY: ListedKind.COMMUNITY,
    UnitKind.CITY_DEPARTMENT: ListedKind.DEPARTMENT,
    UnitKind.DISTRICT_DEPARTMENT: ListedKind.DEPARTMENT,
    UnitKind.ENTERPRISE: ListedKind.DEPARTMENT,
}


@dataclass(frozen=True)
class Duty:
    """What a list says about a unit's part in a matter; `item` is None where it says nothing."""

    duty_list: DutyList
    item: DutyItem | None

    @property
    def stance(self) -> str:
        return self.item.stance if self.item else Stance.NOT_DUTY

    def allows(self, role: str) -> bool:
        """Whether the unit may be given this part."""
        if role == AssignmentRole.LEAD:
            return self.stance == Stance.LEADS
        return self.stance in (Stance.LEADS, Stance.ASSISTS)


@remembered(DutyList, DutyItem)
def _lists() -> dict[tuple[str, str], list[tuple[DutyList, dict[str, DutyItem]]]]:
    """Every edition by kind and line, with its items by class code."""
    found: dict[tuple[str, str], list[tuple[DutyList, dict[str, DutyItem]]]] = {}
    items: dict[int, dict[str, DutyItem]] = {}
    for item in DutyItem.objects.all():
        for code in item.categories:
            items.setdefault(item.duty_list_id, {})[code] = item
    for listed in DutyList.objects.all():
        by_code = items.get(listed.pk, {})
        found.setdefault((listed.unit_kind, listed.line), []).append((listed, by_code))
    return found


def duty_of(unit: Unit, category_id: int | None, on: dt.date) -> Duty | None:
    """The item of the unit's list in force that fits the matter best (the longest class code);
    None where no list speaks of such units, so that nothing is refused."""
    kind = _LISTED.get(UnitKind(unit.kind))
    category = categories().get(category_id or 0)
    if kind is None or category is None:
        return None
    line = unit.line if kind == ListedKind.DEPARTMENT else ""
    for listed, by_code in _lists().get((kind, line), ()):
        if listed.valid_from <= on and (listed.valid_to is None or on < listed.valid_to):
            code = category.code
            while code and code not in by_code:
                code = code[:-2]
            return Duty(listed, by_code.get(code))
    return None


def check_duty(
    unit: Unit, category_id: int | None, role: AssignmentRole, on: dt.date, field: str
) -> None:
    """Refuse an act that the unit's list does not have, naming the item (R-038, R-040)."""
    duty = duty_of(unit, category_id, on)
    if duty is None or duty.allows(role):
        return
    category = categories().get(category_id or 0)
    if duty.item is None:
        raise RuleViolation(
            "outside_duty_list",
            field=field,
            unit=unit.name,
            duty_list=duty.duty_list.name,
            category=category.name if category else "",
        )
    raise RuleViolation(
        "duty_only_assists" if duty.stance == Stance.ASSISTS else "not_its_duty",
        field=field,
        unit=unit.name,
        item=duty.item.code,
        text=duty.item.text,
    )
