"""What is remembered of a month's outcome rows, unit by unit (`evaluation.memos`)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Mapping

from django.db.models import Count

from evaluation import counting, digests, memos, months, scoring
from evaluation.counting import Rows
from evaluation.months import Month
from evaluation.tally import UnitTally
from hotline.core.models import Unit
from hotline.core.places import units


def rows(month: Month, until: dt.datetime | None = None) -> Rows:
    """The rows of a month; of a daily report those that fall before its cut (F-8)."""
    found = months.rows(month)
    return found if until is None else found.filter(attributed_at__lt=until)


def tallies(
    month: Month, listed: Iterable[Unit], until: dt.datetime | None = None
) -> dict[int, UnitTally]:
    """What the rows of each unit come to."""
    given = {unit.pk: unit for unit in listed}
    groups = {pk: unit.group for pk, unit in sorted(given.items())}

    def count(parts: list[int]) -> Mapping[int, UnitTally]:
        own = rows(month, until).filter(unit_id__in=parts)
        return counting.tallies(own, month.rules, [given[part] for part in parts])

    found = memos.remembered(
        _subject(month), list(given), _key("tally", month, until, groups), count, None
    )
    return {pk: tally for pk, tally in found.items() if tally is not None}


def plain_counts(
    month: Month, unit_ids: Collection[int], until: dt.datetime | None = None
) -> dict[int, dict[str, int]]:
    """Per unit the counts that a row answers by itself."""

    def count(parts: list[int]) -> Mapping[int, dict[str, int]]:
        return counting.plain_counts(rows(month, until).filter(unit_id__in=parts), month.rules)

    return memos.remembered(
        _subject(month), unit_ids, _key("plain", month, until, _receivers()), count, {}
    )


def volumes(month: Month, until: dt.datetime) -> dict[int, int]:
    """What every unit was given in a month as far as a span of it goes."""

    def count(parts: list[int]) -> Mapping[int, int]:
        own = rows(month, until).filter(unit_id__in=parts)
        given = counting.numbers(own, month.rules)["volume"].order_by()
        return dict(given.values_list("unit_id").annotate(Count("pk")))

    found = memos.remembered(
        _subject(month), list(units()), _key("volume", month, until, _receivers()), count, 0
    )
    return {pk: volume for pk, volume in found.items() if volume}


def _subject(month: Month) -> str:
    return memos.frozen_of(month.label) if month.is_closed else memos.outcomes_of(month.label)


def _key(name: str, month: Month, until: dt.datetime | None, groups: Mapping[int, str]) -> str:
    rules = digests.of(name, month.rules.as_json(), until, groups)
    return f"{scoring.VERSION}:{rules}"


def _receivers() -> dict[int, str]:
    """The group of every unit: second receivers are counted by other rows."""
    return {pk: unit.group for pk, unit in sorted(units().items())}
