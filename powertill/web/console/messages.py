"""What customers were told: the list with the proof of delivery, and the whole text of one message."""

from django.core.paginator import Paginator
from django.db.models import Q
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from powertill.apps.notices import queries as notices
from powertill.apps.notices.models import Message
from powertill.apps.notices.texts import TEXTS
from powertill.web.console import finding, words
from powertill.web.console.access import SiteRequest, page
from powertill.web.shapes import Chip

ROWS_PER_PAGE = 25
TONES = {"due": "info", "sent": "info", "delivered": "ok", "failed": "bad"}
SORTS = {"at": "id", "-at": "-id", "topic": "topic", "-topic": "-topic", "state": "state", "-state": "-state"}


@require_GET
@page()
def listing(request: SiteRequest) -> HttpResponse:
    """Show the messages of the site, filtered by what is in the address."""
    text, topic, state = (finding.clean(request.GET.get(name, "")) for name in ("q", "topic", "state"))
    states = dict(Message.State.choices)
    rows = notices.messages().filter(account__site=request.site)
    chips = []
    if text:
        who = Q(customer__name__icontains=text) | Q(address__icontains=text) | Q(account__number=text)
        rows = rows.filter(who | Q(body__icontains=text))
        chips.append(Chip("q", _("search"), text))
    if topic in TEXTS:
        rows = rows.filter(topic=topic)
        chips.append(Chip("topic", _("topic"), words.topic(topic)))
    if state in states:
        rows = rows.filter(state=state)
        chips.append(Chip("state", _("state"), str(states[state])))
    rows = rows.order_by(SORTS.get(request.GET.get("sort", ""), "-id"), "-id")
    found = Paginator(rows, ROWS_PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "nav": "messages",
        "page": found,
        "rows": [(row, words.topic(row.topic), TONES[row.state]) for row in found],
        "topics": [(code, words.topic(code)) for code in TEXTS],
        "states": Message.State.choices,
        "chips": chips,
        "search_placeholder": _("Name, address, words"),
    }
    return render(request, "console/messages.html", context)


@require_GET
@page()
def message(request: SiteRequest, pk: int) -> HttpResponse:
    """Show one message as it was sent, with its proof."""
    row = get_object_or_404(notices.messages(), pk=pk, account__site=request.site)
    context = {"nav": "messages", "row": row, "topic": words.topic(row.topic), "tone": TONES[row.state]}
    return render(request, "console/message.html", context)
