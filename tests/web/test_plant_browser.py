"""Plant pages in Chromium: quiet console, both languages, light and dark, accessible, and alive."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.web.plant_browser import (  # noqa: F401
    Opener,
    browser_fixture,
    city_fixture,
    committed,
    keep_picture,
    open_page_fixture,
    serious_faults,
    server_fixture,
)
from tests.web.plant_cast import NOW, Cast

pytestmark = [pytest.mark.django_db, pytest.mark.browser, pytest.mark.slow]
PAGES = {
    "meters": "/meters",
    "meter": "/meters/{2-0608}",
    "meter-cut": "/meters/{1-0104}",
    "meter-purse": "/meters/{1-0204}",
    "meter-never": "/meters/{S-02}",
    "site": "/site?diversity=620",
    "site-node": "/site?node=F2-02",
    "tariffs": "/tariffs",
    "tariff": "/tariffs/HOME-TOU",
    "audit": "/audit",
}


def path_of(name: str, city: Cast) -> str:
    path = PAGES[name]
    for label, meter in city.meter.items():
        path = path.replace("{" + label + "}", meter.number)
    return path


@pytest.mark.parametrize("look", ["light-en", "dark-zh-hans"])
@pytest.mark.parametrize("name", PAGES)
def test_the_page_is_quiet_and_accessible(open_page: Opener, city: Cast, name: str, look: str) -> None:
    shade, language = look.split("-", 1)
    page = open_page(path_of(name, city), person="mark", language=language, dark=shade == "dark")
    assert page.locator("h1").count() == 1
    keep_picture(page, f"{name}-{look}")
    assert serious_faults(page) == []


@pytest.mark.parametrize("name", PAGES)
def test_no_page_is_wider_than_a_phone(open_page: Opener, city: Cast, name: str) -> None:
    page = open_page(path_of(name, city), person="mark", wide=390)
    keep_picture(page, f"{name}-phone")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_the_meter_page_follows_the_meter_without_being_loaded_again(open_page: Opener, city: Cast) -> None:
    from powertill.apps.metering.models import Meter

    meter = city.meter["2-0304"] if "2-0304" in city.meter else city.meter["2-0202"]
    page = open_page(f"/meters/{meter.number}", person="mark")
    page.evaluate("window.notLoadedAgain = true")
    page.locator("[data-live-state][data-now=live]").wait_for()

    def read_again() -> None:
        fresh = Meter.objects.get(pk=meter.pk)
        fresh.live = {**fresh.live, "power_w": 4_321, "taken_at": (NOW - timedelta(seconds=5)).isoformat()}
        fresh.save(update_fields=["live"])

    committed(read_again)
    page.get_by_text("4.32", exact=False).first.wait_for()
    assert page.evaluate("window.notLoadedAgain") is True


def test_unfolded_details_stay_unfolded_when_the_page_is_updated(open_page: Opener, city: Cast) -> None:
    from powertill.apps.supply.models import RelayResult

    page = open_page(f"/meters/{city.meter['1-0104'].number}", person="mark")
    page.get_by_text("Evidence").click()
    order = RelayResult.objects.order_by("-id").values_list("order_id", flat=True)[0]
    committed(lambda: RelayResult.objects.create(order_id=order, at=NOW, outcome="deferred", detail="a late answer"))
    page.get_by_text("a late answer").wait_for()
    assert page.locator("details[id^=order-]").first.get_attribute("open") is not None


def test_a_paused_page_asks_no_more(open_page: Opener, city: Cast) -> None:
    page = open_page(f"/meters/{city.meter['2-0608'].number}", person="mark")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.get_by_role("button", name="Pause").click()
    page.wait_for_timeout(7_000)
    assert not [url for url in asked if url.endswith("/live")]
    page.get_by_role("button", name="Pause").click()
    page.wait_for_timeout(1_000)
    assert [url for url in asked if url.endswith("/live")]


def test_a_hidden_tab_asks_no_more(open_page: Opener, city: Cast) -> None:
    page = open_page(f"/meters/{city.meter['2-0608'].number}", person="mark")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.evaluate(
        "Object.defineProperty(document, 'hidden', {get: () => true, configurable: true});"
        "document.dispatchEvent(new Event('visibilitychange'))"
    )
    page.wait_for_timeout(7_000)
    assert not [url for url in asked if url.endswith("/live")]


def test_a_filter_of_the_list_of_meters_narrows_it_and_stays_in_the_address(open_page: Opener) -> None:
    page = open_page("/meters", person="mark")
    page.get_by_label("Feeder", exact=True).select_option("F3")
    page.get_by_text("Feeder: F3").first.wait_for()
    assert "feeder=F3" in page.url
    assert page.locator("#list tbody tr").count() == 2
    assert "feeder=F3" in (page.locator("[data-csv]").get_attribute("href") or "")


def test_a_node_of_the_drawing_opens_its_supply_points(open_page: Opener) -> None:
    page = open_page("/site", person="mark")
    page.locator(".svg-diagram a", has_text="F2-02").click()
    page.wait_for_url("**node=F2-02**")
    assert page.locator("#below tbody tr").count() == 6


def test_the_second_person_approves_in_the_browser(open_page: Opener) -> None:
    page = open_page("/audit", person="mark")
    page.get_by_role("button", name="Approve for 1-0105").click()
    page.get_by_text("Approved: 1-0105.").wait_for()
