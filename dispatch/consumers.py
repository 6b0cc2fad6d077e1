"""Who is told what: notices in the bell of the unit concerned, and their words in an e-mail."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from django.db.models import Min
from django.utils.translation import gettext as _

from dispatch.ladder import OWED_BY_HOTLINE, event_of, hotline_unit_id
from dispatch.models import Assignment, AssignmentRole, SupervisionOrder
from hotline.core.digests import Told
from hotline.core.models import Notice, OutboxMessage
from hotline.core.places import unit_by_code
from intake.models import Clock, Level, Ticket, TicketEvent
from intake.rendering import clock_label, event_label

# Events that end orders: every unit whose order ended hears of it.
_ENDING = ("recalled", "undone", "returned", "merged", "withdrawn")
# The rungs of the ladder. The first is the notice of a breach: one notice per missed promise.
_RUNGS = ("urged", "ordered", "criticised")
# Events that speak of a unit and that its people should hear of; `unit_id` is whom they tell.
TOLD = (
    "dispatched", *_ENDING, "objection_rejected", "rehandled", "called_back", "answer_accepted",
    "warned", *_RUNGS,
    "cooperation_asked", "delegated", "handed_in", "interim_reported", "released",
    "extension_granted", "extension_refused", "facts_received",
    "hold_approved", "hold_refused", "hold_reviewed", "hold_cleared",
    "escalated", "escalation_answered", "consultation_opened",
    "onsite_ordered", "onsite_decided",
    "instructed", "instruction_answered", "instruction_accepted", "instruction_sent_back",
    "exclusion_granted", "exclusion_refused", "appeal_upheld", "appeal_rejected",
)  # fmt: skip


def tell_unit(message: OutboxMessage, at: dt.datetime) -> None:
    """One notice for every unit the event is for; what the hotline owes is told to the hotline.
    On the first level it is urgent and never waits for a digest. An answered instruction is told to
    the leader who gave it."""
    if message.type == "instruction_answered":
        _tell_leader(message, at)
        return
    type, unit_ids = _told(message)
    if not unit_ids:
        return
    level = Ticket.objects.values_list("level", flat=True).get(pk=message.ticket_id)
    Notice.objects.bulk_create(
        Notice(
            unit_id=unit_id,
            type=type,
            number=message.number,
            data={"seq": message.seq},
            is_urgent=level == Level.L1,
            created_at=at,
        )
        for unit_id in sorted(unit_ids)
    )


def _tell_leader(message: OutboxMessage, at: dt.datetime) -> None:
    """In person: others have not asked."""
    answered = SupervisionOrder.objects.get(pk=event_of(message).data["order"])
    kind, _colon, pk = answered.issued_by.partition(":")
    if kind == "staff":
        Notice.objects.create(
            staff_id=int(pk),
            type=message.type,
            number=message.number,
            data={"seq": message.seq},
            created_at=at,
        )


def _told(message: OutboxMessage) -> tuple[str, set[int]]:
    """As what the event is told, and to which units."""
    own = {message.unit_id} if message.unit_id is not None else set()
    if message.type == "dispatched":
        return message.type, own | _units_given(message)
    if message.type in _ENDING:
        return message.type, own | _units_relieved(message)
    if message.type in ("consultation_opened", "onsite_ordered", "onsite_decided"):
        members = [unit_by_code(code) for code in event_of(message).data["members"]]
        return message.type, {unit.pk for unit in members if unit}
    if message.type == "escalated":  # to nobody: to the hotline itself
        return message.type, own or set(filter(None, [hotline_unit_id()]))
    if message.type == "warned":
        return message.type, own or _hotline(event_of(message))
    if message.type in _RUNGS:
        return _told_of_rung(event_of(message))
    return message.type, own


def _told_of_rung(event: TicketEvent) -> tuple[str, set[int]]:
    """An urge is heard while there is something to urge; a promise kept too late is told as missed.
    Higher rungs that came to nothing are told to nobody."""
    to = {event.unit_id} if event.unit_id is not None else _hotline(event)
    if not Clock.objects.running().filter(pk=event.data["clock"]).exists():
        return "breached", to if event.type == "urged" else set()
    return event.type, to


def _hotline(event: TicketEvent) -> set[int]:
    """The hotline's unit, where the promise is one of its own."""
    hotline = hotline_unit_id()
    return {hotline} if hotline is not None and event.data["kind"] in OWED_BY_HOTLINE else set()


def _units_given(message: OutboxMessage) -> set[int]:
    """Every unit that got an order to act on in this act; a district's copy asks nothing of it."""
    given = Assignment.objects.filter(
        ticket_id=message.ticket_id, dispatched_at=message.created_at
    ).exclude(role=AssignmentRole.SUPERVISE)
    return set(given.values_list("unit_id", flat=True))


def _units_relieved(message: OutboxMessage) -> set[int]:
    """The units whose assisting orders ended with this act."""
    ended = Assignment.objects.assisting().filter(
        ticket_id=message.ticket_id, ended_at=message.created_at
    )
    return set(ended.values_list("unit_id", flat=True))


def follow_clock(message: OutboxMessage, at: dt.datetime) -> None:
    """A unit's clock was recomputed outside dispatch: its inbox sorts by the new due time."""
    due = Min("due_at")
    for order in Assignment.objects.open().filter(ticket_id=message.ticket_id):
        running = Clock.objects.running().filter(subject_id=order.pk, unit_id=order.unit_id)
        order.next_due_at = running.aggregate(due=due)["due"]
        order.save(update_fields=["next_due_at"])


# --- in an e-mail ----------------------------------------------------------------------------


def mail_words(notices: Sequence[Notice]) -> list[Told]:
    """What each notice says outside the house: the event's name, which promise, and when it is due.
    Never a person, a telephone or a word of the matter. Four statements however many there are."""
    pks: dict[str, int] = dict(
        Ticket.objects.filter(number__in={n.number for n in notices if n.number}).values_list(
            "number", "pk"
        )
    )
    events = {
        (event.number, event.seq): event
        for event in TicketEvent.objects.filter(
            ticket_id__in=pks.values(), seq__in={n.data.get("seq") for n in notices}
        )
    }
    found = [events.get((n.number, n.data.get("seq"))) for n in notices]
    named = {event.data["clock"] for event in found if event and event.data.get("clock")}
    clocks = Clock.objects.in_bulk(named)
    orders: dict[tuple[int | None, int | None], dt.datetime | None] = {
        (order.ticket_id, order.unit_id): order.next_due_at
        for order in Assignment.objects.open().filter(ticket_id__in=pks.values())
    }
    told = []
    for notice, event in zip(notices, found, strict=True):
        clock = clocks.get(event.data.get("clock")) if event else None
        what = event_label(notice.type)
        if month := notice.data.get("month"):
            what = f"{month} {what}"
        if clock is not None:
            what = _("%(what)s：%(promise)s") % {"what": what, "promise": clock_label(clock.kind)}
        due_at = clock.due_at if clock else orders.get((pks.get(notice.number), notice.unit_id))
        told.append(Told(what, due_at))
    return told
