"""What a customer can still use: money on the account, and what the meter is known to hold of it."""


def in_meter_minor(*, booked_minor: int, shown_minor: int | None) -> int:
    """Return what is left in a meter's purse: what it showed last, never more than what we have proof of.

    `shown_minor` is None where the meter's count of purchases is not the one that was proven, or nothing was read:
    credit that is under way is still counted on the account, and would be counted twice.
    """
    return booked_minor if shown_minor is None else min(booked_minor, shown_minor)


def available_minor(*, account_minor: int, booked_minor: int = 0, shown_minor: int | None = None) -> int:
    """Return the money left for energy, in minor units; what is paid and on its way to the meter is counted."""
    return account_minor + in_meter_minor(booked_minor=booked_minor, shown_minor=shown_minor)
