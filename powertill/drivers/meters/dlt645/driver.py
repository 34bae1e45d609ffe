"""The DL/T 645 meter driver: each method of the port, told in the meter's language."""

from collections.abc import Callable
from datetime import datetime
from zoneinfo import ZoneInfo

from powertill import drivers
from powertill.core.ports import (
    Capability,
    CreditOrder,
    CreditSeen,
    DriverInfo,
    Exchange,
    Field,
    MeterConfig,
    MeterFault,
    RelayAnswer,
    RelaySeen,
    SecurityProvider,
    Snapshot,
)

from . import bcd, credit, measuring, relay
from .asking import ask, careful, digits_of
from .codec import WRITE, Deframer
from .registers import REGISTERS

CLOCK_LEVEL = b"\x04"

FIELDS = (
    Field("password", "Relay password, level 02 (6 digits)", required=False, secret=True),
    Field(
        "write_password",
        "Clock password, level 04 (6 digits; empty: as the relay password)",
        required=False,
        secret=True,
    ),
    Field("operator", "Operator code (8 digits)", required=False),
    Field("security", "Security provider (for example: simulated)", required=False),
    Field("status_query", "Ask the security module for the count: yes or no", required=False),
    Field("keep_power_bit", "Keep-power bit of run status word 3: 12 or none", required=False),
    Field("defer_above_ma", "Current in mA above which the meter waits before it trips", required=False),
)


class Dlt645Driver:
    """Prepaid meters of DL/T 645-2007. `security` finds a provider by the name in the settings."""

    info = DriverInfo("dlt645", "DL/T 645-2007 prepaid meter", frozenset(Capability), FIELDS)

    def __init__(self, security: Callable[[str], SecurityProvider] = drivers.security_provider) -> None:
        self._find_security = security

    def deframer(self) -> Deframer:
        return Deframer()

    @careful
    def read(self, config: MeterConfig) -> Exchange[Snapshot]:
        return (yield from measuring.read_snapshot(config))

    @careful
    def read_relay(self, config: MeterConfig) -> Exchange[RelaySeen]:
        return (yield from relay.read_relay(config))

    @careful
    def trip(self, config: MeterConfig, *, valid_until: datetime) -> Exchange[RelayAnswer]:
        return (yield from relay.trip(config, valid_until))

    @careful
    def permit_close(self, config: MeterConfig, *, valid_until: datetime) -> Exchange[RelayAnswer]:
        return (yield from relay.command(config, relay.PERMIT_CLOSE, valid_until))

    @careful
    def direct_close(self, config: MeterConfig, *, valid_until: datetime) -> Exchange[RelayAnswer]:
        return (yield from relay.command(config, relay.DIRECT_CLOSE, valid_until))

    @careful
    def keep_power(self, config: MeterConfig, *, on: bool, valid_until: datetime) -> Exchange[RelayAnswer]:
        return (yield from relay.command(config, relay.KEEP_ON if on else relay.KEEP_OFF, valid_until))

    @careful
    def read_credit(self, config: MeterConfig) -> Exchange[CreditSeen]:
        return (yield from credit.read_credit(config))

    @careful
    def write_credit(self, config: MeterConfig, order: CreditOrder) -> Exchange[None]:
        yield from credit.write_credit(config, self._security(config), order)

    @careful
    def preset_credit(self, config: MeterConfig, amount_minor: int) -> Exchange[None]:
        yield from credit.preset_credit(config, self._security(config), amount_minor)

    @careful
    def refund_credit(self, config: MeterConfig, order: CreditOrder) -> Exchange[None]:
        yield from credit.refund_credit(config, self._security(config), order)

    @careful
    def set_clock(self, config: MeterConfig, at: datetime) -> Exchange[None]:
        """Write date and time. Raise `MeterFault` meter.busy in the last minute of a local day.

        They are two commands, and midnight between them would leave the meter a day behind.
        """
        local = at.astimezone(ZoneInfo(config.zone))
        if (local.hour, local.minute) == (23, 59):
            raise MeterFault("meter.busy", "the clock is not set in the last minute of a day")
        secret = "write_password" if config.settings.get("write_password") else "password"
        rights = CLOCK_LEVEL + digits_of(config, secret, 3) + digits_of(config, "operator", 4, default=relay.OPERATOR)
        for name, value in (("date", bcd.date_bytes(local)), ("time", bcd.time_bytes(local))):
            yield from ask(config, WRITE, REGISTERS[name].wire + rights + value, label=f"write {name}")

    def _security(self, config: MeterConfig) -> SecurityProvider:
        name = str(config.settings.get("security") or "")
        if not name:
            raise MeterFault("meter.security_missing", "no security provider is set for this meter")
        try:
            return self._find_security(name)
        except drivers.UnknownDriver as fault:
            raise MeterFault("meter.security_missing", str(fault)) from fault
