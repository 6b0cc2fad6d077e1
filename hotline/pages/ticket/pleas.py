"""剔除、不计入、申诉 on the ticket page: what was asked and decided, and what can still be."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django import forms
from django.utils.translation import gettext as _

from dispatch.models import Assignment, AssignmentRole
from evaluation.models import Appeal, CallbackResult, Exclusion, ExclusionScope, PleaOutcome
from evaluation.pleas import RULING_CLOCK, answers_counted, is_open_for, visible
from hotline.core.actors import Actor
from hotline.core.models import LASTING_KINDS, AssessmentGroup, Role, Unit
from hotline.core.places import units
from hotline.pages.templatetags.clocks import moment
from hotline.pages.ticket.facts import Facts
from hotline.pages.ticket.questions import Words
from intake.models import Clock, Ticket
from intake.rendering import actor_names

Plea = Exclusion | Appeal
# Who reads the list of all of them, each their own part.
PLEA_READERS = frozenset(
    {Role.CITY_SUPERVISOR, Role.AUDITOR, Role.DISTRICT_SUPERVISOR, Role.MANAGER, Role.HANDLER}
)
# How a decision looks, and how one that is awaited does.
_TONES = {PleaOutcome.GRANTED: "ok", PleaOutcome.REFUSED: "late", "": "warn"}


@dataclass(frozen=True)
class PleaLine:
    """One plea: what was asked for which unit, how it stands, and in which words."""

    plea: Plea
    title: str
    unit: Unit
    state: str
    tone: str
    clock: Clock | None
    words: list[Words]


@dataclass(frozen=True)
class PleaPanel:
    """The ticket's pleas, and whether the reader may open the list of all."""

    lines: list[PleaLine]
    opens_list: bool


def plea_panel(facts: Facts) -> PleaPanel | None:
    """What stands about pleas on the page; None where the reader knows of none."""
    lines = _lines(facts)
    return PleaPanel(lines, opens_list=facts.actor.has(*PLEA_READERS)) if lines else None


def _lines(facts: Facts) -> list[PleaLine]:
    """The pleas that the reader may know of, the latest first."""
    pleas: list[Plea] = [*facts.exclusions, *facts.appeals]
    if not pleas:
        return []
    names = actor_names(sorted({who for plea in pleas for who in (plea.raised_by, plea.ruled_by)}))
    newest_first = sorted(pleas, key=lambda plea: (plea.raised_at, plea.pk), reverse=True)
    return [_line(plea, facts, names) for plea in newest_first]


def _line(plea: Plea, facts: Facts, names: dict[str, str]) -> PleaLine:
    about = (RULING_CLOCK[type(plea)], plea.pk)
    clocks = (c for c in facts.running(*LASTING_KINDS) if (c.kind, c.subject_id) == about)
    words = plea_words(plea, names)
    if isinstance(plea, Appeal):
        words.insert(1, (_("对哪次回访"), answer_words(plea.result, facts.ticket, facts.actor)))
    return PleaLine(
        plea=plea,
        title=plea_title(plea),
        unit=units()[plea.unit_id],
        state=plea_state(plea),
        tone=_TONES.get(plea.outcome, ""),
        clock=next(clocks, None),
        words=[*words, *ruling_words(plea, names)],
    )


# --- in words --------------------------------------------------------------------------------


def plea_title(plea: Plea) -> str:
    """What was asked."""
    if isinstance(plea, Exclusion):
        return str(ExclusionScope(plea.scope).label)
    return _("申诉回访结果")


def plea_state(plea: Plea) -> str:
    """How it stands."""
    if not plea.outcome:
        return _("待审核")
    if isinstance(plea, Appeal):
        return _("成立") if plea.outcome == PleaOutcome.GRANTED else _("不成立")
    return str(PleaOutcome(plea.outcome).label)


def plea_words(plea: Plea, names: dict[str, str]) -> list[Words]:
    """Why it was asked, with what evidence, by whom and when."""
    asked = {"at": moment(plea.raised_at), "who": names.get(plea.raised_by, "")}
    return [
        (_("事由"), str(plea.get_ground_display())),
        (_("理由"), plea.reason),
        (_("证据"), plea.evidence),
        (_("申请人"), _("%(who)s，%(at)s") % asked),
    ]


def ruling_words(plea: Plea, names: dict[str, str]) -> list[Words]:
    """How it was decided; nothing while it waits."""
    if not plea.outcome:
        return []
    ruled = {"at": moment(plea.ruled_at), "who": names.get(plea.ruled_by, "")}
    found = [(_("审核人"), _("%(who)s，%(at)s") % ruled)]
    return [*found, (_("审核意见"), plea.ruling)] if plea.ruling else found


def answer_words(result: CallbackResult, ticket: Ticket, actor: Actor) -> str:
    """When somebody answered and what, as the reader may know it: an answer that the requester
    withholds from the unit is named by its time alone, and the words of a confidential matter's
    requester stay at the hotline (R-018)."""
    at = moment(result.called_at)
    if result.is_withheld and not actor.sees_all:
        return _("%(at)s，诉求人要求内容不向单位显示") % {"at": at}
    said = [
        _("已联系") if result.contacted else _("未联系"),
        _("已解决") if result.resolved else _("未解决"),
        str(result.get_satisfaction_display()),
    ]
    words = _("%(at)s %(how)s：%(said)s") % {
        "at": at,
        "how": result.get_channel_display(),
        "said": " · ".join(said),
    }
    if result.opinion and (actor.sees_all or not ticket.is_confidential):
        return _("%(words)s。意见：%(opinion)s") % {"words": words, "opinion": result.opinion}
    return words


# --- what can still be asked or decided ------------------------------------------------------


def can_ask_exclusion(facts: Facts) -> bool:
    """A unit of the reader's that is scored, has not asked for everything yet, and whose month is
    still open."""
    taken = {
        (plea.unit_id, plea.scope)
        for plea in facts.exclusions
        if plea.outcome in ("", PleaOutcome.GRANTED)
    }
    return any(
        any((unit_id, scope) not in taken for scope in ExclusionScope.values)
        and is_open_for(facts.ticket, unit_id)
        for unit_id in _own_units(facts.orders, facts.actor)
    )


def can_appeal(facts: Facts) -> bool:
    """A valid answer about the reader's unit, or about a lead that it helped, against which the
    unit has not appealed, in an open month."""
    appealed = {(plea.result_id, plea.unit_id) for plea in facts.appeals}
    left = {
        unit_id
        for result in facts.results
        for unit_id in {result.unit_id, *_helpers(facts.orders, result)}
        if result.is_valid and (result.pk, unit_id) not in appealed and facts.actor.handles(unit_id)
    }
    return any(_is_scored(pk) and is_open_for(facts.ticket, pk) for pk in sorted(left))


def _helpers(orders: Iterable[Assignment], result: CallbackResult) -> set[int]:
    """The units that may have helped with what was answered."""
    return {
        order.unit_id
        for order in orders
        if order.role == AssignmentRole.COOPERATE and order.dispatched_at <= result.called_at
    }


def waits_for(pleas: Iterable[Plea], facts: Facts) -> bool:
    """Something to decide that the reader has not asked for."""
    return any(not p.outcome and p.raised_by != facts.actor.reference for p in pleas)


def _own_units(orders: Iterable[Assignment], actor: Actor) -> list[int]:
    """The reader's scored units that were given the ticket to work on."""
    own = (o.unit_id for o in orders if o.role != AssignmentRole.SUPERVISE)
    return [pk for pk in dict.fromkeys(own) if actor.handles(pk) and _is_scored(pk)]


def _is_scored(unit_id: int) -> bool:
    return units()[unit_id].group != AssessmentGroup.NONE


# --- which one is meant ----------------------------------------------------------------------


def offer_choices(
    form: forms.Form, verb: str, ticket: Ticket, actor: Actor, at: dt.datetime
) -> None:
    """Let the form of a plea or a ruling offer what can be meant, instead of asking for a number:
    nothing where that is clear, a choice where it is not."""
    match verb:
        case "ask_exclusion":
            own = _own_units(Assignment.objects.visible_to(actor).filter(ticket=ticket), actor)
            _offer_units(form, own)
        case "appeal":
            left = _answers_left(ticket, actor, at)
            _offer_units(form, sorted({pk for units_left in left.values() for pk in units_left}))
            _offer(form, "result", _named(left, ticket, actor))
        case "grant_exclusion" | "refuse_exclusion":
            _offer(form, "exclusion", _waiting(Exclusion, ticket, actor))
        case "uphold_appeal" | "reject_appeal":
            _offer(form, "appeal", _waiting(Appeal, ticket, actor))


def _offer_units(form: forms.Form, own: Sequence[int]) -> None:
    """One that is clear is not asked for."""
    if len(own) < 2:
        del form.fields["unit"]
        return
    options = [("", _("请选择")), *((units()[pk].code, units()[pk].name) for pk in own)]
    form.fields["unit"].widget = forms.Select(choices=options)
    form.fields["unit"].required = True


def _offer(form: forms.Form, name: str, choices: list[tuple[int, str]]) -> None:
    """One possibility goes along unseen, so that it stays the one that was looked at."""
    field = form.fields[name]
    field.help_text = ""
    if len(choices) == 1 and not form.is_bound:
        form.initial[name] = choices[0][0]
    if len(choices) == 1 and name != "result":
        field.widget = forms.HiddenInput()
        return
    field.required = True
    field.widget = forms.Select(choices=[("", _("请选择")), *choices])


def _answers_left(ticket: Ticket, actor: Actor, at: dt.datetime) -> dict[int, list[int]]:
    """The answers that one of the reader's units can still appeal against, with those units."""
    counted = answers_counted(ticket, actor.unit_ids, at)
    appealed = set(Appeal.objects.filter(result__in=counted).values_list("result_id", "unit_id"))
    left = {
        pk: [unit_id for unit_id in unit_ids if (pk, unit_id) not in appealed]
        for pk, unit_ids in counted.items()
    }
    return {pk: unit_ids for pk, unit_ids in left.items() if unit_ids}


def _named(left: Iterable[int], ticket: Ticket, actor: Actor) -> list[tuple[int, str]]:
    results = CallbackResult.objects.filter(pk__in=list(left)).order_by("-pk")
    return [(r.pk, answer_words(r, ticket, actor)) for r in results]


def _waiting(
    model: type[Exclusion] | type[Appeal], ticket: Ticket, actor: Actor
) -> list[tuple[int, str]]:
    waiting = visible(model, actor).filter(ticket=ticket, outcome="")
    listed = waiting.exclude(raised_by=actor.reference).order_by("pk")
    return [(p.pk, f"{units()[p.unit_id].name} · {_about(p, ticket, actor)}") for p in listed]


def _about(plea: Plea, ticket: Ticket, actor: Actor) -> str:
    """What tells one plea of a unit from another."""
    if isinstance(plea, Appeal):
        return answer_words(plea.result, ticket, actor)
    return plea_title(plea)
