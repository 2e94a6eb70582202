from typing import Any

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class IdentificationConfig(AppConfig):
    """Cases, galleries, photographs and faces, and the search that proposes candidates."""

    name = "identification"

    def ready(self) -> None:
        from audit.subjects import find_case, name_subjects, offer_purposes
        from identification.models import Purpose

        post_migrate.connect(make_policies, sender=self)
        name_subjects("identification.case", "number")
        find_case("identification.case", "pk")
        find_case("identification.face", "photograph.case_id")
        name_subjects("identification.gallery", "name")
        name_subjects("identification.encoder", "name")
        offer_purposes(Purpose.choices)


def make_policies(*, using: str, **_: Any) -> None:
    """Give every purpose its policy; one that an administrator has tightened stays as it is."""
    from identification.models import Purpose, PurposePolicy
    from identification.models.case import FIRST_POLICIES

    for purpose in Purpose:
        PurposePolicy.objects.using(using).get_or_create(purpose=purpose, defaults=FIRST_POLICIES[purpose])
