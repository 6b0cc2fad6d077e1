"""The life of a month as a page shows it: how far it has come, and what each reader may do."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from django import forms
from django.db.models import Count, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from evaluation import monthly
from evaluation import months as reading
from evaluation.forms.months import (
    BonusForm,
    BonusRulingForm,
    ErratumForm,
    RulingForm,
    ScoreAppealForm,
    TalkForm,
)
from evaluation.models import (
    Bonus,
    Erratum,
    RulingOutcome,
    ScoreAppeal,
    StreetClass,
    Talk,
    UnitScore,
)
from evaluation.months import Month, MonthState
from evaluation.services.months import undecided_of, why_waiting
from evaluation.services.months.asking import may_appeal_for, takes_bonuses
from evaluation.services.months.closing import Undecided
from hotline.core.actors import Actor
from hotline.core.models import Role, Unit
from hotline.core.places import units, units_answered_for
from hotline.core.violations import RuleViolation
from hotline.pages.month import ToldLine, errata_of, month_named, told_lines
from hotline.pages.pickers import dressed, unit_picker
from intake.rendering import actor_names

# Who reads what every unit has asked and been told; the others read what concerns their units.
OVERSEERS = (Role.CITY_SUPERVISOR, Role.AUDITOR)
SPEAKERS = (Role.CITY_SUPERVISOR, Role.DISTRICT_SUPERVISOR)


# --- what was sent ----------------------------------------------------------------------------


@dataclass
class Sent:
    """A form of the page as somebody sent it: which one (`act` and, where there are several, the
    `key` of its thing), and how it ended."""

    act: str
    form: forms.Form
    key: str = ""
    status: int = 200
    problem: str = ""

    def run(self, service: Callable[..., Any], *, actor: Actor, at: dt.datetime) -> bool:
        """Do it; False, with the sentences in the form, when it was refused."""
        if not self.form.is_valid():
            self.status = 422
            return False
        try:
            service(actor=actor, at=at, **self.form.cleaned_data)
        except RuleViolation as refusal:
            if refusal.status in (403, 404):
                raise
            self.status = refusal.status
            if refusal.field in self.form.fields:
                self.form.add_error(refusal.field, refusal.sentence())
            else:
                self.problem = refusal.sentence()
            return False
        return True


# --- lines ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Asked:
    """An objection or proposed points, who asked and decided, and the form to decide by; `is_own`
    where somebody else must decide what the reader asked."""

    row: Any
    asked_by: str
    ruled_by: str
    form: forms.Form | None
    is_late: bool = False
    is_own: bool = False


@dataclass(frozen=True)
class TailLine:
    """A unit at the end of a ranking, with the talk held with it or the form to write it down."""

    score: UnitScore
    unit: Unit
    talk: Talk | None
    written_by: str
    form: forms.Form | None


@dataclass(frozen=True)
class OwnLine:
    """A line of the reader's own unit, and the form to object by; `is_waiting` while an objection
    is undecided, `may_plead` where one was upheld and the unit may still plead for its tickets."""

    line: ToldLine
    unit: Unit
    form: forms.Form | None
    is_waiting: bool
    may_plead: bool

    @property
    def lines(self) -> list[ToldLine]:
        """A table of one line."""
        return [self.line]


@dataclass(frozen=True)
class Step:
    """One stage of a month's life; `at` is when it began, `marks` say what is still to come."""

    label: str
    status: str
    at: dt.datetime | None = None
    marks: list[dict[str, str]] = field(default_factory=list)


class MonthPage:
    """One month as one reader may see it. `sent` is a form that was refused."""

    def __init__(self, label: str, actor: Actor, at: dt.datetime, sent: Sent | None = None) -> None:
        self.month: Month = month_named(label, at=at)
        self.actor, self.at, self.sent = actor, at, sent
        self.is_city = actor.has(Role.CITY_SUPERVISOR)
        self.is_overseer = actor.has(*OVERSEERS)

    # --- how far it has come ---------------------------------------------------------------

    @property
    def is_draft(self) -> bool:
        return self.month.state == MonthState.DRAFT

    @property
    def is_closing(self) -> bool:
        return self.month.state == MonthState.CLOSING

    @property
    def steps(self) -> list[Step]:
        """Running, waiting for call-backs, shown to the units, closed."""
        month, state = self.month, self.month.state
        reached = {
            MonthState.RUNNING: 0, MonthState.WAITING: 1, MonthState.DRAFT: 2,
            MonthState.CLOSING: 2, MonthState.CLOSED: 4,
        }[MonthState(state)]  # fmt: skip
        begins: list[tuple[MonthState, dt.datetime | None, dt.datetime]] = [
            (MonthState.RUNNING, month.period.start, month.period.start),
            (MonthState.WAITING, month.period.end, month.period.end),
            (MonthState.DRAFT, month.draft.opened_at if month.draft else None, month.facts_until),
            (
                MonthState.CLOSED,
                month.close.closed_at if month.close else None,
                month.appeals_until,
            ),
        ]
        return [
            Step(
                label=str(name.label),
                status="done" if n < reached else "current" if n == reached else "todo",
                at=at if n <= reached else None,
                marks=self._marks(name, expected, n > reached),
            )
            for n, (name, at, expected) in enumerate(begins)
        ]

    def _marks(
        self, name: MonthState, expected: dt.datetime, is_to_come: bool
    ) -> list[dict[str, str]]:
        when = f"{timezone.localtime(expected):%m-%d %H:%M}"
        if is_to_come and name == MonthState.CLOSED:
            return [{"label": _("%(when)s 起可封账") % {"when": when}, "kind": ""}]
        if is_to_come:
            return [{"label": _("预计 %(when)s") % {"when": when}, "kind": ""}]
        if name == MonthState.DRAFT and self.is_closing:
            return [{"label": str(MonthState.CLOSING.label), "kind": "info"}]
        return []

    @property
    def takes_appeals(self) -> bool:
        return self.month.takes_appeals(self.at)

    @cached_property
    def undecided(self) -> Undecided | None:
        """What keeps the month from being closed, for those who watch over it."""
        is_shown = self.month.draft is not None and not self.month.is_closed
        return undecided_of(self.month.label) if self.is_overseer and is_shown else None

    @cached_property
    def waits_for(self) -> list[tuple[str, int]]:
        """What the close waits for, in words, and how many of each."""
        is_waiting = self.undecided is not None and self.undecided.total
        return why_waiting(self.month.label, self.at) if is_waiting else []

    @property
    def may_close(self) -> bool:
        """Whether the button would be heard; the service decides."""
        undecided = self.undecided
        is_over = self.is_draft and self.at >= self.month.appeals_until
        return self.is_city and is_over and undecided is not None and not undecided.total

    @property
    def standing(self) -> str:
        """Changes when anything on the page does that others do."""
        month = self.month
        asked = ScoreAppeal.objects.filter(draft__month=month.label)
        points = Bonus.objects.filter(month=month.label)
        ruled = Count("pk", filter=~Q(outcome=""))
        counts = [
            *asked.aggregate(n=Count("pk"), ruled=ruled).values(),
            *points.aggregate(n=Count("pk"), ruled=ruled).values(),
            Erratum.objects.filter(month=month.label).count(),
            Talk.objects.filter(month=month.label).count(),
        ]
        return "-".join([str(month.state), *map(str, counts)])

    # --- what is said of it ----------------------------------------------------------------

    @cached_property
    def errata(self) -> list[Erratum]:
        return list(errata_of(self.month)) if self.month.is_closed else []

    @property
    def erratum_form(self) -> forms.Form | None:
        if not (self.is_city and self.month.is_closed):
            return None
        form = self._form("erratum", "", ErratumForm)
        form.fields["unit"].widget = unit_picker()
        return dressed(form)

    @cached_property
    def classes(self) -> list[tuple[str, list[str]]]:
        """Which units are in which class, of those whose lines the reader sees."""
        if not self.month.is_closed:
            return []
        classed = UnitScore.objects.filter(month=self.month.label).exclude(unit_class="")
        known, found = units(), list(classed.order_by("group", "band", "rank"))
        reads = {unit.pk for unit in monthly.read_by(self.actor, (known[s.unit_id] for s in found))}
        return [
            (str(label), [known[s.unit_id].name for s in found
                          if s.unit_class == value and s.unit_id in reads])
            for value, label in StreetClass.choices
            if value
        ]  # fmt: skip

    @cached_property
    def tail(self) -> list[TailLine]:
        """The units at the end whose talks concern the reader."""
        if not self.month.is_closed:
            return []
        at_end = UnitScore.objects.filter(month=self.month.label, is_tail=True)
        scores = [s for s in at_end.order_by("group", "band", "rank") if self._concerns(s.unit_id)]
        talks = {t.unit_id: t for t in Talk.objects.filter(month=self.month.label)}
        names = actor_names([talk.written_by for talk in talks.values()]) if talks else {}
        return [
            TailLine(
                score=score,
                unit=units()[score.unit_id],
                talk=(talk := talks.get(score.unit_id)),
                written_by=names.get(talk.written_by, "") if talk else "",
                form=None if talk else self._talk_form(units()[score.unit_id]),
            )
            for score in scores
        ]

    def _talk_form(self, unit: Unit) -> forms.Form | None:
        if not self._speaks_for(unit.pk):
            return None
        initial = {"unit": unit.code, "held_on": timezone.localdate(self.at)}
        return self._form("talk", unit.code, TalkForm, initial)

    # --- what is asked of it ---------------------------------------------------------------

    @cached_property
    def own(self) -> list[OwnLine]:
        """The lines of the units that the reader works for."""
        lines = monthly.own_lines(self.month, self.actor)
        waiting = {appeal.row.unit_id for appeal in self.appeals if not appeal.row.outcome}
        return [
            OwnLine(
                line=told,
                unit=line.unit,
                form=None if line.unit.pk in waiting else self._appeal_form(line.unit),
                is_waiting=line.unit.pk in waiting,
                may_plead=line.unit in self.still_pleading,
            )
            for line, told in zip(lines, told_lines(lines, self.month), strict=True)
        ]

    def _appeal_form(self, unit: Unit) -> forms.Form | None:
        if not (self.takes_appeals and may_appeal_for(self.actor, unit.pk)):
            return None
        return self._form("appeal", unit.code, ScoreAppealForm, {"unit": unit.code})

    @cached_property
    def still_pleading(self) -> list[Unit]:
        """The units whose objection was upheld, once the time to plead is over for the others."""
        if not self.is_draft or self.takes_appeals:
            return []
        upheld = {a.row.unit for a in self.appeals if a.row.outcome == RulingOutcome.UPHELD}
        return sorted(upheld, key=lambda unit: unit.code)

    @cached_property
    def appeals(self) -> list[Asked]:
        """Objections to lines of the month: all, or those of the reader's units."""
        found = ScoreAppeal.objects.filter(draft__month=self.month.label)
        return self._asked(found.select_related("unit"), "raised", "appeal_ruling", RulingForm)

    @cached_property
    def bonuses(self) -> list[Asked]:
        """Points proposed for units: all, or those for the reader's units."""
        found = Bonus.objects.filter(month=self.month.label)
        return self._asked(
            found.select_related("unit"), "proposed", "bonus_ruling", BonusRulingForm
        )

    def _asked(
        self, found: QuerySet[Any], how: str, act: str, form: type[forms.Form]
    ) -> list[Asked]:
        rows = [row for row in found.order_by("outcome", "pk") if self._concerns(row.unit_id)]
        asked = [getattr(row, f"{how}_by") for row in rows]
        names = actor_names([*asked, *(row.ruled_by for row in rows)]) if rows else {}
        listed = []
        for row, by in zip(rows, asked, strict=True):
            may_rule = self.is_city and not self.month.is_closed and not row.outcome
            is_own = may_rule and by == self.actor.reference
            listed.append(
                Asked(
                    row=row,
                    asked_by=names[by],
                    ruled_by=names[row.ruled_by] if row.outcome else "",
                    form=self._form(act, str(row.pk), form) if may_rule and not is_own else None,
                    is_own=is_own,
                    is_late=not row.outcome and getattr(row, "due_at", self.at) < self.at,
                )
            )
        return listed

    @cached_property
    def bonus_form(self) -> forms.Form | None:
        """Points may be proposed until the units' time to object is over, for the units one speaks
        for."""
        if not takes_bonuses(self.month, self.at) or not self.actor.has(*SPEAKERS):
            return None
        listed = [u for u in reading.scored_units(self.month.rules) if self._speaks_for(u.pk)]
        form = self._form("bonus", "", BonusForm)
        options = [("", _("请选择")), *((unit.code, unit.name) for unit in listed)]
        form.fields["unit"].widget = forms.Select(choices=options)
        return form

    # --- who may ---------------------------------------------------------------------------

    @cached_property
    def _answered_for(self) -> frozenset[int]:
        return units_answered_for(self.actor)

    def _concerns(self, unit_id: int) -> bool:
        return self.is_overseer or unit_id in self._answered_for

    def _speaks_for(self, unit_id: int) -> bool:
        if self.is_city:
            return True
        return self.actor.has(Role.DISTRICT_SUPERVISOR) and unit_id in self._answered_for

    def _form(
        self, act: str, key: str, kind: type[forms.Form], initial: dict[str, Any] | None = None
    ) -> forms.Form:
        """The form as it was refused, or an empty one; every one on the page has ids of its own."""
        if self.sent and (self.sent.act, self.sent.key) == (act, key):
            return self.sent.form
        return kind(initial=initial, auto_id=ids_of(act, key))


def ids_of(act: str, key: str = "") -> str:
    """How the fields of one of the page's forms are named, so that no two share an id."""
    return f"{act}-{key}-%s" if key else f"{act}-%s"
