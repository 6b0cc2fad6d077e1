"""The leader's page: at most twelve lines, the lists behind its numbers, the leader's instructions.

However many lines there are, their tickets and clocks are read in one statement each.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet
from django.http import QueryDict
from django.urls import reverse
from django.utils.functional import Promise, cached_property
from django.utils.translation import gettext as _

from dispatch.models import Coordination, SupervisionOrder
from evaluation.models import Appeal, Exclusion, PressureReport, ScoreAppeal
from evaluation.models.pleas import Plea
from hotline.core.actors import Actor
from hotline.core.models import Unit
from hotline.core.places import units
from hotline.pages.leader.kinds import CITY, DISTRICT, Kind, instructions_of, kinds_of
from hotline.pages.paging import NEWEST_FIRST, PAGE_SIZE, Page, Total, page_of, total
from intake import verbs
from intake.models import Clock, Ticket

SHOWN = 12
INSTRUCTIONS_SHOWN = 10
# In the address: every line of every kind, and the leader's own instructions.
ALL, MINE = "all", "mine"


@dataclass(frozen=True)
class Due:
    """When something must be decided, where no clock is at hand."""

    due_at: dt.datetime
    warn_at: dt.datetime | None = None


@dataclass(frozen=True)
class Line:
    """One thing to decide: what, about which ticket, of which unit, since when or until when, and
    where. `ticket` is None for what is said of a month, or no longer seen."""

    kind: Kind
    row: Any
    ticket: Ticket | None
    unit: Unit | None
    since: dt.datetime
    clock: Clock | Due | None
    is_late: bool
    url: str
    note: str
    order: SupervisionOrder | None = None
    can_instruct: bool = False
    can_read: bool = False
    can_send_back: bool = False

    @property
    def key(self) -> str:
        return f"{self.kind.key}-{self.row.pk}"


@dataclass(frozen=True)
class Given:
    """An instruction in hand."""

    order: SupervisionOrder
    ticket: Ticket | None
    unit: Unit
    clock: Clock | None


@dataclass(frozen=True)
class Count:
    """The number of one kind; it opens exactly those."""

    kind: Kind
    total: Total
    is_chosen: bool


class LeaderPage:
    """One leader's page at one instant, as an address asks for it."""

    def __init__(self, actor: Actor, query: QueryDict, at: dt.datetime) -> None:
        self.actor, self.query, self.at = actor, query, at
        self.kinds = kinds_of(actor)
        self.chosen = query.get("kind", "")
        self.kind = next((k for k in self.kinds if k.key == self.chosen), None)
        if self.kind is None and self.chosen not in (ALL, MINE):
            self.chosen = ""

    @property
    def is_whole(self) -> bool:
        """The morning's page itself, not one of its lists."""
        return not self.chosen

    @property
    def title(self) -> str | Promise:
        if self.kind is not None:
            return self.kind.label
        return {ALL: _("全部待决定事项"), MINE: self.instructions_title}.get(
            self.chosen, _("今天要您决定的事")
        )

    @property
    def instructions_title(self) -> str:
        return _("我的批示") if self.actor.has(CITY, DISTRICT) else _("对本单位的批示")

    @property
    def scope(self) -> str:
        """Whose matters are shown."""
        if self.actor.has(CITY):
            return _("全市")
        return _("本区") if self.actor.has(DISTRICT) else _("本单位")

    # --- numbers --------------------------------------------------------------------------

    @cached_property
    def counts(self) -> list[Count]:
        """Every kind of which there is something."""
        found = [(kind, total(kind.rows(self.actor, self.at))) for kind in self.kinds]
        return [Count(kind, n, kind is self.kind) for kind, n in found if n.count]

    @cached_property
    def total(self) -> Total:
        """How many lines the list has that is shown, or of which the first are shown."""
        if self.kind is not None:
            return next((c.total for c in self.counts if c.is_chosen), Total(0))
        if self.chosen == MINE:
            return self.instructions_total
        return Total(sum(count.total.count for count in self.counts))

    @property
    def left(self) -> int:
        """How many are not among the first."""
        return max(self.total.count - SHOWN, 0)

    # --- lines ----------------------------------------------------------------------------

    @cached_property
    def page(self) -> Page[Any]:
        """The rows of a list with the addresses of its neighbours."""
        if self.kind is not None:
            rows = self.kind.rows(self.actor, self.at)
            return page_of(rows, self.kind.order, self.query)
        if self.chosen == MINE:
            return page_of(self._instructions, NEWEST_FIRST, self.query)
        number = self._number
        before = f"?kind={ALL}&page={number - 1}" if number > 1 else ""
        has_more = self.total.count > number * PAGE_SIZE
        return Page([], before, f"?kind={ALL}&page={number + 1}" if has_more else "")

    def lines(self) -> list[Line]:
        """What the page shows, danger and least time left first."""
        if self.chosen == MINE:
            return []
        if self.kind is not None:
            return self._dressed([(self.kind, row) for row in self.page.rows])
        if self.chosen == ALL:
            start = (self._number - 1) * PAGE_SIZE
            return self._dressed(self._merged(start + PAGE_SIZE)[start:])
        return self._dressed(self._merged(SHOWN))

    @property
    def _number(self) -> int:
        asked = self.query.get("page", "")
        return max(int(asked), 1) if asked.isdecimal() and len(asked) < 5 else 1

    def _merged(self, most: int) -> list[tuple[Kind, Any]]:
        """The first of all kinds together: none of a kind can be among them that is not among the
        first of its own."""
        found = []
        for count in self.counts:
            kind = count.kind
            for row in kind.order.apply(kind.rows(self.actor, self.at))[:most]:
                instant = getattr(row, kind.order.field) or self.at
                found.append(((not kind.is_danger, instant), kind, row))
        found.sort(key=lambda each: each[0])
        return [(kind, row) for _place, kind, row in found[:most]]

    def _dressed(self, pairs: list[tuple[Kind, Any]]) -> list[Line]:
        tickets = self._tickets(_ticket_id(row) for _kind, row in pairs)
        return [self._line(kind, row, tickets.get(_ticket_id(row) or 0)) for kind, row in pairs]

    def _tickets(self, ids: Iterable[int | None]) -> dict[int, Ticket]:
        wanted = {pk for pk in ids if pk}
        return Ticket.objects.visible_to(self.actor).for_list().in_bulk(wanted) if wanted else {}

    def _line(self, kind: Kind, row: Any, ticket: Ticket | None) -> Line:
        order = row if isinstance(row, SupervisionOrder) else None
        clock = _clock(row)
        may = self._may(ticket)
        is_back = order is not None and order.waits_for_reading and kind.key == "to_read"
        return Line(
            kind=kind,
            row=row,
            ticket=ticket,
            unit=_unit(row, ticket),
            since=getattr(row, kind.since),
            clock=clock,
            is_late=clock is not None and clock.due_at <= self.at,
            url=_url(row, ticket),
            note=_note(row),
            order=order,
            can_instruct="instruct" in may and not is_back,
            can_read=is_back and "accept_instruction" in may,
            can_send_back=is_back and "send_back_instruction" in may,
        )

    def _may(self, ticket: Ticket | None) -> set[str]:
        """What of instructions the reader may do; told from the ticket's row."""
        names = ("instruct", "accept_instruction", "send_back_instruction")
        found = [verb for name in names if (verb := verbs.get(name))]
        return {v.name for v in found if ticket is not None and v.allowed(ticket, self.actor)}

    # --- the leader's instructions --------------------------------------------------------

    @property
    def _instructions(self) -> QuerySet[SupervisionOrder]:
        return instructions_of(self.actor)

    @cached_property
    def instructions_total(self) -> Total:
        return total(self._instructions)

    def instructions(self) -> list[Given]:
        """Those in hand, the newest first: all of them page by page, or the first below the
        morning's lines."""
        if self.chosen not in ("", MINE) or not self.instructions_total.count:
            return []
        newest = NEWEST_FIRST.apply(self._instructions)[:INSTRUCTIONS_SHOWN]
        orders = self.page.rows if self.chosen == MINE else list(newest)
        tickets = self._tickets(order.ticket_id for order in orders)
        clocks = Clock.objects.in_bulk([order.clock_id for order in orders])
        return [
            Given(
                order,
                tickets.get(order.ticket_id),
                units()[order.unit_id],
                clocks.get(order.clock_id),
            )
            for order in orders
        ]


def _ticket_id(row: Any) -> int | None:
    return row.pk if isinstance(row, Ticket) else getattr(row, "ticket_id", None)


def _unit(row: Any, ticket: Ticket | None) -> Unit | None:
    """Whose matter it is; a ticket's own is its lead's."""
    if isinstance(row, SupervisionOrder | Plea | ScoreAppeal):
        return units()[row.unit_id]
    return ticket.lead_unit if ticket else None


def _clock(row: Any) -> Clock | Due | None:
    if isinstance(row, Clock):
        return row
    if isinstance(row, Ticket):
        return Due(row.promised_at) if row.replied_at is None else None
    due_at = getattr(row, "due_at", None)
    return Due(due_at) if due_at else None


def _url(row: Any, ticket: Ticket | None) -> str:
    """The place where it is decided."""
    match row:
        case ScoreAppeal():
            return reverse("month", args=[row.draft.month]) + "#appeals"
        case Exclusion():
            return f"{reverse('pleas')}?tab={row.scope}#plea-{row.pk}"
        case Appeal():
            return f"{reverse('pleas')}?tab=appeals#plea-{row.pk}"
    if ticket is None:
        return ""
    anchor = f"#instruction-{row.pk}" if isinstance(row, SupervisionOrder) else ""
    return reverse("ticket", args=[ticket.number]) + anchor


def _note(row: Any) -> str:
    """What was asked or written, in its writer's words."""
    match row:
        case SupervisionOrder():
            return row.text
        case Coordination():
            return row.question
        case ScoreAppeal() | Exclusion() | Appeal():
            return row.reason
        case PressureReport():
            return str(row.get_kind_display())
    return ""
