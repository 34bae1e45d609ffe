"""Which role may do what: one table, asked by every page and flow that a person starts."""

from typing import Final

from powertill.apps.people.models import User
from powertill.apps.sites.models import Membership, Site
from powertill.core.errors import Refusal

SEE: Final = "see"
SELL: Final = "sell"
REVERSE: Final = "reverse"
SWITCH: Final = "switch"
PROTECT: Final = "protect"
APPROVE: Final = "approve"
AUDIT: Final = "audit"
TARIFF: Final = "tariff"  # publish prices
SETTLE: Final = "settle"  # end what waits for a person: held readings, doubtful deliveries, incidents

MAY: Final[dict[str, frozenset[str]]] = {
    "cashier": frozenset({SEE, SELL}),
    "manager": frozenset({SEE, SELL, REVERSE, SWITCH, PROTECT, APPROVE, AUDIT, TARIFF, SETTLE}),
    "engineer": frozenset({SEE, SWITCH, PROTECT, APPROVE, SETTLE}),
    "auditor": frozenset({SEE, AUDIT}),
}


def actions(user: User, site: Site) -> frozenset[str]:
    """Return what `user` may do at `site`: the union over the user's roles there."""
    roles = Membership.objects.filter(user=user, site=site).values_list("role", flat=True)
    return frozenset().union(*(MAY[role] for role in roles))


def require(user: User, site: Site, action: str) -> None:
    """Refuse unless one of the user's roles at the site allows the action."""
    if not user.is_active or action not in actions(user, site):
        raise Refusal("role.forbidden")
