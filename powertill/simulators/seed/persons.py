"""The people of the demo site: staff with their roles, customers, and where messages reach them."""

from concurrent.futures import ThreadPoolExecutor
from typing import Final

from django.contrib.auth.hashers import make_password

from powertill.apps.notices.models import Contact
from powertill.apps.people.models import Customer, User
from powertill.apps.sites.models import Membership, Site
from powertill.simulators.town.site import UNITS

from .logins import password_for

# (user name, role, first and last name, language)
STAFF: Final = (
    ("cashier", "cashier", "Mei", "Lin", "en"),
    ("manager", "manager", "Hao", "Chen", "en"),
    ("manager2", "manager", "Ruth", "Okafor", "en"),
    ("engineer", "engineer", "Jun", "Gao", "zh-hans"),
    ("auditor", "auditor", "Elena", "Rossi", "en"),
)
CHANNELS: Final = ("file", "console")  # in order of rank: the second is tried when the first fails


HASHERS = 2  # threads: a hash is slow on purpose, and the interpreter is free while it is made


def users() -> dict[str, str]:
    """Make everybody who may sign in, staff and customers; return user name -> password."""
    people = [
        User(username=name, first_name=first, last_name=last, language=language)
        for name, _role, first, last, language in STAFF
    ]
    people += [
        User(username=unit.person.username, language=unit.person.language) for unit in UNITS if unit.person.username
    ]
    passwords = [password_for(user) for user in people]
    with ThreadPoolExecutor(HASHERS) as pool:
        for user, hashed in zip(people, pool.map(make_password, passwords), strict=True):
            user.password = hashed
    User.objects.bulk_create(people)
    return dict(zip((user.username for user in people), passwords, strict=True))


def roles(site: Site) -> None:
    """Give the staff their roles at the site."""
    for name, role, *_ in STAFF:
        Membership.objects.create(user=User.objects.get(username=name), site=site, role=role)


def customers() -> dict[str, Customer]:
    """Make all customers, the story's too; return them by label."""
    signs_in = {user.username: user for user in User.objects.all()}
    rows = Customer.objects.bulk_create(
        Customer(
            number=unit.person.number,
            name=unit.person.name,
            phone=unit.person.phone,
            language=unit.person.language,
            user=signs_in.get(unit.person.username),
        )
        for unit in UNITS
    )
    return dict(zip((unit.label for unit in UNITS), rows, strict=True))


def reachable(customers: dict[str, Customer]) -> None:
    """Give every customer their channels. Done last: what happened before the demo began is told to nobody."""
    Contact.objects.bulk_create(
        Contact(customer=customer, channel=channel, address=customer.phone, rank=rank)
        for customer in customers.values()
        for rank, channel in enumerate(CHANNELS, 1)
    )
