"""What would change if a draft were published."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from dispatch.models import CatalogueVersion

from .editions import last_published
from .rows import COLUMNS, rows_of

Line = dict[str, str]


@dataclass(frozen=True)
class Change:
    """A line that is in both editions with other words; `columns` are those that differ."""

    before: Line
    after: Line
    columns: tuple[str, ...]


@dataclass(frozen=True)
class Preview:
    """A draft beside the edition it would follow; None where it would be the first."""

    against: CatalogueVersion | None
    added: tuple[Line, ...]
    changed: tuple[Change, ...]
    removed: tuple[Line, ...]

    @property
    def is_empty(self) -> bool:
        return not (self.added or self.changed or self.removed)


def preview(draft: CatalogueVersion) -> Preview:
    """The draft line by line against the last published edition."""
    against = last_published()
    old = _by_key(rows_of(against)) if against else {}
    new = _by_key(rows_of(draft))
    return Preview(
        against=against,
        added=tuple(line for key, line in new.items() if key not in old),
        changed=tuple(_changes(old, new)),
        removed=tuple(line for key, line in old.items() if key not in new),
    )


def _by_key(lines: Sequence[Line]) -> dict[tuple[str, str], Line]:
    return {(line["category"], line["area"]): line for line in lines}


def _changes(
    old: Mapping[tuple[str, str], Line], new: Mapping[tuple[str, str], Line]
) -> list[Change]:
    found = []
    for key, after in new.items():
        before = old.get(key, after)
        columns = tuple(name for name in COLUMNS if before[name] != after[name])
        if columns:
            found.append(Change(before, after, columns))
    return found
