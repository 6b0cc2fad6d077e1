"""A unit's inbox: the orders that wait for it, least time left first.

The rows of every tab and the number on it come from one query, so they cannot disagree.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from django import forms
from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Subquery
from django.http import QueryDict
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from dispatch.models import (
    ASSISTING_ROLES,
    Assignment,
    AssignmentQuerySet,
    AssignmentRole,
    AssignmentState,
)
from hotline.core.actors import Actor
from hotline.core.models import LASTING_KINDS, ClockKind, Role, Unit
from hotline.core.places import units
from hotline.pages.paging import COUNTED, Order, Total
from hotline.pages.pickers import category_picker
from hotline.pages.searching import descendants, spoken_of
from hotline.pages.ticket.facts import IS_EXTENDED
from intake.fields import CategoryField
from intake.models import Clock, Level, State, Ticket
from knowledge.models import Category, categories

REPLIED = "replied"
# Tabs that most units never need are shown when something stands in them.
RARE_TABS = ("assisting", "copies", REPLIED)


@dataclass(frozen=True)
class Tab:
    """A part of the inbox. `condition` speaks of orders that carry `is_soon` and `is_late`."""

    key: str
    label: str | Promise
    condition: Q
    is_alert: bool = False


TABS = (
    Tab("all", _("全部待办"), Q()),
    Tab("pending", _("待签收"), Q(state=AssignmentState.PENDING)),
    Tab(
        "handling", _("办理中"),
        Q(state=AssignmentState.SIGNED) & ~Q(role=AssignmentRole.SUPERVISE),
    ),
    Tab("soon", _("将超时"), Q(is_soon=True)),
    Tab("late", _("已超时"), Q(is_late=True), is_alert=True),
    Tab("assisting", _("协办与转交"), Q(role__in=ASSISTING_ROLES)),
    Tab("copies", _("督办抄送"), Q(role=AssignmentRole.SUPERVISE)),
    # Not open orders any more: what the unit has answered and the hotline has yet to ask about.
    Tab(REPLIED, _("已答复待回访"), Q()),
)  # fmt: skip


class InboxForm(forms.Form):
    """What the rows of a tab are narrowed by."""

    q = forms.CharField(required=False, max_length=60)
    level = forms.ChoiceField(required=False, choices=[("", _("全部等级")), *Level.choices])
    category = CategoryField(required=False, widget=category_picker())


@dataclass(frozen=True)
class Row:
    """One order with the clock that decides its place, and every running one for the tooltip."""

    order: Assignment
    unit: Unit  # who leads
    clock: Clock | None
    clocks: list[Clock]
    can_sign: bool
    can_reply: bool
    is_late: bool

    @property
    def ticket(self) -> Ticket:
        return self.order.ticket

    @property
    def category(self) -> Category | None:
        return categories().get(self.ticket.category_id or 0)

    @property
    def is_copy(self) -> bool:
        return self.order.role == AssignmentRole.SUPERVISE

    @property
    def is_assisting(self) -> bool:
        return self.order.role in ASSISTING_ROLES

    @property
    def asked_by(self) -> str:
        """For whom an assisting unit works, and whether that unit asked itself: co-operators of
        the dispatch were named together with the lead."""
        order, parent = self.order, self.order.parent
        if parent is None:
            return ""
        name = {"unit": units()[parent.unit_id].name}
        if order.dispatched_at == parent.dispatched_at:
            return gettext("随派单，主办 %(unit)s") % name
        if order.role == AssignmentRole.DELEGATE:
            return gettext("%(unit)s交办") % name
        return gettext("%(unit)s请求") % name


class Inbox:
    """The inbox of one actor at one instant, as an address asks for it."""

    def __init__(self, actor: Actor, query: QueryDict, at: dt.datetime) -> None:
        self.actor, self.query, self.at = actor, query, at
        self.form = InboxForm(query)
        self.tab = next((t for t in TABS if t.key == query.get("tab")), self._first_tab())
        self.is_valid = self.form.is_valid()

    def _first_tab(self) -> Tab:
        """A district's supervisor has copies only."""
        return TABS[0] if self.actor.unit_ids else next(t for t in TABS if t.key == "copies")

    @property
    def order(self) -> Order:
        """Least time left first: of the unit's own promise, or of the lead's where copies are
        read; what waits for its call-back by the promise to the citizen."""
        if self.tab.key == REPLIED:
            return Order("ticket__promised_at")
        is_copies = self.tab.key == "copies" or not self.actor.unit_ids
        return Order("lead_due_at" if is_copies else "next_due_at")

    def rows(self, tab: Tab | None = None) -> QuerySet[Assignment]:
        """The orders of a tab (default: the chosen one)."""
        tab = tab or self.tab
        found = self._answered() if tab.key == REPLIED else self._open().filter(tab.condition)
        return self._narrowed(found)

    def totals(self) -> dict[str, Total]:
        """How many rows every tab has, in two statements."""
        listed = self._narrowed(self._open()).order_by()[: COUNTED + 1]
        found = listed.aggregate(
            **{t.key: Count("pk", filter=t.condition) for t in TABS if t.key != REPLIED}
        )
        found[REPLIED] = self._narrowed(self._answered()).order_by()[: COUNTED + 1].count()
        return {key: Total(count) for key, count in found.items()}

    def news_since(self, since: dt.datetime) -> int:
        """How many rows of this tab have come or come back since the page was read."""
        begun = Clock.objects.filter(
            ticket_id=OuterRef("ticket_id"), subject_id=OuterRef("pk"), started_at__gt=since
        )
        new = Q(dispatched_at__gt=since) | Q(Exists(begun))
        if self.tab.key == "late":
            new |= Q(next_due_at__gt=since)
        return self.rows().filter(new).order_by()[: COUNTED + 1].count()

    def own(self) -> AssignmentQuerySet:
        """Every order of the reader's units, and of a supervised district its copies."""
        districts = [u for role, u in self.actor.grants if role == Role.DISTRICT_SUPERVISOR]
        copies = Q(unit_id__in=districts, role=AssignmentRole.SUPERVISE)
        own = Q(unit_id__in=list(self.actor.unit_ids))
        return Assignment.objects.visible_to(self.actor).filter(own | copies if districts else own)

    def _open(self) -> QuerySet[Assignment]:
        """Open orders with what the tabs ask: whether the light is yellow or red. A copy has no
        clock of its own and shows its lead's."""
        at = self.at
        lead = Assignment.objects.open().filter(
            ticket_id=OuterRef("ticket_id"), role=AssignmentRole.LEAD
        )
        warned = Clock.objects.running().filter(
            ticket_id=OuterRef("ticket_id"), warn_at__lte=at, due_at__gt=at
        )
        own = warned.filter(subject_id=OuterRef("pk"), due_at=OuterRef("next_due_at"))
        leads = warned.filter(subject_id__isnull=False, due_at=OuterRef("lead_due_at"))
        is_copy = Q(role=AssignmentRole.SUPERVISE)
        with_lead = self.own().open().annotate(lead_due_at=Subquery(lead.values("next_due_at")[:1]))
        return with_lead.annotate(
            is_soon=Q(next_due_at__gt=at) & Exists(own) | is_copy & Exists(leads),
            is_late=Q(next_due_at__lte=at) | is_copy & Q(lead_due_at__lte=at),
        )

    def _answered(self) -> QuerySet[Assignment]:
        return Assignment.objects.visible_to(self.actor).filter(
            ticket_id__in=self._waiting_for_calls,
            unit_id__in=list(self.actor.unit_ids),
            role=AssignmentRole.LEAD,
            state=AssignmentState.REPLIED,
        )

    @cached_property
    def _waiting_for_calls(self) -> list[int]:
        """The tickets that wait for a call-back about these units. Asked first: among millions of
        orders answered long ago the database would look for them one by one."""
        waiting = Ticket.objects.visible_to(self.actor).filter(
            state=State.CALLBACK, lead_unit_id__in=list(self.actor.unit_ids)
        )
        return list(waiting.values_list("pk", flat=True))

    def _narrowed(self, rows: QuerySet[Assignment]) -> QuerySet[Assignment]:
        if not self.is_valid:
            return rows.none()
        wanted = self.form.cleaned_data
        if wanted["q"]:
            rows = rows.filter(spoken_of(wanted["q"], "ticket__"))
        if wanted["level"]:
            rows = rows.filter(ticket__level=wanted["level"])
        if wanted["category"]:
            rows = rows.filter(ticket__category_id__in=descendants(wanted["category"]))
        return rows


def signing_verb(order: Assignment) -> str:
    """签收 of a lead's order moves the ticket; of a part it moves that order alone."""
    return "sign_part" if order.role in ASSISTING_ROLES else "sign"


def shows_unit(actor: Actor) -> bool:
    """Whether rows name their unit: only where the reader has several."""
    return len({unit for _role, unit in actor.grants}) > 1 or not actor.unit_ids


def for_rows(orders: QuerySet[Assignment]) -> QuerySet[Assignment]:
    """What a row shows, in one query."""
    return orders.select_related("ticket__text", "ticket__area", "ticket__district", "parent")


def dress(orders: Iterable[Assignment], actor: Actor, at: dt.datetime) -> list[Row]:
    """Orders with their clocks, in one query."""
    orders = list(orders)
    running: dict[int, list[Clock]] = {}
    wanted = Clock.objects.running().filter(ticket_id__in=[o.ticket_id for o in orders])
    wanted = wanted.exclude(kind__in=LASTING_KINDS)  # another unit's affair, or not this work's
    for clock in wanted.annotate(is_extended=IS_EXTENDED).order_by("due_at"):
        running.setdefault(clock.ticket_id, []).append(clock)
    return [_row(order, running.get(order.ticket_id, []), actor, at) for order in orders]


def _row(order: Assignment, clocks: list[Clock], actor: Actor, at: dt.datetime) -> Row:
    due_at = order.next_due_at or getattr(order, "lead_due_at", None)
    told = [c for c in clocks if c.subject_id is not None and c.due_at == due_at]
    own = [c for c in told if (c.subject_id, c.unit_id) == (order.pk, order.unit_id)]
    shared = [c for c in clocks if c.kind in (ClockKind.PROMISE, ClockKind.CALLBACK)]
    clock = next(iter(own or told or shared), None)
    return Row(
        order=order,
        unit=units()[order.ticket.lead_unit_id or order.unit_id],
        clock=clock,
        clocks=clocks,
        can_sign=_waits_in(order, actor, State.DISPATCHED, AssignmentState.PENDING),
        can_reply=_waits_in(order, actor, State.HANDLING, AssignmentState.SIGNED),
        is_late=clock is not None and clock.is_late(at) and clock.opens_at <= at,
    )


def _waits_in(order: Assignment, actor: Actor, state: State, part_state: AssignmentState) -> bool:
    """Whether the reader's own order stands there: a lead's by the ticket, a part by itself."""
    if not actor.handles(order.unit_id):
        return False
    if order.role in ASSISTING_ROLES:
        return order.state == part_state
    return order.role == AssignmentRole.LEAD and order.ticket.state == state
