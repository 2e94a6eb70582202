"""What somebody found, in words and with the face that it names."""

from django import template

from review import selectors
from review.levels import in_words
from review.models import Assessment, Suitability
from review.report import words

register = template.Library()


@register.filter
def finding_in_words(assessment: Assessment) -> str:
    """Say what somebody found, without naming anybody."""
    if assessment.suitability == Suitability.UNSUITABLE:
        return "Unsuitable for comparison"
    if assessment.person_id is None:
        return "None of the candidates"
    return "Named a candidate" if assessment.finding.startswith("person:") else "Compared a candidate, without support"


@register.filter
def support_in_words(assessment: Assessment) -> str:
    """Say how far the comparison supports what was found; nothing of a photograph found unsuitable."""
    return in_words(assessment.level, named=assessment.person_id is not None)


@register.filter
def chance_of_score(assessment: Assessment) -> selectors.ToldChance | None:
    """Return how often chance gives the score of the candidate whom an assessment names, else of the first one."""
    return selectors.chance_of_score(assessment)


@register.filter
def exclusion_in_words(assessment: Assessment) -> str:
    """Say what a grade below 0 amounts to; nothing for any other."""
    return words.exclusion(assessment)
