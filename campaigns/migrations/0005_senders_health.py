import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('campaigns', '0004_operate'),
    ]

    operations = [
        migrations.AddField(
            model_name='sender',
            name='dkim_selector',
            field=models.CharField(blank=True, help_text='The name under which its domain publishes the signing key; whoever signs the mails tells it.', max_length=63, verbose_name='DKIM selector'),
        ),
        migrations.AddField(
            model_name='sender',
            name='failed_tries',
            field=models.PositiveIntegerField(default=0, editable=False, help_text='How often in a row its server could not be reached; each wait is longer.'),
        ),
        migrations.AddField(
            model_name='sender',
            name='guard_since',
            field=models.DateTimeField(editable=False, help_text='The guard judges no mail before this.', null=True),
        ),
        migrations.AlterField(
            model_name='message',
            name='sender',
            field=models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.DB_SET_NULL, related_name='messages', to='campaigns.sender'),
        ),
        migrations.AddIndex(
            model_name='message',
            index=models.Index(fields=['sender', 'created_at'], name='message_sender_created'),
        ),
    ]
