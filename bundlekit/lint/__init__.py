"""The checks of a bundle: one module a rule, and what runs them."""

from bundlekit.lint.engine import check
from bundlekit.lint.finding import Finding, Other, Severity

__all__ = ["Finding", "Other", "Severity", "check"]
