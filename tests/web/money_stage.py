"""A server and a browser for page tests: every request runs in the test's own transaction, so nothing stays behind."""

import os
import shutil
import threading
from socketserver import ThreadingMixIn
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import pytest
from django.conf import settings
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections, connections

from tests.web import cast as casts

CHROMIUM = shutil.which("chromium") or "/usr/bin/chromium"
FLAGS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-sync"]
WIDE = {"width": 1440, "height": 900}
LOOKS = {
    "light": {"color_scheme": "light", "locale": "en", "viewport": WIDE},
    "dark": {"color_scheme": "dark", "locale": "en", "viewport": WIDE},
    "zh": {"color_scheme": "light", "locale": "zh-CN", "viewport": WIDE},
    "phone": {"color_scheme": "light", "locale": "en", "viewport": {"width": 390, "height": 844}},
}


class Server(ThreadingMixIn, WSGIServer):
    """Reads requests in threads, as browsers open connections that they do not use at once."""

    daemon_threads = True


class Quiet(WSGIRequestHandler):
    """Does not write a line for each request."""

    def log_message(self, *arguments):
        """Say nothing."""


def in_one_transaction(app, shared):
    """Wrap a WSGI application so that all threads use the test's connection, one request at a time."""
    lock = threading.Lock()

    def call(environ, start_response):
        with lock:
            connections["default"] = shared
            answer = app(environ, start_response)
            try:
                return [b"".join(answer)]
            finally:
                answer.close()

    return call


@pytest.fixture
def noon(monkeypatch):
    """Stop the clock at Sunday noon."""
    monkeypatch.setattr("powertill.clock._real", lambda: casts.NOON)
    return casts.NOON


@pytest.fixture
def base(db, noon, monkeypatch):
    """The address of a server that sees what the test has written."""
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")  # playwright's loop runs in the test's own thread
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)  # it would end the test's transaction, as the test client knows too
    shared = connections["default"]
    shared.inc_thread_sharing()
    app = in_one_transaction(get_wsgi_application(), shared)
    server = make_server("127.0.0.1", 0, app, server_class=Server, handler_class=Quiet)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    shared.dec_thread_sharing()
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@pytest.fixture(scope="module")
def browser():
    """One Chromium for the tests of a file."""
    from playwright.sync_api import sync_playwright

    before = os.environ.get("DJANGO_ALLOW_ASYNC_UNSAFE")
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    with sync_playwright() as play:
        chromium = play.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield chromium
        chromium.close()
        connections.close_all()  # inside playwright's loop Django keeps a connection of its own for this thread
    if before is None:
        del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


def sign_in(context, base, user):
    """Give a browser context the session of a user."""
    from django.test import Client

    client = Client()
    client.force_login(user)
    value = client.cookies[settings.SESSION_COOKIE_NAME].value
    context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": value, "url": base}])
    return context
