"""Correcting what was recorded, classifying it, remarking on it."""

from __future__ import annotations

import datetime as dt

from django.utils.translation import gettext as _

from hotline.core.actors import Actor
from hotline.core.models import Area, ClockKind
from hotline.core.violations import RuleViolation
from intake.acts import Act, act
from intake.clocks import new_clock
from intake.models import Level, Note, Ticket, TicketText, TicketTextRevision, Urgency
from intake.services.closing import REASON_LIMIT
from intake.services.people import known_references
from intake.services.registration import MATTER_LIMIT, district_of, tidy, words
from knowledge.models import Category

NOTE_LIMIT = 2_000
_KEPT = ("revision", "title", "matter", "address", "door", "references", "target",
         "written_at", "written_by")  # fmt: skip
_STRICTER_FIRST = (Urgency.URGENT, Urgency.PROMPT, Urgency.ORDINARY)


def amend(
    *,
    number: str,
    actor: Actor,
    at: dt.datetime,
    version: int | None = None,
    matter: str,
    title: str = "",
    address: str = "",
    door: str = "",
    target: str = "",
) -> Ticket:
    """Correct the wording; the earlier one is kept (R-016). A masked value is never written."""
    with act("amend", number, actor=actor, at=at, version=version) as a:
        matter = tidy(matter, MATTER_LIMIT, _("诉求内容"), "matter", required="matter_required")
        old = TicketText.objects.get(ticket=a.ticket)
        # Nobody is shown the door in a form, so an empty one means unchanged.
        door = door.strip() or old.door or ""
        known = known_references(old)
        new = words(a.ticket, actor, at, matter, title, address, door, target, known)
        if (new.matter, new.title, new.address, new.target, new.door) == (
            old.matter, old.title, old.address, old.target, old.door,
        ):  # fmt: skip
            raise RuleViolation("nothing_changed", field="matter")
        TicketTextRevision.objects.create(
            ticket=a.ticket, **{name: getattr(old, name) for name in _KEPT}
        )
        new.revision = old.revision + 1
        new.save(force_update=True)
        a.record("amended", revision=new.revision)
    return a.ticket


def classify(
    *,
    number: str,
    actor: Actor,
    at: dt.datetime,
    version: int | None = None,
    category: Category | None = None,
    level: str = "",
    urgency: str = "",
    area: Area | None = None,
) -> Ticket:
    """Set category, place, level and urgency before dispatch or while it is open.

    The promise runs from acceptance and is only ever brought forward: a level is raised by the
    desk and lowered never here (design §4). Only before dispatch: to raise what a unit has in hand
    the desk recalls it and dispatches it anew, so that its promises run by the new level.
    """
    with act("classify", number, actor=actor, at=at, version=version) as a:
        ticket = a.ticket
        level, urgency = level or ticket.level, urgency or ticket.urgency
        before = (ticket.category_id, ticket.level, ticket.urgency, ticket.area_id)
        if _rank(level, urgency) > _rank(ticket.level, ticket.urgency):
            raise RuleViolation("level_not_lowered", field="level")
        is_raised = (level, urgency) != (ticket.level, ticket.urgency)
        a.change(level=level, urgency=urgency)
        if category is not None:
            a.change(category=category)
        if area is not None:
            a.change(area=area, district_id=district_of(area))
        if before == (ticket.category_id, ticket.level, ticket.urgency, ticket.area_id):
            raise RuleViolation("nothing_changed", field="category")
        if is_raised:
            _run_by_new_level(a)
        a.record(
            "classified",
            category=ticket.category.code if ticket.category_id and ticket.category else None,
            level=level,
            urgency=urgency,
            area=area.code if area else None,
            was={"level": before[1], "urgency": before[2]},
        )
    return a.ticket


def _run_by_new_level(a: Act) -> None:
    ticket = a.ticket
    for clock in a.running(ClockKind.PROMISE, ClockKind.DISPATCH):
        sooner = new_clock(ticket, clock.kind, at=clock.started_at).due_at
        if sooner < clock.due_at:
            a.move(clock, opens_at=clock.opens_at, due_at=sooner, cause="classified")
        if clock.kind == ClockKind.PROMISE:
            a.change(promised_at=clock.due_at)


def _rank(level: str, urgency: str) -> tuple[int, int]:
    """Smaller is stricter; urgency matters inside the third level only."""
    grade = _STRICTER_FIRST.index(Urgency(urgency)) if level == Level.L3 else 0
    return list(Level.values).index(level), grade


def note(
    *, number: str, actor: Actor, at: dt.datetime, version: int | None = None, text: str
) -> Ticket:
    """An internal remark. A unit's remark is read by that unit and the hotline."""
    with act("note", number, actor=actor, at=at, version=version) as a:
        text = tidy(text, NOTE_LIMIT, _("备注"), "text", required="reason_required")
        event = a.record("noted")
        unit_id = a.ticket.lead_unit_id if actor.handles(a.ticket.lead_unit_id) else None
        Note.objects.create(
            ticket=a.ticket,
            seq=event.seq,
            text=text,
            unit_id=unit_id,
            written_by=actor.reference,
            written_at=at,
        )
    return a.ticket


__all__ = ["REASON_LIMIT", "amend", "classify", "note"]
