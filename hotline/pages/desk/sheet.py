"""The form of a verb beside the list: the ticket page's own, with room for several co-operators."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from hotline.core.actors import Actor
from hotline.core.places import unit_by_code
from hotline.pages.desk.waiting import proposed
from hotline.pages.pickers import unit_picker
from hotline.pages.ticket.verb_sheet import VerbSheet
from intake.fields import UnitsField
from intake.models import Ticket
from intake.verbs import Verb


class UnitChoices(forms.Widget):
    """Several units: those chosen as ticked boxes, and a type-ahead field for one more.
    `static/js/desk.js` makes a box of what is found, so that another can be looked for."""

    def render(
        self, name: str, value: Any, attrs: dict[str, Any] | None = None, renderer: Any = None
    ) -> SafeString:
        codes = value.split(",") if isinstance(value, str) else (value or [])
        chosen = [unit for code in codes if (unit := unit_by_code(code))]
        boxes = format_html_join(
            "",
            '<label class="check"><input type="checkbox" name="{}" value="{}" checked>{}</label>',
            ((name, unit.code, unit.name) for unit in chosen),
        )
        one_more = unit_picker().render(name, "", attrs, renderer)
        return format_html(
            '<div class="unit-choices" data-unit-choices="{}">{}{}</div>', name, boxes, one_more
        )

    def value_from_datadict(self, data: Any, files: Any, name: str) -> list[str]:
        given = data.getlist(name) if isinstance(data, QueryDict) else [data.get(name, "")]
        return [code for text in given for code in text.split(",") if code]


class DeskSheet(VerbSheet):
    """A verb's form as it opens beside the list."""

    def __init__(
        self, verb: Verb, ticket: Ticket, actor: Actor, at: dt.datetime, data: QueryDict | None
    ) -> None:
        super().__init__(verb, ticket, actor, at, data)
        for field in self.form.fields.values():
            if isinstance(field, UnitsField):
                field.widget = UnitChoices()
                field.help_text = ""
        if verb.name == "dispatch" and data is None:
            proposal = proposed(ticket, at)
            self.form.initial.setdefault("cooperators", proposal.cooperators if proposal else ())
