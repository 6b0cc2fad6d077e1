"""Whom a street hands work to: its own offices (R-040), and second receivers (双派双考)."""

from __future__ import annotations

import csv
import datetime as dt
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from dispatch import services as dispatching
from dispatch.models import Assignment
from dispatch.services.duties import duty_of
from dispatch.services.offices import TEMPLATE, found_offices
from evaluation.rules import PUBLISHED_GROUPS
from hotline.core.models import Unit, UnitKind
from hotline.core.violations import RuleViolation
from intake.models import Ticket
from tests.factories import (
    AT,
    accepted_ticket,
    category,
    days,
    dispatcher,
    fresh,
    handled_ticket,
    handler,
    hours,
    make_unit,
    unit,
)
from tests.kernel.snapshots import last_event, running
from tests.kernel.together import together

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("city")]

TODAY = AT.date()


def is_refused(code: str, act: Any, /, **words: Any) -> None:
    before = (Unit.objects.count(), Assignment.objects.count())
    with pytest.raises(RuleViolation) as refusal:
        act(**words)

    assert refusal.value.code == code
    assert refusal.value.sentence()
    assert (Unit.objects.count(), Assignment.objects.count()) == before


# === A street's offices =====================================================================


def test_a_street_gets_six_offices_a_committee_a_team_and_three_centres() -> None:
    founded = found_offices(unit(), TODAY)

    names = [office.name.removeprefix("甲一街道办事处") for office in founded]
    endings = {ending: sum(n.endswith(ending) for n in names) for ending in ("办公室", "中心")}
    assert (len(names), endings) == (11, {"办公室": 6, "中心": 3})
    assert {"纪检监察工作委员会", "综合行政执法队"} <= set(names)


def test_they_stand_below_the_street_from_that_day_and_are_not_assessed() -> None:
    office = found_offices(unit(), TODAY)[0]

    kept = Unit.objects.get(code=office.code)
    assert (kept.parent, kept.area, kept.kind) == (unit(), unit().area, "office")
    assert (kept.group, kept.valid_from, kept.valid_to) == ("none", TODAY, None)


def test_the_template_says_that_nobody_has_published_it() -> None:
    with TEMPLATE.open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))

    assert {row["basis"] for row in rows} == {"无公布依据（推断）"}
    assert len({row["suffix"] for row in rows}) == len(rows) == 11


def test_founding_them_again_changes_nothing() -> None:
    renamed, dissolved, *_rest = found_offices(unit(), TODAY)
    Unit.objects.filter(pk=renamed.pk).update(name="甲一街道综合办")
    Unit.objects.filter(pk=dissolved.pk).update(valid_to=TODAY + days(10))

    assert found_offices(unit(), TODAY + days(20)) == []
    assert Unit.objects.get(pk=renamed.pk).name == "甲一街道综合办"
    assert Unit.objects.get(pk=dissolved.pk).valid_to == TODAY + days(10)


def test_only_a_street_that_exists_has_them() -> None:
    gone = make_unit(valid_to=TODAY)

    is_refused("offices_of_streets_only", found_offices, street=unit("990101"), on=TODAY)
    is_refused("unit_not_in_force", found_offices, street=gone, on=TODAY)


@pytest.mark.django_db(transaction=True)
def test_two_at_once_found_them_once() -> None:
    street = unit()
    results = together(*[lambda: found_offices(street, TODAY)] * 2)

    assert sorted(len(founded) for founded in results) == [0, 11]
    assert Unit.objects.filter(parent=street, kind=UnitKind.OFFICE).count() == 11


def test_the_operator_founds_them_by_the_streets_code() -> None:
    said = StringIO()
    call_command("offices", "990101001", stdout=said)
    call_command("offices", "990101001", stdout=said)

    assert "990101001-urban 甲一街道办事处城市管理办公室" in said.getvalue()
    assert "新设 0 个" in said.getvalue()


@pytest.mark.parametrize(("code", "why"), [("nowhere", "没有代码"), ("990101", "不是街道")])
def test_the_operator_is_told_why_not(code: str, why: str) -> None:
    with pytest.raises(CommandError, match=why):
        call_command("offices", code)

    assert not Unit.objects.filter(kind=UnitKind.OFFICE).exists()


def test_a_street_delegates_to_its_office_which_hands_in_what_it_found() -> None:
    found_offices(unit(), TODAY)
    ticket, office = handled_ticket(), unit("990101001-urban")
    dispatching.delegate(
        number=ticket.number,
        actor=handler(ticket),
        at=AT + hours(1),
        unit=office,
        task="到现场看看",
    )
    words: dict[str, Any] = {"number": ticket.number, "actor": handler(office)}
    dispatching.sign_part(**words, at=AT + hours(2))
    dispatching.hand_in(**words, at=AT + hours(3), text="已恢复照明", solved="yes")

    part = Assignment.objects.get(ticket=ticket, role="delegate")
    assert (part.unit, part.state) == (office, "replied")
    assert (last_event(ticket).type, last_event(ticket).unit_id) == ("handed_in", unit().pk)


def test_another_streets_office_is_not_delegated_to() -> None:
    found_offices(unit("990102001"), TODAY)
    ticket = handled_ticket()

    is_refused(
        "not_below", dispatching.delegate, number=ticket.number, actor=handler(ticket),
        at=AT + hours(1), unit=unit("990102001-urban"), task="看看",
    )  # fmt: skip


def test_an_office_never_leads() -> None:
    found_offices(unit(), TODAY)

    cannot_lead(unit("990101001-urban"))


# === Second receivers =======================================================================


@pytest.fixture
def company() -> Unit:
    """A property company in the territory of 甲一街道."""
    return make_unit(
        code="property", name="晨光物业公司", kind=UnitKind.SECOND_RECEIVER, parent=unit(),
        area=unit().area,
    )  # fmt: skip


def cannot_lead(receiver: Unit) -> None:
    ticket = accepted_ticket()
    assert not Unit.objects.can_lead(TODAY).filter(pk=receiver.pk).exists()
    is_refused(
        "unit_cannot_lead", dispatching.dispatch, number=ticket.number, actor=dispatcher(),
        at=AT + hours(1), lead_unit=receiver,
    )  # fmt: skip


def ask(ticket: Ticket, company: Unit, due_at: dt.datetime | None = None) -> Assignment:
    dispatching.ask_cooperation(
        number=ticket.number, actor=handler(ticket), at=AT + hours(1), unit=company,
        task="修好东门路灯", due_at=due_at,
    )  # fmt: skip
    return Assignment.objects.get(ticket=ticket, role="cooperate")


def test_a_second_receiver_has_a_part_below_the_streets_order_with_its_own_date(
    company: Unit,
) -> None:
    ticket, due_at = handled_ticket(), AT + days(2)
    part = ask(ticket, company, due_at)

    assert part.parent == Assignment.objects.get(ticket=ticket, role="lead")
    assert (part.unit, part.due_at) == (company, due_at)
    assert running(ticket)["cooperation"].unit_id == company.pk
    assert Ticket.objects.visible_to(handler(company)).filter(pk=ticket.pk).exists()


def test_it_says_itself_whether_the_matter_is_solved(company: Unit) -> None:
    ticket = handled_ticket()
    part = ask(ticket, company)
    words: dict[str, Any] = {"number": ticket.number, "actor": handler(company)}
    dispatching.sign_part(**words, at=AT + hours(2))
    dispatching.hand_in(**words, at=AT + hours(3), text="已更换灯泡", solved="yes")

    (report,) = part.replies.all()
    assert (report.kind, report.solved, report.text) == ("result", "yes", "已更换灯泡")
    assert last_event(ticket).data["by"] == "property"
    assert fresh(ticket).lead_unit == unit()


def test_it_can_be_given_its_part_with_the_dispatch(company: Unit) -> None:
    ticket = accepted_ticket()
    dispatching.dispatch(
        number=ticket.number, actor=dispatcher(), at=AT + hours(1), lead_unit=unit(),
        cooperators=[company],
    )  # fmt: skip

    assert Assignment.objects.get(ticket=ticket, role="cooperate").unit == company


def test_it_never_leads(company: Unit) -> None:
    cannot_lead(company)


def test_not_even_by_a_ruling_of_the_authority(company: Unit) -> None:
    ticket = accepted_ticket()
    dispatching.consult(
        number=ticket.number, actor=dispatcher(), at=AT + hours(1), question="谁办？",
        members=[unit()],
    )  # fmt: skip

    is_refused(
        "unit_cannot_lead", dispatching.conclude_consultation, number=ticket.number,
        actor=dispatcher(), at=AT + hours(2), opinion="由物业办", decided_unit=company,
    )  # fmt: skip


def test_no_duty_list_speaks_of_it_and_no_table_ranks_it(company: Unit) -> None:
    assert duty_of(company, category().pk, TODAY) is None
    assert company.group not in PUBLISHED_GROUPS
