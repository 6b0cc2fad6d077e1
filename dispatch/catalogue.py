"""What decides today: the edition of the catalogue in force and the precedents, remembered in the
process, because every dispatch asks them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from dispatch.models import CatalogueEntry, CatalogueVersion, Precedent
from dispatch.routing import Clause, Directory
from hotline.core.models import Unit
from hotline.core.reference import remembered

ByClass = Mapping[str, tuple[Clause, ...]]


@dataclass(frozen=True)
class Edition:
    """An edition of the catalogue with its clauses by class code."""

    id: int
    number: int
    by_class: ByClass


@remembered(Unit)
def directory() -> Directory:
    """Every unit, as the catalogue names it."""
    return Directory(Unit.objects.select_related("area"))


@remembered(CatalogueVersion)
def _published() -> list[CatalogueVersion]:
    """The published editions, the latest first; some dozens over the years."""
    return list(CatalogueVersion.objects.filter(valid_from__isnull=False).order_by("-valid_from"))


@remembered(CatalogueVersion, CatalogueEntry)
def _editions_seen() -> dict[int, Edition]:
    """Editions asked for in the last seconds; a published one never changes."""
    return {}


@remembered(Precedent)
def _precedents() -> dict[str, list[tuple[dt.date, dt.date | None, Clause]]]:
    """Every precedent by class code, also those that have ended."""
    found: dict[str, list[tuple[dt.date, dt.date | None, Clause]]] = {}
    for row in Precedent.objects.select_related("category", "area", "unit"):
        clause = precedent_clause(row)
        found.setdefault(clause.category, []).append((row.valid_from, row.valid_to, clause))
    return found


def version_in_force(on: dt.date) -> CatalogueVersion | None:
    """The edition that holds on a day; None before the first."""
    for version in _published():
        if version.valid_from is not None and version.valid_from <= on:
            return version if version.valid_to is None or on < version.valid_to else None
    return None


def edition_in_force(on: dt.date) -> Edition | None:
    version = version_in_force(on)
    if version is None:
        return None
    seen = _editions_seen()
    if version.pk not in seen:
        seen[version.pk] = edition_of(version)
    return seen[version.pk]


def edition_of(version: CatalogueVersion) -> Edition:
    """Any edition, a draft as well, read anew."""
    rows = version.entries.select_related("category", "area")
    return Edition(version.pk, version.number, by_class(map(entry_clause, rows)))


def clauses_of(edition: Edition | None, classes: Iterable[str], on: dt.date) -> list[Clause]:
    """What the edition, and the precedents that hold on a day, say of these classes."""
    precedents = _precedents()
    found: list[Clause] = []
    for code in classes:
        found += edition.by_class.get(code, ()) if edition else ()
        found += [
            clause
            for since, until, clause in precedents.get(code, ())
            if since <= on and (until is None or on < until)
        ]
    return found


def by_class(clauses: Iterable[Clause]) -> dict[str, tuple[Clause, ...]]:
    found: dict[str, tuple[Clause, ...]] = {}
    for clause in clauses:
        found[clause.category] = (*found.get(clause.category, ()), clause)
    return found


def entry_clause(entry: CatalogueEntry) -> Clause:
    amount = entry.limit_amount
    return Clause(
        id=entry.pk,
        category=entry.category.code,
        area=entry.area.code if entry.area else "",
        lead=entry.lead,
        cooperators=tuple(entry.cooperators),
        level=entry.level,
        urgency=entry.urgency,
        length=None if amount is None else (amount, entry.limit_unit),
        basis=entry.basis,
    )


def precedent_clause(precedent: Precedent) -> Clause:
    return Clause(
        id=precedent.pk,
        category=precedent.category.code,
        area=precedent.area.code if precedent.area else "",
        lead=f"unit:{precedent.unit.code}",
        is_precedent=True,
        basis=precedent.clause,
    )
