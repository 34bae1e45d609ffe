"""Texts that reach the screen only as data of the core or of a tariff: named here so that the catalogue has them."""

from django.utils.translation import gettext_noop as _

# core.tariff.grid: why a line has its price.
LADDER = (
    _("Block %(block)s: from %(first)s up to %(end)s kWh in the month."),
    _("Block %(block)s: above %(last)s kWh in the month."),
    _("Block %(block)s: from %(first)s up to %(end)s kWh in the year."),
    _("Block %(block)s: above %(last)s kWh in the year."),
    _("Band %(band)s, block %(block)s: from %(first)s up to %(end)s kWh in the month."),
    _("Band %(band)s, block %(block)s: above %(last)s kWh in the month."),
    _("Band %(band)s, block %(block)s: from %(first)s up to %(end)s kWh in the year."),
    _("Band %(band)s, block %(block)s: above %(last)s kWh in the year."),
)

# core.tariff.meter: why a tariff cannot be programmed into a meter.
NOT_IN_METER = (
    _("the weekends differ by season"),
    _("it has too many different days"),
    _("it has fixed charges"),
    _("its tax is added to the prices"),
    _("its steps are not the same add-on in every band"),
    _("it has too many bands or steps"),
    _("it has prices for public holidays"),
    _("it has too many seasons"),
    _("a price has too many decimal places"),
    _("single weekdays have hours of their own"),
    _("a day has too many periods"),
)

# Names that tariffs usually carry; other names are shown as they were written.
USUAL_NAMES = (
    _("peak"),
    _("flat"),
    _("valley"),
    _("sharp peak"),
    _("shoulder"),
    _("off-peak"),
    _("Energy"),
    _("VAT"),
    _("Meter rent"),
    _("Block 1"),
    _("Block 2"),
    _("Block 3"),
    _("First"),
    _("Second"),
    _("Third"),
)
