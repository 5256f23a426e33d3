"""The checks of a bundle: one module a rule, and what runs them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bundlekit.lint.finding import Finding, Other, Severity

if TYPE_CHECKING:
    from bundlekit.lint.engine import check

__all__ = ["Finding", "Other", "Severity", "check"]


def __getattr__(name: str) -> Any:
    """`check` takes the longer to load, and a module of this folder may be all that somebody wants."""
    if name != "check":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from bundlekit.lint.engine import check

    return check
