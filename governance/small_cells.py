"""Which counts an open file withholds: small ones, and those that would tell a small one.

A count of a few may point at a person (three unsolved matters of one street in one month), so a
count from 1 to `least - 1` is not published, nor anything from which subtraction gives one. 0 says
that there is nobody and is published.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import partial

Cell = tuple[str, str]


def is_small(count: int, least: int) -> bool:
    return 0 < abs(count) < least


# --- the answers of units ---------------------------------------------------------------------


@dataclass(frozen=True)
class Answers:
    """A unit's counts that its rates are made of; those of several units add up."""

    volume: int = 0
    due: int = 0
    valid: int = 0
    contacted: int = 0
    resolved: int = 0
    satisfied: int = 0
    basically: int = 0

    def __add__(self, other: Answers) -> Answers:
        return Answers(
            self.volume + other.volume,
            self.due + other.due,
            self.valid + other.valid,
            self.contacted + other.contacted,
            self.resolved + other.resolved,
            self.satisfied + other.satisfied,
            self.basically + other.basically,
        )

    def told(self) -> tuple[int, ...]:
        """What these counts say: themselves, and who is left when one is taken from another."""
        return (
            self.volume,
            self.due,
            self.valid,
            self.contacted,
            self.resolved,
            self.satisfied,
            self.basically,
            self.volume - self.due,
            self.volume - self.valid,
            self.due - self.valid,
            self.valid - self.contacted,
            self.valid - self.resolved,
            self.valid - self.satisfied - self.basically,
        )

    def tell_small(self, least: int) -> bool:
        return any(is_small(count, least) for count in self.told())


@dataclass(frozen=True)
class Withheld:
    """What a group's file leaves out, by the number of the line: the volume, or all that was
    answered; and whether the group's own totals are left out with them."""

    volumes: frozenset[int]
    answers: frozenset[int]
    total_volume: bool
    total_answers: bool


def withheld(lines: Collection[Answers], least: int) -> Withheld:
    """Of a line either all answers go out or none do: the rest would tell what is missing. As many
    more lines are withheld as it takes that the totals do not tell it either."""

    def volumes_tell(some: Answers) -> bool:
        return is_small(some.volume, least)

    def answers_tell(some: Answers) -> bool:
        return some.tell_small(least)

    volumes, total_volume = _withheld(lines, volumes_tell, lambda one: one.volume)
    answers, total_answers = _withheld(lines, answers_tell, lambda one: one.valid, volumes)
    return Withheld(volumes, answers, total_volume, total_answers)


def _withheld(
    lines: Collection[Answers],
    tells: Callable[[Answers], bool],
    size: Callable[[Answers], int],
    already: Iterable[int] = (),
) -> tuple[frozenset[int], bool]:
    """The lines withheld, and whether the total is. What total and shown lines leave over must be
    of two lines at least and tell nothing small; the smallest lines are given up for that."""
    out = {n for n, line in enumerate(lines) if tells(line)} | {*already}
    by_size = sorted((size(line), n) for n, line in enumerate(lines))
    spare = [n for count, n in by_size if count and n not in out]
    held = list(lines)
    while out and (len(out) == 1 or tells(_sum(held[n] for n in out))):
        if not spare:
            return frozenset(out), True
        out.add(spare.pop(0))
    return frozenset(out), tells(_sum(held))


def _sum(lines: Iterable[Answers]) -> Answers:
    return sum(lines, Answers())


# --- a table of two ways ----------------------------------------------------------------------


def withheld_cells(counts: Mapping[Cell, int], least: int) -> frozenset[Cell]:
    """The cells of a table that are not published, so that also who knows the sum of every row and
    of every column cannot compute a small one.

    What is withheld of a row or a column is two cells at least and not few in sum, and every
    withheld cell stands in a ring of withheld ones, whose counts could be shifted along it without
    any sum noticing. 0 is no cover: who sees that a sum is used up knows it. A row or column that
    has no more to give is withheld whole; its sum is then not to be published either.
    """
    out = {cell for cell, count in counts.items() if is_small(count, least)}
    while more := _one_more(counts, out, least):
        out.add(more)
    return frozenset(out)


def _one_more(counts: Mapping[Cell, int], out: set[Cell], least: int) -> Cell | None:
    """The smallest cell that still has to be given up; None when nothing is told any more."""
    for way in (0, 1):
        for name in sorted({cell[way] for cell in out}):
            line = {cell for cell in out if cell[way] == name}
            if len(line) == 1 or is_small(sum(counts[cell] for cell in line), least):
                spare = _spare(counts, out, partial(_is_in, way, name))
                if spare:
                    return spare
    for cell in sorted(out):
        if not _is_in_a_ring(cell, out):
            spare = _spare(counts, out, partial(_meets, cell))
            if spare:
                return spare
    return None


def _spare(counts: Mapping[Cell, int], out: set[Cell], fits: Callable[[Cell], bool]) -> Cell | None:
    able = [(count, cell) for cell, count in counts.items() if count and cell not in out]
    return min(((count, cell) for count, cell in able if fits(cell)), default=(0, None))[1]


def _is_in(way: int, name: str, cell: Cell) -> bool:
    return cell[way] == name


def _meets(one: Cell, other: Cell) -> bool:
    return one[0] == other[0] or one[1] == other[1]


def _is_in_a_ring(cell: Cell, out: set[Cell]) -> bool:
    """Whether one comes from the cell's row to its column through other withheld cells."""
    rows, columns = {cell[0]}, set[str]()
    others = out - {cell}
    while True:
        met = {c for c in others if c[0] in rows or c[1] in columns}
        more_rows, more_columns = {c[0] for c in met}, {c[1] for c in met}
        if more_rows <= rows and more_columns <= columns:
            return cell[1] in columns
        rows |= more_rows
        columns |= more_columns
