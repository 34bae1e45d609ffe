"""No text that cannot be stored, one clock reading per request, and a page for a refusal that nobody caught."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import translation
from django.utils.translation import gettext as _

from powertill.clock import Clock
from powertill.core.errors import Refusal

View = Callable[[HttpRequest], HttpResponse]
# PostgreSQL holds every character but NUL; half a surrogate pair has no form in UTF-8.
NOT_STORABLE = re.compile("[\\0\\ud800-\\udfff]")


class TextMiddleware:
    """Answer 400 with a sentence when path, query, form or cookies hold a character that PostgreSQL refuses.

    It stands before everything that reads the database, so before the language of the person is known: the sentence
    comes in every language that there is.
    """

    def __init__(self, get_response: View) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not any(NOT_STORABLE.search(text) for text in _texts(request)):
            return self.get_response(request)
        refusal = Refusal("request.text")
        said = []
        for code, _name in settings.LANGUAGES:
            with translation.override(code):
                said.append((code, _(refusal.sentence), _(refusal.hint)))
        return render(request, "errors/unstorable.html", {"said": said, "code": refusal.code}, status=400)


def _texts(request: HttpRequest) -> Iterator[str]:
    yield request.path_info
    yield from request.COOKIES.values()
    for data in (request.GET, request.POST):
        for name, values in data.lists():
            yield name
            yield from (value for value in values if isinstance(value, str))


class ClockMiddleware:
    """Put `request.clock` and `request.now` (aware UTC, the same for the whole request) on every request."""

    def __init__(self, get_response: View) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.clock = Clock()  # type: ignore[attr-defined]
        request.now = request.clock.now()  # type: ignore[attr-defined]
        return self.get_response(request)


class RefusalMiddleware:
    """Turn a Refusal that leaves a view into its sentence and hint: a whole page, or only the box when htmx asked."""

    def __init__(self, get_response: View) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """Answer 422 for a Refusal; leave every other exception to Django."""
        if not isinstance(exception, Refusal):
            return None
        partial = request.headers.get("HX-Request") == "true" and request.headers.get("HX-Boosted") != "true"
        name = "components/refusal_partial.html" if partial else "errors/refusal.html"
        return render(request, name, {"refusal": exception}, status=422)
