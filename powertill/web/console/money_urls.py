"""Addresses of the money pages: overview, selling, receipts, customers, messages, search."""

from django.urls import URLPattern, path

from powertill.web.console import accounts, customers, messages, overview, receipts, search, sell

urlpatterns: list[URLPattern] = [
    path("", overview.overview, name="overview"),
    path("sell", sell.desk, name="sell"),
    path("sell/find", sell.find, name="sell_find"),
    path("sell/outcome", sell.outcome, name="sell_outcome"),
    path("sell/arrival/<str:number>", sell.arrival, name="sell_arrival"),
    path("sell/<str:number>", sell.choose, name="sell_choose"),
    path("sell/<str:number>/quote", sell.quote, name="sell_quote"),
    path("sell/<str:number>/pay", sell.pay, name="sell_pay"),
    path("receipts", receipts.listing, name="receipts"),
    path("receipts/<str:number>", receipts.receipt, name="receipt"),
    path("receipts/<str:number>/reprint", receipts.reprint, name="receipt_reprint"),
    path("receipts/<str:number>/reverse", receipts.reverse, name="receipt_reverse"),
    path("genuine/<str:token>", receipts.verify, name="verify"),
    path("customers", customers.listing, name="customers"),
    path("customers/open", accounts.open_account, name="account_open"),
    path("customers/<str:number>", customers.customer, name="customer"),
    path("customers/<str:number>/protect", accounts.protect, name="customer_protect"),
    path("customers/<str:number>/unprotect", accounts.ask_unprotect, name="customer_unprotect"),
    path("customers/<str:number>/hold", accounts.hold, name="customer_hold"),
    path("messages", messages.listing, name="messages"),
    path("messages/<int:pk>", messages.message, name="message"),
    path("search", search.search, name="search"),
]
