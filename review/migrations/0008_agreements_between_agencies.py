"""One agency's reviewers may take another's reviews, where both agreed."""

import django.contrib.postgres.fields
import django.db.models.deletion
import uuid
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('review', '0007_drafts_and_exposures'),
    ]

    operations = [
        migrations.CreateModel(
            name='Agreement',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('purposes', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(choices=[('deceased', 'Deceased'), ('captured', 'Captured'), ('missing', 'Missing'), ('incident', 'Incident')], max_length=10), size=None)),
                ('basis', models.TextField(help_text='The treaty, law or document on which it rests.')),
                ('proposed_at', models.DateTimeField(auto_now_add=True)),
                ('accepted_at', models.DateTimeField(blank=True, null=True)),
                ('ended_at', models.DateTimeField(blank=True, null=True)),
            ],
            options={
                'ordering': ('-proposed_at',),
            },
        ),
        migrations.AddField(
            model_name='agreement',
            name='accepted_by',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='agreement',
            name='ended_by',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='agreement',
            name='helper',
            field=models.ForeignKey(help_text='Whose reviewers may take them.', on_delete=django.db.models.deletion.PROTECT, related_name='help_agreements', to='accounts.agency'),
        ),
        migrations.AddField(
            model_name='agreement',
            name='holder',
            field=models.ForeignKey(help_text='Whose reviews they are.', on_delete=django.db.models.deletion.PROTECT, related_name='agreements', to='accounts.agency'),
        ),
        migrations.AddField(
            model_name='agreement',
            name='proposed_by',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddConstraint(
            model_name='agreement',
            constraint=models.CheckConstraint(condition=models.Q(('holder', models.F('helper')), _negated=True), name='agreement_between_two_agencies'),
        ),
        migrations.AddConstraint(
            model_name='agreement',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('accepted_at__isnull', True), ('accepted_by__isnull', True)), models.Q(('accepted_at__isnull', False), ('accepted_by__isnull', False), models.Q(('accepted_by', models.F('proposed_by')), _negated=True)), _connector='OR'), name='agreement_accepted_by_another_than_proposed_it'),
        ),
        migrations.AddConstraint(
            model_name='agreement',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('ended_at__isnull', True), ('ended_by__isnull', True)), models.Q(('ended_at__isnull', False), ('ended_by__isnull', False)), _connector='OR'), name='agreement_end_is_dated'),
        ),
        migrations.AddConstraint(
            model_name='agreement',
            constraint=models.CheckConstraint(condition=models.Q(('purposes__contained_by', ['deceased', 'captured', 'missing', 'incident']), ('purposes__len__gte', 1)), name='agreement_for_known_purposes'),
        ),
        migrations.AddConstraint(
            model_name='agreement',
            constraint=models.CheckConstraint(condition=models.Q(('basis__regex', '\\S')), name='agreement_states_its_basis'),
        ),
        migrations.AddConstraint(
            model_name='agreement',
            constraint=models.UniqueConstraint(condition=models.Q(('ended_at__isnull', True)), fields=('holder', 'helper'), name='agreement_one_at_a_time'),
        ),
    ]
