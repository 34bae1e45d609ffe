"""The demo's sign-ins: passwords made at random at the first seed, kept in a file that only its owner reads."""

import os
import secrets
from pathlib import Path

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError

from powertill.apps.people.models import User

FILE = "demo-logins.txt"
SIGNS = "abcdefghjkmnpqrstuvwxyz23456789"  # without those that look alike
GROUPS, GROUP_SIGNS = 3, 4
TRIES_MAX = 20


def password_for(user: User) -> str:
    """Return a new random password that the installation's own rules accept."""
    for _ in range(TRIES_MAX):
        groups = ("".join(secrets.choice(SIGNS) for _ in range(GROUP_SIGNS)) for _ in range(GROUPS))
        password = "-".join(groups)
        try:
            validate_password(password, user)
        except ValidationError:
            continue
        return password
    raise AssertionError("the password rules refuse everything")


def write(home: Path, passwords: dict[str, str]) -> Path:
    """Keep the sign-ins in HOME/demo-logins.txt, readable by its owner only; an older file is replaced."""
    path = home / FILE
    draft = path.with_name(f"{FILE}.new")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as out:
        out.writelines(f"{name} {password}\n" for name, password in passwords.items())
    os.replace(draft, path)
    return path


def read(home: Path) -> dict[str, str]:
    """Return the sign-ins of this home's demo site: user name -> password."""
    lines = (home / FILE).read_text("utf-8").splitlines()
    return dict(line.split(" ", 1) for line in lines if line)
