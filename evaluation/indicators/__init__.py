"""Indicators beside the score: each defined once, with the tickets behind its numbers."""

from .definitions import (
    INDICATORS,
    Against,
    Audience,
    Better,
    Indicator,
    Part,
    Reference,
    Section,
    Shown,
)
from .dimensions import Dimension
from .facts import View, first_month, label_before, view
from .hotline_view import DimensionLine, dimension_lines
from .measuring import (
    DENOMINATOR,
    NUMERATOR,
    Behind,
    Reading,
    behind,
    by_unit,
    has_tickets,
    indicators_for,
    overall,
    units_of,
)
from .populations import residents

__all__ = [
    "DENOMINATOR",
    "INDICATORS",
    "NUMERATOR",
    "Against",
    "Audience",
    "Behind",
    "Better",
    "Dimension",
    "DimensionLine",
    "Indicator",
    "Part",
    "Reading",
    "Reference",
    "Section",
    "Shown",
    "View",
    "behind",
    "by_unit",
    "dimension_lines",
    "first_month",
    "has_tickets",
    "indicators_for",
    "label_before",
    "overall",
    "residents",
    "units_of",
    "view",
]
