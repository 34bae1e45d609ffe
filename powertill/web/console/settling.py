"""What a person decides on a meter's page: close a case, settle a held reading, end a delivery in doubt."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from powertill.apps.metering.models import Meter
from powertill.apps.sales import delivering
from powertill.apps.sales.models import Delivery
from powertill.apps.sites import roles
from powertill.apps.supply import flows as supply
from powertill.apps.supply import incidents
from powertill.apps.supply.models import Incident
from powertill.web.console.access import SiteRequest, page


@require_POST
@page(roles.SETTLE)
def case_close(request: SiteRequest, pk: int) -> HttpResponse:
    """Close a case as a person who has looked, with what they found."""
    row = get_object_or_404(Incident.objects.select_related("meter"), pk=pk, site=request.site, meter__isnull=False)
    reason = request.POST.get("reason", "")
    incidents.close_incident(incident_id=row.pk, reason=reason, actor=request.user, now=request.now)
    messages.success(request, _("The case is closed."))
    assert row.meter is not None  # asked for above
    return redirect("console:meter", row.meter.number)


@require_POST
@page(roles.SETTLE)
def reading_settle(request: SiteRequest, number: str) -> HttpResponse:
    """End the wait of a held reading: charge what lies between, or start again from the register."""
    row = get_object_or_404(Meter, number=number, site=request.site)
    done = supply.settle_reading(
        op_id=request.POST.get("op", ""),
        meter_id=row.pk,
        charge=request.POST.get("charge") == "yes",
        reason=request.POST.get("reason", ""),
        actor=request.user,
        now=request.now,
    )
    told = (
        _("The reading is settled and charged.")
        if done["charge"]
        else _("The reading is settled; nothing was charged.")
    )
    messages.success(request, told)
    return redirect("console:meter", number)


@require_POST
@page(roles.SETTLE)
def delivery_decide(request: SiteRequest, pk: int) -> HttpResponse:
    """End a delivery that waits for a person: its credit is on the meter, or it certainly is not."""
    row = get_object_or_404(Delivery.objects.select_related("meter"), pk=pk, meter__site=request.site)
    moved = request.POST.get("moved") == "yes"
    delivering.decide(
        op_id=request.POST.get("op", ""),
        delivery_id=row.pk,
        moved=moved,
        reason=request.POST.get("reason", ""),
        actor=request.user,
        now=request.now,
    )
    told = _("Noted: the credit is on the meter.") if moved else _("Noted: the credit will be sent again.")
    messages.success(request, told)
    return redirect("console:meter", row.meter.number)
