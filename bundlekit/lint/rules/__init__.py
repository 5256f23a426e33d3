"""The rules: every module in a folder here is one. The folders say what the rules look at."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache

from bundlekit.lint.rule import Rule


@cache
def rules() -> tuple[Rule, ...]:
    """Every rule, by code."""
    found = pkgutil.walk_packages(__path__, f"{__name__}.")
    modules = (importlib.import_module(one.name) for one in found if not one.ispkg)
    return tuple(sorted((module.RULE for module in modules), key=lambda rule: str(rule.code)))
