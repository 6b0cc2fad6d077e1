"""Rows of tickets that wait for dispatch, each with the unit that is proposed and why."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from django.utils.translation import gettext as _

from dispatch.services.proposing import Explanation, Proposal, explain
from hotline.core.actors import Actor
from hotline.core.models import ClockKind
from intake import verbs
from intake.models import Clock, State, Ticket
from knowledge.models import Category, categories


@dataclass(frozen=True)
class WaitingRow:
    """One ticket with what the desk owes it. `problem` is what was refused on this row."""

    ticket: Ticket
    clock: Clock | None
    clocks: list[Clock]
    proposal: Proposal | None
    may_dispatch: bool
    may_consult: bool
    is_late: bool
    problem: str = ""
    is_chosen: bool = False

    @property
    def category(self) -> Category | None:
        return categories().get(self.ticket.category_id or 0)

    @property
    def is_waiting(self) -> bool:
        """Still to be dispatched; a colleague may have been quicker."""
        return self.ticket.state == State.ACCEPTED

    @property
    def is_in_consultation(self) -> bool:
        return any(c.kind == ClockKind.CONSULTATION for c in self.clocks)

    @property
    def lacks(self) -> str:
        """Why nothing is proposed, where the ticket itself shows it."""
        if self.ticket.category_id is None:
            return _("还没有分类")
        if self.ticket.area_id is None:
            return _("没有填写地点")
        return _("目录和地点都没有指出单位")

    @property
    def can_accept(self) -> bool:
        """Whether one press is enough."""
        has_all = self.proposal is not None and self.ticket.category_id is not None
        return self.may_dispatch and self.is_waiting and has_all

    @property
    def cooperators(self) -> str:
        """The names of those who are to help."""
        return _("、").join(u.name for u in self.proposal.cooperators) if self.proposal else ""

    @property
    def choice(self) -> str:
        """What a press says yes to: this ticket as it was seen, to this unit."""
        unit = self.proposal.unit.code if self.proposal else ""
        return f"{self.ticket.number}|{self.ticket.version}|{unit}"


def proposed(ticket: Ticket, at: dt.datetime) -> Proposal | None:
    """The unit that the catalogue or the place names for this ticket."""
    return explained(ticket, at).proposal


def explained(ticket: Ticket, at: dt.datetime) -> Explanation:
    """The same with everything that was weighed; in memory, so a page of rows costs no query."""
    return explain(
        ticket.area,
        at=at,
        category=categories().get(ticket.category_id or 0),
        request_type=ticket.request_type,
        target=ticket.text.target,
    )


def waiting_rows(
    clocks: Iterable[Clock],
    actor: Actor,
    at: dt.datetime,
    *,
    problems: dict[str, str] | None = None,
    is_chosen: bool = False,
) -> list[WaitingRow]:
    """Rows in the order of the clocks, in two queries however many there are."""
    ids = [clock.ticket_id for clock in clocks]
    return _rows(ids, actor, at, problems or {}, is_chosen=is_chosen)


def waiting_row(ticket: Ticket, actor: Actor, at: dt.datetime, problem: str = "") -> WaitingRow:
    """The row of one ticket as it stands now."""
    return _rows([ticket.pk], actor, at, {ticket.number: problem}, is_chosen=False)[0]


def _rows(
    ids: list[int], actor: Actor, at: dt.datetime, problems: dict[str, str], *, is_chosen: bool
) -> list[WaitingRow]:
    found = Ticket.objects.visible_to(actor).for_list().in_bulk(ids)
    running = running_clocks(ids)
    dispatch, consult = verbs.get("dispatch"), verbs.get("consult")
    rows = []
    for ticket in (found[pk] for pk in ids if pk in found):
        own = running.get(ticket.pk, [])
        clock = next((c for c in own if c.kind == ClockKind.DISPATCH), None)
        rows.append(
            WaitingRow(
                ticket=ticket,
                clock=clock,
                clocks=own,
                proposal=proposed(ticket, at),
                may_dispatch=dispatch is not None and dispatch.permits(ticket, actor),
                may_consult=consult is not None and consult.allowed(ticket, actor),
                is_late=clock is not None and clock.is_late(at),
                problem=problems.get(ticket.number, ""),
                is_chosen=is_chosen,
            )
        )
    return rows


def running_clocks(ids: Iterable[int]) -> dict[int, list[Clock]]:
    """The running clocks of tickets, the nearest first."""
    running: dict[int, list[Clock]] = {}
    wanted = Clock.objects.running().filter(ticket_id__in=list(ids))
    for clock in wanted.order_by("due_at"):
        running.setdefault(clock.ticket_id, []).append(clock)
    return running
