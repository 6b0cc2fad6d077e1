"""The list of tickets on which unit, call-back and own rating say different things."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from evaluation import periods
from evaluation.contradictions import Contradiction, contradictory
from evaluation.periods import Period
from evaluation.schemes import month_at
from hotline.core.actors import Actor
from hotline.core.models import Role
from hotline.core.places import unit_by_code
from hotline.pages.month import months
from hotline.pages.pickers import unit_picker
from intake.fields import CodeField
from intake.models import Ticket
from intake.models.tickets import TicketQuerySet

READERS = frozenset(
    {
        Role.CITY_SUPERVISOR,
        Role.AUDITOR,
        Role.DISTRICT_SUPERVISOR,
        Role.HANDLER,
        Role.MANAGER,
    }
)


class _AnyUnitField(CodeField):
    """Any unit, also one that has ended: its tickets stay."""

    unknown = _("没有“%(value)s”这个单位。")

    def find(self, code: str) -> Any:
        return unit_by_code(code)


class ContradictionForm(forms.Form):
    """What the list can be narrowed by, as it stands in the address."""

    period = forms.CharField(label=_("受理的考评月"), required=False, max_length=7)
    kind = forms.ChoiceField(
        label=_("谁与谁不一致"),
        required=False,
        choices=[("", _("全部不一致")), *Contradiction.choices],
    )
    unit = _AnyUnitField(label=_("主办单位"), required=False, widget=unit_picker())

    def clean_period(self) -> Period | None:
        label: str = self.cleaned_data["period"]
        try:
            return periods.month_named(label) if label else None
        except ValueError:
            raise forms.ValidationError(
                _("没有“%(value)s”这个考评月。"), params={"value": label}
            ) from None


class ContradictionList:
    """The contradictory tickets that a reader sees, accepted in one assessment month: the running
    one unless another is asked for. An address that cannot be read shows nothing and says why."""

    def __init__(self, query: QueryDict, actor: Actor, at: dt.datetime) -> None:
        self.actor, self.at = actor, at
        self.form = ContradictionForm(query)
        self.current = month_at(at)

    @cached_property
    def wanted(self) -> dict[str, Any] | None:
        return self.form.cleaned_data if self.form.is_valid() else None

    @property
    def period(self) -> Period:
        asked: Period | None = self.wanted["period"] if self.wanted else None
        return asked or self.current

    @property
    def months(self) -> list[Period]:
        return months(self.current)

    @property
    def chooses_unit(self) -> bool:
        """A unit sees its own and has nothing to choose."""
        return self.actor.sees_all or bool(self.actor.district_ids)

    def tickets(self) -> TicketQuerySet:
        found = Ticket.objects.visible_to(self.actor)
        if self.wanted is None:
            return found.none()
        span = self.period
        found = found.filter(accepted_at__gte=span.start, accepted_at__lt=span.end)
        if not self.chooses_unit:  # what others lead and this unit helps with is theirs to explain
            found = found.filter(lead_unit_id__in=list(self.actor.unit_ids))
        elif self.wanted["unit"]:
            found = found.filter(lead_unit=self.wanted["unit"])
        return contradictory(found, self.actor, self.wanted["kind"])  # type: ignore[return-value]
