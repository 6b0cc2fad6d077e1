"""Invented lives of tickets as lists of events, and a second reading of them.

`stories()` draws histories that the services could have written: who may do what next is kept in
mind, the times are anything. `told` reads a history in another way than the fold does: not event by
event with a state, but by asking of each part when it was held, what was owed and what was said.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from hypothesis import strategies as st

from evaluation.models import Outcome
from evaluation.outcomes import Answer, Calendar, Codes, Event, History, Party, Ruling
from evaluation.outcomes.calendar import Month

UNITS = {"a": 1, "b": 2, "c": 3, "d": 4}
CODES = Codes(units=UNITS, categories={"01": 1, "02": 2}, areas={"x": 9})
ZONE = dt.timezone(dt.timedelta(hours=8))
BEGINNING = dt.datetime(2026, 3, 10, 9, 0, tzinfo=ZONE)
Key = tuple[int, str]
_NAMES = {pk: code for code, pk in UNITS.items()}


# === Writing ================================================================================


@dataclass
class Writer:
    """A life in the making: what stands now decides what may come next."""

    draw: Callable[[Any], Any]
    at: dt.datetime = BEGINNING
    events: list[Event] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)
    state: str = "accepted"
    lead: int | None = None
    parts: dict[int, str] = field(default_factory=dict)
    is_on_ledger: bool = False

    def write(self, type: str, unit_id: int | None = None, **data: Any) -> None:
        self.events.append(Event(len(self.events) + 1, type, self.at, self.at, unit_id, data))

    def wait(self) -> None:
        """Minutes, days or weeks pass."""
        longest = self.draw(st.sampled_from([60, 60 * 24 * 3, 60 * 24 * 30]))
        self.at += dt.timedelta(minutes=self.draw(st.integers(1, longest)))

    def later(self) -> dt.datetime:
        return self.at + dt.timedelta(hours=self.draw(st.integers(1, 24 * 20)))

    def dates(self) -> dict[str, str]:
        """What an event says of the feedback's and the call-back's time; perhaps neither."""
        found = {}
        if self.draw(st.integers(0, 5)):
            found["due_at"] = self.later().isoformat()
        if self.draw(st.integers(0, 5)):
            found["callback_at"] = self.later().isoformat()
        return found

    def others(self) -> list[int]:
        return [pk for pk in UNITS.values() if pk != self.lead and pk not in self.parts]

    # --- what may come next ------------------------------------------------------------------

    def steps(self) -> list[Callable[[], None]]:
        """What may come next, the likelier the oftener named."""
        if self.state == "accepted":
            return [self.dispatch, self.dispatch, self.classify, self.miss_promise]
        if self.state == "closed":
            return [self.reopen, self.say]
        if self.state == "callback":
            return [self.say, self.say, self.rehandle, self.rehandle, self.close, self.withdraw]
        found = [self.say, self.take_over, self.move, self.miss, self.report, self.sign,
                 self.contact, self.clear if self.is_on_ledger else self.put_on_ledger]  # fmt: skip
        if self.others():
            found += [self.ask, self.ask]
        if self.parts:  # and no reply before every part is done or released
            found += [self.hand_in, self.hand_in, self.release, self.put_off, self.sign_part]
        else:
            found += [self.reply, self.reply]
        return found * 3 + [self.take_back, self.take_back, self.withdraw, self.merge]

    def accept(self) -> None:
        self.write(
            "accepted", request_type="help", level="L3", urgency="ordinary", category="01",
            area="x", is_anonymous=self.draw(st.integers(0, 4)) == 0, is_confidential=False,
        )  # fmt: skip

    def classify(self) -> None:
        code = self.draw(st.sampled_from(["01", "02"]))
        self.write("classified", level="L2", urgency="ordinary", category=code, area=None)

    def dispatch(self) -> None:
        self.lead = self.draw(st.sampled_from(sorted(UNITS.values())))
        helping = self.draw(st.lists(st.sampled_from(self.others()), unique=True, max_size=2))
        dates = {"due_at": self.later().isoformat()} | self.dates()
        if helping:
            dates["parts_due_at"] = self.later().isoformat()
        if self.draw(st.integers(0, 4)) == 0:
            dates["sampled"] = False
        code = self.draw(st.sampled_from(["01", "02"]))
        self.write(
            "dispatched", self.lead, assignment=len(self.events), category=code,
            cooperators=[_NAMES[pk] for pk in helping], **dates,
        )  # fmt: skip
        self.parts = dict.fromkeys(helping, "cooperate")
        self.state, self.is_on_ledger = "handling", False

    def take_back(self) -> None:
        self.write(self.draw(st.sampled_from(["recalled", "undone", "returned"])), self.lead)
        self.state, self.lead, self.parts = "accepted", None, {}

    def sign(self) -> None:
        self.write("signed", self.lead)

    def contact(self) -> None:
        self.write("contacted", self.lead)

    def move(self) -> None:
        types = ["objected", "objection_rejected", "extension_asked", "extension_granted",
                 "extension_refused", "facts_asked", "facts_received"]  # fmt: skip
        self.write(self.draw(st.sampled_from(types)), self.lead, **self.dates())

    def report(self) -> None:
        self.write("reported", self.lead, **self.dates())

    def reply(self) -> None:
        self.write("replied", self.lead, callback_at=self.later().isoformat())
        self.state, self.is_on_ledger = "callback", False

    def rehandle(self) -> None:
        self.write("rehandled", self.lead, **self.dates())
        self.state = "handling"

    def put_on_ledger(self) -> None:
        self.write("hold_approved", self.lead)
        self.is_on_ledger = True

    def clear(self) -> None:
        self.write("hold_cleared", self.lead, **self.dates())
        self.is_on_ledger = False

    def ask(self) -> None:
        unit_id = self.draw(st.sampled_from(self.others()))
        role = self.draw(st.sampled_from(["cooperate", "delegate"]))
        type = {"cooperate": "cooperation_asked", "delegate": "delegated"}[role]
        self.write(type, unit_id, due_at=self.later().isoformat())
        self.parts[unit_id] = role

    def _one_part(self) -> int:
        return int(self.draw(st.sampled_from(sorted(self.parts))))

    def sign_part(self) -> None:
        self.write("part_signed", self._one_part())

    def hand_in(self) -> None:
        unit_id = self._one_part()
        self.write("handed_in", self.lead, by=_NAMES[unit_id], is_late=False)
        del self.parts[unit_id]

    def put_off(self) -> None:
        is_late = self.draw(st.booleans())
        next_at = self.later().isoformat()
        by = _NAMES[self._one_part()]
        self.write("interim_reported", self.lead, by=by, is_late=is_late, next_at=next_at)

    def release(self) -> None:
        unit_id = self._one_part()
        self.write("released", unit_id)
        del self.parts[unit_id]

    def take_over(self) -> None:
        new = self.draw(st.sampled_from([pk for pk in UNITS.values() if pk != self.lead]))
        dates = {"due_at": self.later().isoformat()} | self.dates()
        old = self.lead
        self.write("escalation_answered", old, takes_over=True, authority=_NAMES[new], **dates)
        self.write("cooperation_asked", old, due_at=self.later().isoformat())
        assert old is not None
        self.parts.pop(new, None)
        self.lead, self.parts[old], self.is_on_ledger = new, "cooperate", False

    def miss(self) -> None:
        kinds = ["sign", "first_contact", "feedback", "final_reply", "measure", "promise"]
        kind = self.draw(st.sampled_from(kinds))
        if kind == "promise":
            return self.miss_promise()
        last = [e for e in self.events if e.type in ("dispatched", "escalation_answered")][-1]
        self.write("breached", self.lead, kind=kind, subject=last.data.get("assignment"))

    def miss_promise(self) -> None:
        self.write("breached", None, kind="promise", subject=None)

    def close(self) -> None:
        self._end("closed")

    def withdraw(self) -> None:
        self._end("withdrawn")

    def merge(self) -> None:
        self._end("merged")

    def _end(self, type: str) -> None:
        self.write(type, self.lead)
        self.state, self.parts, self.is_on_ledger = "closed", {}, False

    def reopen(self) -> None:
        self.write("reopened")
        self.state, self.lead = "accepted", None

    def say(self) -> None:
        """The requester says how it is; between two acts, never at the time of one, and perhaps of
        a unit that led before."""
        led = [e.unit_id for e in self.events if e.type == "dispatched" and e.unit_id]
        about = self.draw(st.sampled_from([self.lead or led[-1]] * 4 + led))
        is_good = self.draw(st.booleans())
        self.answers.append(
            Answer(
                100 + len(self.answers), about, self.at + dt.timedelta(seconds=30), "phone",
                True, is_good, "satisfied" if is_good else "dissatisfied",
            )
        )  # fmt: skip


@st.composite
def stories(draw: Callable[[Any], Any]) -> History:
    """A ticket's life of up to forty events over days or years, with decisions about it."""
    writer = Writer(draw)
    writer.accept()
    for _step in range(draw(st.integers(1, 40))):
        writer.wait()
        draw(st.sampled_from(writer.steps()))()
    possible: list[tuple[Any, ...]] = [("", "", answer) for answer in writer.answers]
    possible += [("rates", "malicious", None), ("volume", "tolerated", None)]
    rulings = []
    for scope, ground, answer in draw(st.lists(st.sampled_from(possible), max_size=3)):
        judged = [answer.unit_id] if answer else []
        unit_id = draw(st.sampled_from(judged * 4 + sorted(UNITS.values())))
        ruled_at = BEGINNING + dt.timedelta(days=draw(st.integers(1, 200)))
        rulings.append(Ruling(unit_id, ruled_at, scope, ground, answer.id if answer else None))
    wants = draw(st.integers(0, 4)) > 0
    return History(
        ticket_id=1,
        number="1",
        events=tuple(writer.events),
        parties=(Party(7, True, wants, BEGINNING, None),),
        answers=tuple(writer.answers),
        rulings=tuple(sorted(rulings, key=lambda ruling: ruling.ruled_at)),
        codes=CODES,
    )


# === Reading ================================================================================

_BACK = ("recalled", "undone", "returned")
_ENDS = ("closed", "withdrawn", "merged")
_MOVES = ("objected", "objection_rejected", "extension_asked", "extension_granted", "rehandled",
          "extension_refused", "facts_asked", "facts_received", "reported", "replied",
          "hold_cleared")  # fmt: skip


@dataclass
class Held:
    """A stretch in which a unit had its part, by instants; an end belongs to what follows."""

    begin: dt.datetime
    end: dt.datetime | None = None
    is_left: bool = False

    def at(self, instant: dt.datetime) -> bool:
        """Whether the unit had it when something happened at this instant."""
        return self.begin < instant and (self.end is None or instant <= self.end)


@dataclass
class Owed:
    """What a unit owed from an instant on (None: nothing). `is_order` where it was given anew;
    `is_extra` where a promise was made beside one that was missed."""

    since: dt.datetime
    due_at: dt.datetime | None
    is_order: bool = False
    is_extra: bool = False


def told(history: History, months: Calendar, now: dt.datetime) -> dict[Key, dict[str, Any]]:
    """What each part came to, by trying month after month."""
    return {
        key: _first_month(history, months, now, key)
        for key in sorted(Reading(history, now).everybody())
    }


def _first_month(history: History, months: Calendar, now: dt.datetime, key: Key) -> dict[str, Any]:
    month = months.month_of(history.events[0].occurred_at)
    while True:
        seen = Reading(history, min(now, month.cutoff))
        if key in seen.everybody() and seen.date(key, month.rules.attribution) < month.end:
            dated = {"month": month.label, "attributed_at": seen.date(key, month.rules.attribution)}
            return seen.facts(key) | _decisions(seen, key, month, now) | dated
        month = months.after(month)


def _decisions(seen: Reading, key: Key, month: Month, now: dt.datetime) -> dict[str, Any]:
    until = min(now, month.closed_at) if month.closed_at else now
    ours = [r for r in seen.history.rulings if r.unit_id == key[0] and r.ruled_at <= until]
    answers = seen.answers_about(key)
    objected = {r.result_id for r in ours}
    return {
        "excluded": "malicious" if any(r.scope == "rates" for r in ours) else "",
        "not_counted": "tolerated" if any(r.scope == "volume" for r in ours) else "",
        "first_set_aside": any(a.id in objected for a in answers[:1]),
        "last_set_aside": any(a.id in objected for a in answers[-1:]),
    }


class Reading:
    """A history as far as it was recorded until an instant, asked one question after the other."""

    def __init__(self, history: History, until: dt.datetime) -> None:
        self.history = history
        self.until = until
        self.events = [e for e in history.events if e.recorded_at <= until]
        self.answers = [a for a in history.answers if a.called_at <= until]
        self.leads = self._lead_stretches()
        self.parts, self.in_hand = self._part_stretches()

    def everybody(self) -> set[Key]:
        return {(pk, "lead") for pk in self.leads} | set(self.parts)

    # --- who had it when ---------------------------------------------------------------------

    def _lead_stretches(self) -> dict[int, list[Held]]:
        found: dict[int, list[Held]] = {}
        current: Held | None = None
        for event in self.events:
            takes_over = event.type == "escalation_answered"
            if current is not None and (event.type in (*_BACK, "reopened") or takes_over):
                current.end, current.is_left = event.recorded_at, event.type != "reopened"
                current = None
            if event.type == "dispatched" or takes_over:
                current = Held(event.recorded_at)
                new = UNITS[event.data["authority"]] if takes_over else event.unit_id or 0
                found.setdefault(new, []).append(current)
        return found

    def _part_stretches(self) -> tuple[dict[Key, list[Held]], dict[int, Key]]:
        """When each part was had, and which part every report of one was about, by its number."""
        found: dict[Key, list[Held]] = {}
        having: dict[Key, Held] = {}
        open_: dict[int, Key] = {}
        about: dict[int, Key] = {}
        for event in self.events:
            at = event.recorded_at
            gone: list[tuple[Key, bool]] = []
            if event.type in _BACK or event.type == "reopened":
                gone = [(key, event.type in _BACK) for key in having]
                open_ = {}
            elif event.type == "escalation_answered":
                new = UNITS[event.data["authority"]]
                gone = [(key, open_.get(new) == key) for key in having if key[0] == new]
                open_.pop(new, None)
            elif event.type == "released":
                gone = [(open_.pop(event.unit_id or 0), True)]
            elif event.type == "part_signed":
                about[event.seq] = open_[event.unit_id or 0]
            elif event.type in ("interim_reported", "handed_in"):
                unit_id = UNITS[event.data["by"]]
                about[event.seq] = open_[unit_id]
                if event.type == "handed_in":
                    del open_[unit_id]
            elif event.type in _ENDS:
                open_ = {}
            for key, is_left in gone:
                held = having.pop(key)
                held.end, held.is_left = at, is_left
            for key in _asked(event):
                if key not in having:
                    having[key] = Held(at)
                    found.setdefault(key, []).append(having[key])
                open_[key[0]] = key
        return found, about

    def stretches(self, key: Key) -> list[Held]:
        return self.leads[key[0]] if key[1] == "lead" else self.parts[key]

    def had(self, key: Key, at: dt.datetime) -> bool:
        return any(held.at(at) for held in self.stretches(key))

    def has_now(self, key: Key) -> bool:
        last = self.stretches(key)[-1]
        return last.end is None

    def lead_at(self, at: dt.datetime) -> int | None:
        return next((pk for pk in self.leads if self.had((pk, "lead"), at)), None)

    # --- what was owed -----------------------------------------------------------------------

    def owed(self, key: Key) -> list[Owed]:
        found: list[Owed] = []
        for event in self.events:
            at = event.recorded_at
            if key in _given(event):
                found.append(Owed(at, _due(event, key), is_order=True))
            elif not self.had(key, at):
                continue
            elif event.type in (*_BACK, *_ENDS, "reopened"):
                found.append(Owed(at, None))
            elif key[1] == "lead":
                if event.type in _MOVES:
                    found.append(Owed(at, _instant(event, "due_at")))
                elif event.type in ("hold_approved", "escalation_answered"):
                    found.append(Owed(at, None))
            elif event.type in ("released", "escalation_answered"):
                if any(held.end == at for held in self.parts[key]):
                    found.append(Owed(at, None))
            elif self.in_hand.get(event.seq) == key and event.type == "handed_in":
                found.append(Owed(at, None))
            elif self.in_hand.get(event.seq) == key and event.type == "interim_reported":
                next_at = _instant(event, "next_at")
                found.append(Owed(at, next_at, is_extra=event.data["is_late"]))
        return found

    def done_at(self, key: Key) -> dt.datetime | None:
        if key[1] == "lead":
            given = self.of(key, "reported", "replied")
        else:
            given = [
                e for e in self.events
                if e.type == "handed_in" and self.in_hand.get(e.seq) == key
            ]  # fmt: skip
        return given[0].recorded_at if given else None

    def lateness(self, key: Key) -> dict[str, Any]:
        """The due times of the first feedback, and whether what was owed came in time."""
        done_at = self.done_at(key)
        owed = self.owed(key)
        before = [o for o in owed if done_at is None or o.since < done_at]
        dues = [o.due_at for o in before if o.due_at and not o.is_extra]
        originals = [o.due_at for o in before if o.is_order]
        late = any(o.is_extra for o in owed) or any(
            e.data["kind"] in ("feedback", "final_reply", "measure")
            for e in self.of(key, "breached")
        )
        late_original = False
        for place, one in enumerate(owed):
            until = owed[place + 1].since if place + 1 < len(owed) else self.until
            if one.due_at is None:
                continue
            late = late or one.due_at <= until
            if one in before:
                first = [o.due_at for o in before[: place + 1] if o.is_order][-1]
                late_original = late_original or (first is not None and first <= until)
        kept = True if done_at else None
        return {
            "done_at": done_at,
            "due_at": dues[-1],
            "original_due_at": originals[-1],
            "is_on_time": False if late else kept,
            "is_on_time_original": False if late or late_original else kept,
        }

    def of(self, key: Key, *types: str) -> list[Event]:
        """The lead's own events while it led."""
        if key[1] != "lead":
            return []
        return [
            e for e in self.events
            if e.type in types and e.unit_id == key[0] and self.had(key, e.recorded_at)
        ]  # fmt: skip

    # --- the call-back -----------------------------------------------------------------------

    def callbacks(self) -> list[tuple[dt.datetime, dt.datetime | None]]:
        found: list[tuple[dt.datetime, dt.datetime | None]] = []
        for event in self.events:
            if event.type in ("dispatched", "escalation_answered", *_MOVES):
                found.append((event.recorded_at, _instant(event, "callback_at")))
            elif event.type in (*_BACK, *_ENDS, "hold_approved"):
                found.append((event.recorded_at, None))
        return found

    def fell_due(self) -> list[dt.datetime]:
        changes = self.callbacks()
        ends = [since for since, _callback in changes[1:]] + [self.until]
        return [
            max(callback, since) if callback < since else callback
            for (since, callback), end in zip(changes, ends, strict=True)
            if callback is not None and callback <= end
        ]

    def called_for_at(self, key: Key) -> dt.datetime | None:
        if key[1] == "delegate" or self.history.events[0].data["is_anonymous"]:
            return None
        if not self.history.parties[0].wants_callback:
            return None
        due = [at for at in self.fell_due() if self._was_sampled(at) and self.had(key, at)]
        return min(due, default=None)

    def _was_sampled(self, at: dt.datetime) -> bool:
        given = [e for e in self.events if e.type == "dispatched" and e.recorded_at < at]
        return bool(given[-1].data.get("sampled", True))

    def answers_about(self, key: Key) -> list[Answer]:
        if key[1] == "delegate":
            return []
        if key[1] == "lead":
            return [a for a in self.answers if a.unit_id == key[0]]
        return [
            a for a in self.answers
            if self.lead_at(a.called_at) == a.unit_id and self.had(key, a.called_at)
        ]  # fmt: skip

    def date(self, key: Key, attribution: str) -> dt.datetime:
        due_at: dt.datetime = self.lateness(key)["due_at"]
        if attribution == "created":
            return self.history.events[0].occurred_at
        if attribution == "due":
            return due_at
        answers = self.answers_about(key)
        if answers:
            return answers[0].called_at
        pending = [callback for _since, callback in self.callbacks()][-1:]
        if pending and pending[0] is not None and pending[0] <= self.until:
            pending = []
        waits = pending[0] if pending and self.has_now(key) else None
        return self.called_for_at(key) or waits or due_at

    # --- all of it ---------------------------------------------------------------------------

    def facts(self, key: Key) -> dict[str, Any]:
        answers = self.answers_about(key)
        first, last = (answers[0], answers[-1]) if answers else (None, None)
        gives = [e for e in self.events if key in _given(e)]
        given_up = self._ended(key, "withdrawn", "merged")
        return {
            "given_at": gives[0].recorded_at,
            "is_left": self.stretches(key)[-1].is_left,
            "is_due": bool(answers) or (self.called_for_at(key) is not None and not given_up),
            "answer_count": len(answers),
            "first_at": first and first.called_at,
            "first_resolved": first and first.resolved,
            "last_at": last and last.called_at,
            "last_satisfaction": last.satisfaction if last else "",
            "partner_count": self.partners(key),
            "is_withdrawn": self._ended(key, "withdrawn"),
            "is_on_ledger": self._on_ledger() and self.has_now(key),
            "return_count": len(self.of(key, "returned")),
            "improper_count": len(self.of(key, "objection_rejected")),
            "rehandle_count": len(self.of(key, "rehandled")),
            "reopen_count": self._reopened(key),
            **self._matter(gives[-1]),
            **self._promises(key, gives),
            **self.lateness(key),
        }

    def partners(self, key: Key) -> int:
        if key[1] == "delegate":
            return 0
        lead = key[0] if key[1] == "lead" else self.helps(key)
        staying = [k for k in self.parts if k[1] == "cooperate" and not self.parts[k][-1].is_left]
        return sum(self.helps(k) == lead for k in staying)

    def helps(self, key: Key) -> int | None:
        """The lead by the time a part ended, or now."""
        last = self.parts[key][-1]
        leads = [(h.begin, pk) for pk, held in self.leads.items() for h in held
                 if last.end is None or h.begin < last.end]  # fmt: skip
        return max(leads)[1]

    def _ended(self, key: Key, *types: str) -> bool:
        ends = [e for e in self.events if e.type in (*_ENDS, "reopened")][-1:]
        return bool(ends) and ends[0].type in types and self.had(key, ends[0].recorded_at)

    def _on_ledger(self) -> bool:
        off = ("replied", "hold_cleared", "escalation_answered", *_BACK, *_ENDS)
        turns = [e.type for e in self.events if e.type in ("hold_approved", *off)]
        return turns[-1:] == ["hold_approved"]

    def _reopened(self, key: Key) -> int:
        if key[1] != "lead":
            return 0
        opened = [e.recorded_at for e in self.events if e.type == "reopened"]
        return sum(self.had(key, at) for at in opened)

    def _matter(self, give: Event) -> dict[str, Any]:
        known = [e for e in self.events if e.seq <= give.seq]
        classes = [e for e in known if e.type in ("accepted", "classified", "dispatched")]
        codes = [CODES.categories[e.data["category"]] for e in classes]
        first = next(n for n, e in enumerate(classes) if e.type == "dispatched")
        changed = sum(codes[n] != codes[n - 1] for n in range(first + 1, len(codes)))
        levels = [e.data["level"] for e in known if "level" in e.data]
        return {"level": levels[-1], "category_id": codes[-1], "reclassified_count": changed}

    def _promises(self, key: Key, gives: list[Event]) -> dict[str, bool | None]:
        if key[1] != "lead":
            signed = any(e.type == "part_signed" and self.in_hand[e.seq] == key
                         for e in self.events)  # fmt: skip
            return {"signed_in_time": signed or None, "contacted_in_time": None,
                    "citizen_on_time": None}  # fmt: skip
        missed = {e.data["kind"] for e in self.of(key, "breached")}
        is_anonymous = self.history.events[0].data["is_anonymous"]
        spoken = self.of(key, "contacted", "reported", "replied", "extension_asked")
        return {
            "signed_in_time": _kept("sign" in missed, self.of(key, "signed")),
            "contacted_in_time": _kept(
                "first_contact" in missed, [] if is_anonymous else spoken
            ),
            "citizen_on_time": _kept(
                self._citizen_missed(key, gives),
                [e for e in self.events if e.type in ("reported", "replied", *_ENDS)
                 and self.had(key, e.recorded_at)],
            ),
        }  # fmt: skip

    def _citizen_missed(self, key: Key, gives: list[Event]) -> bool:
        missed = [e for e in self.events if e.type == "breached" and e.data["kind"] == "promise"]
        if any(self.had(key, e.recorded_at) for e in missed):
            return True
        opened = [e.seq for e in self.events if e.type == "reopened"]
        return any(
            m.seq < give.seq and not any(m.seq < o < give.seq for o in opened)
            for give in gives for m in missed
        )  # fmt: skip


def _kept(is_missed: bool, done: list[Event]) -> bool | None:
    return False if is_missed else bool(done) or None


def _asked(event: Event) -> list[Key]:
    """The parts an event gives."""
    if event.type == "dispatched":
        return [(UNITS[code], "cooperate") for code in event.data["cooperators"]]
    if event.type in ("cooperation_asked", "delegated"):
        role = "cooperate" if event.type == "cooperation_asked" else "delegate"
        return [(event.unit_id or 0, role)]
    return []


def _given(event: Event) -> list[Key]:
    lead: list[Key] = []
    if event.type == "dispatched":
        lead = [(event.unit_id or 0, "lead")]
    elif event.type == "escalation_answered":
        lead = [(UNITS[event.data["authority"]], "lead")]
    return lead + _asked(event)


def _due(event: Event, key: Key) -> dt.datetime | None:
    is_part = event.type == "dispatched" and key[1] == "cooperate"
    return _instant(event, "parts_due_at" if is_part else "due_at")


def _instant(event: Event, name: str) -> dt.datetime | None:
    return dt.datetime.fromisoformat(event.data[name]) if name in event.data else None


def facts_of(row: Outcome) -> dict[str, Any]:
    """A row in the same words."""
    names = (
        "month", "given_at", "is_left", "is_due", "answer_count", "first_at", "first_resolved",
        "last_at", "last_satisfaction", "partner_count", "is_withdrawn", "is_on_ledger",
        "return_count", "improper_count", "rehandle_count", "reopen_count", "level", "category_id",
        "reclassified_count", "signed_in_time", "contacted_in_time", "citizen_on_time", "done_at",
        "due_at", "original_due_at", "is_on_time", "is_on_time_original", "excluded",
        "not_counted", "first_set_aside", "last_set_aside", "attributed_at",
    )  # fmt: skip
    return {name: getattr(row, name) for name in names}
