"""`powertill doctor`: prove that the books balance, the credit arrived and every switch is explained."""

import argparse
import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from powertill.apps.doctor.check import Check

HELP = "Prove that the books balance, all paid credit arrived and every switch is explained."
ROWS_SHOWN_MAX = 20


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print everything as JSON, for other programs")


def run(args: argparse.Namespace) -> int:
    from powertill.config import config
    from powertill.postgres.running import database

    with database(config()):
        return _examine(as_json=args.json)


def _examine(*, as_json: bool) -> int:
    import django
    from django.db import connection, transaction

    django.setup()
    from powertill.apps import doctor
    from powertill.clock import Clock

    connection.settings_dict["OPTIONS"].pop("options", None)  # A proof may take longer than a screen may.
    with transaction.atomic():
        with connection.cursor() as cursor:
            # One picture: sales that go on meanwhile must not look like differences.
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        found = doctor.checks(now=Clock().now())
    print(in_json(found) if as_json else in_words(found))
    return 0 if all(check.holds for check in found) else 1


def in_words(found: "Sequence[Check]") -> str:
    """Return one line per check, and under it the rows that differ."""
    lines = []
    for check in found:
        result = "ok" if check.holds else f"{len(check.rows)} WRONG"
        lines.append(f"{result:<8} {check.code:<20} {check.looked_at:>9,} looked at  {check.title}")
        lines += [f"         - {row}" for row in check.rows[:ROWS_SHOWN_MAX]]
        if len(check.rows) > ROWS_SHOWN_MAX:
            lines.append(f"         - and {len(check.rows) - ROWS_SHOWN_MAX} more")
    wrong = sum(not check.holds for check in found)
    lines.append(f"{wrong} of {len(found)} checks failed." if wrong else f"All {len(found)} checks hold.")
    return "\n".join(lines)


def in_json(found: "Sequence[Check]") -> str:
    """Return the checks as a JSON object, all rows included."""
    checks = [
        {"code": check.code, "title": check.title, "looked_at": check.looked_at, "rows": list(check.rows)}
        for check in found
    ]
    return json.dumps({"ok": all(check.holds for check in found), "checks": checks}, indent=2, ensure_ascii=False)
