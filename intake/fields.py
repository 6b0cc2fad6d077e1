"""Form fields that take a code and give the thing it names."""

from __future__ import annotations

import re
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from hotline.core.models import Area, Channel, Unit
from hotline.core.places import area_by_code, channels, unit_by_code
from knowledge.models import Category, category_by_code


class CodeField(forms.CharField):
    """A code typed or chosen; an unknown one is named in the refusal."""

    unknown: Any = _("没有“%(value)s”。")

    def find(self, code: str) -> Any:
        raise NotImplementedError

    def to_python(self, value: Any) -> Any:
        if value is None or value == "" or not isinstance(value, str):
            return None if value in (None, "") else value
        # A character that no text contains is in no code, and no database takes it.
        found = None if "\x00" in value else self.find(value.strip())
        if found is None:
            raise ValidationError(self.unknown, code="unknown", params={"value": value[:40]})
        return found

    def prepare_value(self, value: Any) -> Any:
        return getattr(value, "code", value)

    def validate(self, value: Any) -> None:
        if self.required and value is None:
            raise ValidationError(self.error_messages["required"], code="required")

    def run_validators(self, value: Any) -> None:
        """The thing was found; there is nothing more to check."""


class CategoryField(CodeField):
    unknown = _("没有“%(value)s”这个分类。")

    def find(self, code: str) -> Category | None:
        return category_by_code(code)


class AreaField(CodeField):
    unknown = _("没有“%(value)s”这个地点。")

    def find(self, code: str) -> Area | None:
        return area_by_code(code)


class ChannelField(CodeField):
    unknown = _("没有“%(value)s”这个渠道。")

    def find(self, code: str) -> Channel | None:
        return channels().get(code)


class UnitField(CodeField):
    """A unit in force today."""

    unknown = _("没有“%(value)s”这个单位，或它已撤并。")

    def find(self, code: str) -> Unit | None:
        unit, today = unit_by_code(code), timezone.localdate()
        if unit is None or unit.valid_from > today or (unit.valid_to and unit.valid_to <= today):
            return None
        return unit


class UnitsField(UnitField):
    """Several units in force today, by codes separated by commas or spaces."""

    def to_python(self, value: Any) -> Any:
        if value in (None, ""):
            return []
        codes: list[Any] = (
            re.split(r"[\s,，、]+", value.strip()) if isinstance(value, str) else list(value)
        )
        return [UnitField.to_python(self, code) for code in codes if code]

    def prepare_value(self, value: Any) -> Any:
        if isinstance(value, (list, tuple)):
            return ",".join(str(getattr(unit, "code", unit)) for unit in value)
        return value

    def validate(self, value: Any) -> None:
        if self.required and not value:
            raise ValidationError(self.error_messages["required"], code="required")
