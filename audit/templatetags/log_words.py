"""How what the log says is shown."""

import re

from django import template
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.text import capfirst

from audit.kinds import called

register = template.Library()
# What a search came to, where the log's own word says little to who doesn't work with it.
OUTCOMES = {"concordant": "two people agree on one candidate", "discordant": "two people differ, a third decides"}
# An id of 36 characters or a SHA-256.
LONG = re.compile(r"\b([0-9a-f]{64}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\b")


@register.filter
def with_short_ids(sentence: str) -> SafeString:
    """Return a sentence with ids and hashes shortened in the middle to the eye, and whole when copied or heard."""
    # Split by a group, every second part is what the group found.
    parts = LONG.split(sentence)
    return format_html_join("", "{}", ((_short(part) if number % 2 else part,) for number, part in enumerate(parts)))


@register.filter
def kind_in_words(kind: str) -> str:
    """Return what people call a kind of entry."""
    return capfirst(called(kind))


@register.filter
def outcome_in_words(outcome: str) -> str:
    """Return the log's word for what a search came to, with what it means where that isn't plain."""
    return f"{outcome} ({OUTCOMES[outcome]})" if outcome in OUTCOMES else outcome


def _short(long: str) -> SafeString:
    """As includes/hash.html does it, which would leave a line's end in the sentence."""
    return format_html(
        '<code class="hash" title="{}">{}<span>{}</span>{}</code>', long, long[:8], long[8:-8], long[-8:]
    )
