"""The words that a review may hold: where it stands, who takes which part, what is found."""

from django.db import models


class ReviewState(models.TextChoices):
    """Where a review stands."""

    OPEN = "open", "Waiting for reviewers"
    DISCORDANT = "discordant", "Waiting for an adjudicator"
    CONCLUDED = "concluded", "Concluded"
    INCONCLUSIVE = "inconclusive", "Inconclusive"
    WITHDRAWN = "withdrawn", "Withdrawn, the evidence changed"


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


class EvidenceChange(models.TextChoices):
    """What took the ground from under a review."""

    FACE_CORRECTED = "face_corrected", "The face was corrected"
    REFERENCE_WITHDRAWN = "reference_withdrawn", "A reference photograph was withdrawn"
    OTHERWISE = "otherwise", "The evidence is no longer what it was when the review began"


class Outcome(models.TextChoices):
    """What the assessments of a review together amount to, when two people agree."""

    CONCORDANT = "concordant", "Concordant"
    NO_CANDIDATE = "no_candidate", "No candidate"
    UNSUITABLE = "unsuitable", "Unsuitable for comparison"
