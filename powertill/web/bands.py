"""One colour per price band, the same on every page: the dearest hours are always amber."""

from __future__ import annotations

from powertill.core.tariff.terms import Plan

BY_PRICE = (2, 1, 3, 4, 5)  # colours of web/tokens.css from the dearest band down
ONE_BAND = 1


def colours(plan: Plan | None) -> dict[str, int]:
    """Return band -> number of its colour, by the prices of the first block; later bands share the last colour."""
    if plan is None or len(plan.band_names) == 1:
        return dict.fromkeys(plan.band_names if plan else (), ONE_BAND)
    prices = dict(zip(plan.band_names, plan.energy.prices[0], strict=True))
    dearest_first = sorted(prices, key=lambda band: -prices[band])
    return {band: BY_PRICE[min(rank, len(BY_PRICE) - 1)] for rank, band in enumerate(dearest_first)}
