from django.db import migrations, models

# Those that the demo made before it said so itself.
MARK = """
UPDATE organizations SET is_demo = true
WHERE slug IN ('harbor-demo', 'demo-run') AND postal_address = 'Pier 4, 1 Quay Street, 110 00 Prague, Czechia'
"""


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0002_how_long_values_and_details_are_kept'),
    ]

    operations = [
        migrations.AddField(
            model_name='organization',
            name='is_demo',
            field=models.BooleanField(db_default=False, default=False, editable=False, help_text='The demo made it: whatever is in it was made up, and may go.', verbose_name='made up'),
        ),
        migrations.AddField(
            model_name='user',
            name='first_steps_closed_at',
            field=models.DateTimeField(blank=True, editable=False, help_text='Since then the first steps are not on their first page.', null=True),
        ),
        migrations.RunSQL(MARK, migrations.RunSQL.noop),
    ]
