"""How what the log says is shown."""

import re

from django import template
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

register = template.Library()
# An id of 36 characters or a SHA-256.
LONG = re.compile(r"\b([0-9a-f]{64}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\b")


@register.filter
def with_short_ids(sentence: str) -> SafeString:
    """Return a sentence with ids and hashes shortened in the middle to the eye, and whole when copied or heard."""
    # Split by a group, every second part is what the group found.
    parts = LONG.split(sentence)
    return format_html_join("", "{}", ((_short(part) if number % 2 else part,) for number, part in enumerate(parts)))


def _short(long: str) -> SafeString:
    """As includes/hash.html does it, which would leave a line's end in the sentence."""
    return format_html(
        '<code class="hash" title="{}">{}<span>{}</span>{}</code>', long, long[:8], long[8:-8], long[-8:]
    )
