"""Every kind of entry that the log may hold, with what its payload says and a sentence for people.

A name is `app:thing:happening/version`. A payload holds ids, hashes, counts, codes and settings; never
names, images, embeddings or free text, so that erasing a person's data leaves the log whole. A kind
whose payload changes its meaning gets a new version; the old one stays, for the entries that use it.
"""

from audit.kinds import accounts, identification, log, review
from audit.kinds.kind import Kind
from audit.kinds.values import FORBIDDEN_IN_TEXT, LONGEST_TEXT, plain

__all__ = ("FORBIDDEN_IN_TEXT", "KINDS", "LONGEST_TEXT", "Kind", "UnknownKind", "called", "kind_named", "plain")

KINDS: dict[str, Kind] = {
    kind.name: kind for kind in (*accounts.KINDS, *identification.KINDS, *review.KINDS, *log.KINDS)
}

# What people call the kinds of each app.
GROUPS = {
    "accounts": "Accounts and sign-ins",
    "audit": "The log itself",
    "identification": "Photographs, searches and galleries",
    "review": "Reviews and conclusions",
}


def called(asked: str) -> str:
    """Return what people call a kind, or a whole group: "review:" or "review:note:"."""
    if asked in KINDS:
        return KINDS[asked].label
    app, _, thing = asked.rstrip(":").partition(":")
    return thing or GROUPS.get(app, app)


class UnknownKind(LookupError):
    """A kind that this registry doesn't hold."""


def kind_named(name: str) -> Kind:
    """Return a kind by its name; an unknown one is a programmer's mistake."""
    try:
        return KINDS[name]
    except KeyError:
        raise UnknownKind(f"{name!r} stands in no registry: add it to audit/kinds/") from None
