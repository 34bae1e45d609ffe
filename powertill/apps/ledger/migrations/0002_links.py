"""Make the tables of the ledger room."""

import django.db.models.deletion
import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("ledger", "0001_first_tables"),
        ("sites", "0001_first_tables"),
    ]

    operations = [
        migrations.AddField(
            model_name="debit",
            name="account",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="debits", to="sites.account"
            ),
        ),
        migrations.AddField(
            model_name="entry",
            name="reverses",
            field=models.OneToOneField(
                null=True, on_delete=django.db.models.deletion.PROTECT, related_name="reversed_by", to="ledger.entry"
            ),
        ),
        migrations.AddField(
            model_name="debit",
            name="entry",
            field=models.OneToOneField(
                null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="ledger.entry"
            ),
        ),
        migrations.AddField(
            model_name="posting",
            name="entry",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="postings", to="ledger.entry"
            ),
        ),
        migrations.AddField(
            model_name="purse",
            name="account",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="purses", to="sites.account"
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="entry",
            trigger=pgtrigger.compiler.Trigger(
                name="entry_append_only",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;",
                    hash="9af85c6b3f9c8411a23816b1a171c8b8783d9c9c",
                    operation="UPDATE OR DELETE",
                    pgid="pgtrigger_entry_append_only_cb569",
                    table="ledger_entry",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="entry",
            trigger=pgtrigger.compiler.Trigger(
                name="entry_no_truncate",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'entry is append-only' USING ERRCODE = 'restrict_violation';",
                    hash="5ee97e86720180f4f84dcc554b8065b48aac72e3",
                    level="STATEMENT",
                    operation="TRUNCATE",
                    pgid="pgtrigger_entry_no_truncate_57f08",
                    table="ledger_entry",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="entry",
            trigger=pgtrigger.compiler.Trigger(
                name="entry_not_empty",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    constraint="CONSTRAINT",
                    func="\n                    IF (SELECT COUNT(*) FROM ledger_posting WHERE entry_id = NEW.id) < 2 THEN\n                        RAISE EXCEPTION 'entry % has fewer than two postings', NEW.id USING ERRCODE = 'check_violation';\n                    END IF;\n                    RETURN NULL;\n                ",
                    hash="aa582eb8ba376fe79aee59f392db8a1ca9e240f3",
                    operation="INSERT",
                    pgid="pgtrigger_entry_not_empty_82203",
                    table="ledger_entry",
                    timing="DEFERRABLE INITIALLY DEFERRED",
                    when="AFTER",
                ),
            ),
        ),
        migrations.AddIndex(
            model_name="debit",
            index=models.Index(fields=["account", "place", "-id"], name="ledger_debi_account_a89ec7_idx"),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="debit",
            trigger=pgtrigger.compiler.Trigger(
                name="debit_append_only",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;",
                    hash="b42925c7f5ca1871ede04a90876940df82299902",
                    operation="UPDATE OR DELETE",
                    pgid="pgtrigger_debit_append_only_d6d57",
                    table="ledger_debit",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="debit",
            trigger=pgtrigger.compiler.Trigger(
                name="debit_no_truncate",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'debit is append-only' USING ERRCODE = 'restrict_violation';",
                    hash="e0e4e9f403c8123e42bfb84b2e3be942138a5bb2",
                    level="STATEMENT",
                    operation="TRUNCATE",
                    pgid="pgtrigger_debit_no_truncate_b9497",
                    table="ledger_debit",
                    when="BEFORE",
                ),
            ),
        ),
        migrations.AddConstraint(
            model_name="posting",
            constraint=models.CheckConstraint(
                condition=models.Q(("amount", 0), _negated=True), name="posting_not_zero"
            ),
        ),
        migrations.AddConstraint(
            model_name="posting",
            constraint=models.CheckConstraint(
                condition=models.Q(("unit__in", ["money", "Wh"])), name="posting_unit_known"
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="posting",
            trigger=pgtrigger.compiler.Trigger(
                name="posting_append_only",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;",
                    hash="8012737f7058fb4f754097ad3106ecf97212ed30",
                    operation="UPDATE OR DELETE",
                    pgid="pgtrigger_posting_append_only_2acf6",
                    table="ledger_posting",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="posting",
            trigger=pgtrigger.compiler.Trigger(
                name="posting_no_truncate",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'posting is append-only' USING ERRCODE = 'restrict_violation';",
                    hash="b7a42cd0944a07a0e0a3ef73b3f76f9dd79fcc7e",
                    level="STATEMENT",
                    operation="TRUNCATE",
                    pgid="pgtrigger_posting_no_truncate_e2913",
                    table="ledger_posting",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="posting",
            trigger=pgtrigger.compiler.Trigger(
                name="entry_balances",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    constraint="CONSTRAINT",
                    func="\n                    IF EXISTS (\n                        SELECT 1 FROM ledger_posting WHERE entry_id = NEW.entry_id GROUP BY unit HAVING SUM(amount) <> 0\n                    ) THEN\n                        RAISE EXCEPTION 'entry % does not balance', NEW.entry_id USING ERRCODE = 'check_violation';\n                    END IF;\n                    RETURN NULL;\n                ",
                    hash="9496d162ea4d19fb99033eca79fc33263e8dda1b",
                    operation="INSERT",
                    pgid="pgtrigger_entry_balances_9b202",
                    table="ledger_posting",
                    timing="DEFERRABLE INITIALLY DEFERRED",
                    when="AFTER",
                ),
            ),
        ),
        migrations.AddConstraint(
            model_name="purse",
            constraint=models.UniqueConstraint(fields=("account", "place"), name="purse_once"),
        ),
        migrations.AddConstraint(
            model_name="purse",
            constraint=models.CheckConstraint(
                condition=models.Q(("place__in", ["account", "meter"])), name="purse_place_known"
            ),
        ),
    ]
