"""The classification guide as a page shows it: the tree of classes, search, one class told."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import NamedTuple

from hotline.core.reference import remembered
from intake.models import Level, Urgency
from knowledge.models import (
    Category,
    ClassGuide,
    ancestors,
    categories,
    category_by_code,
    guide_of,
)

# A code of a class as a phrase names it, in brackets: （0206） or （0205、0305）.
_CODE = re.compile(r"(?<=[（、，, ])(\d{6}|\d{4}|\d{2})(?=[）、，, ])")


@dataclass
class Node:
    """A class with those below it."""

    category: Category
    children: list[Node] = field(default_factory=list)


@remembered(Category)
def tree() -> list[Node]:
    """The classes in use from the first level down, in the order of their codes."""
    in_use = [c for c in categories().values() if c.is_active]
    nodes = {c.pk: Node(c) for c in sorted(in_use, key=lambda c: c.code)}
    roots: list[Node] = []
    for node in nodes.values():
        above = nodes.get(node.category.parent_id or 0)
        (above.children if above else roots).append(node)
    return roots


class _Searched(NamedTuple):
    """A class with everything it is found by, in small letters."""

    category: Category
    own: tuple[str, str]  # name and pinyin initials
    words: str  # the same and what the guide says of it

    def has(self, word: str) -> bool:
        """Digits are the beginning of a code."""
        return self.category.code.startswith(word) if word.isdecimal() else word in self.words

    def rank(self, word: str) -> int:
        """0 where it begins so, 1 where its name has the word, 2 where only its guide has it."""
        if word.isdecimal() or any(text.startswith(word) for text in self.own):
            return 0
        return 1 if any(word in text for text in self.own) else 2


@remembered(Category, ClassGuide)
def _searched() -> list[_Searched]:
    found = []
    for category in sorted(categories().values(), key=lambda c: c.code):
        guide = _own_guide(category)
        own = (category.name.lower(), category.pinyin.lower())
        told = [guide.definition, *guide.includes] if guide else []
        if category.is_active:
            found.append(_Searched(category, own, " ".join([*own, *told]).lower()))
    return found


def matching_classes(query: str) -> list[Category]:
    """Classes in which every word typed occurs, those that begin with the first one first."""
    words = query.lower().split()
    if not words:
        return []
    found = [entry for entry in _searched() if all(entry.has(word) for word in words)]
    return [entry.category for entry in sorted(found, key=lambda entry: entry.rank(words[0]))]


class Part(NamedTuple):
    """A piece of a phrase; with `category` it names a class that can be opened."""

    text: str
    category: Category | None = None


def parts(phrase: str) -> list[Part]:
    """A phrase cut at the codes of classes it names."""
    cut = []
    for index, piece in enumerate(_CODE.split(phrase)):
        named = category_by_code(piece) if index % 2 else None
        cut.append(Part(piece, named))
    return [part for part in cut if part.text]


class Confusable(NamedTuple):
    """A class that is easily taken for this one, and what it is about."""

    category: Category
    definition: str


@dataclass(frozen=True)
class ToldClass:
    """A class with its guide. `borrowed_from` is the class above whose guide it uses."""

    category: Category
    above: list[Category]
    below: list[Category]
    guide: ClassGuide | None
    borrowed_from: Category | None

    @property
    def excludes(self) -> list[list[Part]]:
        return [parts(phrase) for phrase in self.guide.excludes] if self.guide else []

    @property
    def confusable(self) -> list[Confusable]:
        named = (category_by_code(code) for code in (self.guide.confusable if self.guide else ()))
        return [Confusable(c, _definition(c)) for c in named if c is not None]

    @property
    def recommended(self) -> str:
        """The level, and inside the third the urgency, that registration proposes."""
        level, urgency = self.category.default_level, self.category.default_urgency
        words = [Level(level).label] if level else []
        words += [Urgency(urgency).label] if urgency else []
        return " ".join(map(str, words))


def told_class(category: Category) -> ToldClass:
    """The class as its page shows it."""
    guide = guide_of(category)
    is_borrowed = guide is not None and guide.category_id != category.pk
    return ToldClass(
        category,
        above=ancestors(category),
        below=[
            c
            for c in sorted(categories().values(), key=lambda c: c.code)
            if c.parent_id == category.pk and c.is_active
        ],
        guide=guide,
        borrowed_from=categories()[guide.category_id] if guide and is_borrowed else None,
    )


def _own_guide(category: Category) -> ClassGuide | None:
    guide = guide_of(category)
    return guide if guide and guide.category_id == category.pk else None


def _definition(category: Category) -> str:
    guide = _own_guide(category)
    return guide.definition if guide else ""


class FoundClass(NamedTuple):
    """A class among the results of a search."""

    category: Category
    above: list[Category]
    definition: str


def found_classes(query: str) -> list[FoundClass]:
    return [FoundClass(c, ancestors(c), _definition(c)) for c in matching_classes(query)]


def first_level() -> list[FoundClass]:
    return [FoundClass(n.category, [], _definition(n.category)) for n in tree()]
