"""Make the tables of the sites room."""

import django.contrib.postgres.constraints
import django.db.models.deletion
from django.conf import settings
from django.contrib.postgres.operations import BtreeGistExtension
from django.db import migrations, models

import powertill.apps.sites.models


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("people", "0001_first_tables"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        BtreeGistExtension(),  # exclusion constraints compare keys and periods together
        migrations.CreateModel(
            name="Site",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("code", models.SlugField(max_length=20, unique=True)),
                ("name", models.CharField(max_length=120, verbose_name="name")),
                ("zone", models.CharField(max_length=64, verbose_name="time zone")),
                ("currency", models.CharField(max_length=3, verbose_name="currency")),
                ("exponent", models.PositiveSmallIntegerField(default=2)),
                ("simulated", models.BooleanField(default=False, verbose_name="simulated")),
                ("help_line", models.CharField(blank=True, max_length=40, verbose_name="help line")),
                ("tax_number", models.CharField(blank=True, max_length=40, verbose_name="tax number")),
                ("diversity_per_mille", models.PositiveSmallIntegerField(default=1000)),
                ("holidays_known_to", models.DateField(null=True)),
            ],
            options={
                "ordering": ["code"],
            },
        ),
        migrations.CreateModel(
            name="Account",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.CharField(max_length=12, unique=True, verbose_name="account number")),
                ("opened_at", models.DateTimeField()),
                ("closed_at", models.DateTimeField(null=True)),
                ("debt_share_per_mille", models.PositiveSmallIntegerField(default=500)),
                (
                    "customer",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="accounts", to="people.customer"
                    ),
                ),
                (
                    "site",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="accounts", to="sites.site"
                    ),
                ),
            ],
            options={
                "ordering": ["number"],
            },
        ),
        migrations.CreateModel(
            name="Node",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "kind",
                    models.CharField(
                        choices=[("transformer", "transformer"), ("feeder", "feeder"), ("panel", "panel")],
                        max_length=12,
                    ),
                ),
                ("code", models.CharField(max_length=20)),
                ("name", models.CharField(max_length=80)),
                ("capacity_w", models.PositiveIntegerField()),
                (
                    "parent",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="children",
                        to="sites.node",
                    ),
                ),
                (
                    "site",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="nodes", to="sites.site"
                    ),
                ),
            ],
            options={
                "ordering": ["code"],
            },
        ),
        migrations.CreateModel(
            name="Membership",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "role",
                    models.CharField(
                        choices=[
                            ("cashier", "cashier"),
                            ("manager", "manager"),
                            ("engineer", "engineer"),
                            ("auditor", "auditor"),
                        ],
                        max_length=10,
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="memberships",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "site",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="memberships", to="sites.site"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Holiday",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("date", models.DateField()),
                ("name", models.CharField(max_length=80)),
                (
                    "site",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="holidays", to="sites.site"
                    ),
                ),
            ],
            options={
                "ordering": ["date"],
            },
        ),
        migrations.CreateModel(
            name="SupplyPoint",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("label", models.CharField(max_length=40, verbose_name="room")),
                (
                    "place",
                    models.CharField(
                        choices=[("account", "balance in the account"), ("meter", "balance in the meter")], max_length=8
                    ),
                ),
                ("power_limit_w", models.PositiveIntegerField()),
                ("protected", models.BooleanField(default=False, verbose_name="protected supply")),
                ("protected_reason", models.CharField(blank=True, max_length=120)),
                (
                    "node",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="supply_points", to="sites.node"
                    ),
                ),
                (
                    "site",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="supply_points", to="sites.site"
                    ),
                ),
            ],
            options={
                "ordering": ["label"],
            },
        ),
        migrations.CreateModel(
            name="Occupancy",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("from_at", models.DateTimeField()),
                ("to_at", models.DateTimeField(null=True)),
                (
                    "account",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="occupancies", to="sites.account"
                    ),
                ),
                (
                    "supply_point",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="occupancies", to="sites.supplypoint"
                    ),
                ),
            ],
            options={
                "ordering": ["from_at"],
            },
        ),
        migrations.AddConstraint(
            model_name="node",
            constraint=models.UniqueConstraint(fields=("site", "code"), name="node_code_once"),
        ),
        migrations.AddConstraint(
            model_name="membership",
            constraint=models.UniqueConstraint(fields=("user", "site", "role"), name="membership_once"),
        ),
        migrations.AddConstraint(
            model_name="membership",
            constraint=models.CheckConstraint(
                condition=models.Q(("role__in", ["cashier", "manager", "engineer", "auditor"])),
                name="membership_role_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="holiday",
            constraint=models.UniqueConstraint(fields=("site", "date"), name="holiday_once"),
        ),
        migrations.AddConstraint(
            model_name="supplypoint",
            constraint=models.UniqueConstraint(fields=("site", "label"), name="supply_point_label_once"),
        ),
        migrations.AddConstraint(
            model_name="occupancy",
            constraint=django.contrib.postgres.constraints.ExclusionConstraint(
                expressions=[
                    ("supply_point", "="),
                    (powertill.apps.sites.models.TsTzRange(models.F("from_at"), models.F("to_at")), "&&"),
                ],
                name="occupancy_no_overlap",
            ),
        ),
    ]
