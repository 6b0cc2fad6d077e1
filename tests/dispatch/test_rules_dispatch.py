"""What holds an order where the law wants it: rules that no other file of tests shows by itself."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from dispatch import services as dispatching
from dispatch.models import WRONG_DISPATCH, Assignment, Objection
from evaluation import services as evaluation
from hotline.core.models import ClockKind, Role, TimeLimit, Unit, UnitKind
from hotline.core.reference import forget_all
from hotline.core.violations import IllegalMove, NotPermitted, RuleViolation
from intake import verbs
from intake.models import Ticket
from tests.factories import (
    AT,
    LONG_AGO,
    accepted_ticket,
    actor,
    call_back,
    callback_agent,
    dispatched_ticket,
    dispatcher,
    fresh,
    handled_ticket,
    handler,
    hours,
    make_unit,
    minutes,
    replied_ticket,
    unit,
)
from tests.kernel.snapshots import running

pytestmark = pytest.mark.usefixtures("city")
LATER = AT + hours(1)


def objected(ticket: Ticket, *, at: dt.datetime = LATER, **changed: Any) -> Ticket:
    """The lead says the matter is not its own."""
    words = {"reason": "不在辖区内", "basis": "三定方案第二条"} | changed
    dispatching.raise_objection(number=ticket.number, actor=handler(ticket), at=at, **words)
    return fresh(ticket)


def test_r033_a_second_lead_is_refused_with_the_verb_and_the_state() -> None:
    ticket = dispatched_ticket()

    offered = {verb.name for verb in verbs.allowed_for(ticket, dispatcher())}

    assert "recall" in offered
    assert "dispatch" not in offered


def test_r044_a_unit_gives_nothing_back_by_itself() -> None:
    ticket = objected(handled_ticket())
    own: dict[str, Any] = {"number": ticket.number, "actor": handler(ticket), "at": AT + hours(2)}

    offered = {verb.name for verb in verbs.allowed_for(ticket, own["actor"])}

    assert not offered & {"recall", "return_to_desk", "designate", "undo_dispatch"}
    with pytest.raises(NotPermitted):
        dispatching.return_to_desk(**own)
    with pytest.raises(NotPermitted):
        dispatching.recall(**own, reason="不愿办理")


@pytest.mark.parametrize(("level", "limit"), [("L1", minutes(30)), ("L3", hours(4))])
def test_r045_the_authority_owes_its_ruling_in_time(level: str, limit: dt.timedelta) -> None:
    ticket = objected(dispatched_ticket(level=level), at=AT + minutes(10))

    owed = running(ticket).get("ruling")

    assert owed is not None
    assert (owed.due_at, owed.unit) == (AT + minutes(10) + limit, None)


def test_r047_a_second_round_opens_no_second_window() -> None:
    ticket = replied_ticket()
    call_back(ticket, at=AT + hours(2), resolved=False)
    evaluation.rehandle(number=ticket.number, actor=callback_agent(), at=AT + hours(2.5))

    with pytest.raises(IllegalMove) as refusal:
        objected(fresh(ticket), at=AT + hours(3))

    assert refusal.value.code == "objection_window_over"


@pytest.mark.parametrize("level", ["L1", "L2"])
def test_r048_on_the_first_two_levels_nothing_stands_still_whatever_the_limits_table_says(
    level: str,
) -> None:
    TimeLimit.objects.create(
        kind=ClockKind.PENDING_PAUSE, amount=24, unit="hours", valid_from=LONG_AGO, basis="测试"
    )
    forget_all()
    ticket = dispatched_ticket(level=level)
    before = running(ticket)["feedback"].due_at
    objected(ticket, at=AT + minutes(10))

    assert running(ticket)["feedback"].due_at == before
    assert running(ticket)["feedback"].paused_at is None


def test_r049_after_three_returns_the_hotline_designates() -> None:
    ticket = accepted_ticket()
    Ticket.objects.filter(pk=ticket.pk).update(return_count=3)
    dispatching.dispatch(
        number=ticket.number, actor=dispatcher(), at=AT + minutes(5), lead_unit=unit()
    )

    assert Assignment.objects.get(ticket=ticket, role="lead").is_designated
    with pytest.raises(IllegalMove) as refusal:
        objected(fresh(ticket))
    assert refusal.value.code == "designated_order"


def test_r049_the_unit_that_a_consultation_named_keeps_the_order() -> None:
    ticket, desk = accepted_ticket(), dispatcher()
    own: dict[str, Any] = {"number": ticket.number, "actor": desk}
    dispatching.consult(
        **own, at=AT + minutes(5), question="归谁管", members=[unit("city-housing")]
    )
    dispatching.conclude_consultation(
        **own, at=AT + hours(1), opinion="由属地街道牵头", decided_unit=unit()
    )

    with pytest.raises(IllegalMove) as refusal:
        objected(fresh(ticket), at=AT + hours(2))
    assert refusal.value.code == "designated_order"


def test_r050_what_was_dispatched_wrongly_is_counted_on_the_ticket() -> None:
    ticket = objected(dispatched_ticket())
    dispatching.return_to_desk(number=ticket.number, actor=dispatcher(), at=AT + hours(2))

    assert Objection.objects.get().outcome in WRONG_DISPATCH
    assert fresh(ticket).return_count == 1


def test_r051_the_leads_signature_is_not_that_of_who_helps() -> None:
    ticket = accepted_ticket()
    helper = unit("city-housing")
    dispatching.dispatch(
        number=ticket.number, actor=dispatcher(), at=AT + minutes(5), lead_unit=unit(),
        cooperators=[helper],
    )  # fmt: skip
    dispatching.sign(number=ticket.number, actor=handler(unit()), at=AT + minutes(8))

    part = Assignment.objects.get(ticket=ticket, unit=helper)
    unsigned = ticket.clocks.running().filter(kind="sign")  # type: ignore[attr-defined]
    assert list(unsigned.values_list("subject_id", flat=True)) == [part.pk]
    assert part.next_due_at == unsigned.get().due_at


def test_r065_a_street_without_a_district_area_still_asks_what_is_above_it() -> None:
    bureau = make_unit(kind=UnitKind.DISTRICT_DEPARTMENT, parent=unit("990101"), area=None)

    asked = dispatching.authorities_over(Unit.objects.get(pk=bureau.pk), AT.date())

    assert {authority.code for authority in asked} == {"990101", "hotline"}


def test_r066_the_hotlines_supervisor_does_not_answer_for_a_district() -> None:
    ticket = handled_ticket()
    dispatching.escalate(
        number=ticket.number, actor=handler(ticket), at=LATER, authority=unit("990101"),
        question="涉及三个部门，街道无法协调",
    )  # fmt: skip

    with pytest.raises(NotPermitted):
        dispatching.answer_escalation(
            number=ticket.number, actor=actor(Role.CITY_SUPERVISOR), at=LATER + hours(1),
            opinion="由区牵头办理",
        )  # fmt: skip


@pytest.mark.parametrize("text", ["", "  \n\u3000"])
def test_r068_a_reply_says_something(text: str) -> None:
    ticket = handled_ticket()

    with pytest.raises(RuleViolation) as refusal:
        dispatching.reply(
            number=ticket.number, actor=handler(ticket), at=AT + hours(1), text=text, solved="yes",
            told_by="phone",
        )  # fmt: skip

    assert refusal.value.code == "reply_required"
