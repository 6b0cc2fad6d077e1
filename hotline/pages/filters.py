"""One filter for every list of tickets: the page, its number, its export and the monthly table's
links all read the same address the same way."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from django.http import QueryDict
from django.utils.functional import cached_property
from django.utils.translation import gettext as _

from evaluation import figures, indicators, monthly, months, periods, totals
from evaluation.indicators import INDICATORS, Against, Behind
from evaluation.months import Month
from evaluation.reading import withheld_tickets
from evaluation.scopes import Scope
from hotline.core.actors import Actor
from hotline.core.models import Area, Channel, Unit
from hotline.core.privacy.phones import mask_phone
from hotline.core.working_time import BUSINESS_ZONE
from hotline.pages.filter_form import LEFT, OPEN, TicketFilterForm
from hotline.pages.paging import NEWEST_FIRST, Order
from hotline.pages.searching import descendants, spoken_of
from intake.models import Requester, Ticket, TicketRequester
from intake.models.tickets import TicketQuerySet
from intake.own_affairs import readable_by
from knowledge.models import category_path

# Numbers of the monthly table and indicators that count tickets by what the requester answered.
_TELL_ANSWERS = frozenset(
    {"contacted", "resolved", "satisfied", "basically", "unresolved", "first_resolution",
     "second_resolution", "third_resolution"}
)  # fmt: skip


@dataclass(frozen=True)
class Tag:
    """A condition in force, and the address without it."""

    label: str
    value: str
    remove_url: str


@dataclass(frozen=True)
class Counted:
    """A number of the assessment beside the list it opens: it counts `times` in `tickets`
    different tickets, of which the reader sees `shown`."""

    times: int
    tickets: int
    shown: int

    @property
    def more_than_once(self) -> int:
        """Counted again for another unit or in another role."""
        return self.times - self.tickets

    @property
    def not_shown(self) -> int:
        """Another unit's by now: the number stays, the list keeps to what its reader may see."""
        return self.tickets - self.shown


class TicketFilter:
    """What a list shows of the tickets an actor may see, as of `at`.

    An address that cannot be read shows nothing and says why, never everything.
    """

    def __init__(self, query: QueryDict, actor: Actor, at: dt.datetime) -> None:
        self.query, self.actor, self.at = query, actor, at
        self.form = TicketFilterForm(query, actor=actor)

    @cached_property
    def wanted(self) -> dict[str, Any] | None:
        """The conditions; None when the address names an impossible one."""
        return self.form.cleaned_data if self.form.is_valid() else None

    @property
    def order(self) -> Order:
        """Newest first, or by the time left of the promise to the citizen (open tickets)."""
        by_time = self.wanted is not None and self.wanted["sort"] == LEFT
        return Order("promised_at") if by_time else NEWEST_FIRST

    def tickets(self) -> TicketQuerySet:
        """Exactly the tickets meant."""
        wanted = self.wanted
        if wanted is None:
            return Ticket.objects.none()
        found = self._counted_tickets(self.behind) if self.behind else self._led(wanted)
        found = self._by_time(self._by_words(found, wanted), wanted)
        for name in ("level", "request_type", "channel"):
            if wanted[name]:
                found = found.filter(**{name: wanted[name]})
        if wanted["category"] and not wanted["cell"]:
            found = found.filter(category_id__in=descendants(wanted["category"]))
        if wanted["unclassified"]:
            found = found.filter(category=None)
        if wanted["area"]:
            found = self._inside(found, wanted["area"])
        if wanted["unplaced"]:
            found = found.filter(figures.not_placed(wanted["unplaced"]))
        return found

    @cached_property
    def month(self) -> Month | None:
        """The assessment month asked for, as it stands."""
        period = self.wanted["period"] if self.wanted else None
        return months.month(period.label, at=self.at) if period else None

    @cached_property
    def counted(self) -> Counted | None:
        """The number that opened this list; None for a list that belongs to none."""
        if self.behind is None:
            return None
        times, tickets = self.behind.count()
        return Counted(times, tickets, shown=self._counted_tickets(self.behind).count())

    @cached_property
    def behind(self) -> Behind | None:
        """What the number that opened this list counts: of one unit, or of its group's lines."""
        wanted = self.wanted
        if wanted is None or not (wanted["cell"] or wanted["indicator"]):
            return None
        assert self.month is not None  # the form asks for it
        unit, group = wanted["unit"], wanted["group"]
        if wanted["cell"]:
            listed = [unit] if unit else self._listed(wanted["scope"] or None, group)
            cut = monthly.cut_of(self.month, wanted["cut"]) if wanted["cut"] else None
            ids = [u.pk for u in listed]
            rows = monthly.rows_behind(wanted["cell"], ids, self.month, until=cut)
            if wanted["category"]:
                # The class that was counted, which a ticket of a closed month may have lost since.
                rows = rows.filter(category_id__in=descendants(wanted["category"]))
            return Behind(rows, "ticket_id")
        one = INDICATORS[wanted["indicator"]]
        return indicators.behind(
            one,
            wanted["part"] or indicators.NUMERATOR,
            indicators.View(self.month, self.actor, self.at),
            [unit] if unit else indicators.units_of(one, self.month, group, self.actor),
            wanted["dimension"],
        )

    def _listed(self, scope: Scope | None, group: str) -> list[Unit]:
        """Whose lines a number adds up."""
        assert self.month is not None  # the form asks for it
        if scope is None:
            return monthly.units_of(self.month, group, self.actor)
        return totals.units_in(self.month, scope, self.actor, group)

    @property
    def is_of_last_year(self) -> bool:
        """Whether the list is not of the month asked for but of the same one a year before."""
        wanted = self.wanted
        if wanted is None or not wanted["indicator"]:
            return False
        one = INDICATORS[wanted["indicator"]]
        return one.against == Against.LAST_YEAR and wanted["part"] == indicators.DENOMINATOR

    def _counted_tickets(self, behind: Behind) -> TicketQuerySet:
        """The tickets behind a number, as far as the reader sees them. Being listed by an answer
        would tell it: an answer withheld from the reader is counted and not listed."""
        found = readable_by(self.actor).filter(pk__in=behind.ticket_ids())
        wanted = self.wanted or {}
        tells = wanted["cell"] in _TELL_ANSWERS or wanted["indicator"] in _TELL_ANSWERS
        if tells or wanted["dimension"]:
            found = found.exclude(pk__in=withheld_tickets(self.actor))
        return found

    def _led(self, wanted: dict[str, Any]) -> TicketQuerySet:
        found = Ticket.objects.visible_to(self.actor)
        if wanted["unit"]:
            found = found.filter(lead_unit=wanted["unit"])
        if wanted["scope"]:
            found = wanted["scope"].tickets(found)
        if self.month is not None:
            span = self.month.period
            found = found.filter(accepted_at__gte=span.start, accepted_at__lt=span.end)
        return found

    def _by_words(self, found: TicketQuerySet, wanted: dict[str, Any]) -> TicketQuerySet:
        if wanted["number"]:
            found = found.filter(number=wanted["number"].strip())
        if wanted["q"]:
            found = found.filter(spoken_of(wanted["q"]))
        if wanted["caller"]:
            # The ids first: with all that a row shows joined in, the planner reads the whole table.
            theirs = TicketRequester.objects.filter(
                requester__phone_hash__in=wanted["caller"], left_at=None
            )
            found = found.filter(pk__in=set(theirs.values_list("ticket_id", flat=True)))
        return found

    def _by_time(self, found: TicketQuerySet, wanted: dict[str, Any]) -> TicketQuerySet:
        if wanted["state"] == OPEN or (wanted["sort"] == LEFT and not wanted["state"]):
            found = found.open()
        elif wanted["state"]:
            found = found.filter(state=wanted["state"])
        if wanted["overdue"]:
            found = found.overdue(self.at)
        if wanted["due_soon"]:
            found = figures.due_soon(found, self.at)
        if wanted["age"]:
            found = figures.aged(found, wanted["age"], self.at)
        if wanted["accepted_from"]:
            found = found.filter(accepted_at__gte=_midnight(wanted["accepted_from"]))
        if wanted["accepted_to"]:
            end = _midnight(wanted["accepted_to"] + dt.timedelta(days=1))
            found = found.filter(accepted_at__lt=end)
        return found

    def _inside(self, found: TicketQuerySet, area: Area) -> TicketQuerySet:
        return found.filter(area__path__startswith=area.path)

    # --- what is in force ------------------------------------------------------------------

    def tags(self) -> list[Tag]:
        """The conditions in force, in the form's order."""
        if self.wanted is None:
            return []
        named = ((name, self._words(name, value)) for name, value in self.wanted.items())
        return [
            Tag(str(self.form.fields[name].label), words, self.without(name))
            for name, words in named
            if words and name != "sort"
        ]

    def _words(self, name: str, value: Any) -> str:
        match value:
            case None | "" | False:
                return ""
            case True:
                return str(_("是"))
            case periods.Period():
                return value.label
            case Unit() | Area() | Channel():
                return value.name
            case Scope():
                return value.name or str(_("全市"))
            case dt.date():
                return value.isoformat()
        if name == "category":
            return category_path(value.pk)
        if name == "caller":
            known = Requester.objects.filter(phone_hash__in=value).first()
            return mask_phone(known.phone) if known else str(_("没有登记过"))
        choices = dict(getattr(self.form.fields[name], "choices", ()))
        return str(choices.get(value, value))

    def without(self, *names: str) -> str:
        """The address of this list with some conditions taken away."""
        query = self.query.copy()
        for name in (*names, "after", "before"):
            query.pop(name, None)
        return f"?{query.urlencode()}"


def _midnight(day: dt.date) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(), BUSINESS_ZONE)
