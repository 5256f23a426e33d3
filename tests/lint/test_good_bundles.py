"""Nothing is found in bundles that are right, in whatever way they are written."""

from __future__ import annotations

from typing import Any

import pytest

from bundlekit.lint import check
from tests.lint.bundles import bundle
from tests.lint.good_bundles import GOOD_BUNDLES, Files


@pytest.mark.parametrize(("fields", "files"), GOOD_BUNDLES.values(), ids=GOOD_BUNDLES)
def test_good_bundle_is_clean(fields: dict[str, Any], files: Files) -> None:
    findings = check(bundle(files, **fields))
    told = [f"{one.file}:{one.line} {one.rule}: {one.message}" for one in findings if one.severity != "info"]
    assert told == []
    assert {one.rule for one in findings} <= {"unresolved-route"}
