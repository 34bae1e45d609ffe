"""Make the tables of the metering room."""

from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="Charge",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("from_at", models.DateTimeField()),
                ("to_at", models.DateTimeField()),
                ("wh", models.BigIntegerField()),
                ("export_wh", models.BigIntegerField(default=0)),
                ("minor", models.BigIntegerField()),
                ("rated_minor", models.BigIntegerField()),
                ("tax_minor", models.BigIntegerField(default=0)),
                ("lines", models.JSONField(default=list)),
            ],
            options={
                "ordering": ["-to_at"],
            },
        ),
        migrations.CreateModel(
            name="Gateway",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("code", models.CharField(max_length=20, unique=True)),
                ("host", models.CharField(max_length=120)),
                ("port", models.PositiveIntegerField()),
                ("owner", models.CharField(blank=True, max_length=64)),
                ("lease_until", models.DateTimeField(null=True)),
                ("lease_epoch", models.PositiveIntegerField(default=0)),
                ("connected", models.BooleanField(default=False)),
                ("seen_at", models.DateTimeField(null=True)),
            ],
            options={
                "ordering": ["code"],
            },
        ),
        migrations.CreateModel(
            name="Installation",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("from_at", models.DateTimeField()),
                ("to_at", models.DateTimeField(null=True)),
            ],
        ),
        migrations.CreateModel(
            name="Meter",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.CharField(max_length=12, unique=True, verbose_name="meter number")),
                ("driver", models.CharField(max_length=20)),
                ("phases", models.PositiveSmallIntegerField(default=1)),
                ("settings", models.JSONField(default=dict)),
                ("poll_minutes", models.PositiveSmallIntegerField(default=15)),
                ("register_wh_max", models.BigIntegerField(default=999999990)),
                ("power_w_max", models.PositiveIntegerField(default=15000)),
                ("seen_at", models.DateTimeField(null=True)),
                ("next_poll_at", models.DateTimeField(db_index=True, null=True)),
                ("proven_count", models.PositiveIntegerField(default=0)),
                ("failures", models.PositiveIntegerField(default=0)),
                ("last_fault", models.CharField(blank=True, max_length=160)),
                ("accepted_at", models.DateTimeField(null=True)),
                ("accepted_import_wh", models.BigIntegerField(null=True)),
                ("accepted_export_wh", models.BigIntegerField(null=True)),
                ("live", models.JSONField(default=dict)),
            ],
            options={
                "ordering": ["number"],
            },
        ),
        migrations.CreateModel(
            name="RatingState",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("state", models.JSONField(default=dict)),
                ("export", models.JSONField(default=dict)),
                ("meter", models.JSONField(default=dict)),
            ],
        ),
        migrations.CreateModel(
            name="Reading",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("taken_at", models.DateTimeField()),
                ("received_at", models.DateTimeField()),
                ("import_wh", models.BigIntegerField()),
                ("export_wh", models.BigIntegerField(default=0)),
                ("power_w", models.IntegerField(null=True)),
                ("remaining_minor", models.BigIntegerField(null=True)),
                ("overdraft_minor", models.BigIntegerField(null=True)),
                ("purchase_count", models.PositiveIntegerField(null=True)),
                ("verdict", models.CharField(max_length=12)),
                ("reason", models.CharField(blank=True, max_length=200)),
            ],
            options={
                "ordering": ["-taken_at"],
            },
        ),
    ]
