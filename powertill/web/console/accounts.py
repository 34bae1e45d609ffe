"""What staff do to an account: open one for a vacant room, protect its supply, hold the switch by order."""

import secrets
from typing import Any

from django import forms as django_forms
from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from powertill.apps.audit import flows as audit
from powertill.apps.notices.models import Contact
from powertill.apps.people.models import LANGUAGES, Customer
from powertill.apps.sales import flows as sales
from powertill.apps.sites import roles
from powertill.apps.sites.models import Occupancy, Site, SupplyPoint
from powertill.apps.supply import flows as supply
from powertill.apps.supply.models import SupplyPolicy
from powertill.core import check_digit, money
from powertill.core.errors import Refusal
from powertill.web.console import customers, forms, standing
from powertill.web.console.access import SiteRequest, page
from powertill.web.console.standing import Standing
from powertill.web.templatetags.units import currency_symbol

UNPROCESSABLE = 422


class AccountForm(django_forms.Form):
    """Who moves in where, under which rules, with how much preset credit."""

    op = django_forms.CharField(widget=django_forms.HiddenInput, max_length=forms.OP_ID_LENGTH_MAX - 3)
    room = django_forms.ModelChoiceField(SupplyPoint.objects.none(), label=gettext_lazy("Room"))
    customer = django_forms.CharField(
        label=gettext_lazy("Customer number"),
        required=False,
        max_length=12,
        help_text=gettext_lazy("Of somebody who is known already; leave empty for a new customer."),
    )
    name = django_forms.CharField(label=gettext_lazy("Name"), required=False, max_length=120)
    phone = django_forms.CharField(label=gettext_lazy("Phone"), required=False, max_length=20)
    email = django_forms.EmailField(
        label=gettext_lazy("E-mail"), required=False, help_text=gettext_lazy("Warnings and receipts go here.")
    )
    language = django_forms.ChoiceField(label=gettext_lazy("Language of messages"), choices=LANGUAGES)
    policy = django_forms.ModelChoiceField(SupplyPolicy.objects.none(), label=gettext_lazy("Supply rules"))
    preset = django_forms.CharField(
        label=gettext_lazy("Preset credit"),
        required=False,
        max_length=forms.TEXT_LENGTH_MAX,
        help_text=gettext_lazy("Supply is on at once; the first purchase pays this back. Empty: none."),
    )

    def __init__(
        self, *args: Any, site: Site, rooms: QuerySet[SupplyPoint], policies: QuerySet[SupplyPolicy], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.site = site
        self.fields["room"].queryset = rooms  # type: ignore[attr-defined]
        self.fields["policy"].queryset = policies  # type: ignore[attr-defined]
        self.fields["policy"].empty_label = None  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        """Require either a known number or a name."""
        data: dict[str, Any] = super().clean() or {}
        number = data.get("customer", "")
        if number and known_customer(self.site, number) is None:
            self.add_error("customer", _("There is no customer with this number."))
        elif not number and not data.get("name"):
            self.add_error("name", _("Type the name of the new customer."))
        return data


def known_customer(site: Site, number: str) -> Customer | None:
    """Return the customer with this number if they have or had an account at the site; others are nobody here."""
    return Customer.objects.filter(number=number, accounts__site=site).distinct().first()


@require_http_methods(["GET", "POST"])
@page(roles.SELL)
def open_account(request: SiteRequest) -> HttpResponse:
    """Give a vacant room to a customer, with supply on at once."""
    rooms, policies = _vacant(request), SupplyPolicy.objects.filter(site=request.site)
    if request.method == "GET":
        first: dict[str, Any] = {
            "op": forms.new_op_id(),
            "room": rooms.filter(label=request.GET.get("room", "")).first(),
        }
        first = first | {"policy": policies.first(), "language": request.LANGUAGE_CODE}
        return _opening(request, AccountForm(initial=first, site=request.site, rooms=rooms, policies=policies))
    form = AccountForm(request.POST, site=request.site, rooms=_all_rooms(request), policies=policies)
    if not form.is_valid():
        return _opening(request, form, status=UNPROCESSABLE)
    try:
        result = _open(request, form.cleaned_data)
    except Refusal as refused:
        return _opening(request, form, refused=refused, status=UNPROCESSABLE)
    messages.success(request, _("The account %(number)s is open.") % {"number": result["number"]})
    return redirect("console:customer", result["number"])


def _vacant(request: SiteRequest) -> QuerySet[SupplyPoint]:
    taken = Occupancy.objects.filter(to_at=None).values("supply_point")
    return SupplyPoint.objects.filter(site=request.site).exclude(pk__in=taken)


def _all_rooms(request: SiteRequest) -> QuerySet[SupplyPoint]:
    # A replayed form names a room that is taken by now: the flow tells a replay from a double booking.
    return SupplyPoint.objects.filter(site=request.site)


def _opening(
    request: SiteRequest, form: AccountForm, *, refused: Refusal | None = None, status: int = 200
) -> HttpResponse:
    context = {"nav": "customers", "form": form, "refused": refused, "any_room": _vacant(request).exists()}
    context["symbol"] = currency_symbol(request.site)
    return render(request, "console/account_open.html", context, status=status)


def _open(request: SiteRequest, data: dict[str, Any]) -> dict[str, Any]:
    """Open the account; a new customer is made in the same operation, so that a replay makes no second one."""
    preset = data["preset"].strip()
    preset_minor = money.parse_minor(preset, exponent=request.site.exponent, allow_zero=True) if preset else 0
    body = {key: str(data[key]) for key in ("customer", "name", "phone", "email", "language")}
    body |= {"room": str(data["room"].pk), "policy": str(data["policy"].pk), "preset": str(preset_minor)}

    def run() -> dict[str, Any]:
        known = known_customer(request.site, data["customer"]) if data["customer"] else None
        person = known or _new_customer(data)
        return sales.open_account(
            op_id=f"{data['op']}-in",
            supply_point_id=data["room"].pk,
            customer_id=person.pk,
            policy_id=data["policy"].pk,
            preset_minor=preset_minor,
            actor=request.user,
            now=request.now,
        )

    return audit.once(
        op_id=data["op"], kind="account.move_in", body=body, actor=request.user, now=request.now, run=run
    )[0]


def _new_customer(data: dict[str, Any]) -> Customer:
    person = Customer.objects.create(
        number=f"n{secrets.token_hex(5)}",  # until the key is known
        name=data["name"],
        phone=data["phone"],
        email=data["email"],
        language=data["language"],
    )
    person.number = check_digit.append(f"8{person.pk:010d}")
    person.save(update_fields=["number"])
    if person.email:
        Contact.objects.create(customer=person, channel="email", address=person.email)
    return person


def _room_of(request: SiteRequest, number: str) -> Standing:
    stands = standing.of_account(customers.find(request, number), now=request.now)
    if stands is None:
        raise Refusal("sale.no_supply_point")
    return stands


@require_POST
@page(roles.PROTECT)
def protect(request: SiteRequest, number: str) -> HttpResponse:
    """Protect a supply: from now on nobody cuts it."""
    point = _room_of(request, number).supply_point
    supply.protect(
        supply_point_id=point.pk,
        reason=request.POST.get("reason", ""),
        actor=request.user,
        now=request.now,
        op_id=forms.op_id(request.POST),
    )
    messages.success(request, _("%(room)s is protected: nobody cuts it.") % {"room": point.label})
    return redirect("console:customer", number)


@require_POST
@page(roles.PROTECT)
def ask_unprotect(request: SiteRequest, number: str) -> HttpResponse:
    """Ask a second person to lift the protection."""
    point = _room_of(request, number).supply_point
    supply.request_unprotect(
        supply_point_id=point.pk,
        reason=request.POST.get("reason", ""),
        maker=request.user,
        now=request.now,
        op_id=forms.op_id(request.POST),
    )
    messages.success(
        request,
        _("Asked. A second person must approve it; until then %(room)s stays protected.") % {"room": point.label},
    )
    return redirect("console:customer", number)


@require_POST
@page(roles.SWITCH)
def hold(request: SiteRequest, number: str) -> HttpResponse:
    """Overrule the rules for one supply by a person's order, or release that order."""
    stands, relay = _room_of(request, number), request.POST.get("relay", "none")
    supply.hold(
        supply_point_id=stands.supply_point.pk,
        relay=relay,
        reason=request.POST.get("reason", ""),
        actor=request.user,
        now=request.now,
        op_id=forms.op_id(request.POST),
        danger=request.POST.get("danger") == "yes",
    )
    words = {
        "open": _("%(room)s: ordered off. The page shows when the meter has proven it."),
        "closed": _("%(room)s: ordered on. The page shows when the meter has proven it."),
        "": _("%(room)s: the order is released; the rules decide again."),
    }
    messages.success(request, words[relay] % {"room": stands.supply_point.label})
    return redirect("console:customer", number)
