"""Make the tables of the sales room."""

import django.db.models.deletion
import pgtrigger.compiler
import pgtrigger.migrations
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("audit", "0002_links"),
        ("metering", "0002_links"),
        ("sites", "0001_first_tables"),
        ("tariffs", "0001_first_tables"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Delivery",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("lease_until", models.DateTimeField(null=True)),
                ("lease_epoch", models.PositiveIntegerField(default=0)),
                ("tries", models.PositiveSmallIntegerField(default=0)),
                ("next_at", models.DateTimeField(db_index=True)),
                (
                    "kind",
                    models.CharField(
                        choices=[("preset", "preset credit"), ("opening", "account opening"), ("recharge", "recharge")],
                        max_length=10,
                    ),
                ),
                ("amount_minor", models.BigIntegerField()),
                ("state", models.CharField(max_length=12)),
                ("count", models.PositiveIntegerField(null=True)),
                ("before", models.JSONField(null=True)),
                ("made_at", models.DateTimeField()),
                ("proven_at", models.DateTimeField(null=True)),
                (
                    "account",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="deliveries", to="sites.account"
                    ),
                ),
                (
                    "meter",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="deliveries", to="metering.meter"
                    ),
                ),
            ],
            options={
                "ordering": ["id"],
            },
        ),
        migrations.CreateModel(
            name="DeliveryEvent",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("at", models.DateTimeField()),
                ("event", models.CharField(max_length=30)),
                ("state", models.CharField(max_length=12)),
                ("detail", models.JSONField(default=dict)),
                (
                    "delivery",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="events", to="sales.delivery"
                    ),
                ),
            ],
            options={
                "ordering": ["id"],
            },
        ),
        migrations.CreateModel(
            name="Sale",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("amount_minor", models.BigIntegerField()),
                ("credit_minor", models.BigIntegerField()),
                ("given_minor", models.BigIntegerField()),
                (
                    "tender",
                    models.CharField(choices=[("cash", "Cash"), ("qr", "QR code"), ("card", "Card")], max_length=8),
                ),
                ("channel", models.CharField(max_length=30)),
                ("parts", models.JSONField()),
                ("wh_estimate", models.BigIntegerField()),
                ("tax_minor", models.BigIntegerField()),
                ("sold_at", models.DateTimeField()),
                (
                    "account",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="sales", to="sites.account"
                    ),
                ),
                (
                    "cashier",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="sales",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "operation",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT, related_name="sale", to="audit.operation"
                    ),
                ),
                (
                    "supply_point",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="sales", to="sites.supplypoint"
                    ),
                ),
                (
                    "version",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="sales", to="tariffs.version"
                    ),
                ),
            ],
            options={
                "ordering": ["-id"],
            },
        ),
        migrations.CreateModel(
            name="Reversal",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("reason", models.CharField(max_length=200)),
                ("at", models.DateTimeField()),
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
                    "operation",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="audit.operation"
                    ),
                ),
                (
                    "sale",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT, related_name="reversal", to="sales.sale"
                    ),
                ),
            ],
        ),
        migrations.AddField(
            model_name="delivery",
            name="sale",
            field=models.OneToOneField(
                null=True, on_delete=django.db.models.deletion.PROTECT, related_name="delivery", to="sales.sale"
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="deliveryevent",
            trigger=pgtrigger.compiler.Trigger(
                name="delivery_event_append_only",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;",
                    hash="f87bbd39bd5fc39959f7bd1d350efe0c2146ca4c",
                    operation="UPDATE OR DELETE",
                    pgid="pgtrigger_delivery_event_append_only_5a7bc",
                    table="sales_deliveryevent",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="deliveryevent",
            trigger=pgtrigger.compiler.Trigger(
                name="delivery_event_no_truncate",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'delivery_event is append-only' USING ERRCODE = 'restrict_violation';",
                    hash="8e7f4bc1bce6fa3cebb069f2fdac9ef2e14953b0",
                    level="STATEMENT",
                    operation="TRUNCATE",
                    pgid="pgtrigger_delivery_event_no_truncate_686a0",
                    table="sales_deliveryevent",
                    when="BEFORE",
                ),
            ),
        ),
        migrations.AddConstraint(
            model_name="sale",
            constraint=models.CheckConstraint(condition=models.Q(("amount_minor__gt", 0)), name="sale_amount_positive"),
        ),
        migrations.AddConstraint(
            model_name="sale",
            constraint=models.CheckConstraint(
                condition=models.Q(("given_minor__gte", models.F("amount_minor"))), name="sale_given_covers_amount"
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="sale",
            trigger=pgtrigger.compiler.Trigger(
                name="sale_append_only",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;",
                    hash="6016a5e5cfbf1f2209025f155bc0fae2c0c30f98",
                    operation="UPDATE OR DELETE",
                    pgid="pgtrigger_sale_append_only_09390",
                    table="sales_sale",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="sale",
            trigger=pgtrigger.compiler.Trigger(
                name="sale_no_truncate",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'sale is append-only' USING ERRCODE = 'restrict_violation';",
                    hash="9116302844cfa13673fdfc3b4ce33ceacc53ef8f",
                    level="STATEMENT",
                    operation="TRUNCATE",
                    pgid="pgtrigger_sale_no_truncate_74dba",
                    table="sales_sale",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="reversal",
            trigger=pgtrigger.compiler.Trigger(
                name="reversal_append_only",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;",
                    hash="4d397fc86f510cac6524be6d5b01ec1a916ef5d5",
                    operation="UPDATE OR DELETE",
                    pgid="pgtrigger_reversal_append_only_93379",
                    table="sales_reversal",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="reversal",
            trigger=pgtrigger.compiler.Trigger(
                name="reversal_no_truncate",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'reversal is append-only' USING ERRCODE = 'restrict_violation';",
                    hash="a6dafcfda54c51bfa949fc35ffa7207ba667f484",
                    level="STATEMENT",
                    operation="TRUNCATE",
                    pgid="pgtrigger_reversal_no_truncate_0c1d0",
                    table="sales_reversal",
                    when="BEFORE",
                ),
            ),
        ),
        migrations.AddConstraint(
            model_name="delivery",
            constraint=models.CheckConstraint(
                condition=models.Q(("amount_minor__gt", 0)), name="delivery_amount_positive"
            ),
        ),
        migrations.AddConstraint(
            model_name="delivery",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state__in", ["sent", "unknown"])), fields=("meter",), name="delivery_one_in_flight"
            ),
        ),
        migrations.AddConstraint(
            model_name="delivery",
            constraint=models.UniqueConstraint(
                condition=models.Q(("count__isnull", False), ("state__in", ["sent", "unknown", "on_meter"])),
                fields=("meter", "count"),
                name="delivery_count_once",
            ),
        ),
    ]
