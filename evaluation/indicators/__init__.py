"""Indicators beside the score: each defined once, with the tickets behind its numbers."""

from .definitions import INDICATORS
from .dimensions import Dimension
from .facts import View, first_month, label_before, view
from .hotline_view import DimensionLine, dimension_lines
from .kinds import Against, Audience, Better, Indicator, Part, Reference, Section, Shown
from .measuring import (
    DENOMINATOR,
    NUMERATOR,
    Behind,
    Reading,
    behind,
    by_unit,
    has_tickets,
    indicators_for,
    is_of_today,
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
    "is_of_today",
    "label_before",
    "overall",
    "residents",
    "units_of",
    "view",
]
