"""The verbs of exclusions and appeals: asked by the units, decided by the city's supervisor."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from evaluation import services
from evaluation.forms import pleas as forms
from evaluation.pleas import units_counted
from hotline.core.actors import Actor
from hotline.core.models import Role
from intake.models import RequestType, State, Ticket
from intake.verbs import Verb, desk, holding, register

# Whatever became of the ticket meanwhile: what counts is often known only when it is closed, or
# another unit has it.
_ANYWHERE = frozenset(State.values)
_REVIEWERS = desk(Role.CITY_SUPERVISOR)


def _is_assessed(ticket: Ticket) -> bool:
    """Praise never enters the rates (R-003)."""
    return ticket.request_type != RequestType.PRAISE


def _concerned(ticket: Ticket, actor: Actor) -> bool:
    """A handler of a unit that holds an order on the ticket, or in whose result it counts."""
    return holding(ticket, actor) or actor.assists(lambda: units_counted(ticket))


register(
    Verb(
        "ask_exclusion", _("申请剔除或不计入"), services.ask_exclusion, forms.ExclusionForm,
        _ANYWHERE, _concerned, order=80, fits=_is_assessed, is_lasting=True,
    ),
    Verb(
        "appeal", _("申诉回访结果"), services.appeal, forms.AppealForm,
        _ANYWHERE, _concerned, order=81, fits=_is_assessed, is_lasting=True,
    ),
    Verb(
        "grant_exclusion", _("同意剔除"), services.grant_exclusion, forms.GrantExclusionForm,
        _ANYWHERE, _REVIEWERS, order=82,
    ),
    Verb(
        "refuse_exclusion", _("不同意剔除"), services.refuse_exclusion, forms.RefuseExclusionForm,
        _ANYWHERE, _REVIEWERS, order=83,
    ),
    Verb(
        "uphold_appeal", _("申诉成立"), services.uphold_appeal, forms.UpholdAppealForm,
        _ANYWHERE, _REVIEWERS, order=84,
    ),
    Verb(
        "reject_appeal", _("申诉不成立"), services.reject_appeal, forms.RejectAppealForm,
        _ANYWHERE, _REVIEWERS, order=85,
    ),
)  # fmt: skip
