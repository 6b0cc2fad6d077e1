"""Asking for time: an extension, facts from the requester, a place on the ledger."""

from .extensions import ask_extension, grant_extension, refuse_extension
from .facts import ask_facts, facts_received
from .ledger import approve_hold, clear_hold, hold, refuse_hold, review_hold

__all__ = [
    "approve_hold",
    "ask_extension",
    "ask_facts",
    "clear_hold",
    "facts_received",
    "grant_extension",
    "hold",
    "refuse_extension",
    "refuse_hold",
    "review_hold",
]
