"""What people and systems fill in; the API's schemas are made from these same forms."""

from __future__ import annotations

from django import forms
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from intake.fields import AreaField, CategoryField, ChannelField
from intake.models import CloseCode, Level, RequestType, Urgency
from intake.models.tickets import INFORM_CODES
from intake.services.closing import ANSWER_LIMIT, REASON_LIMIT
from intake.services.editing import NOTE_LIMIT
from intake.services.registration import ADDRESS_LIMIT, NAME_LIMIT, TITLE_LIMIT


def _choices(enum: type, blank: str | Promise = "") -> list[tuple[str, object]]:
    return [("", blank), *enum.choices] if blank else list(enum.choices)  # type: ignore[attr-defined]


class RegistrationForm(forms.Form):
    """A matter as the agent or a channel registers it (R-015).

    Lengths of the matter are checked by the service, which counts characters after cleaning.
    """

    phone = forms.CharField(label=_("联系电话"), required=False, max_length=40, strip=True)
    name = forms.CharField(label=_("姓名或称呼"), required=False, max_length=NAME_LIMIT)
    is_anonymous = forms.BooleanField(label=_("匿名"), required=False)
    is_confidential = forms.BooleanField(label=_("保密"), required=False)
    wants_callback = forms.BooleanField(label=_("愿意接受回访"), required=False, initial=True)
    channel = ChannelField(label=_("受理渠道"))
    called_at = forms.DateTimeField(
        label=_("来电时间"), error_messages={"required": _("请填写来电（提交）时间。")}
    )
    request_type = forms.ChoiceField(label=_("诉求类型"), choices=RequestType.choices)
    matter = forms.CharField(
        label=_("诉求内容"),
        widget=forms.Textarea,
        error_messages={"required": _("请填写诉求内容。")},
    )
    title = forms.CharField(label=_("标题"), required=False, max_length=TITLE_LIMIT)
    area = AreaField(label=_("事发地点（街道或社区）"), required=False)
    address = forms.CharField(label=_("详细地址"), required=False, max_length=ADDRESS_LIMIT)
    door = forms.CharField(
        label=_("门牌（楼、单元、室）"), required=False, max_length=ADDRESS_LIMIT
    )
    category = CategoryField(label=_("诉求分类"), required=False)
    level = forms.ChoiceField(
        label=_("响应等级"), choices=_choices(Level, _("按分类")), required=False
    )
    urgency = forms.ChoiceField(
        label=_("轻重缓急（三级）"), choices=_choices(Urgency, _("按分类")), required=False
    )
    target = forms.CharField(label=_("被反映单位"), required=False, max_length=TITLE_LIMIT)


class ChannelTicketForm(RegistrationForm):
    """The same through the API: the channel is the key's own, and a contact is wanted back
    unless the channel says otherwise."""

    channel = None  # type: ignore[assignment]
    wants_callback = forms.NullBooleanField(label=_("愿意接受回访"), required=False)

    def clean_wants_callback(self) -> bool:
        return self.cleaned_data["wants_callback"] is not False


class AnswerForm(forms.Form):
    text = forms.CharField(label=_("答复内容"), widget=forms.Textarea, max_length=ANSWER_LIMIT)


class InformForm(forms.Form):
    code = forms.ChoiceField(
        label=_("告知事由"), choices=[(c.value, c.label) for c in INFORM_CODES]
    )
    reason = forms.CharField(
        label=_("向诉求人说明的原因"),
        widget=forms.Textarea,
        required=False,
        max_length=REASON_LIMIT,
    )
    transferred_to = forms.ChoiceField(
        label=_("转接热线"),
        required=False,
        choices=[("", "—"), *((n, n) for n in ("110", "119", "120", "122"))],
    )
    earlier = forms.CharField(label=_("同一事项的工单编号"), required=False, max_length=20)

    def clean(self) -> dict[str, object]:
        data = super().clean() or {}
        if data.get("code") == CloseCode.EMERGENCY and not data.get("transferred_to"):
            self.add_error("transferred_to", _("请选择转接到哪条紧急热线。"))
        return data


class EmergencyForm(forms.Form):
    """Two keys on an empty form: only the line is needed."""

    line = forms.ChoiceField(choices=[(n, n) for n in ("110", "119", "120", "122")])
    phone = forms.CharField(required=False, max_length=40)


class MergeForm(forms.Form):
    target = forms.CharField(label=_("并入的工单编号"), max_length=20)


class WithdrawForm(forms.Form):
    is_confirmed = forms.BooleanField(label=_("已向诉求人本人确认撤回"), required=False)
    reason = forms.CharField(label=_("说明"), required=False, max_length=REASON_LIMIT)


class ReopenForm(forms.Form):
    reason = forms.CharField(
        label=_("新情况、新理由"), widget=forms.Textarea, max_length=REASON_LIMIT
    )


class AmendForm(forms.Form):
    matter = forms.CharField(label=_("诉求内容"), widget=forms.Textarea)
    title = forms.CharField(label=_("标题"), required=False, max_length=TITLE_LIMIT)
    address = forms.CharField(label=_("详细地址"), required=False, max_length=ADDRESS_LIMIT)
    door = forms.CharField(
        label=_("门牌（楼、单元、室）"), required=False, max_length=ADDRESS_LIMIT
    )
    target = forms.CharField(label=_("被反映单位"), required=False, max_length=TITLE_LIMIT)


class ClassifyForm(forms.Form):
    category = CategoryField(label=_("诉求分类"), required=False)
    level = forms.ChoiceField(
        label=_("响应等级"), choices=_choices(Level, _("不变")), required=False
    )
    urgency = forms.ChoiceField(
        label=_("轻重缓急（三级）"), choices=_choices(Urgency, _("不变")), required=False
    )
    area = AreaField(label=_("事发地点（街道或社区）"), required=False)


class NoteForm(forms.Form):
    text = forms.CharField(label=_("备注"), widget=forms.Textarea, max_length=NOTE_LIMIT)
