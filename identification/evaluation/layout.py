"""Tables, for a document and for a terminal."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Section:
    """A table with its title and what to know of it."""

    title: str
    introduction: str
    headings: Sequence[str]
    rows: Sequence[Sequence[str]]


def as_markdown(section: Section) -> Iterator[str]:
    """Its paragraphs."""
    yield f"## {section.title}"
    yield section.introduction
    yield table(section.headings, section.rows)


def aligned(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Lines for a terminal: the first column to the left, the others to the right."""
    widths = [max(len(text) for text in column) for column in zip(headings, *rows, strict=True)]
    return [
        "  ".join(
            [line[0].ljust(widths[0]), *(text.rjust(width) for text, width in zip(line[1:], widths[1:], strict=True))]
        )
        for line in (headings, *rows)
    ]


def table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Of Markdown."""
    lines = [headings, ["---"] * len(headings), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
