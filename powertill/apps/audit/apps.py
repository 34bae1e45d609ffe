"""Django registration of the audit room."""

from django.apps import AppConfig


class AuditConfig(AppConfig):
    name = "powertill.apps.audit"
    label = "audit"
    default_auto_field = "django.db.models.BigAutoField"
