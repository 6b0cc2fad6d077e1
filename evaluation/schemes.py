"""Which rules a month is scored by: the adopted schemes, read once and remembered.

An adopted scheme never changes, and one that is adopted later begins with a month that has not
begun. So a process that has not yet heard of it is wrong about no month it can be asked to score.
"""

from __future__ import annotations

from evaluation.models import Scheme
from evaluation.rules import DEFAULT_RULES, Rules
from hotline.core.reference import remembered

# A scheme with its rules as a value.
Adopted = tuple[Scheme, Rules]


def rules_of(scheme: Scheme) -> Rules:
    """The rules of a scheme, drafted or adopted, as a value."""
    return Rules.from_json(scheme.rules)


@remembered(Scheme)
def adopted_schemes() -> tuple[Adopted, ...]:
    """Every adopted scheme, the latest first month first."""
    adopted = Scheme.objects.adopted().order_by("-valid_from")
    return tuple((scheme, rules_of(scheme)) for scheme in adopted)


def scheme_for(month: str) -> tuple[Scheme | None, Rules]:
    """The scheme that a month ("2026-01") is scored by, and its rules; where none has been adopted
    yet, none and the defaults."""
    for scheme, rules in adopted_schemes():
        if scheme.valid_from <= month:
            return scheme, rules
    return None, DEFAULT_RULES


def scheme_before(scheme: Scheme) -> Scheme | None:
    """The adopted scheme that holds until this one begins."""
    earlier = Scheme.objects.adopted().filter(valid_from__lte=scheme.valid_from)
    return earlier.exclude(pk=scheme.pk).order_by("-valid_from").first()
