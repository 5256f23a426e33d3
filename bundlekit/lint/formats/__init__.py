"""How findings are written down: one module a format, findings in, text out."""

from bundlekit.lint.formats.report import FORMATS, About, Checked, Report, report

__all__ = ["FORMATS", "About", "Checked", "Report", "report"]
