"""How one simulated meter is built and programmed: nameplate, limits, prices, and the lies it may tell."""

from dataclasses import dataclass, field
from enum import StrEnum

from powertill.core.ports import MeterConfig
from powertill.core.tariff.meter import MeterTables

WEEK = (0, 0, 0, 0, 0, 0, 0)


class Lie(StrEnum):
    """What a faulty or tampered meter does, for tests of those who must notice."""

    WELDED = "welded"  # says open, and current flows
    ERROR_AFTER_WRITE = "error_after_write"  # takes the money and answers C3
    FROZEN_BALANCE = "frozen_balance"  # shows the purse as it was when the lie began


@dataclass(frozen=True, slots=True)
class Tables:
    """Prices in 1/10000 of the currency per kWh (NNNN.NNNN, that is minor/100) and when they apply.

    `prices`: tariffs 1..4. `day_tables`: switch points (minute of the day, tariff 1..4), the first at
    minute 0. `zones`: (MMDD of the first day, day table for Monday..Sunday), in order of the year.
    `step_adds` has one more entry than `step_limits_wh` and is added to the tariff's price.
    """

    prices: tuple[int, ...] = (5000, 5000, 5000, 5000)
    day_tables: tuple[tuple[tuple[int, int], ...], ...] = (((0, 1),),)
    zones: tuple[tuple[int, tuple[int, ...]], ...] = ((101, WEEK),)
    holidays: tuple[str, ...] = ()  # ISO dates
    holiday_table: int = 0
    step_limits_wh: tuple[int, ...] = ()
    step_adds: tuple[int, ...] = (0,)
    step_period: str = "month"  # or "year"

    @classmethod
    def of(cls, plan: MeterTables) -> "Tables":
        """Return what the meter holds after it was programmed with these tables of a tariff (2-digit currencies)."""
        numbered = [(month * 100 + day, table - 1) for month, day, table in plan.seasons]
        rest = [(plan.rest_day_table or table + 1) - 1 for _, table in numbered]
        prices = [int(100 * price) for price in plan.band_prices]
        return cls(
            prices=tuple((prices + prices[:1] * 4)[:4]),
            day_tables=tuple(tuple((60 * hour + minute, band) for hour, minute, band in t) for t in plan.day_tables),
            zones=tuple((first, (table,) * 5 + (end,) * 2) for (first, table), end in zip(numbered, rest, strict=True)),
            step_limits_wh=plan.step_limits_wh,
            step_adds=tuple(int(100 * add) for add in plan.step_adds) or (0,),
            step_period=plan.period or "month",
        )

    def __post_init__(self) -> None:
        fits = len(self.step_adds) == len(self.step_limits_wh) + 1 and len(self.prices) == 4
        starts = all(table and table[0][0] == 0 for table in self.day_tables)
        known = all(1 <= tariff <= 4 for table in self.day_tables for _, tariff in table)
        if not (fits and starts and known and self.zones and self.step_period in ("month", "year")):
            raise ValueError("tables that no meter would take")


@dataclass(frozen=True, slots=True)
class MeterSetup:
    """The nameplate and the parameters a meter leaves the workshop with. 0 of a limit means: no limit."""

    address: str
    phases: int = 1
    zone: str = "UTC"
    prepaid: bool = True
    password: str = "000000"  # noqa: S105 - of a simulated meter
    write_password: str = "000000"  # noqa: S105
    voltage_mv: int = 230_000
    clock_error_s: int = 0
    first_import_wh: int = 0
    alarm_minor: tuple[int, int] = (3000, 1000)
    overdraft_limit_minor: int = 0
    hoarding_limit_minor: int = 0
    close_permission_minor: int = 0
    trip_delay_minutes: int = 0
    defer_above_ma: int = 0
    defer_minutes_max: int = 1440
    power_w_max: int = 0
    power_delay_s: int = 60
    reclose: str = "permit"  # "direct": a purchase after a credit cut closes without the button
    keep_power_closes: bool = False  # True: keep-power closes an open contact without the button
    tables: Tables = field(default_factory=Tables)

    def __post_init__(self) -> None:
        if len(self.address) != 12 or not self.address.isdigit() or self.phases not in (1, 3):
            raise ValueError(f"no such meter: {self.address!r}, {self.phases} phases")

    def driver_config(self, **settings: str) -> MeterConfig:
        """Return what the DL/T 645 driver needs to talk to this meter."""
        ours = {"password": self.password, "write_password": self.write_password, "security": "simulated"}
        return MeterConfig(self.address, self.phases, self.zone, {**ours, **settings})
