"""Leaders' instructions and the answers to them."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from dispatch import services
from dispatch.forms import instructing as forms
from hotline.core.models import Role
from intake.models import State
from intake.verbs import Verb, desk, either, its_district, lead, register

# A unit has the ticket; before the dispatch and after the close nobody could answer.
_WITH_UNIT = frozenset({State.DISPATCHED, State.HANDLING, State.CALLBACK})
_LEADERS = either(desk(Role.CITY_SUPERVISOR), its_district)

register(
    Verb(
        "instruct", _("批示"), services.instruct, forms.InstructForm,
        _WITH_UNIT, _LEADERS, order=60,
    ),
    Verb(
        "answer_instruction", _("答复批示"), services.answer_instruction,
        forms.AnswerInstructionForm, _WITH_UNIT, lead, order=13,
    ),
    Verb(
        "accept_instruction", _("批示答复阅毕"), services.accept_instruction,
        forms.AcceptInstructionForm, frozenset(State.values), _LEADERS, order=61,
    ),
    Verb(
        "send_back_instruction", _("退回批示答复"), services.send_back_instruction,
        forms.SendBackInstructionForm, _WITH_UNIT, _LEADERS, order=62,
    ),
)  # fmt: skip
