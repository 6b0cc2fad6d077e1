"""What tests of bulletins build on: April, closed, with three streets and a district."""

from __future__ import annotations

import datetime as dt

from evaluation.models import Erratum
from evaluation.services import months
from governance.models import Bulletin
from governance.services import bulletins
from hotline.core.models import Role
from tests import factories as make
from tests.pages import closing

MONTH = closing.MONTH
PUBLISHED = closing.CLOSED + make.days(1)
FIRST, SECOND, LAST = "990101002", "990102001", "990101001"


def close_april() -> None:
    """甲二街道 is first, 乙一镇 second, 甲一街道 last; of 甲区 one answer is too few."""
    closing.adopt(tail_count=1, classes={"rectification_share": "0.34"})
    closing.answered(FIRST, good=2, bad=0)
    closing.answered(SECOND, good=1, bad=1)
    closing.answered(LAST, good=0, bad=2)
    closing.answered("990101", good=1, bad=0)
    closing.close()


def publish(at: dt.datetime = PUBLISHED, *, expected: str = "") -> Bulletin:
    return bulletins.publish(
        month=MONTH, expected=expected, actor=make.actor(Role.CITY_SUPERVISOR), at=at
    )


def correct(at: dt.datetime, unit: str = LAST) -> Erratum:
    return months.publish_erratum(
        month=MONTH, unit=make.unit(unit), wrong="承办量 2 件", right="承办量 1 件",
        reason="一件重复登记。", actor=make.actor(Role.CITY_SUPERVISOR), at=at,
    )  # fmt: skip
