"""A ticket lived through again, event by event: who had it, what they owed, what was said."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import replace

from evaluation.models import OutcomeRole
from evaluation.outcomes.histories import Answer, Event, History
from evaluation.outcomes.rows import Matter, Row
from hotline.core.models import ClockKind

Key = tuple[int, str]  # unit, role
Recorded = tuple[dt.datetime, Event | Answer]
LEAD, COOPERATE, DELEGATE = (role.value for role in OutcomeRole)
# What a unit owes whose breach makes it late, as the lead or for its part.
_LEAD_FEEDBACK = (ClockKind.FEEDBACK, ClockKind.FINAL_REPLY, ClockKind.MEASURE)
_PART_FEEDBACK = (ClockKind.COOPERATION, ClockKind.DELEGATION)


class Life:
    """A ticket until an instant: every unit's part in it, and what stands when it is over."""

    def __init__(self, history: History, recorded: list[Recorded], until: dt.datetime) -> None:
        self.history = history
        self.until = until
        self.accepted = history.events[0]
        self.matter = Matter()
        self.rows: dict[Key, Row] = {}
        self.lead: Row | None = None
        self._lead_order: int | None = None
        # Who has had it since it was last dispatched or opened again, the lead first.
        self._tenure: list[Row] = []
        self._is_sampled = True
        self._is_on_ledger = False
        self._is_promise_missed = False
        # When the call-back opens, until it has.
        self._callback_at: dt.datetime | None = None
        self._live(recorded)

    def dated(self, row: Row, attribution: str) -> dt.datetime:
        """The instant that decides a row's month, as far as this life knows it."""
        if attribution == "created":
            return self.accepted.occurred_at
        if attribution == "due":
            return row.due_at or row.given_at
        if row.answers:
            return row.answers[0].called_at
        awaited = self._callback_at if row in self._held() else None
        return row.called_for_at or awaited or row.due_at or row.given_at

    def partners(self, row: Row) -> int:
        """How many units co-operate on it: with this lead, or with the lead that this one helps."""
        lead = row.unit_id if row.role == LEAD else row.helps
        helping = (other for other in self.rows.values() if other.role == COOPERATE)
        return sum(other.helps == lead for other in helping if not other.is_left)

    def is_on_ledger(self, row: Row) -> bool:
        return self._is_on_ledger and row in self._held()

    # --- living through it ----------------------------------------------------------------------

    def _live(self, recorded: list[Recorded]) -> None:
        for at, happened in recorded:
            if at > self.until:
                break
            self._pass_time(at)
            if isinstance(happened, Answer):
                self._hear(happened)
            else:
                TAKEN[happened.type](self, happened)
        self._pass_time(self.until)

    def _pass_time(self, at: dt.datetime) -> None:
        """Time alone changes two things: limits expire, and call-backs fall due (R-081)."""
        for row in self.rows.values():
            row.pass_time(at)
        if self._callback_at is not None and self._callback_at <= at:
            if self._is_sampled and self._is_to_be_called(self._callback_at):
                for row in self._judged():
                    row.called_for_at = row.called_for_at or self._callback_at
            self._callback_at = None

    def _is_to_be_called(self, at: dt.datetime) -> bool:
        return not self.accepted.data["is_anonymous"] and any(
            party.wants_callback
            and party.joined_at <= at
            and (party.left_at is None or at < party.left_at)
            for party in self.history.parties
        )

    def _judged(self) -> list[Row]:
        """Whose outcome a requester speaks of: the lead's, and that of the units that co-operate
        with it (F-19). Who only works for the lead is judged by the lead."""
        return [row for row in self._held() if row.role in (LEAD, COOPERATE)]

    def _held(self) -> list[Row]:
        """Who has it since it was last dispatched, or has done a part of it."""
        return [row for row in self._tenure if not row.is_left]

    def _hear(self, answer: Answer) -> None:
        lead = self.rows.get((answer.unit_id, LEAD))
        if lead is None:
            return
        lead.hear(answer)
        if lead is self.lead:
            for row in self._judged():
                if row is not lead:
                    row.hear(answer)

    # --- who gets it and who leaves -------------------------------------------------------------

    def _give(self, event: Event, unit_id: int, role: str, due_at: dt.datetime | None) -> Row:
        row = self.rows.get((unit_id, role))
        if row is None:
            row = Row(unit_id, role, event.occurred_at, self.matter)
            self.rows[unit_id, role] = row
        row.give(self.matter, due_at)
        if row not in self._tenure:
            self._tenure.append(row)
        return row

    def _lead_by(self, event: Event, unit_id: int, due_at: dt.datetime | None) -> None:
        self.lead = self._give(event, unit_id, LEAD, due_at)
        if self._is_promise_missed:
            self.lead.to_citizen = False

    def _take_back(self) -> None:
        """Everybody's orders end, and the ticket waits for its dispatch again."""
        for row in self._tenure:
            row.leave()
        self._tenure, self.lead = [], None
        self._callback_at, self._is_on_ledger = None, False

    def _part_of(self, unit_id: int | None) -> Row | None:
        """The part that a unit has in hand; it has one at a time (a constraint holds that)."""
        parts = (row for row in self._tenure if row.role != LEAD and row.unit_id == unit_id)
        return next((row for row in parts if row.is_open), None)

    def _part_by(self, event: Event) -> Row | None:
        return self._part_of(self.history.codes.units.get(event.data["by"]))

    # --- events: the matter ---------------------------------------------------------------------

    def _accepted(self, event: Event) -> None:
        self.matter = Matter(
            event.data["level"],
            self.history.codes.categories.get(event.data["category"]),
            self.history.codes.areas.get(event.data["area"]),
        )

    def _classified(self, event: Event) -> None:
        # The area is named only where it was set.
        area_id = self.history.codes.areas.get(event.data["area"], self.matter.area_id)
        self.matter = replace(self.matter, level=event.data["level"], area_id=area_id)
        self._class(event)

    def _class(self, event: Event) -> None:
        was = self.matter
        category_id = self.history.codes.categories.get(event.data["category"], was.category_id)
        is_changed = bool(self.rows) and category_id != was.category_id
        self.matter = replace(
            was, category_id=category_id, reclassified_count=was.reclassified_count + is_changed
        )

    # --- events: the lead -----------------------------------------------------------------------

    def _dispatched(self, event: Event) -> None:
        self._class(event)
        self._lead_by(event, _unit(event), _instant(event, "due_at"))
        self._lead_order = event.data["assignment"]
        self._is_sampled = event.data.get("sampled", True)
        self._callback_at = _instant(event, "callback_at")
        for code in event.data["cooperators"]:
            if (unit_id := self.history.codes.units.get(code)) is not None:
                self._ask(event, unit_id, COOPERATE, _instant(event, "parts_due_at"))

    def _taken_back(self, _event: Event) -> None:
        self._take_back()

    def _returned(self, event: Event) -> None:
        self._led_by(event).return_count += 1
        self._take_back()

    def _objection_rejected(self, event: Event) -> None:
        self._led_by(event).improper_count += 1
        self._moved(event)

    def _signed(self, event: Event) -> None:
        _keep(self._led_by(event), "signed")

    def _contacted(self, event: Event) -> None:
        """The first word with the requester; an anonymous one cannot be spoken to."""
        if not self.accepted.data["is_anonymous"]:
            _keep(self._led_by(event), "contacted")

    def _fed_back(self, event: Event) -> None:
        """A report or a reply: the requester and the hotline have been told (R-064)."""
        row = self._led_by(event)
        self._contacted(event)
        _keep(row, "to_citizen")
        row.feed_back(event.occurred_at, _instant(event, "due_at"))
        self._callback_at = _instant(event, "callback_at")

    def _replied(self, event: Event) -> None:
        self._fed_back(event)
        self._is_on_ledger = False

    def _rehandled(self, event: Event) -> None:
        self._led_by(event).rehandle_count += 1
        self._moved(event)

    def _moved(self, event: Event) -> None:
        """What the lead owes and when the requester is called, as the event leaves it."""
        self._led_by(event).owe(_instant(event, "due_at"))
        self._callback_at = _instant(event, "callback_at")

    def _told_and_moved(self, event: Event) -> None:
        self._contacted(event)
        self._moved(event)

    def _recomputed(self, event: Event) -> None:
        due_at = _instant(event, "due_at")
        row = self.rows.get((event.unit_id or 0, LEAD))
        if event.data["kind"] == ClockKind.FEEDBACK and row is not None and due_at is not None:
            row.firm_up(due_at)

    def _hold_approved(self, event: Event) -> None:
        """On the ledger nothing is owed and nobody is called (R-067)."""
        self._led_by(event).owed_at = None
        self._callback_at, self._is_on_ledger = None, True

    def _hold_cleared(self, event: Event) -> None:
        self._is_on_ledger = False
        self._moved(event)

    def _escalation_answered(self, event: Event) -> None:
        """提级办理: the authority leads now, and who helped the lead before helps the authority."""
        authority = self.history.codes.units.get(event.data["authority"])
        if authority is None or not event.data["takes_over"]:
            return
        for row in self._tenure:
            if row is self.lead or (row.unit_id == authority and row.is_open):
                row.leave()
        self._tenure = [row for row in self._held() if row.unit_id != authority]
        for row in self._tenure:
            if row.role == COOPERATE:
                row.helps = authority
        self._lead_by(event, authority, _instant(event, "due_at"))
        self._lead_order = None
        self._callback_at, self._is_on_ledger = _instant(event, "callback_at"), False

    def _led_by(self, event: Event) -> Row:
        if (_unit(event), LEAD) not in self.rows:  # it took over under a code nobody knows now
            self._lead_by(event, _unit(event), None)
        return self.rows[_unit(event), LEAD]

    # --- events: parts --------------------------------------------------------------------------

    def _ask(self, event: Event, unit_id: int, role: str, due_at: dt.datetime | None) -> None:
        row = self._give(event, unit_id, role, due_at)
        row.helps = self.lead.unit_id if self.lead and role == COOPERATE else None

    def _cooperation_asked(self, event: Event) -> None:
        self._ask(event, _unit(event), COOPERATE, _instant(event, "due_at"))

    def _delegated(self, event: Event) -> None:
        self._ask(event, _unit(event), DELEGATE, _instant(event, "due_at"))

    def _part_signed(self, event: Event) -> None:
        if (part := self._part_of(event.unit_id)) is not None:
            _keep(part, "signed")

    def _interim_reported(self, event: Event) -> None:
        """Before its due time a part is put off; after it a new promise begins beside the missed
        one (R-051)."""
        part, next_at = self._part_by(event), _instant(event, "next_at")
        if part is None:
            return
        if event.data["is_late"]:
            part.is_late, part.owed_at = True, next_at
        else:
            part.owe(next_at)

    def _handed_in(self, event: Event) -> None:
        if (part := self._part_by(event)) is not None:
            part.feed_back(event.occurred_at)
            part.end()

    def _released(self, event: Event) -> None:
        if (part := self._part_of(event.unit_id)) is not None:
            part.leave()

    # --- events: promises missed ----------------------------------------------------------------

    def _breached(self, event: Event) -> None:
        kind = event.data["kind"]
        if kind == ClockKind.PROMISE:
            self._is_promise_missed = True
            if self.lead is not None:
                self.lead.to_citizen = False
        elif kind == ClockKind.SIGN:
            is_leads = event.data["subject"] == self._lead_order
            row = self.lead if is_leads else self._part_of(event.unit_id)
            if row is not None:
                row.signed = False
        elif kind == ClockKind.FIRST_CONTACT:
            self._led_by(event).contacted = False
        elif kind in _LEAD_FEEDBACK:
            self._led_by(event).is_late = True
        elif kind in _PART_FEEDBACK and (part := self._part_of(event.unit_id)) is not None:
            part.is_late = True

    # --- events: the end ------------------------------------------------------------------------

    def _closed(self, _event: Event) -> None:
        """However it ends, what was owed is owed no more, and the promise to the citizen counts as
        kept unless it was missed before."""
        if self.lead is not None:
            _keep(self.lead, "to_citizen")
        for row in self._held():
            row.end()
        self._callback_at, self._is_on_ledger = None, False

    def _merged(self, event: Event) -> None:
        self._closed(event)
        for row in self._held():
            row.is_given_up = True

    def _withdrawn(self, event: Event) -> None:
        self._merged(event)
        for row in self._held():
            row.is_withdrawn = True

    def _reopened(self, _event: Event) -> None:
        """New facts: a new promise to the citizen. Who had the ticket has it in its record."""
        if self.lead is not None:
            self.lead.reopen_count += 1
        for row in self._tenure:
            row.is_given_up = row.is_withdrawn = False
        self._tenure, self.lead = [], None
        self._is_promise_missed = False


def _unit(event: Event) -> int:
    assert event.unit_id is not None  # every event about a unit's order names it
    return event.unit_id


def _instant(event: Event, name: str) -> dt.datetime | None:
    value = event.data.get(name)
    return dt.datetime.fromisoformat(value) if value else None


def _keep(row: Row, promise: str) -> None:
    """A promise is kept unless it was missed before."""
    if getattr(row, promise) is None:
        setattr(row, promise, True)


# What each event changes; `histories.FACTS` are exactly these.
TAKEN: dict[str, Callable[[Life, Event], None]] = {
    "accepted": Life._accepted,
    "classified": Life._classified,
    "dispatched": Life._dispatched,
    "recalled": Life._taken_back,
    "undone": Life._taken_back,
    "returned": Life._returned,
    "objected": Life._moved,
    "objection_rejected": Life._objection_rejected,
    "signed": Life._signed,
    "contacted": Life._contacted,
    "reported": Life._fed_back,
    "replied": Life._replied,
    "rehandled": Life._rehandled,
    "extension_asked": Life._told_and_moved,
    "extension_granted": Life._moved,
    "extension_refused": Life._moved,
    "facts_asked": Life._moved,
    "facts_received": Life._moved,
    "hold_asked": Life._contacted,
    "hold_approved": Life._hold_approved,
    "hold_cleared": Life._hold_cleared,
    "recomputed": Life._recomputed,
    "escalation_answered": Life._escalation_answered,
    "cooperation_asked": Life._cooperation_asked,
    "delegated": Life._delegated,
    "part_signed": Life._part_signed,
    "interim_reported": Life._interim_reported,
    "handed_in": Life._handed_in,
    "released": Life._released,
    "breached": Life._breached,
    "closed": Life._closed,
    "withdrawn": Life._withdrawn,
    "merged": Life._merged,
    "reopened": Life._reopened,
}
