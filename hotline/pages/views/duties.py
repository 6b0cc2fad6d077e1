"""履职清单: what a street, a community or a department may be asked to do, by edition."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Count, Q
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from dispatch.models import DutyItem, DutyList, ListedKind, Stance
from hotline.pages.catalogue import may_edit, names_a_document
from hotline.pages.doors import StaffRequest, staff_page
from knowledge.models import Category, categories, category_by_code

_KINDS = list(ListedKind)


@require_GET
@staff_page()
def duties(request: StaffRequest) -> HttpResponse:
    """All lists, or with `list` the items of one of them."""
    if "list" in request.GET:
        return _items(request)
    today = timezone.localdate()
    counts = {
        f"{stance.value}_count": Count("items", filter=Q(items__stance=stance.value))
        for stance in Stance
    }
    listed = DutyList.objects.annotate(item_count=Count("items"), **counts).filter(
        Q(valid_to=None) | Q(valid_to__gt=today)
    )
    lists = sorted(listed, key=lambda one: (_KINDS.index(ListedKind(one.unit_kind)), one.code))
    context = {"lists": lists, "today": today, "may_edit": may_edit(request.actor)}
    return render(request, "pages/duties.html", context)


@dataclass(frozen=True)
class _Line:
    """An item with the classes it speaks of."""

    item: DutyItem
    classes: list[Category]

    @property
    def is_founded(self) -> bool:
        return names_a_document(self.item.basis)


def _items(request: StaffRequest) -> HttpResponse:
    """The items of the edition asked for, or of the one in force, narrowed as the address says."""
    asked = request.GET
    editions = [one for one in DutyList.objects.order_by("-edition") if one.code == asked["list"]]
    shown = _edition(editions, asked.get("edition", ""))
    words, stance = asked.get("q", "").strip()[:60], asked.get("stance", "")
    code = asked.get("class", "")
    by_code = {category.code: category for category in categories().values()}
    lines = [
        _Line(item, [by_code[named] for named in item.categories if named in by_code])
        for item in shown.items.order_by("pk")
        if stance in ("", item.stance)
        and all(word in f"{item.code} {item.text}".lower() for word in words.lower().split())
        and (not code or any(code.startswith(listed) for listed in item.categories))
    ]
    context = {
        "shown": shown, "editions": editions, "lines": lines, "words": words, "stance": stance,
        "stances": Stance.choices, "chosen": category_by_code(code) if code else None,
        "is_filtered": bool(code or words or stance), "today": timezone.localdate(),
        "may_edit": may_edit(request.actor),
    }  # fmt: skip
    return render(request, "pages/duty_list.html", context)


def _edition(editions: list[DutyList], number: str) -> DutyList:
    """Raises Http404 where there is none."""
    today = timezone.localdate()
    for one in editions:
        if number and str(one.edition) == number:
            return one
        if not number and one.valid_from <= today and (not one.valid_to or today < one.valid_to):
            return one
    raise Http404
