"""What suffices, by a purpose's policy, for a conclusion to become an identification. Pure: nothing is read or written.

A face is a lead. INTERPOL's primary identifiers are fingerprints, dental records and DNA; everything else is secondary.
Whatever a policy says, a deceased or captured person needs at least one verified identifier, and an incident stays a
lead.
"""

from collections.abc import Iterable, Sequence

from django.contrib.humanize.templatetags.humanize import apnumber

from identification.models import PRIMARY_IDENTIFIERS, IdentifierKind, Purpose, PurposePolicy

ALWAYS_CORROBORATED = (Purpose.DECEASED, Purpose.CAPTURED)
# "Together" means different kinds that bear each other out, so one alone never counts as that.
FEWEST_TOGETHER = 2

IN_WORDS = {
    IdentifierKind.FINGERPRINTS: "fingerprints",
    IdentifierKind.DENTAL: "dental records",
    IdentifierKind.DNA: "DNA",
    IdentifierKind.DOCUMENT: "document",
    IdentifierKind.TATTOO: "tattoo",
    IdentifierKind.SCAR: "scar or other mark",
    IdentifierKind.EFFECTS: "personal effects",
    IdentifierKind.STATEMENT: "statement",
    IdentifierKind.LOCATION: "location",
}

NOTHING_SUFFICES = "The policy names nothing that suffices. Ask an administrator to say in the policy what does."
STAYS_A_LEAD = "An investigative lead stays a lead, whatever else is found."


def is_required(policy: PurposePolicy) -> bool:
    """Whether there must be an identifier at all; for the deceased and the captured whatever the policy says."""
    return policy.corroboration_required or policy.purpose in ALWAYS_CORROBORATED


def sufficient(policy: PurposePolicy, verified_kinds: Iterable[str]) -> bool:
    """Whether verified identifiers of these kinds suffice. Several of one kind count as one."""
    if policy.purpose == Purpose.INCIDENT:
        return False
    kinds = _known(verified_kinds)
    if not is_required(policy):
        return True
    together = policy.sufficient_together
    return bool(kinds & set(policy.sufficient_kinds)) or FEWEST_TOGETHER <= together <= len(kinds)


def what_is_missing(policy: PurposePolicy, verified_kinds: Iterable[str]) -> str:
    """Say in one sentence what is still missing; nothing when it suffices."""
    kinds = _known(verified_kinds)
    if policy.purpose == Purpose.INCIDENT:
        return STAYS_A_LEAD
    if sufficient(policy, kinds):
        return ""
    ways = [*_alone(policy), *_together(policy, kinds)]
    return f"Still missing: {', or '.join(ways)}." if ways else NOTHING_SUFFICES


def _known(kinds: Iterable[str]) -> set[str]:
    return set(kinds) & set(IdentifierKind.values)


def _alone(policy: PurposePolicy) -> list[str]:
    """Return the ways of which one identifier suffices: a primary one, a secondary one."""
    primary = [IN_WORDS[kind] for kind in PRIMARY_IDENTIFIERS if kind in policy.sufficient_kinds]
    secondary = [
        words for kind, words in IN_WORDS.items() if kind in policy.sufficient_kinds and kind not in PRIMARY_IDENTIFIERS
    ]
    return [
        *([f"one verified primary identifier ({_or(primary)})"] if primary else []),
        *([f"one verified identifier of another kind ({_or(secondary)})"] if primary and secondary else []),
        *([f"one verified identifier ({_or(secondary)})"] if secondary and not primary else []),
    ]


def _together(policy: PurposePolicy, kinds: set[str]) -> list[str]:
    together = policy.sufficient_together
    if together < FEWEST_TOGETHER:
        return []
    if not kinds:
        return [f"{apnumber(together)} verified identifiers of different kinds together"]
    lacking = together - len(kinds)
    there = _and([words for kind, words in IN_WORDS.items() if kind in kinds])
    more = "identifier of another kind" if lacking == 1 else "identifiers of other kinds"
    return [f"{apnumber(lacking)} more verified {more}, besides what is there ({there})"]


def _or(words: Sequence[str]) -> str:
    return _joined(words, "or")


def _and(words: Sequence[str]) -> str:
    return _joined(words, "and")


def _joined(words: Sequence[str], by: str) -> str:
    *first, last = words
    return f"{', '.join(first)} {by} {last}" if first else last
