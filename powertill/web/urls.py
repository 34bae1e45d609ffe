"""Every address of the console and the portal."""

from django.urls import include, path

urlpatterns = [
    path("accounts/", include("allauth.urls")),
    path("i18n/", include("django.conf.urls.i18n")),
    path("my/", include("powertill.web.portal.urls")),
    path("", include("powertill.web.console.money_urls")),
    path("", include("powertill.web.console.plant_urls")),
]
