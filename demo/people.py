"""The fictional agency of the demonstration and the people who work in it."""

from dataclasses import dataclass

from django.db import transaction

from accounts.models import Agency, Role, User
from audit.people import add_agency, open_account

AGENCY = "Bureau for Missing Persons (demonstration)"
AGENCY_CODE = "demo"
PASSWORD = "nobody-here-is-real"  # noqa: S105  (printed on the screen; every person in the demonstration is fictional)

ACCOUNTS = {
    "intake": ("Halyna Intake", (Role.INTAKE,)),
    "reviewer1": ("Ostap First", (Role.REVIEWER,)),
    "reviewer2": ("Mira Second", (Role.REVIEWER,)),
    "reviewer3": ("Jon Third", (Role.REVIEWER,)),
    "adjudicator": ("Vira Adjudicator", (Role.ADJUDICATOR,)),
    "liaison": ("Daryna Liaison", (Role.LIAISON,)),
    "asserter": ("Petro Asserter", (Role.ASSERTER,)),
    "auditor": ("Sami Auditor", (Role.AUDITOR,)),
    "administrator": ("Lada Administrator", (Role.ADMINISTRATOR,)),
}


class NotADemonstration(Exception):
    """The database belongs to somebody who works with real people."""


@dataclass(frozen=True)
class Staff:
    """The demonstration's people by the name they sign in with."""

    by_name: dict[str, User]

    def __getitem__(self, name: str) -> User:
        # Fetched anew, so that no state of an earlier step is carried along.
        return User.objects.get(pk=self.by_name[name].pk)


@transaction.atomic
def make_staff() -> Staff:
    """Return the demonstration's people, made at the first run; refuse a database that others use."""
    if Agency.objects.exclude(code=AGENCY_CODE).exists():
        raise NotADemonstration(
            "This database holds agencies of its own. Run the demonstration in an empty one, so that fictional "
            "people never stand beside real ones."
        )
    agency = Agency.objects.filter(code=AGENCY_CODE).first() or add_agency(name=AGENCY, code=AGENCY_CODE)
    return Staff({name: _account(agency, name, full_name, roles) for name, (full_name, roles) in ACCOUNTS.items()})


def _account(agency: Agency, name: str, full_name: str, roles: tuple[Role, ...]) -> User:
    known = User.objects.filter(username=name).first()
    if known:
        return known
    return open_account(agency=agency, username=name, full_name=full_name, password=PASSWORD, roles=roles)
