"""Editions of the catalogue: rows, checks, drafts, publication (R-039), and the shipped one."""

from __future__ import annotations

import csv
import datetime as dt
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from dispatch.catalogue import version_in_force
from dispatch.models import CatalogueVersion, DutyItem, DutyList
from dispatch.reference_data import loading
from dispatch.rendering.catalogue import finding_words, target_words
from dispatch.services import catalogue, propose_unit
from hotline.core.models import AuditEntry, Role, Unit
from hotline.core.reference import forget_all
from hotline.core.violations import NotPermitted, RuleViolation
from tests.factories import (
    AT,
    LONG_AGO,
    actor,
    area,
    category,
    days,
    dispatched_ticket,
    hours,
    make_unit,
    unit,
)
from tests.kernel.together import together

pytestmark = pytest.mark.usefixtures("city")
ON = AT.date()
NO_BASIS = "无公布依据（推断）"


@pytest.fixture(autouse=True)
def lines(city: None) -> None:
    Unit.objects.filter(code="990101-market").update(line="market")
    forget_all()


def line(code: str, lead: str = "street", **columns: Any) -> dict[str, Any]:
    return {"category": code, "lead": lead, "basis": NO_BASIS, **columns}


# One clause for every first-level class of the small city.
WHOLE = [line(code) for code in ("01", "05", "07", "10", "14", "20")]


def supervisor() -> Any:
    return actor(Role.CITY_SUPERVISOR)


def drafted(*lines: dict[str, Any], at: dt.datetime = AT) -> CatalogueVersion:
    return catalogue.make_draft(
        actor=supervisor(), at=at, rows=catalogue.read_rows(lines or WHOLE)
    )  # fmt: skip


def published(
    *lines: dict[str, Any], since: dt.date = ON, at: dt.datetime = AT
) -> CatalogueVersion:
    return catalogue.publish(
        draft=drafted(*lines, at=at), valid_from=since, actor=supervisor(), at=at
    )  # fmt: skip


def findings(*lines: dict[str, Any]) -> list[tuple[int, str, bool]]:
    found = catalogue.check_rows(catalogue.read_rows(lines), on=ON)
    assert all(finding_words(finding) for finding in found)
    return [(finding.row, finding.code, finding.is_error) for finding in found]


def refused(code: str, **arguments: Any) -> None:
    with pytest.raises(RuleViolation) as found:
        catalogue.publish(**arguments)
    assert found.value.code == code
    assert found.value.sentence()


# === Rows ===================================================================================


def test_an_edition_written_out_and_read_back_is_the_same_edition() -> None:
    full = line(
        "1401", "bureau:market", area="990101", cooperators="street community", level="L3",
        urgency="prompt", limit_amount="30", limit_unit="calendar_days", remark="说明",
    )  # fmt: skip
    version = published(full, line("05"))

    out = catalogue.rows_of(version)
    again = drafted(*out, at=AT + hours(1))

    assert out[1] == {**full, "basis": NO_BASIS}
    assert catalogue.preview(again).is_empty


def test_what_a_spreadsheet_made_of_a_code_is_forgiven() -> None:
    (row,) = catalogue.read_rows([line("", category=501.0, cooperators="community、 street")])

    assert (row.category, row.cooperators) == ("0501", ("community", "street"))


def test_empty_lines_are_left_out_and_counted() -> None:
    rows = catalogue.read_rows([line("05"), {"category": "  ", "lead": None}, line("07")])

    assert [row.number for row in rows] == [2, 4]


# === Checks =================================================================================


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"category": "99"}, "unknown_class"),
        ({"area": "880000"}, "unknown_area"),
        ({"lead": "town"}, "bad_lead"),
        ({"lead": "community"}, "bad_lead"),
        ({"lead": "unit:990101001001"}, "bad_lead"),
        ({"lead": "unit:hotline"}, "bad_lead"),
        ({"cooperators": "street bureaus"}, "bad_cooperator"),
        ({"basis": ""}, "no_basis"),
        ({"level": "L5"}, "bad_level"),
        ({"level": "L2", "urgency": "urgent"}, "bad_urgency"),
        ({"limit_amount": "7"}, "bad_limit"),
        ({"limit_amount": "0", "limit_unit": "hours"}, "bad_limit"),
        ({"limit_amount": "367", "limit_unit": "calendar_days"}, "bad_limit"),
        ({"remark": "长" * 201}, "too_long"),
    ],
)
def test_a_line_that_cannot_be_kept_is_an_error_with_its_number(
    wrong: dict[str, str], code: str
) -> None:
    assert findings(line("07"), {**line("05"), **wrong}) == [(3, code, True)]


def test_two_lines_of_one_class_and_area_name_each_other() -> None:
    assert findings(line("05"), line("07"), line("05", "district")) == [(4, "twice", True)]
    assert findings(line("05"), line("05", area="990101")) == []


def test_a_lead_that_exists_nowhere_in_some_district_is_a_warning() -> None:
    (found,) = catalogue.check_rows(
        catalogue.read_rows([line("14", "bureau:market")]), on=ON
    )  # fmt: skip

    assert (found.code, found.is_error) == ("lead_no_such_unit", False)
    assert found.parameters["areas"] == "990102"
    assert "乙区" in finding_words(found)


def test_two_bureaus_of_one_line_are_a_warning() -> None:
    make_unit(kind="district_department", area=area("990101"), line="market")

    assert findings(line("14", "bureau:market", area="990101")) == [(2, "lead_two_units", False)]


def listed(kind: str, *items: tuple[str, str, str], line: str = "") -> None:
    made = DutyList.objects.create(
        code=kind + line, unit_kind=kind, line=line, name="清单", valid_from=LONG_AGO
    )
    for code, classes, stance in items:
        DutyItem.objects.create(
            duty_list=made, code=code, text="事项", categories=classes.split(), stance=stance,
            basis=NO_BASIS,
        )  # fmt: skip
    forget_all()


def test_r038_a_lead_that_its_duty_list_forbids_is_an_error_for_finer_classes_a_warning() -> None:
    listed(
        "street", ("S-01", "05", "leads"), ("S-02", "0501", "assists"), ("S-9", "14", "not_duty")
    )

    assert findings(line("14"), line("05")) == [
        (2, "lead_not_its_duty", True),
        (3, "lead_only_assists", False),
    ]


def test_r040_an_assistant_that_its_list_does_not_know_is_a_warning() -> None:
    listed("community", ("C-01", "05", "assists"))

    found = findings(line("05", cooperators="community"), line("07", cooperators="community"))

    assert found == [(3, "cooperator_outside_list", False)]


def test_gaps_and_conflicts_of_an_edition_name_classes_and_entries() -> None:
    version = published(line("05"), line("14", "bureau:market"))

    found = catalogue.gaps_and_conflicts(version, on=ON)

    gaps = {f.parameters["category"] for f in found if f.code == "no_clause"}
    assert {"01", "0101", "07", "0702"} <= gaps
    assert not {"05", "0501", "1401"} & gaps
    conflicts = [(f.code, f.row) for f in found if f.code != "no_clause"]
    assert conflicts == [("lead_no_such_unit", version.entries.get(lead="bureau:market").pk)]


# === Drafts and publication =================================================================


def test_a_published_draft_decides_from_its_first_day_and_the_one_before_ends() -> None:
    old = published(since=ON)
    new = published(line("05", "district"), since=ON + days(3), at=AT + hours(1))

    assert version_in_force(ON + days(2)) == old
    assert version_in_force(ON + days(3)) == new
    assert version_in_force(ON - days(1)) is None
    assert CatalogueVersion.objects.get(pk=old.pk).valid_to == ON + days(3)
    assert AuditEntry.objects.filter(action="catalogue_published").count() == 2


def test_r039_an_order_keeps_the_edition_and_clause_it_was_given_by() -> None:
    version = published()

    order = dispatched_ticket().assignments.get(role="lead")

    assert order.catalogue_version == version
    assert order.entry == version.entries.get(category__code="05")
    assert order.is_as_proposed


def test_a_draft_without_rows_is_a_copy_and_says_what_would_change() -> None:
    published()
    draft = catalogue.make_draft(actor=supervisor(), at=AT + hours(1))
    changed = [line("05", "district"), *WHOLE[2:], line("0702")]
    assert catalogue.preview(draft).is_empty

    catalogue.refill_draft(
        draft=draft, rows=catalogue.read_rows(changed), actor=supervisor(), at=AT + hours(2)
    )
    seen = catalogue.preview(draft)

    assert [row["category"] for row in seen.added] == ["0702"]
    assert [row["category"] for row in seen.removed] == ["01"]
    assert [(c.after["category"], c.columns) for c in seen.changed] == [("05", ("lead",))]


def test_rows_with_errors_make_no_draft() -> None:
    with pytest.raises(RuleViolation, match="第 2, 3 行"):
        drafted(line("99"), line("05", basis=""), line("07"))

    assert not CatalogueVersion.objects.exists()


@pytest.mark.parametrize("first_day", [ON - days(1), ON])
def test_an_edition_begins_today_at_the_earliest_and_after_the_one_before(
    first_day: dt.date,
) -> None:
    published(since=ON)
    draft = drafted(at=AT + hours(1))

    refused(
        "catalogue_first_day", draft=draft, valid_from=first_day, actor=supervisor(), at=AT
    )  # fmt: skip


def test_a_draft_older_than_the_last_edition_would_undo_it_and_is_refused() -> None:
    mine = drafted()
    published(at=AT + hours(1))

    refused(
        "catalogue_moved_on",
        draft=mine, valid_from=ON + days(5), actor=supervisor(), at=AT + hours(2),
    )  # fmt: skip


def test_what_is_published_is_a_draft_no_more() -> None:
    version = published()

    refused(
        "catalogue_published",
        draft=version, valid_from=ON + days(1), actor=supervisor(), at=AT,
    )  # fmt: skip
    with pytest.raises(RuleViolation, match="不能再改"):
        catalogue.refill_draft(draft=version, rows=[], actor=supervisor(), at=AT)
    with pytest.raises(RuleViolation, match="不能再改"):
        catalogue.discard_draft(draft=version, actor=supervisor(), at=AT)


def test_an_empty_draft_is_not_published() -> None:
    draft = catalogue.make_draft(actor=supervisor(), at=AT)

    refused("catalogue_empty", draft=draft, valid_from=ON, actor=supervisor(), at=AT)


def test_a_draft_whose_unit_has_gone_since_is_checked_again_at_publication() -> None:
    draft = drafted(line("05", "unit:city-urban"))
    Unit.objects.filter(code="city-urban").update(kind="office", group="none")
    forget_all()

    refused("catalogue_has_errors", draft=draft, valid_from=ON, actor=supervisor(), at=AT)


def test_a_discarded_draft_is_gone_with_its_lines() -> None:
    draft = drafted()

    catalogue.discard_draft(draft=draft, actor=supervisor(), at=AT)

    assert not CatalogueVersion.objects.exists()
    assert AuditEntry.objects.filter(action="catalogue_discarded").exists()


@pytest.mark.django_db(transaction=True)
def test_two_people_publish_at_once_and_one_wins() -> None:
    """Neither edition may silently undo the other."""
    first, second, boss = drafted(), drafted(line("05", "district")), supervisor()

    def publish(draft: CatalogueVersion) -> CatalogueVersion:
        return catalogue.publish(draft=draft, valid_from=ON, actor=boss, at=AT + hours(1))

    results = together(lambda: publish(first), lambda: publish(second))

    won = [r for r in results if isinstance(r, CatalogueVersion)]
    lost = [r.code for r in results if isinstance(r, RuleViolation)]
    assert (len(won), lost) == (1, ["catalogue_moved_on"])
    assert CatalogueVersion.objects.filter(valid_from=ON).get() == won[0]


@pytest.mark.django_db(transaction=True)
def test_two_people_draft_at_once_and_get_editions_of_their_own() -> None:
    boss, rows = supervisor(), catalogue.read_rows(WHOLE)

    def draft() -> CatalogueVersion:
        return catalogue.make_draft(actor=boss, at=AT, rows=rows)

    results = together(draft, draft)

    assert sorted(version.number for version in results) == [1, 2]


@pytest.mark.parametrize("role", [Role.DISPATCHER, Role.AGENT, Role.MANAGER, Role.AUDITOR])
def test_only_supervisors_and_administrators_change_the_catalogue(role: str) -> None:
    somebody, draft = actor(role), drafted()

    with pytest.raises(NotPermitted):
        catalogue.make_draft(actor=somebody, at=AT)
    with pytest.raises(NotPermitted):
        catalogue.publish(draft=draft, valid_from=ON, actor=somebody, at=AT)
    with pytest.raises(NotPermitted):
        catalogue.discard_draft(draft=draft, actor=somebody, at=AT)


# === The shipped files ======================================================================


def shipped(folder: Path, *lines: dict[str, Any]) -> Path:
    """A file of these lines, as the shipped one is."""
    file = folder / "catalogue.csv"
    with file.open("w", encoding="utf-8", newline="") as out:
        writer = csv.DictWriter(out, catalogue.COLUMNS)
        writer.writeheader()
        writer.writerows(lines)
    return file


def test_the_first_shipped_edition_holds_for_every_ticket_ever_taken(tmp_path: Path) -> None:
    file = shipped(tmp_path, *WHOLE)

    loaded = loading.load_catalogue(at=AT, today=ON, file=file)
    again = loading.load_catalogue(at=AT, today=ON, file=file)

    assert (loaded, again) == (6, 0)
    assert propose_unit(area(), at=AT - days(400), category=category("0501")) is not None
    assert CatalogueVersion.objects.get().valid_from == loading.FIRST_DAY


def test_a_changed_file_is_a_new_edition_from_today(tmp_path: Path) -> None:
    loading.load_catalogue(at=AT, today=ON, file=shipped(tmp_path, *WHOLE))
    changed = shipped(tmp_path, *WHOLE[1:], line("01", "district"))

    loading.load_catalogue(at=AT, today=ON, file=changed)

    first_days = [v.valid_from for v in CatalogueVersion.objects.order_by("number")]
    assert first_days == [loading.FIRST_DAY, ON]


def test_a_catalogue_that_the_office_has_published_is_left_alone(tmp_path: Path) -> None:
    published()

    loaded = loading.load_catalogue(at=AT, today=ON, file=shipped(tmp_path, line("05", "district")))

    assert loaded == 0
    assert CatalogueVersion.objects.count() == 1


def test_lines_about_another_citys_areas_are_left_out(tmp_path: Path) -> None:
    file = shipped(tmp_path, line("05"), line("05", "district", area="110101"))

    assert loading.load_catalogue(at=AT, today=ON, file=file) == 1


def test_a_changed_duty_list_is_a_new_edition_and_the_others_stay() -> None:
    loading.load_duties(today=ON)
    DutyItem.objects.filter(code="S-01").update(text="改过")
    before = DutyList.objects.count()

    changed = loading.load_duties(today=ON + days(1))

    assert DutyList.objects.count() == before + 1
    new = DutyList.objects.get(code="street", edition=2)
    assert (new.valid_from, changed) == (ON + days(1), new.items.count())
    assert DutyList.objects.get(code="street", edition=1).valid_to == ON + days(1)
    assert loading.load_duties(today=ON + days(1)) == 0


# === Words ==================================================================================


def test_targets_read_as_the_office_says_them() -> None:
    assert target_words("street") == "事发地街道（乡镇）"
    assert target_words("bureau:market") == "事发地所在区的市场监管局"
    assert target_words("unit:city-urban") == unit("city-urban").name
    assert "nowhere" in target_words("bureau:nowhere")


def test_today_is_the_citys_day() -> None:
    """A draft made in the first hours of the day may begin that day."""
    night = AT.replace(hour=1)
    draft = drafted(at=night)

    version = catalogue.publish(draft=draft, valid_from=ON, actor=supervisor(), at=night)

    assert version.valid_from == timezone.localdate(night) == ON
