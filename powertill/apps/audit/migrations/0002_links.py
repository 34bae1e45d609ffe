"""Make the tables of the audit room."""

import django.db.models.deletion
import pgtrigger.compiler
import pgtrigger.migrations
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("audit", "0001_first_tables"),
        ("sites", "0001_first_tables"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="approval",
            name="checker",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="approval",
            name="maker",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="approval",
            name="site",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="sites.site"
            ),
        ),
        migrations.AddField(
            model_name="logentry",
            name="actor",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="logentry",
            name="site",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="sites.site"
            ),
        ),
        migrations.AddField(
            model_name="operation",
            name="actor",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddConstraint(
            model_name="approval",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("checker", None), models.Q(("checker", models.F("maker")), _negated=True), _connector="OR"
                ),
                name="approval_maker_is_not_checker",
            ),
        ),
        migrations.AddConstraint(
            model_name="approval",
            constraint=models.UniqueConstraint(
                condition=models.Q(("approved_at", None), ("voided_at", None)),
                fields=("site", "kind", "subject"),
                name="approval_open_once",
                nulls_distinct=False,
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="logentry",
            trigger=pgtrigger.compiler.Trigger(
                name="log_append_only",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;",
                    hash="51db002b4c9e1c83927c817fe96dc1a14641375f",
                    operation="UPDATE OR DELETE",
                    pgid="pgtrigger_log_append_only_079e0",
                    table="audit_logentry",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="logentry",
            trigger=pgtrigger.compiler.Trigger(
                name="log_no_truncate",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'log is append-only' USING ERRCODE = 'restrict_violation';",
                    hash="7a4e4ac9099fcf15643a765aa05a0f212ccda095",
                    level="STATEMENT",
                    operation="TRUNCATE",
                    pgid="pgtrigger_log_no_truncate_48f85",
                    table="audit_logentry",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="operation",
            trigger=pgtrigger.compiler.Trigger(
                name="operation_kept",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'pgtrigger: Cannot delete rows from % table', TG_TABLE_NAME;",
                    hash="a759de929b7c447a73db991b9417b2ce28977cce",
                    operation="DELETE",
                    pgid="pgtrigger_operation_kept_fbcbc",
                    table="audit_operation",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="operation",
            trigger=pgtrigger.compiler.Trigger(
                name="operation_answered",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition='WHEN (OLD."result" IS NOT NULL)',
                    func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;",
                    hash="3fb9c6148c3d5aeef4a5baf8fc8b62208f512e9a",
                    operation="UPDATE",
                    pgid="pgtrigger_operation_answered_c798d",
                    table="audit_operation",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="operation",
            trigger=pgtrigger.compiler.Trigger(
                name="operation_no_truncate",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'operation is append-only' USING ERRCODE = 'restrict_violation';",
                    hash="5dff21ddc9aa66f51b29b7b0e4cd13d1e440e03a",
                    level="STATEMENT",
                    operation="TRUNCATE",
                    pgid="pgtrigger_operation_no_truncate_3a032",
                    table="audit_operation",
                    when="BEFORE",
                ),
            ),
        ),
    ]
