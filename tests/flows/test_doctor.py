"""The doctor finds each fault that is planted behind the back of the flows, and nothing in a healthy house."""

import argparse
import json
from collections.abc import Callable
from datetime import timedelta

import pytest

from powertill.apps import doctor
from powertill.apps.sales import delivering
from powertill.apps.sales import flows as sales
from powertill.commands import doctor as command
from tests.flows.cast import QUARTER, START, Cast, build, deliver_messages, seen
from tests.flows.stages import TUESDAY, cut, use_up

NOW = TUESDAY + timedelta(minutes=5)


@pytest.fixture
def cast(transactional_db: None) -> Cast:
    """A house in which everything has happened: sales, deliveries, a reversal, a preset, readings, a cut."""
    made = build()
    use_up(made)
    cut(made)
    account = made.open("B", preset=500)
    made.bring(at=START)
    made.read("B", 0, at=START, credit=seen(500, 0), export=0)
    made.sell(account, 1500)
    made.bring(at=START, purse=500)
    undone = made.sell(account, 1000)
    sales.reverse(op_id=made.op(), sale_id=undone.pk, reason="x", actor=made.users["manager"], now=START)
    made.read("B", 50, at=START + QUARTER, credit=seen(1497, 1), export=4000)
    made.look("B", "closed", at=START + QUARTER)
    made.read("B", 60, at=TUESDAY, credit=seen(1490, 1), export=4000)
    made.look("B", "closed", at=TUESDAY)
    deliver_messages(at=NOW)
    return made


def wrong(now=NOW) -> dict[str, tuple[str, ...]]:
    return {check.code: check.rows for check in doctor.checks(now=now) if not check.holds}


def test_a_healthy_house_has_nothing_wrong(cast):
    assert wrong() == {}
    found = doctor.checks(now=NOW)
    assert len({check.code for check in found}) == len(found)
    assert all(check.looked_at for check in found), [check.code for check in found if not check.looked_at]


FAULTS = {
    "books.balance": "UPDATE ledger_posting SET amount = amount + 1 WHERE id = (SELECT MIN(id) FROM ledger_posting)",
    "books.empty": "INSERT INTO ledger_entry (key, kind, at, posted_at) VALUES ('ghost', 'payment', now(), now())",
    "purses.balance": "UPDATE ledger_purse SET credits_minor = credits_minor + 1",
    "purses.credits": "UPDATE ledger_purse SET credits_minor = credits_minor - 5",
    "purses.debits": "UPDATE ledger_debit SET used_wh = used_wh + 1",
    "sales.parts": "UPDATE sales_sale SET parts = jsonb_set(parts, '{0,minor}', '1')",
    "deliveries.booked": "UPDATE sales_delivery SET amount_minor = amount_minor + 1 WHERE state = 'on_meter'",
    "deliveries.counts": "DROP INDEX delivery_count_once; UPDATE sales_delivery SET count = 1 WHERE state = 'on_meter'",
    "purses.meter": "UPDATE metering_meter SET live = jsonb_set(live, '{credit,remaining_minor}', '99999')"
    " WHERE live ? 'credit'",
    "supplies.evidence": "UPDATE supply_relayorder SET evidence = evidence || '{\"notices\": []}'",
    "audit.chain": "UPDATE audit_logentry SET subject = 'x' WHERE id = (SELECT MIN(id) FROM audit_logentry)",
    "charges.once": "INSERT INTO metering_charge (supply_point_id, account_id, meter_id, version_id, from_at, to_at,"
    " wh, export_wh, minor, rated_minor, tax_minor, lines) SELECT supply_point_id, account_id, meter_id, version_id,"
    " from_at + interval '1 minute', to_at, wh, 0, 0, 0, 0, '[]' FROM metering_charge LIMIT 1",
    "messages.stuck": "UPDATE notices_message SET state = 'due', next_at = next_at - interval '1 day'",
}


@pytest.mark.parametrize("code", FAULTS)
def test_a_planted_fault_is_found(cast, plant, code):
    plant(FAULTS[code])
    try:
        assert code in wrong()
        assert wrong()[code][0]
    finally:
        if code == "deliveries.counts":
            plant("UPDATE sales_delivery SET count = NULL")
            plant(
                "CREATE UNIQUE INDEX delivery_count_once ON sales_delivery (meter_id, count)"
                " WHERE count IS NOT NULL AND state IN ('sent', 'unknown', 'on_meter')"
            )


@pytest.mark.parametrize(
    "sql",
    [
        "DELETE FROM audit_logentry WHERE id = (SELECT MIN(id) + 1 FROM audit_logentry)",
        "UPDATE audit_logentry SET facts = '{}' WHERE facts <> '{}'",
        "UPDATE audit_logentry SET actor_id = NULL WHERE id = (SELECT MAX(id) FROM audit_logentry)",
        "UPDATE audit_logentry SET at = at + interval '1 second' WHERE id = (SELECT MAX(id) FROM audit_logentry)",
    ],
)
def test_the_chain_breaks_at_any_change_of_the_log(cast, plant, sql):
    plant(sql)
    assert list(wrong()) == ["audit.chain"]


def sale_without_delivery(cast: Cast, plant: Callable[..., None]) -> None:
    plant("DELETE FROM sales_deliveryevent")
    plant("DELETE FROM sales_delivery WHERE sale_id IS NOT NULL AND state = 'on_meter'")


def late_and_untold(cast: Cast, plant: Callable[..., None]) -> None:
    cast.sell(cast.points["B"].occupancies.get().account, 1000, at=START)


def before_a_person_and_untold(cast: Cast, plant: Callable[..., None]) -> None:
    plant("UPDATE sales_delivery SET state = 'person' WHERE state = 'reversed'")


def undone_credit_on_its_way(cast: Cast, plant: Callable[..., None]) -> None:
    plant("UPDATE sales_delivery SET state = 'due', made_at = %s WHERE state = 'reversed'", NOW)


def reversed_without_reversal(cast: Cast, plant: Callable[..., None]) -> None:
    plant("DELETE FROM sales_reversal")


@pytest.mark.parametrize(
    "fault",
    [
        sale_without_delivery,
        late_and_untold,
        before_a_person_and_untold,
        undone_credit_on_its_way,
        reversed_without_reversal,
    ],
)
def test_a_sale_that_went_nowhere_is_found(cast, plant, fault):
    fault(cast, plant)
    assert "sales.arrive" in wrong()


def test_a_late_delivery_is_in_order_once_a_person_was_told(cast):
    cast.sell(cast.points["B"].occupancies.get().account, 1000, at=START)
    delivering.late(now=NOW)
    assert "sales.arrive" not in wrong()


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE supply_supply SET seen_relay = 'closed' WHERE seen_relay = 'open'",
        "UPDATE supply_supply SET \"order\" = 'waits'",
        "UPDATE supply_supply SET \"order\" = 'stuck'",
        "UPDATE supply_supply SET \"order\" = 'unverified'",
        "UPDATE supply_supply SET \"order\" = 'ordered', next_at = next_at - interval '1 day'",
        "UPDATE supply_supply SET \"order\" = 'ordered', wanted_since = wanted_since - interval '2 days'",
    ],
)
def test_a_switch_that_nobody_can_explain_is_found(cast, plant, sql):
    plant(sql)
    assert "supplies.explained" in wrong()


@pytest.mark.parametrize(
    "evidence",
    [
        '{"last_call_at": null}',
        '{"mode": "no_cut"}',
        '{"available_minor": 1}',
        '{"protected": true}',
        '{"reads_back": false}',
        '{"holidays_near": ["2026-11-03"]}',
        '{"holidays_near": null}',
        '{"reading_at": "2026-11-02T20:00:00+00:00"}',
        '{"policy": {"code": "home", "name": "Homes", "protected": ["09:00", "12:00"]}}',
        '{"notices": 7}',
    ],
)
def test_a_cut_that_the_rules_would_not_make_is_found(cast, plant, evidence):
    plant("UPDATE supply_relayorder SET evidence = evidence || %s::jsonb WHERE is_cut", evidence)
    assert list(wrong()) == ["supplies.evidence"]


def test_energy_without_a_settlement_is_found(cast, plant):
    plant("DELETE FROM ledger_debit WHERE place = 'meter'")
    rows = wrong()["purses.debits"]
    assert any("Wh" in row for row in rows) and any("settled" in row for row in rows)


class TestTheCommand:
    @pytest.fixture
    def run(self, cast, monkeypatch):
        from contextlib import nullcontext

        from powertill import clock
        from powertill.postgres import running

        monkeypatch.setattr(running, "database", lambda settings: nullcontext())
        monkeypatch.setattr(clock.Clock, "now", lambda self: NOW)
        return lambda **options: command.run(argparse.Namespace(**{"json": False, **options}))

    def test_ends_well_in_a_healthy_house(self, run, capsys):
        assert run() == 0
        shown = capsys.readouterr().out
        assert shown.count("ok ") == len(doctor.PROOFS)
        assert shown.splitlines()[-1] == f"All {len(doctor.PROOFS)} checks hold."

    def test_names_the_rows_that_differ(self, run, capsys, plant):
        plant("UPDATE ledger_debit SET used_wh = used_wh + 1")
        assert run() == 1
        shown = capsys.readouterr().out
        assert "WRONG" in shown and "- used:" in shown
        assert shown.splitlines()[-1] == f"1 of {len(doctor.PROOFS)} checks failed."

    def test_speaks_json(self, run, capsys):
        assert run(json=True) == 0
        said = json.loads(capsys.readouterr().out)
        assert said["ok"] and {check["code"] for check in said["checks"]} >= {"books.balance", "audit.chain"}
