"""Who may open a page, and of which site: every console view is wrapped by `page`."""

from collections.abc import Callable
from functools import wraps
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.utils import timezone, translation

from powertill.apps.people.models import User
from powertill.apps.sites import roles
from powertill.apps.sites.models import Site

SITE_KEY = "site"  # in the session: the site that this person works at
SITES_MAX = 200
View = Callable[..., HttpResponseBase]


class SiteRequest(HttpRequest):
    """A request inside `page`: its site, what the person may do there, and the one time of the request."""

    site: Site  # type: ignore[assignment]
    htmx: Any  # from HtmxMiddleware: true when htmx asked
    sites: list[Site]
    may: frozenset[str]
    now: Any  # aware UTC, from ClockMiddleware
    user: User


def page(action: str = roles.SEE) -> Callable[[View], View]:
    """Let a view run for signed-in staff whose role at the current site allows `action`."""

    def wrap(view: View) -> View:
        @login_required
        @wraps(view)
        def inner(request: Any, *args: Any, **kwargs: Any) -> HttpResponseBase:
            sites = list(Site.objects.filter(memberships__user=request.user).distinct()[:SITES_MAX])
            if not sites:
                return _without_site(request)
            request.sites, request.site = sites, _current(request, sites)
            request.may = roles.actions(request.user, request.site)
            if action not in request.may:
                raise PermissionDenied
            _speak_own_language(request)
            with timezone.override(ZoneInfo(request.site.zone)):
                return view(request, *args, **kwargs)

        return inner

    return wrap


def _without_site(request: Any) -> HttpResponse:
    if getattr(request.user, "customer", None) is not None:
        return redirect("portal:home")
    raise PermissionDenied


def _current(request: Any, sites: list[Site]) -> Site:
    """Return the site that the address asks for (`?site=code`), else the remembered one, else the first."""
    asked = request.GET.get("site", "")
    for site in sites:
        if site.code == asked:
            request.session[SITE_KEY] = site.pk
            return site
    kept = request.session.get(SITE_KEY)
    return next((site for site in sites if site.pk == kept), sites[0])


def _speak_own_language(request: Any) -> None:
    """Use the language of the person's record until they choose another one in this browser."""
    if settings.LANGUAGE_COOKIE_NAME not in request.COOKIES:
        translation.activate(request.user.language)
        request.LANGUAGE_CODE = translation.get_language()
