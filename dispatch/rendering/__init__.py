"""How dispatch's events read."""

from . import (
    assisting,
    coordination,
    instructing,
    ladder,
    liaison,
    onsite,
    orders,
    precedents,
    time_asked,
)

__all__ = [
    "assisting",
    "coordination",
    "instructing",
    "ladder",
    "liaison",
    "onsite",
    "orders",
    "precedents",
    "time_asked",
]
