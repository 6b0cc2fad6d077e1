"""Pages by key: the next page begins behind the last row of this one, so that pages stay fast and
nothing is shown twice or lost when rows arrive in between. A list is never cut short silently:
`next` says whether there is more."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from django import forms
from django.utils.translation import gettext_lazy as _
from rest_framework.request import Request
from rest_framework.response import Response

from hotline.core.api.problems import BadRequest

MOST = 200
USUAL = 50
Row = TypeVar("Row")


class PageForm(forms.Form):
    """The parameters of every list."""

    limit = forms.IntegerField(
        label=_("每页条数"), min_value=1, max_value=MOST, required=False, initial=USUAL
    )
    cursor = forms.CharField(
        label=_("上一页 next 中的位置"), required=False, max_length=200, strip=False
    )

    def clean_limit(self) -> int:
        return self.cleaned_data["limit"] or USUAL


def page(
    request: Request,
    found: Sequence[Row],
    limit: int,
    render: Callable[[Row], dict[str, Any]],
    key: Callable[[Row], list[Any]],
) -> Response:
    """One page. `found` holds up to `limit + 1` rows: one more than shown says there is a next
    page, which begins behind `key(last row shown)`."""
    shown = found[:limit]
    following = _address(request, encode(key(shown[-1]))) if len(found) > limit else None
    response = Response({"results": [render(row) for row in shown], "next": following})
    if following:
        response.headers["Link"] = f'<{following}>; rel="next"'
    return response


def encode(key: list[Any]) -> str:
    """A place in a list, as an opaque word."""
    text = json.dumps(key, separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def decode(cursor: str, *kinds: type | tuple[type, ...]) -> list[Any]:
    """The place a cursor names. Raises BadRequest for anything we have not written ourselves."""
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        key = json.loads(base64.b64decode(padded.encode("ascii"), altchars=b"-_", validate=True))
    except (ValueError, binascii.Error, RecursionError):
        raise BadRequest("cursor_invalid") from None
    is_ours = (
        isinstance(key, list)
        and len(key) == len(kinds)
        and all(isinstance(part, kind) for part, kind in zip(key, kinds, strict=True))
        and not any(isinstance(part, bool) for part in key)
        # Larger numbers fit no column.
        and not any(isinstance(part, int) and abs(part) > 2**62 for part in key)
    )
    if not is_ours:
        raise BadRequest("cursor_invalid")
    return key


def _address(request: Request, cursor: str) -> str:
    query = request.query_params.copy()
    query["cursor"] = cursor
    return request.build_absolute_uri(f"{request.path}?{query.urlencode()}")
