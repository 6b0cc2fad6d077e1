"""What the rules of an assessment scheme are called: on forms, on pages and in refusals."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

RULE_NAMES = {
    "weights": _("三率权重"),
    "basic_credit": _("“基本满意”折算"),
    "groups": _("参加排名的考评组"),
    "volume_bands": _("承办量分档"),
    "min_sample": _("最少有效回访"),
    "coverage_floor": _("回访覆盖下限"),
    "out_of_scope": _("不考评的事项"),
    "answer": _("以哪次回答为准"),
    "channels": _("计入的回访方式"),
    "attribution": _("归属月的依据"),
    "period_start_day": _("考评月起始日"),
    "day_cut": _("日报截止时刻"),
    "close_lag_days": _("封账前等待天数"),
    "appeal_days": _("月度成绩申诉天数"),
    "repeats": _("重复诉求"),
    "sample_percent": _("回访抽样比例"),
    "pressure_percent": _("第四问抽样比例"),
    "shares": _("主办与协办分担"),
    "whistle": _("吹哨报到双考核"),
    "bonus_cap": _("加分上限"),
    "ties": _("同分"),
    "interval_z": _("成绩区间宽度"),
    "tail_count": _("末位单位数"),
    "classes": _("分类办法"),
    "is_observation": _("仅观察"),
}
