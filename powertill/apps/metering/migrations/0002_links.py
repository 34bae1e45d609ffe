"""Make the tables of the metering room."""

import django.contrib.postgres.constraints
import django.db.models.deletion
import pgtrigger.compiler
import pgtrigger.migrations
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
            name="account",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="sites.account"
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
        pgtrigger.migrations.AddTrigger(
            model_name="charge",
            trigger=pgtrigger.compiler.Trigger(
                name="charge_append_only",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;",
                    hash="fccf351bcc7e10fabfefb8e48ba6d67839cd882e",
                    operation="UPDATE OR DELETE",
                    pgid="pgtrigger_charge_append_only_d7360",
                    table="metering_charge",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="charge",
            trigger=pgtrigger.compiler.Trigger(
                name="charge_no_truncate",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'charge is append-only' USING ERRCODE = 'restrict_violation';",
                    hash="ad7a47c50e1dca51dff7a364e1fbb9154c0e4343",
                    level="STATEMENT",
                    operation="TRUNCATE",
                    pgid="pgtrigger_charge_no_truncate_cc622",
                    table="metering_charge",
                    when="BEFORE",
                ),
            ),
        ),
        migrations.AddConstraint(
            model_name="reading",
            constraint=models.UniqueConstraint(fields=("meter", "taken_at"), name="reading_once"),
        ),
    ]
