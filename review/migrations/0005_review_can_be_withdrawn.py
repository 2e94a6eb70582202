"""A review whose face was corrected is withdrawn, and begins again with the corrected one."""

from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('identification', '0006_faces_can_be_corrected_and_measured'),
        ('review', '0004_who_asked_is_never_restated'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name='review',
            name='review_in_a_known_state',
        ),
        migrations.AlterField(
            model_name='review',
            name='state',
            field=models.CharField(choices=[('open', 'Waiting for reviewers'), ('discordant', 'Waiting for an adjudicator'), ('concluded', 'Concluded'), ('inconclusive', 'Inconclusive'), ('withdrawn', 'Withdrawn, the face was corrected')], default='open', max_length=12),
        ),
        migrations.AddConstraint(
            model_name='review',
            constraint=models.CheckConstraint(condition=models.Q(('state__in', ['open', 'discordant', 'concluded', 'inconclusive', 'withdrawn'])), name='review_in_a_known_state'),
        ),
    ]
