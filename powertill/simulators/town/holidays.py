"""Public holidays of the demo site: the days of 2026 as announced, the statutory days of 2027."""

from datetime import date, timedelta
from typing import Final

# (first day, days, name). 2026: General Office of the State Council, 4 November 2025, days off in a row.
# 2027 is not announced yet: the 13 statutory days of the Regulation of 2024 stand in its place.
_PERIODS: Final[tuple[tuple[date, int, str], ...]] = (
    (date(2026, 1, 1), 3, "元旦"),
    (date(2026, 2, 15), 9, "春节"),
    (date(2026, 4, 4), 3, "清明节"),
    (date(2026, 5, 1), 5, "劳动节"),
    (date(2026, 6, 19), 3, "端午节"),
    (date(2026, 9, 25), 3, "中秋节"),
    (date(2026, 10, 1), 7, "国庆节"),
    (date(2027, 1, 1), 1, "元旦"),
    (date(2027, 2, 5), 4, "春节"),
    (date(2027, 4, 5), 1, "清明节"),
    (date(2027, 5, 1), 2, "劳动节"),
    (date(2027, 6, 9), 1, "端午节"),
    (date(2027, 9, 15), 1, "中秋节"),
    (date(2027, 10, 1), 3, "国庆节"),
)
KNOWN_TO: Final = date(2027, 12, 31)
HOLIDAYS: Final[tuple[tuple[date, str], ...]] = tuple(
    (first + timedelta(days=n), name) for first, days, name in _PERIODS for n in range(days)
)
