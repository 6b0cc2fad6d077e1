"""From outcomes to counts: which rows a month's numbers count, and how many there are per unit.

Each number is a condition on outcome rows; the tally counts the rows and the list behind a number
is the tickets of exactly those rows. One definition serves both.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator
from typing import Any

from django.db.models import (
    BooleanField,
    CharField,
    Count,
    Exists,
    ExpressionWrapper,
    F,
    OuterRef,
    Q,
    QuerySet,
    Value,
)

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


def in_role(rows: Rows, rules: Rules, receivers: Collection[int] | None = None) -> Rows:
    """The rows a unit is scored by: what it leads; what it assists with where the scheme shares
    credit (F-19); a second receiver never leads, so by what it assists with. `receivers` are the
    second receivers, where they are not those of today."""
    second = Q(unit__group=AssessmentGroup.SECOND_RECEIVER)
    if receivers is not None:
        second = Q(unit_id__in=receivers)
    second &= Q(role__in=ASSISTING)
    own = Q(role=OutcomeRole.LEAD)
    if rules.shares is not None:
        own |= Q(role=OutcomeRole.COOPERATE)
    return rows.filter(own | second)


def base(rows: Rows, rules: Rules) -> Rows:
    """The rows that can enter the rates: without what was excluded (F-21), set aside on appeal,
    put on the ledger (R-067), and without repeats where a matter counts once."""
    found = in_role(assessed(rows, rules), rules).filter(_counts(rules))
    return found.exclude(_is_repeat(rows, rules)) if rules.repeats == "once" else found


def answered(rows: Rows, rules: Rules) -> Rows:
    """V: the rows of the base with the answer that counts, the first or the last, by a channel
    that counts. An answer by another channel is not replaced by a later one."""
    return base(rows, rules).filter(_is_answered(rules))


def due(rows: Rows, rules: Rules) -> Rows:
    """What the coverage is measured against: call-backs that fell due, and answers that came
    before anybody had to call."""
    return base(rows, rules).filter(_is_owed(rules))


def _counts(rules: Rules) -> Q:
    """What lets a row into the rates, however often the matter was raised."""
    return Q(excluded="", is_on_ledger=False, **{f"{rules.answer}_set_aside": False})


def _is_answered(rules: Rules) -> Q:
    return Q(**{f"{rules.answer}_channel__in": list(rules.channels)})


def _is_owed(rules: Rules) -> Q:
    return Q(is_due=True) | _is_answered(rules)


_HELD = Q(is_left=False)


def _plain(rules: Rules) -> dict[str, Q]:
    """The counts that a row answers by itself."""
    return {
        "volume": _HELD,
        "not_counted": _HELD & ~Q(not_counted=""),
        "excluded": ~Q(excluded=""),
        "set_aside": Q(**{f"{rules.answer}_set_aside": True}),
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
        **{name: ours.filter(condition) for name, condition in _plain(rules).items()},
        "due": due(rows, rules),
        "valid": said,
        "contacted": said.filter(**{f"{rules.answer}_contacted": True}),
        "resolved": said.filter(**{solved: True}),
        "satisfied": said.filter(**{pleased: "satisfied"}),
        "basically": said.filter(**{pleased: "basically"}),
        "unresolved": said.filter(**{solved: False}),
        "repeats": ours.filter(_counts(rules), _is_owed(rules), _is_repeat(rows, rules)),
    }


def plain_counts(rows: Rows, rules: Rules) -> dict[int, dict[str, int]]:
    """Per unit the counts that a row answers by itself, in one statement."""
    ours = in_role(assessed(rows, rules), rules).order_by()
    counted = ours.values("unit_id").annotate(
        **{name: Count("pk", filter=condition) for name, condition in _plain(rules).items()}
    )
    return {row.pop("unit_id"): row for row in counted}


def tallies(rows: Rows, rules: Rules, units: Iterable[Unit]) -> dict[int, UnitTally]:
    """What a month's rows come to, per unit: two statements however many rows there are.

    Every unit of `units` is in the answer, one without rows with nothing; each is of the group
    that it is given in here.
    """
    listed = {unit.pk: unit for unit in units}
    receivers = [u.pk for u in listed.values() if u.group == AssessmentGroup.SECOND_RECEIVER]
    ours = in_role(assessed(rows, rules), rules, receivers)
    whole = _Counted.of(ours, rules)
    repeated = _Counted.of(ours.filter(_is_repeat(rows, rules)), rules)
    left_out = repeated if rules.repeats == "once" else _Counted()
    return {
        pk: UnitTally(
            unit_id=pk,
            group=unit.group,
            volume=whole.counts[pk, "volume"],
            due=whole.counts[pk, "due"] - left_out.counts[pk, "due"],
            excluded=whole.counts[pk, "excluded"],
            not_counted=whole.counts[pk, "not_counted"],
            set_aside=whole.counts[pk, "set_aside"],
            on_ledger=whole.counts[pk, "ledger"],
            repeats=repeated.counts[pk, "due"],
            answers=tuple(_answers(whole.answers[pk], left_out.answers[pk])),
        )
        for pk, unit in listed.items()
    }


class _Counted:
    """Some rows counted: by unit and count, and by unit the answers that are alike.

    Whether a matter was raised before is left to two of these, because looking for it is what
    takes the time.
    """

    def __init__(self) -> None:
        self.counts: Counter[tuple[int, str]] = Counter()
        self.answers: defaultdict[int, Counter[tuple[Any, ...]]] = defaultdict(Counter)

    @classmethod
    def of(cls, rows: Rows, rules: Rules) -> _Counted:
        """In one statement. What only shared credit asks for is left out where there is none."""
        shared = rules.shares is not None
        plain = _plain(rules)
        conditions = {name: plain[name] for name in _TOLD} | {
            "due": _counts(rules) & _is_owed(rules),
            "valid": _counts(rules) & _is_answered(rules),
        }
        grouped = (
            rows.order_by()
            .annotate(
                partners=F("partner_count") if shared else Value(0),
                in_time=F("is_on_time") if shared else Value(None, output_field=_BOOLEAN),
            )
            .values(
                "unit_id", "role", "partners", "in_time",
                **{name: F(f"{rules.answer}_{name}") for name in _SAID},
            )
            .annotate(**{f"n_{name}": Count("pk", filter=q) for name, q in conditions.items()})
        )  # fmt: skip
        found = cls()
        for row in grouped:
            unit_id = row["unit_id"]
            for name in conditions:
                found.counts[unit_id, name] += row[f"n_{name}"]
            alike = tuple(row[name] for name in ("role", "partners", "in_time", *_SAID))
            found.answers[unit_id][alike] += row["n_valid"]
        return found


_TOLD = ("volume", "excluded", "not_counted", "set_aside", "ledger")
_SAID = ("contacted", "resolved", "satisfaction")


def _answers(said: Counter[tuple[Any, ...]], left_out: Counter[tuple[Any, ...]]) -> Iterator[Tally]:
    for alike, n in (said - left_out).items():
        role, partners, in_time, contacted, resolved, satisfaction = alike
        yield Tally(role, partners, in_time, contacted, resolved, satisfaction, n)


def _is_repeat(rows: Rows, rules: Rules) -> Exists:
    """The same requester raised the same matter (class and place) with the same unit in the month
    already, and that counts instead: R-026, F-17.

    Of the rows of one matter that can count (a call-back is owed or was answered) the first that
    was answered stands for it, or the first where none was: so nobody is rid of an answer by a
    matter that was withdrawn, merged, excluded or never asked about. The others are its repeats.
    """
    same = ("unit_id", "role", "requester_id", "category_id", "area_id", "month")
    others = assessed(rows.model._default_manager.all(), rules).filter(
        _counts(rules), _is_owed(rules), **{name: OuterRef(name) for name in same}
    )
    channel = f"{rules.answer}_channel"
    said = Q(**{f"{channel}__in": list(rules.channels)})
    own_said = Q(own_channel__in=list(rules.channels))
    before = Q(ticket_id__lt=OuterRef("ticket_id"))
    standing = others.annotate(
        own_channel=ExpressionWrapper(OuterRef(channel), output_field=CharField())
    ).filter((said & ~own_said) | (said & before) | (~own_said & before))
    return Exists(standing)


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
