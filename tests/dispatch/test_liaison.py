"""央地、军地联动 (R-043): matters of central and military bodies, and what they never appear in."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from dispatch import services as dispatching
from dispatch.models import Assignment, Liaison
from evaluation import monthly, months, outcomes
from hotline.core.actors import Actor
from hotline.core.models import Role, Unit, UnitKind
from hotline.core.reference import forget_all
from hotline.core.violations import NotPermitted, NotVisible, RuleViolation
from intake import verbs
from intake.models import Ticket
from intake.rendering import event_detail
from tests.factories import (
    AT,
    accepted_ticket,
    actor,
    call_back,
    days,
    dispatched_ticket,
    dispatcher,
    fresh,
    handled_ticket,
    handler,
    hours,
    make_unit,
    replied_ticket,
    reply_to,
    unit,
)
from tests.kernel.snapshots import events, last_event, running, snapshot
from tests.kernel.together import together

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("city")]

PASSED = AT + hours(1)
WHOM: dict[str, Any] = {
    "organisation_kind": "central_enterprise",
    "organisation": "某央企的市内分公司",
    "told_by": "phone",
}


@pytest.fixture
def office() -> Unit:
    return make_unit(code="liaison", name="市央地军地联络办公室", kind=UnitKind.LIAISON, area=None)


def pass_on(ticket: Ticket, *, at: dt.datetime = PASSED, **changed: Any) -> Ticket:
    given = {"actor": dispatcher(), **WHOM, **changed}
    dispatching.pass_to_liaison(number=ticket.number, at=at, **given)
    return fresh(ticket)


def is_refused(code: str, ticket: Ticket, **changed: Any) -> None:
    """It is refused with this code and a sentence, and nothing is written."""
    before = snapshot([ticket.pk])
    with pytest.raises(RuleViolation) as refusal:
        pass_on(ticket, **changed)

    assert (refusal.value.code, Liaison.objects.count()) == (code, 0)
    assert refusal.value.sentence()
    assert snapshot([ticket.pk]) == before


def sees(who: Actor, ticket: Ticket) -> bool:
    return Ticket.objects.visible_to(who).filter(pk=ticket.pk).exists()


# === Passing it on ==========================================================================


def test_the_liaison_office_has_it_with_a_deadline_like_any_lead(office: Unit) -> None:
    ticket = pass_on(accepted_ticket(), remark="涉及用地，请协调")

    order = Assignment.objects.get(ticket=ticket)
    assert (order.unit, order.role, order.is_open) == (office, "lead", True)
    assert (ticket.state, ticket.lead_unit, ticket.is_liaison) == ("dispatched", office, True)
    assert {"sign", "feedback", "first_contact", "promise"} <= set(running(ticket))
    liaison = Liaison.objects.get(ticket=ticket)
    assert (liaison.assignment, liaison.organisation, liaison.remark) == (
        order, "某央企的市内分公司", "涉及用地，请协调",
    )  # fmt: skip
    assert sees(handler(office), ticket)


def test_the_events_say_which_kind_of_organisation_and_never_its_name(office: Unit) -> None:
    ticket = pass_on(accepted_ticket(), organisation_kind="military")

    assert events(ticket)[-2:] == ["dispatched", "passed_to_liaison"]
    assert last_event(ticket).data == {"organisation_kind": "military"}
    assert event_detail(last_event(ticket)) == "驻地部队"


def test_the_requester_is_told_who_has_it(office: Unit) -> None:
    ticket, told_at = accepted_ticket(), AT + hours(0.5)
    is_refused("liaison_not_told", ticket, told_by="")
    is_refused("liaison_told_at_impossible", ticket, told_at=AT - hours(1))
    is_refused("liaison_told_at_impossible", ticket, told_at=PASSED + hours(1))
    pass_on(ticket, told_at=told_at)

    liaison = Liaison.objects.get(ticket=ticket)
    assert (liaison.told_by, liaison.told_at) == ("phone", told_at)


def test_nobody_is_told_of_an_anonymous_matter(office: Unit) -> None:
    ticket = pass_on(accepted_ticket(is_anonymous=True))

    liaison = Liaison.objects.get(ticket=ticket)
    assert (liaison.told_by, liaison.told_at) == ("", None)


def test_it_is_signed_replied_to_and_called_back_like_any_other(office: Unit) -> None:
    ticket = pass_on(accepted_ticket())
    dispatching.sign(number=ticket.number, actor=handler(office), at=AT + hours(2))
    reply_to(fresh(ticket), at=AT + hours(5))
    call_back(ticket, at=AT + hours(7))

    assert fresh(ticket).state == "callback"
    assert events(ticket)[-1] == "called_back"


def test_without_an_organisation_a_class_or_an_office_it_is_refused(office: Unit) -> None:
    ticket = accepted_ticket()
    is_refused("organisation_required", ticket, organisation=" ")
    is_refused("category_required", accepted_ticket(category=None))
    Unit.objects.filter(pk=office.pk).update(valid_to=PASSED.date())
    forget_all()

    is_refused("no_liaison_office", ticket)


def test_it_is_not_passed_on_during_a_consultation(office: Unit) -> None:
    ticket = accepted_ticket()
    dispatching.consult(
        number=ticket.number, actor=dispatcher(), at=AT + hours(0.5), question="谁办？",
        members=[unit()],
    )  # fmt: skip

    is_refused("consultation_open", ticket)


def test_what_has_been_dispatched_is_taken_back_before(office: Unit) -> None:
    is_refused("move_not_allowed", dispatched_ticket())


def test_only_the_dispatch_desk_passes_it_on(office: Unit) -> None:
    ticket = accepted_ticket()
    for who in (actor(Role.AGENT), actor(Role.CONTRACTOR), actor(Role.CITY_SUPERVISOR)):
        with pytest.raises(NotPermitted):
            pass_on(ticket, actor=who)
    with pytest.raises(NotVisible):
        pass_on(ticket, actor=handler(office))

    assert not Liaison.objects.exists()
    assert "pass_to_liaison" in {v.name for v in verbs.allowed_for(ticket, dispatcher())}


@pytest.mark.django_db(transaction=True)
def test_two_dispatchers_at_once_pass_it_on_once(office: Unit) -> None:
    ticket = accepted_ticket()
    desk = [dispatcher(), dispatcher()]
    results = together(*[lambda who=who: pass_on(ticket, actor=who) for who in desk])

    (refusal,) = [result for result in results if not isinstance(result, Ticket)]
    assert refusal.code == "move_not_allowed"
    assert Liaison.objects.filter(ticket=ticket).count() == 1


def test_a_wrong_one_can_be_returned_and_passed_on_again(office: Unit) -> None:
    ticket = pass_on(accepted_ticket())
    dispatching.recall(number=ticket.number, actor=dispatcher(), at=AT + hours(2), reason="派错")
    pass_on(ticket, at=AT + hours(3), organisation_kind="central_organ")

    assert [liaison.organisation_kind for liaison in Liaison.objects.order_by("id")] == [
        "central_enterprise", "central_organ",
    ]  # fmt: skip


def test_nobody_dispatches_to_the_office_without_saying_whom_it_concerns(office: Unit) -> None:
    ticket = accepted_ticket()
    with pytest.raises(RuleViolation) as refusal:
        dispatching.dispatch(number=ticket.number, actor=dispatcher(), at=PASSED, lead_unit=office)

    assert refusal.value.code == "liaison_needs_passing"
    assert fresh(ticket).state == "accepted"


def test_taken_back_it_stays_unpublished_until_a_local_unit_has_it(office: Unit) -> None:
    ticket = pass_on(accepted_ticket())
    dispatching.recall(number=ticket.number, actor=dispatcher(), at=AT + hours(2), reason="派错")
    assert not Ticket.objects.public().exists()
    dispatching.dispatch(
        number=ticket.number, actor=dispatcher(), at=AT + hours(3), lead_unit=unit()
    )

    assert list(Ticket.objects.public()) == [ticket]


# === What it never appears in ===============================================================


def test_it_counts_for_no_unit_of_any_group(office: Unit) -> None:
    ticket = pass_on(accepted_ticket())
    dispatching.sign(number=ticket.number, actor=handler(office), at=AT + hours(2))
    reply_to(fresh(ticket), at=AT + hours(5))
    call_back(ticket, at=AT + hours(7))
    scored = call_back(replied_ticket(), at=AT + hours(7))
    outcomes.rebuild(None, at=AT + days(2))
    city, month = actor(Role.CITY_SUPERVISOR), months.current(AT + days(2))

    tables = [monthly.table(month, group, city) for group in monthly.GROUPS]

    listed = {line.unit for table in tables for line in table.lines}
    assert listed == {scored.lead_unit}
    assert sum(table.total["volume"] for table in tables) == 1
    assert sum(table.total["valid"] for table in tables) == 1


def test_what_leaves_the_office_knows_neither_liaison_nor_confidential_matters(
    office: Unit,
) -> None:
    plain = handled_ticket()
    handled_ticket(is_confidential=True)
    pass_on(accepted_ticket())
    pass_on(accepted_ticket(is_confidential=True))

    assert list(Ticket.objects.public()) == [plain]
