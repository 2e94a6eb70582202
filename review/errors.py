"""What can go wrong in a review. Each message is a sentence for the person at the screen."""


class ReviewError(Exception):
    """A step that can't be taken; str() says why and what to do."""


class NotPermitted(ReviewError):
    """The actor may not take this part."""


class StaleAssignment(ReviewError):
    """The place was given up, given to somebody else, or signed already."""


class ReviewWithdrawn(StaleAssignment):
    """The face was corrected while somebody worked on its review."""

    def __init__(self) -> None:
        super().__init__(
            "The face in this review was corrected, so the review has been withdrawn and begins again with the "
            "corrected face. Nothing was signed, and nothing else of yours has changed. Take the next case."
        )


class IncompleteWork(ReviewError):
    """Something that belongs before this step is missing."""


class SignatureRefused(ReviewError):
    """The password given with a signature is wrong."""


class StaleConclusion(ReviewError):
    """Nothing can be added to the conclusion any more: it was asserted, is being reviewed again, or never could be."""
