"""A report as a sequence of blocks on paper, in the order of the structure."""

from collections.abc import Iterable, Iterator, Mapping

from reportlab.lib.units import mm
from reportlab.platypus import CondPageBreak, Flowable, KeepTogether, Spacer

from review.report import paper
from review.report.paper import facts, notice, paragraphs, picture_row, quotation
from review.report.structure import Comparison, Finding, PersonCompared, Picture, Report

LARGE, MEDIUM, SMALL = 62 * mm, 52 * mm, 36 * mm
Images = Mapping[int, bytes | None]


def story_of(report: Report, images: Images) -> list[Flowable]:
    """Return the blocks; `images` holds each picture's JPEG by its number, None where it can't be shown."""
    return [
        *_front(report, images),
        *_asked(report),
        *_method(report),
        *_people(report, images),
        *_findings(report, images),
        *_meaning(report),
        *_corroboration(report),
        *_signatures(report),
        *_history(report),
    ]


def _section(title: str) -> list[Flowable]:
    return [CondPageBreak(40 * mm), paragraphs(title, paper.SECTION)]


def _shown(report: Report, pictures: Iterable[Picture], images: Images, side: float) -> list[Flowable]:
    if not report.with_pictures:
        return []
    return picture_row([(images.get(each.number), each.caption) for each in pictures], side)


def _front(report: Report, images: Images) -> Iterator[Flowable]:
    yield paragraphs(report.title, paper.TITLE)
    yield paragraphs(f"{report.purpose} · {report.agency} · as the record stood on {report.as_of}", paper.SMALL)
    if report.warning:
        yield notice("Whatever this report says, it says no more than this.", bold=f"{report.warning}.")
    if report.superseded:
        yield notice(report.superseded)
    yield paragraphs(report.lead, paper.LEAD, bold=f"{report.standing}.")
    yield from _shown(report, report.front_pictures, images, LARGE)
    if report.about_pictures:
        yield paragraphs(report.about_pictures, paper.SMALL)


def _asked(report: Report) -> list[Flowable]:
    return [*_section("What was asked"), facts(report.asked)]


def _method(report: Report) -> list[Flowable]:
    return [*_section("How it was searched"), facts(report.method), paragraphs(report.about_method, paper.SMALL)]


def _people(report: Report, images: Images) -> Iterator[Flowable]:
    yield from _section("Who was compared")
    yield paragraphs(report.about_people)
    for person in report.people:
        yield from _person(report, person, images)


def _person(report: Report, person: PersonCompared, images: Images) -> Iterator[Flowable]:
    name = f"{person.name} (named in the conclusion)" if person.concluded else person.name
    yield KeepTogether([paragraphs(name, paper.PART), facts(person.facts)])
    yield from _shown(report, person.references, images, SMALL)
    yield facts(person.provenances)


def _findings(report: Report, images: Images) -> Iterator[Flowable]:
    yield from _section(report.findings_title)
    for finding in report.findings:
        yield from _finding(report, finding, images)
    if report.fused:
        yield paragraphs(report.fused, paper.TEXT)
    if report.adjudication:
        yield paragraphs(report.adjudication, paper.TEXT)


def _finding(report: Report, finding: Finding, images: Images) -> Iterator[Flowable]:
    dissents = " · Dissents" if finding.dissents else ""
    said = [paragraphs(f"{finding.name} · {finding.part}{dissents}", paper.PART), paragraphs(f"{finding.found}.")]
    if finding.exclusion:
        said.append(paragraphs(finding.exclusion))
    yield KeepTogether(said)
    yield facts(finding.facts)
    yield from quotation(finding.rationale)
    for comparison in finding.comparisons:
        yield from _comparison(report, comparison, images)
    for note in finding.notes:
        yield paragraphs(f"Supplementary note, signed {note.signed_at}", paper.SMALL)
        yield from quotation(note.text)
    yield paragraphs(f"Signed {finding.signed_at}.", paper.SMALL)


def _comparison(report: Report, comparison: Comparison, images: Images) -> Iterator[Flowable]:
    yield CondPageBreak(MEDIUM + 30 * mm if comparison.pictures and report.with_pictures else 30 * mm)
    yield paragraphs(f"Compared with {comparison.person}", paper.PART)
    yield from _shown(report, comparison.pictures, images, MEDIUM)
    yield facts(comparison.markers, label=paper.MARK)
    if comparison.components:
        yield paper.checklist(comparison.components)
    yield facts(comparison.views)


def _meaning(report: Report) -> Iterator[Flowable]:
    yield from _section("What it does not mean")
    yield from (paragraphs(sentence) for sentence in report.meaning)
    yield from _section("What comes next")
    yield paragraphs(report.next_step)


def _corroboration(report: Report) -> Iterator[Flowable]:
    if report.about_corroboration:
        yield from _section("Corroboration")
        yield paragraphs(report.about_corroboration)
    for identifier in report.identifiers:
        yield CondPageBreak(40 * mm)
        yield paragraphs(identifier.kind, paper.PART)
        yield facts(identifier.facts)
        yield paragraphs(identifier.verified)
    if report.identification:
        yield from _section("Identification")
        yield facts(report.identification)


def _signatures(report: Report) -> Iterator[Flowable]:
    yield from _section("Signatures")
    yield paragraphs(report.about_signatures, paper.SMALL)
    for signature in report.signatures:
        block = [paragraphs(f"{signature.role}, signed {signature.signed_at}", bold=f"{signature.name}.")]
        if signature.meaning:
            block.append(paragraphs(signature.meaning, paper.SMALL))
        yield KeepTogether([*block, paragraphs(signature.sha256, paper.CODE), Spacer(0, 3 * mm)])


def _history(report: Report) -> Iterator[Flowable]:
    if report.history:
        yield from _section("History")
        yield from (paragraphs(sentence) for sentence in report.history)
