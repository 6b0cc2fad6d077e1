"""Everything that dispatch does to a ticket. Each function is one act in one transaction."""

from .assisting import ask_cooperation, delegate, hand_in, interim, release, sign_part
from .coordinating import (
    answer_escalation,
    authorities_over,
    conclude_consultation,
    consult,
    escalate,
)
from .desk import register_and_dispatch
from .dispatching import dispatch, recall, undo_dispatch
from .handling import contact, reply, report, sign
from .instructing import (
    accept_instruction,
    answer_instruction,
    instruct,
    send_back_instruction,
)
from .liaison import pass_to_liaison
from .objections import designate, raise_objection, reject_objection, return_to_desk
from .offices import found_offices
from .onsite import arrive_onsite, decide_onsite, order_onsite
from .precedents import let_ruling_decide
from .proposing import Proposal, propose_unit
from .rounds import accept_answer, begin_round
from .time_asked import (
    approve_hold,
    ask_extension,
    ask_facts,
    clear_hold,
    facts_received,
    grant_extension,
    hold,
    refuse_extension,
    refuse_hold,
    review_hold,
)

__all__ = [
    "Proposal",
    "accept_answer",
    "accept_instruction",
    "answer_escalation",
    "answer_instruction",
    "approve_hold",
    "arrive_onsite",
    "ask_cooperation",
    "ask_extension",
    "ask_facts",
    "authorities_over",
    "begin_round",
    "clear_hold",
    "conclude_consultation",
    "consult",
    "contact",
    "decide_onsite",
    "delegate",
    "designate",
    "dispatch",
    "escalate",
    "facts_received",
    "found_offices",
    "grant_extension",
    "hand_in",
    "hold",
    "instruct",
    "interim",
    "let_ruling_decide",
    "order_onsite",
    "pass_to_liaison",
    "propose_unit",
    "raise_objection",
    "recall",
    "refuse_extension",
    "refuse_hold",
    "register_and_dispatch",
    "reject_objection",
    "release",
    "reply",
    "report",
    "return_to_desk",
    "review_hold",
    "send_back_instruction",
    "sign",
    "sign_part",
    "undo_dispatch",
]
