"""Django registration of the ledger room."""

from django.apps import AppConfig


class LedgerConfig(AppConfig):
    name = "powertill.apps.ledger"
    label = "ledger"
    default_auto_field = "django.db.models.BigAutoField"
