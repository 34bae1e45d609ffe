"""The shared components that pages are put together from: `{% load ui %}`."""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path
from typing import Any

from django import template
from django.core.paginator import Page
from django.forms import BoundField, CheckboxInput, RadioSelect, Select
from django.http import HttpRequest
from django.template import Context
from django.utils.html import conditional_escape, format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from powertill.web import states

register = template.Library()
ICONS = Path(__file__).resolve().parents[1] / "static" / "vendor" / "icons"
NAME = re.compile(r"[a-z0-9-]{1,40}")


@lru_cache(maxsize=256)
def _paths(name: str) -> str:
    """Return what stands inside one icon's <svg>; a wrong name is a programmer's mistake and raises."""
    if not NAME.fullmatch(name):
        raise template.TemplateSyntaxError(f"not the name of an icon: {name!r}")
    text = (ICONS / f"{name}.svg").read_text("utf-8")
    inner = text[text.index(">") + 1 : text.rindex("</svg>")]
    return " ".join(inner.replace('<path stroke="none" d="M0 0h24v24H0z" fill="none" />', "").split())


@register.simple_tag
def icon(name: str, label: str = "") -> SafeString:
    """Draw one vendored icon inline; without a label it is decoration and hidden from screen readers."""
    who = format_html('role="img" aria-label="{}"', label) if label else mark_safe('aria-hidden="true"')
    return format_html(
        '<svg class="icon" viewBox="0 0 24 24" width="16" height="16" {}>{}</svg>',
        who,
        mark_safe(_paths(name)),  # noqa: S308
    )


@register.inclusion_tag("components/page_header.html")
def page_header(title: str, subtitle: str = "", back_url: str = "") -> dict[str, Any]:
    """Show the page's h1 with a sub-line and a way back."""
    return {"title": title, "subtitle": subtitle, "back_url": back_url}


@register.inclusion_tag("components/stat.html")
def stat(label: str, value: Any, *, unit: str = "", sub: str = "", url: str = "", tone: str = "") -> dict[str, Any]:
    """Show one figure with its unit, its comparison and a link to the rows behind it."""
    return {"label": label, "value": value, "unit": unit, "sub": sub, "url": url, "tone": tone}


def _badge(look: states.Look, *, solid: bool = False) -> dict[str, Any]:
    return {"tone": look.tone, "word": look.word, "shape": look.shape, "title": look.title, "solid": solid}


@register.inclusion_tag("components/badge.html")
def badge(tone: str, text: str, solid: bool = False, title: str = "") -> dict[str, Any]:
    """Show a word with the shape and colour of its tone: ok, warn, bad, info or none."""
    return _badge(states.Look(tone, str(text), states.SHAPES.get(tone, "dash"), str(title)), solid=bool(solid))


@register.inclusion_tag("components/badge.html")
def supply_badge(state: str, title: str = "") -> dict[str, Any]:
    """Show whether a room has power: on, off, limited or unknown."""
    return _badge(states.supply(str(getattr(state, "value", state)), str(title)))


@register.inclusion_tag("components/badge.html")
def relay_badge(wanted: str | None, seen: str | None, verified: bool = False, reason: str = "") -> dict[str, Any]:
    """Show the relay honestly: what we want, what we saw, and whether the meter proved it."""
    return _badge(states.relay(wanted, seen, verified=bool(verified), reason=str(reason)))


@register.inclusion_tag("components/badge.html")
def delivery_badge(state: str, place: str = "meter") -> dict[str, Any]:
    """Show how far the credit of one sale has come."""
    return _badge(states.delivery(str(getattr(state, "value", state)), place))


@register.inclusion_tag("components/steps.html")
def delivery_steps(state: str, place: str = "meter") -> dict[str, Any]:
    """Show the way of one sale's credit as steps, the present one marked."""
    return {"steps": states.delivery_steps(str(getattr(state, "value", state)), place)}


def _query(request: HttpRequest, **changes: Any) -> str:
    """Return the present query string with changes; None or "" takes a parameter away."""
    params = request.GET.copy()
    for key, value in changes.items():
        if value is None or value == "":
            params.pop(key, None)
        else:
            params[key] = str(value)
    return "?" + params.urlencode()


@register.simple_tag(takes_context=True)
def query_with(context: Context, **changes: Any) -> str:
    """Return `?...`: this page's URL state with changes, so that a filtered list stays a link."""
    return _query(context["request"], **changes)


@register.inclusion_tag("components/sort_header.html", takes_context=True)
def sort_header(context: Context, label: str, key: str, numeric: bool = False) -> dict[str, Any]:
    """Show a column header that sorts: first click up, second click down."""
    now = context["request"].GET.get("sort", "")
    order = {key: "ascending", f"-{key}": "descending"}.get(now, "")
    url = _query(context["request"], sort=f"-{key}" if order == "ascending" else key, page=None)
    return {"label": label, "url": url, "order": order, "numeric": numeric}


@register.inclusion_tag("components/pagination.html", takes_context=True)
def pagination(context: Context, page: Page[Any]) -> dict[str, Any]:
    """Show which rows of how many these are, and links to the other pages."""
    request = context["request"]
    pages = [
        {"number": n, "url": _query(request, page=n) if isinstance(n, int) else "", "here": n == page.number}
        for n in page.paginator.get_elided_page_range(page.number, on_each_side=2, on_ends=1)
    ]
    previous = _query(request, page=page.number - 1) if page.has_previous() else ""
    following = _query(request, page=page.number + 1) if page.has_next() else ""
    return {"page": page, "pages": pages, "previous": previous, "following": following}


@register.inclusion_tag("components/chips.html", takes_context=True)
def chips(context: Context, chips: Any) -> dict[str, Any]:
    """Show the active filters; each is a link that takes it away, the last one clears all."""
    request = context["request"]
    listed = list(chips or ())
    shown = [{"chip": chip, "url": _query(request, **{chip.param: None, "page": None})} for chip in listed]
    clear = _query(request, page=None, **{chip.param: None for chip in listed})
    return {"chips": shown, "clear_url": clear}


@register.inclusion_tag("components/empty_state.html")
def empty_state(title: str, hint: str = "", url: str = "", action: str = "", icon: str = "search") -> dict[str, Any]:
    """Say what is empty and what to do about it."""
    return {"title": title, "hint": hint, "url": url, "action": action, "icon": icon}


def _control(bound: BoundField, described_by: str, autofocus: bool) -> SafeString:
    widget = bound.field.widget
    choice = isinstance(widget, CheckboxInput | RadioSelect)
    css = "form-check-input" if choice else "form-select" if isinstance(widget, Select) else "form-control"
    attrs: dict[str, Any] = {
        "class": f"{widget.attrs.get('class', '')} {css}{' is-invalid' if bound.errors else ''}".strip()
    }
    if described_by:
        attrs["aria-describedby"] = described_by
    if bound.errors:
        attrs["aria-invalid"] = "true"
    if autofocus:
        attrs["autofocus"] = True
    return bound.as_widget(attrs=attrs)


@register.inclusion_tag("components/field.html")
def field(bound: BoundField, next_step: str = "", unit: str = "", autofocus: bool = False) -> dict[str, Any]:
    """Show a form field: label, control, help, and after a mistake its sentence and the next step."""
    parts = [f"{bound.auto_id}_help"] if bound.help_text else []
    parts += [f"{bound.auto_id}_error"] if bound.errors else []
    return {
        "field": bound,
        "control": _control(bound, " ".join(parts), autofocus),
        "next_step": next_step,
        "unit": unit,
        "checkbox": isinstance(bound.field.widget, CheckboxInput),
        "hidden": bound.is_hidden,
    }


@register.inclusion_tag("components/refusal.html")
def refusal(refusal: Any) -> dict[str, Any]:
    """Show why something was refused, its stable code and what to do next, in the reader's language."""
    params = refusal.params or {}
    return {
        "code": refusal.code,
        "sentence": _(refusal.sentence) % params,
        "hint": _(refusal.hint) % params if refusal.hint else "",
    }


@register.simple_tag
def reason(msgid: str, params: dict[str, Any] | None = None) -> str:
    """Return a core reason (a msgid with %(name)s) in the reader's language."""
    return _(msgid) % (params or {}) if msgid else ""


@register.simple_tag
def kv(label: str, value: Any) -> SafeString:
    """Return one row of a <dl class="kv">."""
    return format_html(
        "<div><dt>{}</dt><dd>{}</dd></div>", label, conditional_escape("–" if value in (None, "") else value)
    )


EVENT_ICONS = {
    "money": "cash",
    "credit": "bolt",
    "reading": "gauge",
    "relay": "power",
    "message": "message",
    "note": "notes",
}


@register.inclusion_tag("components/timeline.html")
def timeline(events: Any) -> dict[str, Any]:
    """Show money, credit, readings, relay, messages and notes in one chronology."""
    return {"rows": [{"event": event, "icon": EVENT_ICONS[event.kind]} for event in events]}


@register.inclusion_tag("components/receipt.html")
def receipt(receipt: Any) -> dict[str, Any]:
    """Show a receipt block as it prints on 80 mm paper."""
    return {"receipt": receipt}
