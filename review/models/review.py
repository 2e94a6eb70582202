"""Reviews, the places that people take in them, and the drafts of their work until it is signed."""

import uuid

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.urls import reverse

from identification.models import Case as IdentificationCase
from identification.models import Face, Probe, Search
from review.models.choices import EvidenceChange, Limitation, Part, ReviewState, Suitability
from review.models.hashes import EMPTY_SHA256, hash_is_of


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
    refers_to = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="followed_by",
        help_text="The earlier review of the same face, which ended or was withdrawn.",
    )  # fmt: skip
    evidence = models.TextField(
        default="", help_text="What every signature here binds: images, encoder, candidate list, references (RFC 8785)."
    )
    evidence_sha256 = models.CharField(max_length=64, default=EMPTY_SHA256)
    withdrawn_because = models.CharField(max_length=20, choices=EvidenceChange.choices, blank=True)

    objects = ReviewQuerySet.as_manager()

    class Meta:
        ordering = ("opened_at",)
        constraints = (
            models.UniqueConstraint(fields=("id", "requested_by"), name="review_with_requester"),
            models.UniqueConstraint(fields=("id", "search"), name="review_with_search"),
            models.UniqueConstraint(fields=("id", "case"), name="review_with_case"),
            models.UniqueConstraint(fields=("id", "evidence_sha256"), name="review_with_evidence"),
            models.CheckConstraint(condition=hash_is_of("evidence"), name="review_hash_is_of_its_evidence"),
            models.CheckConstraint(
                condition=Q(withdrawn_because="") | Q(state="withdrawn", withdrawn_because__in=EvidenceChange.values),
                name="review_only_a_withdrawn_one_says_why",
            ),
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
    differing_read_at = models.DateTimeField(
        null=True, blank=True, help_text="When an adjudicator was given the differing assessments to read."
    )
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


class Draft(models.Model):
    """Work in progress on one section of an assignment, saved every few seconds; gone once it is signed.

    Sections: "analysis", "candidates", "compare:<person id>", "conclude".
    """

    assignment = models.ForeignKey(Assignment, on_delete=models.CASCADE, related_name="drafts")
    section = models.CharField(max_length=60)
    content = models.JSONField(default=dict)
    begun_at = models.DateTimeField(auto_now_add=True)
    saved_at = models.DateTimeField()

    class Meta:
        ordering = ("section",)
        constraints = (models.UniqueConstraint(fields=("assignment", "section"), name="draft_one_per_section"),)

    def __str__(self) -> str:
        return f"{self.section} of {self.assignment}"


class Exposure(models.Model):
    """One picture of a deceased person that one person had shown to them on one day, counted once.

    `number` counts within the day, so that the daily cap holds when two windows ask at the same moment.
    """

    class Variant(models.TextChoices):
        FACE = "face", "The face"
        PHOTOGRAPH = "photograph", "The whole photograph"

    viewer = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="exposures")
    day = models.DateField()
    number = models.PositiveSmallIntegerField()
    face = models.ForeignKey(Face, on_delete=models.PROTECT, related_name="+")
    variant = models.CharField(max_length=10, choices=Variant.choices)
    shown_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("viewer", "day", "number")
        constraints = (
            models.UniqueConstraint(fields=("viewer", "day", "number"), name="exposure_numbered_once_a_day"),
            models.UniqueConstraint(fields=("viewer", "day", "face", "variant"), name="exposure_counted_once_a_day"),
            models.CheckConstraint(condition=Q(number__gte=1), name="exposure_counts_from_one"),
        )

    def __str__(self) -> str:
        return f"{self.viewer}, {self.day}: {self.number}"
