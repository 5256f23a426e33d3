"""Whoever types gets what `validate` finds, after each change."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest

from benchmarks.bundles import make_large_bundle
from bundlekit.lint import check
from tests import rotation
from tests.lsp.test_surroundings import Desk
from tests.source.typing import retyped


@pytest.mark.parametrize("seed", range(2))
def test_each_change_has_the_findings_of_validate(tmp_path: Path, seed: int) -> None:
    random = Random(f"{seed} {rotation.seed()}")
    folder = make_large_bundle(tmp_path / "large", 120)
    desk = Desk()
    texts = {folder / name: (folder / name).read_text() for name in ("index.py", "bundle.json")}
    for file in texts:
        desk.open(file)
    bundle = desk.workspace.bundles[folder]
    seen = set()
    for _ in range(25):
        file = random.choices([*texts], [5, 1])[0]
        new = retyped(texts[file], random)
        desk.retype(file, new)
        expected = check(bundle.bundle(desk.workspace.documents_in(folder)))
        assert bundle.own == expected
        seen.add(expected)
        if len(expected) < 20:  # not ever further from what somebody would write
            texts[file] = new
        else:
            desk.retype(file, texts[file])
    assert len(seen) > 3
