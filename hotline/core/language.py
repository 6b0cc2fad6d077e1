"""Which language a request is answered in."""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import translation
from django.utils.cache import patch_vary_headers

API = "/api/"


class LanguageMiddleware:
    """Pages are Chinese until somebody chooses English; the API answers as its caller asks.

    Django's own middleware also follows a browser's Accept-Language. The office's computers often
    carry an English system whose user never chose it, and two people at one desk must see the same
    words: for pages only the cookie counts that the switch in the head of every page sets
    (`set_language`). A program states its language with every call, so under /api/ Accept-Language
    is honoured.

    The language stays active after the view returns, as with Django's: an export is written while
    it is sent.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        is_api = request.path_info.startswith(API)
        language = translation.get_language_from_request(request) if is_api else chosen(request)
        translation.activate(language)
        request.LANGUAGE_CODE = language
        response = self.get_response(request)
        patch_vary_headers(response, ("Accept-Language" if is_api else "Cookie",))
        response.headers.setdefault("Content-Language", language)
        return response


def chosen(request: HttpRequest) -> str:
    """The language of this person's pages: the one chosen with the switch, else Chinese."""
    code = request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME, "")
    return code if code in dict(settings.LANGUAGES) else settings.LANGUAGE_CODE
