"""The customer portal in Chromium at phone width: quiet, accessible, both languages, and whole without JavaScript."""

from __future__ import annotations

import pytest

from tests.web.plant_browser import (  # noqa: F401
    Opener,
    browser_fixture,
    city_fixture,
    keep_picture,
    open_page_fixture,
    serious_faults,
    server_fixture,
)

pytestmark = [pytest.mark.django_db, pytest.mark.browser, pytest.mark.slow]
PAGES = {
    "home": "/my/",
    "week": "/my/?view=week",
    "month": "/my/?view=month",
    "rate": "/my/?view=rate",
    "top-up": "/my/top-up?amount=50",
    "receipts": "/my/receipts",
    "alerts": "/my/alerts",
    "power": "/my/power",
}


@pytest.mark.parametrize("look", ["light-en", "dark-zh-hans"])
@pytest.mark.parametrize("name", PAGES)
def test_the_page_is_quiet_accessible_and_fits_a_phone(open_page: Opener, name: str, look: str) -> None:
    shade, language = look.split("-", 1)
    page = open_page(PAGES[name], person="grace", language=language, dark=shade == "dark", wide=390)
    keep_picture(page, f"portal-{name}-{look}")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert serious_faults(page) == []


def test_without_javascript_the_balance_the_use_and_a_receipt_are_there(open_page: Opener) -> None:
    page = open_page("/my/", person="grace", wide=390, java_script_enabled=False)
    assert "15.20" in page.locator(".balance").inner_text()
    page.get_by_role("link", name="Week").click()
    assert page.get_by_role("heading", name="Last seven days").is_visible()
    page.goto(page.url.split("?")[0] + "receipts")
    page.locator(".rows-list a").first.click()
    assert page.locator(".receipt").is_visible()
    keep_picture(page, "portal-receipt")


def test_the_customer_changes_the_language(open_page: Opener) -> None:
    page = open_page("/my/", person="grace", wide=390)
    page.get_by_role("button", name="中文").click()
    page.wait_for_load_state()
    assert page.locator("html").get_attribute("lang") == "zh-hans"
