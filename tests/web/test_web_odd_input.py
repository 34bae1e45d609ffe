"""Whatever stands in an address, a form or a cookie, no page fails: every URL name meets a table of nasty values."""

import re
from pathlib import Path

import pytest
from django.test import Client
from django.urls import get_resolver

import powertill.web
from powertill.apps.notices.models import Message
from powertill.apps.people.models import Customer, User
from powertill.apps.sales.models import Sale
from tests.web import cast as casts
from tests.web.money_stage import noon  # noqa: F401

pytestmark = pytest.mark.django_db
NUL, SURROGATE = "%00", "%ED%A0%80"
NASTY = (
    "0",
    "-1",
    "99999999999999999999999999999999999999",
    "1e308",
    "NaN",
    "0001-01-01",
    "9999-12-31",
    "2026-02-30",
    "2026-13-45T00:00",
    "0001-01-01T00:00:00%2B23:59",
    "9999-12-31T23:59:59-23:59",
    "%F0%9F%92%A1",
    "%EF%BC%95%EF%BC%90",  # full-width 50
    "%C2%B2",  # a superscript two: a digit to str.isdigit, not to int
    "%D9%A3",
    "x" * 10_000,
    "%2Fetc%2Fpasswd",
    "%27%22%3E%3Cscript%3E%5C%25s",
    "%01%1B%7F",
    "%E2%80%AE",
    "%FF%FE",
    NUL,
    SURROGATE,
    "R-99999999999999999999",
    "R-%C2%B2",
)
# What each page reads from its address; `site` is read before every page of the console, by the same lines.
READS = {
    "overview": ("site",),
    "sell": ("q", "account"),
    "sell_find": ("q",),
    "sell_quote": ("amount", "given", "tender"),
    "receipts": ("q", "day", "sort", "page", "account"),
    "receipt": ("paper",),
    "customers": ("q", "state", "sort", "page"),
    "account_open": ("room",),
    "customer": ("before",),
    "messages": ("q", "topic", "state", "sort", "page"),
    "search": ("q", "all"),
    "meters": ("q", "sort", "page", "format", "feeder", "relay", "online", "place"),
    "site": ("live", "diversity", "node"),
    "tariff": ("v", "season"),
    "audit": ("q", "act", "who", "page"),
    "home": ("view", "account"),
    "topup": ("amount",),
}
POSTED = ("protect", "hold", "reprint", "reverse", "pay", "outcome", "settle", "decide", "close", "approve", "_mode")


def patterns(resolver, prefix="", space=""):
    """Yield (name, route) of every address of the console and the portal."""
    for one in resolver.url_patterns:
        if hasattr(one, "url_patterns"):
            yield from patterns(one, prefix + str(one.pattern), one.namespace or space)
        elif space in {"console", "portal"} and one.name:
            yield f"{space}:{one.name}", prefix + str(one.pattern)


ROUTES = dict(patterns(get_resolver()))


@pytest.fixture
def cast(noon):  # noqa: F811
    return casts.build()


def good(cast, name):
    """Return a value for the path of this page that leads somewhere."""
    sale, account = Sale.objects.first(), cast.accounts["2-0608"]
    by_start = (("receipt", sale.number), ("sell_arrival", sale.number), ("customer", account.number))
    by_start += (("sell", account.number), ("meter", cast.meters["2-0608"].number), ("tariff", casts.PLAN["code"]))
    by_start += (("message", str(Message.objects.first().pk)), ("reading", cast.meters["2-0608"].number))
    return next((value for start, value in by_start if name.partition(":")[2].startswith(start)), "1")


def clients(cast):
    """Return a manager and a customer, both signed in."""
    lodger = User.objects.create(username="lodger")
    Customer.objects.filter(number="800000000006").update(user=lodger)
    found = []
    for user in (cast.users["manager"], lodger):
        client = Client(raise_request_exception=False)
        client.force_login(user)
        found.append(client)
    return found


def fill(route, value):
    return "/" + re.sub(r"<[^>]+>", value, route)


def urls(cast, name):
    """Yield every address to try: one thing nasty at a time."""
    route = ROUTES[name]
    if "<" in route:
        yield from (fill(route, value) for value in NASTY)
    right = fill(route, good(cast, name))
    for key in READS.get(name.partition(":")[2], ()):
        yield from (f"{right}?{key}={value}" for value in NASTY)
    yield f"{right}?{NUL}=1"
    yield f"{right}?{'&'.join(f'a{n}=1' for n in range(1100))}"


@pytest.mark.parametrize("name", sorted(ROUTES))
def test_no_address_makes_a_page_fail(name, cast):
    for client in clients(cast):
        for url in urls(cast, name):
            response = client.post(url, {}) if name.endswith(POSTED) else client.get(url)
            shown = b"".join(response) if response.streaming else response.content
            told = (url[:200], response.status_code, shown[:300])
            assert response.status_code < 500 and response.status_code != 405, told
            if NUL in url:
                assert response.status_code == 400, url[:200]


def test_the_table_names_everything_that_pages_read():
    """A parameter that a page begins to read must be tried too."""
    source = Path(powertill.web.__file__).parent
    text = "\n".join(path.read_text() for path in source.rglob("*.py") if path.name != "gallery.py")
    read = set(re.findall(r'(?:request\.GET|wish|data)\.get\(\s*"(\w+)"', text))
    tried = {key for keys in READS.values() for key in keys}
    formed = {"op", "quote", "customer", "name", "amount", "tender", "given"}  # of forms
    assert read - tried - formed == set()


NUL_FORMS = ("a\0b", "\0", "reason\0")


@pytest.mark.parametrize("text", NUL_FORMS)
def test_a_form_with_a_nul_is_refused_with_a_sentence_in_both_languages(text, cast):
    manager, number = clients(cast)[0], cast.accounts["2-0608"].number
    for act in ("protect", "unprotect", "hold"):
        form = {"reason": text, "relay": "closed", "op": "nul-in-a-form"}
        response = manager.post(f"/customers/{number}/{act}", form)
        assert response.status_code == 400
        page = response.content.decode()
        assert "request.text" in page
        assert "cannot be stored" in page and "无法保存" in page
        named = manager.post(f"/customers/{number}/{act}", {"reason": "x", "a\0": "1"})
        assert named.status_code == 400


def test_a_cookie_with_a_nul_is_refused_too(cast):
    client = Client(raise_request_exception=False)
    client.cookies["powertill_session"] = "x"
    response = client.get("/", headers={"cookie": r'powertill_session="\000aaaaaaaaaaa"'})
    assert response.status_code == 400


def test_a_form_too_large_to_read_is_a_400(cast):
    manager, number = clients(cast)[0], cast.accounts["2-0608"].number
    response = manager.post(f"/customers/{number}/protect", {"reason": "x" * 3_000_000})
    assert response.status_code in {400, 413}
