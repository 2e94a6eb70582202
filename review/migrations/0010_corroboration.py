"""Identifiers other than the face, their verification, and the identification."""

import django.db.models.deletion
import uuid
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('review', '0009_notes_and_reopenings'),
    ]

    operations = [
        migrations.CreateModel(
            name='Identification',
            fields=[
                ('conclusion', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, primary_key=True, related_name='identification', serialize=False, to='review.conclusion')),
                ('purpose', models.CharField(choices=[('deceased', 'Deceased'), ('captured', 'Captured'), ('missing', 'Missing'), ('incident', 'Incident')], max_length=10)),
                ('leading_verdict', models.CharField(blank=True, choices=[('confirmed', 'Confirmed'), ('not_confirmed', 'Not confirmed')], max_length=15, null=True)),
                ('document', models.TextField()),
                ('document_sha256', models.CharField(max_length=64)),
                ('asserted_at', models.DateTimeField(auto_now_add=True)),
            ],
            options={
                'ordering': ('asserted_at',),
            },
        ),
        migrations.CreateModel(
            name='Identifier',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('kind', models.CharField(choices=[('fingerprints', 'Fingerprints'), ('dental', 'Dental records'), ('dna', 'DNA'), ('document', 'Document'), ('tattoo', 'Tattoo'), ('scar', 'Scar or other mark'), ('effects', 'Personal effects'), ('statement', 'Statement'), ('location', 'Location')], max_length=20)),
                ('source', models.CharField(help_text='Who gave it, from which record, and when.', max_length=300)),
                ('description', models.TextField(help_text='What was compared with what, and what was found.')),
                ('file_name', models.CharField(max_length=255)),
                ('file_sha256', models.CharField(max_length=64)),
                ('byte_size', models.PositiveBigIntegerField()),
                ('recorded_at', models.DateTimeField(auto_now_add=True)),
            ],
            options={
                'ordering': ('recorded_at',),
            },
        ),
        migrations.AddField(
            model_name='identification',
            name='asserted_by',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='identification',
            name='case',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='identifications', to='identification.case'),
        ),
        migrations.AddField(
            model_name='identification',
            name='first_reviewer',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='identification',
            name='person',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='identifications', to='identification.person'),
        ),
        migrations.AddField(
            model_name='identification',
            name='requested_by',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='identification',
            name='second_reviewer',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.CreateModel(
            name='Verification',
            fields=[
                ('identifier', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, primary_key=True, related_name='verification', serialize=False, to='review.identifier')),
                ('verdict', models.CharField(choices=[('confirmed', 'Confirmed'), ('not_confirmed', 'Not confirmed')], max_length=15)),
                ('note', models.TextField()),
                ('verified_at', models.DateTimeField(auto_now_add=True)),
            ],
            options={
                'ordering': ('verified_at',),
            },
        ),
        migrations.AddField(
            model_name='identifier',
            name='conclusion',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='identifiers', to='review.conclusion'),
        ),
        migrations.AddField(
            model_name='identifier',
            name='recorded_by',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='identification',
            name='leading_identifier',
            field=models.ForeignKey(blank=True, help_text='The confirmed identifier that weighs most.', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='review.identifier'),
        ),
        migrations.AddField(
            model_name='verification',
            name='conclusion',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='review.conclusion'),
        ),
        migrations.AddField(
            model_name='verification',
            name='recorded_by',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='verification',
            name='verified_by',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddConstraint(
            model_name='identifier',
            constraint=models.UniqueConstraint(fields=('id', 'conclusion', 'recorded_by'), name='identifier_with_its_recorder'),
        ),
        migrations.AddConstraint(
            model_name='identifier',
            constraint=models.CheckConstraint(condition=models.Q(('kind__in', ['fingerprints', 'dental', 'dna', 'document', 'tattoo', 'scar', 'effects', 'statement', 'location'])), name='identifier_of_a_known_kind'),
        ),
        migrations.AddConstraint(
            model_name='identifier',
            constraint=models.CheckConstraint(condition=models.Q(('description__regex', '\\S'), ('source__regex', '\\S')), name='identifier_states_its_source'),
        ),
        migrations.AddConstraint(
            model_name='identifier',
            constraint=models.CheckConstraint(condition=models.Q(('file_sha256__regex', '^[0-9a-f]{64}$')), name='identifier_has_its_file'),
        ),
        migrations.AddConstraint(
            model_name='identification',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('asserted_by', models.F('first_reviewer')), _negated=True), models.Q(('asserted_by', models.F('second_reviewer')), _negated=True), models.Q(('asserted_by', models.F('requested_by')), _negated=True)), name='identification_by_another_than_asked_or_reviewed'),
        ),
        migrations.AddConstraint(
            model_name='identification',
            constraint=models.CheckConstraint(condition=models.Q(('purpose', 'incident'), _negated=True), name='identification_never_of_an_incident'),
        ),
        migrations.AddConstraint(
            model_name='identification',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('leading_identifier__isnull', False), ('leading_verdict__isnull', False), ('leading_verdict', 'confirmed')), models.Q(('leading_identifier__isnull', True), ('leading_verdict__isnull', True), ('purpose', 'missing')), _connector='OR'), name='identification_rests_on_a_confirmed_identifier'),
        ),
        migrations.AddConstraint(
            model_name='identification',
            constraint=models.CheckConstraint(condition=models.Q(('document_sha256', models.Func(models.Func(models.Func(models.F('document'), models.Value('UTF8'), function='convert_to'), function='sha256', output_field=models.BinaryField()), models.Value('hex'), function='encode', output_field=models.TextField()))), name='identification_hash_is_of_its_document'),
        ),
        migrations.AddConstraint(
            model_name='verification',
            constraint=models.CheckConstraint(condition=models.Q(('verified_by', models.F('recorded_by')), _negated=True), name='verification_by_another_than_recorded_it'),
        ),
        migrations.AddConstraint(
            model_name='verification',
            constraint=models.CheckConstraint(condition=models.Q(('verdict__in', ['confirmed', 'not_confirmed'])), name='verification_comes_to_a_verdict'),
        ),
        migrations.AddConstraint(
            model_name='verification',
            constraint=models.CheckConstraint(condition=models.Q(('note__regex', '\\S')), name='verification_says_what_was_seen'),
        ),
        migrations.AddConstraint(
            model_name='verification',
            constraint=models.UniqueConstraint(fields=('identifier', 'conclusion', 'verdict'), name='verification_with_verdict'),
        ),
    ]
