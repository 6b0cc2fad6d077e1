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
from contextlib import nullcontext
from copy import deepcopy
from typing import Any, Protocol, Self, TypeVar

from django.core.cache import cache
from django.db import connection
from django.db.models import Count, Max

from evaluation.models import CountVersion
from hotline.core.patience import unhurried

T = TypeVar("T")


class Summable(Protocol):
    """What can be added up and taken off again."""

    def add(self, other: Self) -> None: ...
    def subtract(self, other: Self) -> None: ...


S = TypeVar("S", bound=Summable)
# What is not asked for is forgotten; reference tables that counts rest on change this seldom.
KEPT_SECONDS = 3600
# Of so many parts somebody else who counts them already is waited for, so long.
_MANY, _PATIENCE, _STEP = 50, 4.0, 0.05
# A version is the microsecond of its write: a restored backup begins none anew.
_BUMP = """
    INSERT INTO evaluation_countversion (subject, part, version)
    SELECT changed.subject, changed.part, extract(epoch FROM clock_timestamp()) * 1000000
    FROM unnest(%s::text[], %s::bigint[]) AS changed (subject, part)
    ORDER BY changed.subject, changed.part
    ON CONFLICT (subject, part) DO UPDATE SET version = excluded.version
"""
# What this process knows already, by the same names: a name holds a version, so what stands under
# it never changes.
_NEAR: dict[str, Any] = {}
_NEAR_SIZE = 4_000
# Shared by everybody, with the instant it was made and the state it was made of.
_Entry = tuple[float, str, Any]
_SHARED: dict[str, _Entry] = {}
_SHARED_SIZE = 64
_EARLY = 0.8


def forget() -> None:
    """As after a restart with an empty cache."""
    _NEAR.clear()
    _SHARED.clear()
    cache.clear()


def state_of(subject: str) -> str:
    """What changes whenever any part of a subject does."""
    found = CountVersion.objects.filter(subject=subject).aggregate(n=Count("pk"), at=Max("version"))
    return f"{found['n']}:{found['at']}"


def shared(
    key: str,
    seconds: float,
    make: Callable[[], T],
    state: Callable[[], str] = str,
    *,
    is_ahead: bool = False,
) -> tuple[float, T]:
    """A value that may be so many seconds old, and the time until which it is known to hold. When
    it is older, it holds on as long as the `state` it was made in. It is looked at a little
    earlier, by one of those who ask, or `is_ahead` of everybody who will ask."""
    now = time.time()

    def is_fresh(entry: _Entry | None, within: float) -> bool:
        return entry is not None and entry[0] <= now < entry[0] + within

    entry = _SHARED.get(key)
    if not is_fresh(entry, seconds * _EARLY):
        entry = cache.get(key, entry)
    lock = f"{key}:making"
    is_due = is_ahead or not is_fresh(entry, seconds * _EARLY)
    is_mine = is_due and cache.add(lock, 1, seconds)
    if entry is None or not (is_fresh(entry, seconds) and not is_mine):
        stands = state()
        holds = entry is not None and stands and entry[1] == stands
        entry = (now, stands, entry[2] if entry is not None and holds else make())
        cache.set(key, entry, KEPT_SECONDS if stands else seconds)
        cache.delete(lock)
    if len(_SHARED) >= _SHARED_SIZE:
        _SHARED.clear()
    _SHARED[key] = entry
    return entry[0], entry[2]


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
    return _remembered(subject, parts, _versions(subject, parts), key, count, nothing)


def _remembered(
    subject: str,
    parts: Collection[int],
    versions: Mapping[int, int],
    key: str,
    count: Callable[[list[int]], Mapping[int, T]],
    nothing: T,
) -> dict[int, T]:
    names = {part: _name(subject, key, part, versions.get(part, 0)) for part in parts}
    known = _known(names)
    missing = [part for part in parts if part not in known]
    if not missing:
        return known
    lock = f"counting:{subject}:{key}"
    if len(missing) > _MANY and not cache.add(lock, 1, _PATIENCE):
        known |= _waited_for({part: names[part] for part in missing})
        missing = [part for part in missing if part not in known]
    if missing:
        # From nothing, a month takes longer than a statement of a page may.
        with unhurried() if len(missing) > _MANY else nullcontext():
            counted = count(missing)
        fresh = {part: counted.get(part, nothing) for part in missing}
        named = {names[part]: fresh[part] for part in missing}
        cache.set_many(named, KEPT_SECONDS)
        _keep_near(named)
        cache.delete(lock)
        known |= fresh
    return known


def _versions(subject: str, parts: Collection[int]) -> dict[int, int]:
    rows = CountVersion.objects.filter(subject=subject)
    found = dict(rows.values_list("part", "version"))
    return {part: found[part] for part in parts if part in found}


def summed(
    subject: str,
    parts: Collection[int],
    key: str,
    count: Callable[[list[int]], Mapping[int, S]],
    nothing: S,
) -> S:
    """The sum of what `remembered` gives for these parts, without adding up what has not changed:
    of the parts that have, what they were is taken off and what they are is added."""
    versions = dict.fromkeys(parts, 0) | _versions(subject, parts)
    name = f"sum:{subject}:{key}"
    kept: tuple[dict[int, int], S] | None = cache.get(name)
    if kept is not None and kept[0] == versions:
        return kept[1]
    total, wanted = _without_changed(kept, versions, subject, key) or (deepcopy(nothing), parts)
    for value in _remembered(subject, wanted, versions, key, count, nothing).values():
        total.add(value)
    cache.set(name, (versions, total), KEPT_SECONDS)
    return total


def _without_changed(
    kept: tuple[dict[int, int], S] | None, versions: Mapping[int, int], subject: str, key: str
) -> tuple[S, list[int]] | None:
    """A sum without what its changed parts were, and those parts; None where one of them is no
    longer known, so that everything has to be added up."""
    if kept is None or not kept[0].keys() <= versions.keys():
        return None
    then, total = kept
    changed = [part for part, version in versions.items() if then.get(part) != version]
    were = _known({part: _name(subject, key, part, then[part]) for part in changed if part in then})
    if len(were) < sum(part in then for part in changed):
        return None
    for value in were.values():
        total.subtract(value)
    return total, changed


def _name(subject: str, key: str, part: int, version: int) -> str:
    return f"count:{subject}:{key}:{part}:{version}"


def _known(names: Mapping[int, str]) -> dict[int, Any]:
    known = {part: _NEAR[name] for part, name in names.items() if name in _NEAR}
    away = {part: name for part, name in names.items() if part not in known}
    found = cache.get_many(list(away.values())) if away else {}
    _keep_near(found)
    return known | {part: found[name] for part, name in away.items() if name in found}


def _keep_near(values: Mapping[str, Any]) -> None:
    if len(_NEAR) + len(values) > _NEAR_SIZE:
        _NEAR.clear()
    _NEAR.update(values)


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
