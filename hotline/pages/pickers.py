"""How a form's fields look on a page: the apps say what is wanted, here is what one touches."""

from __future__ import annotations

from typing import TypeVar

from django import forms
from django.utils.translation import gettext_lazy as _

from hotline.pages.type_ahead import (
    TypeAhead,
    area_option,
    category_options,
    lead_unit_options,
    street_options,
)
from intake.fields import AreaField, CategoryField, UnitField

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
        case UnitField():
            return unit_picker()
        case CategoryField():
            return category_picker()
        case AreaField():
            return area_picker()
        case forms.DateTimeField():
            return forms.DateTimeInput({"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")
    return None


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
