"""What can go wrong in a measurement."""


class EvaluationError(Exception):
    """A measurement that can't be made; str() is one sentence that says why and what to do."""
