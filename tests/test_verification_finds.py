"""Verifying the whole log: whatever was tampered with is named."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from django.conf import settings

from accounts.models import User
from audit.keys import rotate_key
from audit.models import Checkpoint, Entry, TreeState, Verification
from tests import tampering
from tests.audit_fixtures import verified, write_entries
from tests.sequencing import signed

log, owner = tampering.log, tampering.owner


def test_whole_log_holds(log: Checkpoint) -> None:
    found = verified()
    assert (found.state, found.finding) == (Verification.State.HELD, "")
    assert (found.done, found.size, found.erased) == (log.size, log.size, 1)
    assert found.checkpoints == Checkpoint.objects.count() == 2


def test_empty_log_holds(db: None) -> None:
    assert verified().state == Verification.State.HELD


CAUGHT: list[tuple[Callable[[tampering.Do], None], str, int | None]] = [
    (tampering.forge_leaf, r"Entry 5 \(.*\) isn't what was hashed", 5),
    (tampering.forge_leaf_and_hash, r"don't lead to the root that was kept|signed over other entries", 0),
    (tampering.forge_column, r"Entry 5 \(.*\) is filed under another agency", 5),
    (tampering.forge_time, r"Entry 5 \(.*\) is filed under another recorded at", 5),
    (tampering.forge_payload, r"What entry 7 \(.*\) says isn't what its leaf commits to", 7),
    (tampering.forge_salt, r"What entry 5 \(.*\) says isn't what its leaf commits to", 5),
    (tampering.remove_payload, r"What entry 5 \(.*\) said is missing, and no entry", 5),
    (tampering.blank_payload, r"What entry 5 \(.*\) said is missing, and no entry", 5),
    (tampering.put_erasure_down_to_another, r"should have erased it, doesn't say so", 5),
    (tampering.put_erasure_down_to_another_erasure, r"should have erased it, doesn't say so", 5),
    (tampering.remove_place, "No entry has place 5", 5),
    (tampering.remove_entry, "entry with place 5 in the log is gone", 5),
    (tampering.cut_the_end_off, "No entry has place 520", 520),
    (tampering.swap_two, r"don't lead to the root that was kept|signed over other entries", 0),
    (tampering.forge_kept_root, "Entries 256 to 511 don't lead to the root", 256),
    (tampering.remove_kept_root, "Entries 0 to 255 don't lead to the root", 0),
    (tampering.forge_root_of_checkpoint, "signed over other entries", None),
    (tampering.forge_note, "isn't signed as it should be", None),
    (tampering.refile_checkpoint, "another size or root than its signed text", None),
    (tampering.forge_handover, "signing key of .* isn't as it should be", None),
]


@pytest.mark.parametrize(("tamper", "sentence", "index"), CAUGHT, ids=lambda one: getattr(one, "__name__", ""))
def test_what_was_tampered_with_is_named(log: Checkpoint, owner, tamper, sentence: str, index: int | None) -> None:
    tamper(owner)
    found = verified()
    assert found.state == Verification.State.FAILED
    assert re.search(sentence, found.finding), found.finding
    assert found.finding.count(". ") == 0, "one sentence"
    if index is not None:
        assert found.at_entry in (index, None)


def test_log_that_was_wound_back_behind_a_checkpoint_is_caught(log: Checkpoint, owner) -> None:
    """Places and the sequencer's state of an earlier moment, while a later checkpoint is still there."""
    first = Checkpoint.objects.earliest("id")
    owner("DELETE FROM audit_leaf WHERE leaf_index >= %s", [first.size])
    TreeState.objects.update(size=first.size, frontier=bytes(first.frontier))
    assert verified().finding == f"No entry has place {first.size} in the log: it is gone, or its place is."


def test_forged_frontier_of_the_sequencer_is_caught(log: Checkpoint) -> None:
    TreeState.objects.update(frontier=bytes(32) + bytes(TreeState.objects.get().frontier)[32:])
    assert "the frontier that was kept" in verified().finding


def test_entry_that_the_sequencer_passed_by_is_caught(log: Checkpoint, auditor: User) -> None:
    entry = write_entries(auditor, 1)[0]
    assert verified().state == Verification.State.HELD, "it waits, and is looked at again"
    TreeState.objects.update(settled=Entry.objects.get(pk=entry.pk).written_in + 1)
    assert verified().finding == f"Entry {entry.uid} was written and has no place in the log."


def test_key_that_was_lost_is_no_failure(log: Checkpoint) -> None:
    Path(settings.AUDIT_KEY_FILE).unlink()
    rotate_key(lost=True)
    signed()
    assert verified().state == Verification.State.HELD
