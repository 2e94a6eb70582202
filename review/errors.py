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


class AgreementRefused(ReviewError):
    """An agreement that can't be made, accepted or ended as asked."""
