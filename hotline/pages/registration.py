"""The call-taker's sheet: one matter, and the ways of going on with it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django import forms
from django.forms.boundfield import BoundField
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from dispatch.forms.orders import DispatchForm
from dispatch.services import Proposal, propose_unit, register_and_dispatch
from hotline.core import limits
from hotline.core.actors import Actor
from hotline.core.models import ClockKind
from hotline.core.places import area_by_code, channels
from hotline.core.text import InputRefused
from hotline.core.violations import RuleViolation
from hotline.pages.once import Outcome, is_used, new_token, once, readable_token
from hotline.pages.templatetags.clocks import span_words
from hotline.pages.type_ahead import (
    TypeAhead,
    area_option,
    category_options,
    lead_unit_options,
    street_options,
)
from intake import services as intake
from intake.forms import AnswerForm, InformForm, RegistrationForm
from intake.models import CloseCode, Level, RequestType, Ticket, Urgency
from intake.services.registration import MATTER_LIMIT, readable_phone, tidy
from intake.statute import GROUNDS
from knowledge.models import category_by_code

DRAFT = "registration"
# A draft holds what can be registered: the longest matter and the short fields around it.
DRAFT_LIMIT = 60_000
DATETIME_LOCAL = "%Y-%m-%dT%H:%M"
# A refusal that names no field still has one at which the agent can mend it.
_FIELD_OF = {"only_consultations_answered": "request_type"}


def _channel_choices() -> list[tuple[str, str]]:
    return [(channel.code, channel.name) for channel in channels().values()]


class MatterForm(RegistrationForm):
    """What the caller says."""

    use_required_attribute = False  # the server's sentences, not the browser's bubbles

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        widgets: dict[str, forms.Widget] = {
            "phone": forms.TextInput(
                attrs={"type": "tel", "autocomplete": "off", "inputmode": "tel"}
            ),
            "channel": forms.Select(choices=_channel_choices()),
            "called_at": forms.DateTimeInput(
                format=DATETIME_LOCAL, attrs={"type": "datetime-local"}
            ),
            "request_type": forms.RadioSelect(choices=RequestType.choices),
            "matter": forms.Textarea(attrs={"rows": 6}),
            "area": TypeAhead(
                street_options,
                url_name="area_options",
                named=area_option,
                placeholder=gettext_lazy("街道、社区的名称或拼音首字母"),
            ),
            "category": TypeAhead(
                category_options, placeholder=gettext_lazy("分类名称或拼音首字母")
            ),
            "level": forms.RadioSelect(choices=self.fields["level"].choices),  # type: ignore[attr-defined]
            "urgency": forms.RadioSelect(choices=self.fields["urgency"].choices),  # type: ignore[attr-defined]
        }
        for name, widget in widgets.items():
            widget.is_required = self.fields[name].required
            self.fields[name].widget = widget
        for name in ("name", "address", "door", "title", "target"):
            self.fields[name].widget.attrs["autocomplete"] = "off"

    # The services refuse the same and one by one; the agent is told everything in one go.

    def clean_phone(self) -> str:
        return _kept(lambda: readable_phone(self.cleaned_data["phone"]))

    def clean_matter(self) -> str:
        matter = self.cleaned_data["matter"]
        return _kept(lambda: tidy(matter, MATTER_LIMIT, _("诉求内容"), "matter"))

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("phone") == "" and not data.get("is_anonymous"):
            self.add_error("phone", RuleViolation("contact_required").sentence())
        return data


def _kept(read: Callable[[], str]) -> str:
    try:
        return read()
    except InputRefused as refusal:
        raise forms.ValidationError(refusal.sentence()) from refusal


class LeadForm(DispatchForm):
    """To whom it goes; the class is the matter's own field."""

    use_required_attribute = False
    category = None  # type: ignore[assignment]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["lead_unit"].widget = TypeAhead(
            lead_unit_options, placeholder=gettext_lazy("单位名称或拼音首字母")
        )


class ReplyForm(AnswerForm):
    """What the caller was told, for a consultation."""

    use_required_attribute = False

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["text"].widget.attrs["rows"] = 14


class GroundForm(InformForm):
    """Why no order is made, with the article beside every ground."""

    use_required_attribute = False

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = self.fields["code"].choices  # type: ignore[attr-defined]
        self.fields["code"].widget = forms.RadioSelect(choices=choices)
        self.fields["reason"].widget.attrs["rows"] = 6

    def grounds(self) -> list[tuple[Any, str, Any]]:
        """Every ground: its radio, its case of the decision table, the article's point."""
        radios = list(self["code"])
        return [(radio, *GROUNDS[radio.data["value"]]) for radio in radios]


_PARTS: dict[str, type[forms.Form]] = {
    "dispatch": LeadForm,
    "answer": ReplyForm,
    "inform": GroundForm,
}
ACTS = ("save", *_PARTS)


class Sheet:
    """The form as typed. Only the matter and the part that the pressed key needs are checked, so
    that half-written words in another part never stand in the way and are never lost."""

    def __init__(self, typed: Mapping[str, str], *, act: str = "") -> None:
        self.act = act
        self.typed = typed
        self.token = readable_token(typed.get("token", ""))
        self.matter = _form(MatterForm, typed, "", is_checked=bool(act))
        self.parts = {
            name: _form(form, typed, name, is_checked=name == act) for name, form in _PARTS.items()
        }

    @property
    def checked(self) -> list[forms.Form]:
        return [self.matter, *([self.parts[self.act]] if self.act in self.parts else [])]

    def is_valid(self) -> bool:
        # Every form is asked, so that all sentences show at once.
        valid = [form.is_valid() for form in self.checked]
        return all(valid)

    def refuse(self, violation: RuleViolation) -> None:
        """Put a refusal where it can be mended: at its field, else at the top."""
        field = violation.field or _FIELD_OF.get(violation.code)
        for form in self.checked:
            if field in form.fields:
                form.add_error(field, violation.sentence())
                return
        self.matter.add_error(None, violation.sentence())

    def errors(self) -> list[tuple[str, str]]:
        """Every sentence with the id of its control, in the order of the screen."""
        if not self.act:
            return []
        found: list[tuple[str, str]] = []
        for form in self.checked:
            found += [("", str(error)) for error in form.non_field_errors()]
            found += [(_control(field), str(error)) for field in form for error in field.errors]
        return found

    def first_field(self) -> BoundField:
        """Where the agent goes on: the first field at fault, else the caller's number."""
        wrong = (field for form in self.checked for field in form if self.act and field.errors)
        return next(wrong, self.matter["phone"])

    def register(self, *, actor: Actor, at: dt.datetime) -> Outcome:
        """Do what the pressed key says, once however often it is sent; the draft goes with it.

        Raises RuleViolation, having changed nothing.
        """
        matter = self.matter.cleaned_data
        part = self.parts[self.act].cleaned_data if self.act in self.parts else {}
        services: dict[str, Callable[..., Ticket]] = {
            "save": intake.accept,
            "dispatch": register_and_dispatch,
            "answer": intake.register_and_answer,
            "inform": intake.register_and_inform,
        }
        service = services[self.act]

        def register(number: str) -> None:
            service(actor=actor, at=at, number=number, **matter, **part)
            intake.discard_draft(actor=actor, form=DRAFT)

        return once(self.token, register, actor=actor, at=at)


def _control(field: BoundField) -> str:
    """The id of a field's (first) control."""
    return f"{field.auto_id}_0" if field.use_fieldset else field.auto_id


def _form(
    form: type[forms.Form], typed: Mapping[str, str], prefix: str, *, is_checked: bool
) -> forms.Form:
    if is_checked:
        return form(typed, prefix=prefix or None)
    initial: dict[str, Any] = {}
    for name, field in form.base_fields.items():
        key = f"{prefix}-{name}" if prefix else name
        is_box = isinstance(field, forms.BooleanField)
        initial[name] = key in typed if is_box else typed.get(key, field.initial)
    return form(initial=initial, prefix=prefix or None)


def empty_sheet(at: dt.datetime) -> Sheet:
    """A form for the next call: by telephone, now."""
    return Sheet(
        {
            "token": new_token(),
            "channel": "phone",
            "called_at": timezone.localtime(at).strftime(DATETIME_LOCAL),
            "request_type": RequestType.HELP,
            "wants_callback": "on",
        }
    )


# --- drafts -------------------------------------------------------------------------------


def drafted_sheet(*, actor: Actor) -> tuple[Sheet, dt.datetime] | None:
    """What this agent had typed and not sent, and when it was saved. A draft whose form did make
    a ticket (its last saving came in late) is thrown away rather than registered again."""
    draft = intake.load_draft(actor=actor, form=DRAFT)
    if draft is None:
        return None
    content, saved_at = draft
    if is_used(content.get("token", ""), actor=actor):
        intake.discard_draft(actor=actor, form=DRAFT)
        return None
    return Sheet(content), saved_at


def keep_draft(typed: Mapping[str, str], *, actor: Actor, at: dt.datetime) -> bool:
    """Keep the sheet's fields; False when there is more than a draft holds."""
    content = {name: typed[name] for name in _FIELD_NAMES if typed.get(name)}
    if sum(map(len, content.values())) > DRAFT_LIMIT:
        return False
    intake.save_draft(actor=actor, at=at, form=DRAFT, content=content)
    return True


_FIELD_NAMES = (
    "token",
    *MatterForm.base_fields,
    *(f"{part}-{name}" for part, form in _PARTS.items() for name in form.base_fields),
)


# --- what the choices mean -----------------------------------------------------------------


@dataclass(frozen=True)
class Preview:
    """What would be promised if the ticket were registered now, and who would lead."""

    level: Level
    urgency: Urgency | None  # of the third level only
    is_by_category: bool
    promised_at: dt.datetime
    dispatch_by: dt.datetime
    feedback_by: dt.datetime
    proposal: Proposal | None

    @property
    def words(self) -> str:
        """The level as the office says it: 三级·7天，较急（3天）."""
        return (
            f"{self.level.label} · {self.urgency.label}" if self.urgency else str(self.level.label)
        )


def preview(typed: Mapping[str, str], *, at: dt.datetime) -> Preview:
    """The level follows the class unless one is chosen; what is not known (yet) is ignored."""
    category = category_by_code(typed.get("category", ""))
    by_level, by_urgency = (
        (category.default_level, category.default_urgency) if category else ("", "")
    )
    level = _one_of(Level, typed.get("level"), by_level, Level.L3)
    urgency = _one_of(Urgency, typed.get("urgency"), by_urgency, Urgency.ORDINARY)

    def due(kind: str) -> dt.datetime:
        return limits.due_for(kind, level=level, urgency=urgency, start=at).at

    code = typed.get("area", "")
    return Preview(
        level=level,
        urgency=urgency if level == Level.L3 else None,
        is_by_category=category is not None and not typed.get("level"),
        promised_at=due(ClockKind.PROMISE),
        dispatch_by=due(ClockKind.DISPATCH),
        feedback_by=due(ClockKind.FEEDBACK),
        proposal=propose_unit(
            area_by_code(code) if code else None,
            at=at,
            category=category,
            request_type=typed.get("request_type", ""),
            target=typed.get("target", ""),
        ),
    )


@dataclass(frozen=True)
class HistoryRow:
    """An earlier ticket of the caller as the list shows it."""

    ticket: Ticket
    days: str  # how long it has been open, or took
    result: str  # how it ended; empty while it is open


def history_rows(history: intake.CallerHistory, *, at: dt.datetime) -> list[HistoryRow]:
    return [
        HistoryRow(
            ticket,
            days=span_words(((ticket.closed_at or at) - ticket.accepted_at).total_seconds()),
            result="" if ticket.is_open else str(CloseCode(ticket.close_code).label),
        )
        for ticket in history.tickets
    ]


def _one_of(enum: Any, *values: str | None) -> Any:
    return next(enum(value) for value in values if value in enum.values)


def done_words(act: str) -> str:
    """What a pressed key has come to."""
    return {
        "save": _("已登记，待派单"),
        "dispatch": _("已登记并派单"),
        "answer": _("已登记并答复办结"),
        "inform": _("已登记并告知办结"),
    }[act]
