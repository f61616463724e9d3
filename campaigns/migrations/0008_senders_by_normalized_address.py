from django.db import migrations, models

from leads.addresses import stored_form


def write_forms(apps, schema_editor):
    """Of several senders with one address the first has it; the others stay as they are, and are told of."""
    senders = apps.get_model("campaigns", "Sender").objects.using(schema_editor.connection.alias)
    taken = set()
    for pk, organization, email in senders.order_by("pk").values_list("pk", "organization_id", "email"):
        form = stored_form(email)
        if (organization, form) not in taken:
            taken.add((organization, form))
            senders.filter(pk=pk).update(email_normalized=form)


class Migration(migrations.Migration):

    dependencies = [
        ("campaigns", "0007_refused_at_mail"),
    ]

    operations = [
        migrations.AddField(
            model_name="sender",
            name="email_normalized",
            field=models.CharField(
                editable=False,
                help_text="As addresses are compared. Empty where another sender had it before they were.",
                max_length=320,
                null=True,
            ),
        ),
        migrations.RunPython(write_forms, migrations.RunPython.noop),
        migrations.AddConstraint(
            model_name="sender",
            constraint=models.UniqueConstraint(
                fields=("organization", "email_normalized"), name="sender_address_once_per_organization"
            ),
        ),
    ]
