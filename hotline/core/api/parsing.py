"""Reading requests: JSON bodies and parameters go through the same Django forms as the pages.

A form says what is asked for; this module says what JSON may bring to it. What it refuses, it
names: an unknown field (a typing error would otherwise lose what was meant), a wrong type, a time
without its zone, characters that are no text.
"""

from __future__ import annotations

import json
import re
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from rest_framework.exceptions import ParseError
from rest_framework.parsers import JSONParser

from hotline.core.api.problems import InvalidInput
from hotline.core.text import InputRefused

# Years outside these are slips of the keyboard, and some of them no database column can hold.
FIRST_YEAR, LAST_YEAR = 2000, 2099
DETAIL_LIMIT = 300
ERROR_LIMIT = 30
_RFC3339 = re.compile(
    r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d(:\d\d(\.\d{1,9})?)?([Zz]|[+-]\d\d:\d\d)", re.ASCII
)
# What no text contains and no column keeps; the service looks at the rest.
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


class StrictJsonParser(JSONParser):
    """JSON as RFC 8259 has it: UTF-8 only, no NaN, no endless nesting."""

    def parse(self, stream: Any, media_type: Any = None, parser_context: Any = None) -> Any:
        try:
            return json.loads(stream.read().decode("utf-8-sig"), parse_constant=_no_constant)
        except (ValueError, RecursionError) as error:
            # The error's own words may quote the body.
            raise ParseError(_("请求内容不是有效的 JSON（UTF-8）。")) from error


def _no_constant(name: str) -> Any:
    raise ValueError(name)


class CsvChoiceField(forms.Field):
    """Several of a few codes, separated by commas: `state=dispatched,handling`."""

    def __init__(self, *, choices: list[tuple[str, Any]], **options: Any) -> None:
        super().__init__(required=False, **options)
        self.choices = choices

    def to_python(self, value: Any) -> list[str]:
        codes = [code.strip() for code in value.split(",") if code.strip()] if value else []
        known = {code for code, _label in self.choices}
        for code in codes:
            if code not in known:
                raise forms.ValidationError(
                    _("没有“%(value)s”；可用的有：%(known)s。"),
                    code="invalid_choice",
                    params={"value": code[:40], "known": ", ".join(sorted(known))},
                )
        return codes


def read_body(form_class: type[forms.Form], data: Any) -> dict[str, Any]:
    """The cleaned fields of a JSON object. Raises InvalidInput with a pointer for every fault."""
    if not isinstance(data, dict):
        raise InvalidInput([_fault("#", "not_an_object", _("请求内容须为一个 JSON 对象。"))])
    fields = form_class.base_fields
    given = {name: value for name, value in data.items() if value is not None}
    faults: list[dict[str, str]] = []
    for name, value in given.items():
        if name not in fields:
            faults.append(_fault(_pointer(name), "unknown_field", _("没有这个字段。")))
        elif found := _type_fault(fields[name], name, value):
            faults.append(_fault(_pointer(name), *found))
    if faults:
        raise InvalidInput(faults[:ERROR_LIMIT])
    cleaned, errors = _clean(form_class, given)
    if errors:
        raise InvalidInput([_fault(_pointer(name), *rest) for name, *rest in errors])
    return cleaned


def read_query(form_class: type[forms.Form], query: QueryDict) -> dict[str, Any]:
    """The cleaned parameters of an address. Raises InvalidInput naming every faulty one."""
    fields = form_class.base_fields
    faults: list[dict[str, str]] = []
    for name, values in query.lists():
        if name not in fields:
            faults.append(parameter_fault(name, "unknown_parameter", _("没有这个参数。")))
        elif len(values) > 1:
            faults.append(parameter_fault(name, "repeated", _("这个参数只能出现一次。")))
        elif found := _query_fault(fields[name], name, values[0]):
            faults.append(parameter_fault(name, *found))
    if faults:
        raise InvalidInput(faults[:ERROR_LIMIT], code="invalid_parameter")
    cleaned, errors = _clean(form_class, {name: query[name] for name in query})
    if errors:
        raise InvalidInput(
            [parameter_fault(name, *rest) for name, *rest in errors], code="invalid_parameter"
        )
    return cleaned


def _clean(
    form_class: type[forms.Form], given: dict[str, Any]
) -> tuple[dict[str, Any], list[tuple[str, str, str]]]:
    form = form_class(data=given)
    if form.is_valid():
        return form.cleaned_data, []
    errors = [
        ("" if name == "__all__" else name, error.code or "invalid", message)
        for name, found in form.errors.as_data().items()
        for error in found
        for message in error.messages
    ]
    return {}, errors


def _type_fault(field: forms.Field, name: str, value: Any) -> tuple[str, str] | None:
    """What is wrong with a JSON value before the form looks at it: (code, sentence)."""
    if isinstance(field, forms.BooleanField):
        return None if isinstance(value, bool) else ("not_a_boolean", _("须为 true 或 false。"))
    if isinstance(field, forms.IntegerField):
        is_number = isinstance(value, int) and not isinstance(value, bool)
        return None if is_number else ("not_an_integer", _("须为整数。"))
    if not isinstance(value, str):
        return "not_a_string", _("须为字符串。")
    return _text_fault(field, name, value)


def _query_fault(field: forms.Field, name: str, value: str) -> tuple[str, str] | None:
    if isinstance(field, forms.BooleanField):
        is_flag = value in {"true", "false"}
        return None if is_flag else ("not_a_boolean", _("须为 true 或 false。"))
    return _text_fault(field, name, value)


def _text_fault(field: forms.Field, name: str, value: str) -> tuple[str, str] | None:
    broken = _UNSTORABLE.search(value)
    if broken:
        refused = InputRefused(
            "text_not_text",
            field=name,
            label=str(field.label or name),
            position=broken.start() + 1,
            code_point=f"U+{ord(broken.group()):04X}",
        )
        return refused.code, refused.sentence()
    if isinstance(field, forms.DateTimeField) and value:
        return _time_fault(value)
    return None


def _time_fault(value: str) -> tuple[str, str] | None:
    if not _RFC3339.fullmatch(value):
        return "not_a_time", _("时间须带时区，例如 2026-11-22T10:30:00+08:00。")
    try:
        at = parse_datetime(value)
    except ValueError:
        at = None
    if at is None:
        return "not_a_time", _("没有这个时间。")
    if not FIRST_YEAR <= at.year <= LAST_YEAR:
        return "time_out_of_range", _("时间须在 2000 年至 2099 年之间。")
    return None


def _pointer(name: str) -> str:
    """A JSON pointer (RFC 6901) to a member of the body; the body itself for no name."""
    return "#/" + name[:60].replace("~", "~0").replace("/", "~1") if name else "#"


def _fault(pointer: str, code: str, detail: str) -> dict[str, str]:
    return {
        "pointer": _UNSTORABLE.sub("\ufffd", pointer),
        "code": code,
        "detail": detail[:DETAIL_LIMIT],
    }


def parameter_fault(name: str, code: str, detail: str) -> dict[str, str]:
    """What is wrong with one parameter of an address."""
    return {
        "parameter": _UNSTORABLE.sub("\ufffd", name[:60]),
        "code": code,
        "detail": detail[:DETAIL_LIMIT],
    }
