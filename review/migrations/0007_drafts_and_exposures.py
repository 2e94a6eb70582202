"""Work in progress is kept until it is signed; pictures of the deceased are counted."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('review', '0006_a_review_binds_its_evidence'),
    ]

    operations = [
        migrations.CreateModel(
            name='Draft',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('section', models.CharField(max_length=60)),
                ('content', models.JSONField(default=dict)),
                ('begun_at', models.DateTimeField(auto_now_add=True)),
                ('saved_at', models.DateTimeField()),
            ],
            options={
                'ordering': ('section',),
            },
        ),
        migrations.CreateModel(
            name='Exposure',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('day', models.DateField()),
                ('number', models.PositiveSmallIntegerField()),
                ('variant', models.CharField(choices=[('face', 'The face'), ('photograph', 'The whole photograph')], max_length=10)),
                ('shown_at', models.DateTimeField(auto_now_add=True)),
            ],
            options={
                'ordering': ('viewer', 'day', 'number'),
            },
        ),
        migrations.AddField(
            model_name='draft',
            name='assignment',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='drafts', to='review.assignment'),
        ),
        migrations.AddField(
            model_name='exposure',
            name='face',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='identification.face'),
        ),
        migrations.AddField(
            model_name='exposure',
            name='viewer',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='exposures', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddConstraint(
            model_name='draft',
            constraint=models.UniqueConstraint(fields=('assignment', 'section'), name='draft_one_per_section'),
        ),
        migrations.AddConstraint(
            model_name='exposure',
            constraint=models.UniqueConstraint(fields=('viewer', 'day', 'number'), name='exposure_numbered_once_a_day'),
        ),
        migrations.AddConstraint(
            model_name='exposure',
            constraint=models.UniqueConstraint(fields=('viewer', 'day', 'face', 'variant'), name='exposure_counted_once_a_day'),
        ),
        migrations.AddConstraint(
            model_name='exposure',
            constraint=models.CheckConstraint(condition=models.Q(('number__gte', 1)), name='exposure_counts_from_one'),
        ),
    ]
