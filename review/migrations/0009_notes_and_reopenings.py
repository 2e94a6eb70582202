"""What is added after a signature, and why a review was opened anew."""

import django.db.models.deletion
import uuid
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('review', '0008_agreements_between_agencies'),
    ]

    operations = [
        migrations.CreateModel(
            name='Reopening',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('cause', models.CharField(choices=[('new_evidence', 'New evidence'), ('reference_withdrawn', 'A reference photograph was withdrawn')], max_length=20)),
                ('reason', models.TextField(help_text='What is new, or why the reference was withdrawn.')),
                ('opened_at', models.DateTimeField(auto_now_add=True)),
            ],
            options={
                'ordering': ('opened_at',),
            },
        ),
        migrations.CreateModel(
            name='SupplementaryNote',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('text', models.TextField()),
                ('document', models.TextField()),
                ('document_sha256', models.CharField(max_length=64)),
                ('signed_at', models.DateTimeField(auto_now_add=True)),
            ],
            options={
                'ordering': ('signed_at',),
            },
        ),
        migrations.AddField(
            model_name='reopening',
            name='opened_by',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='reopening',
            name='review',
            field=models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='reopening', to='review.review'),
        ),
        migrations.AddField(
            model_name='supplementarynote',
            name='assessment',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='notes', to='review.assessment'),
        ),
        migrations.AddField(
            model_name='supplementarynote',
            name='author',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddConstraint(
            model_name='reopening',
            constraint=models.CheckConstraint(condition=models.Q(('reason__regex', '\\S')), name='reopening_gives_a_reason'),
        ),
        migrations.AddConstraint(
            model_name='reopening',
            constraint=models.CheckConstraint(condition=models.Q(('cause__in', ('new_evidence', 'reference_withdrawn'))), name='reopening_for_a_known_cause'),
        ),
        migrations.AddConstraint(
            model_name='supplementarynote',
            constraint=models.CheckConstraint(condition=models.Q(('text__regex', '\\S')), name='note_says_something'),
        ),
        migrations.AddConstraint(
            model_name='supplementarynote',
            constraint=models.CheckConstraint(condition=models.Q(('document_sha256', models.Func(models.Func(models.Func(models.F('document'), models.Value('UTF8'), function='convert_to'), function='sha256', output_field=models.BinaryField()), models.Value('hex'), function='encode', output_field=models.TextField()))), name='note_hash_is_of_its_document'),
        ),
    ]
