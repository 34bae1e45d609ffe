"""One clock reading per request, and a page for a refusal that nobody caught."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from powertill.clock import Clock
from powertill.core.errors import Refusal

View = Callable[[HttpRequest], HttpResponse]


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
