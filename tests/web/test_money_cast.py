"""The cast of the page tests is whole."""

import pytest

from powertill.apps.ledger import queries as ledger
from tests.web import cast as casts

pytestmark = pytest.mark.django_db


def test_the_cast_is_made_by_the_real_flows_and_its_books_balance():
    cast = casts.build(history=True)
    assert len(cast.accounts) == 6
    assert not ledger.unbalanced_entries()
    assert not ledger.wrong_purses()
    for room in cast.accounts:
        print(room, [p.balance for p in ledger.purses().filter(account=cast.accounts[room])])
