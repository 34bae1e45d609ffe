"""Make the tables of the notices room."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("notices", "0001_first_tables"),
        ("people", "0001_first_tables"),
        ("sites", "0001_first_tables"),
    ]

    operations = [
        migrations.AddField(
            model_name="contact",
            name="customer",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="contacts", to="people.customer"
            ),
        ),
        migrations.AddField(
            model_name="message",
            name="account",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="messages", to="sites.account"
            ),
        ),
        migrations.AddField(
            model_name="message",
            name="customer",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="messages", to="people.customer"
            ),
        ),
        migrations.AddConstraint(
            model_name="contact",
            constraint=models.UniqueConstraint(fields=("customer", "channel", "address"), name="contact_once"),
        ),
        migrations.AddIndex(
            model_name="message",
            index=models.Index(fields=["account", "topic"], name="notices_mes_account_7d75de_idx"),
        ),
    ]
