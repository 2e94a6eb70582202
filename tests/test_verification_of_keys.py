"""Verifying asks for each key's entry: a key that somebody adds, exchanges or takes away is no key of this log."""

from collections.abc import Callable

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.conf import settings

from accounts.models import User
from audit.keys import ensure_key, load_signer, rotate_key, verifier_keys
from audit.models import Checkpoint, Entry, SigningKey, Verification
from audit.notes import Signer, VerifierKey, handover_text
from tests import tampering
from tests.audit_fixtures import verified, write_viewed
from tests.sequencing import signed
from tests.tampering import Do

owner = tampering.owner
ADD = "INSERT INTO audit_signingkey (vkey, handover, made_at) VALUES (%s, %s, now())"
NEWEST = "(SELECT max(id) FROM audit_signingkey)"
OLDEST = "(SELECT min(id) FROM audit_signingkey)"
ROTATED = "(SELECT id FROM audit_entry WHERE kind = 'audit:key:rotated/1')"


@pytest.fixture
def keys(auditor: User) -> tuple[str, str]:
    """A log with two keys, the first of which handed over; their ids."""
    write_viewed(auditor)
    signed()
    rotate_key()
    signed()
    first, second = verifier_keys()
    return first.id.hex(), second.id.hex()


def stranger() -> Signer:
    return Signer(settings.AUDIT_ORIGIN, Ed25519PrivateKey.from_private_bytes(bytes(range(32))))


STRANGER = stranger().key.id.hex()


def note_of_handover(by: Signer, new: VerifierKey) -> str:
    return str(by.sign(handover_text(by.key, new)))


def add_a_key_as_if_the_last_were_lost(do: Do) -> None:
    do(ADD, [str(stranger().key), ""])


def add_a_key_to_which_the_last_hands_over(do: Do) -> None:
    """Who has the signer's key can sign that, and adds no entry."""
    do(ADD, [str(stranger().key), note_of_handover(load_signer()[1], stranger().key)])


def exchange_the_first_key(do: Do) -> None:
    do(f"UPDATE audit_signingkey SET vkey = %s WHERE id = {OLDEST}", [str(stranger().key)])


def exchange_the_second_key(do: Do) -> None:
    do(f"UPDATE audit_signingkey SET vkey = %s WHERE id = {NEWEST}", [str(stranger().key)])


def take_the_first_key_away(do: Do) -> None:
    do(f"DELETE FROM audit_signingkey WHERE id = {OLDEST}")


def take_the_second_key_away(do: Do) -> None:
    do(f"DELETE FROM audit_signingkey WHERE id = {NEWEST}")


def take_the_handover_away(do: Do) -> None:
    do(f"UPDATE audit_signingkey SET handover = '' WHERE id = {NEWEST}")


def let_a_stranger_hand_over(do: Do) -> None:
    note = note_of_handover(stranger(), verifier_keys()[-1])
    do(f"UPDATE audit_signingkey SET handover = %s WHERE id = {NEWEST}", [note])


def hand_over_in_no_note(do: Do) -> None:
    do(f"UPDATE audit_signingkey SET handover = 'nothing' WHERE id = {NEWEST}")


def write_no_key(do: Do) -> None:
    do(f"UPDATE audit_signingkey SET vkey = 'nothing' WHERE id = {NEWEST}")


def take_the_entry_away(do: Do) -> None:
    do(f"DELETE FROM audit_payload WHERE entry_id = {ROTATED}")
    do(f"DELETE FROM audit_entry WHERE id = {ROTATED}")


def let_the_entry_say_something_else(do: Do) -> None:
    do(f"UPDATE audit_payload SET content = '{{}}' WHERE entry_id = {ROTATED}")


def change_the_kind_of_the_entry(do: Do) -> None:
    do(f"UPDATE audit_entry SET kind = 'audit:log:viewed/1' WHERE id = {ROTATED}")


NO_ENTRY = "no entry of the log says that key {} "
CAUGHT: list[tuple[Callable[[Do], None], str]] = [
    (add_a_key_as_if_the_last_were_lost, NO_ENTRY.format(STRANGER) + "replaced {second}, which was lost"),
    (add_a_key_to_which_the_last_hands_over, NO_ENTRY.format(STRANGER) + "replaced {second}, which handed over"),
    (exchange_the_first_key, NO_ENTRY.format(STRANGER) + "was made"),
    (exchange_the_second_key, NO_ENTRY.format(STRANGER) + "replaced {first}, which handed over"),
    (take_the_first_key_away, NO_ENTRY.format("{second}") + "was made"),
    (take_the_second_key_away, "is signed by no key of this log"),
    (take_the_handover_away, NO_ENTRY.format("{second}") + "replaced {first}, which was lost"),
    (let_a_stranger_hand_over, "The note carries no signature of localhost/countersign ({first})"),
    (hand_over_in_no_note, "This is no signed note"),
    (write_no_key, "'nothing' is no vkey"),
    (take_the_entry_away, NO_ENTRY.format("{second}") + "replaced {first}, which handed over"),
    (let_the_entry_say_something_else, NO_ENTRY.format("{second}") + "replaced {first}, which handed over"),
    (change_the_kind_of_the_entry, NO_ENTRY.format("{second}") + "replaced {first}, which handed over"),
]


@pytest.mark.parametrize(("tamper", "sentence"), CAUGHT, ids=lambda one: getattr(one, "__name__", ""))
def test_key_that_its_entry_does_not_bear_out_is_found(keys: tuple[str, str], owner: Do, tamper, sentence: str) -> None:
    tamper(owner)
    found = verified()
    assert found.state == Verification.State.FAILED
    assert sentence.format(first=keys[0], second=keys[1]) in found.finding
    assert (found.done, found.at_entry) == (0, None)


def test_keys_that_their_entries_bear_out_hold(keys: tuple[str, str]) -> None:
    assert verified().state == Verification.State.HELD


def test_handover_to_another_key_is_found(keys: tuple[str, str], owner: Do) -> None:
    """The right key signed it, for somebody else."""
    note = note_of_handover(load_signer()[1], stranger().key)
    rotate_key()
    newest = verifier_keys()[-1].id.hex()
    owner(f"UPDATE audit_signingkey SET handover = %s WHERE id = {NEWEST}", [note])
    assert f"key {keys[1]} handed over to another key than {newest}" in verified().finding


def test_entry_that_waits_for_its_place_bears_a_key_out(db: None) -> None:
    ensure_key()
    rotate_key()
    assert not Entry.objects.filter(place__isnull=False).exists()
    assert verified().state == Verification.State.HELD
    assert SigningKey.objects.count() == 2
    assert not Checkpoint.objects.exists()
