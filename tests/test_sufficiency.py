"""What suffices for an identification, by policies that an administrator could write, and how what is missing reads."""

from collections.abc import Sequence
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from identification.models import IdentifierKind, Purpose, PurposePolicy
from identification.models.case import FIRST_POLICIES
from review.sufficiency import NOTHING_SUFFICES, STAYS_A_LEAD, sufficient, what_is_missing

KINDS = [kind.value for kind in IdentifierKind]
PRIMARY = ["fingerprints", "dental", "dna"]

policies = st.builds(
    PurposePolicy,
    purpose=st.sampled_from(list(Purpose)),
    corroboration_required=st.booleans(),
    sufficient_kinds=st.lists(st.sampled_from(KINDS), unique=True),
    sufficient_together=st.sampled_from([0, 2, 3, 4, 9]),
)
kinds = st.lists(st.sampled_from(KINDS))


def usual(purpose: Purpose, **changes: object) -> PurposePolicy:
    return PurposePolicy(purpose=purpose, **FIRST_POLICIES[purpose] | changes)


@pytest.mark.parametrize("kind", PRIMARY)
def test_one_primary_identifier_suffices_for_the_deceased(kind: str) -> None:
    assert sufficient(usual(Purpose.DECEASED), [kind])


@pytest.mark.parametrize("kind", sorted(set(KINDS) - set(PRIMARY)))
def test_one_secondary_identifier_does_not_suffice_for_the_deceased(kind: str) -> None:
    assert not sufficient(usual(Purpose.DECEASED), [kind])


@pytest.mark.parametrize("pair", [*combinations(sorted(set(KINDS) - set(PRIMARY)), 2)])
def test_two_secondary_identifiers_of_different_kinds_suffice_together(pair: tuple[str, str]) -> None:
    assert sufficient(usual(Purpose.DECEASED), pair)


def test_several_of_one_kind_count_as_one() -> None:
    assert not sufficient(usual(Purpose.DECEASED), ["tattoo", "tattoo", "tattoo"])


@pytest.mark.parametrize("kind", ["document", "statement"])
def test_document_or_statement_suffices_for_the_captured(kind: str) -> None:
    assert sufficient(usual(Purpose.CAPTURED), [kind])
    assert not sufficient(usual(Purpose.CAPTURED), ["location"])


def test_missing_needs_an_identifier_only_where_the_policy_asks_for_one() -> None:
    assert sufficient(usual(Purpose.MISSING), [])
    strict = usual(Purpose.MISSING, corroboration_required=True)
    assert not sufficient(strict, [])
    assert sufficient(strict, ["location"])


@given(policies, kinds)
def test_incident_never_becomes_more_than_a_lead(policy: PurposePolicy, found: list[str]) -> None:
    policy.purpose = Purpose.INCIDENT
    assert not sufficient(policy, found)
    assert what_is_missing(policy, found) == STAYS_A_LEAD


@given(policies)
def test_deceased_and_captured_never_without_an_identifier(policy: PurposePolicy) -> None:
    """Also where a policy were loosened below what PostgreSQL lets anybody write."""
    for purpose in (Purpose.DECEASED, Purpose.CAPTURED):
        policy.purpose = purpose
        assert not sufficient(policy, [])


@given(policies, st.lists(st.text(max_size=8)))
def test_unknown_kinds_count_for_nothing(policy: PurposePolicy, unknown: list[str]) -> None:
    strange = [text for text in unknown if text not in KINDS]
    assert sufficient(policy, strange) == sufficient(policy, [])


@given(policies, kinds, kinds)
def test_more_evidence_never_takes_away_what_suffices(policy: PurposePolicy, found: list[str], more: list[str]) -> None:
    assert not sufficient(policy, found) or sufficient(policy, [*found, *more])


@given(policies, kinds)
def test_something_is_missing_exactly_where_it_does_not_suffice(policy: PurposePolicy, found: list[str]) -> None:
    missing = what_is_missing(policy, found)
    assert bool(missing) != sufficient(policy, found)
    assert not missing or missing.endswith(".")


@given(policies, kinds, st.randoms())
def test_order_does_not_matter(policy: PurposePolicy, found: list[str], random) -> None:
    shuffled: Sequence[str] = random.sample(found, len(found))
    assert what_is_missing(policy, shuffled) == what_is_missing(policy, found)


@pytest.mark.parametrize("together", [0, 1])
def test_together_means_two_or_more(together: int) -> None:
    """A policy of one together would let any single identifier do; PostgreSQL refuses it, and so does this."""
    assert not sufficient(usual(Purpose.DECEASED, sufficient_together=together), ["tattoo", "scar"])


ONE_PRIMARY = "Still missing: one verified primary identifier (fingerprints, dental records or DNA), or "


@pytest.mark.parametrize(
    ("policy", "found", "sentence"),
    [
        (
            usual(Purpose.DECEASED), [],
            ONE_PRIMARY + "two verified identifiers of different kinds together.",
        ),
        (
            usual(Purpose.DECEASED), ["scar"],
            ONE_PRIMARY + "one more verified identifier of another kind, besides what is there (scar or other mark).",
        ),
        (
            usual(Purpose.DECEASED, sufficient_together=4), ["effects", "tattoo"],
            ONE_PRIMARY
            + "two more verified identifiers of other kinds, besides what is there (tattoo and personal effects).",
        ),
        (
            usual(Purpose.CAPTURED, sufficient_together=0), [],
            ONE_PRIMARY + "one verified identifier of another kind (document or statement).",
        ),
        (
            usual(Purpose.MISSING, corroboration_required=True, sufficient_kinds=["location"], sufficient_together=0),
            [],
            "Still missing: one verified identifier (location).",
        ),
        (
            usual(Purpose.DECEASED, sufficient_kinds=["dna"], sufficient_together=0), ["dental"],
            "Still missing: one verified primary identifier (DNA).",
        ),
        (usual(Purpose.DECEASED, sufficient_kinds=[], sufficient_together=0), ["dna"], NOTHING_SUFFICES),
        (usual(Purpose.DECEASED), ["dna"], ""),
        (usual(Purpose.MISSING), [], ""),
    ],
)  # fmt: skip
def test_what_is_missing_is_said_in_a_sentence(policy: PurposePolicy, found: list[str], sentence: str) -> None:
    assert what_is_missing(policy, found) == sentence
