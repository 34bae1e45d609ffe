"""Staff users and customers."""

from django.contrib.auth.models import AbstractUser
from django.db import models
from django.utils.translation import gettext_lazy as _

LANGUAGES = [("en", "English"), ("zh-hans", "简体中文")]


class User(AbstractUser):
    """Someone who signs in: staff with a role at a site, or a customer with a portal."""

    language = models.CharField(_("language"), max_length=12, choices=LANGUAGES, default="en")


class Customer(models.Model):
    """A person or firm that buys energy; may hold several accounts."""

    number = models.CharField(_("customer number"), max_length=12, unique=True)  # 12 digits: stored in the meter too
    name = models.CharField(_("name"), max_length=120)
    phone = models.CharField(_("phone"), max_length=20, blank=True)
    email = models.EmailField(_("e-mail"), blank=True)
    language = models.CharField(_("language"), max_length=12, choices=LANGUAGES, default="en")
    user = models.OneToOneField(User, null=True, blank=True, on_delete=models.SET_NULL, related_name="customer")

    class Meta:
        ordering = ["number"]

    def __str__(self) -> str:
        return self.name
