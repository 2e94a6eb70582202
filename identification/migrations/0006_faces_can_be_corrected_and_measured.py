"""Corrections of faces, their quality, encoders in preparation, and calibrations."""

import django.contrib.postgres.fields
import django.db.models.deletion
import uuid
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('identification', '0005_who_asked_is_never_restated'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Calibration',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('made_at', models.DateTimeField(auto_now_add=True)),
                ('data', models.CharField(help_text='What it was measured on, in words.', max_length=200)),
                ('data_sha256', models.CharField(help_text='Of the list of what was compared.', max_length=64)),
                ('comparisons', models.PositiveBigIntegerField(help_text='Of different people.')),
                ('table', models.JSONField(help_text="Rows of score, false match rate, and its interval's lower and upper bound.")),
            ],
            options={
                'ordering': ('-made_at',),
            },
        ),
        migrations.CreateModel(
            name='FaceCorrection',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('kind', models.CharField(choices=[('added', 'Added'), ('moved', 'Moved'), ('removed', 'Removed')], max_length=8)),
                ('left', models.FloatField(null=True)),
                ('top', models.FloatField(null=True)),
                ('width', models.FloatField(null=True)),
                ('height', models.FloatField(null=True)),
                ('landmarks', django.contrib.postgres.fields.ArrayField(base_field=models.FloatField(), help_text='As placed by hand; where empty, the detector looks for them.', null=True, size=10)),
                ('state', models.CharField(choices=[('waiting', 'Waiting to be read'), ('landmarks', 'Waiting for eyes, nose and mouth'), ('done', 'Done'), ('dismissed', 'Dismissed')], default='waiting', max_length=10)),
                ('corrected_at', models.DateTimeField(auto_now_add=True)),
            ],
            options={
                'ordering': ('corrected_at',),
            },
        ),
        migrations.AddField(
            model_name='encoder',
            name='descriptor',
            field=models.JSONField(blank=True, default=dict, help_text='How an ONNX file wants its input.'),
        ),
        migrations.AddField(
            model_name='encoder',
            name='kind',
            field=models.CharField(choices=[('shipped', 'Shipped'), ('onnx', 'ONNX file')], default='shipped', max_length=8),
        ),
        migrations.AddField(
            model_name='encoder',
            name='prepared_since',
            field=models.DateTimeField(blank=True, help_text='When its preparation began.', null=True),
        ),
        migrations.AddField(
            model_name='encoder',
            name='preparing',
            field=models.BooleanField(default=False, help_text='Faces are being embedded by it, so that it can take over.'),
        ),
        migrations.AddField(
            model_name='encoder',
            name='removed_at',
            field=models.DateTimeField(blank=True, help_text='When its weights were removed.', null=True),
        ),
        migrations.AddField(
            model_name='face',
            name='measures',
            field=models.JSONField(default=dict, help_text='Each quality measure by its name.'),
        ),
        migrations.AddField(
            model_name='face',
            name='quality',
            field=models.FloatField(help_text='All measures in one, from 0 to 100; higher is better.', null=True),
        ),
        migrations.AlterField(
            model_name='face',
            name='detector',
            field=models.CharField(help_text='Or by whom the landmarks were placed.', max_length=60),
        ),
        migrations.AlterField(
            model_name='job',
            name='kind',
            field=models.CharField(choices=[('analyse_photograph', 'Analyse photograph'), ('search_probe', 'Search for probe'), ('embed_face', 'Embed face'), ('place_face', 'Place face')], max_length=20),
        ),
        migrations.AlterField(
            model_name='job',
            name='subject_id',
            field=models.UUIDField(help_text='The photograph, probe, face or correction that it is about.'),
        ),
        migrations.AddConstraint(
            model_name='encoder',
            constraint=models.UniqueConstraint(condition=models.Q(('preparing', True)), fields=('preparing',), name='encoder_only_one_prepared'),
        ),
        migrations.AddConstraint(
            model_name='encoder',
            constraint=models.CheckConstraint(condition=models.Q(('active', True), ('preparing', True), _negated=True), name='encoder_active_is_prepared_already'),
        ),
        migrations.AddConstraint(
            model_name='encoder',
            constraint=models.CheckConstraint(condition=models.Q(('removed_at__isnull', True), models.Q(('active', False), ('preparing', False)), _connector='OR'), name='encoder_in_use_is_not_removed'),
        ),
        migrations.AddConstraint(
            model_name='encoder',
            constraint=models.CheckConstraint(condition=models.Q(('kind__in', ('shipped', 'onnx'))), name='encoder_of_a_known_kind'),
        ),
        migrations.AddField(
            model_name='calibration',
            name='encoder',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='calibrations', to='identification.encoder'),
        ),
        migrations.AddField(
            model_name='calibration',
            name='made_by',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='facecorrection',
            name='corrected_by',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='facecorrection',
            name='face',
            field=models.OneToOneField(help_text='The face that came of it.', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='placement', to='identification.face'),
        ),
        migrations.AddField(
            model_name='facecorrection',
            name='finding',
            field=models.OneToOneField(help_text='The face that this replaces.', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='correction', to='identification.face'),
        ),
        migrations.AddField(
            model_name='facecorrection',
            name='photograph',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='corrections', to='identification.photograph'),
        ),
        migrations.AddConstraint(
            model_name='calibration',
            constraint=models.CheckConstraint(condition=models.Q(('comparisons__gte', 1)), name='calibration_compares_something'),
        ),
        migrations.AddConstraint(
            model_name='calibration',
            constraint=models.CheckConstraint(condition=models.Q(('data', ''), _negated=True), name='calibration_states_its_data'),
        ),
        migrations.AddConstraint(
            model_name='facecorrection',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('finding__isnull', True), ('kind', 'added')), models.Q(('finding__isnull', False), ('kind__in', ('moved', 'removed'))), _connector='OR'), name='correction_names_the_finding_it_replaces'),
        ),
        migrations.AddConstraint(
            model_name='facecorrection',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('height__isnull', True), ('kind', 'removed'), ('left__isnull', True), ('top__isnull', True), ('width__isnull', True)), models.Q(('kind__in', ('added', 'moved')), ('left__isnull', False), ('top__isnull', False), ('height__gt', 0), ('height__isnull', False), ('width__gt', 0), ('width__isnull', False)), _connector='OR'), name='correction_draws_a_box_unless_it_removes'),
        ),
        migrations.AddConstraint(
            model_name='facecorrection',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('face__isnull', False), ('kind__in', ('added', 'moved')), ('state', 'done')), models.Q(('face__isnull', True), models.Q(models.Q(('state', 'done'), _negated=True), ('kind', 'removed'), _connector='OR')), _connector='OR'), name='correction_has_a_face_once_it_is_done'),
        ),
        migrations.AddConstraint(
            model_name='facecorrection',
            constraint=models.CheckConstraint(condition=models.Q(('landmarks__isnull', True), ('landmarks__len', 10), _connector='OR'), name='correction_has_five_landmarks_or_none'),
        ),
        migrations.AddConstraint(
            model_name='facecorrection',
            constraint=models.CheckConstraint(condition=models.Q(('state__in', ('waiting', 'landmarks', 'done', 'dismissed'))), name='correction_in_a_known_state'),
        ),
    ]
