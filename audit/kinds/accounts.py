"""The kinds of entries about who may do what, and who signed in."""

from audit.kinds.kind import kind
from audit.kinds.values import one_of

REFUSED = one_of("credentials", "locked_out")

KINDS = (
    kind("accounts:session:opened/1", "{actor} signed in."),
    kind(
        "accounts:session:refused/1", "A sign-in was refused ({reason}). Account: {subject}.", "reason", reason=REFUSED
    ),
    kind("accounts:session:closed/1", "{actor} signed out."),
    kind("accounts:user:opened/1", "{actor} opened an account for {subject}.", "has_password", "fields at").where(
        "has_password", False, "{actor} opened an account for {subject}, without a password to sign in with."
    ),
    kind(
        "accounts:user:changed/1",
        "{actor} changed the account of {subject} ({fields}).",
        "fields",
        "active has_password at",
    )
    .where("active", False, "{actor} closed the account of {subject} (fields changed: {fields}).")
    .where("active", True, "{actor} opened the account of {subject} again (fields changed: {fields}).")
    .where("has_password", False, "{actor} took the password from the account of {subject}: nobody can sign in to it."),
    kind("accounts:role:granted/1", "{actor} gave {subject} the role {role}.", "role", "at"),
    kind("accounts:role:revoked/1", "{actor} took the role {role} from {subject}.", "role"),
    kind("accounts:agency:added/1", "{actor} added the agency {subject}.", "", "at"),
    kind("accounts:agency:changed/1", "{actor} changed the agency {subject} ({fields}).", "fields"),
)
