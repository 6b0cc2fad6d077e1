"""Everything that dispatch does to a ticket. Each function is one act in one transaction."""

from .desk import register_and_dispatch
from .dispatching import dispatch, recall, undo_dispatch
from .handling import contact, reply, report, sign
from .objections import designate, raise_objection, reject_objection, return_to_desk
from .proposing import Proposal, propose_unit
from .rounds import accept_answer, begin_round

__all__ = [
    "Proposal",
    "accept_answer",
    "begin_round",
    "contact",
    "designate",
    "dispatch",
    "propose_unit",
    "raise_objection",
    "recall",
    "register_and_dispatch",
    "reject_objection",
    "reply",
    "report",
    "return_to_desk",
    "sign",
    "undo_dispatch",
]
