"""Django registration of the notices room."""

from django.apps import AppConfig


class NoticesConfig(AppConfig):
    name = "powertill.apps.notices"
    label = "notices"
    default_auto_field = "django.db.models.BigAutoField"
