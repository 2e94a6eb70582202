"""Every committed entry gets exactly one place, in a gapless order, whatever happens to the sequencer."""

from accounts.models import User
from audit.keys import verifier_keys
from audit.models import Entry, Leaf, Subtree, TreeState
from audit.notes import Checkpoint as Head
from audit.notes import Note
from audit.sequencer import advance
from audit.tree import root_of
from tests.audit_fixtures import write_entries
from tests.sequencing import signed


def test_entries_get_gapless_places(auditor: User) -> None:
    write_entries(auditor, 700)
    while advance(batch=100):
        pass
    assert list(Leaf.objects.order_by("index").values_list("index", flat=True)) == list(range(Entry.objects.count()))
    state = TreeState.objects.get()
    assert state.size == Entry.objects.count()
    assert Subtree.objects.filter(height=8).count() == state.size // 256


def test_signed_root_is_that_of_the_leaves(auditor: User) -> None:
    write_entries(auditor, 300)
    checkpoint = signed()
    leaves = Leaf.objects.order_by("index").values_list("entry__leaf_hash", flat=True)
    assert bytes(checkpoint.root) == root_of(map(bytes, leaves))
    note = Note.parsed(checkpoint.note)
    note.signed_by(verifier_keys()[-1])
    assert Head.parsed(note.text).size == checkpoint.size == len(leaves)
