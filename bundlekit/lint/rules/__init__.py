"""The rules: every module here is one."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache

from bundlekit.lint.rule import Rule


@cache
def rules() -> tuple[Rule, ...]:
    """Every rule, by code."""
    modules = (importlib.import_module(f"{__name__}.{found.name}") for found in pkgutil.iter_modules(__path__))
    return tuple(sorted((module.RULE for module in modules), key=lambda rule: str(rule.code)))
