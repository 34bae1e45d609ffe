"""The gallery, sign-in and named empty pages: enough addresses to draw the shell before and without the real pages."""

from django.http import HttpRequest, HttpResponse, HttpResponseServerError
from django.shortcuts import render
from django.urls import include, path

from powertill.web.context import ENTRIES


def empty(request: HttpRequest) -> HttpResponse:
    """Answer with the shell alone."""
    return render(request, "base.html")


def broken(request: HttpRequest) -> HttpResponse:
    """Answer as Django does after a fault: without any context."""
    from django.template.loader import render_to_string

    return HttpResponseServerError(render_to_string("500.html"))


def lost(request: HttpRequest, number: str) -> HttpResponse:
    """Answer with one of the error pages."""
    return render(request, f"{number}.html", status=int(number[:3]))


CONSOLE = [path(f"{entry.key}/", empty, name=entry.url_name.partition(":")[2]) for entry in ENTRIES]
CONSOLE += [path("search", empty, name="search")]

urlpatterns = [
    path("_gallery/", include("powertill.web.gallery")),
    path("accounts/", include("allauth.urls")),
    path("i18n/", include("django.conf.urls.i18n")),
    path("", include((CONSOLE, "console"))),
    path("broken", broken),
    path("error/<str:number>", lost),
]
