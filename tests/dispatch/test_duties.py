"""What a unit may be asked to do (R-038, R-040): the duty lists bind dispatch, and say why."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from dispatch import services as dispatching
from dispatch.models import AssignmentRole, DutyItem, DutyList, Stance
from dispatch.services.duties import check_duty, duty_of
from hotline.core.models import Unit
from hotline.core.reference import forget_all
from hotline.core.violations import RuleViolation
from tests.factories import (
    AT,
    LONG_AGO,
    accepted_ticket,
    category,
    dispatcher,
    fresh,
    handled_ticket,
    handler,
    hours,
    minutes,
    unit,
)

pytestmark = pytest.mark.usefixtures("city")
ON = AT.date()


def listed(kind: str, *items: tuple[str, str, str], line: str = "", **fields: Any) -> DutyList:
    """A list with items (code, class codes, stance), in force since long ago unless told."""
    fields.setdefault("valid_from", LONG_AGO)
    made = DutyList.objects.create(
        code=f"{kind}-{line or 'all'}", unit_kind=kind, line=line, name="测试履职清单", **fields
    )
    for code, classes, stance in items:
        DutyItem.objects.create(
            duty_list=made, code=code, text=f"{code} 的事项", categories=classes.split(),
            stance=stance, basis="无公布依据（推断）",
        )  # fmt: skip
    forget_all()
    return made


def refusal(unit: Unit, class_code: str, role: AssignmentRole) -> RuleViolation:
    with pytest.raises(RuleViolation) as found:
        check_duty(unit, category(class_code).pk, role, ON, "lead_unit")
    return found.value


def test_where_no_list_speaks_of_a_kind_of_unit_nothing_is_refused() -> None:
    check_duty(unit(), category("1401").pk, AssignmentRole.LEAD, ON, "lead_unit")

    assert duty_of(unit(), category("1401").pk, ON) is None


def test_r038_what_is_a_departments_duty_is_not_pushed_down_and_the_item_is_named() -> None:
    listed("street", ("S-01", "05 07", "leads"), ("S-09", "14", "not_duty"))

    found = refusal(unit(), "1401", AssignmentRole.LEAD)

    assert (found.code, found.field) == ("not_its_duty", "lead_unit")
    assert "S-09" in found.sentence()
    assert "S-09 的事项" in found.sentence()


def test_the_longest_class_code_decides() -> None:
    listed("street", ("S-01", "05", "not_duty"), ("S-02", "0501", "leads"))

    found = duty_of(unit(), category("0501").pk, ON)

    assert found is not None
    assert found.item is not None
    assert (found.item.code, found.stance) == ("S-02", Stance.LEADS)


def test_a_unit_that_only_assists_may_not_lead() -> None:
    listed("street", ("S-03", "10", "assists"))

    check_duty(unit(), category("1001").pk, AssignmentRole.COOPERATE, ON, "unit")
    assert refusal(unit(), "1001", AssignmentRole.LEAD).code == "duty_only_assists"


def test_an_act_outside_the_list_is_refused_with_the_lists_name() -> None:
    listed("street", ("S-01", "05", "leads"))

    found = refusal(unit(), "1401", AssignmentRole.LEAD)

    assert found.code == "outside_duty_list"
    assert "测试履职清单" in found.sentence()


def test_a_departments_list_is_that_of_its_line() -> None:
    listed("department", ("D-01", "14", "leads"), line="market")
    market = unit("990101-market")
    market.line = "market"
    market.save()

    check_duty(market, category("1401").pk, AssignmentRole.LEAD, ON, "lead_unit")
    assert duty_of(unit("city-urban"), category("1401").pk, ON) is None


def test_an_edition_counts_from_its_first_day_and_no_longer_than_its_last() -> None:
    old = listed("street", ("S-01", "05", "leads"), valid_to=ON)
    new = DutyList.objects.create(
        code=old.code, edition=2, unit_kind="street", name="第二版", valid_from=ON
    )
    forget_all()

    assert duty_of(unit(), category("0501").pk, ON - dt.timedelta(days=1)).duty_list == old  # type: ignore[union-attr]
    assert duty_of(unit(), category("0501").pk, ON).duty_list == new  # type: ignore[union-attr]


def test_r040_a_dispatch_against_the_list_changes_nothing() -> None:
    listed("street", ("S-09", "0501", "not_duty"))
    ticket = accepted_ticket()

    with pytest.raises(RuleViolation, match="S-09"):
        dispatching.dispatch(
            number=ticket.number, actor=dispatcher(), at=AT + minutes(5), lead_unit=unit()
        )

    assert (fresh(ticket).state, fresh(ticket).event_seq) == ("accepted", ticket.event_seq)


def test_what_the_authority_designates_is_not_held_against_the_list() -> None:
    ticket = handled_ticket(lead_unit=unit("city-urban"))
    listed("street", ("S-09", "0501", "not_duty"))
    dispatching.raise_objection(
        number=ticket.number, actor=handler(ticket), at=AT + hours(1),
        reason="不属本单位职责", basis="职责规定",
    )  # fmt: skip

    dispatching.designate(
        number=ticket.number, actor=dispatcher(), at=AT + hours(2), unit=unit(), ruling="属地兜底"
    )

    assert fresh(ticket).lead_unit == unit()
