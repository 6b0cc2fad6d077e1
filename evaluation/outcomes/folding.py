"""From a ticket's recorded facts to its outcomes: pure, so that whoever folds the same facts up to
the same instant gets the same rows."""

from __future__ import annotations

import datetime as dt
from typing import Any

from evaluation.models import ExclusionScope, Outcome
from evaluation.outcomes.calendar import Calendar, Month
from evaluation.outcomes.histories import History
from evaluation.outcomes.life import DELEGATE, Key, Life, Recorded
from evaluation.outcomes.rows import Row


def fold(history: History, calendar: Calendar, now: dt.datetime) -> list[Outcome]:
    """The outcomes of a ticket as of `now`, unsaved: one per unit and role that ever got an order.

    A row's month is the first one whose facts, as recorded until its cutoff, have the row and date
    it in that month or earlier; what the row says was recorded until that cutoff. So a row of a
    month whose cutoff has passed never changes any more, but for decisions, which count until the
    month is closed; and every row is in exactly one month. The ticket is lived through once for
    every month that may count it.
    """
    if not history.events or history.events[0].recorded_at > now:
        return []
    recorded = _in_order(history)
    found: dict[Key, Outcome] = {}
    month = calendar.month_of(history.events[0].occurred_at)
    life = Life(history, recorded, min(now, month.cutoff))
    while True:
        for key, row in life.rows.items():
            if key not in found and life.dated(row, month.rules.attribution) < month.end:
                found[key] = _outcome(life, row, month, now)
        if len(found) == len(life.rows) and (life.until >= now or recorded[-1][0] <= life.until):
            return [found[key] for key in sorted(found)]
        month = calendar.after(month)
        if life.until < now:
            life = Life(history, recorded, min(now, month.cutoff))


def heard(history: History, now: dt.datetime) -> dict[int, set[int]]:
    """Which answers each unit's outcomes of a ticket are made of as of `now`: those about it as the
    lead, and those about the lead that it helped. A unit that heard none is not in it."""
    if not history.events or history.events[0].recorded_at > now:
        return {}
    found: dict[int, set[int]] = {}
    for row in Life(history, _in_order(history), now).rows.values():
        if row.answers:
            found.setdefault(row.unit_id, set()).update(answer.id for answer in row.answers)
    return found


def _in_order(history: History) -> list[Recorded]:
    """Events and answers as they became known. An act takes its time before it waits for the
    ticket, so of two at once the second may carry the earlier time: it is known no sooner than
    what came before it. An answer comes before what was done about it in the same instant."""
    found: list[Recorded] = []
    answers = list(reversed(history.answers))
    known_at = history.events[0].recorded_at
    for event in history.events:
        known_at = max(known_at, event.recorded_at)
        while answers and answers[-1].called_at <= known_at:
            answer = answers.pop()
            found.append((answer.called_at, answer))
        found.append((known_at, event))
    return found + [(answer.called_at, answer) for answer in reversed(answers)]


def _outcome(life: Life, row: Row, month: Month, now: dt.datetime) -> Outcome:
    history = life.history
    return Outcome(
        month=month.label,
        ticket_id=history.ticket_id,
        number=history.number,
        unit_id=row.unit_id,
        role=row.role,
        request_type=life.accepted.data["request_type"],
        level=row.matter.level,
        category_id=row.matter.category_id,
        area_id=row.matter.area_id,
        requester_id=next((p.requester_id for p in history.parties if p.is_main), None),
        attributed_at=life.dated(row, month.rules.attribution),
        accepted_at=life.accepted.occurred_at,
        given_at=row.given_at,
        original_due_at=row.original_due_at,
        due_at=row.due_at,
        done_at=row.done_at,
        signed_in_time=row.signed,
        contacted_in_time=row.contacted,
        is_on_time=row.is_on_time,
        is_on_time_original=row.is_on_time_original,
        citizen_on_time=row.to_citizen,
        is_due=row.is_due,
        answer_count=len(row.answers),
        solved_round=row.solved_round,
        partner_count=0 if row.role == DELEGATE else life.partners(row),
        is_left=row.is_left,
        return_count=row.return_count,
        improper_count=row.improper_count,
        rehandle_count=row.rehandle_count,
        reopen_count=row.reopen_count,
        reclassified_count=row.matter.reclassified_count,
        is_withdrawn=row.is_withdrawn,
        is_on_ledger=life.is_on_ledger(row),
        **row.said("first"),
        **row.said("last"),
        **_decided(history, row, month, now),
    )


def _decided(history: History, row: Row, month: Month, now: dt.datetime) -> dict[str, Any]:
    """What was decided about the unit's ticket before the month was closed."""
    until = min(now, month.closed_at or now)
    rulings = [r for r in history.rulings if r.unit_id == row.unit_id and r.ruled_at <= until]
    grounds = {ruling.scope: ruling.ground for ruling in rulings}
    set_aside = {ruling.result_id for ruling in rulings}
    answers = [answer.id for answer in row.answers]
    return {
        "excluded": grounds.get(ExclusionScope.RATES.value, ""),
        "not_counted": grounds.get(ExclusionScope.VOLUME.value, ""),
        "first_set_aside": bool(set_aside.intersection(answers[:1])),
        "last_set_aside": bool(set_aside.intersection(answers[-1:])),
    }
