"""A report as PDF on A4, by reportlab, which pip alone installs. The same report gives the same bytes."""

import io
from typing import Any

from reportlab.lib.pagesizes import A4
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import BaseDocTemplate, Flowable, Frame, PageTemplate, Paragraph

from review.report import paper
from review.report.fonts import BOLD, REGULAR
from review.report.pictures import jpeg_of
from review.report.story import Images, story_of
from review.report.structure import Report


def pdf_of(report: Report, *, compressed: bool = True) -> bytes:
    """Return the report as a PDF file. It is set twice: the second time every page knows how many there are."""
    paper.register_fonts()
    images = {each.number: jpeg_of(each) for each in report.pictures} if report.with_pictures else {}
    _, pages = _set(report, images, pages=0, compressed=compressed)
    data, _ = _set(report, images, pages=pages, compressed=compressed)
    return data


def _set(report: Report, images: Images, *, pages: int, compressed: bool) -> tuple[bytes, int]:
    out = io.BytesIO()
    document = _Document(out, report, pages=pages, compressed=compressed)
    document.build(story_of(report, images))
    return out.getvalue(), document.page


class _Document(BaseDocTemplate):
    """A4 with generous margins; what the report is and where it stands on every page."""

    def __init__(self, out: io.BytesIO, report: Report, *, pages: int, compressed: bool) -> None:
        super().__init__(
            out, pagesize=A4, leftMargin=paper.SIDE, rightMargin=paper.SIDE, topMargin=paper.TOP,
            bottomMargin=paper.BOTTOM, title=report.title, author=report.agency, subject=report.running,
            creator="Countersign", lang="en", invariant=1, pageCompression=int(compressed),
        )  # fmt: skip
        self.report, self.pages = report, pages
        frame = Frame(
            paper.SIDE, paper.BOTTOM, paper.WIDTH, A4[1] - paper.TOP - paper.BOTTOM,
            leftPadding=0, rightPadding=0, topPadding=0, bottomPadding=0,
        )  # fmt: skip
        self.addPageTemplates(PageTemplate("page", [frame], onPage=self._every_page))

    def afterFlowable(self, flowable: Flowable) -> None:  # noqa: N802  (reportlab's name)
        """Put every section into the outline that a reader's side bar shows."""
        if isinstance(flowable, Paragraph) and flowable.style.name == paper.SECTION.name:
            title = flowable.getPlainText()
            key = f"section {title}"
            self.canv.bookmarkPage(key)
            self.canv.addOutlineEntry(title, key, 0)

    def _every_page(self, canvas: Canvas, _: Any) -> None:
        canvas.saveState()
        right, head, foot = A4[0] - paper.SIDE, A4[1] - paper.TOP * 0.6, paper.BOTTOM * 0.5
        canvas.setFillColor(paper.QUIET)
        canvas.setStrokeColor(paper.LINE)
        canvas.setLineWidth(0.4)
        canvas.line(paper.SIDE, head - 5, right, head - 5)
        canvas.setFont(REGULAR, 8)
        canvas.drawString(paper.SIDE, head, self.report.running)
        canvas.drawRightString(right, foot, f"page {canvas.getPageNumber()} of {self.pages}")
        canvas.setFillColor(paper.INK)
        canvas.setFont(BOLD, 8)
        canvas.drawString(paper.SIDE, foot, self.report.warning)
        canvas.restoreState()
