"""Who holds which role: the predicates from which the other apps' policies are made."""

from typing import Any

import rules

from accounts.models import Role


def _holds(role: Role) -> rules.predicates.Predicate:
    @rules.predicate(name=f"is_{role.value}")
    def predicate(user: Any) -> bool:
        return bool(user.is_authenticated and user.has_role(role))

    return predicate


is_intake = _holds(Role.INTAKE)
is_reviewer = _holds(Role.REVIEWER)
is_adjudicator = _holds(Role.ADJUDICATOR)
is_liaison = _holds(Role.LIAISON)
is_asserter = _holds(Role.ASSERTER)
is_auditor = _holds(Role.AUDITOR)
is_administrator = _holds(Role.ADMINISTRATOR)
