"""Random people do random things to two tickets at random times; what must always hold, holds."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Callable
from typing import Any, ClassVar

import pytest
from django.db import transaction
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)

from dispatch.models import Assignment, LadderStep
from evaluation.models import Appeal, Exclusion
from hotline.core import outbox
from hotline.core.actors import Actor, actor_for_client
from hotline.core.models import AuditEntry, Delivery, Role, Unit
from hotline.core.violations import NotPermitted, NotVisible, RuleViolation
from hotline.core.working_time import BUSINESS_ZONE
from intake import services as intake
from intake import verbs
from intake.models import Clock, Ticket, TicketEvent, TicketRequester, TicketText
from intake.models.tickets import INFORM_CODES
from tests.factories import (
    AT,
    actor,
    area,
    category,
    channel,
    client_actor,
    hours,
    make_client,
    minutes,
    unit,
)
from tests.kernel.oracle import CALLBACK_FOLLOWS_AFTER, Book, Said
from tests.kernel.snapshots import Rows, snapshot

SECOND = dt.timedelta(seconds=1)
# Where each act leads, from the table of the design: what may happen and nothing else.
MOVES: dict[str, tuple[set[str], str]] = {
    "answer": ({"accepted"}, "closed"),
    "inform": ({"accepted"}, "closed"),
    "merge_into": ({"accepted", "dispatched", "handling"}, "closed"),
    "withdraw": ({"accepted", "dispatched", "handling", "callback"}, "closed"),
    "dispatch": ({"accepted"}, "dispatched"),
    "pass_to_liaison": ({"accepted"}, "dispatched"),
    "sign": ({"dispatched"}, "handling"),
    "recall": ({"dispatched", "handling"}, "accepted"),
    "undo_dispatch": ({"dispatched"}, "accepted"),
    "return_to_desk": ({"dispatched", "handling"}, "accepted"),
    "designate": ({"dispatched", "handling"}, "dispatched"),
    "reply": ({"handling"}, "callback"),
    "rehandle": ({"callback"}, "handling"),
    "close": ({"callback"}, "closed"),
    "reopen": ({"closed"}, "accepted"),
}
# What an act is called once it has happened, and what happens with it.
EVENT = {
    "answer": "answered", "inform": "informed", "merge_into": "merged", "withdraw": "withdrawn",
    "dispatch": "dispatched", "sign": "signed", "recall": "recalled", "return_to_desk": "returned",
    "reply": "replied", "rehandle": "rehandled", "close": "closed", "reopen": "reopened",
    "classify": "classified", "amend": "amended", "note": "noted", "contact": "contacted",
    "report": "reported", "object": "objected", "reject_objection": "objection_rejected",
    "accept_answer": "answer_accepted", "callback": "called_back", "undo_dispatch": "undone",
    "designate": "returned dispatched",
    "ask_cooperation": "cooperation_asked", "delegate": "delegated", "sign_part": "part_signed",
    "hand_in": "handed_in", "interim": "interim_reported", "release": "released",
    "ask_extension": "extension_asked", "grant_extension": "extension_granted",
    "refuse_extension": "extension_refused", "ask_facts": "facts_asked",
    "facts_received": "facts_received", "hold": "hold_asked", "approve_hold": "hold_approved",
    "refuse_hold": "hold_refused", "review_hold": "hold_reviewed", "clear_hold": "hold_cleared",
    "consult": "consultation_opened", "conclude_consultation": "consultation_concluded",
    "escalate": "escalated", "answer_escalation": "escalation_answered",
    "order_onsite": "onsite_ordered", "arrive_onsite": "onsite_arrived",
    "decide_onsite": "onsite_decided", "pass_to_liaison": "dispatched passed_to_liaison",
    "make_precedent": "precedent_made",
    "instruct": "instructed", "answer_instruction": "instruction_answered",
    "accept_instruction": "instruction_accepted", "send_back_instruction": "instruction_sent_back",
    "ask_exclusion": "exclusion_asked", "grant_exclusion": "exclusion_granted",
    "refuse_exclusion": "exclusion_refused", "appeal": "appealed",
    "uphold_appeal": "appeal_upheld", "reject_appeal": "appeal_rejected",
}  # fmt: skip
# What an act is called, and where it leads, when its words ask for more.
DECIDES_AND_GIVES = "consultation_concluded dispatched"
TAKES_OVER = "escalation_answered cooperation_asked"
# What happens to the other ticket of a pair.
ECHO = {"merge_into": "joined", "reopen": "split"}
# Which promises may run in which state, and one of which must.
_OF_PARTS = {"sign", "cooperation", "delegation"}
_ON_SITE = {"onsite", "onsite_ruling"}
RUNNING: dict[str, tuple[set[str], set[str]]] = {
    "accepted": ({"dispatch", "promise", "consultation", *_ON_SITE}, {"dispatch"}),
    "dispatched": (
        {"promise", "first_contact", "feedback", "callback", "ruling", "supervision",
         *_OF_PARTS, *_ON_SITE},
        {"feedback"},
    ),
    "handling": (
        {"promise", "first_contact", "feedback", "final_reply", "measure", "callback", "ruling",
         "supervision", "extension_ruling", "facts", "ledger_ruling", "ledger_review",
         "coordination", *_OF_PARTS, *_ON_SITE},
        {"feedback", "final_reply", "measure", "ledger_review"},
    ),
    "callback": ({"callback", "closing", "supervision"}, {"callback", "closing"}),
    "closed": (set(), set()),
}  # fmt: skip
RISING = {"rise_to_order", "rise_to_criticism"}
# Decided whatever became of the ticket meanwhile.
LASTING = {"exclusion_ruling", "appeal_ruling"}
# What can only be answered while it is asked: the promise that runs meanwhile.
NEEDS = {
    "return_to_desk": "ruling", "designate": "ruling", "reject_objection": "ruling",
    "grant_extension": "extension_ruling", "refuse_extension": "extension_ruling",
    "facts_received": "facts", "approve_hold": "ledger_ruling", "refuse_hold": "ledger_ruling",
    "arrive_onsite": "onsite", "decide_onsite": "onsite_ruling",
    "review_hold": "ledger_review", "clear_hold": "ledger_review", "answer_escalation":
    "coordination", "conclude_consultation": "consultation",
    "grant_exclusion": "exclusion_ruling", "refuse_exclusion": "exclusion_ruling",
    "uphold_appeal": "appeal_ruling", "reject_appeal": "appeal_ruling",
    "answer_instruction": "supervision",
}  # fmt: skip
HAPPY = ("dispatch", "sign", "contact", "report", "reply", "callback", "rehandle", "accept_answer",
         "close", "reopen")  # fmt: skip
# From the desk to an answer, with nobody else called in.
COURSE = ("dispatch", "sign", "reply", "callback")
# Who may is decided by the orders, not by the ticket's row alone.
TOLD_BY_ORDERS = ("release", "answer_escalation")
# What people ask of each other beside the usual course, and what brings a ticket to where they can.
ASKING = (
    "ask_cooperation", "delegate", "sign_part", "hand_in", "interim", "release", "ask_extension",
    "grant_extension", "refuse_extension", "ask_facts", "facts_received", "hold", "approve_hold",
    "refuse_hold", "review_hold", "clear_hold", "consult", "conclude_consultation", "escalate",
    "answer_escalation", "object", "designate", "reject_objection", "undo_dispatch",
    "order_onsite", "arrive_onsite", "decide_onsite", "make_precedent",
    "instruct", "answer_instruction", "accept_instruction", "send_back_instruction",
    "ask_exclusion", "grant_exclusion", "refuse_exclusion", "appeal", "uphold_appeal",
    "reject_appeal",
)  # fmt: skip
# What a unit may do about a ticket that it no longer has.
PLEADING = ("ask_exclusion", "appeal")
LEADING_THERE = ("dispatch", "sign", "rehandle")
PEOPLE = ("王芳芳", "李小强")
PHONES = ("13800138000", "13911112222")
MATTER = "小区东门外的路灯坏了，找物业电话13577778888也没人管。"
HELPERS = ("city-housing", "ent-heat", "990102001", "990101", "990101001001")


class LifeOfATicket(RuleBasedStateMachine):
    """Two tickets, everybody who may touch them, and a clock that only goes forward."""

    actors: ClassVar[dict[str, Actor]] = {}
    units: ClassVar[dict[str, Unit]] = {}
    done: ClassVar[Counter[str]] = Counter()

    def __init__(self) -> None:
        super().__init__()
        self.atomic = transaction.atomic()
        self.atomic.__enter__()
        self.now = AT
        self.book = Book()
        self.ids: list[int] = []
        self.promised: dict[int, dt.datetime] = {}
        self.last: Rows = {}

    def teardown(self) -> None:
        try:
            if self.ids:
                self.check_nothing_personal_is_in_clear()
        finally:
            transaction.set_rollback(True)
            self.atomic.__exit__(None, None, None)

    # --- what happens ---------------------------------------------------------------------

    @initialize(
        kinds=st.tuples(*[st.sampled_from(["plain", "plain", "confidential", "anonymous"])] * 2),
        levels=st.tuples(*[st.sampled_from(["L1", "L2", "L3", "L4"])] * 2),
        types=st.tuples(*[st.sampled_from(["complaint", "consult", "help"])] * 2),
        by=st.tuples(*[st.sampled_from(["agent", "contractor", "channel"])] * 2),
        has_place=st.tuples(st.booleans(), st.booleans()),
        steps=st.sampled_from([0, 2, 3, 4]),
        data=st.data(),
    )
    def two_tickets_come_in(
        self,
        kinds: tuple[str, ...],
        levels: tuple[str, ...],
        types: tuple[str, ...],
        by: tuple[str, ...],
        has_place: tuple[bool, ...],
        steps: int,
        data: st.DataObject,
    ) -> None:
        """One of them may be some way along already: chance alone seldom gets that far."""
        for n, kind in enumerate(kinds):
            who = {"phone": PHONES[n], "name": PEOPLE[n]} if kind != "anonymous" else {}
            ticket = intake.accept(
                actor=self.actors[by[n]],
                at=self.now,
                channel=channel("web"),
                matter=MATTER,
                called_at=self.now,
                request_type=types[n],
                level=levels[n],
                category=category(),
                area=area() if has_place[n] else None,
                is_anonymous=kind == "anonymous",
                is_confidential=kind == "confidential",
                **who,
            )
            self.ids.append(ticket.pk)
        self.check()
        for verb in COURSE[:steps]:
            given = {"cooperators": []} if verb == "dispatch" else {}
            self._allowed(data, verb.__eq__, is_plain=True, **given)

    @rule(data=st.data())
    def time_passes(self, data: st.DataObject) -> None:
        at = self.now
        ways: list[Callable[[], dt.datetime]] = [
            lambda: at + minutes(data.draw(st.integers(1, 90))),
            lambda: at + hours(data.draw(st.integers(2, 60))),
        ]
        instants = [
            instant
            for clock in Clock.objects.running().filter(ticket_id__in=self.ids)
            for instant in (clock.due_at, clock.warn_at, clock.opens_at)
        ]
        near = [i + d * SECOND for i in instants for d in (-1, 0, 1) if i + d * SECOND > at]
        if near:
            ways.append(lambda: data.draw(st.sampled_from(sorted(set(near)))))
        self.now = data.draw(st.sampled_from(ways))()
        self.check()

    @rule()
    def the_sweep_runs(self) -> None:
        versions = {t.pk: t.version for t in self.tickets()}
        intake.sweep(at=self.now)

        assert {t.pk: t.version for t in self.tickets()} == versions
        assert intake.sweep(at=self.now) == 0
        self.check(was_swept=True)

    @rule()
    def what_was_missed_has_consequences(self) -> None:
        """The sweep, and the ladder it leads to: nothing that a reader has open is spoilt by it."""
        versions = {t.pk: t.version for t in self.tickets()}
        while intake.sweep(at=self.now):  # what rises may have been due long ago as well
            outbox.deliver_all(at=self.now)

        assert {t.pk: t.version for t in self.tickets()} == versions
        assert not Delivery.objects.filter(delivered_at=None).exists()
        self.check(was_swept=True)

    @rule(data=st.data(), acts=st.integers(1, 8))
    def work_goes_on(self, data: st.DataObject, acts: int) -> None:
        """The usual course, with what people usually write."""
        for _ in range(acts):
            self._allowed(data, lambda verb: verb in HAPPY, is_plain=True)
            self.now += minutes(data.draw(st.integers(0, 90)))

    @rule(data=st.data(), acts=st.integers(1, 4))
    def people_do_what_they_may(self, data: st.DataObject, acts: int) -> None:
        for _ in range(acts):
            self._allowed(data, lambda verb: True, is_plain=False)

    @rule(data=st.data(), acts=st.integers(1, 6))
    def they_ask_and_decide(self, data: st.DataObject, acts: int) -> None:
        """Objections, time asked for, other units, authorities: and what comes of it."""
        for _ in range(acts):
            self._allowed(data, lambda verb: verb in (*ASKING, *LEADING_THERE), is_plain=True)
            self.now += minutes(data.draw(st.sampled_from([0, 1, 30, 300, 2_000])))

    @rule(data=st.data())
    def somebody_tries_anything(self, data: st.DataObject) -> None:
        name = data.draw(st.sampled_from(sorted(self.actors)))
        verb = data.draw(st.sampled_from(sorted(EVENT)))
        ticket = data.draw(st.sampled_from(self.tickets()))
        version = data.draw(st.sampled_from([None, ticket.version, ticket.version - 1]))
        self._do(ticket, self.actors[name], verb, self._words(data, verb, ticket), version)

    @rule(data=st.data())
    @precondition(lambda self: self.ids)
    def somebody_looks_at_the_requester(self, data: st.DataObject) -> None:
        name = data.draw(st.sampled_from(sorted(self.actors)))
        who, ticket = self.actors[name], data.draw(st.sampled_from(self.tickets()))
        reason = data.draw(st.sampled_from(["", "核实情况"]))
        try:
            shown = intake.reveal_requester(
                number=ticket.number, actor=who, at=self.now, reason=reason
            )
        except RuleViolation:
            shown = None
        if shown is None:
            assert self.seen() == self.last
            return
        assert AuditEntry.objects.count() == len(self.last["AuditEntry"]) + 1
        if not who.is_desk:
            assert not ticket.is_confidential
            assert who.handles(ticket.lead_unit_id)
            hidden = TicketRequester.objects.filter(came_from__is_confidential=True).exists()
            assert not (hidden and shown.people)
        self.check()

    # --- how an act is tried --------------------------------------------------------------

    def _allowed(
        self, data: st.DataObject, wanted: Callable[[str], bool], *, is_plain: bool, **given: Any
    ) -> None:
        found = [
            (ticket, name, verb.name)
            for ticket in self.tickets()
            for running in [self._running(ticket)]
            for name, who in self.actors.items()
            for verb in verbs.allowed_for(ticket, who)
            if wanted(verb.name) and NEEDS.get(verb.name, "promise") in {*running, "promise"}
        ]
        if not found:
            return
        # The act first, then who does it: or the acts that many may do crowd out the others.
        verb = data.draw(st.sampled_from(sorted({verb for _t, _n, verb in found})))
        ticket, name = data.draw(st.sampled_from([(t, n) for t, n, v in found if v == verb]))
        if verb in ("callback", "close") and data.draw(st.booleans()):
            self._wait_for_calling_hours(ticket)
        words = self._words(data, verb, ticket, is_plain=is_plain) | given
        self._do(ticket, self.actors[name], verb, words, ticket.version)

    def _wait_for_calling_hours(self, ticket: Ticket) -> None:
        waiting = Clock.objects.running().filter(ticket=ticket, kind="callback").first()
        at = max(self.now, waiting.opens_at if waiting else self.now).astimezone(BUSINESS_ZONE)
        if at.hour >= 20:
            at += hours(13)
        self.now = max(at, at.replace(hour=9, minute=30)) if at.hour < 9 else at
        self.check()

    def _do(
        self, ticket: Ticket, who: Actor, verb: str, words: dict[str, Any], version: int | None
    ) -> None:
        is_visible = Ticket.objects.visible_to(who).filter(pk=ticket.pk).exists()
        is_allowed = is_visible and verb in {v.name for v in verbs.allowed_for(ticket, who)}
        # Whose outcome it is proves tests/evaluation/test_former_units.py.
        may_have_had_it = verb in PLEADING and not is_visible
        was = {t.pk: t for t in self.tickets()}
        lead = Assignment.objects.filter(ticket=ticket, role="lead", is_open=True).first()
        try:
            verbs.run(verb, number=ticket.number, actor=who, at=self.now, version=version, **words)
        except RuleViolation as violation:
            refusal = violation
        else:
            refusal = None
        if refusal is not None:
            assert refusal.sentence()
            assert isinstance(refusal, NotVisible) or is_visible or may_have_had_it
            is_told_by_row = verb not in TOLD_BY_ORDERS
            assert not (
                is_allowed and is_told_by_row and isinstance(refusal, NotPermitted | NotVisible)
            )
            assert self.seen() == self.last, "a refused act leaves nothing behind"
            return
        assert is_allowed or may_have_had_it
        assert version in (None, ticket.version)
        self.done[verb] += 1
        self._check_act(was, ticket.pk, verb, words)
        said = Said(verb, words, was[ticket.pk], lead.pk if lead else None)
        self.book.hear(said, Ticket.objects.get(pk=ticket.pk), self.now)
        self.check(reopened=ticket.pk if verb == "reopen" else None)

    # --- what people write ----------------------------------------------------------------

    def _words(
        self, data: st.DataObject, verb: str, ticket: Ticket, *, is_plain: bool = False
    ) -> dict[str, Any]:
        """What an act is given: usual words, and (unless plain) now and then wrong ones."""
        draw = data.draw
        text = st.sampled_from(["已核实", "已处理完毕", "另行安排"])
        if not is_plain:
            text = st.sampled_from(["已核实", "已处理完毕", "", "  ", "坏\x00字", "长" * 12_000])
        wrong = not is_plain and draw(st.integers(0, 4)) == 0
        return getattr(self, f"_words_of_{verb}", self._no_words)(draw, text, ticket, wrong)

    def _no_words(self, *_args: Any) -> dict[str, Any]:
        return {}

    def _words_of_answer(self, draw: Any, text: Any, *_args: Any) -> dict[str, Any]:
        return {"text": draw(text)}

    def _words_of_inform(self, draw: Any, text: Any, ticket: Ticket, wrong: bool) -> dict[str, Any]:
        return {
            "code": draw(st.sampled_from([*map(str, INFORM_CODES), "unreasonable"][: 7 + wrong])),
            "reason": draw(text),
            "transferred_to": draw(st.sampled_from(["", "119"])),
            "earlier": draw(st.sampled_from(["", self.other(ticket).number, ticket.number])),
        }

    def _words_of_classify(self, draw: Any, *_args: Any) -> dict[str, Any]:
        return {
            "level": draw(st.sampled_from(["", "L1", "L2", "L3", "L4"])),
            "urgency": draw(st.sampled_from(["", "urgent", "prompt", "ordinary"])),
            "area": draw(st.sampled_from([None, area(), area("990102001")])),
        }

    def _words_of_merge_into(
        self, draw: Any, _text: Any, ticket: Ticket, wrong: bool
    ) -> dict[str, Any]:
        other = self.other(ticket).number
        return {"target": draw(st.sampled_from([ticket.number, "123"])) if wrong else other}

    def _words_of_amend(self, draw: Any, text: Any, *_args: Any) -> dict[str, Any]:
        return {
            "matter": draw(text) + draw(st.sampled_from(["", "电话13566667777", "〔电话1〕"])),
            "door": draw(st.sampled_from(["", "5号楼***", "5号楼101"])),
        }

    def _words_of_withdraw(self, draw: Any, text: Any, *_args: Any) -> dict[str, Any]:
        return {"is_confirmed": draw(st.booleans()), "reason": draw(text)}

    def _words_of_reopen(self, draw: Any, text: Any, *_args: Any) -> dict[str, Any]:
        return {"reason": draw(text)}

    _words_of_recall = _words_of_reopen
    _words_of_note = _words_of_answer

    def _words_of_dispatch(
        self, draw: Any, text: Any, _ticket: Ticket, wrong: bool
    ) -> dict[str, Any]:
        codes = ["990101001001", "hotline"] if wrong else ["990101001", "990102001", "ent-heat"]
        helpers = [self.units[code] for code in HELPERS]
        return {
            "lead_unit": self.units[draw(st.sampled_from(codes))],
            "basis": draw(text)[:200],
            "cooperators": draw(st.sampled_from([[], [], helpers[:1], helpers[:2]])),
        }

    def _told(self, draw: Any, ticket: Ticket, wrong: bool) -> dict[str, Any]:
        if ticket.is_anonymous and not wrong:
            return {}
        usual = "relay" if ticket.is_confidential else "phone"
        at = [None, self.now, self.now - SECOND]
        if wrong:
            at += [self.now + SECOND, AT - hours(1)]
        return {
            "told_by": draw(st.sampled_from(["", "phone", "relay"])) if wrong else usual,
            "told_at": draw(st.sampled_from(at)),
        }

    def _words_of_contact(
        self, draw: Any, text: Any, ticket: Ticket, wrong: bool
    ) -> dict[str, Any]:
        told = self._told(draw, ticket, wrong)
        return {
            "method": told.get("told_by", "phone"),
            "contacted_at": told.get("told_at"),
            "remark": draw(text)[:500],
        }

    def _words_of_report(self, draw: Any, text: Any, ticket: Ticket, wrong: bool) -> dict[str, Any]:
        later = self.now + hours(draw(st.integers(1, 400)))
        return {
            "text": draw(text),
            "next_at": draw(st.sampled_from([None, self.now])) if wrong else later,
            **self._told(draw, ticket, wrong),
        }

    def _words_of_reply(self, draw: Any, text: Any, ticket: Ticket, wrong: bool) -> dict[str, Any]:
        said = draw(text)
        return {
            "text": said if wrong else f"{said}{self.now:%m%d%H%M%S}",
            "solved": draw(st.sampled_from(["yes", "partly", "no"])),
            **self._told(draw, ticket, wrong),
        }

    def _words_of_object(self, draw: Any, text: Any, *_args: Any) -> dict[str, Any]:
        return {"reason": draw(text), "basis": draw(text)[:200]}

    def _words_of_return_to_desk(self, draw: Any, text: Any, *_args: Any) -> dict[str, Any]:
        return {"ruling": draw(text)}

    _words_of_reject_objection = _words_of_return_to_desk

    def _words_of_designate(self, draw: Any, text: Any, *_args: Any) -> dict[str, Any]:
        return {"unit": self._unit(draw, "990101001", "ent-heat", "hotline"), "ruling": draw(text)}

    def _unit(self, draw: Any, *codes: str) -> Unit:
        return self.units[draw(st.sampled_from(codes))]

    def _later(self, draw: Any, wrong: bool, most: int) -> dt.datetime:
        if wrong:
            return draw(st.sampled_from([self.now, self.now - SECOND, self.now + hours(9_000)]))
        return self.now + hours(draw(st.integers(1, most)))

    # --- other units

    def _words_of_ask_cooperation(
        self, draw: Any, text: Any, _ticket: Ticket, wrong: bool
    ) -> dict[str, Any]:
        named = [None, None, self.now + minutes(20), self.now + hours(20)]
        return {
            "unit": self._unit(draw, *HELPERS, *["hotline"] * wrong),
            "task": draw(text)[:500],
            "due_at": draw(st.sampled_from([*named, *[self.now] * wrong])),
        }

    def _words_of_delegate(
        self, draw: Any, text: Any, ticket: Ticket, wrong: bool
    ) -> dict[str, Any]:
        words = self._words_of_ask_cooperation(draw, text, ticket, wrong)
        if not wrong:
            words["unit"] = self._unit(draw, "990101001001", "990101001", "990101-market")
        return words

    def _words_of_hand_in(self, draw: Any, text: Any, *_args: Any) -> dict[str, Any]:
        late_reason = draw(st.sampled_from(["", "等待配件", "等待配件"]))
        solved = draw(st.sampled_from(["", "yes", "partly", "no"]))
        return {"text": draw(text), "solved": solved, "late_reason": late_reason}

    def _words_of_interim(
        self, draw: Any, text: Any, _ticket: Ticket, wrong: bool
    ) -> dict[str, Any]:
        return {
            "text": draw(text),
            "late_reason": draw(st.sampled_from(["等待配件", *[""] * wrong])),
            "next_at": self._later(draw, wrong, 200),
        }

    def _words_of_release(
        self, draw: Any, text: Any, ticket: Ticket, _wrong: bool
    ) -> dict[str, Any]:
        helping = ticket.assignments.filter(is_open=True, role__in=["cooperate", "delegate"])
        codes = helping.order_by("id").values_list("unit__code", flat=True)
        return {"unit": self._unit(draw, *(codes or HELPERS)), "reason": draw(text)[:500]}

    # --- time

    def _words_of_ask_extension(
        self, draw: Any, text: Any, ticket: Ticket, wrong: bool
    ) -> dict[str, Any]:
        most = {"L2": 24, "L3": 7, "L4": 15}.get(ticket.level, 1)
        return {
            "amount": draw(st.integers(1, most + 1 if wrong else most)),
            "ground": draw(st.sampled_from(["legal", "weather"])),
            "reason": draw(text)[:500],
            **self._told(draw, ticket, wrong),
        }

    def _words_of_grant_extension(self, draw: Any, text: Any, *_args: Any) -> dict[str, Any]:
        return {"decision": draw(text)}

    _words_of_refuse_extension = _words_of_grant_extension
    _words_of_approve_hold = _words_of_grant_extension
    _words_of_refuse_hold = _words_of_grant_extension

    def _words_of_ask_facts(self, draw: Any, text: Any, *_args: Any) -> dict[str, Any]:
        return {"question": draw(text)}

    def _words_of_facts_received(self, draw: Any, text: Any, *_args: Any) -> dict[str, Any]:
        return {"answer": draw(text) + draw(st.sampled_from(["", "电话13566667777"]))}

    def _words_of_hold(self, draw: Any, text: Any, ticket: Ticket, wrong: bool) -> dict[str, Any]:
        return {
            "kind": draw(st.sampled_from(["planning", "funds"])),
            "plan": draw(text)[:1_000],
            "review_at": self._later(draw, wrong, 24 * 30),
            **self._told(draw, ticket, wrong),
        }

    def _words_of_review_hold(
        self, draw: Any, text: Any, _ticket: Ticket, wrong: bool
    ) -> dict[str, Any]:
        return {"finding": draw(text)[:500], "next_at": self._later(draw, wrong, 24 * 30)}

    def _words_of_clear_hold(self, draw: Any, text: Any, *_args: Any) -> dict[str, Any]:
        return {"clearance": draw(text)}

    # --- hard cases

    def _words_of_consult(self, draw: Any, text: Any, *_args: Any) -> dict[str, Any]:
        members = [self.units[code] for code in ("city-housing", "990101")]
        return {"question": draw(text), "members": members[: draw(st.integers(0, 2))]}

    def _words_of_conclude_consultation(self, draw: Any, text: Any, *_args: Any) -> dict[str, Any]:
        units = [None, *(self.units[code] for code in ("990101001", "ent-heat", "hotline"))]
        return {"opinion": draw(text), "decided_unit": draw(st.sampled_from(units))}

    def _words_of_escalate(
        self, draw: Any, text: Any, _ticket: Ticket, wrong: bool
    ) -> dict[str, Any]:
        codes = ["990101", "hotline", *["ent-water", "990101001001"] * wrong]
        return {"authority": self._unit(draw, *codes), "question": draw(text)}

    def _words_of_answer_escalation(self, draw: Any, text: Any, *_args: Any) -> dict[str, Any]:
        return {
            "opinion": draw(text),
            "measure": draw(text)[:500],
            "takes_over": draw(st.booleans()),
        }

    # --- leaders

    def _words_of_instruct(
        self, draw: Any, text: Any, _ticket: Ticket, wrong: bool
    ) -> dict[str, Any]:
        due = [None, None, self._later(draw, wrong, 200)]
        return {"text": draw(text)[:500], "due_at": draw(st.sampled_from(due))}

    _words_of_send_back_instruction = _words_of_instruct

    def _words_of_answer_instruction(self, draw: Any, text: Any, *_args: Any) -> dict[str, Any]:
        return {"answer": draw(text)[:2_000]}

    def _words_of_order_onsite(
        self, draw: Any, text: Any, _ticket: Ticket, wrong: bool
    ) -> dict[str, Any]:
        units = [self.units[code] for code in ("ent-heat", "990101001", "city-housing")]
        return {
            "units": units[: draw(st.integers(1 - wrong, 3))],
            "place": draw(text)[:200],
            "meet_at": self._later(draw, wrong, 48),
            "ground": "hard",
            "reason": draw(text)[:500],
        }

    def _words_of_decide_onsite(self, draw: Any, text: Any, *_args: Any) -> dict[str, Any]:
        leads = [None, *(self.units[code] for code in ("990101001", "ent-heat"))]
        helpers = [self.units[code] for code in HELPERS]
        return {
            "decision": draw(text),
            "lead_unit": draw(st.sampled_from(leads)),
            "cooperators": draw(st.sampled_from([[], helpers[:1], helpers[3:]])),
        }

    def _words_of_make_precedent(self, draw: Any, text: Any, *_args: Any) -> dict[str, Any]:
        return {
            "scope": draw(st.sampled_from(["street", "district", "city"])),
            "clause": draw(text)[:500],
        }

    def _words_of_pass_to_liaison(
        self, draw: Any, text: Any, ticket: Ticket, wrong: bool
    ) -> dict[str, Any]:
        return {
            "organisation_kind": "central_enterprise",
            "organisation": draw(text)[:120],
            **self._told(draw, ticket, wrong),
        }

    def _words_of_callback(
        self, draw: Any, _text: Any, ticket: Ticket, wrong: bool
    ) -> dict[str, Any]:
        outcomes = ["connected", "connected", "no_answer", "declined", "wrong_number", "refused"]
        outcome = draw(st.sampled_from(outcomes))
        parties = list(ticket.parties.filter(left_at=None))
        words: dict[str, Any] = {
            "outcome": outcome,
            "party": draw(st.sampled_from([None, *parties])),
        }
        if (outcome == "connected") != wrong:
            scale = ["satisfied", "basically", "dissatisfied", "very_dissatisfied"]
            words |= {
                "contacted": draw(st.booleans()),
                "resolved": draw(st.booleans()),
                "satisfaction": draw(st.sampled_from(scale)),
            }
        return words

    # --- what counts

    def _words_of_ask_exclusion(
        self, draw: Any, text: Any, _ticket: Ticket, wrong: bool
    ) -> dict[str, Any]:
        units = [None, None, self.units["990101001"], *[self.units["hotline"]] * wrong]
        return {
            "scope": draw(st.sampled_from(["rates", "volume"])),
            "ground": draw(st.sampled_from(["unreasonable", "tolerated"])),
            "reason": draw(text)[:500] + draw(st.sampled_from(["", "电话13566667777"])),
            "evidence": draw(text)[:500],
            "unit": draw(st.sampled_from(units)),
        }

    def _words_of_appeal(
        self, draw: Any, text: Any, ticket: Ticket, _wrong: bool
    ) -> dict[str, Any]:
        answers = list(ticket.callback_results.values_list("pk", flat=True))
        return {
            "result": draw(st.sampled_from(answers or [0])),
            "ground": draw(st.sampled_from(["not_asked", "contradicted"])),
            "reason": draw(text)[:500],
            "evidence": draw(text)[:500],
        }

    def _words_of_refuse_exclusion(
        self, draw: Any, text: Any, ticket: Ticket, _wrong: bool
    ) -> dict[str, Any]:
        waiting = Exclusion.objects.filter(ticket=ticket, outcome="").order_by("pk")
        named = list(waiting.values_list("pk", flat=True))
        return {"ruling": draw(text), "exclusion": draw(st.sampled_from([None, *named]))}

    def _words_of_reject_appeal(
        self, draw: Any, text: Any, ticket: Ticket, _wrong: bool
    ) -> dict[str, Any]:
        waiting = Appeal.objects.filter(ticket=ticket, outcome="").order_by("pk")
        named = list(waiting.values_list("pk", flat=True))
        return {"ruling": draw(text), "appeal": draw(st.sampled_from([None, *named]))}

    _words_of_grant_exclusion = _words_of_refuse_exclusion
    _words_of_uphold_appeal = _words_of_reject_appeal

    def _words_of_close(self, draw: Any, *_args: Any) -> dict[str, Any]:
        codes = ["", "anonymous", "declined", "unreachable", "not_sampled", "answered"]
        return {"code": draw(st.sampled_from(codes))}

    # --- what must hold -------------------------------------------------------------------

    def tickets(self) -> list[Ticket]:
        return list(Ticket.objects.filter(pk__in=self.ids).order_by("pk"))

    def other(self, ticket: Ticket) -> Ticket:
        return next(t for t in self.tickets() if t.pk != ticket.pk)

    def seen(self) -> Rows:
        return snapshot(self.ids)

    def check(self, *, was_swept: bool = False, reopened: int | None = None) -> None:
        self.last = self.seen()
        tickets = self.tickets()
        self.book.check(tickets, self.now, was_swept=was_swept)
        for ticket in tickets:
            self._check_state(ticket)
            self._check_promise(ticket, is_reopened=ticket.pk == reopened)
            self._check_log(ticket)

    def _running(self, ticket: Ticket) -> Counter[str]:
        running = Clock.objects.running().filter(ticket=ticket)
        return Counter(running.values_list("kind", flat=True))

    def _check_act(self, was: dict[int, Ticket], pk: int, verb: str, words: dict[str, Any]) -> None:
        """One act: its own event once beside breaches, one version more, the state of the table."""
        for ticket in self.tickets():
            before = was[ticket.pk]
            fresh = TicketEvent.objects.filter(ticket_id=ticket.pk, seq__gt=before.event_seq)
            types = Counter(fresh.values_list("type", flat=True))
            types.pop("breached", None)
            if ticket.pk == pk:
                assert types == Counter(self._events_of(verb, words, types, before))
                assert ticket.version == before.version + 1
                sources, target = MOVES.get(verb, ({before.state}, before.state))
                if self._gives(verb, words, before):
                    target = "dispatched"
                assert before.state in sources
                assert ticket.state == target
            elif types:
                assert types == {ECHO[verb]: 1}
                assert ticket.version == before.version + 1
                assert ticket.state == before.state
            else:
                assert ticket.version == before.version

    def _gives(self, verb: str, words: dict[str, Any], before: Ticket) -> bool:
        """Whether what was decided becomes an order of another lead."""
        named = words.get("decided_unit" if verb == "conclude_consultation" else "lead_unit")
        deciding = ("conclude_consultation", "decide_onsite")
        return verb in deciding and named is not None and named.pk != before.lead_unit_id

    def _events_of(
        self, verb: str, words: dict[str, Any], types: Counter[str], before: Ticket
    ) -> list[str]:
        if verb == "decide_onsite":
            taken_back = ["recalled"] * (before.state != "accepted")
            given = [*taken_back, "dispatched"] if self._gives(verb, words, before) else []
            asked = [] if given else ["cooperation_asked"] * types["cooperation_asked"]
            assert len(asked) <= len(words["cooperators"])
            return ["onsite_decided", *given, *asked]
        if self._gives(verb, words, before):
            return DECIDES_AND_GIVES.split()
        if verb == "answer_escalation" and words["takes_over"]:
            return TAKES_OVER.split()
        if verb == "release":  # and everything handed down below it
            return ["released"] * max(1, types["released"])
        if verb == "grant_extension" and "extension_refused" in types:  # missed meanwhile
            return ["extension_refused"]
        return EVENT[verb].split()

    def _check_state(self, ticket: Ticket) -> None:
        orders = list(Assignment.objects.filter(ticket=ticket, is_open=True))
        leads = [order for order in orders if order.role == "lead"]
        clocks = list(Clock.objects.running().filter(ticket=ticket))
        may, must = RUNNING[ticket.state]
        kinds = {clock.kind for clock in clocks} - RISING - LASTING
        assert kinds <= may, (ticket.state, kinds)
        assert not must or must & kinds, (ticket.state, kinds)
        # A plan may promise several measures, each by a date of its own; several leaders
        # may each want an answer.
        once = [clock for clock in clocks if clock.kind not in ("measure", "supervision")]
        each = Counter((clock.kind, clock.subject_id, clock.unit_id) for clock in once)
        assert not each or max(each.values()) == 1, "one promise of a kind about one thing"
        self._check_ladder(clocks)
        self._check_callback(clocks)
        if ticket.state in ("dispatched", "handling"):
            assert [order.unit_id for order in leads] == [ticket.lead_unit_id]
            own = Clock.objects.running().filter(
                subject_id=leads[0].pk, ticket=ticket, unit_id=leads[0].unit_id
            )
            # On the ledger the unit owes nothing: the hotline owes the review.
            dues = own.values_list("due_at", flat=True)
            assert leads[0].next_due_at == min(dues, default=None)
            assert dues or "ledger_review" in kinds
        else:
            assert not leads
        if ticket.state in ("accepted", "closed"):
            assert not orders
        self._check_pleas(ticket, clocks)
        self._check_parts(orders)
        copies = [order for order in orders if order.role == "supervise"]
        street = ticket.lead_unit is not None and ticket.lead_unit.kind == "street"
        is_out = ticket.state in ("dispatched", "handling", "callback")
        assert len(copies) == int(is_out and street)

    def _check_pleas(self, ticket: Ticket, clocks: list[Clock]) -> None:
        """What waits for a decision is owed by the hotline, each by a clock of its own."""
        for kind, model in (("exclusion_ruling", Exclusion), ("appeal_ruling", Appeal)):
            waiting = model._default_manager.filter(ticket=ticket, outcome="")
            owed = [clock for clock in clocks if clock.kind == kind]
            assert {clock.subject_id for clock in owed} == {plea.pk for plea in waiting}
            assert not any(clock.unit_id for clock in owed)

    def _check_ladder(self, clocks: list[Clock]) -> None:
        """What rises does so only while the promise it is about stays broken and unkept."""
        broken = {clock.pk for clock in clocks if clock.breached_at is not None}
        assert {c.subject_id for c in clocks if c.kind in RISING} <= broken
        steps = LadderStep.objects.filter(ticket_id__in={c.ticket_id for c in clocks})
        taken = Counter(steps.values_list("clock_id", "rung"))
        assert not taken or max(taken.values()) == 1

    def _check_callback(self, clocks: list[Clock]) -> None:
        """While the feedback is owed the call-back waits for its end, wherever that has moved."""
        owed = [c.due_at for c in clocks if c.kind == "feedback"]
        waiting = [c.opens_at for c in clocks if c.kind == "callback" and c.opens_at > self.now]
        assert not owed or not waiting or waiting == [owed[0] + CALLBACK_FOLLOWS_AFTER]

    def _check_parts(self, orders: list[Assignment]) -> None:
        """Every part hangs below an open order, and only a unit of one's own is handed work."""
        known = {order.pk: order for order in orders}
        for part in orders:
            if part.role in ("cooperate", "delegate"):
                assert part.parent_id in known, "nobody works for an order that has ended"
                assert part.due_at is not None
                own = Clock.objects.running().filter(subject_id=part.pk, unit_id=part.unit_id)
                assert part.next_due_at == min(own.values_list("due_at", flat=True))
            elif part.role == "lead":
                assert part.unit.kind not in ("community", "hotline")

    def _check_promise(self, ticket: Ticket, *, is_reopened: bool) -> None:
        before = self.promised.get(ticket.pk)
        if before is not None and not is_reopened:
            assert ticket.promised_at <= before, "the promise is never put off"
        self.promised[ticket.pk] = ticket.promised_at
        clock = Clock.objects.filter(ticket=ticket, kind="promise").latest("id")
        assert clock.due_at == ticket.promised_at

    def _check_log(self, ticket: Ticket) -> None:
        events = [e for e in self.last["TicketEvent"] if e[1] == ticket.pk]
        assert [e[3] for e in events] == list(range(1, ticket.event_seq + 1))
        lines = [(line[4], line[5]) for line in self.last["OutboxMessage"] if line[2] == ticket.pk]
        assert sorted(lines) == [(e[3], e[4]) for e in events]

    def check_nothing_personal_is_in_clear(self) -> None:
        """Encrypted columns are clear in Python, so the two texts are looked at by field; the
        bytes in the database are looked at elsewhere."""
        rows = {n: r for n, r in self.seen().items() if not n.startswith("TicketText")}
        texts = TicketText.objects.filter(pk__in=self.ids)
        written = repr((rows, list(texts.values_list("title", "matter", "address", "target"))))
        for secret in (*PHONES, *PEOPLE, "13577778888", "13566667777"):
            assert secret not in written


def test_people_try_every_verb_there_is() -> None:
    assert {verb.name for verb in verbs.all_verbs()} == set(EVENT)


@pytest.mark.usefixtures("city")
def test_whatever_people_do_the_ticket_stays_true_to_its_rules() -> None:
    LifeOfATicket.units = {u.code: u for u in Unit.objects.all()}
    LifeOfATicket.done = Counter()
    LifeOfATicket.actors = {
        "agent": actor(Role.AGENT),
        "dispatcher": actor(Role.DISPATCHER),
        "caller-back": actor(Role.CALLBACK_AGENT),
        "city supervisor": actor(Role.CITY_SUPERVISOR),
        "contractor": actor(Role.CONTRACTOR),
        "auditor": actor(Role.AUDITOR),
        "administrator": actor(Role.ADMINISTRATOR),
        "district supervisor": actor(Role.DISTRICT_SUPERVISOR, unit("990101")),
        "handler of 甲一": actor(Role.HANDLER, unit("990101001")),
        "manager of 甲一": actor(Role.MANAGER, unit("990101001")),
        "handler of 乙一": actor(Role.HANDLER, unit("990102001")),
        "handler of 甲区": actor(Role.HANDLER, unit("990101")),
        "handler of the community": actor(Role.HANDLER, unit("990101001001")),
        "handler of the housing department": actor(Role.HANDLER, unit("city-housing")),
        "handler of the heat works": actor(Role.HANDLER, unit("ent-heat")),
        "the heat works' system": client_actor(unit=unit("ent-heat")),
        "channel": actor_for_client(make_client()),
    }
    run_state_machine_as_test(
        LifeOfATicket,
        settings=settings(
            max_examples=12,
            stateful_step_count=30,
            deadline=None,
            # A failure is told at once; shrinking it would take minutes.
            phases=(Phase.explicit, Phase.reuse, Phase.generate),
            suppress_health_check=list(HealthCheck),
            print_blob=True,
        ),
    )

    assert {"dispatch", "sign", "reply"} <= set(LifeOfATicket.done), LifeOfATicket.done
    # Chance decides which of them; that hardly any succeeded would mean that nobody gets there.
    assert len(LifeOfATicket.done.keys() & set(ASKING)) >= len(ASKING) // 5, LifeOfATicket.done
