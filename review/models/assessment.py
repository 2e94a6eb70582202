"""What one person signed about one probe, and what they added to it later."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Case, F, Q, Value, When
from django.db.models.functions import Cast, Concat

from identification.models import Person, Search
from review.models.choices import Level, Part, Suitability
from review.models.hashes import EMPTY_SHA256, hash_is_of
from review.models.review import Assignment, Review

# "person:<id>" of the person that a row names, as the database writes it.
_TEXT = models.TextField()
THIS_PERSON = Concat(Value("person:", output_field=_TEXT), Cast("person", _TEXT), output_field=_TEXT)


class Assessment(models.Model):
    """One person's signed finding about one probe. It is written once, and never changed.

    `document` is what was signed, as canonical JSON (RFC 8785): everything that the person saw and recorded.
    `finding` follows from the rest by the database's own arithmetic: "unsuitable", "person:<id>", "none", or
    "undecided" where somebody is named whom the comparison supports neither for nor against.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    assignment = models.OneToOneField(Assignment, on_delete=models.PROTECT, related_name="assessment")
    review = models.ForeignKey(Review, on_delete=models.PROTECT, related_name="assessments")
    search = models.ForeignKey(Search, on_delete=models.PROTECT, related_name="+")
    reviewer = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="assessments")
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    part = models.CharField(max_length=12, choices=Part.choices)
    suitability = models.CharField(max_length=12, choices=Suitability.choices)
    person = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    level = models.SmallIntegerField(choices=Level.choices, null=True, blank=True)
    finding = models.GeneratedField(
        expression=Case(
            When(suitability="unsuitable", then=Value("unsuitable")),
            When(person__isnull=False, level__gte=1, then=THIS_PERSON),
            # What was signed before evidence was kept means what it meant: such a level counted as nobody.
            When(~Q(evidence_sha256=EMPTY_SHA256), person__isnull=False, level=0, then=Value("undecided")),
            default=Value("none"),
            output_field=models.TextField(),
        ),
        output_field=models.TextField(),
        db_persist=True,
    )
    rationale = models.TextField()
    document = models.TextField()
    document_sha256 = models.CharField(max_length=64)
    evidence_sha256 = models.CharField(max_length=64, default=EMPTY_SHA256)
    signed_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("signed_at",)
        constraints = (
            models.UniqueConstraint(fields=("review", "reviewer"), name="assessment_one_per_reviewer"),
            models.UniqueConstraint(fields=("review", "reviewer", "finding"), name="assessment_with_finding"),
            models.UniqueConstraint(fields=("id", "reviewer"), name="assessment_with_reviewer"),
            models.UniqueConstraint(
                fields=("review",), condition=Q(part="adjudicator"), name="assessment_one_adjudication_per_review"
            ),
            models.CheckConstraint(condition=~Q(reviewer=F("requested_by")), name="assessment_never_by_the_requester"),
            models.CheckConstraint(
                condition=Q(suitability="unsuitable", person__isnull=True, level__isnull=True)
                | Q(suitability__in=("suitable", "limited")),
                name="assessment_unsuitable_names_nobody",
            ),
            models.CheckConstraint(
                condition=Q(person__isnull=True, level__isnull=True)
                # Nobody here is this person: the same scale, on its side of different people.
                | Q(person__isnull=True, level__isnull=False, level__gte=-3, level__lte=-1)
                | Q(person__isnull=False, level__isnull=False, level__gte=-3, level__lte=3),
                name="assessment_grades_the_person_it_names",
            ),
            models.CheckConstraint(condition=Q(rationale__regex=r"\S"), name="assessment_gives_a_rationale"),
            models.CheckConstraint(condition=hash_is_of("document"), name="assessment_hash_is_of_its_document"),
        )

    def __str__(self) -> str:
        return f"Assessment in {self.review}"


class SupplementaryNote(models.Model):
    """What a signer adds to their assessment after it was locked: a new signed entry, the old one stays."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    assessment = models.ForeignKey(Assessment, on_delete=models.PROTECT, related_name="notes")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    text = models.TextField()
    document = models.TextField()
    document_sha256 = models.CharField(max_length=64)
    signed_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("signed_at",)
        constraints = (
            models.CheckConstraint(condition=Q(text__regex=r"\S"), name="note_says_something"),
            models.CheckConstraint(condition=hash_is_of("document"), name="note_hash_is_of_its_document"),
        )

    def __str__(self) -> str:
        return f"Note to {self.assessment}"
