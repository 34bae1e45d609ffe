"""Addresses of this part of the site."""

from django.urls import URLPattern

app_name = "portal"
urlpatterns: list[URLPattern] = []
