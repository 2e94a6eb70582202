"""Reviews, the assessments that people sign, and the conclusions that follow from them.

The two-person rule is held by PostgreSQL: see review/constraints.py.
"""

import uuid

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Case, F, Func, Q, Value, When
from django.db.models.functions import Cast, Concat
from django.urls import reverse

from identification.models import Case as IdentificationCase
from identification.models import Person, Probe, Search

# "person:<id>" of the person that a row names, as the database writes it.
_TEXT = models.TextField()
THIS_PERSON = Concat(Value("person:", output_field=_TEXT), Cast("person", _TEXT), output_field=_TEXT)


class ReviewState(models.TextChoices):
    """Where a review stands."""

    OPEN = "open", "Waiting for reviewers"
    DISCORDANT = "discordant", "Waiting for an adjudicator"
    CONCLUDED = "concluded", "Concluded"
    INCONCLUSIVE = "inconclusive", "Inconclusive"
    WITHDRAWN = "withdrawn", "Withdrawn, the face was corrected"


class Part(models.TextChoices):
    """The part that a person takes in one review; nobody takes two."""

    REVIEWER = "reviewer", "Reviewer"
    ADJUDICATOR = "adjudicator", "Adjudicator"


class Suitability(models.TextChoices):
    """What the probe is good for, recorded before any candidate is shown."""

    SUITABLE = "suitable", "Suitable for comparison"
    LIMITED = "limited", "Suitable with limitations"
    UNSUITABLE = "unsuitable", "Unsuitable for comparison"


class Limitation(models.TextChoices):
    """Why a probe is limited or unsuitable."""

    POSE = "pose", "Pose"
    LIGHT = "light", "Light"
    SHARPNESS = "sharpness", "Sharpness or size"
    OCCLUSION = "occlusion", "Partly covered"
    EXPRESSION = "expression", "Expression"
    INJURY = "injury", "Injury"
    POST_MORTEM = "post_mortem", "Post-mortem change"


class Level(models.IntegerChoices):
    """FISWG's graded support, for or against the two faces being one person's."""

    STRONGLY_SAME = 3, "Strongly supports that they are the same person"
    SAME = 2, "Supports that they are the same person"
    SOMEWHAT_SAME = 1, "Supports to some extent that they are the same person"
    NEITHER = 0, "Supports neither"
    SOMEWHAT_DIFFERENT = -1, "Supports to some extent that they are different people"
    DIFFERENT = -2, "Supports that they are different people"
    STRONGLY_DIFFERENT = -3, "Strongly supports that they are different people"


class ReviewQuerySet(models.QuerySet["Review"]):
    """Reviews by where they stand."""

    def unfinished(self) -> "ReviewQuerySet":
        """Reviews that still wait for somebody."""
        return self.filter(state__in=(ReviewState.OPEN, ReviewState.DISCORDANT))


class Review(models.Model):
    """The work of finding out, independently, whether a probe's person is among the candidates of one search."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    case = models.ForeignKey(IdentificationCase, on_delete=models.PROTECT, related_name="reviews")
    probe = models.ForeignKey(Probe, on_delete=models.PROTECT, related_name="reviews")
    search = models.OneToOneField(Search, on_delete=models.PROTECT, related_name="review")
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    reviewers_required = models.PositiveSmallIntegerField(help_text="From the purpose's policy when it was opened.")
    state = models.CharField(max_length=12, choices=ReviewState.choices, default=ReviewState.OPEN)
    opened_at = models.DateTimeField(auto_now_add=True)

    objects = ReviewQuerySet.as_manager()

    class Meta:
        ordering = ("opened_at",)
        constraints = (
            models.UniqueConstraint(fields=("id", "requested_by"), name="review_with_requester"),
            models.UniqueConstraint(fields=("id", "search"), name="review_with_search"),
            models.UniqueConstraint(
                fields=("probe",), condition=Q(state__in=("open", "discordant")), name="review_one_unfinished_per_probe"
            ),
            models.CheckConstraint(condition=Q(reviewers_required__gte=2), name="review_by_two_or_more"),
            models.CheckConstraint(condition=Q(state__in=ReviewState.values), name="review_in_a_known_state"),
        )

    def __str__(self) -> str:
        return f"Review in {self.case}"

    def get_absolute_url(self) -> str:
        return reverse("review:conclusion", args=[self.pk])


class Assignment(models.Model):
    """One person's place in a review, with the draft of their work until it is signed.

    The seed draws the order in which this person sees the candidates; the order is part of what they sign.
    """

    class State(models.TextChoices):
        OPEN = "open", "Being worked on"
        SIGNED = "signed", "Signed"
        DECLINED = "declined", "Declined"
        LAPSED = "lapsed", "Lapsed"

    class DeclineReason(models.TextChoices):
        ACQUAINTED = "acquainted", "I may know this person"
        DISTRESSING = "distressing", "I would rather not look at this photograph"
        OTHER_WORK = "other_work", "I have no time for it now"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    review = models.ForeignKey(Review, on_delete=models.PROTECT, related_name="assignments")
    reviewer = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="assignments")
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    part = models.CharField(max_length=12, choices=Part.choices)
    slot = models.PositiveSmallIntegerField(help_text="Which of the places that the review has for this part.")
    state = models.CharField(max_length=10, choices=State.choices, default=State.OPEN)
    seed = models.BigIntegerField()
    taken_at = models.DateTimeField(auto_now_add=True)
    leased_until = models.DateTimeField()
    suitability = models.CharField(max_length=12, choices=Suitability.choices, blank=True)
    limitations = ArrayField(models.CharField(max_length=12, choices=Limitation.choices), default=list, blank=True)
    analysis_note = models.TextField(blank=True)
    analysed_at = models.DateTimeField(null=True, blank=True)
    retained = ArrayField(models.UUIDField(), default=list, blank=True, help_text="Persons retained for comparison.")
    compared_at = models.DateTimeField(null=True, blank=True)
    decline_reason = models.CharField(max_length=12, choices=DeclineReason.choices, blank=True)

    class Meta:
        ordering = ("taken_at",)
        constraints = (
            models.UniqueConstraint(fields=("review", "reviewer"), name="assignment_one_per_person"),
            models.UniqueConstraint(fields=("id", "review", "reviewer", "part"), name="assignment_with_its_person"),
            models.UniqueConstraint(
                fields=("review", "part", "slot"),
                condition=Q(state__in=("open", "signed")),
                name="assignment_slot_held_by_one",
            ),
            models.UniqueConstraint(
                fields=("reviewer",), condition=Q(state="open"), name="assignment_one_open_per_person"
            ),
            models.CheckConstraint(condition=Q(part__in=Part.values), name="assignment_to_a_known_part"),
            models.CheckConstraint(condition=~Q(reviewer=F("requested_by")), name="assignment_never_to_the_requester"),
            models.CheckConstraint(
                condition=Q(suitability="", analysed_at__isnull=True)
                | (Q(suitability__in=Suitability.values) & Q(analysed_at__isnull=False)),
                name="assignment_analysis_is_dated",
            ),
        )

    def __str__(self) -> str:
        return f"{self.get_part_display()} {self.slot} of {self.review}"

    def get_absolute_url(self) -> str:
        return reverse("review:work", args=[self.pk])


class Assessment(models.Model):
    """One person's signed finding about one probe. It is written once, and never changed.

    `document` is what was signed, as canonical JSON (RFC 8785): everything that the person saw and recorded.
    `finding` follows from the rest by the database's own arithmetic: "unsuitable", "person:<id>", or "none".
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
            default=Value("none"),
            output_field=models.TextField(),
        ),
        output_field=models.TextField(),
        db_persist=True,
    )
    rationale = models.TextField()
    document = models.TextField()
    document_sha256 = models.CharField(max_length=64)
    signed_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("signed_at",)
        constraints = (
            models.UniqueConstraint(fields=("review", "reviewer"), name="assessment_one_per_reviewer"),
            models.UniqueConstraint(fields=("review", "reviewer", "finding"), name="assessment_with_finding"),
            models.UniqueConstraint(
                fields=("review",), condition=Q(part="adjudicator"), name="assessment_one_adjudication_per_review"
            ),
            models.CheckConstraint(condition=~Q(reviewer=F("requested_by")), name="assessment_never_by_the_requester"),
            models.CheckConstraint(
                condition=Q(suitability="unsuitable", person__isnull=True) | Q(suitability__in=("suitable", "limited")),
                name="assessment_unsuitable_names_nobody",
            ),
            models.CheckConstraint(
                condition=Q(person__isnull=True, level__isnull=True)
                | Q(person__isnull=False, level__isnull=False, level__gte=-3, level__lte=3),
                name="assessment_grades_the_person_it_names",
            ),
            models.CheckConstraint(condition=Q(rationale__regex=r"\S"), name="assessment_gives_a_rationale"),
            models.CheckConstraint(
                condition=Q(
                    document_sha256=Func(
                        Func(
                            Func(F("document"), Value("UTF8"), function="convert_to"),
                            function="sha256",
                            output_field=models.BinaryField(),
                        ),
                        Value("hex"),
                        function="encode",
                        output_field=models.TextField(),
                    )
                ),
                name="assessment_hash_is_of_its_document",
            ),
        )

    def __str__(self) -> str:
        return f"Assessment in {self.review}"


class Outcome(models.TextChoices):
    """What the assessments of a review together amount to, when two people agree."""

    CONCORDANT = "concordant", "Concordant"
    NO_CANDIDATE = "no_candidate", "No candidate"
    UNSUITABLE = "unsuitable", "Unsuitable for comparison"


class Conclusion(models.Model):
    """What two people, neither of them the requester, found independently. The database accepts nothing less."""

    review = models.OneToOneField(Review, on_delete=models.PROTECT, related_name="conclusion", primary_key=True)
    finding = models.TextField()
    outcome = models.CharField(max_length=12, choices=Outcome.choices)
    person = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, blank=True, related_name="conclusions")
    first_reviewer = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    second_reviewer = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    adjudicated = models.BooleanField(default=False)
    concluded_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("concluded_at",)
        constraints = (
            models.CheckConstraint(
                condition=~Q(first_reviewer=F("second_reviewer")), name="conclusion_by_two_different_people"
            ),
            models.CheckConstraint(
                condition=~Q(first_reviewer=F("requested_by")) & ~Q(second_reviewer=F("requested_by")),
                name="conclusion_never_by_the_requester",
            ),
            models.CheckConstraint(
                condition=Q(outcome="unsuitable", finding="unsuitable", person__isnull=True)
                | Q(outcome="no_candidate", finding="none", person__isnull=True)
                | Q(
                    outcome="concordant",
                    person__isnull=False,
                    finding=THIS_PERSON,
                ),
                name="conclusion_says_what_was_found",
            ),
        )

    def __str__(self) -> str:
        return f"{self.get_outcome_display()} in {self.review}"
