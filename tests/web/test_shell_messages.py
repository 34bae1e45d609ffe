"""Everything that people read in English can be read in Chinese, and the compiled catalogue is the written one."""

import re

import pytest
from django.utils import translation

from powertill.tools import messages

PLACE = re.compile(r"%\((\w+)\)s")


ROOMS = ("console", "portal", "core", "apps", "the rest")


def room_of(name):
    """Say whose sentence it is: a page's, a rule's, a record's, or the shell's."""
    if name.startswith(("web/console", "web/templates/console")):
        return "console"
    if name.startswith(("web/portal", "web/templates/portal")):
        return "portal"
    return next((room for room in ("core", "apps") if name.startswith(room)), "the rest")


@pytest.fixture(scope="module")
def untranslated():
    return messages.missing()


@pytest.mark.parametrize("room", ROOMS)
def test_every_sentence_has_a_chinese_translation(room, untranslated):
    missing = {text: files for text, files in untranslated.items() if room in map(room_of, files)}
    assert missing == {}, "fill them in: python -m powertill.tools.messages"


def test_the_compiled_catalogue_belongs_to_the_written_one():
    assert messages.PO.with_suffix(".mo").read_bytes() == messages.compiled(messages.read())


def test_translations_keep_the_places_for_values():
    for message in messages.read():
        texts = [message.string] if isinstance(message.string, str) else list(message.string)
        english = message.id if isinstance(message.id, str) else message.id[-1]
        for text in filter(None, texts):
            assert set(PLACE.findall(text)) == set(PLACE.findall(english)), english


@pytest.mark.parametrize(
    ("english", "chinese"), [("Sell", "售电"), ("on supply", "供电中"), ("The amount is zero.", "金额为零。")]
)
def test_the_catalogue_is_used(english, chinese):
    with translation.override("zh-hans"):
        assert translation.gettext(english) == chinese


def test_plurals_contexts_and_blocks_are_collected():
    text = (
        '{% load i18n %}{% translate "One" %}'
        "{% blocktranslate count n=x %}{{ n }} day{% plural %}{{ n }} days{% endblocktranslate %}"
        '{{ _("Two") }}'
    )
    found = list(messages._from_template(text))
    assert found == [(None, "One"), (None, ("%(n)s day", "%(n)s days")), (None, "Two")]
