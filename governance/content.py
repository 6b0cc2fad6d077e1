"""What a monthly bulletin (通报) says, as one value: everything it is made of, and nothing else.

The docx, the workbook, the open data and the pages are all made from this value, and it is what is
kept: a bulletin told again years later reads no table that may have changed. It names units and
counts; no ticket and no person.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import types
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Union, get_args, get_origin, get_type_hints


@dataclass(frozen=True)
class LineContent:
    """One unit's line as the closed month has it: counts of tickets, rates in percent and scores in
    points with two decimals, None without a sample. `mark` is why it has no rank (a
    `evaluation.models.ScoreMark`), `band` its volume band from 0, `unit_class` a `StreetClass`."""

    unit_code: str
    unit_name: str
    rank: int | None
    previous_rank: int | None
    rank_band: int | None
    band: int
    mark: str
    volume: int
    due: int
    valid: int
    contacted: int
    resolved: int
    satisfied: int
    basically: int
    excluded: int
    not_counted: int
    set_aside: int
    on_ledger: int
    repeats: int
    overdue: int
    returned: int
    improper: int
    response: Decimal | None
    resolution: Decimal | None
    satisfaction: Decimal | None
    coverage: Decimal | None
    base_score: Decimal | None
    bonus: Decimal
    score: Decimal | None
    unit_class: str
    is_tail: bool

    @property
    def climbed(self) -> int | None:
        """Places gained since the month before; None where there is nothing to compare."""
        if self.rank is None or self.previous_rank is None:
            return None
        return self.previous_rank - self.rank


@dataclass(frozen=True)
class AverageContent:
    """A mean of a group: rates in percent and the base score in points, two decimals."""

    response: Decimal | None
    resolution: Decimal | None
    satisfaction: Decimal | None
    base_score: Decimal | None


@dataclass(frozen=True)
class GroupContent:
    """A group of peers (R-091): its lines, ranked ones first in every volume band; the names of
    units of which there is nothing to tell; `macro` counts every unit the same, `micro` every
    answer (F-7)."""

    group: str
    label: str
    lines: tuple[LineContent, ...]
    idle: tuple[str, ...]
    macro: AverageContent
    micro: AverageContent

    @property
    def ranked(self) -> tuple[LineContent, ...]:
        return tuple(line for line in self.lines if line.rank is not None)

    @property
    def unranked(self) -> tuple[LineContent, ...]:
        return tuple(line for line in self.lines if line.rank is None)

    @property
    def last(self) -> tuple[LineContent, ...]:
        """The units to be talked to (R-092)."""
        return tuple(line for line in self.lines if line.is_tail)

    @property
    def volume(self) -> int:
        return sum(line.volume for line in self.lines)


@dataclass(frozen=True)
class WeightsContent:
    """How much each rate counts in the score (F-4); they sum to 1."""

    response: Decimal
    resolution: Decimal
    satisfaction: Decimal


@dataclass(frozen=True)
class IndicatorContent:
    """An observation indicator (weight 0) of a group, or with an empty `group_label` of the whole
    city: `value` has two decimals, None where there is too little to measure; `suffix` is what it
    is counted in (%), empty for a plain ratio."""

    code: str
    name: str
    group_label: str
    value: Decimal | None
    suffix: str


@dataclass(frozen=True)
class ErratumContent:
    """勘误 of the month: what is wrong and what is right; `unit_name` is empty where it is about
    the whole month."""

    number: int
    unit_name: str
    wrong: str
    right: str
    reason: str
    published_at: dt.datetime


@dataclass(frozen=True)
class BulletinContent:
    """A bulletin's content. `period_end` is the first instant after the month, `facts_until` when
    its facts were complete, `digest` that of the closed month, `volume_bands` the upper edges.
    `is_specimen` (样张): no authority has been configured to issue it."""

    month: str
    period_start: dt.datetime
    period_end: dt.datetime
    facts_until: dt.datetime
    closed_at: dt.datetime
    scheme_version: int
    scheme_name: str
    weights: WeightsContent
    basic_credit: Decimal
    volume_bands: tuple[int, ...]
    min_sample: int
    coverage_floor: Decimal
    digest: str
    is_simulated: bool
    is_specimen: bool
    issuer: str
    title: str
    groups: tuple[GroupContent, ...]
    indicators: tuple[IndicatorContent, ...]
    errata: tuple[ErratumContent, ...]

    @property
    def marks(self) -> tuple[str, ...]:
        """What stands on every page and file: 样张 and 模拟数据, where they are due."""
        due = ((self.is_specimen, "样张"), (self.is_simulated, "模拟数据"))
        return tuple(word for is_due, word in due if is_due)

    def as_json(self) -> dict[str, Any]:
        """The content as JSON, in which decimals and instants are texts."""
        plain: dict[str, Any] = _plain(dataclasses.asdict(self))
        return plain

    @classmethod
    def from_json(cls, given: dict[str, Any]) -> BulletinContent:
        """The same content again; raises KeyError or TypeError for what is none."""
        return _read(cls, given)


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _plain(part) for name, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(part) for part in value]
    if isinstance(value, Decimal):
        return str(value)
    return value.isoformat() if isinstance(value, dt.datetime) else value


def _read(kind: Any, value: Any) -> Any:
    """A value of this type from its JSON."""
    if get_origin(kind) in (Union, types.UnionType):
        (kind,) = (one for one in get_args(kind) if one is not type(None))
        return None if value is None else _read(kind, value)
    if get_origin(kind) is tuple:
        return tuple(_read(get_args(kind)[0], part) for part in value)
    if dataclasses.is_dataclass(kind) and isinstance(kind, type):
        hints = get_type_hints(kind)
        return kind(
            **{f.name: _read(hints[f.name], value[f.name]) for f in dataclasses.fields(kind)}
        )
    if kind is Decimal:
        return Decimal(value)
    return dt.datetime.fromisoformat(value) if kind is dt.datetime else value
