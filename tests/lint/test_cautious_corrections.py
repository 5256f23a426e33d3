"""Bundles in which a correction that is right elsewhere would break what works: it is unsafe there, or not offered."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest

from bundlekit.lint import check
from bundlekit.lint.fixing import fix
from tests.lint.bundles import bundle
from tests.lint.test_corrections import handling, index, only


@dataclass(frozen=True)
class Case:
    """A bundle with a fault that is not corrected unasked.

    Attributes:
        rule: the rule that finds it.
        files: of the bundle, besides those of the sound one.
        fields: of bundle.json, besides those of the sound one.
        is_offered: whether there is an unsafe correction.
    """

    rule: str
    files: dict[str, Any]
    fields: dict[str, Any] = field(default_factory=dict)
    is_offered: bool = False


CASES = [
    # the import brings the name, which is used elsewhere
    Case("python-3-name", {"index.py": index("get,put /example", before="from json import JSONDecodeError")}),
    Case("python-3-name", {"index.py": handling("intern = len\n        sys.intern('a')", "import sys")}),
    # without the f, and without a u, these are other characters
    *(
        Case(
            "python-3-syntax",
            {"index.py": f"# -*- coding: utf-8 -*-\n{index('get,put /example', before=before)}"},
            is_offered="N{" not in before,
        )
        for before in (r"MARK = f'caf\u00e9'", "MARK = f'caf\u00e9'", r"MARK = f'\N{DEGREE SIGN}'")
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.rule)
def test_what_may_be_meant_otherwise_is_not_corrected_unasked(case: Case) -> None:
    checked = bundle(case.files, **case.fields)
    found = [one for one in check(checked) if one.rule == case.rule]
    assert {one.correction is not None for one in found} == {case.is_offered}
    assert fix(checked, only(case.rule)).contents == {}
    assert bool(fix(checked, only(case.rule), unsafe=True).contents) is case.is_offered
