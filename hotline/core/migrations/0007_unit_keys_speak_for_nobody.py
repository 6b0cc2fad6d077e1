from django.db import migrations, models


def take_back(apps, schema_editor):
    """What a unit's key may never do is taken from those that were given it."""
    # By the connection that migrates: the role of the application has no table to itself yet.
    clients = apps.get_model('core', 'ApiClient').objects.using(schema_editor.connection.alias)
    for client in clients.filter(unit__isnull=False):
        kept = [s for s in client.scopes if s not in ('tickets:create', 'callbacks:robot')]
        if kept != client.scopes:
            client.scopes = kept
            client.save(update_fields=['scopes'])


class Migration(migrations.Migration):

    dependencies = [
        ('core', '0006_rating_scope'),
    ]

    operations = [
        migrations.RunPython(take_back, migrations.RunPython.noop),
        migrations.AddConstraint(
            model_name='apiclient',
            constraint=models.CheckConstraint(condition=models.Q(('unit__isnull', True), models.Q(('scopes__overlap', ['tickets:create', 'callbacks:robot']), _negated=True), _connector='OR'), name='unit_key_speaks_for_no_requester'),
        ),
    ]
