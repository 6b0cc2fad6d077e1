"""A ticket's events as a story: who did what, when, and in which words."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from hotline.pages.ticket.facts import Facts
from intake.models import Level, Note, TicketEvent, Urgency
from intake.rendering import actor_names, event_detail, event_label, unit_name

FLOW, REPLIES, INTERNAL = "flow", "replies", "internal"
CHAPTERS: tuple[tuple[str, str | Promise], ...] = (
    ("", gettext_lazy("全部")),
    (FLOW, gettext_lazy("流转")),
    (REPLIES, gettext_lazy("回复")),
    (INTERNAL, gettext_lazy("内部")),
)
_SPOKEN = ("replied", "reported", "contacted", "answered", "informed", "called_back")
# What a unit does itself; every other event with a unit is done to it by somebody else.
_OWN_ACTS = ("signed", "contacted", "reported", "replied", "objected", "noted")
_KINDS = {
    "noted": "internal",
    "breached": "late",
    "warned": "system",
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
            unit=unit_name(event.unit_id) if event.type in _OWN_ACTS else "",
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


def _title(event: TicketEvent) -> str:
    """What happened; an act on a unit names it."""
    label, detail = event_label(event.type), event_detail(event)
    if event.type not in _OWN_ACTS and (unit := unit_name(event.unit_id)):
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
        self.replies = {reply.replied_at: reply.text for reply in facts.replies}
        self.contacts = {c.recorded_at: c.remark for c in facts.contacts if c.remark}
        self.opinions = {result.pk: result.opinion for result in facts.results}

    def is_withheld(self, event: TicketEvent) -> bool:
        """A remark between other people is not told at all."""
        note = self.notes.get(event.seq)
        return event.type == "noted" and (note is None or not self._may_read(note))

    def of(self, event: TicketEvent) -> str:
        match event.type:
            case "replied" | "reported":
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
