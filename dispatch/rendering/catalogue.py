"""How the catalogue reads: its targets, why a unit was proposed, what is wrong with a line."""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from dispatch import catalogue
from dispatch.routing import Clause, Reason, StandIn, Weighed
from dispatch.services.catalogue import Finding
from hotline.core.models import Unit, UnitKind
from hotline.core.places import area_by_code, districts
from knowledge.models import category_by_code

_PLACES = {
    "street": gettext_lazy("事发地街道（乡镇）"),
    "district": gettext_lazy("事发地所在区"),
    "community": gettext_lazy("事发地社区（村）"),
}

# --- targets --------------------------------------------------------------------------------


def target_words(target: str) -> str:
    """A target as the office says it; an unknown one as it is written."""
    if target in _PLACES:
        return str(_PLACES[target])
    kind, _colon, name = target.partition(":")
    match kind:
        case "unit":
            return _unit_name(name)
        case "enterprise":
            return _line_name(UnitKind.ENTERPRISE, name) or target
        case "city":
            return _line_name(UnitKind.CITY_DEPARTMENT, name) or target
        case "bureau":
            return _bureau_words(name)
    return target


def _bureau_words(line: str) -> str:
    """By the name that the districts' bureaus share, else by the city's department."""
    bureaus = catalogue.directory().of_line(UnitKind.DISTRICT_DEPARTMENT, line)
    if bureaus and bureaus[0].area is not None:
        bureau = bureaus[0].name.removeprefix(bureaus[0].area.name)
        return _("事发地所在区的%(bureau)s") % {"bureau": bureau}
    city = _line_name(UnitKind.CITY_DEPARTMENT, line) or line
    return _("事发地所在区的对应部门（没有的由%(city)s）") % {"city": city}


def _line_name(kind: str, line: str) -> str:
    """The line of duty by the city's unit for it; empty where the city has none."""
    named = catalogue.directory().of_line(kind, line)
    return named[0].name if named else ""


def _unit_name(code: str) -> str:
    unit: Unit | None = catalogue.directory().by_code.get(code)
    return unit.name if unit else code


# --- why a unit was proposed ----------------------------------------------------------------

_WEIGHED: dict[str, str | Promise] = {
    Reason.CHOSEN: gettext_lazy("采用：%(clause)s，由%(unit)s主办。"),
    Reason.WIDER_CLASS: gettext_lazy("未采用：%(clause)s；另有更细的分类条目。"),
    Reason.WIDER_AREA: gettext_lazy("未采用：%(clause)s；另有专门针对该地点的条目。"),
    Reason.PRECEDENT_FIRST: gettext_lazy("未采用：%(clause)s；同类事项已有裁定先例。"),
    Reason.EARLIER: gettext_lazy("未采用：%(clause)s；另有更新的先例。"),
    Reason.NO_PLACE: gettext_lazy("不能采用：%(clause)s；事发地点还不知道。"),
    Reason.NO_SUCH_UNIT: gettext_lazy("不能采用：%(clause)s；该地没有这样的单位。"),
    Reason.TWO_UNITS: gettext_lazy("不能采用：%(clause)s；该地有两个以上这样的单位，无法确定。"),
    Reason.ENDED: gettext_lazy("不能采用：%(clause)s；该单位已撤并，没有承接单位。"),
    Reason.NO_SUPERIOR: gettext_lazy(
        "不能采用：%(clause)s；被反映的正是%(accused)s，没有上级单位可派。"
    ),
    Reason.NOT_ITS_DUTY: gettext_lazy(
        "不能采用：%(clause)s；履职清单 %(item)s（%(text)s）：不得派给%(unit)s。"
    ),
    Reason.ONLY_ASSISTS: gettext_lazy(
        "不能采用：%(clause)s；履职清单 %(item)s（%(text)s）：%(unit)s只配合，不主办。"
    ),
    Reason.OUTSIDE_LIST: gettext_lazy(
        "不能采用：%(clause)s；《%(list)s》中没有这一类事项，不得派给%(unit)s。"
    ),
    Reason.BY_STREET: gettext_lazy("目录没有条目，按事发地派%(unit)s。"),
    Reason.BY_DISTRICT: gettext_lazy("没有可用的条目，由事发地所在的%(unit)s兜底。"),
}
_STAND_IN: dict[str, str | Promise] = {
    StandIn.CITY_FOR_BUREAU: gettext_lazy("区里没有对应部门，改由市级部门承办。"),
    StandIn.DISTRICT_FOR_STREET: gettext_lazy("没有查到街道，改由区兜底。"),
    StandIn.SUCCESSOR: gettext_lazy("原单位已撤并，改由承接单位承办。"),
    StandIn.SUPERIOR: gettext_lazy("被反映的正是%(accused)s，改由上级承办。"),
}


def weighed_words(weighed: Weighed) -> str:
    """One line of the explanation: what was considered and what became of it."""
    codes = weighed.parameters
    names = {
        "clause": clause_words(weighed.clause) if weighed.clause else _("按事发地"),
        "unit": _unit_name(codes.get("unit", "")),
        "accused": _unit_name(codes.get("accused", "")),
        "item": codes.get("item", ""),
        "text": codes.get("text", ""),
        "list": codes.get("list", ""),
    }
    words = str(_WEIGHED[weighed.reason]) % names
    aside = _STAND_IN.get(codes.get("stand_in", ""))
    return words + str(aside) % names if aside else words


def clause_words(clause: Clause) -> str:
    """A clause in a line: the class, the area where it names one, the lead, the basis."""
    head = f"{clause.category} {class_name(clause.category)}"
    if clause.area:
        head = _("%(class)s（%(area)s）") % {"class": head, "area": _area_name(clause.area)}
    return (
        _("先例 %(class)s → %(lead)s，%(basis)s")
        if clause.is_precedent
        else _("目录 %(class)s → %(lead)s，%(basis)s")
    ) % {"class": head, "lead": target_words(clause.lead), "basis": clause.basis}


def _areas_words(codes: list[str]) -> str:
    if set(districts()) <= set(codes):
        return _("全市")
    return _("、").join(_area_name(code) for code in codes)


def class_name(code: str) -> str:
    category = category_by_code(code)
    return category.name if category else code


def _area_name(code: str) -> str:
    area = area_by_code(code)
    return area.name if area else code


# --- what is wrong with a line --------------------------------------------------------------

_FINDINGS: dict[str, str | Promise] = {
    "unknown_class": gettext_lazy("没有“%(value)s”这个分类，或它已停用。"),
    "unknown_area": gettext_lazy("没有“%(value)s”这个地点。"),
    "bad_lead": gettext_lazy(
        "主办单位“%(value)s”看不懂或不能主办：可写 street、district、bureau:条线、city:条线、"
        "enterprise:条线、unit:单位代码。"
    ),
    "bad_cooperator": gettext_lazy("协办单位“%(value)s”看不懂，或没有这个单位。"),
    "no_basis": gettext_lazy("没有写依据；确实没有的，请写明无公布依据。"),
    "bad_level": gettext_lazy("“%(value)s”不是响应等级（L1 至 L4）。"),
    "bad_urgency": gettext_lazy("“%(value)s”不是紧急程度，或等级不是三级。"),
    "bad_limit": gettext_lazy("“%(value)s”不是时限：数量和单位要都写，不超过一年。"),
    "too_long": gettext_lazy("“%(column)s”一列太长，最多 %(most)s 字。"),
    "twice": gettext_lazy("与第 %(row)s 行重复：同一分类、同一地点只能有一行。"),
    "no_clause": gettext_lazy("%(category)s 没有条目。"),
    "lead_no_place": gettext_lazy("主办“%(target)s”在这些地方找不到：%(areas)s。"),
    "lead_no_such_unit": gettext_lazy("主办“%(target)s”在这些地方没有这样的单位：%(areas)s。"),
    "lead_two_units": gettext_lazy("主办“%(target)s”在这些地方有两个以上单位：%(areas)s。"),
    "lead_ended": gettext_lazy("主办“%(target)s”在这些地方的单位已撤并：%(areas)s。"),
    "cooperator_no_place": gettext_lazy("协办“%(target)s”在这些地方找不到：%(areas)s。"),
    "cooperator_no_such_unit": gettext_lazy(
        "协办“%(target)s”在这些地方没有这样的单位：%(areas)s。"
    ),
    "cooperator_two_units": gettext_lazy("协办“%(target)s”在这些地方有两个以上单位：%(areas)s。"),
    "cooperator_ended": gettext_lazy("协办“%(target)s”在这些地方的单位已撤并：%(areas)s。"),
    "lead_not_its_duty": gettext_lazy(
        "%(category)s：履职清单 %(item)s（%(text)s）不得派给“%(target)s”。"
    ),
    "lead_only_assists": gettext_lazy(
        "%(category)s：按履职清单 %(item)s（%(text)s），“%(target)s”只配合，不主办。"
    ),
    "lead_outside_list": gettext_lazy(
        "%(category)s：《%(list)s》没有这类事项，“%(target)s”不能主办。"
    ),
    "cooperator_not_its_duty": gettext_lazy(
        "%(category)s：履职清单 %(item)s（%(text)s）不得派给协办的“%(target)s”。"
    ),
    "cooperator_outside_list": gettext_lazy(
        "%(category)s：《%(list)s》没有这类事项，“%(target)s”不能协办。"
    ),
}


def finding_words(finding: Finding) -> str:
    """What is to be mended or known, in the reader's language."""
    words = dict(finding.parameters)
    if "target" in words:
        words["target"] = target_words(words["target"])
    if "category" in words:
        words["category"] = f"{words['category']} {class_name(words['category'])}"
    if "areas" in words:
        words["areas"] = _areas_words(words["areas"].split())
    return str(_FINDINGS[finding.code]) % words
