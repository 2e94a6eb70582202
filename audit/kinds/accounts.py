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
    kind("accounts:user:changed/1", "{actor} changed the account of {subject} ({fields}).", "fields"),
    kind("accounts:role:granted/1", "{actor} gave {subject} the role {role}.", "role", "at"),
    kind("accounts:role:revoked/1", "{actor} took the role {role} from {subject}.", "role"),
    kind("accounts:agency:changed/1", "{actor} changed the agency {subject} ({fields}).", "fields"),
)
