"""What a person types into a list's search field."""

from __future__ import annotations

from django.db.models import Q

from hotline.core.text import InputRefused
from intake import numbering
from knowledge.models import Category, categories


def spoken_of(text: str, prefix: str = "") -> Q:
    """Tickets a text speaks of: a whole number means that ticket, anything else words of titles.

    `prefix` leads from the rows searched to the ticket.
    """
    if (number := written_number(text)) is not None:
        return Q(**{f"{prefix}number": number})
    found = Q()
    for word in text.split()[:5]:
        found &= Q(**{f"{prefix}text__title__icontains": word})
    return found


def written_number(text: str) -> str | None:
    """The ticket number this is, in any usual writing; None for other words."""
    try:
        return numbering.normalise(text)
    except InputRefused:
        return None


def descendants(category: Category) -> list[int]:
    """The class and everything below it: codes grow by two digits a level."""
    return [c.pk for c in categories().values() if c.code.startswith(category.code)]
