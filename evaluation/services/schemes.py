"""Assessment schemes: drafted, consulted on, adopted by another person (R-090, R-094)."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from evaluation import digests
from evaluation.models import Consultation, ConsultedParty, MonthClose, MonthDraft, Scheme
from evaluation.months import scored_units
from evaluation.rule_names import RULE_NAMES
from evaluation.rules import Rules
from evaluation.schemes import month_at, rules_of
from hotline.core.actors import Actor
from hotline.core.models import AssessmentGroup, AuditEntry, Deployment, Notice, Role
from hotline.core.text import InputRefused, clean
from hotline.core.violations import NotPermitted, RuleViolation
from hotline.core.working_time import business_day
from intake.rendering import actor_name
from intake.services.registration import tidy
from knowledge.models import category_by_code

NAME_LIMIT = 80
TEXT_LIMIT = 1000
# The authority over the assessment.
EDITORS = (Role.CITY_SUPERVISOR,)
_MONTH = re.compile(r"\d{4}-(0[1-9]|1[0-2])")
# Rules by which months follow each other without a gap: they stay as they are.
_UNCHANGING = ("period_start_day", "day_cut")


@transaction.atomic
def draft_scheme(
    *,
    based_on: Scheme | None,
    name: str,
    valid_from: str,
    rules: Rules,
    actor: Actor,
    at: dt.datetime,
) -> Scheme:
    """A draft of the next scheme, begun from `based_on`; it decides nothing before it is adopted.

    Raises NotPermitted; RuleViolation for a name or class that cannot be kept, for what is no
    month and for a month that has begun.
    """
    _require_editor(actor)
    _one_at_a_time()
    name = _checked(name, valid_from, rules, at)
    newest = Scheme.objects.order_by("-version").first()
    scheme = Scheme.objects.create(
        version=newest.version + 1 if newest else 1,
        name=name,
        rules=rules.as_json(),
        valid_from=valid_from,
        drafted_at=at,
        drafted_by=actor.reference,
        edited_by=[actor.reference],
    )
    base = {"based_on": based_on.version} if based_on else {}
    _audit("scheme_drafted", scheme, actor, at, **base)
    return scheme


@transaction.atomic
def change_draft(
    *,
    scheme: Scheme,
    seen: str,
    name: str,
    valid_from: str,
    rules: Rules,
    actor: Actor,
    at: dt.datetime,
) -> Scheme:
    """Write a draft anew. `seen` is the fingerprint of what the actor looked at: when somebody
    else has changed the draft since, nothing happens. Who changed it last is its drafter; whoever
    ever wrote its rules or its first month cannot adopt it.

    Raises what `draft_scheme` raises; RuleViolation `scheme_changed_meanwhile`, and
    `scheme_is_adopted` when it is a draft no more.
    """
    _require_editor(actor)
    scheme = _locked_draft(scheme)
    if seen != fingerprint(scheme):
        raise RuleViolation(
            "scheme_changed_meanwhile",
            who=actor_name(scheme.drafted_by),
            when=timezone.localtime(scheme.drafted_at).strftime("%m-%d %H:%M"),
        )
    name = _checked(name, valid_from, rules, at)
    stored = (scheme.name, scheme.valid_from, rules_of(scheme))
    if (name, valid_from, rules) == stored:  # nobody becomes its drafter by looking at it
        return scheme
    if (valid_from, rules) != stored[1:] and actor.reference not in scheme.edited_by:
        scheme.edited_by = [*scheme.edited_by, actor.reference]
    scheme.name, scheme.valid_from, scheme.rules = name, valid_from, rules.as_json()
    scheme.drafted_at, scheme.drafted_by = at, actor.reference
    scheme.save(
        update_fields=["name", "valid_from", "rules", "drafted_at", "drafted_by", "edited_by"]
    )
    _audit("scheme_changed", scheme, actor, at)
    return scheme


@transaction.atomic
def record_consultation(
    *,
    scheme: Scheme,
    party: str,
    began_on: dt.date,
    ended_on: dt.date,
    opinion_count: int = 0,
    summary: str = "",
    adopted_opinions: str = "",
    actor: Actor,
    at: dt.datetime,
) -> Consultation:
    """Write down that a party is asked about a draft until a day or, when that day is over, what
    it said and what was taken up. From the first such record on the units read the draft, and
    those asked are told (R-090). A result speaks of the rules that were put to the party.

    Raises NotPermitted; RuleViolation `scheme_is_adopted`, `consultation_days`,
    `consultation_before_draft`, `consultation_still_open`, `consultation_not_opened`,
    `consultation_result_required`.
    """
    _require_editor(actor)
    scheme = _locked_draft(scheme)
    summary = tidy(summary, TEXT_LIMIT, _("收到的意见"), "summary")
    adopted_opinions = tidy(adopted_opinions, TEXT_LIMIT, _("采纳情况"), "adopted_opinions")
    if ended_on < began_on:
        raise RuleViolation("consultation_days", field="ended_on")
    span = {"party": ConsultedParty(party), "began_on": began_on, "ended_on": ended_on}
    is_opening = ended_on >= business_day(at)
    if is_opening:
        if opinion_count or summary or adopted_opinions:
            raise RuleViolation("consultation_still_open", field="ended_on", day=ended_on)
        written_on = business_day(scheme.drafted_at)
        if began_on < written_on:
            raise RuleViolation("consultation_before_draft", field="began_on", day=written_on)
        put = digests.of(scheme.rules)
    else:
        if not (summary and adopted_opinions):
            empty = "adopted_opinions" if summary else "summary"
            raise RuleViolation("consultation_result_required", field=empty)
        put = _opened(scheme, span).fingerprint
    consultation = Consultation.objects.create(
        scheme=scheme,
        **span,
        opinion_count=opinion_count,
        fingerprint=put,
        summary=summary,
        adopted_opinions=adopted_opinions,
        written_at=at,
        written_by=actor.reference,
    )
    _audit("scheme_consulted", scheme, actor, at, party=party, ended_on=ended_on.isoformat())
    if is_opening:
        _tell_asked(consultation, at)
    return consultation


def _opened(scheme: Scheme, span: dict[str, Any]) -> Consultation:
    """The record made while a party was still being asked."""
    found = scheme.consultations.filter(**span, summary="").order_by("pk").last()
    if found is None:
        party = ConsultedParty(span["party"]).label
        raise RuleViolation("consultation_not_opened", field="began_on", party=party)
    return found


def _tell_asked(consultation: Consultation, at: dt.datetime) -> None:
    """The units of the party that is asked: streets and towns, or all the others assessed."""
    party, scheme = consultation.party, consultation.scheme
    if party == ConsultedParty.PUBLIC:
        return
    is_street = party == ConsultedParty.STREETS
    Notice.objects.bulk_create(
        Notice(unit=unit, type="scheme_consulted", data={"scheme": scheme.version}, created_at=at)
        for unit in scored_units(rules_of(scheme))
        if (unit.group == AssessmentGroup.STREET_TOWN) == is_street
    )


@transaction.atomic
def adopt_scheme(*, scheme: Scheme, actor: Actor, at: dt.datetime) -> Scheme:
    """Let a draft score every month from its first one on. It can never be changed again.

    Two people at once: one wins. Raises NotPermitted, and the first RuleViolation of
    `missing_for_adoption`, or `scheme_is_adopted`.
    """
    _require_editor(actor)
    _one_at_a_time()
    scheme = _locked_draft(scheme)
    for refusal in missing_for_adoption(scheme, actor=actor, at=at):
        raise refusal
    scheme.adopted_at, scheme.adopted_by = at, actor.reference
    scheme.save(update_fields=["adopted_at", "adopted_by"])
    _audit("scheme_adopted", scheme, actor, at, valid_from=scheme.valid_from)
    return scheme


@transaction.atomic
def discard_draft(*, scheme: Scheme, actor: Actor, at: dt.datetime) -> None:
    """Throw a draft away that nobody outside has been asked about.

    Raises NotPermitted; RuleViolation `scheme_is_adopted`, `scheme_has_consultations`.
    """
    _require_editor(actor)
    scheme = _locked_draft(scheme)
    if scheme.consultations.exists():
        raise RuleViolation("scheme_has_consultations")
    _audit("scheme_discarded", scheme, actor, at)
    scheme.delete()


# --- what a draft lacks ---------------------------------------------------------------------


def missing_for_adoption(
    scheme: Scheme, *, actor: Actor, at: dt.datetime
) -> Iterator[RuleViolation]:
    """Everything that keeps this actor from adopting a draft now, each as its refusal."""
    if actor.reference in scheme.edited_by:
        yield RuleViolation("scheme_own_draft")
    yield from _not_consulted(scheme, business_day(at))
    yield from _month_refused(scheme.valid_from, at)
    for month in opened_months():
        if month >= scheme.valid_from:
            yield RuleViolation("scheme_month_opened", field="valid_from", month=month)
            break
    adopted = Scheme.objects.adopted().exclude(pk=scheme.pk)
    same = adopted.filter(valid_from=scheme.valid_from).first()
    if same is not None:
        yield RuleViolation(
            "scheme_month_taken", field="valid_from", version=same.version, month=same.valid_from
        )
    rules, before = rules_of(scheme), adopted.order_by("-valid_from").first()
    for name in _UNCHANGING:
        if before is not None and getattr(rules, name) != getattr(rules_of(before), name):
            yield InputRefused("scheme_period_differs", field=name, label=RULE_NAMES[name])


def consulted(scheme: Scheme, on: dt.date) -> dict[ConsultedParty, Consultation]:
    """Who has been asked about the rules as they are now until a day before `on` and what they
    said: the newest result of each party."""
    ended = _about_these_rules(scheme).filter(ended_on__lt=on).exclude(summary="").order_by("pk")
    return {ConsultedParty(one.party): one for one in ended}


def speaks_of(consultation: Consultation, scheme: Scheme) -> bool:
    """Whether a party was asked about the rules as they are now."""
    return consultation.fingerprint == digests.of(scheme.rules)


def _about_these_rules(scheme: Scheme) -> QuerySet[Consultation]:
    return scheme.consultations.filter(fingerprint=digests.of(scheme.rules))


def opened_months() -> list[str]:
    """The months whose result the units have seen, the latest first."""
    drafted = set(MonthDraft.objects.values_list("month", flat=True))
    return sorted(drafted | set(MonthClose.objects.values_list("month", flat=True)), reverse=True)


def earliest_month(at: dt.datetime) -> str:
    """The first month that has not begun: the earliest one that a new scheme may begin with."""
    return month_at(month_at(at).end).label


def fingerprint(scheme: Scheme) -> str:
    """What a draft says, as a short text that differs when anything in it does."""
    return digests.of(scheme.name, scheme.valid_from, scheme.rules)


def _not_consulted(scheme: Scheme, on: dt.date) -> Iterator[RuleViolation]:
    asked = set(scheme.consultations.values_list("party", flat=True))
    of_now = set(_about_these_rules(scheme).values_list("party", flat=True))
    said = consulted(scheme, on)
    for party in ConsultedParty:
        if party not in asked:
            yield RuleViolation("scheme_not_consulted", party=party.label)
        elif party not in of_now:
            yield RuleViolation("scheme_changed_since_consulted", party=party.label)
        elif party not in said:
            yield RuleViolation("scheme_consultation_running", party=party.label)


def _month_refused(month: str, at: dt.datetime) -> Iterator[RuleViolation]:
    """A month that has begun keeps the rules it began with; only the very first scheme may speak
    of the past, for which there were none."""
    earliest = earliest_month(at)
    if month < earliest and Scheme.objects.adopted().exists():
        yield RuleViolation(
            "scheme_month_begun", field="valid_from", month=month, earliest=earliest
        )


def _checked(name: str, valid_from: str, rules: Rules, at: dt.datetime) -> str:
    """The name as it is kept."""
    name = clean(name, NAME_LIMIT, "name", label=_("方案名称"))
    if not _MONTH.fullmatch(valid_from):
        raise RuleViolation("scheme_month", field="valid_from", month=valid_from)
    for refusal in _month_refused(valid_from, at):
        raise refusal
    for scope in rules.out_of_scope:
        if category_by_code(scope.category) is None:
            raise RuleViolation(
                "scheme_category_unknown", field="out_of_scope", category=scope.category
            )
    return name


def _require_editor(actor: Actor) -> None:
    if not actor.has(*EDITORS):
        raise NotPermitted


def _one_at_a_time() -> None:
    """Schemes are numbered, and follow each other, one after the other."""
    Deployment.objects.select_for_update().get(pk=1)


def _locked_draft(scheme: Scheme) -> Scheme:
    """The row as it is now, nobody else's until the end of the transaction."""
    locked = Scheme.objects.select_for_update().filter(pk=scheme.pk).first()
    if locked is None or locked.adopted_at is not None:
        raise RuleViolation("scheme_is_adopted", version=scheme.version)
    return locked


def _audit(action: str, scheme: Scheme, actor: Actor, at: dt.datetime, **data: object) -> None:
    AuditEntry.objects.create(
        at=at,
        action=action,
        actor=actor.reference,
        data={"scheme": scheme.version, "digest": fingerprint(scheme), **data},
    )
