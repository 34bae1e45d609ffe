"""Page tests import models at the top, so Django is made ready before their modules are read."""

import django
import pytest

django.setup()


@pytest.fixture(autouse=True)
def _own_language():
    """End the language that a page has switched to, or the next test in this process would speak it."""
    from django.utils import translation

    yield
    translation.deactivate()
