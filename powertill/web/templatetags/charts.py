"""Show a finished drawing with its legend and its table: `{% load charts %}`."""

from __future__ import annotations

from typing import Any

from django import template
from django.utils.safestring import mark_safe

from powertill.web.charts.svg import Drawing

register = template.Library()


@register.inclusion_tag("components/chart.html")
def chart(drawing: Drawing, table: bool = True) -> dict[str, Any]:
    """Show the drawing; `table=False` where the same rows stand beside it anyway."""
    # Everything that came from people was escaped while it was drawn (charts/svg.py, tested there).
    return {
        "svg": mark_safe(drawing.svg),  # noqa: S308
        "legend": mark_safe(drawing.legend),  # noqa: S308
        "table": mark_safe(drawing.table) if table else "",  # noqa: S308
        "scroll": drawing.scroll,
    }
