"""What waits at the dispatch desk, least time left first.

Every list is one of promises that the desk itself has made: to dispatch, to rule, to decide, to
review. The rows of a tab and the number on it come from one query, so they cannot disagree.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django import forms
from django.db.models import Exists, OuterRef, QuerySet
from django.http import QueryDict
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from dispatch.models import Coordination
from hotline.core.actors import Actor
from hotline.core.models import Area, AreaKind, ClockKind, Role
from hotline.core.places import districts
from hotline.core.reference import remembered
from hotline.pages.paging import PAGE_SIZE, Order, Total, total
from hotline.pages.pickers import category_picker
from hotline.pages.searching import descendants, spoken_of
from intake.fields import CategoryField
from intake.models import Clock, Level, Ticket

LEAST_TIME_FIRST = Order("due_at")
# As many are selected at one press: about what a person can still look over.
SELECTED_AT_ONCE = 200
# Returned so often, a matter is better talked over than sent out once more.
HARD_AFTER_RETURNS = 2


@dataclass(frozen=True)
class Tab:
    """A part of the desk. `is_for_authority`: not for call-takers, who only dispatch."""

    key: str
    label: str | Promise
    is_for_authority: bool = True


WAITING, OBJECTIONS, EXTENSIONS, LEDGER, HARD = (
    "waiting", "objections", "extensions", "ledger", "hard",
)  # fmt: skip
TABS = (
    Tab(WAITING, _("待派单"), is_for_authority=False),
    Tab(OBJECTIONS, _("异议待裁定")),
    Tab(EXTENSIONS, _("延期审核")),
    Tab(LEDGER, _("挂账审核与复核")),
    Tab(HARD, _("疑难会商")),
)
AUTHORITY = (Role.DISPATCHER, Role.CITY_SUPERVISOR)


@remembered(Area)
def _district_names() -> dict[str, str]:
    listed = Area.objects.filter(kind=AreaKind.DISTRICT).order_by("code")
    return dict(listed.values_list("code", "name"))


def _district_choices() -> list[tuple[str, str]]:
    return [("", str(_("全部区"))), *_district_names().items()]


class DeskForm(forms.Form):
    """What every list of the desk can be narrowed by."""

    q = forms.CharField(required=False, max_length=60)
    level = forms.ChoiceField(required=False, choices=[("", _("全部等级")), *Level.choices])
    district = forms.ChoiceField(required=False, choices=_district_choices)
    category = CategoryField(required=False, widget=category_picker())
    returned = forms.BooleanField(required=False)
    late = forms.BooleanField(required=False)


class Desk:
    """The desk of one actor at one instant, as an address asks for it."""

    def __init__(self, actor: Actor, query: QueryDict, at: dt.datetime) -> None:
        self.actor, self.query, self.at = actor, query, at
        self.form = DeskForm(query)
        self.is_valid = self.form.is_valid()
        is_authority = actor.has(*AUTHORITY)
        self.tabs = [t for t in TABS if is_authority or not t.is_for_authority]
        self.tab = next((t for t in self.tabs if t.key == query.get("tab")), self.tabs[0])
        self.selects_all = self.tab.key == WAITING and query.get("select") == "all"

    @property
    def is_narrowed(self) -> bool:
        return any(self.query.get(name) for name in self.form.fields)

    @property
    def page_size(self) -> int:
        return SELECTED_AT_ONCE if self.selects_all else PAGE_SIZE

    def clocks(self, tab: Tab | None = None) -> QuerySet[Clock]:
        """The promises of a tab (default: the chosen one)."""
        return self._narrowed(self._owed((tab or self.tab).key))

    def totals(self) -> dict[str, Total]:
        """How many rows every tab has."""
        return {tab.key: total(self.clocks(tab)) for tab in self.tabs}

    def late(self) -> Total:
        """How many of the chosen tab are late already."""
        return total(self.clocks().filter(due_at__lte=self.at))

    def news_since(self, since: dt.datetime) -> int:
        """How many rows of this tab have come or come back since the page was read."""
        return total(self.clocks().filter(started_at__gt=since)).count

    # Conditions on the clock alone, in the words of the index `clock_of_the_desk`: with the ticket
    # joined in, the planner would read tickets first.
    def _owed(self, key: str) -> QuerySet[Clock]:
        running = self._visible(Clock.objects.running())
        match key:
            case "objections":
                return running.filter(kind=ClockKind.RULING)
            case "extensions":
                return running.filter(kind=ClockKind.EXTENSION_RULING)
            case "ledger":
                # A review is work once it is about to fall due; until then the matter rests.
                rulings = running.filter(kind=ClockKind.LEDGER_RULING)
                return rulings | running.filter(kind=ClockKind.LEDGER_REVIEW, warn_at__lte=self.at)
            case "hard":
                return self._hard(running)
        return running.filter(kind=ClockKind.DISPATCH)

    def _hard(self, running: QuerySet[Clock]) -> QuerySet[Clock]:
        """Matters under consultation or asked upward, and those that keep coming back."""
        is_open = Coordination.objects.filter(concluded_at=None)
        asked = running.filter(
            kind__in=[ClockKind.CONSULTATION, ClockKind.COORDINATION],
            ticket_id__in=is_open.values("ticket_id"),
        )
        back = running.filter(
            ~Exists(is_open.filter(ticket_id=OuterRef("ticket_id"))),
            kind=ClockKind.DISPATCH,
            ticket__return_count__gte=HARD_AFTER_RETURNS,
        )
        # Few, and found first: with the question inside another the database would read every
        # clock there ever was.
        few = asked.order_by().values_list("pk").union(back.order_by().values_list("pk"))
        return Clock.objects.filter(pk__in=[pk for (pk,) in few])

    def _visible(self, clocks: QuerySet[Clock]) -> QuerySet[Clock]:
        if self.actor.sees_all:
            return clocks
        return clocks.filter(ticket__in=Ticket.objects.visible_to(self.actor))

    def _narrowed(self, clocks: QuerySet[Clock]) -> QuerySet[Clock]:
        if not self.is_valid:
            return clocks.none()
        wanted = self.form.cleaned_data
        if wanted["q"]:
            clocks = clocks.filter(spoken_of(wanted["q"], "ticket__"))
        if wanted["level"]:
            clocks = clocks.filter(ticket__level=wanted["level"])
        if wanted["district"]:
            clocks = clocks.filter(ticket__district_id=districts()[wanted["district"]])
        if wanted["category"]:
            clocks = clocks.filter(ticket__category_id__in=descendants(wanted["category"]))
        if wanted["returned"]:
            clocks = clocks.filter(ticket__return_count__gt=0)
        if wanted["late"]:
            clocks = clocks.filter(due_at__lte=self.at)
        return clocks
