"""The people of the demo site: staff with their roles, customers, and where messages reach them."""

from typing import Final

from powertill.apps.notices.models import Contact
from powertill.apps.people.models import Customer, User
from powertill.apps.sites.models import Membership, Site
from powertill.simulators.town.site import UNITS, Unit

from .logins import password_for

# (user name, role, first and last name, language)
STAFF: Final = (
    ("cashier", "cashier", "Mei", "Lin", "zh-hans"),
    ("manager", "manager", "Hao", "Chen", "zh-hans"),
    ("manager2", "manager", "Ruth", "Okafor", "en"),
    ("engineer", "engineer", "Jun", "Gao", "zh-hans"),
    ("auditor", "auditor", "Elena", "Rossi", "en"),
)
CHANNELS: Final = ("file", "console")  # in order of rank: the second is tried when the first fails


def staff(site: Site) -> dict[str, str]:
    """Make the staff with their roles; return user name -> password."""
    passwords = {}
    for name, role, first, last, language in STAFF:
        user = User(username=name, first_name=first, last_name=last, language=language)
        passwords[name] = _sign_in(user)
        Membership.objects.create(user=user, site=site, role=role)
    return passwords


def customers() -> tuple[dict[str, Customer], dict[str, str]]:
    """Make all customers, the story's too; return them by label, and the passwords of those who may sign in."""
    found, passwords = {}, {}
    for unit in UNITS:
        user = None
        if unit.person.username:
            user = User(username=unit.person.username, language=unit.person.language)
            passwords[user.username] = _sign_in(user)
        found[unit.label] = _customer(unit, user)
    return found, passwords


def _customer(unit: Unit, user: User | None) -> Customer:
    person = unit.person
    return Customer.objects.create(
        number=person.number, name=person.name, phone=person.phone, language=person.language, user=user
    )


def reachable(customers: dict[str, Customer]) -> None:
    """Give every customer their channels. Done last: what happened before the demo began is told to nobody."""
    Contact.objects.bulk_create(
        Contact(customer=customer, channel=channel, address=customer.phone, rank=rank)
        for customer in customers.values()
        for rank, channel in enumerate(CHANNELS, 1)
    )


def _sign_in(user: User) -> str:
    password = password_for(user)
    user.set_password(password)
    user.save()
    return password
