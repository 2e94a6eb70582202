"""Every address of the site leaves an entry when somebody looks, or stands in SHOWS_NOBODY with the reason why not.

The administration apart: it shows the accounts, galleries' names and settings, and what is changed there is recorded.
"""

from collections.abc import Callable
from typing import Any

import pytest
from django.urls import resolve, reverse

from accounts.models import User
from audit.models import Entry
from tests import corroboration_scene, exporting
from tests.corroboration_scene import confirmed, recorded
from tests.reports import with_closeup
from tests.review_pages import position_of
from tests.sequencing import signed
from tests.staged import Stage, newest_id, stage  # noqa: F401  (a fixture)
from tests.world import World, addresses, read

conclusion, recorder = corroboration_scene.conclusion, corroboration_scene.recorder
verifier, asserter, sequencer = corroboration_scene.verifier, corroboration_scene.asserter, exporting.sequencer

A_FORM = "an empty form, or one's own step to be confirmed"
AN_ACT = "it shows nothing; what it does is recorded"
LEADS_ON = "it leads on to another page"
OF_THE_LOG = "hashes, signatures, sizes and times, which say nothing about anybody"
OF_ENCODERS = "models and their numbers"
SHOWS_NOBODY = {
    "home": LEADS_ON,
    "accounts:sign-in": A_FORM,
    "accounts:password": A_FORM,
    "accounts:sign-out": AN_ACT,
    "identification:open-case": A_FORM,
    "identification:add-photographs": AN_ACT,
    "identification:try-again": AN_ACT,
    "identification:dismiss-correction": AN_ACT,
    "identification:choose-probe": AN_ACT,
    "identification:search-again": AN_ACT,
    "identification:galleries": "galleries by name, with how many people they hold",
    "identification:enrol": A_FORM,
    "identification:encoders": OF_ENCODERS,
    "identification:activate-encoder": OF_ENCODERS,
    "identification:cancel-preparation": AN_ACT,
    "review:queue": "how many wait, and one's own work by the numbers of its cases",
    "review:next": AN_ACT,
    "review:work": LEADS_ON,
    "review:compare-first": LEADS_ON,
    "review:reveal": AN_ACT,
    "review:draft": AN_ACT,
    "review:decline": A_FORM,
    "review:stay": AN_ACT,
    "review:leave": AN_ACT,
    "review:later": AN_ACT,
    "review:note": "a note that is refused comes back on the page of what was signed, and is recorded as a look at it",
    "review:agreements": "agencies, and for how many reviews people are lacking, by the numbers of their cases",
    "review:accept-agreement": AN_ACT,
    "review:end-agreement": AN_ACT,
    "review:reopen": AN_ACT,
    "audit:exports": "exports asked for, by format and size; asking and downloading are recorded",
    "audit:checkpoints": OF_THE_LOG,
    "audit:sign-now": AN_ACT,
    "audit:checkpoint-note": OF_THE_LOG,
    "audit:consistency-proof": OF_THE_LOG,
    "audit:verifications": OF_THE_LOG,
    "audit:verify-now": AN_ACT,
    "audit:checkpoint": OF_THE_LOG,
    "audit:checkpoint-over": OF_THE_LOG,
    "audit:checkpoint-list": OF_THE_LOG,
    "audit:consistency": OF_THE_LOG,
    "audit:keys": OF_THE_LOG,
    "audit:handovers": OF_THE_LOG,
    "audit:verify-bundle": "a bundle is verified in the visitor's own browser",
    "audit:verifier": "a file that everybody may have",
}

# Who looks, the arguments of the address, and the kinds of the entries that the look leaves.
Look = tuple[User, list[Any], list[str]]
PHOTOGRAPH, WORK = "identification:photograph:viewed/1", "review:work:viewed/1"
CANDIDATES, FACES = "review:candidates:viewed/1", "identification:faces:viewed/1"
CORROBORATION = "review:corroboration:viewed/1"


def at_photograph(s: Stage) -> Look:
    return s.requester, [s.review.probe.face.photograph_id], [PHOTOGRAPH]


def at_compared(s: Stage) -> Look:
    place = s.place_past(comparison=True)
    return s.first_reviewer, [place.pk, position_of(place, s.people[0])], [CANDIDATES]


def at_candidates_picture(s: Stage) -> Look:
    place = s.place_past(comparison=False)
    return s.first_reviewer, [place.pk, 1, 1, "crop"], [PHOTOGRAPH]


def at_picture_of_a_report(s: Stage) -> Look:
    with_closeup(s.conclusion.review.probe.face)
    return s.recorder, [s.conclusion.pk, 1], [PHOTOGRAPH]


def at_proof(s: Stage) -> Look:
    entry = Entry.objects.filter(case=str(s.case.pk)).order_by("id")[0]
    signed()
    return s.auditor, [entry.uid], ["audit:entry:viewed/1"]


def at_identifier(kind: str) -> Callable[[Stage], Look]:
    return lambda s: (s.verifier, [recorded(s.recorder, s.conclusion).pk], [kind])


def at_assertion(s: Stage) -> Look:
    confirmed(s.recorder, s.verifier, s.conclusion)
    return s.asserter, [s.conclusion.pk], [CORROBORATION]


def at_ended(kind: str) -> Callable[[Stage], Look]:
    return lambda s: (s.requester, [s.conclusion.pk], [kind])


def of_world(user: str, *names: str, kind: str) -> Callable[[Stage], Look]:
    return lambda s: (getattr(s, user), [s.world.ids()[name] for name in names], [kind])


LOOKS: dict[str, Callable[[Stage], Look]] = {
    "identification:cases": lambda s: (s.requester, [], ["identification:cases:viewed/1"]),
    "identification:case": of_world("requester", "case_id", kind="identification:case:viewed/1"),
    "identification:photograph-image": at_photograph,
    "identification:face-image": lambda s: (s.requester, [s.review.probe.face_id], [PHOTOGRAPH]),
    "identification:box-image": lambda s: (s.requester, [s.drawn_box().pk], [PHOTOGRAPH]),
    "identification:faces": of_world("requester", "photograph_id", kind=FACES),
    "identification:remove-face": of_world("requester", "face_id", kind=FACES),
    "identification:landmarks": of_world("requester", "correction_id", kind=FACES),
    "identification:gallery": of_world("administrator", "gallery_id", kind="identification:gallery:viewed/1"),
    "identification:withdraw-reference": of_world(
        "administrator", "reference_id", kind="identification:reference:viewed/1"
    ),
    "review:probe": lambda s: (s.first_reviewer, [s.place().pk], [WORK]),
    "review:probe-image": lambda s: (s.first_reviewer, [s.place().pk, "crop"], [PHOTOGRAPH]),
    "review:candidates": lambda s: (s.first_reviewer, [s.place_past(comparison=False).pk], [CANDIDATES]),
    "review:candidate-image": at_candidates_picture,
    "review:compare": at_compared,
    "review:conclude": lambda s: (s.first_reviewer, [s.place_past(comparison=True).pk], [WORK]),
    "review:differing": lambda s: (
        s.adjudicator, [s.place_in_a_discordant_review().pk], ["review:assessments:read/1", WORK],
    ),
    "review:signed": lambda s: (s.first_reviewer, [s.signed_place().pk], ["review:assessment:viewed/1"]),
    "review:conclusion": at_ended("review:conclusion:viewed/1"),
    "review:history": at_ended("review:history:viewed/1"),
    "review:report": at_ended("review:report:made/1"),
    "review:report-pdf": at_ended("review:report:made/1"),
    "review:report-picture": at_picture_of_a_report,
    "review:record-identifier": lambda s: (s.recorder, [s.conclusion.pk], [CORROBORATION]),
    "review:verify-identifier": at_identifier(CORROBORATION),
    "review:identifier-file": at_identifier("review:identifier:viewed/1"),
    "review:assert-identity": at_assertion,
    "audit:log": lambda s: (s.auditor, [], ["audit:log:viewed/1"]),
    "audit:uses": lambda s: (s.auditor, [], ["audit:uses:viewed/1"]),
    "audit:case": lambda s: (s.auditor, [s.case.pk], ["audit:timeline:viewed/1"]),
    "audit:entry": of_world("auditor", "uid", kind="audit:entry:viewed/1"),
    "audit:proof": at_proof,
    "audit:download-export": lambda s: (
        s.auditor, [exporting.exported(s.auditor, "jsonl").pk], ["audit:export:downloaded/1"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", LOOKS)
def test_look_leaves_its_entry(db: None, stage: Stage, name: str) -> None:  # noqa: F811
    viewer, args, kinds = LOOKS[name](stage)
    client = stage.browser(viewer)
    before = newest_id()
    answer = read(client.get(reverse(name, args=args)))
    assert answer.status_code == 200
    left = Entry.objects.filter(pk__gt=before).order_by("id")
    assert [entry.kind for entry in left] == kinds
    assert {(entry.actor, entry.agency) for entry in left} == {(viewer, stage.agency)}


def test_look_at_the_history_of_a_review_that_is_open_is_on_record_and_bars_nobody(stage: Stage) -> None:  # noqa: F811
    review = stage.review
    stage.browser(stage.first_reviewer).get(reverse("review:history", args=[review.pk]))
    entry = Entry.objects.get(kind="review:review:viewed/1")
    assert (entry.subject_id, entry.case, entry.actor) == (str(review.pk), str(review.case_id), stage.first_reviewer)
    assert stage.place().review == review


def test_no_address_is_left_out(world: World) -> None:
    found = {resolve(address).view_name for route, address in addresses(world.ids()) if not route.startswith("admin/")}
    assert found == LOOKS.keys() | SHOWS_NOBODY.keys()
    assert not LOOKS.keys() & SHOWS_NOBODY.keys()
