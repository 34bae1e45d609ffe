"""Proofs over the whole installation: what must hold, looked up in the rows themselves, never believed."""

from datetime import datetime

from powertill.apps.doctor import books, credit, records, switches
from powertill.apps.doctor.check import Check

PROOFS = (*books.PROOFS, *credit.PROOFS, *switches.PROOFS, *records.PROOFS)


def checks(*, now: datetime) -> tuple[Check, ...]:
    """Run every proof and return them in order; a check without rows is proven."""
    return tuple(proof(now) for proof in PROOFS)
