"""The settings an installation may change, read from the environment once and checked together."""

import os
import secrets
from functools import lru_cache
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import AliasChoices, Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from powertill.trouble import Trouble

PREFIX = "POWERTILL_"


class Config(BaseSettings):
    """Each field is the environment variable POWERTILL_<NAME>; docs/settings.md explains them."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="ignore", populate_by_name=True)

    home: Path = Field(
        default_factory=lambda: Path.cwd() / "var",
        description="Directory of everything that this installation keeps: database, signing key, simulated clock.",
    )
    database_url: str = Field(
        default="",
        validation_alias=AliasChoices("POWERTILL_DATABASE_URL", "DATABASE_URL"),
        repr=False,  # it may hold a password
        description="PostgreSQL that somebody else keeps, `postgresql://user:password@host:5432/name`; "
        "empty: Powertill runs its own. Without it, plain `DATABASE_URL` is read.",
    )
    host: str = Field(default="127.0.0.1", description="Address that the web process listens on.")
    port: int = Field(default=8000, ge=1, le=65535, description="Port that the web process listens on.")
    public_url: str = Field(
        default="",
        description="Address that people type, when it is another: `https://till.example.org`. "
        "With https, cookies travel over https only.",
    )
    secret_key: str = Field(
        default="", repr=False, description="Key that signs sessions; empty: made once and kept in HOME/secret."
    )
    site_name: str = Field(default="Powertill", description="Name on the screens while no site has one.")
    debug: bool = Field(default=False, description="Show faults in the browser. Never where others can reach it.")
    language: str = Field(default="en", description="Language before a user chooses: `en` or `zh-hans`.")

    smtp_host: str = Field(default="", description="Mail server that e-mails go out by; empty: none are sent.")
    smtp_port: int = Field(default=587, ge=1, le=65535, description="Its port: 587 STARTTLS, 465 TLS, 25 plain.")
    smtp_security: str = Field(default="starttls", description="`starttls`, `tls` or `none`.")
    smtp_username: str = Field(default="", description="User name at the mail server; empty: none.")
    smtp_password: str = Field(default="", repr=False, description="Password at the mail server.")
    smtp_sender: str = Field(default="", description="Address that e-mails come from.")

    @field_validator("home")
    @classmethod
    def _home_is_absolute(cls, home: Path) -> Path:
        return home.expanduser().absolute()

    @field_validator("database_url")
    @classmethod
    def _database_is_postgresql(cls, url: str) -> str:
        if url and urlsplit(url).scheme not in {"postgresql", "postgres"}:
            raise ValueError("must start with postgresql://")
        return url

    @field_validator("smtp_security")
    @classmethod
    def _security_is_known(cls, security: str) -> str:
        if security not in {"starttls", "tls", "none"}:
            raise ValueError("must be starttls, tls or none")
        return security

    @field_validator("public_url")
    @classmethod
    def _public_url_is_web(cls, url: str) -> str:
        if url and not (urlsplit(url).scheme in {"http", "https"} and urlsplit(url).hostname):
            raise ValueError("must look like https://till.example.org")
        return url.rstrip("/")

    @field_validator("language")
    @classmethod
    def _language_is_known(cls, language: str) -> str:
        if language not in {"en", "zh-hans"}:
            raise ValueError("must be en or zh-hans")
        return language

    def make_home(self) -> Path:
        """Return HOME, made if missing; others on this machine must not read secrets in it."""
        try:
            self.home.mkdir(mode=0o711, parents=True, exist_ok=True)
        except OSError as error:
            raise Trouble(f"HOME {self.home} cannot be made: {error.strerror}.", "Set POWERTILL_HOME.") from error
        return self.home

    def secret(self) -> str:
        """Return the signing key: the setting, or one made once and kept in HOME/secret."""
        if self.secret_key:
            return self.secret_key
        path = self.make_home() / "secret"
        try:
            return path.read_text("ascii").strip()
        except FileNotFoundError:
            return _make_secret(path)


def _make_secret(path: Path) -> str:
    """Write a new key whole before it gets its name, so that two processes agree on one."""
    draft = path.with_name(f"secret.{os.getpid()}")
    draft.touch(mode=0o600)
    draft.write_text(secrets.token_urlsafe(48) + "\n", "ascii")
    try:
        os.link(draft, path)
    except FileExistsError:
        pass  # Another process was first: its key counts.
    finally:
        draft.unlink()
    return path.read_text("ascii").strip()


@lru_cache(maxsize=1)
def config() -> Config:
    """Return the settings of this process, or raise Trouble naming every wrong one."""
    try:
        return Config()
    except ValidationError as error:
        wrong = "; ".join(f"{_variable(str(e['loc'][0]))}: {e['msg']}" for e in error.errors())
        raise Trouble(f"Wrong settings: {wrong}.", "docs/settings.md lists them.") from error


def _variable(place: str) -> str:
    """Return the environment variable that a place in the settings comes from."""
    return PREFIX + place.upper().removeprefix(PREFIX)
