"""One filter for every list of tickets: the page, its number, its export and the monthly table's
links all read the same address the same way."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from evaluation import indicators, monthly, months, periods
from evaluation.indicators import INDICATORS, Against, Behind, Dimension
from evaluation.months import Month
from evaluation.reading import withheld_tickets
from hotline.core.actors import Actor
from hotline.core.fields import exact_hashes
from hotline.core.models import Area, Channel, Unit
from hotline.core.places import channels, unit_by_code
from hotline.core.privacy.phones import mask_phone
from hotline.core.working_time import BUSINESS_ZONE
from hotline.pages.paging import NEWEST_FIRST, Order
from hotline.pages.pickers import area_picker, category_picker, unit_picker
from hotline.pages.searching import descendants, spoken_of
from intake.fields import AreaField, CategoryField, ChannelField, CodeField
from intake.models import Level, Requester, RequestType, State, Ticket, TicketRequester
from intake.models.tickets import TicketQuerySet
from intake.own_affairs import readable_by
from intake.services.people import DESK
from knowledge.models import category_path

OPEN = "open"
# Numbers of the monthly table and indicators that count tickets by what the requester answered.
_TELL_ANSWERS = frozenset(
    {"contacted", "resolved", "satisfied", "basically", "unresolved", "first_resolution",
     "second_resolution", "third_resolution"}
)  # fmt: skip
LEFT, NEWEST = "left", "new"


class _AnyUnitField(CodeField):
    """Any unit, also one that has ended: its tickets stay."""

    unknown = _("没有“%(value)s”这个单位。")

    def find(self, code: str) -> Any:
        return unit_by_code(code)


class _MonthField(forms.CharField):
    """An assessment month such as 2026-04."""

    def to_python(self, value: Any) -> Any:
        if not value:
            return None
        try:
            return periods.month_named(str(value))
        except ValueError:
            raise forms.ValidationError(
                _("没有“%(value)s”这个考评月。"), params={"value": value[:10]}
            ) from None


class _CallerField(forms.CharField):
    """A telephone number as it stands in an address: its keyed hashes, never the number."""

    def to_python(self, value: Any) -> Any:
        text = super().to_python(value)
        try:
            return [bytes.fromhex(part) for part in text.split(".")] if text else None
        except ValueError:
            raise forms.ValidationError(_("来电号码的条件不完整，请重新查询。")) from None


def _channel_choices() -> list[tuple[str, str]]:
    return [("", str(_("全部渠道"))), *((c.code, c.name) for c in channels().values())]


class TicketFilterForm(forms.Form):
    """Everything a list can be narrowed by, as it stands in the address."""

    q = forms.CharField(label=_("搜索"), required=False, max_length=60)
    number = forms.CharField(label=_("编号"), required=False, max_length=40)
    state = forms.ChoiceField(
        label=_("状态"),
        required=False,
        choices=[("", _("全部状态")), (OPEN, _("未办结")), *State.choices],
    )
    level = forms.ChoiceField(
        label=_("等级"), required=False, choices=[("", _("全部等级")), *Level.choices]
    )
    category = CategoryField(label=_("分类"), required=False, widget=category_picker())
    area = AreaField(label=_("地点"), required=False, widget=area_picker())
    unit = _AnyUnitField(label=_("主办单位"), required=False, widget=unit_picker())
    channel = ChannelField(label=_("渠道"), required=False)
    request_type = forms.ChoiceField(
        label=_("类型"), required=False, choices=[("", _("全部类型")), *RequestType.choices]
    )
    accepted_from = forms.DateField(
        label=_("受理日期从"), required=False, widget=forms.DateInput({"type": "date"})
    )
    accepted_to = forms.DateField(
        label=_("到"), required=False, widget=forms.DateInput({"type": "date"})
    )
    overdue = forms.BooleanField(label=_("对诉求人超时"), required=False)
    caller = _CallerField(label=_("来电号码"), required=False, max_length=400)
    period = _MonthField(label=_("考评月"), required=False)
    group = forms.ChoiceField(
        label=_("考评分组"),
        required=False,
        choices=[("", ""), *((group.value, group.label) for group in monthly.GROUPS)],
    )
    cell = forms.ChoiceField(
        label=_("考评指标"),
        required=False,
        choices=[("", ""), *monthly.CELLS.items()],
    )
    cut = forms.DateField(label=_("日报截止日"), required=False)
    indicator = forms.ChoiceField(
        label=_("指标"),
        required=False,
        choices=[("", ""), *((name, one.label) for name, one in INDICATORS.items())],
    )
    part = forms.ChoiceField(
        label=_("指标的"),
        required=False,
        choices=[("", ""), (indicators.NUMERATOR, _("分子")), (indicators.DENOMINATOR, _("分母"))],
    )
    dimension = forms.ChoiceField(
        label=_("七有五性"), required=False, choices=[("", ""), *Dimension.choices]
    )
    sort = forms.ChoiceField(
        required=False, choices=[(NEWEST, _("最新在前")), (LEFT, _("最急在前"))]
    )

    def __init__(self, data: QueryDict, *, actor: Actor) -> None:
        super().__init__(data)
        self.actor = actor
        self.fields["channel"].widget = forms.Select(choices=_channel_choices())

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("caller") and not may_find_callers(self.actor):
            self.add_error(None, _("您的身份不能按来电号码查询。"))
        is_whole = data.get("period") and (data.get("unit") or data.get("group"))
        if data.get("cell") and not is_whole:
            self.add_error(None, _("考评指标须同时指定考评月和单位（或分组）。"))
        if data.get("cut") and not data.get("cell"):
            self.add_error(None, _("日报截止日须同时指定考评指标。"))
        if data.get("indicator"):
            self._clean_indicator(data, bool(is_whole))
        unit = data.get("unit")
        of_number = data.get("cell") or data.get("indicator")
        if of_number and unit and not monthly.read_by(self.actor, [unit]):
            self.add_error(None, _("这个单位的考评数字不在您的查看范围内。"))
        return data

    def _clean_indicator(self, data: dict[str, Any], is_whole: bool) -> None:
        """A number of one indicator: of a unit or a group, or of the city."""
        indicator = INDICATORS[data["indicator"]]
        if indicator.is_of_units and not is_whole:
            self.add_error(None, _("指标须同时指定考评月和单位（或分组）。"))
        elif not data.get("period"):
            self.add_error(None, _("指标须同时指定考评月。"))
        if indicator not in indicators.indicators_for(self.actor):
            self.add_error(None, _("这个指标不在您的查看范围内。"))
        if not indicators.has_tickets(indicator, data.get("part") or indicators.NUMERATOR):
            self.add_error(None, _("这个分母数的不是工单。"))


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
        if wanted["category"]:
            found = found.filter(category_id__in=descendants(wanted["category"]))
        if wanted["area"]:
            found = self._inside(found, wanted["area"])
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
            listed = [unit] if unit else monthly.units_of(self.month, group, self.actor)
            cut = monthly.cut_of(self.month, wanted["cut"]) if wanted["cut"] else None
            ids = [u.pk for u in listed]
            rows = monthly.rows_behind(wanted["cell"], ids, self.month, until=cut)
            return Behind(rows, "ticket_id")
        one = INDICATORS[wanted["indicator"]]
        return indicators.behind(
            one,
            wanted["part"] or indicators.NUMERATOR,
            indicators.View(self.month, self.actor, self.at),
            [unit] if unit else indicators.units_of(one, self.month, group, self.actor),
            wanted["dimension"],
        )

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


def may_find_callers(actor: Actor) -> bool:
    """Only the desk looks people up by their number."""
    return actor.has(*DESK)


def caller_key(phone: str) -> str:
    """How a normalised telephone number stands in an address."""
    return ".".join(one.hex() for one in exact_hashes(phone))
