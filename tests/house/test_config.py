"""Settings: checked together, safe by default; the signing key is made once and stays secret."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management import call_command

from powertill import config
from powertill.trouble import Trouble

ROOT = Path(__file__).parents[2]


@pytest.fixture
def fresh(monkeypatch):
    """Let a test read the settings from an environment of its own."""
    for name in [name for name in os.environ if name.startswith(config.PREFIX)]:
        monkeypatch.delenv(name)
    config.config.cache_clear()
    yield monkeypatch
    config.config.cache_clear()


def test_home_is_var_where_it_starts(fresh, tmp_path):
    fresh.chdir(tmp_path)
    assert config.config().home == tmp_path / "var"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "0"),
        ("PORT", "many"),
        ("LANGUAGE", "fr"),
        ("DATABASE_URL", "mysql://x"),
        ("PUBLIC_URL", "till.example"),
        ("DEBUG", "perhaps"),
        ("SMTP_SECURITY", "some"),
    ],
)
def test_a_wrong_setting_is_named(fresh, name, value):
    fresh.setenv(config.PREFIX + name, value)
    with pytest.raises(Trouble, match=config.PREFIX + name):
        config.config()


def test_all_wrong_settings_are_named_at_once(fresh):
    fresh.setenv("POWERTILL_PORT", "0")
    fresh.setenv("POWERTILL_LANGUAGE", "fr")
    with pytest.raises(Trouble, match=r"POWERTILL_PORT.*POWERTILL_LANGUAGE"):
        config.config()


def test_a_plain_database_url_is_read_and_our_own_comes_first(fresh):
    fresh.setenv("DATABASE_URL", "postgresql://plain/x")
    assert config.config().database_url == "postgresql://plain/x"
    config.config.cache_clear()
    fresh.setenv("POWERTILL_DATABASE_URL", "postgresql://ours/x")
    assert config.config().database_url == "postgresql://ours/x"


def test_secrets_are_not_printed(fresh):
    fresh.setenv("POWERTILL_SECRET_KEY", "s3cret")
    fresh.setenv("POWERTILL_DATABASE_URL", "postgresql://till:s3cret@db/x")
    assert "s3cret" not in repr(config.config())


def test_the_signing_key_is_made_once_and_is_ours_alone(tmp_path):
    key = config.Config(home=tmp_path / "new", secret_key="").secret()
    assert len(key) >= 50
    assert config.Config(home=tmp_path / "new", secret_key="").secret() == key
    assert (tmp_path / "new" / "secret").stat().st_mode & 0o077 == 0


def test_two_processes_agree_on_one_key(tmp_path):
    program = "from powertill.config import config; print(config().secret())"
    env = {"PATH": os.environ["PATH"], "POWERTILL_HOME": str(tmp_path)}
    starts = [
        subprocess.Popen([sys.executable, "-c", program], cwd=ROOT, env=env, stdout=subprocess.PIPE) for _ in range(4)
    ]
    assert len({start.communicate()[0] for start in starts}) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["secret"]


def test_a_home_that_cannot_be_made_is_said(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(Trouble, match="cannot be made"):
        config.Config(home=tmp_path / "file" / "var").make_home()


def django_settings(**env):
    """Return a few of Django's settings as another process with this environment sees them."""
    program = (
        "from powertill import settings as s; print([s.SESSION_COOKIE_SECURE, s.CSRF_COOKIE_SECURE, s.DEBUG,"
        "s.SECURE_HSTS_SECONDS > 0, s.ALLOWED_HOSTS, s.CSRF_TRUSTED_ORIGINS])"
    )
    clean = {"PATH": os.environ["PATH"], "POWERTILL_SECRET_KEY": "x", **env}
    answer = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, env=clean, capture_output=True, text=True, check=True
    )
    return answer.stdout.strip()


def test_on_this_machine_cookies_travel_over_http():
    assert django_settings() == "[False, False, False, False, ['127.0.0.1', '[::1]', 'localhost'], []]"


def test_behind_https_cookies_travel_over_https_only():
    found = django_settings(POWERTILL_PUBLIC_URL="https://till.example.org/")
    hosts = "['127.0.0.1', '[::1]', 'localhost', 'till.example.org']"
    assert found == f"[True, True, False, True, {hosts}, ['https://till.example.org']]"


def test_no_page_may_run_inline_script_or_style():
    directives = settings.CONTENT_SECURITY_POLICY["DIRECTIVES"]
    assert directives["default-src"] == ["'none'"]
    assert not any("unsafe" in source for sources in directives.values() for source in sources)


def test_django_finds_nothing_to_complain_of():
    call_command("check", fail_level="WARNING")


@pytest.mark.django_db
def test_every_change_of_a_model_has_its_migration():
    call_command("makemigrations", check=True, dry_run=True, verbosity=0)


@pytest.mark.django_db
def test_nobody_signs_up_from_outside(client):
    answer = client.post(
        "/accounts/signup/", {"username": "eve", "password1": "long enough 1", "password2": "long enough 1"}
    )

    assert answer.status_code == 200  # the page that says so
    assert not get_user_model().objects.filter(username="eve").exists()
