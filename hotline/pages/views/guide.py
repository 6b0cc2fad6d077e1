"""The classification guide, beside the classes as a tree."""

from __future__ import annotations

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from hotline.pages.doors import StaffRequest, staff_page
from hotline.pages.guide import first_level, found_classes, told_class, tree
from knowledge.models import category_by_code


@require_GET
@staff_page()
def guide(request: StaffRequest) -> HttpResponse:
    """One class told, the classes found by words, or all first-level classes."""
    code, words = request.GET.get("class", ""), request.GET.get("q", "").strip()[:60]
    chosen = category_by_code(code) if code else None
    if code and chosen is None:
        raise Http404
    told = told_class(chosen) if chosen and not words else None
    context = {
        "tree": tree(),
        "told": told,
        "path_ids": [c.pk for c in (*told.above, told.category)] if told else [],
        "words": words,
        "classes": found_classes(words) if words else first_level(),
    }
    return render(request, "pages/guide.html", context)
