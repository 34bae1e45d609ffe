"""Find customers."""

from django.db.models import Q, QuerySet

from powertill.apps.people.models import Customer

PHONE_TAIL_DIGITS = 4


def find(text: str) -> QuerySet[Customer]:
    """Return customers whose name, number or phone tail fits what was typed."""
    text = text.strip()
    return Customer.objects.filter(Q(name__icontains=text) | Q(number=text) | _phone(text))


def _phone(text: str) -> Q:
    if text.isascii() and text.isdigit() and len(text) >= PHONE_TAIL_DIGITS:
        return Q(phone__endswith=text)
    return Q(pk=None)
