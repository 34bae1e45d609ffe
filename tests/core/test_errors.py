"""A refusal has a stable code, a sentence and a hint; a sentence keeps its message for translation."""

import copy
import pickle
import re
from pathlib import Path

import pytest

from powertill.core.errors import CODES, Refusal, Sentence


def test_a_refusal_speaks() -> None:
    refusal = Refusal("sale.amount", minor_min="1.00", minor_max="5,000.00")
    assert "between 1.00 and 5,000.00" in refusal.text()
    assert str(refusal).startswith("sale.amount — ")
    assert pickle.loads(pickle.dumps(refusal)).params == refusal.params


def test_an_undeclared_code_is_a_programming_error() -> None:
    with pytest.raises(KeyError):
        Refusal("nobody.knows")


def test_a_sentence_is_text_that_can_be_translated() -> None:
    sentence = Sentence("Block %(block)s", block="one")
    assert sentence == "Block one"
    assert (sentence.msgid, sentence.params) == ("Block %(block)s", {"block": "one"})
    for other in (pickle.loads(pickle.dumps(sentence)), copy.copy(sentence)):
        assert (other, other.msgid, other.params) == (sentence, sentence.msgid, sentence.params)


def test_every_code_that_core_raises_is_declared() -> None:
    core = Path(__file__).parents[2] / "powertill" / "core"
    text = "\n".join(path.read_text() for path in core.rglob("*.py"))
    assert set(re.findall(r'Refusal\(\s*"([a-z_.]+)"', text)) <= set(CODES)
