"""The wall board: what a hall may read of a scope, in panels. Counts, rates and unit names alone;
nothing on it opens, and nothing tells of one ticket."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from evaluation import figures, monthly, months, totals
from evaluation.models import MonthClose
from evaluation.months import Month
from evaluation.schemes import month_at
from evaluation.scopes import Scope, ScopeKind
from hotline.core.actors import Actor
from hotline.core.models import AssessmentGroup
from hotline.pages.dashboard import cards, places, whole
from hotline.pages.dashboard.cards import Card
from hotline.pages.dashboard.places import Tile
from hotline.pages.month import ToldLine, is_unpublished, told_lines

# So many of the best and of the last are named.
NAMED = 5


@dataclass(frozen=True)
class Standing:
    """Who stands first and who last in the newest published month of a group. `band` heads the
    units of one volume band, where the scheme ranks by them."""

    month: str
    group: str
    band: str
    ranked: int
    first: list[ToldLine]
    last: list[ToldLine]


@dataclass(frozen=True)
class Wall:
    month: Month
    moment: list[Card]
    cards: list[Card]
    standing: Standing | None
    tiles: list[Tile]


def panels(scope: Scope) -> list[tuple[str, str | Promise]]:
    """What the board turns through: the names of its panels and what they are called."""
    found: list[tuple[str, str | Promise]] = [
        ("now", _("此刻")),
        ("month", _("本月三率")),
        ("standing", _("排名")),
    ]
    if scope.kind == ScopeKind.CITY:
        found.append(("tiles", _("各区")))
    return found


def wall(scope: Scope, group: str, actor: Actor, at: dt.datetime) -> Wall:
    """The board of a scope: this moment, the running month and the newest published ranking.
    Raises Http404 for a group that was not ranked."""
    month = months.month(month_at(at).label, at=at)
    is_city = scope.kind == ScopeKind.CITY
    lines = monthly.lines_of(month, totals.units_in(month, scope, actor)) if is_city else []
    counted = figures.accepted(scope, month.period, at) if is_city else figures.Accepted()
    return Wall(
        month=month,
        moment=cards.moment_cards(scope, at),
        cards=cards.month_cards(month, scope, actor),
        standing=_standing(scope, group, actor, at),
        tiles=places.tiles(month, counted, lines) if is_city else [],
    )


def _standing(scope: Scope, group: str, actor: Actor, at: dt.datetime) -> Standing | None:
    """Of a closed month alone: what is not published yet hangs on no wall. Units without a place,
    such as those of few cases, are not named."""
    label = MonthClose.objects.order_by("-month").values_list("month", flat=True).first()
    if label is None:
        return None
    month = months.month(label, at=at)
    groups = [one for one in monthly.groups_for(month, actor) if not is_unpublished(one)]
    chosen = whole.group_asked_for(group, scope, groups)
    table = monthly.table(month, chosen, actor)
    ranked = [one for one in table.lines if one.score.rank and scope.takes(one.unit)]
    bands = [one.score.band for one in ranked]
    largest = max(set(bands), key=bands.count, default=0)
    shown = [one for one in ranked if one.score.band == largest]
    told = told_lines(shown, month, table.ranked)
    return Standing(
        month=label,
        group=str(AssessmentGroup(chosen).label),
        band=told[0].ranking if told else "",
        ranked=len(told),
        first=told[:NAMED],
        last=told[NAMED:][-NAMED:],
    )
