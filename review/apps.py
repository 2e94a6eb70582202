from django.apps import AppConfig


class ReviewConfig(AppConfig):
    """Blind assessments, conclusions and adjudication: the two-person rule."""

    name = "review"

    def ready(self) -> None:
        from audit.records import provide_records
        from audit.subjects import find_case
        from review import receivers  # noqa: F401  (connects them)
        from review.records import signed_documents

        for thing in ("assignment", "assessment", "conclusion", "identifier"):
            find_case(f"review.{thing}", "review.case_id")
        find_case("review.supplementarynote", "assessment.review.case_id")
        find_case("review.verification", "identifier.review.case_id")
        provide_records("document_sha256", signed_documents)
