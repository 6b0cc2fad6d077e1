"""How dispatch's events read."""

from . import assisting, coordination, ladder, liaison, onsite, orders, precedents, time_asked

__all__ = [
    "assisting",
    "coordination",
    "ladder",
    "liaison",
    "onsite",
    "orders",
    "precedents",
    "time_asked",
]
