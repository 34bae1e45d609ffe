"""Every address of the console and the portal."""

from django.conf import settings
from django.urls import include, path

from powertill.web.console import money_urls, plant_urls

console = ([*money_urls.urlpatterns, *plant_urls.urlpatterns], "console")

urlpatterns = [
    path("accounts/", include("allauth.urls")),
    path("i18n/", include("django.conf.urls.i18n")),
    path("my/", include("powertill.web.portal.urls")),
    path("", include(console)),
    *([path("_gallery/", include("powertill.web.gallery"))] if settings.DEBUG else []),
]
