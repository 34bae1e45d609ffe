"""Make the tables of the metering room."""

import django.contrib.postgres.constraints
import django.db.models.deletion
from django.db import migrations, models

import powertill.apps.sites.models


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("ledger", "0002_links"),
        ("metering", "0001_first_tables"),
        ("sites", "0001_first_tables"),
        ("tariffs", "0001_first_tables"),
    ]

    operations = [
        migrations.AddField(
            model_name="charge",
            name="account",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="charges", to="sites.account"
            ),
        ),
        migrations.AddField(
            model_name="charge",
            name="entry",
            field=models.OneToOneField(
                null=True, on_delete=django.db.models.deletion.PROTECT, related_name="charge", to="ledger.entry"
            ),
        ),
        migrations.AddField(
            model_name="charge",
            name="supply_point",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="charges", to="sites.supplypoint"
            ),
        ),
        migrations.AddField(
            model_name="charge",
            name="version",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="charges", to="tariffs.version"
            ),
        ),
        migrations.AddField(
            model_name="gateway",
            name="site",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="gateways", to="sites.site"
            ),
        ),
        migrations.AddField(
            model_name="installation",
            name="supply_point",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="installations", to="sites.supplypoint"
            ),
        ),
        migrations.AddField(
            model_name="meter",
            name="gateway",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="meters", to="metering.gateway"
            ),
        ),
        migrations.AddField(
            model_name="meter",
            name="site",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="meters", to="sites.site"
            ),
        ),
        migrations.AddField(
            model_name="installation",
            name="meter",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="installations", to="metering.meter"
            ),
        ),
        migrations.AddField(
            model_name="charge",
            name="meter",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="charges", to="metering.meter"
            ),
        ),
        migrations.AddField(
            model_name="ratingstate",
            name="supply_point",
            field=models.OneToOneField(
                on_delete=django.db.models.deletion.PROTECT, related_name="rating_state", to="sites.supplypoint"
            ),
        ),
        migrations.AddField(
            model_name="reading",
            name="meter",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="readings", to="metering.meter"
            ),
        ),
        migrations.AddConstraint(
            model_name="installation",
            constraint=django.contrib.postgres.constraints.ExclusionConstraint(
                expressions=[
                    ("meter", "="),
                    (powertill.apps.sites.models.TsTzRange(models.F("from_at"), models.F("to_at")), "&&"),
                ],
                name="installation_meter_no_overlap",
            ),
        ),
        migrations.AddConstraint(
            model_name="installation",
            constraint=django.contrib.postgres.constraints.ExclusionConstraint(
                expressions=[
                    ("supply_point", "="),
                    (powertill.apps.sites.models.TsTzRange(models.F("from_at"), models.F("to_at")), "&&"),
                ],
                name="installation_supply_point_no_overlap",
            ),
        ),
        migrations.AddIndex(
            model_name="charge",
            index=models.Index(fields=["supply_point", "-to_at"], name="metering_ch_supply__321383_idx"),
        ),
        migrations.AddConstraint(
            model_name="charge",
            constraint=models.UniqueConstraint(fields=("meter", "from_at"), name="charge_once"),
        ),
        migrations.AddConstraint(
            model_name="reading",
            constraint=models.UniqueConstraint(fields=("meter", "taken_at"), name="reading_once"),
        ),
    ]
