"""The shell as a browser without scripts, an old form, or a stranger would get it."""

import re
from pathlib import Path

import pytest
from django.test import Client, override_settings
from django.utils import translation

import powertill.web
from powertill.core.errors import Refusal

TEMPLATES = Path(powertill.web.__file__).parent / "templates"
STATIC = Path(powertill.web.__file__).parent / "static"
KILOBYTES_40 = 40 * 1024


@pytest.fixture(autouse=True)
def _addresses():
    with override_settings(ROOT_URLCONF="tests.web.shell_urls", TIME_ZONE="Asia/Shanghai"):
        yield


def get(path, **headers):
    return Client(raise_request_exception=False).get(path, headers=headers)


def test_no_template_needs_what_the_content_security_policy_forbids():
    for path in TEMPLATES.rglob("*.html"):
        text = path.read_text("utf-8")
        assert not re.search(r'\sstyle="', text), path
        assert not re.search(r"\son[a-z]+=\"", text), path
        assert not re.search(r"<script(?![^>]*\bsrc=)(?![^>]*application/json)", text), path
        assert "<style" not in text, path


def test_the_first_view_of_the_portal_weighs_at_most_40_kilobytes():
    page = get("/_gallery/portal").content
    files = re.findall(r'(?:href|src)="/static/([^"]+\.(?:css|js|svg))"', page.decode())
    assert len(files) >= 4
    assert len(page) + sum((STATIC / name).stat().st_size for name in files) <= KILOBYTES_40


def test_simulated_time_is_said_on_every_page():
    for path in ("/_gallery/", "/_gallery/overview", "/_gallery/portal"):
        text = get(path).content.decode()
        assert "<b>Simulated</b>" in text
        assert "60 times as fast" in text


def test_the_side_bar_marks_where_one_is():
    text = get("/_gallery/overview").content.decode()
    assert re.findall(r'<li><a href="([^"]+)" aria-current="page"', text) == ["/overview/"]


def test_a_page_that_is_not_installed_is_not_offered():
    with override_settings(ROOT_URLCONF="powertill.web.gallery"):
        text = get("/overview").content.decode()
    assert 'href="/sell/"' not in text


def test_sorting_and_paging_keep_the_rest_of_the_address():
    text = get("/_gallery/list?feeder=F1&sort=room&page=2").content.decode()
    assert 'href="?feeder=F1&amp;sort=-room"' in text
    assert 'href="?feeder=F1&amp;sort=room&amp;page=3"' in text
    assert 'aria-sort="ascending"' in text


def test_a_filter_can_be_taken_away():
    assert 'class="chip" href="?sort=room"' in get("/_gallery/list?feeder=F1&sort=room").content.decode()


def test_an_empty_list_says_what_to_do():
    assert "No row matches." in get("/_gallery/list?q=nothing").content.decode()


def test_what_people_type_comes_back_as_text():
    assert "<script>x" not in get("/_gallery/list?q=<script>x").content.decode()


@pytest.mark.parametrize(
    ("number", "words"),
    [
        ("400", "could not be understood"),
        ("403", "may not do this"),
        ("404", "does not exist"),
        ("403_csrf", "too old"),
    ],
)
def test_error_pages_say_what_to_do_and_carry_a_code(number, words):
    answer = get(f"/error/{number}")
    assert words in answer.content.decode()
    assert "<code>http." in answer.content.decode()


def test_the_page_after_a_fault_needs_no_context():
    answer = get("/broken")
    assert (answer.status_code, b"http.500" in answer.content) == (500, True)


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_a_refusal_that_leaves_a_view_becomes_its_sentence_in_the_readers_language(language, settings):
    settings.MIDDLEWARE = with_ours(settings.MIDDLEWARE)
    answer = get("/_gallery/refused", **{"Accept-Language": language})
    refusal = Refusal("money.large", amount_max="2,000.00")
    with translation.override(language):
        sentence = translation.gettext(refusal.sentence) % refusal.params
    assert answer.status_code == 422
    assert sentence in answer.content.decode()
    assert "<code>money.large</code>" in answer.content.decode()


def test_htmx_gets_only_the_refusals_box(settings):
    settings.MIDDLEWARE = with_ours(settings.MIDDLEWARE)
    text = get("/_gallery/refused", **{"HX-Request": "true"}).content.decode()
    assert "<html" not in text and 'role="alert"' in text


def with_ours(middleware):
    ours = ["powertill.web.middleware.ClockMiddleware", "powertill.web.middleware.RefusalMiddleware"]
    return [ours[0], *(name for name in middleware if name not in ours), ours[1]]


def test_the_language_switch_is_remembered():
    client = Client()
    client.post("/i18n/setlang/", {"language": "zh-hans", "next": "/_gallery/overview"})
    assert '<html lang="zh-hans"' in client.get("/_gallery/overview").content.decode()


def test_a_chosen_theme_is_there_before_any_script_runs():
    client = Client()
    client.cookies["powertill_theme"] = "dark"
    assert 'data-bs-theme="dark"' in client.get("/_gallery/overview").content.decode()
    client.cookies["powertill_theme"] = '"><script>'
    assert "data-bs-theme" not in client.get("/_gallery/overview").content.decode()


def test_a_receipt_shows_its_token_in_groups_and_that_it_is_simulated():
    text = get("/_gallery/receipt/80").content.decode()
    assert "1234 5678 9012 3456 7890" in text
    assert "SIMULATED" in text
