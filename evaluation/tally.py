"""What was counted for one unit in one month: all that scoring knows of it."""

from __future__ import annotations

from dataclasses import dataclass

from evaluation.models import Satisfaction
from evaluation.rates import Counts


@dataclass(frozen=True)
class Tally:
    """So many answers that are alike in everything that decides what they are worth: the unit's
    role, how many units co-operated, whether this unit kept its own date (None: it had none, or
    nothing can be said), and the three answers."""

    role: str
    partner_count: int
    is_on_time: bool | None
    contacted: bool
    resolved: bool
    satisfaction: str
    count: int


@dataclass(frozen=True)
class UnitTally:
    """One unit's month in counts of tickets.

    `volume` is what it was given (N_total), `due` how many call-backs fell due. `answers` are
    those that count under the scheme; what was left out of them is told beside: `excluded` (剔除),
    `not_counted` (不计入), `set_aside` (申诉成立), `on_ledger` (挂账), `repeats`.
    """

    unit_id: int
    group: str
    volume: int
    due: int
    excluded: int
    not_counted: int
    set_aside: int
    on_ledger: int
    repeats: int
    answers: tuple[Tally, ...]

    @property
    def counted(self) -> int:
        """N_counted: the volume without what does not count toward it (不计入, F-21); by it units
        are sorted into volume bands, and busier from less busy."""
        return self.volume - self.not_counted

    @property
    def valid(self) -> int:
        """V: how many answers count, each whole whatever its weight."""
        return sum(answer.count for answer in self.answers)

    @property
    def counts(self) -> Counts:
        """V, C, R, S1 and S2 as numbers of tickets, which is what the table shows."""
        return Counts(
            valid=self.valid,
            contacted=sum(a.count for a in self.answers if a.contacted),
            resolved=sum(a.count for a in self.answers if a.resolved),
            satisfied=self._said(Satisfaction.SATISFIED),
            basically_satisfied=self._said(Satisfaction.BASICALLY),
        )

    def _said(self, satisfaction: Satisfaction) -> int:
        return sum(a.count for a in self.answers if a.satisfaction == satisfaction)
