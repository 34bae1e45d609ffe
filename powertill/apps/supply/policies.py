"""Policies compiled from their stored terms, once per content."""

import json
from functools import lru_cache
from typing import Any

from powertill.apps.supply.models import SupplyPolicy
from powertill.core.supply import policy as core

POLICIES_KEPT_MAX = 64


def compiled(row: SupplyPolicy) -> core.Policy:
    """Return the policy that the row's terms describe."""
    return _compiled(json.dumps(row.terms, sort_keys=True))


@lru_cache(maxsize=POLICIES_KEPT_MAX)
def _compiled(text: str) -> core.Policy:
    terms: dict[str, Any] = json.loads(text)
    return core.from_terms(terms)
