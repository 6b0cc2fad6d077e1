"""What the authority fills in about an assessment scheme: its rules, and who was asked about it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import asdict, fields
from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from evaluation.models import CallbackChannel, ConsultedParty
from evaluation.rates import Weights
from evaluation.rendering.schemes import CHOICES, plain
from evaluation.rule_names import RULE_NAMES
from evaluation.rules import (
    DEFAULT_RULES,
    PUBLISHED_GROUPS,
    Classes,
    Rules,
    Shares,
    WhistleWeights,
)
from evaluation.services.schemes import NAME_LIMIT, TEXT_LIMIT
from hotline.core.violations import RuleViolation
from intake.fields import CategoryField

_SEPARATORS = re.compile(r"[\s,，、;；]+")
# What a new row of a form begins with where the scheme before does not share credit.
_SHARES = Shares()
_SHARE_PARTS = tuple(f"shares_{part.name}" for part in fields(Shares))
EMPTY_SCOPES = 3


class PercentField(forms.DecimalField):
    """A share, typed as a percentage."""

    def __init__(self, **options: Any) -> None:
        super().__init__(min_value=0, max_value=100, max_digits=5, decimal_places=2, **options)

    def prepare_value(self, value: Any) -> Any:
        return plain(value * 100) if isinstance(value, Decimal) else value

    def clean(self, value: Any) -> Decimal | None:
        typed = super().clean(value)
        return None if typed is None else typed / 100


class DecimalText(forms.DecimalField):
    """A decimal shown without zeros that say nothing."""

    def __init__(self, **options: Any) -> None:
        super().__init__(min_value=0, max_digits=6, decimal_places=4, **options)

    def prepare_value(self, value: Any) -> Any:
        return plain(value) if isinstance(value, Decimal) else value


def _chosen(name: str) -> forms.ChoiceField:
    return forms.ChoiceField(
        label=RULE_NAMES[name], choices=list(CHOICES[name].items()), widget=forms.RadioSelect
    )


def _several(name: str, choices: Iterable[tuple[str, Any]]) -> forms.MultipleChoiceField:
    return forms.MultipleChoiceField(
        label=RULE_NAMES[name], choices=list(choices), widget=forms.CheckboxSelectMultiple
    )


def _whole(name: str, low: int, high: int) -> forms.IntegerField:
    return forms.IntegerField(label=RULE_NAMES[name], min_value=low, max_value=high)


class ScopeForm(forms.Form):
    """One class of matters that is not assessed, and from when until when."""

    category = CategoryField(label=_("分类"), required=False)
    begins = forms.DateField(
        label=_("起始日"),
        required=False,
        widget=forms.DateInput({"type": "date"}, format="%Y-%m-%d"),
    )
    ends = forms.DateField(
        label=_("截止日（不含）"),
        required=False,
        widget=forms.DateInput({"type": "date"}, format="%Y-%m-%d"),
    )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if not cleaned.get("category") and (cleaned.get("begins") or cleaned.get("ends")):
            self.add_error("category", gettext("请选择分类；不要这一行，就清空日期。"))
        return cleaned


ScopeFormSet = forms.formset_factory(ScopeForm, extra=EMPTY_SCOPES)


class SchemeForm(forms.Form):
    """A scheme as its drafter writes it. `seen` is the fingerprint of the draft being changed.

    The rules that no scheme may change (when a month begins, when a day ends) are those of `base`.
    """

    seen = forms.CharField(required=False, widget=forms.HiddenInput)
    name = forms.CharField(label=_("方案名称"), max_length=NAME_LIMIT)
    valid_from = forms.CharField(
        label=_("从哪个考评月起"),
        max_length=7,
        widget=forms.TextInput({"type": "month", "placeholder": "2026-01"}),
    )
    weights_response = DecimalText(label=_("响应率"), max_value=1)
    weights_resolution = DecimalText(label=_("解决率"), max_value=1)
    weights_satisfaction = DecimalText(label=_("满意率"), max_value=1)
    basic_credit = DecimalText(label=RULE_NAMES["basic_credit"], max_value=1)
    bonus_cap = DecimalText(label=RULE_NAMES["bonus_cap"], max_value=20)
    groups = _several("groups", [(group.value, group.label) for group in PUBLISHED_GROUPS])
    volume_bands = forms.CharField(label=RULE_NAMES["volume_bands"], required=False)
    ties = _chosen("ties")
    interval_z = DecimalText(label=RULE_NAMES["interval_z"], max_value=5)
    is_observation = forms.BooleanField(label=RULE_NAMES["is_observation"], required=False)
    min_sample = _whole("min_sample", 1, 10_000)
    coverage_floor = PercentField(label=RULE_NAMES["coverage_floor"])
    sample_percent = _whole("sample_percent", 1, 100)
    pressure_percent = _whole("pressure_percent", 0, 100)
    channels = _several("channels", CallbackChannel.choices)
    answer = _chosen("answer")
    repeats = _chosen("repeats")
    attribution = _chosen("attribution")
    close_lag_days = _whole("close_lag_days", 0, 90)
    appeal_days = _whole("appeal_days", 1, 60)
    shares_used = forms.BooleanField(label=_("由主办和协办分担"), required=False)
    shares_lead = DecimalText(label=_("主办"), max_value=1, required=False)
    shares_cooperating = DecimalText(label=_("协办合计"), max_value=1, required=False)
    shares_late_factor = DecimalText(label=_("协办超时的倍数"), max_value=5, required=False)
    shares_on_time_factor = DecimalText(label=_("协办按时的倍数"), max_value=5, required=False)
    whistle_arrival = DecimalText(label=_("报到方：到场"), max_value=1)
    whistle_solved = DecimalText(label=_("报到方：解决"), max_value=1)
    whistle_street_rating = DecimalText(label=_("报到方：街道评价"), max_value=1)
    whistle_necessity = DecimalText(label=_("吹哨方：必要性"), max_value=1)
    whistle_organisation = DecimalText(label=_("吹哨方：组织"), max_value=1)
    whistle_whistle_solved = DecimalText(label=_("吹哨方：解决"), max_value=1)
    tail_count = _whole("tail_count", 0, 100)
    classes_advanced_share = PercentField(label=_("先进类：前百分之几"))
    classes_progress_places = forms.IntegerField(
        label=_("进步类：上升名次"), min_value=1, max_value=1000
    )
    classes_rectification_share = PercentField(label=_("整改类：后百分之几"))
    classes_governance_months = forms.IntegerField(
        label=_("治理类：连续末位月数"), min_value=1, max_value=12
    )

    def __init__(
        self,
        data: QueryDict | None = None,
        *,
        base: Rules = DEFAULT_RULES,
        initial: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(data, initial={**initial_of(base), **(initial or {})})
        self.base = base
        self.rules = base
        self.scopes = ScopeFormSet(
            data, prefix="scope", initial=[asdict(scope) for scope in base.out_of_scope]
        )

    def parts(self, rule: str) -> list[forms.BoundField]:
        """The fields in which a rule is written; none for a rule that nobody may change, and for
        the matters out of scope, which have rows of their own."""
        return [self[name] for name in self.fields if _rule_of(name) == rule]

    def refuse(self, refusal: RuleViolation) -> None:
        """Say a refusal at the field it is about."""
        about = [name for name in self.fields if refusal.field in (name, _rule_of(name))]
        self.add_error(about[0] if about else None, refusal.sentence())

    def clean_volume_bands(self) -> list[int]:
        typed = [part for part in _SEPARATORS.split(self.cleaned_data["volume_bands"]) if part]
        if not all(part.isascii() and part.isdecimal() and len(part) < 9 for part in typed):
            raise ValidationError(gettext("请填写正整数，用逗号分开，如 100，300。"))
        return [int(part) for part in typed]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if not self.scopes.is_valid():
            self.add_error(None, gettext("“不考评的事项”里有没填对的行。"))
        for part in _SHARE_PARTS if cleaned.get("shares_used") else ():
            if cleaned.get(part) is None and part not in self.errors:
                self.add_error(part, self.fields[part].error_messages["required"])
        if not self.errors:
            try:
                self.rules = Rules.from_json(self._written(cleaned))
            except RuleViolation as refusal:
                self.refuse(refusal)
        return cleaned

    def _written(self, cleaned: dict[str, Any]) -> dict[str, Any]:
        """What was filled in, as the JSON of rules."""
        written = self.base.as_json()
        for name in written:
            if name in cleaned:
                value = cleaned[name]
                written[name] = str(value) if isinstance(value, Decimal) else value
        for rule, kind in _KINDS.items():
            written[rule] = {
                part.name: _as_json(cleaned[f"{rule}_{part.name}"]) for part in fields(kind)
            }
        if not cleaned["shares_used"]:
            written["shares"] = None
        written["out_of_scope"] = [
            {"category": row["category"].code, "begins": _day(row["begins"]),
             "ends": _day(row["ends"])}
            for row in self.scopes.cleaned_data if row.get("category")
        ]  # fmt: skip
        return written


# The rules that have several parts, each written in a field of its own: `weights_response`.
_KINDS: dict[str, type[Any]] = {
    "weights": Weights,
    "shares": Shares,
    "whistle": WhistleWeights,
    "classes": Classes,
}


def initial_of(rules: Rules) -> dict[str, Any]:
    """What the fields show for these rules."""
    shown: dict[str, Any] = {name: getattr(rules, name) for name in RULE_NAMES}
    for rule, kind in _KINDS.items():
        value = getattr(rules, rule) or _SHARES
        for part in fields(kind):
            shown[f"{rule}_{part.name}"] = getattr(value, part.name)
    return shown | {
        "shares_used": rules.shares is not None,
        "volume_bands": gettext("，").join(str(edge) for edge in rules.volume_bands),
    }


def _rule_of(field: str) -> str:
    """The rule that a field writes: `weights` for `weights_response`."""
    return next((rule for rule in _KINDS if field.startswith(f"{rule}_")), field)


def _as_json(value: Any) -> Any:
    return str(value) if isinstance(value, Decimal) else value


def _day(value: Any) -> str | None:
    return value.isoformat() if value else None


class ConsultationForm(forms.Form):
    """Who is asked about a draft, until when, and what they said."""

    party = forms.ChoiceField(label=_("征求对象"), choices=ConsultedParty.choices)
    began_on = forms.DateField(
        label=_("开始日"), widget=forms.DateInput({"type": "date"}, format="%Y-%m-%d")
    )
    ended_on = forms.DateField(
        label=_("截止日"),
        widget=forms.DateInput({"type": "date"}, format="%Y-%m-%d"),
        help_text=_("截止日还没过，先登记起止日期；过后另登记一条结果。"),
    )
    opinion_count = forms.IntegerField(
        label=_("收到意见（条）"), min_value=0, max_value=1_000_000, required=False
    )
    summary = forms.CharField(
        label=_("收到的意见"),
        widget=forms.Textarea({"rows": 4}),
        required=False,
        max_length=TEXT_LIMIT,
    )
    adopted_opinions = forms.CharField(
        label=_("采纳情况"),
        widget=forms.Textarea({"rows": 4}),
        required=False,
        max_length=TEXT_LIMIT,
        help_text=_("采纳了哪些；没有采纳的，写明理由。"),
    )

    def clean_opinion_count(self) -> int:
        return self.cleaned_data["opinion_count"] or 0
