"""Everything that intake does to a ticket. Each function is one act in one transaction."""

from .closing import answer, inform, merge_into, reopen, transfer_emergency, withdraw
from .desk import register_and_answer, register_and_inform
from .drafts import discard_draft, load_draft, save_draft
from .editing import amend, classify, note
from .firming import firm_up
from .people import CallerHistory, caller_history, reveal_requester
from .registration import accept
from .sweeping import sweep

__all__ = [
    "CallerHistory",
    "accept",
    "amend",
    "answer",
    "caller_history",
    "classify",
    "discard_draft",
    "firm_up",
    "inform",
    "load_draft",
    "merge_into",
    "note",
    "register_and_answer",
    "register_and_inform",
    "reopen",
    "reveal_requester",
    "save_draft",
    "sweep",
    "transfer_emergency",
    "withdraw",
]
