"""What can go wrong in a review. Each message is a sentence for the person at the screen."""


class ReviewError(Exception):
    """A step that can't be taken; str() says why and what to do."""


class NotPermitted(ReviewError):
    """The actor may not take this part."""


class StaleAssignment(ReviewError):
    """The place was given up, given to somebody else, or signed already."""


class IncompleteWork(ReviewError):
    """Something that belongs before this step is missing."""


class SignatureRefused(ReviewError):
    """The password given with a signature is wrong."""
