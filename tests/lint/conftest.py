"""The order of the tests of the rules, and what they must not share."""

from __future__ import annotations

import pytest

from tests.lint.python import Python, python_with_sdk


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What the rules say comes first: no other test tells as fast that one of them changed."""
    items.sort(key=lambda item: item.path.name != "test_snapshots.py")


@pytest.fixture(autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is found is kept for this test alone, and not for whoever runs it."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))


@pytest.fixture(scope="session")
def python(tmp_path_factory: pytest.TempPathFactory) -> Python:
    """Python 2.7, with the SDK compiled once."""
    return python_with_sdk(tmp_path_factory.mktemp("python"))
