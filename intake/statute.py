"""What the regulation says about matters for which no order is made (R-023).

The agent reads it while telling the caller. These are the points of the articles in the office's
own words, not their text.
"""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from intake.models import CloseCode

# Case of the decision table, and the point of the article, in the order they are checked.
GROUNDS: dict[str, tuple[str, str | Promise]] = {
    CloseCode.EMERGENCY: (
        "D1",
        _(
            "《条例》第十一条要点：须由 110、119、120、122 等紧急热线处置的，即时转接，"
            "并留存转接记录。"
        ),
    ),
    CloseCode.LEGAL_CHANNEL: (
        "D2",
        _(
            "《条例》第十一条要点：应当或者已经进入诉讼、仲裁、纪检监察、行政复议、政府信息公开"
            "程序，或者已经进入信访渠道的，告知相应的法定渠道。"
        ),
    ),
    CloseCode.IN_PROGRESS: (
        "D3",
        _(
            "《条例》第十一条要点：同一事项正在办理或者已经办结，没有新情况、新理由的，告知办理进展"
            "或者结果；有新情况、新理由的，应当派单。"
        ),
    ),
    CloseCode.SECRET: (
        "D4",
        _("《条例》第十一条要点：涉及国家秘密、商业秘密、个人隐私的，作出解释，不记录涉密内容。"),
    ),
    CloseCode.OTHER_CHANNEL: (
        "D5",
        _(
            "《条例》第十一条要点：不属于各单位职责范围的，告知市场、社会等解决渠道；需要单位"
            "监督指导的，可以派单。"
        ),
    ),
    CloseCode.DISSUADED: (
        "D6",
        _("《条例》第十一条要点：违反法律法规或者公序良俗的，劝导、教育，说明规定和后果。"),
    ),
    CloseCode.OUTSIDE_AREA: (
        "",
        _("《条例》第二条要点：诉求应当涉及本市行政区域；不涉及的，登记并告知去处。"),
    ),
}
