"""The comparison report of an ended review: one frozen structure, which a page and a PDF both set."""

from review.report.content import report_of
from review.report.pdf import pdf_of
from review.report.structure import Report

__all__ = ["Report", "pdf_of", "report_of"]
