"""Everything a list of tickets can be narrowed by, as it stands in an address."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from evaluation import figures, indicators, monthly, periods
from evaluation.indicators import INDICATORS, Dimension
from evaluation.scopes import COMMUNITIES, DISTRICTS, STREETS, Scope, scope_named
from hotline.core.actors import Actor
from hotline.core.fields import exact_hashes
from hotline.core.places import channels, unit_by_code
from hotline.pages.pickers import area_picker, category_picker, unit_picker
from intake.fields import AreaField, CategoryField, ChannelField, CodeField
from intake.models import Level, RequestType, State
from intake.services.people import DESK

OPEN = "open"
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
    # The numbers of a leader's page.
    scope = forms.CharField(label=_("范围"), required=False, max_length=40)
    age = forms.ChoiceField(
        label=_("受理至今"),
        required=False,
        choices=lambda: [("", ""), *((age.code, age.label) for age in figures.AGES)],
    )
    due_soon = forms.BooleanField(label=_("24 小时内到期"), required=False)
    unclassified = forms.BooleanField(label=_("未分类"), required=False)
    unplaced = forms.TypedChoiceField(
        label=_("地点"),
        required=False,
        coerce=int,
        empty_value=None,
        choices=[
            ("", ""),
            (DISTRICTS, _("不知在哪个区")),
            (STREETS, _("不知在哪个街道")),
            (COMMUNITIES, _("不知在哪个社区")),
        ],
    )
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
        if data.get("scope"):
            data["scope"] = self._scope(data["scope"])
        whose = data.get("unit") or data.get("group") or data.get("scope")
        is_whole = data.get("period") and whose
        if data.get("cell") and not is_whole:
            self.add_error(None, _("考评指标须同时指定考评月和单位、分组或范围。"))
        if data.get("cut") and not data.get("cell"):
            self.add_error(None, _("日报截止日须同时指定考评指标。"))
        if data.get("indicator"):
            self._clean_indicator(data, bool(is_whole))
        unit = data.get("unit")
        of_number = data.get("cell") or data.get("indicator")
        if of_number and unit and not monthly.read_by(self.actor, [unit]):
            self.add_error(None, _("这个单位的考评数字不在您的查看范围内。"))
        return data

    def _scope(self, code: str) -> Scope | None:
        scope = scope_named(code, self.actor)
        if scope is None:
            self.add_error("scope", _("没有这个范围，或者它不在您的查看范围内。"))
        return scope

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


def may_find_callers(actor: Actor) -> bool:
    """Only the desk looks people up by their number."""
    return actor.has(*DESK)


def caller_key(phone: str) -> str:
    """How a normalised telephone number stands in an address."""
    return ".".join(one.hex() for one in exact_hashes(phone))
