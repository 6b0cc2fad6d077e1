"""A ticket's events as a story: who did what, when, and in which words."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from dispatch.models import Reply
from evaluation.models import CallbackResult
from hotline.core.places import unit_by_code
from hotline.pages.ticket.facts import Facts
from hotline.pages.ticket.questions import may_read
from intake.models import Level, Note, TicketEvent, Urgency
from intake.rendering import actor_names, event_detail, event_label, unit_name

FLOW, REPLIES, INTERNAL = "flow", "replies", "internal"
CHAPTERS: tuple[tuple[str, str | Promise], ...] = (
    ("", gettext_lazy("全部")),
    (FLOW, gettext_lazy("流转")),
    (REPLIES, gettext_lazy("回复")),
    (INTERNAL, gettext_lazy("内部")),
)
_SPOKEN = (
    "replied", "reported", "contacted", "answered", "informed", "called_back",
    "handed_in", "interim_reported", "facts_received",
)  # fmt: skip
# What a unit does itself; every other event with a unit is done to it by somebody else.
_OWN_ACTS = (
    "signed", "contacted", "reported", "replied", "objected", "noted", "part_signed",
    "extension_asked", "facts_asked", "hold_asked", "onsite_arrived",
    "exclusion_asked", "appealed",
)  # fmt: skip
# One unit tells another: where the data name the first; the event's own unit is the second.
_TELLERS = {
    "handed_in": "by", "interim_reported": "by", "escalated": "by",
    "escalation_answered": "authority",
}  # fmt: skip
_KINDS = {
    "noted": "internal",
    "breached": "late",
    "warned": "system",
    **dict.fromkeys(("urged", "ordered", "criticised"), "late"),
    **dict.fromkeys(_SPOKEN, "reply"),
}


@dataclass(frozen=True)
class Entry:
    """One event in words. `kind` picks its look, `chapter` where the reader looks for it; `unit`
    is whose act it was, `about` the unit that somebody else's act concerns."""

    kind: str
    chapter: str
    title: str
    actor: str
    unit: str
    about: str
    at: dt.datetime
    text: str = ""
    changes: Sequence[dict[str, str]] = ()


def tell(facts: Facts, chapter: str = "") -> list[Entry]:
    """The events of a chapter (all when none is named), oldest first."""
    names = actor_names(sorted({event.actor for event in facts.events}))
    texts = _Texts(facts)
    entries = [
        Entry(
            kind=_KINDS.get(event.type, ""),
            chapter=_chapter(event),
            title=_title(event),
            actor=names[event.actor],
            unit=_whose(event),
            about="" if event.type in _OWN_ACTS else unit_name(event.unit_id),
            at=event.occurred_at,
            text=texts.of(event),
            changes=_changes(event.data) if event.type == "classified" else (),
        )
        for event in facts.events
        if not texts.is_withheld(event)
    ]
    return [entry for entry in entries if not chapter or entry.chapter == chapter]


def _chapter(event: TicketEvent) -> str:
    if event.type == "noted":
        return INTERNAL
    return REPLIES if event.type in _SPOKEN else FLOW


def _whose(event: TicketEvent) -> str:
    """The unit whose act it was; where one unit tells another, the data name the first."""
    if event.type in _OWN_ACTS:
        return unit_name(event.unit_id)
    by = unit_by_code(event.data.get(_TELLERS.get(event.type, ""), ""))
    return by.name if by else ""


def _title(event: TicketEvent) -> str:
    """What happened; an act on a unit names it."""
    label, detail = event_label(event.type), event_detail(event)
    is_told = event.type in _TELLERS  # the detail names who tells, and `about` whom
    if event.type not in _OWN_ACTS and not is_told and (unit := unit_name(event.unit_id)):
        label = f"{label} · {unit}"
    return label + _("：") + detail if detail else label


def _changes(data: dict[str, Any]) -> list[dict[str, str]]:
    """What a re-classification changed."""
    was = data.get("was", {})
    named = (
        (_("等级"), Level, was.get("level"), data.get("level")),
        (_("轻重缓急"), Urgency, was.get("urgency"), data.get("urgency")),
    )
    return [
        {"label": label, "old": str(kind(old).label), "new": str(kind(new).label)}
        for label, kind, old, new in named
        if old and new and old != new
    ]


class _Texts:
    """The words that belong to events, found by the event's number or its time."""

    def __init__(self, facts: Facts) -> None:
        self.facts = facts
        self.notes = {note.seq: note for note in facts.notes}
        self.replies = {reply.replied_at: _reply(reply) for reply in facts.replies}
        self.contacts = {c.recorded_at: c.remark for c in facts.contacts if c.remark}
        self.opinions = {result.pk: _answer(result) for result in facts.results}
        self.tasks = {order.pk: order.task for order in facts.orders}

    def is_withheld(self, event: TicketEvent) -> bool:
        """A remark between other people is not told at all."""
        note = self.notes.get(event.seq)
        return event.type == "noted" and (note is None or not self._may_read(note))

    def of(self, event: TicketEvent) -> str:
        match event.type:
            case "replied" | "reported" | "handed_in" | "interim_reported":
                return self.replies.get(event.recorded_at, "")
            case "contacted":
                return self.contacts.get(event.recorded_at, "")
            case "called_back":
                opinion = self.opinions.get(event.data.get("result"), "")
                return "" if self.facts.is_identity_hidden else opinion
            case "objected":
                return self._objection(event)
            case "returned" | "objection_rejected":
                ruled = (o.ruling for o in self.facts.objections if o.ruled_at == event.recorded_at)
                return next(ruled, "")
            case "cooperation_asked" | "delegated":
                return self.tasks.get(event.data["assignment"], "")
        found = self._asked(event) or self._plea(event) or self._hard_case(event)
        if found:
            return found
        note = self.notes.get(event.seq)
        return note.text if note is not None and self._may_read(note) else ""

    def _may_read(self, note: Note) -> bool:
        """A unit's remark is for that unit and the hotline; the hotline's own about a
        confidential matter may name people and stays there."""
        if self.facts.actor.sees_all:
            return True
        if note.unit_id is not None:
            return note.unit_id in self.facts.actor.unit_ids
        return not self.facts.ticket.is_confidential

    def _objection(self, event: TicketEvent) -> str:
        for objection in self.facts.objections:
            if objection.raised_at == event.recorded_at:
                basis = _("依据：%(basis)s") % {"basis": objection.basis}
                return f"{objection.reason}\n{basis}"
        return ""

    def _asked(self, event: TicketEvent) -> str:
        """What was said when time was asked for, and when that was decided."""
        facts = self.facts
        pk = event.data.get("extension") or event.data.get("request") or event.data.get("hold")
        match event.type:
            case "extension_asked":
                return _of(facts.extensions, pk, "reason")
            case "extension_granted" | "extension_refused":
                return _of(facts.extensions, pk, "decision")
            case "facts_asked":
                return _of(facts.fact_requests, pk, "question")
            case "facts_received":
                return _of(facts.fact_requests, pk, "answer")
            case "hold_asked":
                return _of(facts.holds, pk, "plan")
            case "hold_approved" | "hold_refused":
                return _of(facts.holds, pk, "decision")
            case "hold_cleared":
                return _of(facts.holds, pk, "clearance")
            case "onsite_ordered":
                return _of(facts.onsites, event.data.get("onsite"), "reason")
            case "onsite_decided":
                return _of(facts.onsites, event.data.get("onsite"), "decision")
            case "hold_reviewed":
                reviews = [review for hold in facts.holds for review in hold.reviews.all()]
                return _of(reviews, event.data.get("review"), "finding")
        return ""

    def _plea(self, event: TicketEvent) -> str:
        """Why something should not count, and why that was decided as it was."""
        exclusion, appeal = event.data.get("exclusion"), event.data.get("appeal")
        match event.type:
            case "exclusion_asked":
                return _of(self.facts.exclusions, exclusion, "reason")
            case "exclusion_granted" | "exclusion_refused":
                return _of(self.facts.exclusions, exclusion, "ruling")
            case "appealed":
                return _of(self.facts.appeals, appeal, "reason")
            case "appeal_upheld" | "appeal_rejected":
                return _of(self.facts.appeals, appeal, "ruling")
        return ""

    def _hard_case(self, event: TicketEvent) -> str:
        """A question and its answer, for those who may read them."""
        opens = event.type in ("consultation_opened", "escalated")
        ends = event.type in ("consultation_concluded", "escalation_answered")
        for case in self.facts.coordinations:
            if opens and case.asked_at == event.recorded_at:
                return case.question if may_read(case, self.facts) else ""
            if ends and case.concluded_at == event.recorded_at:
                said = "\n".join(filter(None, (case.opinion, case.measure)))
                return said if may_read(case, self.facts) else ""
        return ""


def _answer(result: CallbackResult) -> str:
    """What a requester added in words. The event of a withheld answer says nothing of it, so that
    whoever may read it finds it here."""
    if not (result.is_withheld and result.satisfaction):
        return result.opinion
    solved = _("已解决") if result.resolved else _("未解决")
    said = solved + _("，") + result.get_satisfaction_display()
    return f"{said}\n{result.opinion}".strip()


def _reply(reply: Reply) -> str:
    """What a unit said, and why it was late with it."""
    if not reply.late_reason:
        return reply.text
    late = _("逾期原因：%(reason)s") % {"reason": reply.late_reason}
    return f"{reply.text}\n{late}"


def _of(rows: Sequence[Any], pk: int | None, column: str) -> str:
    """A column of the row that an event names."""
    found: str = next((getattr(row, column) for row in rows if row.pk == pk), "")
    return found
