"""A reference is searched while its photograph shows exactly one face; a person may mend one that doesn't."""

from collections.abc import Callable
from contextlib import suppress

import numpy as np
import pytest

from accounts.models import User
from audit.models import Entry
from identification.errors import IdentificationError, NotPermitted
from identification.models import Candidate, Case, Encoder, Gallery, Reference, Search
from identification.selectors import references_worth_replacing
from identification.services import correction as correcting
from identification.services.reference import AlreadyProposed
from tests import factories
from tests.conftest import StandInModels
from tests.correction_scene import BOX, ELSEWHERE, SEEN, read, reference_with, standing
from tests.threads import in_threads


@pytest.fixture
def reference_of(requester: User, gallery: Gallery, encoder: Encoder, random_vectors) -> Callable[[int], Reference]:
    """Hand in a reference in which so many faces are found."""
    return lambda number: reference_with(requester, gallery, encoder, *(random_vectors() for _ in range(number)))


@pytest.fixture(autouse=True)
def _sees(models: StandInModels, random_vectors) -> None:
    models.in_box, models.vectors = SEEN, [random_vectors()]


def as_it_is(reference: Reference) -> Reference:
    return Reference.objects.select_related("photograph", "face").get(pk=reference.pk)


def test_reference_without_a_face_is_mended_by_drawing_one(
    reference_of: Callable[[int], Reference], requester: User, case: Case, encoder: Encoder, random_vectors
) -> None:
    reference = reference_of(0)
    assert reference.photograph.state == "refused"
    read(correcting.add_face(actor=requester, photograph=reference.photograph, box=BOX))
    reference = as_it_is(reference)
    assert (reference.photograph.state, reference.photograph.reason) == ("analysed", "")
    assert reference.face == standing(reference.photograph)[0]
    assert Entry.objects.filter(kind="identification:reference:settled/1").count() == 1
    found = factories.searched(requester, case, encoder, random_vectors())
    assert found.candidates.get().reference == reference


def test_reference_with_several_faces_is_mended_by_taking_the_others_out(
    reference_of: Callable[[int], Reference], requester: User
) -> None:
    reference = reference_of(3)
    first, second, third = standing(reference.photograph)
    correcting.remove_face(actor=requester, face=first)
    assert as_it_is(reference).photograph.reason.startswith("2 faces were found.")
    correcting.remove_face(actor=requester, face=third)
    mended = as_it_is(reference)
    assert (mended.face, mended.photograph.state) == (second, "analysed")


def test_moved_face_leaves_the_searches_until_it_was_read(
    reference_of: Callable[[int], Reference], requester: User, case: Case, encoder: Encoder, random_vectors
) -> None:
    reference = reference_of(1)
    moved = correcting.move_face(actor=requester, face=reference.face, box=BOX)
    assert as_it_is(reference).face is None
    assert factories.searched(requester, case, encoder, random_vectors()).candidates.count() == 0
    read(moved)
    assert as_it_is(reference).face == moved.face


def test_taking_the_only_face_out_refuses_the_reference(
    reference_of: Callable[[int], Reference], requester: User
) -> None:
    reference = reference_of(1)
    correcting.remove_face(actor=requester, face=reference.face)
    now = as_it_is(reference)
    assert (now.face, now.photograph.state) == (None, "refused")
    assert "correct the faces" in now.photograph.reason


def test_second_box_on_a_reference_refuses_it_and_leaving_it_out_restores_it(
    reference_of: Callable[[int], Reference], requester: User, models: StandInModels
) -> None:
    reference = reference_of(1)
    models.in_box = None
    drawn = correcting.add_face(actor=requester, photograph=reference.photograph, box=ELSEWHERE)
    assert as_it_is(reference).face is None, "not searched until it is clear which face it is"
    read(drawn)
    correcting.dismiss_correction(actor=requester, correction=drawn)
    assert as_it_is(reference).face == reference.face
    models.in_box = SEEN
    read(correcting.add_face(actor=requester, photograph=reference.photograph, box=ELSEWHERE))
    now = as_it_is(reference)
    assert (now.face, now.photograph.state, now.photograph.reason[:20]) == (None, "refused", "2 faces were found. ")


def test_reference_that_was_proposed_stays_as_it_was_compared(
    reference_of: Callable[[int], Reference], requester: User, case: Case, encoder: Encoder, random_vectors
) -> None:
    reference = reference_of(1)
    factories.searched(requester, case, encoder, random_vectors())
    for call in (
        lambda: correcting.move_face(actor=requester, face=reference.face, box=BOX),
        lambda: correcting.remove_face(actor=requester, face=reference.face),
        lambda: correcting.add_face(actor=requester, photograph=reference.photograph, box=BOX),
    ):
        with pytest.raises(AlreadyProposed, match="enrol another photograph of the person"):
            call()
    assert as_it_is(reference).face == reference.face


@pytest.mark.django_db(transaction=True)
def test_search_and_correction_at_once_never_leave_a_candidate_without_its_face(
    reference_of: Callable[[int], Reference], requester: User, case: Case, encoder: Encoder, random_vectors
) -> None:
    for _ in range(10):
        reference = reference_of(1)
        vector = random_vectors()

        def act(which: int, reference: Reference = reference, vector: np.ndarray = vector) -> object:
            if which:
                return factories.searched(requester, case, encoder, vector)
            try:
                return correcting.move_face(actor=requester, face=reference.face, box=BOX)
            except AlreadyProposed:
                return None

        with suppress(Search.DoesNotExist):  # where the search lost, its job is due again
            in_threads(2, act)
        proposed = Candidate.objects.filter(reference=reference).first()
        now = as_it_is(reference)
        assert (proposed is None) or (proposed.face_id == now.face_id)
        assert (now.face is None) == (now.photograph.corrections.count() == 1)


@pytest.mark.parametrize(("name", "may"), [("administrator", True), ("first_reviewer", False), ("outsider", False)])
def test_references_are_corrected_by_those_who_may_enrol(
    request: pytest.FixtureRequest, reference_of: Callable[[int], Reference], name: str, may: bool
) -> None:
    reference, actor = reference_of(1), request.getfixturevalue(name)
    if may:
        correcting.remove_face(actor=actor, face=reference.face)
        return
    with pytest.raises(NotPermitted):
        correcting.remove_face(actor=actor, face=reference.face)


def test_photograph_that_could_not_be_opened_has_nothing_to_correct(
    reference_of: Callable[[int], Reference], requester: User
) -> None:
    from identification import storage

    reference = reference_of(0)
    storage.derivative_path(reference.photograph.pk).unlink()
    with pytest.raises(IdentificationError, match="has not been read"):
        correcting.add_face(actor=requester, photograph=reference.photograph, box=BOX)


def test_weakest_references_come_first_and_only_with_something_to_say(
    reference_of: Callable[[int], Reference], requester: User, gallery: Gallery, outsider: User
) -> None:
    said = [
        (60.0, {"inter_eye_distance": 90.0}),
        (5.0, {"inter_eye_distance": 9.0}),
        (2.0, {"inter_eye_distance": 5.0}),
    ]
    references = [reference_of(1) for _ in said]
    for reference, (quality, measures) in zip(references, said, strict=True):
        type(reference.face).objects.filter(pk=reference.face.pk).update(quality=quality, measures=measures)
    assert references_worth_replacing(requester, gallery) == [references[2], references[1]]
    assert references_worth_replacing(outsider, gallery) == []
