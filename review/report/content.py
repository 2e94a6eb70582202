"""A report from what the database holds: what was asked, how it was searched, who found what, what it amounts to."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from identification.models import Search
from review import selectors
from review.corrected import ENDED
from review.models import Assessment, Conclusion, Review, ReviewState
from review.report import words
from review.report.compared import Album, Cast, cast_of, comparisons_of, people_compared
from review.report.corroboration import about_corroboration, identification_facts, identifiers_of, signature_of
from review.report.signed import analysis_facts, document_of, level_in_words, mapping
from review.report.structure import Fact, Finding, Note, Report, Signature
from review.standing import standing_of


def report_of(review: Review, *, with_pictures: bool) -> Report:
    """Return the report of an ended review; the same record gives the same report, whoever asks and whenever."""
    assessments = _assessments(review)
    cast, album = cast_of(review, assessments), Album()
    probe = album.put("The person in this photograph", review.probe.face_id, review.probe.photograph.sha256)
    people = people_compared(review, cast, album)
    conclusion: Conclusion | None = getattr(review, "conclusion", None)
    purpose = review.case.get_purpose_display()
    standing = words.capitalised(standing_of(review))
    superseded, short = _superseded(review)
    return Report(
        review_id=review.pk,
        case_number=review.case.number,
        agency=str(review.case.agency),
        purpose=purpose,
        standing=standing,
        running=" · ".join(filter(None, (f"Case {review.case.number}", purpose, standing, short))),
        warning=words.unless_asserted(review),
        as_of=words.moment(max(_moments(review, assessments))),
        lead=words.lead(review, assessments),
        superseded=superseded,
        with_pictures=with_pictures,
        about_pictures=words.about_pictures(review.case.purpose, shown=with_pictures),
        asked=tuple(_asked(review)),
        probe=probe,
        method=tuple(_method(review, conclusion, assessments)),
        about_method=(
            "Nobody who assessed was shown a score, a rank or another's finding before signing. A comparison score "
            "rises with likeness; it is neither a probability nor a share of anything."
        ),
        about_people=_about_people(review, cast),
        people=people,
        findings_title=f"What {words.counted(len(assessments), 'person', 'people')} found",
        findings=tuple(_finding(each, conclusion, cast, album) for each in assessments),
        fused=words.fused(conclusion.fused_rating if conclusion else None),
        adjudication=_adjudication(conclusion, assessments),
        meaning=words.what_it_means(review),
        next_step=words.what_comes_next(review),
        about_corroboration=about_corroboration(review),
        identifiers=identifiers_of(conclusion),
        identification=identification_facts(conclusion),
        signatures=tuple(_signatures(assessments, conclusion)),
        about_signatures=_about_signatures(review),
        history=tuple(_history(review)),
    )


def _assessments(review: Review) -> list[Assessment]:
    """The reviewers in the order of their numbers, which says nothing, then whoever adjudicated."""
    found = review.assessments.select_related("reviewer", "person", "assignment").prefetch_related("notes__author")
    assessments = list(found.order_by("-part", "reviewer_id"))
    for assessment in assessments:
        assessment.review = assessment.assignment.review = review
    return assessments


def _asked(review: Review) -> Iterator[Fact]:
    case, photograph = review.case, review.probe.photograph
    yield Fact("Question", "Is the person in this photograph among the people of the galleries searched?")
    yield Fact("Case", f"{case.number}, {case.get_purpose_display().lower()}")
    yield Fact("Agency", str(case.agency))
    yield Fact("Authority", case.authority)
    yield Fact("Place and date", f"{case.place}, {words.day(case.occurred_on)}")
    yield Fact("Requested by", f"{review.requested_by}, who took no part in the assessments")
    received = f"{photograph.file_name}, received {words.moment(photograph.received_at)}"
    yield Fact("Photograph", received)
    yield Fact("SHA-256", code=photograph.sha256)


def _method(review: Review, conclusion: Conclusion | None, assessments: Sequence[Assessment]) -> Iterator[Fact]:
    search, encoder = review.search, review.search.encoder
    yield Fact("Encoder", str(encoder))
    yield Fact("Its weights, SHA-256", code=encoder.weights_sha256)
    for gallery in search.galleries.order_by("name"):
        yield Fact(
            "Gallery", f"{gallery.name}, {gallery.get_kind_display().lower()}. Lawful basis: {gallery.lawful_basis}"
        )
    yield Fact("Compared", f"{_references(search)} of {words.numbered(search.persons_compared, 'person', 'people')}")
    yield Fact("Search", f"{search.get_method_display()}, on {words.moment(search.ran_at)}")
    cut_off = "none" if search.cut_off is None else f"scores from {search.cut_off:.3f}"
    yield Fact("List", f"at most {search.list_length} people; cut-off: {cut_off}")
    proposed = search.candidates.count()
    yield Fact("Proposed", f"{words.numbered(proposed, 'candidate', 'candidates')}, {_looked_at(assessments)}")
    told = _chance(conclusion, assessments)
    if told:
        yield Fact("By chance", told)
    yield Fact("Evidence, SHA-256", code=review.evidence_sha256)


def _references(search: Search) -> str:
    return words.numbered(search.gallery_size, "reference", "references")


def _looked_at(assessments: Sequence[Assessment]) -> str:
    compared = sum(bool(each.assignment.compared_at) for each in assessments)
    if not compared:
        return "which nobody looked at"
    return f"all of which {words.counted(compared, 'person', 'people')} looked at, each in an order of their own"


def _chance(conclusion: Conclusion | None, assessments: Sequence[Assessment]) -> str:
    """How often chance gives the concluded person's score; empty where nobody is concluded or nothing was measured."""
    if conclusion is None or conclusion.person_id is None:
        return ""
    agreeing = next(each for each in assessments if each.finding == conclusion.finding)
    told = selectors.chance_of_score(agreeing)
    return f"{told.sentence} Measured on {told.calibration.data}." if told else ""


def _about_people(review: Review, cast: Cast) -> str:
    proposed, compared = review.search.candidates.count(), len(cast.people)
    listed = words.counted(proposed, "person was", "people were")
    if not proposed:
        return "The search proposed nobody."
    if not compared:
        return (
            f"{words.capitalised(listed)} proposed. Nobody was retained for close comparison, so nobody is named here."
        )
    closely = words.counted(compared, "person was", "people were")
    others = " The others are not named here." if proposed > compared else ""
    return f"{words.capitalised(listed)} proposed; {closely} compared closely.{others}"


def _finding(assessment: Assessment, conclusion: Conclusion | None, cast: Cast, album: Album) -> Finding:
    return Finding(
        name=str(assessment.reviewer),
        part=assessment.get_part_display(),
        dissents=conclusion is not None and assessment.finding != conclusion.finding,
        found=words.found(assessment),
        exclusion=words.exclusion(assessment),
        facts=(*analysis_facts(assessment), *_level(assessment)),
        rationale=assessment.rationale,
        comparisons=comparisons_of(assessment, cast, album),
        notes=tuple(
            Note(note.text, words.moment(note.signed_at), note.document_sha256) for note in assessment.notes.all()
        ),
        signed_at=words.moment(assessment.signed_at),
        sha256=assessment.document_sha256,
    )


def _level(assessment: Assessment) -> Iterator[Fact]:
    if assessment.level is not None:
        yield Fact("Level", words.level(assessment.level, level_in_words(assessment)))


def _adjudication(conclusion: Conclusion | None, assessments: Sequence[Assessment]) -> str:
    before = words.NUMBERS[len(assessments) - 1]
    if conclusion is None:
        return "No finding was shared by more than half of those who signed, so the review is inconclusive."
    if not conclusion.adjudicated:
        return ""
    return (
        f"The {before} reviewers differed. The adjudicator read their rationales without the names before signing. "
        "More than half decide. Who dissents stays on the record."
    )


def _signatures(assessments: Sequence[Assessment], conclusion: Conclusion | None) -> Iterator[Signature]:
    for each in assessments:
        meaning = str(mapping(document_of(each).get("signature")).get("meaning") or "")
        yield Signature(
            str(each.reviewer), each.get_part_display(), meaning, words.moment(each.signed_at), each.document_sha256
        )
        for note in each.notes.all():
            role = f"{each.get_part_display()}, supplementary note"
            yield Signature(str(note.author), role, "", words.moment(note.signed_at), note.document_sha256)
    if conclusion:
        yield from signature_of(conclusion)


def _about_signatures(review: Review) -> str:
    return (
        "Each signature was given with the signer's own password and locks a document whose SHA-256 stands beside it. "
        f"The documents, and this review ({review.pk}), are kept by {review.case.agency}."
    )


def _history(review: Review) -> Iterator[str]:
    """Say what this review refers to and what came after it."""
    earlier = review.refers_to
    if earlier:
        yield f"This review refers to review {earlier.pk}: {_ended_how(earlier)}."
        yield from _opened_because(earlier, "That review")
    yield from _opened_because(review, "This review")
    for later in review.followed_by.order_by("opened_at"):
        opened = words.moment(later.opened_at)
        yield f"Review {later.pk} of the same face followed, opened {opened}: {_ended_how(later)}."
        yield from _opened_because(later, "It")


def _opened_because(review: Review, which: str) -> Iterator[str]:
    reopening = getattr(review, "reopening", None)
    if reopening:
        yield (
            f"{which} was opened anew by {reopening.opened_by} on {words.moment(reopening.opened_at)}. "
            f"{reopening.get_cause_display()}: {reopening.reason}"
        )


def _ended_how(review: Review) -> str:
    if review.state == ReviewState.WITHDRAWN and review.withdrawn_because:
        return f"withdrawn. {review.get_withdrawn_because_display()}"
    if hasattr(review, "conclusion"):
        return f"{standing_of(review)}, concluded {words.moment(review.conclusion.concluded_at)}"
    return standing_of(review)


def _superseded(review: Review) -> tuple[str, str]:
    """Return in a sentence, and in a word for every page, that the face is or was reviewed again; else nothing."""
    later = list(_standing_after(review))
    if any(each.state in ENDED for each in later):
        sentence = "A later review of the same face has ended. Where the case stands is what the later one says."
        return sentence, "superseded by a later review"
    if later or hasattr(review, "reopening"):
        return "The same face is under review again. Where the case stands may change.", "under review again"
    return "", ""


def _standing_after(review: Review) -> Iterator[Review]:
    """Later reviews of the same face that stand; one that was withdrawn passes on to what followed it."""
    for later in review.followed_by.all():
        if later.state == ReviewState.WITHDRAWN:
            yield from _standing_after(later)
        else:
            yield later


def _moments(review: Review, assessments: Sequence[Assessment]) -> Iterator[datetime]:
    """When something happened that the report tells: it is as of the last."""
    yield review.opened_at
    if hasattr(review, "reopening"):
        yield review.reopening.opened_at
    yield from (each.signed_at for each in assessments)
    yield from (note.signed_at for each in assessments for note in each.notes.all())
    yield from (later.opened_at for later in review.followed_by.all())
    yield from (later.conclusion.concluded_at for later in review.followed_by.all() if hasattr(later, "conclusion"))
    conclusion: Conclusion | None = getattr(review, "conclusion", None)
    if conclusion is None:
        return
    yield conclusion.concluded_at
    for identifier in conclusion.identifiers.all():
        yield identifier.recorded_at
        if hasattr(identifier, "verification"):
            yield identifier.verification.verified_at
    if hasattr(conclusion, "identification"):
        yield conclusion.identification.asserted_at
