"""Django registration of the supply room."""

from django.apps import AppConfig


class SupplyConfig(AppConfig):
    name = "powertill.apps.supply"
    label = "supply"
    default_auto_field = "django.db.models.BigAutoField"
