"""How a form's fields look on a page: the apps say what is wanted, here is what one touches."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

from django import forms
from django.http import QueryDict
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from hotline.core.models import Unit
from hotline.core.places import unit_by_code
from hotline.pages.type_ahead import (
    TypeAhead,
    area_option,
    category_options,
    lead_unit_options,
    street_options,
)
from intake.fields import AreaField, CategoryField, UnitField, UnitsField

# Few answers, asked on every reply: all of them are seen at once.
_CHOSEN_AT_A_GLANCE = ("solved", "told_by", "method")
FormT = TypeVar("FormT", bound=forms.Form)


def dressed(form: FormT) -> FormT:
    """The form with its controls as pages show them."""
    for name, field in form.fields.items():
        if (widget := _widget(field)) is not None:
            widget.is_required = field.required
            field.widget = widget
        elif name in _CHOSEN_AT_A_GLANCE and isinstance(field, forms.ChoiceField):
            field.widget = forms.RadioSelect(choices=field.choices)  # type: ignore[arg-type]
        elif isinstance(field.widget, forms.Textarea):
            field.widget.attrs.setdefault("rows", 7)
    return form


def _widget(field: forms.Field) -> forms.Widget | None:
    match field:
        case UnitsField():
            field.help_text = ""
            return UnitChoices()
        case UnitField():
            return unit_picker()
        case CategoryField():
            return category_picker()
        case AreaField():
            return area_picker()
        case forms.DateTimeField():
            return forms.DateTimeInput({"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")
    return None


class UnitChoices(forms.Widget):
    """Several units: those chosen as ticked boxes, those that suggest themselves as empty ones, and
    a type-ahead field for one more. `static/js/panels.js` makes a box of what is found, so that
    another can be looked for."""

    suggested: Sequence[Unit] = ()

    def render(
        self, name: str, value: Any, attrs: dict[str, Any] | None = None, renderer: Any = None
    ) -> SafeString:
        codes = value.split(",") if isinstance(value, str) else (value or [])
        chosen = [unit for code in codes if (unit := unit_by_code(getattr(code, "code", code)))]
        others = [unit for unit in self.suggested if unit not in chosen]
        boxes = format_html_join(
            "",
            '<label class="check"><input type="checkbox" name="{}" value="{}"{}>{}</label>',
            [(name, unit.code, SafeString(" checked"), unit.name) for unit in chosen]
            + [(name, unit.code, "", unit.name) for unit in others],
        )
        one_more = unit_picker().render(name, "", attrs, renderer)
        return format_html(
            '<div class="unit-choices" data-unit-choices="{}">{}{}</div>', name, boxes, one_more
        )

    def value_from_datadict(self, data: Any, files: Any, name: str) -> list[str]:
        given = data.getlist(name) if isinstance(data, QueryDict) else [data.get(name, "")]
        return [code for text in given for code in text.split(",") if code]


def unit_picker() -> TypeAhead:
    return TypeAhead(lead_unit_options, placeholder=_("单位名称或拼音首字母"))


def category_picker() -> TypeAhead:
    return TypeAhead(category_options, placeholder=_("分类名称或拼音首字母"))


def area_picker() -> TypeAhead:
    """Streets at once, communities by typing."""
    return TypeAhead(
        street_options,
        url_name="area_options",
        named=area_option,
        placeholder=_("街道、社区名称或拼音首字母"),
    )
