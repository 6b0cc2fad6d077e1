"""Answers to a page that asks whether something is new."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.cache import get_conditional_response
from django.utils.dateparse import parse_datetime


def news(
    request: HttpRequest, count_since: Callable[[dt.datetime], int], url_name: str
) -> HttpResponse:
    """204 for nothing new since the page was read (`since`), 304 for nothing more than was said
    before, else the line that offers to read the list again."""
    since = parse_datetime(request.GET.get("since", ""))
    if since is None or since.tzinfo is None:
        return HttpResponse(status=400)
    count = count_since(since)
    if not count:
        return HttpResponse(status=204)
    etag = f'"{count}"'
    query = request.GET.copy()
    query.pop("since")
    url = f"{reverse(url_name)}?{query.urlencode()}" if query else reverse(url_name)
    answer = render(request, "components/pill.html", {"count": count, "url": url})
    answer.headers["ETag"] = etag
    return get_conditional_response(request, etag=etag, response=answer) or answer
