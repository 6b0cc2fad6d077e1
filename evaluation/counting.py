"""From outcomes to counts: which rows a month's numbers count, and how many there are per unit.

Each number is a condition on outcome rows; the tally counts the rows and the list behind a number
is the tickets of exactly those rows. One definition serves both.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Any

from django.db.models import BooleanField, Count, Exists, F, OuterRef, Q, QuerySet, Value

from evaluation.models import OutcomeFacts, OutcomeRole
from evaluation.rules import Rules
from evaluation.tally import Tally, UnitTally
from hotline.core.models import AssessmentGroup, Unit
from hotline.core.working_time import BUSINESS_ZONE
from intake.models import RequestType
from knowledge.models import categories

_BOOLEAN = BooleanField(null=True)
Rows = QuerySet[Any]
ASSISTING = (OutcomeRole.COOPERATE, OutcomeRole.DELEGATE)
# The counts of a unit in a month, in the order they are told.
COUNTS = (
    "volume", "not_counted", "due", "valid", "excluded", "set_aside", "on_ledger", "repeats",
)  # fmt: skip


def assessed(rows: Rows, rules: Rules) -> Rows:
    """The rows a scheme speaks of at all: not praise (R-003), not out of its scope (R-094)."""
    rows = rows.exclude(request_type=RequestType.PRAISE)
    for scope in rules.out_of_scope:
        below = Q(category_id__in=_below(scope.category))
        if scope.begins:
            below &= Q(accepted_at__gte=_midnight(scope.begins))
        if scope.ends:
            below &= Q(accepted_at__lt=_midnight(scope.ends))
        rows = rows.exclude(below)
    return rows


def in_role(rows: Rows, rules: Rules) -> Rows:
    """The rows a unit is scored by: what it leads; what it assists with where the scheme shares
    credit (F-19); a second receiver never leads, so by what it assists with."""
    second = Q(unit__group=AssessmentGroup.SECOND_RECEIVER, role__in=ASSISTING)
    own = Q(role=OutcomeRole.LEAD)
    if rules.shares is not None:
        own |= Q(role=OutcomeRole.COOPERATE)
    return rows.filter(own | second)


def base(rows: Rows, rules: Rules) -> Rows:
    """The rows that can enter the rates: without what was excluded (F-21), set aside on appeal,
    put on the ledger (R-067), and without repeats where a matter counts once."""
    found = in_role(assessed(rows, rules), rules).filter(
        excluded="", is_set_aside=False, is_on_ledger=False
    )
    return found.exclude(_is_repeat(rows)) if rules.repeats == "once" else found


def answered(rows: Rows, rules: Rules) -> Rows:
    """V: the rows of the base with the answer that counts, the first or the last, by a channel
    that counts. An answer by another channel is not replaced by a later one."""
    return base(rows, rules).filter(**{f"{rules.answer}_channel__in": list(rules.channels)})


def due(rows: Rows, rules: Rules) -> Rows:
    """What the coverage is measured against: call-backs that fell due, and answers that came
    before anybody had to call."""
    return base(rows, rules).filter(
        Q(is_due=True) | Q(**{f"{rules.answer}_channel__in": list(rules.channels)})
    )


_HELD = Q(is_left=False)
# The counts that a row answers by itself.
_PLAIN = {
    "volume": _HELD,
    "not_counted": _HELD & ~Q(not_counted=""),
    "excluded": ~Q(excluded=""),
    "set_aside": Q(is_set_aside=True),
    "ledger": _HELD & Q(is_on_ledger=True),
    "overdue": _HELD & Q(is_on_time=False),
    "returned": Q(return_count__gt=0),
    "improper": Q(improper_count__gt=0),
}


def numbers(rows: Rows, rules: Rules) -> dict[str, Rows]:
    """The rows behind every count of a month, by its name."""
    ours = in_role(assessed(rows, rules), rules)
    said = answered(rows, rules)
    solved = f"{rules.answer}_resolved"
    pleased = f"{rules.answer}_satisfaction"
    return {
        **{name: ours.filter(condition) for name, condition in _PLAIN.items()},
        "due": due(rows, rules),
        "valid": said,
        "contacted": said.filter(**{f"{rules.answer}_contacted": True}),
        "resolved": said.filter(**{solved: True}),
        "satisfied": said.filter(**{pleased: "satisfied"}),
        "basically": said.filter(**{pleased: "basically"}),
        "unresolved": said.filter(**{solved: False}),
        "repeats": ours.filter(_HELD).filter(_is_repeat(rows)),
    }


def plain_counts(rows: Rows, rules: Rules) -> dict[int, dict[str, int]]:
    """Per unit the counts that a row answers by itself, in one statement."""
    ours = in_role(assessed(rows, rules), rules).order_by()
    counted = ours.values("unit_id").annotate(
        **{name: Count("pk", filter=condition) for name, condition in _PLAIN.items()}
    )
    return {row.pop("unit_id"): row for row in counted}


def tallies(rows: Rows, rules: Rules, units: Iterable[Unit]) -> dict[int, UnitTally]:
    """What a month's rows come to, per unit: three statements however many rows there are.

    Every unit of `units` is in the answer, one without rows with nothing.
    """
    listed = {unit.pk: unit for unit in units}
    counts = _counts(rows, rules)
    answers = _answers(rows, rules)
    return {
        pk: UnitTally(
            unit_id=pk,
            group=unit.group,
            answers=tuple(answers.get(pk, ())),
            on_ledger=counts.get(pk, {}).get("ledger", 0),
            **{name: counts.get(pk, {}).get(name, 0) for name in _COUNTED},
        )
        for pk, unit in listed.items()
    }


_COUNTED = ("volume", "due", "excluded", "not_counted", "set_aside", "repeats")


def _counts(rows: Rows, rules: Rules) -> dict[int, dict[str, int]]:
    found = plain_counts(rows, rules)
    repeated = in_role(assessed(rows, rules), rules).filter(_HELD).filter(_is_repeat(rows))
    for name, chosen in {"due": due(rows, rules), "repeats": repeated}.items():
        grouped = chosen.order_by().values_list("unit_id").annotate(n=Count("pk"))
        for unit_id, n in grouped:
            found.setdefault(unit_id, {})[name] = n
    return found


def _answers(rows: Rows, rules: Rules) -> dict[int, list[Tally]]:
    """The answers that count, alike ones together; what only shared credit asks for is left out
    where nothing is shared."""
    said = answered(rows, rules).order_by()
    if rules.shares is None:
        said = said.annotate(partners=Value(0), in_time=Value(None, output_field=_BOOLEAN))
    else:
        said = said.annotate(partners=F("partner_count"), in_time=F("is_on_time"))
    which = rules.answer
    grouped = said.values_list(
        "unit_id", "role", "partners", "in_time",
        f"{which}_contacted", f"{which}_resolved", f"{which}_satisfaction",
    ).annotate(n=Count("pk"))  # fmt: skip
    found: dict[int, list[Tally]] = {}
    for unit_id, role, partners, in_time, contacted, resolved, satisfaction, n in grouped:
        tally = Tally(role, partners, in_time, contacted, resolved, satisfaction, n)
        found.setdefault(unit_id, []).append(tally)
    return found


def _is_repeat(rows: Rows) -> Exists:
    """The same requester raised the same matter (class and place) with the same unit earlier in
    the month: R-026, F-17. What was excluded is no earlier occurrence."""
    same = ("unit_id", "role", "requester_id", "category_id", "area_id", "month")
    earlier = rows.model._default_manager.filter(
        excluded="", is_left=False, ticket_id__lt=OuterRef("ticket_id"),
        **{name: OuterRef(name) for name in same},
    )  # fmt: skip
    return Exists(earlier)


def _below(code: str) -> list[int]:
    """A class and the classes below it."""
    found = {pk for pk, category in categories().items() if category.code == code}
    for _level in range(2):
        found |= {pk for pk, category in categories().items() if category.parent_id in found}
    return sorted(found)


def _midnight(day: dt.date) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(), BUSINESS_ZONE)


def rows_of(model: type[OutcomeFacts], month: str) -> Rows:
    return model._default_manager.filter(month=month)
