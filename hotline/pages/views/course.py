"""The three rates and the volume over the years."""

from __future__ import annotations

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from evaluation.courses import course as course_of
from hotline.pages import course as pages
from hotline.pages.doors import StaffRequest, staff_page
from hotline.pages.month import first_group, is_unpublished
from hotline.pages.workplaces import TABLE_ROLES
from hotline.pages.year import groups_for


@require_GET
@staff_page(*TABLE_ROLES)
def course(request: StaffRequest) -> HttpResponse:
    """One group's course, or all together, as far as the reader may see."""
    at, choices = timezone.now(), pages.choices_for(request.actor)
    measure = request.GET.get("measure", next(iter(pages.MEASURES)))
    group = request.GET.get("group") or first_group(request.actor, groups_for(request.actor))
    if measure not in pages.MEASURES or group not in choices:
        raise Http404
    groups = pages.groups_named(group, request.actor)
    lines = pages.lines(course_of(groups, request.actor, at=at), measure, group)
    context = {
        "measure": measure,
        "measures": pages.MEASURES,
        "followed": pages.MEASURES[measure],
        "group": group,
        "groups": choices,
        "is_unpublished": is_unpublished(group),
        "lines": lines[::-1],
        "heads": pages.heads(measure),
        "charts": [pages.rate_chart(lines, measure), pages.volume_chart(lines)],
        "as_of": at,
    }
    return render(request, "pages/course.html", context)
