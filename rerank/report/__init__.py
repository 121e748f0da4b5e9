"""The report: a folder of static pages that shows results, and opens from disk."""

from rerank.report.making import Options, Report, make_report

__all__ = ["Options", "Report", "make_report"]
