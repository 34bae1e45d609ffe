"""Django registration of the tariffs room."""

from django.apps import AppConfig


class TariffsConfig(AppConfig):
    name = "powertill.apps.tariffs"
    label = "tariffs"
    default_auto_field = "django.db.models.BigAutoField"
