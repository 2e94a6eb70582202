"""The words of a report: sentences by outcome and purpose, and what the codes in signed documents stand for."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.utils.dateformat import format as date_format
from django.utils.timezone import localtime

from identification.models import Purpose
from review.models import Assessment, Conclusion, Outcome, Review
from review.standing import CONCORDANT, next_step, what_it_is_not

NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")

WITHOUT_A_CANDIDATE = {
    Outcome.NO_CANDIDATE: (
        "It does not say who the person is, nor that they are unknown. It says only that nobody proposed from the "
        "references of that day was found to be this person."
    ),
    Outcome.UNSUITABLE: "It says nothing for or against any person. Another photograph may be suitable.",
    None: "It says nothing for or against any person.",
}
NEXT_WITHOUT_A_CANDIDATE = {
    Outcome.NO_CANDIDATE: (
        "The case stays open. Search again when people have been added to the galleries, or when another photograph "
        "has come."
    ),
    Outcome.UNSUITABLE: "Hand in another photograph of the person, if there is one.",
    None: "Hand in another photograph, or look for an identifier other than the face.",
}
DECIDED_NOTHING = (
    "The machine proposed candidates and decided nothing. The findings are those of the people who signed."
)
LEAD_ONLY = "An investigative lead and nothing more"


def moment(at: datetime) -> str:
    """Return a time with its zone: "14 Nov 2026, 14:05 UTC"."""
    return date_format(localtime(at), "j M Y, H:i e")


def day(on: date) -> str:
    """Return a date: "14 Nov 2026"."""
    return date_format(on, "j M Y")


def counted(number: int, one: str, many: str) -> str:
    """Return "one person", "two people", "31 people"."""
    return f"{NUMBERS[number] if number < len(NUMBERS) else f'{number:,}'} {one if number == 1 else many}"


def numbered(number: int, one: str, many: str) -> str:
    """Return "1 reference", "1,204 references": in digits, where it is a measure."""
    return f"{number:,} {one if number == 1 else many}"


def capitalised(text: str) -> str:
    """Return the text with its first letter large."""
    return text[:1].upper() + text[1:]


def plain(code: Any) -> str:
    """Return a code of a signed document as words, where nobody gave it any."""
    return capitalised(str(code).replace("_", " ").replace("-", " ").strip())


def lead(review: Review, assessments: list[Assessment]) -> str:
    """Return in a sentence what the people of a review found."""
    conclusion: Conclusion | None = getattr(review, "conclusion", None)
    people = capitalised(counted(len(assessments), "person", "people"))
    if conclusion is None:
        return f"{people} came to findings that do not agree. Nobody is named."
    return f"{_who_found(conclusion, assessments)} {_what(conclusion, assessments)}"


def _who_found(conclusion: Conclusion, assessments: list[Assessment]) -> str:
    if not conclusion.adjudicated:
        return f"{capitalised(counted(len(assessments), 'person', 'people'))}, working independently, found"
    agreeing = sum(each.finding == conclusion.finding for each in assessments)
    total = counted(len(assessments), "person", "people")
    return f"After adjudication, {NUMBERS[agreeing]} of {total} found"


def _what(conclusion: Conclusion, assessments: list[Assessment]) -> str:
    if conclusion.person:
        return f"that the comparison supports the person in this photograph being {conclusion.person.name}."
    if conclusion.outcome == Outcome.UNSUITABLE:
        return "this photograph unsuitable for comparison."
    excluded = excluded_by_all(conclusion, assessments)
    if excluded:
        return (
            f"that the comparison supports the person in this photograph and {excluded} being different people, and "
            "no support for anybody else."
        )
    return "no support for any of the candidates being the person in this photograph."


def excluded_by_all(conclusion: Conclusion, assessments: list[Assessment]) -> str:
    """Return the name of the one person whom everybody who agrees graded below 0; empty where there is none."""
    agreeing = [each for each in assessments if each.finding == conclusion.finding]
    graded = {each.person for each in agreeing if (each.level or 0) < 0}
    person = graded.pop() if len(graded) == 1 else None
    return person.name if person and all(each.person == person for each in agreeing) else ""


def exclusion(assessment: Assessment) -> str:
    """Return what a grade below 0 says, in words; empty where there is none."""
    if assessment.level is None or assessment.level >= 0:
        return ""
    how = assessment.get_level_display()
    how = f"{how[:1].lower()}{how[1:]}".removesuffix(" that they are different people")
    if assessment.person:
        other = f"the person in this photograph and {assessment.person.name}"
    else:
        other = "the person in this photograph and each of the candidates"
    return f"An exclusion: the comparison {how} that {other} are different people."


def found(assessment: Assessment) -> str:
    """Return what somebody found, with the name of whom they name."""
    if assessment.finding == "unsuitable":
        return "Unsuitable for comparison"
    if assessment.person is None:
        return "None of the candidates"
    if assessment.finding.startswith("person:"):
        return f"{assessment.person.name} is supported as the person in this photograph"
    if assessment.level == 0:
        return f"{assessment.person.name} was compared, with support neither for nor against"
    return f"{assessment.person.name} is not the person in this photograph, as far as the comparison supports it"


def level(value: int, words: str) -> str:
    """Return a level in words, with its place on the scale."""
    return f"{words} ({value:+d} on the scale from -3 to +3)" if value else f"{words} (0 on the scale from -3 to +3)"


def fused(rating: Decimal | None) -> str:
    """Return the mean of the graded ratings as what it is; empty where none was graded."""
    if rating is None:
        return ""
    said = f"{rating:+.2f}" if rating else "0.00"
    return (
        f"Mean of the graded ratings, advisory: {said} on the scale from -3 to +3. It decided nothing and is not a "
        "likelihood."
    )


def what_it_means(review: Review) -> tuple[str, ...]:
    """Return what the outcome does not mean, by purpose."""
    conclusion: Conclusion | None = getattr(review, "conclusion", None)
    if conclusion is None:
        return (WITHOUT_A_CANDIDATE[None], DECIDED_NOTHING)
    if conclusion.outcome != Outcome.CONCORDANT:
        return (WITHOUT_A_CANDIDATE[Outcome(conclusion.outcome)], DECIDED_NOTHING)
    return (what_it_is_not(review), DECIDED_NOTHING)


def what_comes_next(review: Review) -> str:
    """Return the next step, by outcome and purpose."""
    conclusion: Conclusion | None = getattr(review, "conclusion", None)
    if conclusion is None or conclusion.outcome != Outcome.CONCORDANT:
        return NEXT_WITHOUT_A_CANDIDATE[Outcome(conclusion.outcome) if conclusion else None]
    return next_step(review)


def about_pictures(purpose: str, *, shown: bool) -> str:
    """Return the sentence that says whether pictures are in the report, and why."""
    if purpose == Purpose.DECEASED:
        return (
            "This report shows the face of a person who has died. It was asked for with pictures."
            if shown
            else "Pictures of a person who has died are left out of this report unless they are asked for. Their "
            "hashes stand in their place."
        )
    return "" if shown else "This report was asked for without pictures. Their hashes stand in their place."


def unless_asserted(review: Review) -> str:
    """Return what stands on every page beside the standing, by purpose; empty where nothing has to."""
    if review.case.purpose == Purpose.INCIDENT:
        return LEAD_ONLY
    conclusion: Conclusion | None = getattr(review, "conclusion", None)
    concordant = conclusion is not None and conclusion.outcome == Outcome.CONCORDANT
    if not concordant or review.case.purpose != Purpose.DECEASED or hasattr(conclusion, "identification"):
        return ""
    return f"{capitalised(CONCORDANT[Purpose.DECEASED])}: not an identification"
