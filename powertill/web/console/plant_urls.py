"""Addresses of the plant pages: meters, site and capacity, tariffs, audit."""

from django.urls import URLPattern, path

from powertill.web.console import audit, meter, meters, settling, site, tariffs

urlpatterns: list[URLPattern] = [
    path("meters", meters.meters, name="meters"),
    path("meters/<str:number>", meter.meter, name="meter"),
    path("meters/<str:number>/live", meter.meter_live, name="meter_live"),
    path("meters/<str:number>/settle", settling.reading_settle, name="reading_settle"),
    path("deliveries/<int:pk>/decide", settling.delivery_decide, name="delivery_decide"),
    path("cases/<int:pk>/close", settling.case_close, name="case_close"),
    path("site", site.site, name="site"),
    path("site/mode", site.mode, name="site_mode"),
    path("tariffs", tariffs.tariffs, name="tariffs"),
    path("tariffs/<str:code>", tariffs.tariff, name="tariff"),
    path("audit", audit.audit, name="audit"),
    path("audit/approvals/<int:pk>/approve", audit.approve, name="approve"),
]
