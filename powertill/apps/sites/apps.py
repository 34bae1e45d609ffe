"""Django registration of the sites room."""

from django.apps import AppConfig


class SitesConfig(AppConfig):
    name = "powertill.apps.sites"
    label = "sites"
    default_auto_field = "django.db.models.BigAutoField"
