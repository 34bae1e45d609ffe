"""Django registration of the sales room."""

from django.apps import AppConfig


class SalesConfig(AppConfig):
    name = "powertill.apps.sales"
    label = "sales"
    default_auto_field = "django.db.models.BigAutoField"
