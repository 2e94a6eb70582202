from django.apps import AppConfig


class ReviewConfig(AppConfig):
    """Blind assessments, conclusions and adjudication: the two-person rule."""

    name = "review"

    def ready(self) -> None:
        from review import receivers  # noqa: F401  (connects them)
