"""Make the tables of the supply room."""

import django.db.models.deletion
import pgtrigger.compiler
import pgtrigger.migrations
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("metering", "0001_first_tables"),
        ("sites", "0001_first_tables"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="RelayOrder",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("command", models.CharField(max_length=16)),
                ("is_cut", models.BooleanField(default=False)),
                ("code", models.CharField(max_length=60)),
                ("params", models.JSONField(default=dict)),
                ("evidence", models.JSONField(default=dict)),
                ("sent_at", models.DateTimeField()),
                (
                    "actor",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "meter",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="relay_orders", to="metering.meter"
                    ),
                ),
            ],
            options={
                "ordering": ["-id"],
            },
        ),
        migrations.CreateModel(
            name="RelayResult",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("at", models.DateTimeField()),
                ("outcome", models.CharField(max_length=20)),
                ("detail", models.CharField(blank=True, max_length=200)),
                (
                    "order",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="results", to="supply.relayorder"
                    ),
                ),
            ],
            options={
                "ordering": ["id"],
            },
        ),
        migrations.CreateModel(
            name="SiteMode",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "mode",
                    models.CharField(
                        choices=[("normal", "normal"), ("no_cut", "no cuts")], default="normal", max_length=8
                    ),
                ),
                ("reason", models.CharField(blank=True, max_length=160)),
                ("code", models.CharField(blank=True, max_length=24)),
                ("params", models.JSONField(default=dict)),
                ("looked_at", models.DateTimeField(null=True)),
                ("doubt_since", models.DateTimeField(null=True)),
                ("since", models.DateTimeField(null=True)),
                (
                    "site",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT, related_name="mode", to="sites.site"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Supply",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("lease_until", models.DateTimeField(null=True)),
                ("lease_epoch", models.PositiveIntegerField(default=0)),
                ("tries", models.PositiveSmallIntegerField(default=0)),
                ("next_at", models.DateTimeField(db_index=True)),
                ("wanted_relay", models.CharField(default="closed", max_length=6)),
                ("wanted_keep_power", models.BooleanField(default=False)),
                ("code", models.CharField(blank=True, max_length=60)),
                ("params", models.JSONField(default=dict)),
                ("wanted_since", models.DateTimeField(null=True)),
                ("next_step_at", models.DateTimeField(null=True)),
                ("reviewed_at", models.DateTimeField(null=True)),
                ("review_at", models.DateTimeField(db_index=True, null=True)),
                ("hold_relay", models.CharField(blank=True, max_length=6)),
                ("hold_reason", models.CharField(blank=True, max_length=160)),
                ("hold_danger", models.BooleanField(default=False)),
                ("seen_relay", models.CharField(blank=True, max_length=6)),
                ("seen_commanded", models.CharField(blank=True, max_length=6)),
                ("seen_keep_power", models.BooleanField(null=True)),
                ("seen_permitted", models.BooleanField(null=True)),
                ("seen_at", models.DateTimeField(null=True)),
                (
                    "order",
                    models.CharField(
                        choices=[
                            ("agreed", "as wanted"),
                            ("ordered", "ordered, not yet proven"),
                            ("waits", "waits for a person at the meter"),
                            ("unverified", "commanded, unverified"),
                            ("stuck", "needs a person"),
                        ],
                        default="ordered",
                        max_length=10,
                    ),
                ),
                ("last_answer", models.CharField(blank=True, max_length=160)),
                (
                    "supply_point",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT, related_name="supply", to="sites.supplypoint"
                    ),
                ),
            ],
            options={
                "ordering": ["supply_point"],
            },
        ),
        migrations.AddField(
            model_name="relayorder",
            name="supply",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="orders", to="supply.supply"
            ),
        ),
        migrations.CreateModel(
            name="SupplyPolicy",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("code", models.CharField(max_length=24)),
                ("name", models.CharField(max_length=80)),
                ("terms", models.JSONField()),
                (
                    "site",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="policies", to="sites.site"
                    ),
                ),
            ],
            options={
                "ordering": ["code"],
            },
        ),
        migrations.AddField(
            model_name="supply",
            name="policy",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="supplies", to="supply.supplypolicy"
            ),
        ),
        migrations.CreateModel(
            name="Incident",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("kind", models.CharField(max_length=40)),
                ("subject", models.CharField(max_length=80)),
                ("params", models.JSONField(default=dict)),
                ("opened_at", models.DateTimeField()),
                ("closed_at", models.DateTimeField(null=True)),
                (
                    "closed_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "meter",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="incidents",
                        to="metering.meter",
                    ),
                ),
                (
                    "site",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="incidents", to="sites.site"
                    ),
                ),
            ],
            options={
                "ordering": ["-id"],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("closed_at", None)),
                        fields=("site", "kind", "subject"),
                        name="incident_open_once",
                    )
                ],
            },
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="relayresult",
            trigger=pgtrigger.compiler.Trigger(
                name="relay_result_append_only",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;",
                    hash="d55f67c1f085fa81c11444cabe79986ebe863115",
                    operation="UPDATE OR DELETE",
                    pgid="pgtrigger_relay_result_append_only_9aeb1",
                    table="supply_relayresult",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="relayresult",
            trigger=pgtrigger.compiler.Trigger(
                name="relay_result_no_truncate",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'relay_result is append-only' USING ERRCODE = 'restrict_violation';",
                    hash="f3da50e0380cf8d22dc6ee13da2980b8da99fb89",
                    level="STATEMENT",
                    operation="TRUNCATE",
                    pgid="pgtrigger_relay_result_no_truncate_669a9",
                    table="supply_relayresult",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="relayorder",
            trigger=pgtrigger.compiler.Trigger(
                name="relay_order_append_only",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;",
                    hash="8a5ec7d326e87dcb3b645f09c080a43ae0b944fa",
                    operation="UPDATE OR DELETE",
                    pgid="pgtrigger_relay_order_append_only_fddc7",
                    table="supply_relayorder",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="relayorder",
            trigger=pgtrigger.compiler.Trigger(
                name="relay_order_no_truncate",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'relay_order is append-only' USING ERRCODE = 'restrict_violation';",
                    hash="83b8edb0938fa3b74237dc9013b3c41cbd6dce7e",
                    level="STATEMENT",
                    operation="TRUNCATE",
                    pgid="pgtrigger_relay_order_no_truncate_b7e15",
                    table="supply_relayorder",
                    when="BEFORE",
                ),
            ),
        ),
        migrations.AddConstraint(
            model_name="supplypolicy",
            constraint=models.UniqueConstraint(fields=("site", "code"), name="policy_code_once"),
        ),
    ]
