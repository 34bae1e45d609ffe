"""The mode of a site: normal, or no cuts; entered by a person or by a doubt about ourselves, left only by a person."""

from datetime import datetime
from typing import Any, Final

from django.db import transaction
from django.utils.translation import gettext_noop as _

from powertill.apps.audit import flows as audit
from powertill.apps.people.models import User
from powertill.apps.sites import roles
from powertill.apps.sites.models import Site
from powertill.apps.supply.models import SiteMode, Supply
from powertill.core.errors import Refusal, Sentence

# What of ours may be in doubt, so that nobody is cut for it.
DOUBTS: Final[dict[str, str]] = {
    "mode.late_credit": _("Credit that was paid more than %(hours)s hours ago has not reached its meter."),
    "mode.messages": _("Messages have not gone out for %(hours)s hours, or most of them fail."),
    "mode.readings": _("Most meters of the site have not been read for %(hours)s hours."),
}


def mode_sentence(row: SiteMode) -> Sentence:
    """Return why a site is in its mode: the doubt as a sentence that can be translated, or a person's own words."""
    return Sentence(DOUBTS[row.code], **row.params) if row.code else Sentence(row.reason)


def set_mode(*, site_id: int, mode: str, reason: str, actor: User | None, now: datetime) -> None:
    """Stop all cuts of a site, or allow them again; only a person allows them again.

    The wish of each supply follows at its next review, and in any case before the next command to its switch.
    """
    if mode not in SiteMode.Mode.values or not reason.strip():
        raise Refusal("supply.reason")
    if mode == SiteMode.Mode.NORMAL and actor is None:
        raise Refusal("supply.mode")
    with transaction.atomic():
        if actor is not None:
            roles.require(actor, Site.objects.get(pk=site_id), roles.SWITCH)
        enter(site_id=site_id, mode=mode, reason=reason, actor=actor, now=now)


def enter(
    *,
    site_id: int,
    mode: str,
    reason: str,
    actor: User | None,
    now: datetime,
    code: str = "",
    params: dict[str, Any] | None = None,
) -> None:
    """Change a site's mode and log it, in the caller's transaction; `code` names the doubt that entered it."""
    row, _made = SiteMode.objects.select_for_update(no_key=True, of=("self",)).get_or_create(site_id=site_id)
    if row.mode == mode:
        return
    row.mode, row.reason, row.since, row.code, row.params = mode, reason.strip()[:160], now, code, params or {}
    row.doubt_since = None
    row.save()
    Supply.objects.filter(supply_point__site_id=site_id).update(review_at=now)
    audit.log(act=f"mode.{mode}", subject=row.site.code, actor=actor, now=now, reason=reason, site=row.site)
