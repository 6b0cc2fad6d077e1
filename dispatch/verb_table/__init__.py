"""The verbs of dispatch: who may do what to a ticket, and where it must stand."""

from . import assisting, coordination, instructing, liaison, onsite, orders, precedents, time_asked

__all__ = [
    "assisting",
    "coordination",
    "instructing",
    "liaison",
    "onsite",
    "orders",
    "precedents",
    "time_asked",
]
