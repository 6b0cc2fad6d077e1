"""What the catalogue in force proposes, and why (R-020, R-030…R-033, R-038, R-058)."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from dispatch.models import CatalogueEntry, CatalogueVersion, DutyItem, DutyList, Precedent
from dispatch.rendering.catalogue import weighed_words
from dispatch.routing import Reason
from dispatch.services import Proposal, propose_unit
from dispatch.services.proposing import explain
from hotline.core.models import Unit, UnitKind
from hotline.core.reference import forget_all
from tests.factories import AT, LONG_AGO, area, category, make_unit, unit

pytestmark = pytest.mark.usefixtures("city")
NO_BASIS = "无公布依据（推断）"


@pytest.fixture(autouse=True)
def lines(city: None) -> None:
    """The small city's departments know their lines."""
    for code, line in (("990101-market", "market"), ("city-urban", "urban"),
                       ("city-housing", "housing"), ("ent-heat", "heat")):  # fmt: skip
        Unit.objects.filter(code=code).update(line=line)
    forget_all()


def edition(*clauses: tuple[str, str], since: dt.date = LONG_AGO, **more: Any) -> CatalogueVersion:
    """An edition in force with clauses (class, lead); `more` are columns of every one of them."""
    number = CatalogueVersion.objects.count() + 1
    version = CatalogueVersion.objects.create(
        number=number, made_at=AT, made_by="system", published_at=AT, valid_from=since
    )
    for code, lead in clauses:
        CatalogueEntry.objects.create(
            version=version, category=category(code), lead=lead, **{"basis": NO_BASIS, **more}
        )
    forget_all()
    return version


def proposed(class_code: str = "1401", area_code: str = "990101001", **more: Any) -> Proposal:
    found = propose_unit(area(area_code), at=AT, category=category(class_code), **more)
    assert found is not None
    return found


def reasons(found: Proposal) -> list[str]:
    return [weighed.reason for weighed in found.weighed]


def test_the_clause_of_the_class_names_the_unit_and_the_order_keeps_why() -> None:
    version = edition(("14", "bureau:market"), ("07", "street"))

    found = proposed()

    assert (found.unit, found.copy) == (unit("990101-market"), None)
    assert found.version_id == version.pk
    assert found.entry_id == version.entries.get(category__code="14").pk
    assert found.basis == f"派单目录第1版 14市场管理：{NO_BASIS}"


def test_r031_a_street_that_leads_has_its_district_copied() -> None:
    edition(("07", "street"))

    found = proposed("0702")

    assert (found.unit, found.copy) == (unit("990101001"), unit("990101"))


def test_the_edition_of_the_day_decides() -> None:
    old = edition(("14", "street"))
    CatalogueVersion.objects.filter(pk=old.pk).update(valid_to=AT.date())
    edition(("14", "bureau:market"), since=AT.date())

    before = propose_unit(area(), at=AT - dt.timedelta(days=1), category=category("1401"))

    assert before is not None
    assert before.unit == unit("990101001")
    assert proposed().unit == unit("990101-market")


def test_where_the_district_has_no_bureau_the_explanation_says_so() -> None:
    edition(("05", "bureau:housing"))

    found = proposed("0501")

    assert found.unit == unit("city-housing")
    assert "由市级部门承办" in found.basis
    assert "改由市级部门承办" in weighed_words(found.weighed[0])


def test_the_next_clause_is_taken_where_the_best_names_nobody() -> None:
    edition(("1401", "enterprise:shops"), ("14", "bureau:market"))

    found = proposed()

    assert found.unit == unit("990101-market")
    assert reasons(found) == [Reason.CHOSEN, Reason.NO_SUCH_UNIT]
    assert "没有这样的单位" in weighed_words(found.weighed[1])


def test_r032_at_last_the_district_of_the_place_leads() -> None:
    edition(("1401", "enterprise:shops"), ("14", "enterprise:shops"))

    found = proposed()

    assert found.unit == unit("990101")
    assert (found.entry_id, found.basis) == (None, "按事发地（甲区）")
    assert reasons(found)[0] == Reason.BY_DISTRICT


def test_without_a_class_the_street_of_the_place_leads() -> None:
    edition(("14", "bureau:market"))

    found = propose_unit(area(), at=AT)

    assert found is not None
    assert (found.unit, found.basis) == (unit("990101001"), "按事发地（甲一街道）")


def test_nobody_is_proposed_where_neither_class_nor_place_names_anybody() -> None:
    edition(("14", "bureau:market"))

    found = explain(None, at=AT, category=category("1401"))

    assert found.proposal is None
    assert [weighed.reason for weighed in found.weighed] == [Reason.NO_PLACE, Reason.NO_PLACE]


def test_an_enterprise_leads_also_where_the_place_is_not_known() -> None:
    edition(("01", "enterprise:heat"))

    found = propose_unit(None, at=AT, category=category("0101"))

    assert found is not None
    assert found.unit == unit("ent-heat")


# --- duty lists -----------------------------------------------------------------------------


def street_list(*items: tuple[str, str, str]) -> None:
    made = DutyList.objects.create(
        code="street", unit_kind="street", name="街道清单", valid_from=LONG_AGO
    )
    for code, classes, stance in items:
        DutyItem.objects.create(
            duty_list=made, code=code, text=f"{code}的事项", categories=classes.split(),
            stance=stance, basis=NO_BASIS,
        )  # fmt: skip
    forget_all()


def test_r038_a_clause_that_the_duty_list_forbids_is_passed_over_and_the_item_named() -> None:
    edition(("1401", "street"), ("14", "bureau:market"))
    street_list(("S-69", "14", "not_duty"))

    found = proposed()

    assert found.unit == unit("990101-market")
    assert reasons(found) == [Reason.CHOSEN, Reason.NOT_ITS_DUTY]
    assert "S-69" in weighed_words(found.weighed[1])


def test_r038_not_even_the_place_gives_a_street_what_its_list_forbids() -> None:
    street_list(("S-69", "14", "not_duty"), ("S-01", "05", "leads"))

    assert proposed("1401").unit == unit("990101")
    assert proposed("0501").unit == unit("990101001")


def test_r040_co_operating_units_are_those_that_exist_here_and_may_assist() -> None:
    edition(
        ("05", "street"), cooperators=["community", "street", "bureau:market", "enterprise:gas"]
    )
    DutyList.objects.create(
        code="m", unit_kind="department", line="market", name="清单", valid_from=LONG_AGO
    )
    forget_all()

    at_home, in_street = proposed("0501", "990101001001"), proposed("0501")

    assert at_home.cooperators == (unit("990101001001"),)
    assert in_street.cooperators == ()


# --- conflict of interest -------------------------------------------------------------------


@pytest.mark.parametrize("request_type", ["complaint", "report"])
def test_r020_an_accused_unit_gives_way_to_the_one_above_it(request_type: str) -> None:
    edition(("14", "bureau:market"))

    found = proposed(request_type=request_type, target="甲区市场监管局的窗口人员")

    assert found.unit == unit("990101")
    assert "回避" in found.basis
    assert "甲区市场监管局" in weighed_words(found.weighed[0])


def test_r020_who_asks_for_help_accuses_nobody() -> None:
    edition(("14", "bureau:market"))

    found = proposed(request_type="help", target="甲区市场监管局")

    assert found.unit == unit("990101-market")


def test_r020_an_accused_unit_does_not_assist_either() -> None:
    edition(("07", "street"), cooperators=["bureau:market", "city:urban"])

    found = proposed("0702", request_type="complaint", target="甲区市场监管局")

    assert found.cooperators == (unit("city-urban"),)


def test_r020_what_is_said_against_the_city_goes_to_no_district() -> None:
    edition(("05", "city:housing"))

    found = explain(
        area(), at=AT, category=category("0501"), request_type="report", target="市住房城乡建设委"
    )

    assert found.proposal is None
    assert [weighed.reason for weighed in found.weighed] == [Reason.NO_SUPERIOR]


# --- precedents -----------------------------------------------------------------------------


def test_a_precedent_names_the_lead_and_the_entry_keeps_its_limit() -> None:
    version = edition(("14", "bureau:market"), limit_amount=30, limit_unit="calendar_days")
    made = Precedent.objects.create(
        category=category("14"), unit=unit("city-urban"), clause="由城管委牵头", made_at=AT,
        made_by="system", valid_from=LONG_AGO,
    )  # fmt: skip

    found = proposed()

    assert (found.unit, found.precedent_id) == (unit("city-urban"), made.pk)
    assert (found.entry_id, found.length) == (version.entries.get().pk, (30, "calendar_days"))
    assert found.basis == "先例 14市场管理：由城管委牵头"
    assert reasons(found) == [Reason.CHOSEN, Reason.PRECEDENT_FIRST]


def test_a_precedent_that_has_ended_decides_no_more() -> None:
    edition(("14", "bureau:market"))
    Precedent.objects.create(
        category=category("14"), unit=unit("city-urban"), clause="由城管委牵头", made_at=AT,
        made_by="system", valid_from=LONG_AGO, valid_to=AT.date(),
    )  # fmt: skip

    assert proposed().unit == unit("990101-market")


# --- on every dispatch ----------------------------------------------------------------------


def test_a_warm_proposal_asks_the_database_nothing() -> None:
    edition(("14", "bureau:market"), cooperators=["street", "community"])
    place, matter = area("990101001001"), category("1401")
    propose_unit(place, at=AT, category=matter)

    with CaptureQueriesContext(connection) as queries:
        found = propose_unit(
            place, at=AT, category=matter, request_type="complaint", target="甲区市场监管局"
        )

    assert found is not None
    assert len(queries) == 0


def test_a_unit_set_up_today_is_proposed_from_today() -> None:
    edition(("14", "unit:new-market"))
    made = make_unit(code="new-market", kind=UnitKind.DISTRICT_DEPARTMENT, valid_from=AT.date())

    before = propose_unit(area(), at=AT - dt.timedelta(days=1), category=category("1401"))

    assert before is not None
    assert before.unit == unit("990101")
    assert proposed().unit == made


def test_a_basis_longer_than_an_order_keeps_is_cut() -> None:
    edition(("14", "bureau:market"), basis="《" + "长" * 198 + "》")

    assert len(proposed().basis) == 200
