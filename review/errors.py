"""What can go wrong in a review. Each message is a sentence for the person at the screen."""

from review.models.choices import EvidenceChange


class ReviewError(Exception):
    """A step that can't be taken; str() says why and what to do."""


class NotPermitted(ReviewError):
    """The actor may not take this part."""


class StaleAssignment(ReviewError):
    """The place was given up, given to somebody else, or signed already."""


# What happened, by cause; the rest of the sentence is the same for all.
_HAPPENED = {
    EvidenceChange.FACE_CORRECTED: (
        "The face in this review was corrected, so the review has been withdrawn and begins again with the corrected "
        "face."
    ),
    EvidenceChange.REFERENCE_WITHDRAWN: (
        "A reference photograph in this review was withdrawn, so the review has been withdrawn and begins again "
        "without it."
    ),
    EvidenceChange.OTHERWISE: (
        "The evidence in this review is no longer what it was when the review began, so the review has been withdrawn "
        "and begins again."
    ),
}


def what_happened(cause: str) -> str:
    """Say what took the ground from under a review; before causes were kept, it was always a correction."""
    return _HAPPENED[EvidenceChange(cause or EvidenceChange.FACE_CORRECTED)]


class ReviewWithdrawn(StaleAssignment):
    """The evidence changed while somebody worked on the review."""

    def __init__(self, cause: str) -> None:
        super().__init__(
            f"{what_happened(cause)} Nothing was signed, and nothing else of yours has changed. Take the next case."
        )


class PlaceLost(StaleAssignment):
    """Somebody else took the place while its holder was away."""

    def __init__(self) -> None:
        super().__init__(
            "While you were away, your place in this review went to somebody else. What you wrote is kept, and you "
            "find it again if a place there comes free for you. Take the next case."
        )


class IncompleteWork(ReviewError):
    """Something that belongs before this step is missing."""


class SignatureRefused(ReviewError):
    """The password given with a signature is wrong."""


class StaleConclusion(ReviewError):
    """Nothing can be added to the conclusion any more: it was asserted, is being reviewed again, or never could be."""


class AgreementRefused(ReviewError):
    """An agreement that can't be made, accepted or ended as asked."""
