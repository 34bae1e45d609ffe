"""`powertill migrate`: bring the database's tables up to date."""

import argparse

HELP = "Bring the database up to date with this version."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--check", action="store_true", help="change nothing; fail when something is to be done")


def run(args: argparse.Namespace) -> int:
    from powertill.config import config
    from powertill.postgres.running import database

    with database(config()):
        return _migrate(check=args.check)


def _migrate(*, check: bool) -> int:
    import django
    from django.core.management import call_command
    from django.db import connection
    from django.db.migrations.recorder import MigrationRecorder

    django.setup()
    # A migration may take longer than a screen may: here no statement is cut short.
    connection.settings_dict["OPTIONS"].pop("options", None)
    before = len(MigrationRecorder(connection).applied_migrations())
    call_command("migrate", interactive=False, check_unapplied=check, verbosity=0)
    made = len(MigrationRecorder(connection).applied_migrations()) - before
    print(f"The database is up to date; {made} changes were made.")
    return 0
