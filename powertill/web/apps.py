"""Django's entry to the browser side: its templates, static files and template tags."""

from django.apps import AppConfig


class WebConfig(AppConfig):
    """Templates, static files and tags of the console and the portal; it has no tables."""

    name = "powertill.web"
    label = "web"
    verbose_name = "Powertill web"
