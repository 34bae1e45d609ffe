"""Django registration of the metering room."""

from django.apps import AppConfig


class MeteringConfig(AppConfig):
    name = "powertill.apps.metering"
    label = "metering"
    default_auto_field = "django.db.models.BigAutoField"
