"""Who may see and do what: a table a person can read, and a test that tries every cell of it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from django.db import transaction

from dispatch import services as dispatching
from dispatch.models import Assignment
from evaluation import services as evaluation
from hotline.core.actors import Actor, actor_for_client, actor_for_staff
from hotline.core.models import AuditEntry, Membership, Role, UnitKind
from hotline.core.models.clients import Scope
from hotline.core.violations import NotPermitted, NotVisible, RuleViolation
from intake import services as intake
from intake import verbs
from intake.models import Ticket
from tests.factories import (
    AT,
    accepted_ticket,
    actor,
    area,
    call_back,
    callback_agent,
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
    make_client,
    make_staff,
    make_unit,
    replied_ticket,
    reply_to,
    unit,
)

pytestmark = pytest.mark.usefixtures("city")

# === The table ==============================================================================
# The ticket came in through `channel` and is led by 甲一街道 in 甲区.
#
#   +  may do it now          .  sees the ticket and may not          -  knows of no such ticket
#
# At the hotline            agent, dispatcher, callback, city (supervisor), contractor
# Beside it                 auditor, editor (of knowledge), admin(istrator)
# The lead unit             handler, manager, system (its own, with the key to handle)
# Other units               same (a unit in 甲区), far (a unit in 乙区), farsys (its system)
# The district              copy (甲区政府, which has the supervising copy), dist (supervisor of
#                           甲区), odist (supervisor of 乙区)
# Outside                   channel (brought it in), ochan (another channel), citizen (no account)

TABLE = """
                 agent dispatcher callback city contractor  auditor editor admin  handler manager system  same far farsys  copy dist odist  channel ochan citizen
dispatch           +       +         .      .       +          .      -      -       -       -      -       -    -    -      -    .     -       .      -      -
answer             +       +         .      .       +          .      -      -       -       -      -       -    -    -      -    .     -       .      -      -
inform             +       +         .      .       +          .      -      -       -       -      -       -    -    -      -    .     -       .      -      -
classify           +       +         .      .       +          .      -      -       -       -      -       -    -    -      -    .     -       .      -      -
amend              +       +         .      .       +          .      -      -       .       .      .       -    -    -      .    .     -       .      -      -
merge_into         +       +         .      .       +          .      -      -       .       .      .       -    -    -      .    .     -       .      -      -
withdraw           +       +         +      .       .          .      -      -       .       .      .       -    -    -      .    .     -       +      -      -
note               +       +         +      +       .          .      -      -       +       +      +       -    -    -      .    .     -       .      -      -
sign               .       .         .      .       .          .      -      -       +       +      +       -    -    -      .    .     -       .      -      -
contact            .       .         .      .       .          .      -      -       +       +      +       -    -    -      .    .     -       .      -      -
report             .       .         .      .       .          .      -      -       +       +      +       -    -    -      .    .     -       .      -      -
reply              .       .         .      .       .          .      -      -       +       +      +       -    -    -      .    .     -       .      -      -
object             .       .         .      .       .          .      -      -       +       +      +       -    -    -      .    .     -       .      -      -
recall             .       +         .      .       .          .      -      -       .       .      .       -    -    -      .    .     -       .      -      -
return_to_desk     .       +         .      +       .          .      -      -       .       .      .       -    -    -      .    .     -       .      -      -
reject_objection   .       +         .      +       .          .      -      -       .       .      .       -    -    -      .    .     -       .      -      -
designate          .       +         .      +       .          .      -      -       .       .      .      -    -    -      .    .     -       .      -      -
undo_dispatch      +       +         .      .       +          .      -      -       .       .      .      -    -    -      .    .     -       .      -      -
ask_extension      .       .         .      .       .          .      -      -       +       +      +      -    -    -      .    .     -       .      -      -
ask_facts          .       .         .      .       .          .      -      -       +       +      +      -    -    -      .    .     -       .      -      -
hold               .       .         .      .       .          .      -      -       +       +      +      -    -    -      .    .     -       .      -      -
grant_extension    .       +         .      +       .          .      -      -       .       .      .      -    -    -      .    .     -       .      -      -
refuse_extension   .       +         .      +       .          .      -      -       .       .      .      -    -    -      .    .     -       .      -      -
facts_received     +       +         +      .       .          .      -      -       +       +      +      -    -    -      .    .     -       .      -      -
approve_hold       .       .         .      +       .          .      -      -       .       .      .      -    -    -      .    +     -       .      -      -
refuse_hold        .       .         .      +       .          .      -      -       .       .      .      -    -    -      .    +     -       .      -      -
review_hold        .       .         .      +       .          .      -      -       .       .      .      -    -    -      .    +     -       .      -      -
make_precedent     .       +         .      +       .          .      -      -       .       .      .       -    -    -      .    .     -       .      -      -
clear_hold         .       .         .      +       .          .      -      -       +       +      +      -    -    -      .    +     -       .      -      -
order_onsite       .       +         .      +       .          .      -      -       .       .      .       -    -    -      .    .     -       .      -      -
arrive_onsite      .       .         .      .       .          .      -      -       .       .      .       -    +    +      .    .     -       .      -      -
decide_onsite      .       +         .      +       .          .      -      -       .       .      .       -    .    .      .    .     -       .      -      -
pass_to_liaison    .       +         .      .       .          .      -      -       -       -      -       -    -    -      -    .     -       .      -      -
callback           .       .         +      .       .          .      -      -       .       .      .       -    -    -      .    .     -       .      -      -
rehandle           .       .         +      .       .          .      -      -       .       .      .       -    -    -      .    .     -       .      -      -
close              .       .         +      .       .          .      -      -       .       .      .       -    -    -      .    .     -       .      -      -
accept_answer      .       .         .      +       .          .      -      -       .       .      .       -    -    -      .    +     -       .      -      -
instruct           .       .         .      +       .          .      -      -       .       .      .       -    -    -      .    +     -       .      -      -
answer_instruction .       .         .      .       .          .      -      -       +       +      +       -    -    -      .    .     -       .      -      -
accept_instruction .       .         .      +       .          .      -      -       .       .      .       -    -    -      .    +     -       .      -      -
send_back_instruction .    .         .      +       .          .      -      -       .       .      .       -    -    -      .    +     -       .      -      -
reopen             .       +         .      .       .          .      -      -       .       .      .       -    -    -      .    .     -       .      -      -
reveal             +       +         +      .       +          .      -      -       +       +      .       -    -    -      .    .     -       .      -      -
ask_cooperation    .       +         .      .       .          .      -      -       +       +      +       -    -    -      .    .     -       .      -      -
delegate           .       .         .      .       .          .      -      -       +       +      +       -    -    -      .    .     -       .      -      -
sign_part          .       .         .      .       .          .      -      -       .       .      .       +    -    -      .    .     -       .      -      -
hand_in            .       .         .      .       .          .      -      -       .       .      .       +    -    -      .    .     -       .      -      -
interim            .       .         .      .       .          .      -      -       .       .      .       +    -    -      .    .     -       .      -      -
release            .       +         .      .       .          .      -      -       +       +      +       .    -    -      .    .     -       .      -      -
consult            .       +         .      .       .          .      -      -       -       -      -       -    -    -      -    .     -       .      -      -
conclude_consultation . +         .      .       .          .      -      -       -       -      -       -    -    -      -    .     -       .      -      -
escalate           .       .         .      .       .          .      -      -       +       +      +       -    -    -      .    .     -       .      -      -
answer_escalation  .       .         .      .       .          .      -      -       .       .      .       -    -    -      +    .     -       .      -      -
ask_exclusion      .       .         .      .       .          .      -      -       +       +      +       -    -    -      .    .     -       .      -      -
grant_exclusion    .       .         .      +       .          .      -      -       .       .      .       -    -    -      .    .     -       .      -      -
refuse_exclusion   .       .         .      +       .          .      -      -       .       .      .       -    -    -      .    .     -       .      -      -
appeal             .       .         .      .       .          .      -      -       +       +      +       -    -    -      .    .     -       .      -      -
uphold_appeal      .       .         .      +       .          .      -      -       .       .      .       -    -    -      .    .     -       .      -      -
reject_appeal      .       .         .      +       .          .      -      -       .       .      .       -    -    -      .    .     -       .      -      -
"""  # noqa: E501 - a table is read across

# Where a kind of ticket differs: a verb's row, who may then do it, and what the others of the
# row are told.
NOBODY: frozenset[str] = frozenset()
DIFFERENT: dict[str, dict[str, tuple[frozenset[str], str]]] = {
    "plain": {},
    # no handling unit learns who complained; the hotline still can.
    "confidential": {"reveal": (frozenset({"agent", "dispatcher", "callback", "contractor"}), ".")},
    # nobody to contact, nobody to call, so nobody to be unsatisfied either.
    "anonymous": {
        "ask_facts": (NOBODY, "nobody_to_contact"),
        "facts_received": (NOBODY, "no_facts_asked"),
        "contact": (NOBODY, "nobody_to_contact"),
        "callback": (NOBODY, "not_to_be_called"),
        "rehandle": (NOBODY, "callback_missing"),
        "accept_answer": (NOBODY, "no_order"),
        "appeal": (NOBODY, "no_answer_to_appeal"),
        "uphold_appeal": (NOBODY, "no_plea"),
        "reject_appeal": (NOBODY, "no_plea"),
    },
}

# How many of the seven tickets of the last test each of them sees.
SEEN = {
    "agent": 7, "dispatcher": 7, "callback": 7, "city": 7, "contractor": 7, "auditor": 7,
    "editor": 0, "admin": 0,
    "handler": 3, "manager": 3, "system": 3,
    "same": 0, "far": 1, "farsys": 1,
    "copy": 3, "dist": 6, "odist": 1,
    "channel": 1, "ochan": 0, "citizen": 0,
}  # fmt: skip


def cells() -> dict[str, dict[str, str]]:
    """Verb → person → mark, read from the table."""
    head, *lines = [line.split() for line in TABLE.strip().splitlines()]
    return {verb: dict(zip(head, marks, strict=True)) for verb, *marks in lines}


def test_the_table_speaks_of_every_verb() -> None:
    assert set(cells()) == {verb.name for verb in verbs.all_verbs()} | {"reveal"}


def test_the_table_speaks_of_every_role() -> None:
    roles = {role for person in people().values() for role in person.roles}

    assert roles == set(Role.values)


# === Its people and tickets =================================================================


def people() -> dict[str, Actor]:
    lead, far = unit(), unit("990102001")
    return {
        "agent": actor(Role.AGENT),
        "dispatcher": actor(Role.DISPATCHER),
        "callback": actor(Role.CALLBACK_AGENT),
        "city": actor(Role.CITY_SUPERVISOR),
        "contractor": actor(Role.CONTRACTOR),
        "auditor": actor(Role.AUDITOR),
        "editor": actor(Role.KNOWLEDGE_EDITOR),
        "admin": actor(Role.ADMINISTRATOR),
        "handler": actor(Role.HANDLER, lead),
        "manager": actor(Role.MANAGER, lead),
        "system": client_actor(unit=lead),
        "same": actor(Role.HANDLER, unit("990101002")),
        "far": actor(Role.HANDLER, far),
        "farsys": client_actor(unit=far),
        "copy": actor(Role.HANDLER, unit("990101")),
        "dist": actor(Role.DISTRICT_SUPERVISOR, unit("990101")),
        "odist": actor(Role.DISTRICT_SUPERVISOR, unit("990102")),
        "channel": actor_for_client(make_client()),
        "ochan": client_actor(),
        "citizen": Actor(kind="citizen"),
    }


def unsolved(ticket: Ticket, day: int) -> Ticket:
    reply_to(ticket, at=AT + days(day), text=f"第{day}次答复")
    at = AT + days(day) + hours(2)
    call_back(ticket, at=at, resolved=False, satisfaction="dissatisfied")
    evaluation.rehandle(number=ticket.number, actor=callback_agent(), at=at)
    return fresh(ticket)


def under_order(**fields: Any) -> Ticket:
    ticket = unsolved(unsolved(handled_ticket(**fields), 1), 2)
    return reply_to(ticket, at=AT + days(3), text="督办后答复")


def with_objection(**fields: Any) -> Ticket:
    ticket = dispatched_ticket(**fields)
    dispatching.raise_objection(
        number=ticket.number, actor=handler(ticket), at=AT + hours(1), reason="x", basis="y"
    )
    return ticket


def with_ruling(**fields: Any) -> Ticket:
    """Given to another street first, which was right to object."""
    ticket = dispatched_ticket(lead_unit=unit("990101002"), **fields)
    dispatching.raise_objection(
        number=ticket.number, actor=handler(ticket), at=AT + hours(1), reason="x", basis="y"
    )
    dispatching.designate(
        number=ticket.number, actor=dispatcher(), at=AT + hours(2), unit=unit(), ruling="属地"
    )
    return fresh(ticket)


def called_back(**fields: Any) -> Ticket:
    ticket = replied_ticket(**fields)
    if fields.get("is_anonymous"):
        return ticket
    return call_back(ticket, at=AT + hours(3), resolved=False, satisfaction="dissatisfied")


def told(ticket: Ticket) -> dict[str, str]:
    if ticket.is_anonymous:
        return {}
    return {"told_by": "relay" if ticket.is_confidential else "phone"}


def with_helper(**fields: Any) -> Ticket:
    ticket = handled_ticket(**fields)
    dispatching.ask_cooperation(
        number=ticket.number, actor=handler(ticket), at=AT + hours(1), unit=unit("990101002"),
        task="核查",
    )  # fmt: skip
    return ticket


def with_part_in_hand(**fields: Any) -> Ticket:
    ticket = with_helper(**fields)
    dispatching.sign_part(number=ticket.number, actor=handler(unit("990101002")), at=AT + hours(2))
    return ticket


def after_due_of_part(ticket: Ticket) -> dt.datetime:
    due = Assignment.objects.get(ticket=ticket, role="cooperate").due_at
    assert due is not None
    return due + hours(1)


def in_consultation(**fields: Any) -> Ticket:
    ticket = accepted_ticket(**fields)
    dispatching.consult(
        number=ticket.number, actor=dispatcher(), at=AT + hours(1), question="x",
        members=[unit("city-urban")],
    )  # fmt: skip
    return ticket


def asked_above(**fields: Any) -> Ticket:
    ticket = handled_ticket(**fields)
    dispatching.escalate(
        number=ticket.number, actor=handler(ticket), at=AT + hours(1), authority=unit("990101"),
        question="x",
    )  # fmt: skip
    return ticket


def asked(verb: Callable[..., Ticket], ticket: Ticket, **words: Any) -> Ticket:
    """The lead unit has asked for something at one hour."""
    verb(number=ticket.number, actor=handler(ticket), at=AT + hours(1), **words)
    return fresh(ticket)


def with_extension(**fields: Any) -> Ticket:
    ticket = handled_ticket(**fields)
    return asked(
        dispatching.ask_extension, ticket, amount=1, ground="legal", reason="等待检测",
        **told(ticket),
    )  # fmt: skip


def with_question(**fields: Any) -> Ticket:
    ticket = handled_ticket(**fields)
    if ticket.is_anonymous:
        return ticket
    return asked(dispatching.ask_facts, ticket, question="哪个房间？")


def place_on_ledger(ticket: Ticket) -> dict[str, Any]:
    return {"kind": "funds", "plan": "明年", "review_at": AT + days(20), **told(ticket)}


def with_hold(**fields: Any) -> Ticket:
    ticket = handled_ticket(**fields)
    return asked(dispatching.hold, ticket, **place_on_ledger(ticket))


def on_ledger(**fields: Any) -> Ticket:
    ticket = with_hold(**fields)
    dispatching.approve_hold(
        number=ticket.number, actor=actor(Role.CITY_SUPERVISOR), at=AT + hours(2)
    )
    return fresh(ticket)


def meeting() -> dict[str, Any]:
    return {
        "units": [unit("990102001")], "place": "小区东门", "meet_at": AT + hours(4),
        "ground": "unclear", "reason": "查明由谁负责",
    }  # fmt: skip


def called_onsite(**fields: Any) -> Ticket:
    ticket = handled_ticket(**fields)
    dispatching.order_onsite(
        number=ticket.number, actor=dispatcher(), at=AT + hours(2), **meeting()
    )
    return fresh(ticket)


def beside_a_liaison_office(**fields: Any) -> Ticket:
    ticket = accepted_ticket(**fields)
    make_unit(kind=UnitKind.LIAISON, area=None)
    return ticket


def instructed(**fields: Any) -> Ticket:
    ticket = handled_ticket(**fields)
    dispatching.instruct(
        number=ticket.number, actor=actor(Role.CITY_SUPERVISOR), at=AT + hours(1), text="今日核实"
    )
    return fresh(ticket)


def with_answered_instruction(**fields: Any) -> Ticket:
    ticket = instructed(**fields)
    dispatching.answer_instruction(
        number=ticket.number, actor=handler(ticket), at=AT + hours(2), answer="已核实"
    )
    return fresh(ticket)


WHY = {"reason": "法律不允许", "evidence": "勘察记录"}
EXCLUSION = {"scope": "rates", "ground": "unreasonable", **WHY}


def with_exclusion(**fields: Any) -> Ticket:
    return asked(evaluation.ask_exclusion, dispatched_ticket(**fields), **EXCLUSION)


def appeal_against(ticket: Ticket) -> dict[str, Any]:
    answer = ticket.callback_results.first()
    return {"result": answer.pk if answer else 0, "ground": "other_unit", **WHY}


def with_appeal(**fields: Any) -> Ticket:
    ticket = called_back(**fields)
    if ticket.is_anonymous:
        return ticket
    evaluation.appeal(
        number=ticket.number, actor=handler(ticket), at=AT + hours(3), **appeal_against(ticket)
    )
    return fresh(ticket)


# Verb → the ticket it is tried on, and what is written: both such that only the person decides.
Try = tuple[Callable[..., Ticket], Callable[[Ticket], dict[str, Any]]]
TRIES: dict[str, Try] = {
    "dispatch": (accepted_ticket, lambda t: {"lead_unit": unit()}),
    "answer": (
        lambda **f: accepted_ticket(**{**f, "request_type": "consult"}),
        lambda t: {"text": "可以办理。"},
    ),
    "inform": (accepted_ticket, lambda t: {"code": "d6_dissuaded", "reason": "依法"}),
    "classify": (accepted_ticket, lambda t: {"level": "L1"}),
    "amend": (dispatched_ticket, lambda t: {"matter": "另一种说法。"}),
    "merge_into": (
        dispatched_ticket,
        lambda t: {"target": dispatched_ticket(is_anonymous=t.is_anonymous).number},
    ),
    "withdraw": (dispatched_ticket, lambda t: {"is_confirmed": True}),
    "note": (dispatched_ticket, lambda t: {"text": "备注"}),
    "sign": (dispatched_ticket, lambda t: {}),
    "contact": (
        handled_ticket,
        lambda t: {"method": "relay" if t.is_confidential else "phone"},
    ),
    "report": (
        lambda **f: handled_ticket(**{**f, "level": "L1"}),
        lambda t: {"text": "已到现场", **told(t)},
    ),
    "reply": (handled_ticket, lambda t: {"text": "已办", "solved": "yes", **told(t)}),
    "object": (dispatched_ticket, lambda t: {"reason": "x", "basis": "y"}),
    "recall": (dispatched_ticket, lambda t: {"reason": "派错"}),
    "return_to_desk": (with_objection, lambda t: {}),
    "reject_objection": (with_objection, lambda t: {"ruling": "属地"}),
    "designate": (with_objection, lambda t: {"unit": unit("city-urban"), "ruling": "属市政"}),
    "undo_dispatch": (dispatched_ticket, lambda t: {}),
    "ask_extension": (
        handled_ticket,
        lambda t: {"amount": 1, "ground": "legal", "reason": "等待检测", **told(t)},
    ),
    "grant_extension": (with_extension, lambda t: {}),
    "refuse_extension": (with_extension, lambda t: {"decision": "不属法定程序"}),
    "ask_facts": (handled_ticket, lambda t: {"question": "哪个房间？"}),
    "facts_received": (with_question, lambda t: {"answer": "次卧"}),
    "hold": (handled_ticket, place_on_ledger),
    "approve_hold": (with_hold, lambda t: {}),
    "refuse_hold": (with_hold, lambda t: {"decision": "可以解决"}),
    "review_hold": (on_ledger, lambda t: {"finding": "仍无资金", "next_at": AT + days(25)}),
    "order_onsite": (handled_ticket, lambda t: meeting()),
    "arrive_onsite": (called_onsite, lambda t: {}),
    "decide_onsite": (called_onsite, lambda t: {"decision": "由现主办单位负责"}),
    "pass_to_liaison": (
        beside_a_liaison_office,
        lambda t: {"organisation_kind": "central_organ", "organisation": "某机关", **told(t)},
    ),
    "make_precedent": (with_ruling, lambda t: {"scope": "street", "clause": "属地"}),
    "clear_hold": (on_ledger, lambda t: {"clearance": "资金到位"}),
    "callback": (
        replied_ticket,
        lambda t: {
            "outcome": "connected", "contacted": True, "resolved": True,
            "satisfaction": "satisfied",
        },
    ),
    "rehandle": (called_back, lambda t: {}),
    "close": (called_back, lambda t: {"code": "anonymous" if t.is_anonymous else ""}),
    "accept_answer": (
        lambda **f: replied_ticket(**f) if f.get("is_anonymous") else under_order(**f),
        lambda t: {},
    ),
    "instruct": (handled_ticket, lambda t: {"text": "今日核实"}),
    "answer_instruction": (instructed, lambda t: {"answer": "已核实"}),
    "accept_instruction": (with_answered_instruction, lambda t: {}),
    "send_back_instruction": (with_answered_instruction, lambda t: {"text": "查明原因"}),
    "reopen": (closed_ticket, lambda t: {"reason": "又坏了"}),
    "ask_cooperation": (handled_ticket, lambda t: {"unit": unit("city-urban"), "task": "核查"}),
    "delegate": (handled_ticket, lambda t: {"unit": unit("990101001001"), "task": "核实"}),
    "sign_part": (with_helper, lambda t: {}),
    "hand_in": (with_part_in_hand, lambda t: {"text": "已核查"}),
    "interim": (
        with_part_in_hand,
        lambda t: {"text": "在查", "late_reason": "送检", "next_at": after_due_of_part(t)},
    ),
    "release": (with_helper, lambda t: {"unit": unit("990101002"), "reason": "已查清"}),
    "consult": (accepted_ticket, lambda t: {"question": "x", "members": [unit("city-urban")]}),
    "conclude_consultation": (in_consultation, lambda t: {"opinion": "由街道办理"}),
    "escalate": (handled_ticket, lambda t: {"authority": unit("990101"), "question": "x"}),
    "answer_escalation": (asked_above, lambda t: {"opinion": "由街道办理"}),
    "ask_exclusion": (dispatched_ticket, lambda t: EXCLUSION),
    "grant_exclusion": (with_exclusion, lambda t: {}),
    "refuse_exclusion": (with_exclusion, lambda t: {"ruling": "属于职责"}),
    "appeal": (called_back, appeal_against),
    "uphold_appeal": (with_appeal, lambda t: {}),
    "reject_appeal": (with_appeal, lambda t: {"ruling": "评价的是本单位"}),
    "reveal": (dispatched_ticket, lambda t: {"reason": "核实"}),
}  # fmt: skip
WHEN = {"accept_answer": AT + days(3) + hours(1), "reopen": AT + days(3)}


def outcome(act: Callable[..., Any], **arguments: Any) -> str:
    """What became of an attempt, as the table marks it; whatever it did is undone."""
    with transaction.atomic():
        try:
            act(**arguments)
        except NotPermitted:
            return "."
        except NotVisible:
            return "-"
        except RuleViolation as refusal:
            return refusal.code
        finally:
            transaction.set_rollback(True)
    return "+"


def attempt(verb: str, who: Actor, ticket: Ticket, words: dict[str, Any]) -> str:
    at: dt.datetime = WHEN.get(verb, AT + hours(3))
    if verb == "reveal":
        return outcome(intake.reveal_requester, number=ticket.number, actor=who, at=at, **words)
    found = outcome(
        verbs.run, name=verb, number=ticket.number, actor=who, at=at, version=None, **words
    )
    # Theirs to do, but only for who dispatched and within seconds: the services' tests say that.
    return "+" if (verb, found) == ("undo_dispatch", "undo_over") else found


@pytest.mark.parametrize("kind", sorted(DIFFERENT))
def test_everyone_may_do_exactly_what_the_table_says(kind: str) -> None:
    everyone = people()
    brought = everyone["channel"]
    fields = {"by": brought, "channel": channel("web")} | {
        "plain": {}, "confidential": {"is_confidential": True}, "anonymous": {"is_anonymous": True}
    }[kind]  # fmt: skip
    wrong: list[str] = []
    for verb, row in cells().items():
        make, write = TRIES[verb]
        ticket = make(**fields)
        words = write(ticket)
        for name, who in everyone.items():
            expected = row[name]
            still, others = DIFFERENT[kind].get(verb, (frozenset({name}), ""))
            if expected == "+" and name not in still:
                expected = others
            found = attempt(verb, who, ticket, words)
            if found != expected:
                wrong.append(f"{kind} {verb}: {name} {found} instead of {expected}")

    assert not wrong, "\n".join(wrong)


def test_buttons_show_exactly_what_may_be_done() -> None:
    everyone = people()
    wrong: list[str] = []
    for verb, row in cells().items():
        if verb == "reveal":
            continue
        ticket = fresh(TRIES[verb][0](by=everyone["channel"], channel=channel("web")))
        for name, who in everyone.items():
            shown = verb in {v.name for v in verbs.allowed_for(ticket, who)}
            if shown != (row[name] == "+"):
                wrong.append(f"{verb}: {name}")

    assert not wrong, "\n".join(wrong)


# === Seeing =================================================================================


def test_everyone_sees_exactly_their_own_and_counts_agree() -> None:
    everyone = people()
    dispatched_ticket(by=everyone["channel"], channel=channel("web"))
    closed_ticket()
    handled_ticket(is_confidential=True)
    dispatched_ticket(lead_unit=unit("990102001"), area=area("990102001"))
    accepted_ticket()
    accepted_ticket(is_anonymous=True)
    recalled = dispatched_ticket()
    dispatching.recall(number=recalled.number, actor=dispatcher(), at=AT + hours(1), reason="派错")

    assert {name: Ticket.objects.visible_to(who).count() for name, who in everyone.items()} == SEEN
    assert {
        name: len(set(Ticket.objects.visible_to(who).values_list("pk", flat=True)))
        for name, who in everyone.items()
    } == SEEN


def test_orders_are_seen_by_their_unit_their_district_and_the_hotline() -> None:
    everyone = people()
    dispatched_ticket()
    dispatched_ticket(lead_unit=unit("990102001"), area=area("990102001"))
    seen = {name: Assignment.objects.visible_to(who).count() for name, who in everyone.items()}

    assert seen == {
        "agent": 4, "dispatcher": 4, "callback": 4, "city": 4, "contractor": 4, "auditor": 4,
        "editor": 0, "admin": 0, "handler": 1, "manager": 1, "system": 1, "same": 0, "far": 1,
        "farsys": 1, "copy": 1, "dist": 2, "odist": 2, "channel": 0, "ochan": 0, "citizen": 0,
    }  # fmt: skip


def test_who_registers_is_as_narrow() -> None:
    may = {"agent", "dispatcher", "contractor", "channel", "ochan"}
    for name, who in people().items():
        found = outcome(
            intake.accept, actor=who, at=AT, channel=channel("web"), matter="停水", called_at=AT,
            phone="13800138000",
        )  # fmt: skip

        assert found == ("+" if name in may else "."), name


def test_a_membership_counts_from_its_first_day_to_the_day_before_its_last() -> None:
    staff = make_staff(Role.HANDLER, unit())
    Membership.objects.filter(staff=staff).update(
        valid_from=AT.date(), valid_to=AT.date() + days(2)
    )
    days_in_force = [
        n for n in range(-1, 4) if actor_for_staff(staff, on=AT.date() + days(n)).unit_ids
    ]

    assert days_in_force == [0, 1]


# === Learning who complained ================================================================


def test_every_look_at_a_requester_is_written_down_and_no_refused_one_is() -> None:
    ticket = handled_ticket()
    for name, who in people().items():
        before = AuditEntry.objects.count()
        try:
            intake.reveal_requester(
                number=ticket.number, actor=who, at=AT + hours(1), reason="核实"
            )
        except RuleViolation:
            assert AuditEntry.objects.count() == before, name
        else:
            entry = AuditEntry.objects.order_by("-id")[0]
            assert (entry.action, entry.number) == ("identity_revealed", ticket.number)
            assert (entry.actor, entry.at, entry.reason) == (who.reference, AT + hours(1), "核实")


def test_a_units_system_reads_identities_only_with_the_key_for_it() -> None:
    ticket = handled_ticket()
    scopes = [Scope.READ, Scope.HANDLE, Scope.IDENTITY]
    may = client_actor(unit=unit(), scopes=scopes)
    shown = intake.reveal_requester(number=ticket.number, actor=may, at=AT + hours(1))

    assert [person.name for person in shown.people] == ["王芳"]


def test_a_unit_that_lost_the_ticket_no_longer_learns_who_complained() -> None:
    ticket = handled_ticket()
    former = handler(ticket)
    dispatching.recall(number=ticket.number, actor=dispatcher(), at=AT + hours(1), reason="派错")
    with pytest.raises(NotVisible):
        intake.reveal_requester(number=ticket.number, actor=former, at=AT + hours(2))

    assert not AuditEntry.objects.exists()
