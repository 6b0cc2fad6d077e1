"""Counts that are remembered part by part, and counted again only where something has changed.

A month of a large city has a million rows; between two looks a handful of units has changed. What
is counted is cut into parts (a unit's rows of a month); whoever writes rows bumps the version of
their parts in the same transaction, and a count is kept under the version that was read before
counting. So a remembered count is never older than what it stands for: a write in between makes
it a count of a version that is already over.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping
from typing import Any, TypeVar

from django.core.cache import cache
from django.db import connection

from evaluation.models import CountVersion

T = TypeVar("T")
# What is not asked for is forgotten; reference tables that counts rest on change this seldom.
KEPT_SECONDS = 3600
# A version is the microsecond of its write: a restored backup begins none anew.
# Of so many parts somebody else who counts them already is waited for, so long.
_MANY, _PATIENCE, _STEP = 50, 4.0, 0.05
_BUMP = """
    INSERT INTO evaluation_countversion (subject, part, version)
    SELECT changed.subject, changed.part, extract(epoch FROM clock_timestamp()) * 1000000
    FROM unnest(%s::text[], %s::bigint[]) AS changed (subject, part)
    ORDER BY changed.subject, changed.part
    ON CONFLICT (subject, part) DO UPDATE SET version = excluded.version
"""


def bump(changed: Collection[tuple[str, int]]) -> None:
    """Counts of these parts, each a subject and a part of it, no longer hold."""
    if not changed:
        return
    subjects, parts = zip(*sorted(set(changed)), strict=True)
    with connection.cursor() as cursor:
        cursor.execute(_BUMP, [list(subjects), list(parts)])


def remembered(
    subject: str,
    parts: Collection[int],
    key: str,
    count: Callable[[list[int]], Mapping[int, T]],
    nothing: T,
) -> dict[int, T]:
    """What `count` tells of each part, asked only for those whose count is not known or no longer
    holds; `nothing` for a part that it does not speak of. `key` says what is counted of a part and
    by which rules."""
    versions = _versions(subject, parts)
    names = {part: f"count:{subject}:{key}:{part}:{versions.get(part, 0)}" for part in parts}
    known = _known(names)
    missing = [part for part in parts if part not in known]
    if not missing:
        return known
    lock = f"counting:{subject}:{key}"
    if len(missing) > _MANY and not cache.add(lock, 1, _PATIENCE):
        known |= _waited_for({part: names[part] for part in missing})
        missing = [part for part in missing if part not in known]
    if missing:
        counted = count(missing)
        fresh = {part: counted.get(part, nothing) for part in missing}
        cache.set_many({names[part]: fresh[part] for part in missing}, KEPT_SECONDS)
        cache.delete(lock)
        known |= fresh
    return known


def _versions(subject: str, parts: Collection[int]) -> dict[int, int]:
    rows = CountVersion.objects.filter(subject=subject)
    found = dict(rows.values_list("part", "version"))
    return {part: found[part] for part in parts if part in found}


def _known(names: Mapping[int, str]) -> dict[int, Any]:
    found = cache.get_many(list(names.values()))
    return {part: found[name] for part, name in names.items() if name in found}


def _waited_for(names: Mapping[int, str]) -> dict[int, Any]:
    """What somebody else is just counting; nothing of it after a while."""
    until = time.monotonic() + _PATIENCE
    known = _known(names)
    while len(known) < len(names) and time.monotonic() < until:
        time.sleep(_STEP)
        known = _known(names)
    return known


# --- the rows that units are scored by ----------------------------------------------------------


def outcomes_of(month: str) -> str:
    """The subject of a month's running outcome rows; its parts are units."""
    return f"outcomes:{month}"


def frozen_of(month: str) -> str:
    """The same of a closed month, whose rows never change."""
    return f"frozen:{month}"
