"""One unit's part in a ticket in one role, in the making."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import Any

from evaluation.outcomes.histories import Answer


@dataclass(frozen=True)
class Matter:
    """What a ticket was about when a unit got it, and how often its class had been changed since
    it was first dispatched."""

    level: str = ""
    category_id: int | None = None
    area_id: int | None = None
    reclassified_count: int = 0


@dataclass(slots=True, eq=False)
class Row:
    """A unit's part. `owed_at` is when its next feedback falls due, as long as it owes one;
    `due_at` is that of its first feedback. What was missed stays missed: `is_late`, and False in
    the promises that are kept or not, are never taken back."""

    unit_id: int
    role: str
    given_at: dt.datetime
    matter: Matter
    # The unit has an order that is not ended, or ended without it having answered for its part.
    is_open: bool = False
    is_left: bool = False
    # Withdrawn, or gone on in another ticket, while the unit had it: nobody is called about it.
    is_given_up: bool = False
    is_withdrawn: bool = False
    original_due_at: dt.datetime | None = None
    due_at: dt.datetime | None = None
    owed_at: dt.datetime | None = None
    done_at: dt.datetime | None = None
    is_late: bool = False
    is_late_original: bool = False
    signed: bool | None = None
    contacted: bool | None = None
    to_citizen: bool | None = None
    # When a call-back about it first fell due.
    called_for_at: dt.datetime | None = None
    answers: list[Answer] = field(default_factory=list)
    # The round of handling (1, and one more for each rehandling and reopening) whose call-back
    # first found it solved.
    solved_round: int | None = None
    # The lead that a co-operating unit helps.
    helps: int | None = None
    return_count: int = 0
    improper_count: int = 0
    rehandle_count: int = 0
    reopen_count: int = 0

    # --- what the unit owes --------------------------------------------------------------------

    def give(self, matter: Matter, due_at: dt.datetime | None) -> None:
        """The unit gets an order, for the first time or again."""
        self.matter = matter
        self.is_open, self.is_left, self.is_given_up = True, False, False
        if self.done_at is None:
            self.original_due_at = self.due_at = None
        self.owe(due_at)

    def owe(self, due_at: dt.datetime | None) -> None:
        """Its next feedback is due then: a limit that begins, was moved, or stands no more."""
        self.owed_at = due_at
        if due_at is not None and self.done_at is None:
            if self.original_due_at is None:
                self.original_due_at = due_at
            self.due_at = due_at

    def firm_up(self, due_at: dt.datetime) -> None:
        """A due time was provisional; the first one is no longer what it seemed to be."""
        if self.original_due_at == self.due_at and self.done_at is None:
            self.original_due_at = due_at
        self.owe(due_at)

    def pass_time(self, at: dt.datetime) -> None:
        """It is `at` now, and what was owed until then has not come."""
        if self.owed_at is None:
            return
        if self.owed_at <= at:
            self.is_late = True
        if self.done_at is None and self.original_due_at and self.original_due_at <= at:
            self.is_late_original = True

    def feed_back(self, at: dt.datetime, next_due_at: dt.datetime | None = None) -> None:
        """A feedback, a reply or a result."""
        if self.done_at is None:
            self.done_at = at
        self.owe(next_due_at)

    def leave(self) -> None:
        """The unit no longer has it."""
        self.is_left = True
        self.end()

    def end(self) -> None:
        self.is_open, self.owed_at = False, None

    # --- what it comes to ----------------------------------------------------------------------

    @property
    def is_on_time(self) -> bool | None:
        """Whether it kept every feedback it promised, the first by its extended limit: None while
        it has given none and is not late."""
        if self.is_late:
            return False
        return True if self.done_at is not None else None

    @property
    def is_on_time_original(self) -> bool | None:
        """The same by the limit it had at first."""
        if self.is_late or self.is_late_original:
            return False
        return True if self.done_at is not None else None

    def hear(self, answer: Answer) -> None:
        """A requester answers for it."""
        self.answers.append(answer)
        if answer.resolved and self.solved_round is None:
            self.solved_round = 1 + self.rehandle_count + self.reopen_count

    @property
    def is_due(self) -> bool:
        """A call-back about it fell due: also by an answer that came before anybody called."""
        is_waited_for = self.called_for_at is not None and not self.is_given_up
        return is_waited_for or bool(self.answers)

    def said(self, which: str) -> dict[str, Any]:
        """The first or the last answer in the columns of an outcome."""
        if not self.answers:
            return {}
        answer = self.answers[0 if which == "first" else -1]
        return {
            f"{which}_at": answer.called_at,
            f"{which}_channel": answer.channel,
            f"{which}_contacted": answer.contacted,
            f"{which}_resolved": answer.resolved,
            f"{which}_satisfaction": answer.satisfaction,
        }
