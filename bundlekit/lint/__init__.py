"""The checks of a bundle: one module a rule, and what runs them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bundlekit.lint.finding import Finding, Other, Severity

if TYPE_CHECKING:
    from bundlekit.lint.engine import check, check_with_ignored

__all__ = ["Finding", "Other", "Severity", "check", "check_with_ignored"]


def __getattr__(name: str) -> Any:
    """The checks take the longer to load, and a module of this folder may be all that somebody wants."""
    if name not in {"check", "check_with_ignored"}:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from bundlekit.lint import engine

    return getattr(engine, name)
