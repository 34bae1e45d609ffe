"""Addresses of the customer's pages."""

from django.urls import URLPattern, path

from powertill.web.portal import home, receipts, topup

app_name = "portal"
urlpatterns: list[URLPattern] = [
    path("", home.home, name="home"),
    path("top-up", topup.topup, name="topup"),
    path("receipts", receipts.listing, name="receipts"),
    path("receipts/<str:number>", receipts.receipt, name="receipt"),
    path("alerts", home.alerts, name="alerts"),
    path("power", home.power, name="power"),
]
