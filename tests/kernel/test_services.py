"""The office's rules, one test each: what is allowed, what is refused, what is written down."""

from __future__ import annotations

import datetime as dt
import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from pytest_django import Settings

from dispatch import services as dispatching
from dispatch.forms.orders import ContactForm, ReplyForm
from dispatch.models import Assignment, Contact, Objection, Reply, SupervisionOrder
from evaluation import services as evaluation
from evaluation.models import CallbackResult
from hotline.core.actors import SYSTEM, Actor
from hotline.core.models import AuditEntry, Role, TimeLimit, Unit
from hotline.core.reference import forget_all
from hotline.core.violations import IllegalMove, NotPermitted, NotVisible, RuleViolation
from intake import services as intake
from intake import verbs
from intake.forms import InformForm
from intake.models import (
    Access,
    Clock,
    CloseCode,
    Note,
    Requester,
    Ticket,
    TicketEvent,
    TicketRequester,
    TicketText,
    TicketTextRevision,
)
from tests.factories import (
    AT,
    MATTER,
    PHONE,
    accepted_ticket,
    actor,
    agent,
    area,
    call_back,
    callback_agent,
    calling_hour,
    category,
    channel,
    client_actor,
    closed_ticket,
    days,
    dispatched_ticket,
    dispatcher,
    fresh,
    handled_ticket,
    handler,
    hours,
    make_unit,
    minutes,
    replied_ticket,
    reply_to,
    unit,
)
from tests.kernel.snapshots import events, last_event, running, snapshot

pytestmark = pytest.mark.usefixtures("city")


def refused(code: str, act: Callable[..., Any], /, **arguments: Any) -> RuleViolation:
    """The act is refused with this code and a sentence, and nothing is written."""
    before = snapshot(Ticket.objects.values_list("pk", flat=True))
    with pytest.raises(RuleViolation) as refusal:
        act(**arguments)

    assert refusal.value.code == code
    assert refusal.value.sentence()
    assert snapshot(Ticket.objects.values_list("pk", flat=True)) == before
    return refusal.value


def registration(**changed: Any) -> dict[str, Any]:
    """A complete registration, with something changed."""
    return {
        "actor": agent(), "at": AT, "channel": channel(), "matter": MATTER, "called_at": AT,
        "phone": PHONE, "name": "王芳", **changed,
    }  # fmt: skip


# === Registering (R-015…R-019) ==============================================================


@pytest.mark.parametrize(
    ("missing", "code", "field"),
    [
        ({"called_at": None}, "called_at_required", "called_at"),
        ({"matter": ""}, "matter_required", "matter"),
        ({"matter": " \n\u3000"}, "matter_required", "matter"),
        ({"phone": "", "name": ""}, "contact_required", "phone"),
        ({"channel": None}, "channel_required", "channel"),
    ],
)
def test_r015_no_ticket_without_time_matter_and_contact(
    missing: dict[str, Any], code: str, field: str
) -> None:
    refusal = refused(code, intake.accept, **registration(**missing))

    assert refusal.status == 422
    assert refusal.field == field
    assert not Ticket.objects.exists()
    assert not Requester.objects.exists()


def test_r015_a_complete_registration_is_one_event_and_two_promises() -> None:
    ticket = intake.accept(**registration())

    assert events(ticket) == ["accepted"]
    assert set(running(ticket)) == {"dispatch", "promise"}
    assert ticket.promised_at == running(ticket)["promise"].due_at == AT + days(7)
    assert running(ticket)["dispatch"].due_at == AT + hours(24)
    assert (ticket.version, ticket.event_seq) == (1, 1)


def test_r019_anonymity_is_explicit_and_excludes_a_contact() -> None:
    refused("contact_and_anonymous", intake.accept, **registration(is_anonymous=True))
    ticket = intake.accept(**registration(is_anonymous=True, phone="", name=""))

    assert ticket.is_anonymous
    assert not ticket.parties.exists()


def test_a_time_in_the_future_is_refused_and_a_clock_slightly_ahead_is_not() -> None:
    refused("called_in_future", intake.accept, **registration(called_at=AT + minutes(6)))

    assert intake.accept(**registration(called_at=AT + minutes(4))).pk


@pytest.mark.parametrize(
    "written",
    ["13800138000", "138-0013-8000", "138 0013 8000", "+86 138 0013 8000", "１３８００１３８０００",
     "(+86)13800138000", "008613800138000", "013800138000"],
)  # fmt: skip
def test_phones_in_any_usual_writing_are_one_requester(written: str) -> None:
    first = intake.accept(**registration())
    second = intake.accept(**registration(phone=written))

    assert first.parties.get().requester_id == second.parties.get().requester_id


@pytest.mark.parametrize("written", ["12345", "abc", "1380013", "138****8000", "9" * 40, "🙂"])
def test_nonsense_and_masked_phones_are_refused(written: str) -> None:
    with pytest.raises(RuleViolation) as refusal:
        intake.accept(**registration(phone=written))

    assert refusal.value.field == "phone"
    assert refusal.value.status == 422
    assert refusal.value.sentence()
    assert not Ticket.objects.exists()


@pytest.mark.parametrize("field", ["name", "door"])
def test_a_masked_value_is_never_written_back(field: str) -> None:
    refusal = refused("masked_value", intake.accept, **registration(**{field: "王**"}))

    assert refusal.field == field


def test_two_people_on_one_phone_are_two_requesters() -> None:
    intake.accept(**registration(name="王芳"))
    intake.accept(**registration(name="李强"))

    assert Requester.objects.count() == 2


def test_numbers_in_the_matter_become_references_before_anything_is_stored() -> None:
    ticket = intake.accept(
        **registration(
            matter="邻居电话13911112222，身份证11010519491231002X，请转告。",
            title="请回电13933334444",
        )
    )

    text = TicketText.objects.get(ticket=ticket)
    assert "13911112222" not in text.matter
    assert "11010519491231002X" not in text.matter
    assert "13933334444" not in text.title
    kept = {token: value for _kind, value, token in json.loads(text.references or "[]")}
    assert set(kept.values()) == {"13911112222", "11010519491231002X", "13933334444"}
    assert len(kept) == 3


def test_a_megabyte_of_text_is_refused_at_once() -> None:
    begun = time.monotonic()
    refusal = refused("text_too_long", intake.accept, **registration(matter="噪" * 1_000_000))

    assert "1000000" in refusal.sentence()
    assert time.monotonic() - begun < 2


def test_control_characters_are_refused_and_direction_marks_removed() -> None:
    refused("text_not_text", intake.accept, **registration(matter="停水\x00三天"))
    ticket = intake.accept(**registration(matter="停水\u202e三天😀"))

    assert TicketText.objects.get(ticket=ticket).matter == "停水三天😀"


def test_r018_a_confidential_ticket_says_so_and_shows_its_unit_nobody() -> None:
    ticket = handled_ticket(is_confidential=True)
    refused_to = handler(ticket)

    with pytest.raises(NotPermitted):
        intake.reveal_requester(number=ticket.number, actor=refused_to, at=AT, reason="联系")

    assert ticket.is_confidential
    assert not AuditEntry.objects.exists()


def test_r018_a_logged_relay_counts_as_contact_and_nothing_else_does() -> None:
    ticket = handled_ticket(is_confidential=True)
    at = AT + hours(1)
    refused(
        "identity_withheld", dispatching.contact,
        number=ticket.number, actor=handler(ticket), at=at, method="phone",
    )  # fmt: skip
    dispatching.contact(number=ticket.number, actor=handler(ticket), at=at, method="relay")

    assert "first_contact" not in running(ticket)
    assert last_event(ticket).type == "contacted"


def test_r019_an_anonymous_ticket_owes_no_contact_and_no_call_back() -> None:
    ticket = handled_ticket(is_anonymous=True)

    assert "first_contact" not in running(ticket)
    assert "callback" not in running(ticket)
    with pytest.raises(RuleViolation):
        dispatching.contact(
            number=ticket.number, actor=handler(ticket), at=AT + hours(1), method="phone"
        )
    replied = reply_to(ticket, at=AT + hours(2))
    assert replied.state == "callback"
    with pytest.raises(RuleViolation):
        call_back(replied, at=AT + hours(4))
    evaluation.close(
        number=ticket.number, actor=callback_agent(), at=AT + hours(4), code="anonymous"
    )
    assert fresh(ticket).state == "closed"


# === Wording and classes (R-016) ============================================================


def amended(ticket: Ticket, **words: Any) -> TicketText:
    arguments: dict[str, Any] = {"matter": "路灯已坏五天。", "at": AT + hours(1), **words}
    intake.amend(number=ticket.number, actor=agent(), **arguments)
    return TicketText.objects.get(ticket=ticket)


def test_r016_an_amendment_keeps_the_earlier_wording() -> None:
    ticket = accepted_ticket()
    old = TicketText.objects.get(ticket=ticket)
    new = amended(ticket)

    kept = TicketTextRevision.objects.get(ticket=ticket)
    assert (kept.revision, kept.matter, kept.title) == (1, old.matter, old.title)
    assert (new.revision, new.matter) == (2, "路灯已坏五天。")
    assert last_event(ticket).type == "amended"
    assert last_event(ticket).data == {"revision": 2}


def test_an_amendment_that_changes_nothing_is_refused() -> None:
    ticket = accepted_ticket()
    old = TicketText.objects.get(ticket=ticket)

    refused(
        "nothing_changed", intake.amend, number=ticket.number, actor=agent(), at=AT + hours(1),
        matter=old.matter, title=old.title, address=old.address, target=old.target,
    )  # fmt: skip


def test_an_amendment_keeps_the_numbers_that_its_references_stand_for() -> None:
    ticket = accepted_ticket(matter="物业电话13911112222，请催办。", title="催物业")
    shown = TicketText.objects.get(ticket=ticket).matter
    new = amended(ticket, matter=f"{shown}另一部电话13933334444。", title="催物业")

    kept = {token: value for _kind, value, token in json.loads(new.references or "[]")}
    assert kept == {"〔电话1〕": "13911112222", "〔电话2〕": "13933334444"}
    assert new.matter == "物业电话〔电话1〕，请催办。另一部电话〔电话2〕。"


def test_the_door_nobody_is_shown_survives_an_amendment() -> None:
    ticket = accepted_ticket(door="3号楼2单元501")
    new = amended(ticket)

    assert new.door == "3号楼2单元501"


def test_a_masked_door_is_not_written_over_the_real_one() -> None:
    ticket = accepted_ticket(door="3号楼2单元501")

    refused(
        "masked_value", intake.amend, number=ticket.number, actor=agent(), at=AT + hours(1),
        matter="路灯已坏五天。", door="3号楼****",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("was", "becomes"),
    [
        (("L1", "ordinary"), {"level": "L2"}),
        (("L2", "ordinary"), {"level": "L3"}),
        (("L3", "urgent"), {"urgency": "prompt"}),
        (("L3", "prompt"), {"urgency": "ordinary"}),
        (("L3", "ordinary"), {"level": "L4"}),
    ],
)
def test_a_level_is_never_lowered(was: tuple[str, str], becomes: dict[str, str]) -> None:
    ticket = accepted_ticket(level=was[0], urgency=was[1])

    refused(
        "level_not_lowered", intake.classify,
        number=ticket.number, actor=dispatcher(), at=AT + minutes(1), **becomes,
    )  # fmt: skip


def test_raising_the_level_brings_the_promise_forward_from_acceptance() -> None:
    ticket = accepted_ticket(level="L4")
    intake.classify(number=ticket.number, actor=dispatcher(), at=AT + hours(3), level="L2")

    assert fresh(ticket).promised_at == AT + hours(24)
    assert running(ticket)["promise"].due_at == AT + hours(24)
    assert running(ticket)["dispatch"].due_at == AT + hours(2)


def test_a_promise_already_over_when_the_level_is_raised_is_missed_at_its_new_time() -> None:
    ticket = accepted_ticket()
    intake.classify(number=ticket.number, actor=dispatcher(), at=AT + hours(5), level="L1")
    intake.sweep(at=AT + hours(5))

    promise = Clock.objects.get(ticket=ticket, kind="promise")
    assert promise.breached_at == AT + hours(2)


def test_a_note_of_a_unit_is_kept_for_the_unit_that_leads() -> None:
    ticket = handled_ticket()
    many_hats = Actor(
        kind="staff",
        id=agent().id,
        grants=frozenset((Role.HANDLER.value, u.pk) for u in Unit.objects.exclude(code="hotline")),
    )
    intake.note(number=ticket.number, actor=many_hats, at=AT + hours(1), text="已派人")

    assert Note.objects.get(ticket=ticket).unit_id == ticket.lead_unit_id


# === Without an order (R-023…R-028) =========================================================


@pytest.mark.parametrize(
    "code", ["d2_legal_channel", "d4_secret", "d5_other_channel", "d6_dissuaded", "outside_area"]
)
def test_r023_a_refusal_states_its_reason(code: str) -> None:
    ticket = accepted_ticket()
    refused(
        "reason_required", intake.inform,
        number=ticket.number, actor=agent(), at=AT + minutes(2), code=code,
    )  # fmt: skip
    intake.inform(
        number=ticket.number, actor=agent(), at=AT + minutes(2), code=code, reason="依法应走诉讼"
    )

    ticket = fresh(ticket)
    assert (ticket.state, ticket.close_code) == ("closed", code)
    assert last_event(ticket).data == {"code": code}
    assert Note.objects.get(ticket=ticket).text == "依法应走诉讼"
    assert not running(ticket)


def test_r027_unreasonable_is_no_ground_for_refusal() -> None:
    refused(
        "reason_required", intake.inform,
        number=accepted_ticket().number, actor=agent(), at=AT, code="unreasonable", reason="x",
    )  # fmt: skip

    assert "unreasonable" not in dict(InformForm().fields["code"].choices)


def test_r024_an_emergency_is_transferred_with_nothing_filled_in() -> None:
    ticket = intake.transfer_emergency(actor=agent(), at=AT, channel=channel(), line="119")

    assert (ticket.state, ticket.close_code) == ("closed", CloseCode.EMERGENCY)
    assert events(ticket) == ["accepted", "informed"]
    informed = last_event(ticket)
    assert (informed.data["transferred_to"], informed.occurred_at) == ("119", AT)
    assert not running(ticket)


@pytest.mark.parametrize("shown", ["12345", "unknown", "138****8000", "\x00"])
def test_r024_an_unreadable_number_never_stops_an_emergency(shown: str) -> None:
    ticket = intake.transfer_emergency(
        actor=agent(), at=AT, channel=channel(), line="120", phone=shown
    )

    assert ticket.close_code == CloseCode.EMERGENCY
    assert ticket.is_anonymous


def test_r024_a_transfer_names_its_line() -> None:
    form = InformForm({"code": "d1_emergency"})

    assert not form.is_valid()
    assert "transferred_to" in form.errors


def test_r025_the_same_matter_names_the_earlier_ticket() -> None:
    earlier, ticket = closed_ticket(), accepted_ticket()
    told = {"number": ticket.number, "actor": agent(), "at": AT + minutes(2),
            "code": "d3_in_progress", "reason": "无新情况、新理由"}  # fmt: skip
    refused("earlier_ticket_required", intake.inform, **told)
    refused("earlier_ticket_unknown", intake.inform, **told, earlier="2026041400000018")
    refused("earlier_ticket_unknown", intake.inform, **told, earlier=ticket.number)
    intake.inform(**told, earlier=earlier.number)

    assert last_event(ticket).data["earlier"] == earlier.number


def test_d7_only_a_consultation_is_answered_on_the_spot() -> None:
    complaint, question = accepted_ticket(), accepted_ticket(request_type="consult")
    refused(
        "only_consultations_answered", intake.answer,
        number=complaint.number, actor=agent(), at=AT + minutes(1), text="可以",
    )  # fmt: skip
    refused(
        "answer_required", intake.answer,
        number=question.number, actor=agent(), at=AT + minutes(1), text="  ",
    )  # fmt: skip
    intake.answer(number=question.number, actor=agent(), at=AT + minutes(1), text="带身份证办理。")

    question = fresh(question)
    assert (question.state, question.close_code) == ("closed", "answered")
    assert question.replied_at == AT + minutes(1)
    assert Note.objects.get(ticket=question).text == "带身份证办理。"


# === Dispatch (R-020, R-030…R-040) ==========================================================


def dispatch(ticket: Ticket, lead: Unit | None = None, **changed: Any) -> Ticket:
    arguments = {
        "number": ticket.number, "actor": dispatcher(), "at": AT + minutes(5),
        "lead_unit": lead or unit(), **changed,
    }  # fmt: skip
    dispatching.dispatch(**arguments)
    return fresh(ticket)


@pytest.mark.parametrize("accused", ["甲一街道办事处", " 甲一街道办事处 ", "甲一街道办事处城管科"])
@pytest.mark.parametrize("request_type", ["complaint", "report"])
def test_r020_an_accusation_is_not_handed_to_the_accused(request_type: str, accused: str) -> None:
    ticket = accepted_ticket(request_type=request_type, target=accused)
    refused(
        "conflict_of_interest", dispatching.dispatch,
        number=ticket.number, actor=dispatcher(), at=AT + minutes(5), lead_unit=unit(),
    )  # fmt: skip

    assert dispatch(ticket, unit("990101")).state == "dispatched"


def test_r020_a_request_for_help_may_go_to_the_unit_it_names() -> None:
    assert dispatch(accepted_ticket(request_type="help", target=unit().name)).state == "dispatched"


def test_r031_a_street_gets_exactly_one_district_copy_that_owes_nothing() -> None:
    ticket = dispatch(accepted_ticket())

    copy = Assignment.objects.get(ticket=ticket, role="supervise")
    assert copy.unit == unit("990101")
    assert copy.next_due_at is None
    assert not Clock.objects.filter(ticket=ticket, unit=copy.unit).exists()
    assert Access.objects.filter(ticket=ticket, until=None).count() == 2
    assert last_event(ticket).data["copy"] == "990101"


@pytest.mark.parametrize("code", ["city-urban", "ent-heat", "990101", "990101-market"])
def test_r031_no_copy_goes_out_where_no_street_leads(code: str) -> None:
    ticket = dispatch(accepted_ticket(), unit(code))

    assert Assignment.objects.get(ticket=ticket).role == "lead"


def test_r031_the_copy_is_seen_by_the_districts_supervisor_though_no_place_was_given() -> None:
    ticket = dispatch(accepted_ticket(area=None))
    supervisor = actor(Role.DISTRICT_SUPERVISOR, unit("990101"))
    colleague = actor(Role.DISTRICT_SUPERVISOR, unit("990102"))

    assert Ticket.objects.visible_to(supervisor).filter(pk=ticket.pk).exists()
    assert not Ticket.objects.visible_to(colleague).filter(pk=ticket.pk).exists()


def test_r033_a_dispatched_ticket_has_one_lead() -> None:
    ticket = dispatch(accepted_ticket())
    refused(
        "move_not_allowed", dispatching.dispatch,
        number=ticket.number, actor=dispatcher(), at=AT + minutes(6), lead_unit=unit("ent-heat"),
    )  # fmt: skip

    assert Assignment.objects.get(ticket=ticket, role="lead", is_open=True).unit == unit()


def test_r035_the_order_states_its_limit_and_none_goes_out_without() -> None:
    ticket = accepted_ticket()
    TimeLimit.objects.filter(kind="feedback").delete()
    forget_all()
    refused(
        "no_time_limit", dispatching.dispatch,
        number=ticket.number, actor=dispatcher(), at=AT + minutes(5), lead_unit=unit(),
    )  # fmt: skip

    assert fresh(ticket).state == "accepted"


def test_r035_the_deadline_stands_on_the_order_and_in_the_event() -> None:
    ticket = dispatch(accepted_ticket())

    due = running(ticket)["feedback"].due_at
    assert due == AT + minutes(5) + days(7)
    assert dt.datetime.fromisoformat(last_event(ticket).data["due_at"]) == due
    assert ticket.promised_at == AT + days(7)


def test_dispatch_needs_a_class_and_takes_one() -> None:
    ticket = accepted_ticket(category=None)
    refused(
        "category_required", dispatching.dispatch,
        number=ticket.number, actor=dispatcher(), at=AT + minutes(5), lead_unit=unit(),
    )  # fmt: skip

    assert dispatch(ticket, category=category("1001")).category == category("1001")


@pytest.mark.parametrize("code", ["990101001001", "hotline"])
def test_r040_a_community_and_the_hotline_never_lead(code: str) -> None:
    refused(
        "unit_cannot_lead", dispatching.dispatch, number=accepted_ticket().number,
        actor=dispatcher(), at=AT + minutes(5), lead_unit=unit(code),
    )  # fmt: skip


@pytest.mark.parametrize(
    "span",
    [
        {"valid_from": AT.date() + dt.timedelta(days=1)},
        {"valid_from": dt.date(2020, 1, 1), "valid_to": AT.date()},
    ],
)
def test_a_unit_that_is_not_in_force_cannot_lead(span: dict[str, dt.date]) -> None:
    refused(
        "unit_not_in_force", dispatching.dispatch, number=accepted_ticket().number,
        actor=dispatcher(), at=AT + minutes(5), lead_unit=make_unit(**span),
    )  # fmt: skip


def test_a_recalled_order_leaves_the_unit_its_clocks_and_its_sight() -> None:
    ticket = handled_ticket()
    lead = handler(ticket)
    refused(
        "reason_required", dispatching.recall,
        number=ticket.number, actor=dispatcher(), at=AT + hours(1), reason=" ",
    )  # fmt: skip
    dispatching.recall(
        number=ticket.number, actor=dispatcher(), at=AT + hours(1), reason="派错街道"
    )

    assert fresh(ticket).state == "accepted"
    assert set(running(ticket)) == {"promise", "dispatch"}
    assert not Ticket.objects.visible_to(lead).exists()
    assert not Assignment.objects.open().exists()
    assert fresh(ticket).promised_at == ticket.promised_at


def test_a_ticket_goes_back_to_the_same_unit_after_a_recall() -> None:
    ticket = dispatched_ticket()
    dispatching.recall(
        number=ticket.number, actor=dispatcher(), at=AT + hours(1), reason="补充材料"
    )

    assert dispatch(ticket, at=AT + hours(2)).state == "dispatched"


# === Objections (R-045…R-049) ===============================================================


def objection(ticket: Ticket, **changed: Any) -> dict[str, Any]:
    return {
        "number": ticket.number, "actor": handler(ticket), "at": AT + hours(1),
        "reason": "不在辖区内", "basis": "三定方案第二条", **changed,
    }  # fmt: skip


def test_r046_an_objection_needs_reason_and_basis() -> None:
    ticket = dispatched_ticket()
    refused("reason_required", dispatching.raise_objection, **objection(ticket, reason=" "))
    refused("basis_required", dispatching.raise_objection, **objection(ticket, basis=""))


@pytest.mark.parametrize(
    ("level", "window"), [("L1", minutes(15)), ("L2", hours(1)), ("L3", hours(24))]
)
def test_r047_after_its_window_an_order_is_deemed_accepted(
    level: str, window: dt.timedelta
) -> None:
    ticket = dispatched_ticket(level=level)
    closes = AT + minutes(5) + window
    refused("objection_window_over", dispatching.raise_objection, **objection(ticket, at=closes))
    dispatching.raise_objection(**objection(ticket, at=closes - dt.timedelta(seconds=1)))

    assert last_event(ticket).type == "objected"


def test_r048_on_the_first_levels_clocks_run_and_the_unit_stays_responsible() -> None:
    ticket = handled_ticket(level="L2")
    before = {kind: clock.due_at for kind, clock in running(ticket).items()}
    at = AT + minutes(30)
    dispatching.raise_objection(**objection(ticket, at=at))

    after = {kind: clock.due_at for kind, clock in running(ticket).items()}
    assert after.pop("ruling") == at + hours(4)
    assert after == before
    assert fresh(ticket).lead_unit == ticket.lead_unit


def test_r048_on_the_other_levels_what_the_unit_owes_stands_still_at_most_a_day() -> None:
    ticket = handled_ticket()
    before = {kind: clock.due_at for kind, clock in running(ticket).items()}
    dispatching.raise_objection(**objection(ticket))

    after = {kind: clock.due_at for kind, clock in running(ticket).items()}
    for kind in ("first_contact", "feedback", "callback"):
        assert after[kind] == before[kind] + hours(24)
    assert after["promise"] == before["promise"]
    with pytest.raises(IllegalMove, match="审核"):
        reply_to(ticket, at=AT + hours(2))


def test_r048_a_rejected_objection_costs_the_unit_no_time() -> None:
    ticket = handled_ticket()
    before = {kind: clock.due_at for kind, clock in running(ticket).items()}
    dispatching.raise_objection(**objection(ticket))
    dispatching.reject_objection(
        number=ticket.number, actor=dispatcher(), at=AT + hours(4), ruling="属地管理"
    )

    after = {kind: clock.due_at for kind, clock in running(ticket).items()}
    assert after["feedback"] == before["feedback"] + hours(3)
    assert after["callback"] == before["callback"] + hours(3)
    assert after["promise"] == before["promise"]


def test_nobody_rules_on_an_objection_to_a_dispatch_of_their_own() -> None:
    ticket = accepted_ticket()
    own = dispatcher()
    dispatching.dispatch(number=ticket.number, actor=own, at=AT + minutes(5), lead_unit=unit())
    dispatching.raise_objection(**objection(fresh(ticket)))

    refused("own_dispatch", dispatching.return_to_desk, number=ticket.number, actor=own,
            at=AT + hours(2), ruling="确属派错")  # fmt: skip


def test_r049_a_designated_unit_leads_at_once_and_cannot_object() -> None:
    ticket = handled_ticket()
    dispatching.raise_objection(**objection(ticket))
    dispatching.designate(
        number=ticket.number, actor=dispatcher(), at=AT + hours(2),
        unit=unit("city-urban"), ruling="属市政设施职责",
    )  # fmt: skip

    now = fresh(ticket)
    assert (now.state, now.lead_unit, now.return_count) == ("dispatched", unit("city-urban"), 1)
    assert events(ticket)[-2:] == ["returned", "dispatched"]
    refused("designated_order", dispatching.raise_objection, **objection(now, at=AT + hours(3)))


def test_a_slip_of_the_hand_is_taken_back_within_seconds_by_its_owner_only() -> None:
    ticket = accepted_ticket()
    own, at = dispatcher(), AT + minutes(5)
    dispatching.dispatch(number=ticket.number, actor=own, at=at, lead_unit=unit())
    refused("undo_over", dispatching.undo_dispatch, number=ticket.number, actor=dispatcher(),
            at=at + dt.timedelta(seconds=10))  # fmt: skip
    refused("undo_over", dispatching.undo_dispatch, number=ticket.number, actor=own,
            at=at + dt.timedelta(seconds=31))  # fmt: skip

    dispatching.undo_dispatch(number=ticket.number, actor=own, at=at + dt.timedelta(seconds=30))

    order = Assignment.objects.get(ticket=ticket, role="lead")
    assert fresh(ticket).state == "accepted"
    assert (order.end_reason, order.is_open) == ("undone", False)
    assert "dispatch" in running(ticket)


def test_the_desks_time_for_a_ruling_never_shows_in_the_units_inbox() -> None:
    ticket = handled_ticket()
    dispatching.raise_objection(**objection(ticket))
    dispatching.contact(
        number=ticket.number, actor=handler(ticket), at=AT + hours(2), method="phone"
    )

    order = Assignment.objects.get(ticket=ticket, role="lead")
    assert order.next_due_at == running(ticket)["feedback"].due_at


def test_r049_after_a_ruling_there_is_no_second_objection() -> None:
    ticket = handled_ticket()
    dispatching.raise_objection(**objection(ticket))
    refused("objection_pending", dispatching.raise_objection, **objection(ticket))
    dispatching.reject_objection(
        number=ticket.number, actor=dispatcher(), at=AT + hours(2), ruling="属地管理"
    )
    refused("already_ruled", dispatching.raise_objection, **objection(ticket, at=AT + hours(3)))

    assert "ruling" not in running(ticket)
    assert Objection.objects.get().outcome == "rejected"


def test_r050_an_upheld_objection_returns_the_ticket_to_the_desk() -> None:
    ticket = dispatched_ticket()
    lead = handler(ticket)
    dispatching.raise_objection(**objection(ticket, proposed_unit=unit("city-urban")))
    dispatching.return_to_desk(number=ticket.number, actor=dispatcher(), at=AT + hours(2))

    ticket = fresh(ticket)
    assert ticket.state == "accepted"
    assert last_event(ticket).type == "returned"
    assert Assignment.objects.get(ticket=ticket, role="lead").state == "returned"
    assert not Ticket.objects.visible_to(lead).exists()
    assert ticket.promised_at == AT + days(7)


def test_a_ruling_needs_an_objection() -> None:
    ticket = dispatched_ticket()
    refused(
        "no_objection", dispatching.return_to_desk,
        number=ticket.number, actor=dispatcher(), at=AT + hours(1),
    )  # fmt: skip


# === Handling (R-053, R-059, R-064, R-121) ==================================================


def test_r053_the_first_contact_keeps_the_promise() -> None:
    ticket = handled_ticket()
    dispatching.contact(
        number=ticket.number, actor=handler(ticket), at=AT + hours(1), method="phone"
    )

    clock = Clock.objects.get(ticket=ticket, kind="first_contact")
    assert (clock.stopped_at, clock.breached_at) == (AT + hours(1), None)
    assert Contact.objects.get().contacted_at == AT + hours(1)


@pytest.mark.parametrize("is_swept", [True, False])
def test_a_contact_written_down_too_late_is_late_whether_or_not_a_sweep_ran(
    is_swept: bool,
) -> None:
    ticket = handled_ticket(level="L1")
    due = running(ticket)["first_contact"].due_at
    if is_swept:
        intake.sweep(at=due + minutes(1))
    dispatching.contact(
        number=ticket.number, actor=handler(ticket), at=due + minutes(5), method="phone",
        contacted_at=due - minutes(5),
    )  # fmt: skip

    clock = Clock.objects.get(ticket=ticket, kind="first_contact")
    assert clock.breached_at == due
    assert clock.is_late(due + hours(1))
    assert Contact.objects.get().contacted_at == due - minutes(5)


@pytest.mark.parametrize("when", [AT + minutes(4), AT + hours(1) + dt.timedelta(seconds=1)])
def test_nobody_was_told_before_the_order_or_in_the_future(when: dt.datetime) -> None:
    ticket = handled_ticket()
    refused(
        "told_at_impossible", dispatching.contact, number=ticket.number, actor=handler(ticket),
        at=AT + hours(1), method="phone", contacted_at=when,
    )  # fmt: skip


def test_r059_the_situation_report_of_the_first_level_does_not_end_the_work() -> None:
    ticket = handled_ticket(level="L1")
    dispatching.report(
        number=ticket.number, actor=handler(ticket), at=AT + hours(1), text="已到现场控制火势",
        told_by="phone",
    )  # fmt: skip

    assert fresh(ticket).state == "handling"
    assert Reply.objects.get().kind == "situation"
    clocks = running(ticket)
    assert clocks["final_reply"].due_at == AT + hours(25)
    assert "feedback" not in clocks
    assert "promise" not in clocks


def test_r059_reporting_again_does_not_put_off_the_final_reply() -> None:
    ticket = handled_ticket(level="L1")
    for n in (1, 20):
        dispatching.report(
            number=ticket.number, actor=handler(ticket), at=AT + hours(n), text=f"第{n}次情况反馈",
            told_by="phone",
        )  # fmt: skip

    assert running(ticket)["final_reply"].due_at == AT + hours(25)
    assert Clock.objects.filter(ticket=ticket, kind="final_reply").count() == 1


def test_r059_the_plan_of_the_fourth_level_names_its_next_date() -> None:
    ticket = handled_ticket(level="L4")
    plan = {"number": ticket.number, "actor": handler(ticket), "at": AT + days(2),
            "text": "拟列入改造计划", "told_by": "phone"}  # fmt: skip
    refused("next_at_required", dispatching.report, **plan)
    refused("next_at_required", dispatching.report, **plan, next_at=AT + days(2))
    dispatching.report(**plan, next_at=AT + days(30))

    assert running(ticket)["measure"].due_at == AT + days(30)
    assert fresh(ticket).state == "handling"


def test_r059_a_further_report_puts_no_measure_off() -> None:
    ticket = handled_ticket(level="L4")
    told = {"number": ticket.number, "actor": handler(ticket), "told_by": "phone"}
    dispatching.report(**told, at=AT + days(1), text="先勘查", next_at=AT + days(5))
    dispatching.report(**told, at=AT + days(2), text="再立项", next_at=AT + days(40))

    measures = Clock.objects.running().filter(ticket=ticket, kind="measure").order_by("due_at")
    assert [clock.due_at for clock in measures] == [AT + days(5), AT + days(40)]
    dispatching.report(**told, at=AT + days(6), text="已勘查", is_done=True)
    kept = Clock.objects.get(ticket=ticket, kind="measure", stopped_at__isnull=False)
    assert (kept.due_at, kept.breached_at) == (AT + days(5), AT + days(5))
    assert running(ticket)["measure"].due_at == AT + days(40)


def test_r059_when_the_last_measure_is_done_a_next_one_or_the_reply_is_owed() -> None:
    ticket = handled_ticket(level="L4")
    told = {"number": ticket.number, "actor": handler(ticket), "told_by": "phone"}
    dispatching.report(**told, at=AT + days(1), text="先勘查", next_at=AT + days(5))

    refused("next_at_required", dispatching.report, **told, at=AT + days(4), text="已勘查",
            is_done=True)  # fmt: skip


def test_r020_an_accused_district_gets_neither_order_nor_copy() -> None:
    ticket = accepted_ticket(target="甲区政府工作人员推诿")

    for lead in ("990101001", "990101", "990101-market"):
        refused("conflict_of_interest", dispatching.dispatch, number=ticket.number,
                actor=dispatcher(), at=AT + minutes(5), lead_unit=unit(lead))  # fmt: skip


def test_other_levels_have_no_interim_report() -> None:
    ticket = handled_ticket(level="L3")
    with pytest.raises(RuleViolation):
        dispatching.report(
            number=ticket.number, actor=handler(ticket), at=AT + hours(1), text="x",
            told_by="phone",
        )  # fmt: skip


def test_r064_feedback_to_the_hotline_alone_is_no_feedback() -> None:
    ticket = handled_ticket()
    refused(
        "requester_not_told", dispatching.reply, number=ticket.number, actor=handler(ticket),
        at=AT + hours(1), text="已修好", solved="yes",
    )  # fmt: skip
    refused(
        "reply_required", dispatching.reply, number=ticket.number, actor=handler(ticket),
        at=AT + hours(1), text=" ", solved="yes", told_by="phone",
    )  # fmt: skip


def test_r064_a_reply_stops_the_units_clocks_and_opens_the_call_back() -> None:
    ticket = replied_ticket()

    assert ticket.state == "callback"
    clocks = running(ticket)
    assert set(clocks) == {"callback"}
    assert clocks["callback"].opens_at == AT + hours(2)
    assert clocks["callback"].due_at == AT + hours(2) + days(3)
    assert not Assignment.objects.filter(ticket=ticket, role="lead", is_open=True).exists()
    assert Assignment.objects.filter(ticket=ticket, role="supervise", is_open=True).exists()


def test_r121_a_contracted_agent_never_handles() -> None:
    ticket = dispatched_ticket()
    both = Actor(
        kind="staff",
        id=agent().id,
        grants=frozenset(
            {(Role.CONTRACTOR.value, unit("hotline").pk), (Role.HANDLER.value, unit().pk)}
        ),
    )
    for verb, data in (
        ("sign", {}),
        ("contact", {"method": "phone"}),
        ("object", {"reason": "x", "basis": "y"}),
    ):
        with pytest.raises(NotPermitted):
            verbs.run(
                verb, number=ticket.number, actor=both, at=AT + hours(1), version=None, **data
            )

    assert events(ticket) == ["accepted", "dispatched"]


def test_the_choices_of_a_form_bound_what_services_are_given() -> None:
    assert not ContactForm({"method": "telepathy"}).is_valid()
    assert not ReplyForm({"text": "已办", "solved": "maybe", "told_by": "phone"}).is_valid()


# === Call-back (R-081…R-086) ================================================================


def answers(**changed: Any) -> dict[str, Any]:
    return {
        "outcome": "connected", "contacted": True, "resolved": True,
        "satisfaction": "satisfied", **changed,
    }  # fmt: skip


def test_r081_a_unit_that_never_replied_is_called_back_on_when_the_limit_expires() -> None:
    ticket = dispatched_ticket(level="L2")
    expires = AT + minutes(5) + hours(24)
    refused(
        "callback_not_due", evaluation.record_callback, number=ticket.number,
        actor=callback_agent(), at=expires + minutes(59), **answers(resolved=False),
    )  # fmt: skip
    evaluation.record_callback(
        number=ticket.number, actor=callback_agent(), at=expires + hours(1),
        **answers(contacted=False, resolved=False, satisfaction="very_dissatisfied"),
    )  # fmt: skip

    ticket = fresh(ticket)
    assert ticket.state == "dispatched"
    assert "callback" not in running(ticket)
    assert "feedback" in running(ticket)
    result = CallbackResult.objects.get()
    assert (result.unit_id, result.is_first, result.is_valid) == (ticket.lead_unit_id, True, True)


@pytest.mark.parametrize(
    "given",
    [
        answers(satisfaction=""),
        answers(contacted=None),
        answers(resolved=None),
    ],
)
def test_r084_a_connected_call_needs_all_three_answers(given: dict[str, Any]) -> None:
    ticket = replied_ticket()
    refused(
        "answers_incomplete", evaluation.record_callback, number=ticket.number,
        actor=callback_agent(), at=AT + hours(2), **given,
    )  # fmt: skip


@pytest.mark.parametrize("outcome", ["no_answer", "refused", "wrong_number", "declined"])
def test_r084_nobody_answers_a_call_that_did_not_connect(outcome: str) -> None:
    ticket = replied_ticket()
    refused(
        "answers_without_call", evaluation.record_callback, number=ticket.number,
        actor=callback_agent(), at=AT + hours(2), **answers(outcome=outcome),
    )  # fmt: skip
    call_back(ticket, at=AT + hours(2), outcome=outcome)

    result = CallbackResult.objects.get()
    assert (result.is_valid, result.contacted, result.resolved) == (False, None, None)


@pytest.mark.parametrize("hour", [8, 20, 23])
def test_nobody_is_called_at_night(hour: int) -> None:
    ticket = replied_ticket()
    refused(
        "outside_calling_hours", evaluation.record_callback, number=ticket.number,
        actor=callback_agent(), at=(AT + days(1)).replace(hour=hour), **answers(),
    )  # fmt: skip


def test_r085_three_half_days_exhaust_the_attempts() -> None:
    ticket = replied_ticket()
    close = {"number": ticket.number, "actor": callback_agent(), "code": "unreachable"}
    for at in (AT + hours(3), AT + hours(4), AT + days(1)):
        call_back(ticket, at=at, outcome="no_answer")
        refused("attempts_not_exhausted", evaluation.close, at=at, **close)
    call_back(ticket, at=AT + days(2), outcome="no_answer")
    evaluation.close(at=AT + days(2), **close)

    assert fresh(ticket).close_code == "unreachable"
    attempts = CallbackResult.objects.order_by("id").values_list("attempt", flat=True)
    assert list(attempts) == [1, 2, 3, 4]


def test_r085_the_attempts_are_spread_over_days(settings: Settings) -> None:
    """Three half-days pass within one day and night; who is away that long is still asked."""
    settings.CALLBACK_DAYS = 3
    ticket = replied_ticket()
    close = {"number": ticket.number, "actor": callback_agent(), "code": "unreachable"}
    for at in (AT + hours(3), AT + days(1), AT + days(1) + hours(4)):
        call_back(ticket, at=at, outcome="no_answer")
    refusal = refused("attempts_not_exhausted", evaluation.close, at=at, **close)
    waiting = set(running(ticket))

    call_back(ticket, at=AT + days(2), outcome="no_answer")

    assert "不少于 3 天" in refusal.sentence()
    assert (waiting, set(running(ticket))) == ({"callback"}, {"closing"})
    evaluation.close(at=AT + days(2), **close)
    assert fresh(ticket).close_code == "unreachable"


def test_r085_attempts_of_an_earlier_round_do_not_count_again() -> None:
    ticket = replied_ticket()
    for at in (AT + hours(3), AT + days(1)):
        call_back(ticket, at=at, outcome="no_answer")
    call_back(ticket, at=AT + days(1) + hours(1), resolved=False, satisfaction="dissatisfied")
    evaluation.rehandle(number=ticket.number, actor=callback_agent(), at=AT + days(1) + hours(2))
    reply_to(ticket, at=AT + days(2), text="再次处理")
    call_back(ticket, at=AT + days(2) + hours(2), outcome="no_answer")

    refused(
        "attempts_not_exhausted", evaluation.close, number=ticket.number, actor=callback_agent(),
        at=AT + days(2) + hours(3), code="unreachable",
    )  # fmt: skip


def test_closing_needs_an_answer_or_a_reason_the_record_bears_out() -> None:
    ticket = replied_ticket()
    by = {"number": ticket.number, "actor": callback_agent(), "at": AT + hours(3)}
    refused("callback_missing", evaluation.close, **by)
    for code in ("anonymous", "declined", "not_sampled"):
        refused("close_code_unfounded", evaluation.close, **by, code=code)
    refused("attempts_not_exhausted", evaluation.close, **by, code="unreachable")
    call_back(ticket, at=AT + hours(3))
    evaluation.close(**by)

    ticket = fresh(ticket)
    assert (ticket.state, ticket.close_code) == ("closed", "called_back")
    assert not running(ticket)
    assert not Assignment.objects.open().exists()


def test_an_answered_call_back_leaves_the_desk_a_day_to_close() -> None:
    ticket = replied_ticket()
    call_back(ticket, at=AT + hours(3))

    assert set(running(ticket)) == {"closing"}
    assert running(ticket)["closing"].due_at == AT + hours(27)


def test_r086_the_first_answer_counts_and_the_last_stays_beside_it() -> None:
    ticket = replied_ticket()
    call_back(ticket, at=AT + hours(3), resolved=False, satisfaction="dissatisfied")
    evaluation.rehandle(number=ticket.number, actor=callback_agent(), at=AT + hours(4))
    reply_to(ticket, at=AT + days(1), text="再次处理后已修好")
    call_back(ticket, at=AT + days(1) + hours(2))

    found = CallbackResult.objects.order_by("id").values_list("is_first", "satisfaction", "round")
    assert list(found) == [(True, "dissatisfied", 1), (False, "satisfied", 2)]


def test_r086_a_round_begins_with_a_fresh_limit_and_no_clock_of_the_desk() -> None:
    ticket = replied_ticket()
    call_back(ticket, at=AT + hours(3), resolved=False, satisfaction="dissatisfied")
    evaluation.rehandle(number=ticket.number, actor=callback_agent(), at=AT + hours(4))

    clocks = running(ticket)
    assert set(clocks) == {"feedback", "callback"}
    assert clocks["feedback"].due_at == AT + hours(4) + days(7)
    assert fresh(ticket).promised_at == ticket.promised_at
    assert Assignment.objects.get(ticket=ticket, role="lead").round == 2


def test_r086_a_solved_and_satisfied_matter_is_not_handled_again() -> None:
    ticket = replied_ticket()
    by = {"number": ticket.number, "actor": callback_agent()}
    refused("callback_missing", evaluation.rehandle, **by, at=AT + hours(2))
    call_back(ticket, at=AT + hours(3))
    refused("rehandle_unfounded", evaluation.rehandle, **by, at=AT + hours(3))


def unsolved_again(ticket: Ticket, day: int) -> Ticket:
    """The unit replies on this day, the requester says no, and it is handled once more."""
    reply_to(ticket, at=AT + days(day), text=f"第{day}次答复")
    call_back(ticket, at=AT + days(day) + hours(2), resolved=False, satisfaction="dissatisfied")
    evaluation.rehandle(number=ticket.number, actor=callback_agent(), at=AT + days(day) + hours(3))
    return fresh(ticket)


def test_the_second_unsolved_result_comes_with_an_order_and_closes_after_its_answer_only() -> None:
    ticket = unsolved_again(unsolved_again(handled_ticket(), 1), 2)
    order = SupervisionOrder.objects.get()
    assert order.unit_id == ticket.lead_unit_id
    assert "supervision" in running(ticket)
    reply_to(ticket, at=AT + days(3), text="督办后答复")
    call_back(ticket, at=AT + days(3) + hours(2))
    by = {"number": ticket.number, "at": AT + days(3) + hours(3)}
    refused("order_unanswered", evaluation.close, actor=callback_agent(), **by)
    dispatching.accept_answer(actor=actor(Role.CITY_SUPERVISOR), **by)
    evaluation.close(actor=callback_agent(), **by)

    assert fresh(ticket).state == "closed"
    order = SupervisionOrder.objects.get()
    assert order.answered_at == AT + days(3)
    assert order.accepted_at == AT + days(3) + hours(3)
    assert "answer_accepted" in events(ticket)


def test_the_units_inbox_shows_when_the_supervision_order_falls_due() -> None:
    ticket = unsolved_again(unsolved_again(handled_ticket(), 1), 2)

    order = Assignment.objects.get(ticket=ticket, role="lead", is_open=True)
    assert order.next_due_at == running(ticket)["supervision"].due_at


def test_a_third_round_is_refused() -> None:
    ticket = unsolved_again(unsolved_again(handled_ticket(), 1), 2)
    reply_to(ticket, at=AT + days(3), text="督办后答复")
    call_back(ticket, at=AT + days(3) + hours(2), resolved=False, satisfaction="dissatisfied")

    refused(
        "rehandle_exhausted", evaluation.rehandle,
        number=ticket.number, actor=callback_agent(), at=AT + days(3) + hours(3),
    )  # fmt: skip


def test_after_a_round_the_same_words_are_no_reply() -> None:
    ticket = unsolved_again(handled_ticket(), 1)
    with pytest.raises(RuleViolation, match="相同"):
        reply_to(ticket, at=AT + days(2), text="第1次答复")


def test_a_recall_ends_the_supervision_order_with_the_rest() -> None:
    ticket = unsolved_again(unsolved_again(handled_ticket(), 1), 2)
    dispatching.recall(
        number=ticket.number, actor=dispatcher(), at=AT + days(3), reason="另派更合适的单位"
    )

    assert set(running(ticket)) == {"dispatch"}


def test_a_reopened_ticket_that_was_once_under_order_can_be_closed_again() -> None:
    ticket = unsolved_again(unsolved_again(handled_ticket(), 1), 2)
    intake.withdraw(number=ticket.number, actor=agent(), at=AT + days(3), is_confirmed=True)
    intake.reopen(number=ticket.number, actor=dispatcher(), at=AT + days(4), reason="又坏了")
    dispatch(ticket, at=AT + days(4))
    dispatching.sign(number=ticket.number, actor=handler(fresh(ticket)), at=AT + days(4))
    reply_to(fresh(ticket), at=AT + days(5), text="已更换")
    call_back(ticket, at=AT + days(5) + hours(2))
    evaluation.close(number=ticket.number, actor=callback_agent(), at=AT + days(5) + hours(2))

    assert fresh(ticket).state == "closed"


# === Merging, splitting, withdrawing, reopening (R-026) =====================================


def merge(source: Ticket, target: Ticket) -> None:
    intake.merge_into(number=source.number, actor=agent(), at=AT + hours(1), target=target.number)


def test_r026_a_merged_ticket_closes_and_its_requester_keeps_an_own_call_back() -> None:
    target = handled_ticket()
    source = accepted_ticket(phone="13911112222", name="李强")
    merge(source, target)

    source = fresh(source)
    assert (source.state, source.close_code, source.merged_into) == ("closed", "merged", target)
    assert not running(source)
    assert last_event(target).type == "joined"
    reply_to(target, at=AT + hours(2))
    call_back(target, at=AT + hours(3))
    assert "callback" in running(target)
    refused(
        "callback_missing", evaluation.close,
        number=target.number, actor=callback_agent(), at=AT + hours(3),
    )  # fmt: skip
    other = TicketRequester.objects.get(ticket=target, role="co")
    evaluation.record_callback(
        number=target.number, actor=callback_agent(), at=AT + hours(4), party=other, **answers()
    )
    assert "callback" not in running(target)
    assert CallbackResult.objects.filter(ticket=target, is_first=True).count() == 1


def test_one_dissatisfied_requester_of_two_is_reason_enough_to_handle_again() -> None:
    target = handled_ticket()
    merge(accepted_ticket(phone="13911112222", name="李强"), target)
    reply_to(target, at=AT + hours(2))
    call_back(target, at=AT + hours(3), resolved=False, satisfaction="dissatisfied")
    other = TicketRequester.objects.get(ticket=target, role="co")
    evaluation.record_callback(
        number=target.number, actor=callback_agent(), at=AT + hours(4), party=other, **answers()
    )
    evaluation.rehandle(number=target.number, actor=callback_agent(), at=AT + hours(4))

    assert fresh(target).state == "handling"


def test_a_merge_needs_another_open_ticket() -> None:
    ticket, closed = accepted_ticket(), closed_ticket()
    by = {"number": ticket.number, "actor": agent(), "at": AT + hours(1)}
    refused("merge_into_itself", intake.merge_into, **by, target=ticket.number)
    refused("merge_into_closed", intake.merge_into, **by, target=closed.number)
    refused("earlier_ticket_unknown", intake.merge_into, **by, target="2026041400000018")


def test_a_confidential_requester_stays_hidden_after_a_merge() -> None:
    target = handled_ticket()
    source = accepted_ticket(phone="13911112222", name="李强", is_confidential=True)
    merge(source, target)

    try:
        shown = intake.reveal_requester(
            number=target.number, actor=handler(target), at=AT + hours(2)
        ).people
    except NotPermitted:
        shown = ()
    assert "李强" not in {person.name for person in shown}


def test_a_requester_who_gave_a_name_is_not_lost_in_an_anonymous_ticket() -> None:
    target = handled_ticket(is_anonymous=True)
    source = accepted_ticket(phone="13911112222", name="李强")

    refused(
        "merge_into_anonymous", intake.merge_into,
        number=source.number, actor=agent(), at=AT + hours(1), target=target.number,
    )  # fmt: skip


def test_a_merge_leaves_the_units_inbox_and_never_escalates() -> None:
    source, target = dispatched_ticket(), handled_ticket()
    merge(source, target)
    intake.sweep(at=AT + days(30))

    assert not Assignment.objects.open().filter(ticket=source).exists()
    assert "breached" not in events(source)


def test_reopening_a_merged_ticket_splits_its_requester_off_again() -> None:
    target = handled_ticket()
    source = accepted_ticket(phone="13911112222", name="李强")
    merge(source, target)
    intake.reopen(number=source.number, actor=dispatcher(), at=AT + hours(2), reason="不是同一处")

    source = fresh(source)
    assert (source.state, source.merged_into) == ("accepted", None)
    assert [p.role for p in target.parties.filter(left_at=None)] == ["main"]
    assert source.parties.filter(left_at=None).count() == 1
    assert last_event(target).type == "split"


def test_only_the_hotline_withdraws_and_only_when_the_requester_confirmed() -> None:
    ticket = handled_ticket()
    refused(
        "withdrawal_unconfirmed", intake.withdraw,
        number=ticket.number, actor=agent(), at=AT + hours(1),
    )  # fmt: skip
    refused(
        "not_permitted", intake.withdraw,
        number=ticket.number, actor=handler(ticket), at=AT + hours(1), is_confirmed=True,
    )  # fmt: skip
    intake.withdraw(number=ticket.number, actor=agent(), at=AT + hours(1), is_confirmed=True)

    assert fresh(ticket).close_code == "withdrawn"
    assert last_event(ticket).data == {"state": "handling"}
    assert last_event(ticket).unit_id == ticket.lead_unit_id


def test_a_channel_withdraws_what_it_brought_and_nothing_else() -> None:
    brought = client_actor()
    ticket = intake.accept(**registration(actor=brought, channel=channel("web")))
    with pytest.raises(NotVisible):
        intake.withdraw(
            number=ticket.number, actor=client_actor(), at=AT + hours(1), is_confirmed=True
        )
    intake.withdraw(number=ticket.number, actor=brought, at=AT + hours(1), is_confirmed=True)

    assert fresh(ticket).state == "closed"


def test_a_ticket_is_reopened_within_thirty_days_and_not_a_second_later() -> None:
    ticket = closed_ticket()
    closed_at = ticket.closed_at or AT
    by = {"number": ticket.number, "actor": dispatcher()}
    refused("reopen_window_over", intake.reopen, **by, at=closed_at + days(30), reason="又坏了")
    refused("reason_required", intake.reopen, **by, at=closed_at + days(1), reason="")
    at = closed_at + days(30) - dt.timedelta(seconds=1)
    intake.reopen(**by, at=at, reason="又坏了")

    ticket = fresh(ticket)
    assert (ticket.state, ticket.lead_unit, ticket.closed_at) == ("accepted", None, None)
    assert set(running(ticket)) == {"promise", "dispatch"}
    assert ticket.promised_at == at + days(7)


def test_a_reopened_ticket_goes_to_the_unit_that_had_it() -> None:
    ticket = closed_ticket()
    at = (ticket.closed_at or AT) + days(1)
    intake.reopen(number=ticket.number, actor=dispatcher(), at=at, reason="又坏了")
    ticket = dispatch(ticket, at=at + hours(1))

    assert ticket.state == "dispatched"
    assert ticket.lead_unit == unit()


def test_a_reopened_ticket_is_called_back_anew_before_it_closes() -> None:
    ticket = replied_ticket()
    call_back(ticket, at=AT + hours(3), outcome="declined")
    evaluation.close(
        number=ticket.number, actor=callback_agent(), at=AT + hours(3), code="declined"
    )
    at = calling_hour(AT + days(1))
    intake.reopen(number=ticket.number, actor=dispatcher(), at=at, reason="又坏了")
    dispatch(ticket, at=at)
    dispatching.sign(number=ticket.number, actor=handler(fresh(ticket)), at=at)
    reply_to(fresh(ticket), at=at + hours(1), text="已更换")

    refused(
        "close_code_unfounded", evaluation.close, number=ticket.number, actor=callback_agent(),
        at=at + hours(2), code="declined",
    )  # fmt: skip


# === Looking at people ======================================================================


def test_the_lead_calls_with_one_click_and_everyone_else_says_why() -> None:
    ticket = handled_ticket()
    lead = handler(ticket)
    seen = intake.reveal_requester(number=ticket.number, actor=lead, at=AT + hours(1))
    refused(
        "identity_reason_required", intake.reveal_requester,
        number=ticket.number, actor=agent(), at=AT + hours(1), reason=" ",
    )  # fmt: skip
    intake.reveal_requester(
        number=ticket.number, actor=agent(), at=AT + hours(1), reason="来电人补充情况"
    )

    assert [(p.name, p.phone) for p in seen.people] == [("王芳", "+86" + PHONE)]
    entries = AuditEntry.objects.order_by("id").values_list("actor", "number", "reason")
    assert entries[0] == (lead.reference, ticket.number, "")
    assert entries[1][2] == "来电人补充情况"


def test_a_reason_that_is_no_text_is_refused_and_nothing_shown() -> None:
    ticket = handled_ticket()

    refused(
        "text_not_text", intake.reveal_requester,
        number=ticket.number, actor=agent(), at=AT + hours(1), reason="核实\x00",
    )  # fmt: skip


def test_events_hold_codes_and_no_personal_data() -> None:
    closed_ticket(door="3号楼501", matter="电话13911112222 的邻居扰民")

    for data in TicketEvent.objects.values_list("data", flat=True):
        written = json.dumps(data, ensure_ascii=False)
        assert not {"13800138000", "13911112222", "王芳", "501"} & set(written.split('"'))
        assert "扰民" not in written


def test_a_verb_never_takes_more_than_the_statements_it_is_allowed(
    django_assert_max_num_queries: Any,
) -> None:
    ticket = accepted_ticket()
    by, lead = dispatcher(), unit()
    dispatching.dispatch(
        number=accepted_ticket().number, actor=by, at=AT + minutes(5), lead_unit=lead
    )
    with django_assert_max_num_queries(14):
        dispatching.dispatch(number=ticket.number, actor=by, at=AT + minutes(5), lead_unit=lead)
    hand = handler(lead)
    with django_assert_max_num_queries(12):
        dispatching.sign(number=ticket.number, actor=hand, at=AT + minutes(8))
    with django_assert_max_num_queries(14):
        dispatching.reply(
            number=ticket.number, actor=hand, at=AT + hours(1), text="已修好", solved="yes",
            told_by="phone",
        )  # fmt: skip


def test_the_system_is_nobody_who_sees_identities() -> None:
    with pytest.raises(NotPermitted):
        intake.reveal_requester(
            number=handled_ticket().number, actor=SYSTEM, at=AT + hours(1), reason="x"
        )


def test_a_place_in_the_district_is_the_districts() -> None:
    ticket = accepted_ticket(area=area("990101001001"))

    assert ticket.district == area("990101")
