"""Make the tables of the notices room."""

from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="Contact",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("channel", models.CharField(max_length=20)),
                ("address", models.CharField(max_length=120)),
                ("rank", models.PositiveSmallIntegerField(default=1)),
            ],
            options={
                "ordering": ["rank", "id"],
            },
        ),
        migrations.CreateModel(
            name="Message",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("lease_until", models.DateTimeField(null=True)),
                ("lease_epoch", models.PositiveIntegerField(default=0)),
                ("tries", models.PositiveSmallIntegerField(default=0)),
                ("next_at", models.DateTimeField(db_index=True)),
                ("key", models.CharField(max_length=120, unique=True)),
                ("topic", models.CharField(max_length=30, verbose_name="topic")),
                ("language", models.CharField(max_length=12)),
                ("channel", models.CharField(max_length=20, verbose_name="channel")),
                ("address", models.CharField(max_length=120)),
                ("facts", models.JSONField(default=dict)),
                ("subject", models.CharField(max_length=160)),
                ("body", models.TextField()),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("due", "waiting"),
                            ("sent", "sent"),
                            ("delivered", "delivered"),
                            ("failed", "failed"),
                        ],
                        default="due",
                        max_length=10,
                        verbose_name="state",
                    ),
                ),
                ("proof", models.CharField(blank=True, max_length=200)),
                ("made_at", models.DateTimeField()),
                ("sent_at", models.DateTimeField(null=True)),
                ("delivered_at", models.DateTimeField(null=True)),
                ("chased_at", models.DateTimeField(null=True)),
                ("last_error", models.CharField(blank=True, max_length=200)),
            ],
            options={
                "ordering": ["-id"],
            },
        ),
    ]
