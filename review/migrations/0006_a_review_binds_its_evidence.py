"""The review holds the evidence that every signature and its conclusion bind; new words for findings."""

import django.db.models.deletion
import django.db.models.functions.comparison
import django.db.models.functions.text
from django.db import migrations, models

from review.constraints import FOREIGN_KEY_SQL

SIGNED_FINDING_SQL = [sql for sql in FOREIGN_KEY_SQL if 'signed_this_finding' in sql[0]]


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0002_people_may_assert_identity'),
        ('identification', '0008_priorities_corroboration_and_withdrawn_references'),
        ('review', '0005_review_can_be_withdrawn'),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name='assessment',
            name='assessment_unsuitable_names_nobody',
        ),
        migrations.RemoveConstraint(
            model_name='assessment',
            name='assessment_grades_the_person_it_names',
        ),
        migrations.AddField(
            model_name='assessment',
            name='evidence_sha256',
            field=models.CharField(default='e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855', max_length=64),
        ),
        migrations.AddField(
            model_name='assignment',
            name='differing_read_at',
            field=models.DateTimeField(blank=True, help_text='When an adjudicator was given the differing assessments to read.', null=True),
        ),
        migrations.AddField(
            model_name='conclusion',
            name='evidence_sha256',
            field=models.CharField(default='e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855', max_length=64),
        ),
        migrations.AddField(
            model_name='conclusion',
            name='fused_rating',
            field=models.DecimalField(blank=True, decimal_places=2, help_text='Mean of the graded ratings; advisory, shown on the conclusion only.', max_digits=4, null=True),
        ),
        migrations.AddField(
            model_name='review',
            name='evidence',
            field=models.TextField(default='', help_text='What every signature here binds: images, encoder, candidate list, references (RFC 8785).'),
        ),
        migrations.AddField(
            model_name='review',
            name='evidence_sha256',
            field=models.CharField(default='e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855', max_length=64),
        ),
        migrations.AddField(
            model_name='review',
            name='refers_to',
            field=models.ForeignKey(blank=True, help_text='The earlier review of the same face, which ended or was withdrawn.', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='followed_by', to='review.review'),
        ),
        migrations.AddField(
            model_name='review',
            name='withdrawn_because',
            field=models.CharField(blank=True, choices=[('face_corrected', 'The face was corrected'), ('reference_withdrawn', 'A reference photograph was withdrawn'), ('otherwise', 'The evidence is no longer what it was when the review began')], max_length=20),
        ),
        migrations.AlterField(
            model_name='review',
            name='state',
            field=models.CharField(choices=[('open', 'Waiting for reviewers'), ('discordant', 'Waiting for an adjudicator'), ('concluded', 'Concluded'), ('inconclusive', 'Inconclusive'), ('withdrawn', 'Withdrawn, the evidence changed')], default='open', max_length=12),
        ),
        migrations.AddConstraint(
            model_name='assessment',
            constraint=models.UniqueConstraint(fields=('id', 'reviewer'), name='assessment_with_reviewer'),
        ),
        migrations.AddConstraint(
            model_name='assessment',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('level__isnull', True), ('person__isnull', True), ('suitability', 'unsuitable')), ('suitability__in', ('suitable', 'limited')), _connector='OR'), name='assessment_unsuitable_names_nobody'),
        ),
        migrations.AddConstraint(
            model_name='assessment',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('level__isnull', True), ('person__isnull', True)), models.Q(('level__gte', -3), ('level__isnull', False), ('level__lte', -1), ('person__isnull', True)), models.Q(('level__gte', -3), ('level__isnull', False), ('level__lte', 3), ('person__isnull', False)), _connector='OR'), name='assessment_grades_the_person_it_names'),
        ),
        migrations.AddConstraint(
            model_name='conclusion',
            constraint=models.CheckConstraint(condition=models.Q(('fused_rating__isnull', True), models.Q(('fused_rating__gte', -3), ('fused_rating__lte', 3), models.Q(('outcome', 'unsuitable'), _negated=True)), _connector='OR'), name='conclusion_fuses_ratings_on_their_scale'),
        ),
        migrations.AddConstraint(
            model_name='conclusion',
            constraint=models.UniqueConstraint(fields=('review', 'person', 'first_reviewer', 'second_reviewer', 'requested_by'), name='conclusion_with_its_people'),
        ),
        migrations.AddConstraint(
            model_name='review',
            constraint=models.UniqueConstraint(fields=('id', 'case'), name='review_with_case'),
        ),
        migrations.AddConstraint(
            model_name='review',
            constraint=models.UniqueConstraint(fields=('id', 'evidence_sha256'), name='review_with_evidence'),
        ),
        migrations.AddConstraint(
            model_name='review',
            constraint=models.CheckConstraint(condition=models.Q(('evidence_sha256', models.Func(models.Func(models.Func(models.F('evidence'), models.Value('UTF8'), function='convert_to'), function='sha256', output_field=models.BinaryField()), models.Value('hex'), function='encode', output_field=models.TextField()))), name='review_hash_is_of_its_evidence'),
        ),
        migrations.AddConstraint(
            model_name='review',
            constraint=models.CheckConstraint(condition=models.Q(('withdrawn_because', ''), models.Q(('state', 'withdrawn'), ('withdrawn_because__in', ['face_corrected', 'reference_withdrawn', 'otherwise'])), _connector='OR'), name='review_only_a_withdrawn_one_says_why'),
        ),
        # A generated column's expression can't be altered: what refers to it steps aside while it is made anew.
        *[migrations.RunSQL(drop, add) for add, drop in SIGNED_FINDING_SQL],
        migrations.RemoveConstraint(model_name='assessment', name='assessment_with_finding'),
        migrations.RemoveField(model_name='assessment', name='finding'),
        migrations.AddField(
            model_name='assessment',
            name='finding',
            field=models.GeneratedField(db_persist=True, expression=models.Case(models.When(suitability='unsuitable', then=models.Value('unsuitable')), models.When(level__gte=1, person__isnull=False, then=django.db.models.functions.text.Concat(models.Value('person:', output_field=models.TextField()), django.db.models.functions.comparison.Cast('person', models.TextField()), output_field=models.TextField())), models.When(models.Q(('evidence_sha256', 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'), _negated=True), level=0, person__isnull=False, then=models.Value('undecided')), default=models.Value('none'), output_field=models.TextField()), output_field=models.TextField()),
        ),
        migrations.AddConstraint(
            model_name='assessment',
            constraint=models.UniqueConstraint(fields=('review', 'reviewer', 'finding'), name='assessment_with_finding'),
        ),
        *[migrations.RunSQL(add, drop) for add, drop in SIGNED_FINDING_SQL],
    ]
