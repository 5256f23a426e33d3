"""The order of the tests of the rules."""

from __future__ import annotations

import pytest


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What the rules say comes first: no other test tells as fast that one of them changed."""
    items.sort(key=lambda item: item.path.name != "test_told.py")
