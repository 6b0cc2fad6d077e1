"""The dashboard put together."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from django.http import Http404

from evaluation import figures, monthly, totals
from evaluation.models import MonthClose, MonthDraft
from evaluation.months import Month, MonthState
from evaluation.schemes import month_at
from evaluation.scopes import CITY, Scope, ScopeKind, all_districts, scope_named, scopes_of
from hotline.core.actors import Actor
from hotline.core.models import AssessmentGroup
from hotline.pages.charts import Chart
from hotline.pages.dashboard import cards, places, shares
from hotline.pages.dashboard.cards import Card
from hotline.pages.dashboard.links import dashboard_url
from hotline.pages.dashboard.places import Heat, Tile
from hotline.pages.dashboard.ranking import Ranking
from hotline.pages.dashboard.shares import Part, Stage
from hotline.pages.month import months as shown_months


@dataclass(frozen=True)
class Choice:
    """Another scope or month to turn to."""

    code: str
    label: str
    url: str = ""
    state: str = ""


@dataclass(frozen=True)
class Dashboard:
    moment: list[Card]
    month: list[Card]
    ranking: Ranking
    tiles: list[Tile]
    heat: Heat
    channels: list[Part]
    types: list[Part]
    ages: Chart
    stages: list[Stage]


def dashboard(month: Month, scope: Scope, group: str, actor: Actor, at: dt.datetime) -> Dashboard:
    """Everything a leader sees of a scope: the month asked for and this moment."""
    counted = figures.accepted(scope, month.period, at)
    waiting = figures.waiting(scope)
    is_city = scope.kind == ScopeKind.CITY
    lines = monthly.lines_of(month, totals.units_in(month, scope, actor)) if is_city else []
    return Dashboard(
        moment=cards.moment_cards(scope, at),
        month=cards.month_cards(month, scope, actor),
        ranking=Ranking(month, group, scope, actor),
        tiles=places.tiles(month, counted, lines) if is_city else [],
        heat=places.heat(month, scope, counted),
        channels=shares.by_channel(month, scope, counted),
        types=shares.by_type(month, scope, counted),
        ages=shares.ages(scope, waiting, at),
        stages=shares.stages(scope, waiting, at),
    )


# --- what to turn to -----------------------------------------------------------------------------


def scope_asked_for(code: str, actor: Actor) -> Scope:
    """The scope of the address, the reader's own without one. Raises Http404 for what is not
    theirs."""
    own = scopes_of(actor)
    scope = scope_named(code, actor) if code else (own[0] if own else None)
    if scope is None:
        raise Http404
    return scope


def group_asked_for(code: str, scope: Scope, groups: Sequence[AssessmentGroup]) -> str:
    """The peer group of the address; without one that of the unit, or the first. Raises Http404
    for a group the month does not have."""
    if code and code not in groups:
        raise Http404
    own = scope.unit.group if scope.unit else ""
    return code or next((group for group in groups if group == own), groups[0])


def scope_choices(scope: Scope, month: Month, actor: Actor) -> list[Choice]:
    """The reader's own scopes, the districts for who sees the city, and the one that is shown."""
    found = scopes_of(actor)
    if CITY in found:
        found += all_districts()
    if scope.code not in [one.code for one in found]:
        found.append(scope)
    return [Choice(one.code, one.name, dashboard_url(one, month.label)) for one in found]


def month_choices(at: dt.datetime) -> list[Choice]:
    """The last months with their states, the running one first."""
    shown = shown_months(month_at(at))
    labels = [period.label for period in shown]
    closed = set(MonthClose.objects.filter(month__in=labels).values_list("month", flat=True))
    drafted = set(MonthDraft.objects.filter(month__in=labels).values_list("month", flat=True))
    states = [
        MonthState.CLOSED if label in closed
        else MonthState.DRAFT if label in drafted
        else MonthState.RUNNING if label == labels[0]
        else MonthState.WAITING
        for label in labels
    ]  # fmt: skip
    return [
        Choice(label, label, state=str(state.label))
        for label, state in zip(labels, states, strict=True)
    ]
