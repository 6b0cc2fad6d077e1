"""Assessment schemes as pages show them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django import forms
from django.db.models import QuerySet
from django.http import Http404, QueryDict
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from evaluation.forms.schemes import SchemeForm
from evaluation.models import Consultation, ConsultedParty, Scheme
from evaluation.rendering.schemes import SECTIONS, RuleText, differing
from evaluation.rules import DEFAULT_RULES
from evaluation.schemes import month_at, rules_of, scheme_before
from evaluation.services.schemes import (
    EDITORS,
    change_draft,
    draft_scheme,
    earliest_month,
    fingerprint,
    missing_for_adoption,
    speaks_of,
)
from hotline.core.actors import Actor
from hotline.core.models import Role
from hotline.core.violations import RuleViolation
from hotline.core.working_time import business_day
from hotline.pages.consultations import ShownRecord, awaited
from hotline.pages.pickers import dressed
from intake.rendering import actor_names

# Who is assessed, who watches over it, and the authority itself.
READERS = frozenset(
    {Role.CITY_SUPERVISOR, Role.AUDITOR, Role.DISTRICT_SUPERVISOR, Role.MANAGER, Role.HANDLER}
)


def may_edit(actor: Actor) -> bool:
    return actor.has(*EDITORS)


def readable_by(actor: Actor) -> QuerySet[Scheme]:
    """The authority reads every draft; the others what is adopted and what they are asked about."""
    if may_edit(actor):
        return Scheme.objects.all()
    asked = Consultation.objects.values("scheme_id")
    return Scheme.objects.adopted() | Scheme.objects.filter(pk__in=asked)


def scheme_numbered(version: int, actor: Actor) -> Scheme:
    """Raises Http404 for a scheme that does not exist for this reader."""
    scheme = readable_by(actor).filter(version=version).first()
    if scheme is None:
        raise Http404
    return scheme


def draft_numbered(version: int, actor: Actor) -> Scheme:
    """Raises Http404 also for a scheme that is a draft no more."""
    scheme = scheme_numbered(version, actor)
    if scheme.adopted_at is not None:
        raise Http404
    return scheme


# --- where a scheme stands --------------------------------------------------------------------


@dataclass(frozen=True)
class Standing:
    """A word for where a scheme stands, its tone, and the month before which it ends."""

    words: str | Promise
    tone: str = ""
    until: str = ""


def standing(
    scheme: Scheme, first_months: Collection[str], *, is_asked: bool, at: dt.datetime
) -> Standing:
    """Where a scheme stands among those adopted, which begin with `first_months`."""
    if scheme.adopted_at is None:
        return Standing(_("征求意见"), "warn") if is_asked else Standing(_("草稿"))
    until = min((month for month in first_months if month > scheme.valid_from), default="")
    running = month_at(at).label
    if scheme.valid_from > running:
        return Standing(_("待施行"), "info", until)
    if until and until <= running:
        return Standing(_("已被替代"), "", until)
    return Standing(_("现行"), "ok", until)


@dataclass(frozen=True)
class SchemeLine:
    """One version in the list: who drafted and adopted it, and how many opinions each party gave
    (None: not asked to the end)."""

    scheme: Scheme
    standing: Standing
    drafted_by: str
    adopted_by: str
    opinions: list[tuple[str | Promise, int | None]]

    @property
    def is_consulted(self) -> bool:
        return any(count is not None for _party, count in self.opinions)


def lines(actor: Actor, *, at: dt.datetime) -> list[SchemeLine]:
    """Every scheme that this reader may read, the newest first."""
    schemes = list(readable_by(actor).order_by("-version").prefetch_related("consultations"))
    names, begin = _names(schemes), _first_months()
    found = []
    for scheme in schemes:
        asked = sorted(scheme.consultations.all(), key=lambda one: one.pk)
        said = {one.party: one.opinion_count for one in asked if one.summary}
        found.append(
            SchemeLine(
                scheme,
                standing(scheme, begin, is_asked=bool(asked), at=at),
                names[scheme.drafted_by],
                names[scheme.adopted_by] if scheme.adopted_by else "",
                [(party.label, said.get(party.value)) for party in ConsultedParty],
            )
        )
    return found


def _first_months() -> list[str]:
    return list(Scheme.objects.adopted().values_list("valid_from", flat=True))


def _names(schemes: Iterable[Scheme]) -> dict[str, str]:
    people = {
        who for one in schemes for who in (one.drafted_by, one.adopted_by, *one.edited_by) if who
    }
    return actor_names(sorted(people))


# --- one scheme -------------------------------------------------------------------------------


@dataclass(frozen=True)
class ShownRule:
    """A rule with its definition, its value, and what it was in the version before."""

    text: RuleText
    value: str
    before: str
    is_changed: bool


@dataclass(frozen=True)
class ShownSection:
    title: str | Promise
    rules: list[ShownRule]


class SchemePage:
    """Everything a reader is told about one scheme."""

    def __init__(self, scheme: Scheme, actor: Actor, *, at: dt.datetime) -> None:
        self.scheme, self.actor, self.at = scheme, actor, at
        self.rules = rules_of(scheme)
        self.before = scheme_before(scheme)

    @property
    def is_draft(self) -> bool:
        return self.scheme.adopted_at is None

    @cached_property
    def standing(self) -> Standing:
        is_asked = bool(self.consultations)
        return standing(self.scheme, _first_months(), is_asked=is_asked, at=self.at)

    @property
    def sections(self) -> list[ShownSection]:
        before = rules_of(self.before) if self.before else None
        changed = {text.name for text in differing(self.rules, before or self.rules)}
        return [
            ShownSection(
                section.title,
                [
                    ShownRule(
                        text,
                        text.value(self.rules),
                        text.value(before) if before else "",
                        text.name in changed,
                    )
                    for text in section.rules
                ],
            )
            for section in SECTIONS
        ]

    @cached_property
    def names(self) -> dict[str, str]:
        wrote = {one.written_by for one in self.consultations}
        return {**_names([self.scheme]), **actor_names(sorted(wrote))}

    @property
    def drafted_by(self) -> str:
        return self.names[self.scheme.drafted_by]

    @property
    def authors(self) -> list[str]:
        """Everybody who ever wrote its rules, none of whom adopts it."""
        return [self.names[who] for who in self.scheme.edited_by]

    @property
    def adopted_by(self) -> str:
        return self.names.get(self.scheme.adopted_by, "")

    @property
    def is_shipped(self) -> bool:
        """Adopted by the system when it was installed, without asking anybody."""
        return self.scheme.adopted_by == "system"

    @cached_property
    def consultations(self) -> list[Consultation]:
        return list(self.scheme.consultations.order_by("-pk"))

    @property
    def records(self) -> list[ShownRecord]:
        """Every record of whom was asked, the newest first."""
        return [
            ShownRecord(one, self.names[one.written_by], not speaks_of(one, self.scheme))
            for one in self.consultations
        ]

    @cached_property
    def awaited(self) -> dict[str, Any]:
        """A result that nobody has written down yet, as the form begins with it."""
        return awaited(self.consultations, business_day(self.at))

    @cached_property
    def missing(self) -> list[str]:
        """What keeps this reader from adopting the draft, in sentences."""
        refusals = missing_for_adoption(self.scheme, actor=self.actor, at=self.at)
        return [refusal.sentence() for refusal in refusals]


# --- writing one ------------------------------------------------------------------------------

# What stands behind a number on the form.
_UNITS: dict[str, str | Promise] = {
    "bonus_cap": _("分"), "min_sample": _("件"), "coverage_floor": "%", "sample_percent": "%",
    "pressure_percent": "%", "close_lag_days": _("天"), "appeal_days": _("天"),
    "tail_count": _("个"),
}  # fmt: skip


@dataclass(frozen=True)
class FormRule:
    """A rule on the form: its definition beside the fields it is written in; without any, the
    value that every scheme keeps."""

    text: RuleText
    fields: list[forms.BoundField]
    value: str

    @property
    def is_scope(self) -> bool:
        return self.text.name == "out_of_scope"

    @property
    def is_single(self) -> bool:
        return len(self.fields) == 1

    @property
    def is_sixfold(self) -> bool:
        """Two sides of three weights each, one below the other."""
        return self.text.name == "whistle"

    @property
    def unit(self) -> str | Promise:
        return _UNITS.get(self.text.name, "")


class SchemeSheet:
    """The form of a draft: a new one begun from `base`, or one being changed."""

    def __init__(
        self,
        *,
        base: Scheme | None,
        draft: Scheme | None = None,
        data: QueryDict | None = None,
        at: dt.datetime,
    ) -> None:
        self.base, self.draft, self.at = base, draft, at
        begun_from = draft or base
        initial: dict[str, Any] = {"valid_from": earliest_month(at)}
        if draft is not None:
            initial = {
                "name": draft.name, "valid_from": draft.valid_from, "seen": fingerprint(draft),
            }  # fmt: skip
        rules = rules_of(begun_from) if begun_from else DEFAULT_RULES
        self.form = SchemeForm(data, base=rules, initial=initial)
        for row in self.form.scopes.forms:
            dressed(row)
        # Where somebody else changed the draft meanwhile: in which rules it now differs.
        self.differences: list[tuple[RuleText, str, str]] = []

    @property
    def sections(self) -> list[tuple[str | Promise, list[FormRule]]]:
        return [
            (
                section.title,
                [
                    FormRule(text, self.form.parts(text.name), text.value(self.form.base))
                    for text in section.rules
                ],
            )
            for section in SECTIONS
        ]

    @property
    def problems(self) -> list[dict[str, str]]:
        """What is wrong with single fields, each with its place in the long form."""
        return [
            {"url": f"#{field.id_for_label}", "label": f"{field.label} {error}"}
            for field in self.form
            for error in field.errors
        ]

    def store(self, actor: Actor) -> Scheme | None:
        """The draft as it was filled in; None where it cannot be, which the form then says."""
        if not self.form.is_valid():
            return None
        given = self.form.cleaned_data
        content: dict[str, Any] = {
            "name": given["name"], "valid_from": given["valid_from"], "rules": self.form.rules,
            "actor": actor, "at": self.at,
        }  # fmt: skip
        try:
            if self.draft is None:
                return draft_scheme(based_on=self.base, **content)
            return change_draft(scheme=self.draft, seen=given["seen"], **content)
        except RuleViolation as refusal:
            if refusal.status in (403, 404):
                raise
            self.form.refuse(refusal)
            if refusal.code == "scheme_changed_meanwhile":
                self._look_again()
            return None

    def _look_again(self) -> None:
        """Show what is stored now; sent once more, the form takes its place."""
        assert self.draft is not None
        stored = Scheme.objects.get(pk=self.draft.pk)
        typed: Any = self.form.data
        self.form.data = again = typed.copy()
        again["seen"] = fingerprint(stored)
        theirs, ours = rules_of(stored), self.form.rules
        self.differences = [
            (text, text.value(theirs), text.value(ours)) for text in differing(theirs, ours)
        ]


def base_for(version: str, actor: Actor) -> Scheme | None:
    """The scheme that a new draft begins with: the one named, else the latest adopted one.

    Raises Http404 when the one named does not exist.
    """
    if not version:
        return Scheme.objects.adopted().order_by("-valid_from").first()
    if not (version.isascii() and version.isdecimal() and len(version) < 10):
        raise Http404
    return scheme_numbered(int(version), actor)
