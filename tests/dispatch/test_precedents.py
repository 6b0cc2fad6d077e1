"""Rulings that decide like cases, and what a unit should read before it objects."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from dispatch import services as dispatching
from dispatch.models import DutyItem, DutyList, Objection, ObjectionOutcome, Precedent
from dispatch.services.precedents import (
    end_precedent,
    make_precedent,
    objection_help,
    rulings_in_like_cases,
)
from hotline.core.models import AuditEntry, Role, Unit
from hotline.core.reference import forget_all
from hotline.core.violations import IllegalMove, NotPermitted, RuleViolation
from intake import services as intake
from intake import verbs
from intake.models import Ticket, TicketEvent
from intake.rendering import event_detail
from tests.factories import (
    AT,
    LONG_AGO,
    accepted_ticket,
    actor,
    area,
    category,
    closed_ticket,
    days,
    dispatched_ticket,
    dispatcher,
    fresh,
    handler,
    hours,
    unit,
)

pytestmark = pytest.mark.usefixtures("city")
LATER = AT + days(1)


def objected(at: dt.datetime = AT, **fields: Any) -> Ticket:
    """Given to the street, which says that it is not its matter."""
    ticket = dispatched_ticket(at=at, **fields)
    dispatching.raise_objection(
        number=ticket.number, actor=handler(ticket), at=at + hours(1),
        reason="不属本单位职责", basis="职责规定",
    )  # fmt: skip
    return fresh(ticket)


def designated(to: str = "city-urban", at: dt.datetime = AT, **fields: Any) -> Objection:
    ticket = objected(at, **fields)
    dispatching.designate(
        number=ticket.number, actor=dispatcher(), at=at + hours(2), unit=unit(to),
        ruling=f"由{to}承办",
    )  # fmt: skip
    return Objection.objects.get(assignment__ticket=ticket)


def made(objection: Objection, scope: str = "city", **more: Any) -> Precedent:
    more.setdefault("actor", actor(Role.CITY_SUPERVISOR))
    return make_precedent(
        objection=objection, scope=scope, clause="同类事项由城管委承办", at=LATER, **more
    )


def refusal(objection: Objection, **more: Any) -> str:
    with pytest.raises(RuleViolation) as found:
        made(objection, **more)
    assert found.value.sentence()
    assert not Precedent.objects.filter(objection=objection).exists()
    return found.value.code


# === Precedents =============================================================================


def test_a_designation_decides_the_next_like_case() -> None:
    objection = designated()

    precedent = made(objection)
    next_one = dispatching.propose_unit(area(), at=LATER, category=category("0501"))

    assert (precedent.unit, precedent.area) == (unit("city-urban"), None)
    assert next_one is not None
    assert (next_one.unit, next_one.precedent_id) == (unit("city-urban"), precedent.pk)
    entry = AuditEntry.objects.get(action="precedent_made")
    assert entry.number == objection.assignment.ticket.number


@pytest.mark.parametrize(
    ("scope", "code"), [("street", "990101001"), ("district", "990101"), ("city", None)]
)
def test_a_precedent_reaches_as_far_as_it_is_said_to(scope: str, code: str | None) -> None:
    precedent = made(designated(), scope)

    assert (precedent.area.code if precedent.area else None) == code


def test_a_precedent_of_a_street_leaves_the_next_street_alone() -> None:
    made(designated(), "street")

    here = dispatching.propose_unit(area(), at=LATER, category=category("0501"))
    there = dispatching.propose_unit(area("990101002"), at=LATER, category=category("0501"))

    assert here is not None
    assert there is not None
    assert (here.unit, there.unit) == (unit("city-urban"), unit("990101002"))


def test_after_a_return_to_the_desk_the_next_order_names_the_unit() -> None:
    ticket = objected()
    dispatching.return_to_desk(number=ticket.number, actor=dispatcher(), at=AT + hours(2))
    objection = Objection.objects.get(assignment__ticket=ticket)
    assert refusal(objection) == "precedent_needs_unit"

    dispatching.dispatch(
        number=ticket.number, actor=dispatcher(), at=AT + hours(3), lead_unit=unit("city-housing")
    )

    assert made(objection).unit == unit("city-housing")


def test_a_rejected_objection_makes_no_precedent() -> None:
    ticket = objected()
    dispatching.reject_objection(
        number=ticket.number, actor=dispatcher(), at=AT + hours(2), ruling="属本单位职责"
    )

    assert refusal(Objection.objects.get(assignment__ticket=ticket)) == "precedent_needs_ruling"


def test_two_precedents_never_decide_the_same_cases() -> None:
    made(designated())

    assert refusal(designated("city-housing", at=AT + hours(5))) == "precedent_exists"


def test_a_place_known_only_roughly_makes_no_narrow_precedent() -> None:
    objection = designated(area=area("990101"), lead_unit=unit("990101"))

    assert refusal(objection, scope="street") == "precedent_needs_place"


def test_r038_a_precedent_cannot_go_against_the_units_duty_list() -> None:
    objection = designated("990101002")
    listed = DutyList.objects.create(
        code="street", unit_kind="street", name="街道清单", valid_from=LONG_AGO
    )
    DutyItem.objects.create(
        duty_list=listed, code="S-9", text="不得派给街道", categories=["05"], stance="not_duty",
        basis="无公布依据（推断）",
    )  # fmt: skip
    forget_all()

    assert refusal(objection) == "not_its_duty"


def test_a_unit_that_has_gone_makes_no_precedent() -> None:
    objection = designated()
    Unit.objects.filter(code="city-urban").update(valid_to=LATER.date())
    forget_all()

    assert refusal(Objection.objects.get(pk=objection.pk)) == "precedent_cannot_lead"


def test_an_ended_precedent_decides_no_more_and_makes_room_for_another() -> None:
    boss = actor(Role.CITY_SUPERVISOR)
    first, second = designated(), designated("city-housing", at=AT + hours(5))
    ended = end_precedent(precedent=made(first), actor=boss, at=LATER)

    replaced = made(second)
    next_one = dispatching.propose_unit(area(), at=LATER, category=category("0501"))

    assert ended.valid_to == LATER.date()
    assert next_one is not None
    assert next_one.precedent_id == replaced.pk
    with pytest.raises(RuleViolation, match="已经废止"):
        end_precedent(precedent=ended, actor=boss, at=LATER)


@pytest.mark.parametrize("role", [Role.HANDLER, Role.AGENT, Role.AUDITOR])
def test_only_the_desk_and_those_who_edit_the_catalogue_make_and_end_precedents(role: str) -> None:
    objection = designated()
    somebody, precedent = actor(role), made(designated("city-housing", at=AT + hours(5)))

    with pytest.raises(NotPermitted):
        made(objection, actor=somebody)
    with pytest.raises(NotPermitted):
        end_precedent(precedent=precedent, actor=somebody, at=LATER)


# === On the ticket ==========================================================================


def ruled(**fields: Any) -> Ticket:
    """Somebody else was designated."""
    return designated(**fields).assignment.ticket


def decide_like_cases(ticket: Ticket, scope: str = "city", **more: Any) -> Precedent:
    more.setdefault("actor", dispatcher())
    dispatching.let_ruling_decide(number=ticket.number, at=LATER, scope=scope, **more)
    return Precedent.objects.latest("pk")


def is_refused(code: str, ticket: Ticket, **more: Any) -> None:
    before = fresh(ticket).version
    with pytest.raises(RuleViolation) as found:
        decide_like_cases(ticket, **more)
    assert found.value.code == code
    assert found.value.sentence()
    assert fresh(ticket).version == before


def may_decide(ticket: Ticket) -> bool:
    return "make_precedent" in {v.name for v in verbs.allowed_for(fresh(ticket), dispatcher())}


def test_the_desk_lets_the_tickets_ruling_decide_in_its_own_words() -> None:
    ticket = ruled()

    precedent = decide_like_cases(ticket, "street")

    assert (precedent.clause, precedent.unit) == ("由city-urban承办", unit("city-urban"))
    event = TicketEvent.objects.filter(ticket_id=ticket.pk).latest("seq")
    assert (event.type, event.data) == (
        "precedent_made",
        {
            "precedent": precedent.pk, "category": "0501", "area": "990101001",
            "unit": "city-urban",
        },
    )  # fmt: skip
    assert event_detail(event) == f"甲一街道，{category('0501').name} → {unit('city-urban').name}"


def test_a_clause_of_ones_own_is_quoted_instead_of_the_ruling() -> None:
    precedent = decide_like_cases(ruled(), clause="小区外的路灯由城管委承办")

    assert precedent.clause == "小区外的路灯由城管委承办"
    assert precedent.area is None


def test_r018_the_ruling_on_a_confidential_matter_is_not_quoted() -> None:
    ticket = ruled(is_confidential=True)

    is_refused("reason_required", ticket, clause="  ")
    assert decide_like_cases(ticket, clause="另写的要旨").clause == "另写的要旨"


def test_a_ticket_that_was_never_returned_has_no_ruling_to_offer() -> None:
    ticket = objected()

    assert not may_decide(ticket)
    is_refused("precedent_no_ruling_left", ticket)


def test_a_ruling_becomes_a_precedent_once_even_after_it_has_ended() -> None:
    ticket = ruled()
    precedent = decide_like_cases(ticket, "street")
    end_precedent(precedent=precedent, actor=dispatcher(), at=LATER)

    with pytest.raises(IllegalMove) as found:
        decide_like_cases(ticket)

    assert found.value.code == "precedent_no_ruling_left"
    assert Precedent.objects.count() == 1


def test_of_two_rulings_the_later_decides() -> None:
    ticket = objected()
    dispatching.return_to_desk(
        number=ticket.number, actor=dispatcher(), at=AT + hours(2), ruling="先前的裁定"
    )
    dispatching.dispatch(
        number=ticket.number, actor=dispatcher(), at=AT + hours(3), lead_unit=unit("city-housing")
    )
    dispatching.raise_objection(
        number=ticket.number, actor=handler(unit("city-housing")), at=AT + hours(4),
        reason="x", basis="y",
    )  # fmt: skip
    dispatching.designate(
        number=ticket.number, actor=dispatcher(), at=AT + hours(5), unit=unit("city-urban"),
        ruling="后来的裁定",
    )  # fmt: skip

    precedent = decide_like_cases(ticket)

    assert (precedent.clause, precedent.unit) == ("后来的裁定", unit("city-urban"))


def test_an_order_that_was_taken_back_again_decides_nothing() -> None:
    ticket = objected()
    desk = dispatcher()
    dispatching.return_to_desk(
        number=ticket.number, actor=desk, at=AT + hours(2), ruling="不属街道"
    )
    dispatching.dispatch(
        number=ticket.number, actor=desk, at=AT + hours(3), lead_unit=unit("city-housing")
    )
    dispatching.recall(number=ticket.number, actor=desk, at=AT + hours(4), reason="派错")

    is_refused("precedent_needs_unit", ticket)


def test_a_closed_ticket_still_offers_its_ruling_and_one_without_offers_none() -> None:
    ticket = ruled()
    boss = dispatcher()
    intake.withdraw(number=ticket.number, actor=boss, at=AT + hours(3), is_confirmed=True)

    assert may_decide(ticket)
    assert not may_decide(closed_ticket())
    assert decide_like_cases(ticket).objection is not None
    assert fresh(ticket).state == "closed"


@pytest.mark.parametrize("role", [Role.AGENT, Role.CALLBACK_AGENT, Role.AUDITOR])
def test_nobody_else_at_the_hotline_lets_a_ruling_decide(role: str) -> None:
    ticket = ruled()

    with pytest.raises(NotPermitted):
        decide_like_cases(ticket, actor=actor(role))

    assert not Precedent.objects.exists()


# === Like cases =============================================================================


def test_rulings_on_the_same_class_come_the_nearest_place_first() -> None:
    designated(at=AT, area=area("990102001"), lead_unit=unit("990102001"))
    designated(at=AT + hours(1))
    designated(at=AT + hours(2), area=area("990101002"), lead_unit=unit("990101002"))
    designated(at=AT + hours(3), category=category("1401"))

    found = rulings_in_like_cases(accepted_ticket(at=LATER))

    assert [ruling.area for ruling in found] == ["甲一街道", "甲二街道", "乙一镇"]
    assert {ruling.outcome for ruling in found} == {ObjectionOutcome.DESIGNATED}
    assert found[0].decided == unit("city-urban").name


def test_r018_a_ruling_on_a_confidential_matter_is_shown_to_nobody_else() -> None:
    designated(is_confidential=True)

    assert rulings_in_like_cases(accepted_ticket(at=LATER)) == []


def test_a_matter_without_class_or_place_has_what_can_be_found() -> None:
    designated()

    assert rulings_in_like_cases(accepted_ticket(at=LATER, category=None)) == []
    assert len(rulings_in_like_cases(accepted_ticket(at=LATER, area=None))) == 1


def test_who_thinks_of_objecting_reads_the_duty_item_and_how_others_fared() -> None:
    designated()
    listed = DutyList.objects.create(
        code="street", unit_kind="street", name="街道清单", valid_from=LONG_AGO
    )
    item = DutyItem.objects.create(
        duty_list=listed, code="S-1", text="物业", categories=["05"], stance="leads", basis="条例"
    )
    forget_all()
    ticket = dispatched_ticket(at=LATER)

    found = objection_help(ticket, unit())

    assert found.clause is None  # there is no catalogue in force
    assert found.duty is not None
    assert found.duty.item == item
    assert [ruling.unit for ruling in found.rulings] == [unit().name]
