from django.apps import AppConfig
from django.db.models.signals import post_migrate


class AuditConfig(AppConfig):
    """What happened, who did it, and how anybody can verify that the record is whole."""

    name = "audit"

    def ready(self) -> None:
        from audit import receivers, startup  # noqa: F401 - importing connects signals and registers a check
        from audit.grants import grant_roles
        from audit.subjects import find_case
        from audit.witnesses import checks  # noqa: F401 - importing registers them

        # Who opened an entry about a case looked into that case.
        find_case("audit.entry", "case")
        # Fired once after every app has migrated, so that the tables of all of them are there.
        post_migrate.connect(grant_roles, sender=self)
