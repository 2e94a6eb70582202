"""The look of a report on paper: typefaces, sizes, and the few kinds of block from which its pages are set.

A sober document: one family of type, neutral greys, thin lines, and no colour.
"""

import io
import re
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from xml.sax.saxutils import escape

from reportlab.lib.colors import HexColor
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.platypus import Flowable, Image, Paragraph, Spacer, Table

from review.report.fonts import BOLD, MONO, REGULAR, font_path
from review.report.structure import Component, Fact

SIDE, TOP, BOTTOM = 24 * mm, 27 * mm, 25 * mm
WIDTH = A4[0] - 2 * SIDE
LABEL = 34 * mm
INK, QUIET, LINE, SUNKEN = HexColor("#1c1c1c"), HexColor("#5a5a5a"), HexColor("#c4c4c4"), HexColor("#f1f1f1")
MOST_LINES = 20  # of a piece of a long text in a table
NOT_SHOWN = "The picture can't be shown."

TEXT = ParagraphStyle(
    "text", fontName=REGULAR, fontSize=9.5, leading=14, textColor=INK, splitLongWords=1, spaceAfter=2 * mm,
    allowWidows=0, allowOrphans=0,
)  # fmt: skip
TITLE = ParagraphStyle("title", TEXT, fontName=BOLD, fontSize=19, leading=24, spaceAfter=1 * mm)
LEAD = ParagraphStyle("lead", TEXT, fontSize=12.5, leading=18, spaceBefore=4 * mm, spaceAfter=3 * mm)
SECTION = ParagraphStyle("section", TEXT, fontName=BOLD, fontSize=13, leading=17, spaceBefore=7 * mm, spaceAfter=2 * mm)
PART = ParagraphStyle("part", TEXT, fontName=BOLD, fontSize=10, spaceBefore=5 * mm, spaceAfter=1 * mm)
SMALL = ParagraphStyle("small", TEXT, fontSize=8, leading=11.5, textColor=QUIET, spaceAfter=1.5 * mm)
LABELS = ParagraphStyle("labels", TEXT, fontSize=8.5, textColor=QUIET, spaceAfter=0)
CELL = ParagraphStyle("cell", TEXT, spaceAfter=0)
CODE = ParagraphStyle("code", CELL, fontName=MONO, fontSize=7.5, leading=14)
MARK = 9 * mm
SMALL_CELL = ParagraphStyle("small cell", CELL, fontSize=8, leading=11.5)
HEAD_CELL = ParagraphStyle("head cell", SMALL_CELL, textColor=QUIET)
CAPTION = ParagraphStyle("caption", SMALL, spaceBefore=1 * mm, spaceAfter=0)
QUOTE = ParagraphStyle("quote", TEXT, leftIndent=5 * mm, spaceBefore=0, spaceAfter=0)
NOTICE = ParagraphStyle("notice", CELL, leading=13.5)

_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")

_EMPTY_LINES = re.compile(r"\n\s*\n\s*\n")


@cache
def register_fonts() -> None:
    """Make the typefaces known to reportlab; they are embedded in every report."""
    for name in (REGULAR, BOLD, MONO):
        pdfmetrics.registerFont(TTFont(name, str(font_path(name))))


def paragraphs(text: str, style: ParagraphStyle = TEXT, *, bold: str = "") -> Paragraph:
    """Return text that somebody wrote, as they wrote it; `bold` stands before it in bold type."""
    before = f'<font name="{BOLD}">{_safe(bold)}</font> ' if bold else ""
    return Paragraph(before + _safe(text), style)


def _safe(text: str) -> str:
    return escape(_clean(text)).replace("\n", "<br/>")


def _clean(text: str) -> str:
    """Return the text with one kind of line end, one empty line at a time, and nothing that can't be printed."""
    lines = _UNPRINTABLE.sub("", text.replace("\r\n", "\n").replace("\t", "    "))
    return _EMPTY_LINES.sub("\n\n", lines)


def facts(lines: Iterable[Fact], *, label: float = LABEL) -> Flowable:
    """Return lines of a label, in a column so wide, and what it says; hashes whole, in monospace."""
    rows = [row for fact in lines for row in _rows(fact)]
    if not rows:
        return Spacer(0, 0)
    return Table(
        rows, colWidths=[label, WIDTH - label], spaceAfter=2 * mm, hAlign="LEFT",
        style=[
            ("VALIGN", (0, 0), (-1, -1), "TOP"),
            ("LEFTPADDING", (0, 0), (-1, -1), 0), ("RIGHTPADDING", (0, 0), (-1, -1), 4),
            ("TOPPADDING", (0, 0), (-1, -1), 0.5 * mm), ("BOTTOMPADDING", (0, 0), (-1, -1), 0.5 * mm),
        ],
    )  # fmt: skip


def _rows(fact: Fact) -> list[list[Flowable]]:
    """A row can't go over a page, so a long text takes several; the hash stands under the last."""
    pieces = list(_pieces(_clean(fact.text)))
    said: list[list[Flowable]] = [[paragraphs("", LABELS), paragraphs(piece, CELL)] for piece in pieces]
    if fact.code:
        said.append([paragraphs("", LABELS), paragraphs(fact.code, CODE)])
    return [[paragraphs(fact.label, LABELS), *row[1:]] if number == 0 else row for number, row in enumerate(said)]


def _pieces(text: str, most: int = 800) -> Iterator[str]:
    """Cut a text where a sentence, a line or a word ends, into pieces that are lower than a page."""
    while len(text) > most or text.count("\n") > MOST_LINES:
        head = "\n".join(text.split("\n", MOST_LINES)[:MOST_LINES])[:most]
        at = max(head.rfind(". "), head.rfind("\n"), 0) or max(head.rfind(" "), 0) or len(head) - 1
        yield text[: at + 1].rstrip()
        text = text[at + 1 :]
    if text:
        yield text


def checklist(rows: Sequence[Component]) -> Flowable:
    """Return a reviewer's checklist, with its head repeated on every page."""
    head = [
        paragraphs(each, HEAD_CELL)
        for each in ("Component", "Visible", "Similarity", "Difference explained by", "Note")
    ]
    cells = [[paragraphs(each, SMALL_CELL) for each in (*said, piece)] for row in rows for said, piece in _checked(row)]
    widths = [38 * mm, 30 * mm, 26 * mm, 28 * mm]
    return Table(
        [head, *cells], colWidths=[*widths, WIDTH - sum(widths)], repeatRows=1, hAlign="LEFT",
        spaceBefore=1 * mm, spaceAfter=3 * mm,
        style=[
            ("VALIGN", (0, 0), (-1, -1), "TOP"), ("LINEBELOW", (0, 0), (-1, -1), 0.4, LINE),
            ("LEFTPADDING", (0, 0), (-1, -1), 0), ("RIGHTPADDING", (0, 0), (-1, -1), 5),
            ("TOPPADDING", (0, 0), (-1, -1), 1 * mm), ("BOTTOMPADDING", (0, 0), (-1, -1), 1 * mm),
        ],
    )  # fmt: skip


def _checked(row: Component) -> Iterator[tuple[tuple[str, str, str, str], str]]:
    """The cells of a row with the piece of its note that stands beside them; a long note takes several rows."""
    said = (row.label, row.seen, row.similarity, row.explanation)
    for number, piece in enumerate(_pieces(_clean(row.note)) if row.note else [""]):
        yield (said if number == 0 else ("", "", "", "")), piece


def notice(text: str, bold: str = "") -> Flowable:
    """Return a sentence in a thin frame."""
    return Table(
        [[paragraphs(text, NOTICE, bold=bold)]], colWidths=[WIDTH], spaceBefore=1 * mm, spaceAfter=4 * mm,
        style=[
            ("BOX", (0, 0), (-1, -1), 0.6, QUIET), ("LEFTPADDING", (0, 0), (-1, -1), 3 * mm),
            ("TOPPADDING", (0, 0), (-1, -1), 2 * mm), ("BOTTOMPADDING", (0, 0), (-1, -1), 2.5 * mm),
        ],
    )  # fmt: skip


class _Quoted(Paragraph):
    """A paragraph with a line at its left, on each page over which it goes."""

    def draw(self) -> None:
        self.canv.saveState()
        self.canv.setStrokeColor(QUIET)
        self.canv.setLineWidth(0.8)
        self.canv.line(0, 0, 0, self.height)
        self.canv.restoreState()
        super().draw()


def quotation(text: str) -> list[Flowable]:
    """Return somebody's own words, set off by a line at their left.

    One paragraph, but for a text of very many lines: those take reportlab a time that grows with their square.
    """
    lines = _clean(text).split("\n")
    pieces = ["\n".join(lines[at : at + MOST_LINES]) for at in range(0, len(lines), MOST_LINES)]
    return [*(_Quoted(_safe(piece), QUOTE) for piece in pieces), Spacer(0, 3 * mm)]


def picture_row(shown: Sequence[tuple[bytes | None, str]], side: float) -> list[Flowable]:
    """Return square pictures with their captions, as many to a row as fit; one that can't be shown says so."""
    across = max(1, int((WIDTH + 4 * mm) // (side + 4 * mm)))
    rows = [shown[start : start + across] for start in range(0, len(shown), across)]
    return [_row(row, side) for row in rows]


def _row(row: Sequence[tuple[bytes | None, str]], side: float) -> Flowable:
    cells = [[_picture(data, side), paragraphs(caption, CAPTION)] for data, caption in row]
    return Table(
        [cells], colWidths=[side + 4 * mm] * len(cells), hAlign="LEFT", spaceBefore=1 * mm, spaceAfter=2 * mm,
        style=[
            ("VALIGN", (0, 0), (-1, -1), "TOP"), ("LEFTPADDING", (0, 0), (-1, -1), 0),
            ("RIGHTPADDING", (0, 0), (-1, -1), 4 * mm), ("TOPPADDING", (0, 0), (-1, -1), 0),
        ],
    )  # fmt: skip


def _picture(data: bytes | None, side: float) -> Flowable:
    if data is not None:
        return Image(io.BytesIO(data), width=side, height=side, kind="proportional", hAlign="LEFT")
    return Table(
        [[paragraphs(NOT_SHOWN, SMALL)]], colWidths=[side], rowHeights=[side], hAlign="LEFT",
        style=[("BACKGROUND", (0, 0), (-1, -1), SUNKEN), ("VALIGN", (0, 0), (-1, -1), "MIDDLE")],
    )  # fmt: skip
