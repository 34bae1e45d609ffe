"""Django registration of the people room."""

from django.apps import AppConfig


class PeopleConfig(AppConfig):
    name = "powertill.apps.people"
    label = "people"
    default_auto_field = "django.db.models.BigAutoField"
