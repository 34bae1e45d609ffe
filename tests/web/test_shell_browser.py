"""The gallery in Chromium: no console error, no serious accessibility fault, keyboard and theme as promised."""

import shutil
import threading
from socketserver import ThreadingMixIn
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import pytest
from django.core.wsgi import get_wsgi_application
from django.test import override_settings

CHROMIUM = shutil.which("chromium") or "/usr/bin/chromium"
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PAGES = (
    "/_gallery/",
    "/_gallery/overview",
    "/_gallery/list?feeder=F1&sort=room",
    "/_gallery/sell",
    "/_gallery/site",
    "/_gallery/portal",
    "/_gallery/receipt/80",
    "/accounts/login/",
)
LOOKS = {
    "light": {"color_scheme": "light", "locale": "en", "viewport": {"width": 1440, "height": 900}},
    "dark": {"color_scheme": "dark", "locale": "en", "viewport": {"width": 1440, "height": 900}},
    "zh": {"color_scheme": "light", "locale": "zh-CN", "viewport": {"width": 1440, "height": 900}},
    "phone": {"color_scheme": "dark", "locale": "en", "viewport": {"width": 390, "height": 844}},
}
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(shutil.which("chromium") is None, reason="needs the Debian package chromium"),
]


class Server(ThreadingMixIn, WSGIServer):
    """Answers each request in its own thread, as browsers ask for several files at once."""

    daemon_threads = True


class Quiet(WSGIRequestHandler):
    """Does not write a line for each request."""

    def log_message(self, *arguments):
        """Say nothing."""


@pytest.fixture(scope="module")
def base():
    with override_settings(ROOT_URLCONF="tests.web.shell_urls", TIME_ZONE="Asia/Shanghai"):
        server = make_server("127.0.0.1", 0, get_wsgi_application(), server_class=Server, handler_class=Quiet)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        server.server_close()


@pytest.fixture(scope="module")
def browser():
    from playwright.sync_api import sync_playwright

    with sync_playwright() as play:
        chromium = play.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture
def page(browser):
    context = browser.new_context(**LOOKS["light"])
    yield context.new_page()
    context.close()


@pytest.mark.parametrize("look", LOOKS)
def test_every_sample_page_is_quiet_and_accessible(look, base, browser):
    from axe_playwright_python.sync_playwright import Axe

    context = browser.new_context(**LOOKS[look])
    page, said, wrong = context.new_page(), [], {}
    page.on("console", lambda message: said.append(message.text) if message.type in {"error", "warning"} else None)
    page.on("pageerror", lambda error: said.append(str(error)))
    for path in PAGES:
        page.goto(base + path, wait_until="load")
        found = [v for v in Axe().run(page).response["violations"] if v["impact"] in {"serious", "critical"}]
        if found:
            wrong[path] = [(v["id"], [node["html"][:160] for node in v["nodes"][:4]]) for v in found]
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), f"{path} scrolls sideways"
    context.close()
    assert said == []
    assert wrong == {}


def test_slash_searches_and_question_mark_helps(page, base):
    page.goto(f"{base}/_gallery/overview")
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.id") == "q-all"
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("?")
    assert page.locator("#help").is_visible()
    page.keyboard.press("Escape")
    assert not page.locator("#help").is_visible()


def test_letters_typed_in_a_field_are_not_shortcuts(page, base):
    page.goto(f"{base}/_gallery/overview")
    page.focus("#q-all")
    page.keyboard.type("s?/")
    assert page.input_value("#q-all") == "s?/"
    assert page.url.endswith("/_gallery/overview")


def test_s_goes_to_sell_and_g_m_to_meters(page, base):
    page.goto(f"{base}/_gallery/overview")
    page.keyboard.press("s")
    page.wait_for_url("**/sell/")
    page.keyboard.press("g")
    page.keyboard.press("m")
    page.wait_for_url("**/meters/")


def test_the_theme_button_is_remembered(page, base):
    page.goto(f"{base}/_gallery/overview")
    assert page.get_attribute("html", "data-bs-theme") == "light"
    page.click("[data-theme-toggle]")
    assert page.get_attribute("html", "data-bs-theme") == "dark"
    page.reload()
    assert page.get_attribute("html", "data-bs-theme") == "dark"


def test_the_list_searches_as_one_types_and_the_address_follows(page, base):
    page.goto(f"{base}/_gallery/list")
    page.fill("#q", "nothing")
    page.wait_for_url("**q=nothing**")
    page.wait_for_selector(".nothing-title")
    assert page.input_value("#q") == "nothing"


def test_the_menu_opens_on_a_phone(browser, base):
    context = browser.new_context(**LOOKS["phone"])
    page = context.new_page()
    page.goto(f"{base}/_gallery/overview")
    assert not page.locator("#menu").is_visible()
    page.click(".menu-open")
    assert page.locator("#menu").is_visible()
    page.keyboard.press("Escape")
    assert not page.locator("#menu").is_visible()
    context.close()


def test_the_portal_works_without_javascript(browser, base):
    context = browser.new_context(
        java_script_enabled=False, color_scheme="dark", viewport={"width": 390, "height": 844}
    )
    page = context.new_page()
    page.goto(f"{base}/_gallery/portal")
    assert page.locator(".balance").inner_text() == "¥ 15.20"
    assert page.locator("a.primary").is_visible()
    context.close()


def test_rows_are_dense(page, base):
    page.goto(f"{base}/_gallery/list")
    assert 28 <= page.locator("table.rows tbody tr").nth(2).bounding_box()["height"] <= 32


def test_a_sheet_prints_black_on_white_in_dark_too(browser, base):
    context = browser.new_context(color_scheme="dark")
    page = context.new_page()
    page.goto(f"{base}/_gallery/overview")
    page.emulate_media(media="print", color_scheme="dark")
    assert page.evaluate("getComputedStyle(document.querySelector('.figure-value')).color") == "rgb(29, 37, 48)"
    assert not page.locator("nav.side").is_visible()
    context.close()
