"""A month from its draft over appeals to its close (封账), and what is said about it afterwards."""

from .afterwards import publish_erratum, record_talk
from .asking import appeal_score, propose_bonus, rule_bonus, rule_score_appeal
from .closing import close_month, close_requested, request_close, undecided_of, why_waiting
from .drafts import candidates, open_draft, open_due_drafts, settle
from .recomputing import Recomputed, recompute, recompute_all

__all__ = [
    "Recomputed",
    "appeal_score",
    "candidates",
    "close_month",
    "close_requested",
    "open_draft",
    "open_due_drafts",
    "propose_bonus",
    "publish_erratum",
    "recompute",
    "recompute_all",
    "record_talk",
    "request_close",
    "rule_bonus",
    "rule_score_appeal",
    "settle",
    "undecided_of",
    "why_waiting",
]
