"""Make the tables of the tariffs room."""

import django.contrib.postgres.constraints
import django.db.models.deletion
import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations, models

import powertill.apps.sites.models


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("sites", "0001_first_tables"),
    ]

    operations = [
        migrations.CreateModel(
            name="Tariff",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("code", models.CharField(max_length=24, verbose_name="code")),
                ("name", models.CharField(max_length=80, verbose_name="name")),
                (
                    "site",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="tariffs", to="sites.site"
                    ),
                ),
            ],
            options={
                "ordering": ["code"],
            },
        ),
        migrations.CreateModel(
            name="Assignment",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("from_at", models.DateTimeField()),
                ("to_at", models.DateTimeField(null=True)),
                (
                    "supply_point",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="assignments", to="sites.supplypoint"
                    ),
                ),
                (
                    "tariff",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="assignments", to="tariffs.tariff"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Version",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.PositiveIntegerField()),
                ("terms", models.JSONField()),
                (
                    "state",
                    models.CharField(
                        choices=[("draft", "draft"), ("published", "published")], default="draft", max_length=10
                    ),
                ),
                ("from_at", models.DateTimeField()),
                ("published_at", models.DateTimeField(null=True)),
                (
                    "tariff",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="versions", to="tariffs.tariff"
                    ),
                ),
            ],
            options={
                "ordering": ["tariff", "number"],
            },
        ),
        migrations.AddConstraint(
            model_name="tariff",
            constraint=models.UniqueConstraint(fields=("site", "code"), name="tariff_code_once"),
        ),
        migrations.AddConstraint(
            model_name="assignment",
            constraint=django.contrib.postgres.constraints.ExclusionConstraint(
                expressions=[
                    ("supply_point", "="),
                    (powertill.apps.sites.models.TsTzRange(models.F("from_at"), models.F("to_at")), "&&"),
                ],
                name="assignment_no_overlap",
            ),
        ),
        migrations.AddConstraint(
            model_name="version",
            constraint=models.UniqueConstraint(fields=("tariff", "number"), name="version_number_once"),
        ),
        migrations.AddConstraint(
            model_name="version",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state", "published")),
                fields=("tariff", "from_at"),
                name="version_published_start_once",
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="version",
            trigger=pgtrigger.compiler.Trigger(
                name="published_is_immutable",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition="WHEN (OLD.\"state\" = 'published')",
                    func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;",
                    hash="ec366024ecd553a7cd208b7c881b6550b556e4c8",
                    operation="UPDATE OR DELETE",
                    pgid="pgtrigger_published_is_immutable_e80fe",
                    table="tariffs_version",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="version",
            trigger=pgtrigger.compiler.Trigger(
                name="version_no_truncate",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'version is append-only' USING ERRCODE = 'restrict_violation';",
                    hash="568ece660000092d9fd30826fd58c8587f2172d3",
                    level="STATEMENT",
                    operation="TRUNCATE",
                    pgid="pgtrigger_version_no_truncate_b4d7e",
                    table="tariffs_version",
                    when="BEFORE",
                ),
            ),
        ),
    ]
