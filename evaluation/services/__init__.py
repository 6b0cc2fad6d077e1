"""The acts of evaluation, by topic; each function is one act in one transaction."""

from .answers import (
    OPINION_LIMIT,
    answers_since_reply,
    attempts_of_turn,
    half_days,
    is_concluded,
    parties_to_call,
)
from .calling import close, conclude, record_callback, rehandle
from .links import answer_link, find_link, give_link, open_link, send_links
from .pleas import (
    appeal,
    ask_exclusion,
    grant_exclusion,
    refuse_exclusion,
    reject_appeal,
    uphold_appeal,
)
from .ratings import rate

__all__ = [
    "OPINION_LIMIT",
    "answer_link",
    "answers_since_reply",
    "appeal",
    "ask_exclusion",
    "attempts_of_turn",
    "close",
    "conclude",
    "find_link",
    "give_link",
    "grant_exclusion",
    "half_days",
    "is_concluded",
    "open_link",
    "parties_to_call",
    "rate",
    "record_callback",
    "refuse_exclusion",
    "rehandle",
    "reject_appeal",
    "send_links",
    "uphold_appeal",
]
