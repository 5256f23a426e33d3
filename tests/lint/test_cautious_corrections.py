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


_METHOD = """
    def keep(self):
        return super().keep()
"""


def _failing(body: str) -> str:
    """An index.py whose handler does something when it fails."""
    return handling(f"try:\n            pass\n        except ValueError as e:\n            {body}")


def _modelled(folder: str) -> str:
    """An index.py that keeps settings in a folder, under a name that is not the bundle's."""
    before = "import os\nfrom sanji.model_initiator import ModelInitiator\nHERE = os.path.dirname(__file__)"
    made = f"def init(self, **kwargs):\n    self.model = ModelInitiator('exampel', {folder})"
    return index("get,put /example", before=before, methods=made)


CASES = [
    # the import brings the name, which is used elsewhere
    Case("python-3-name", {"index.py": index("get,put /example", before="from json import JSONDecodeError")}),
    Case("python-3-name", {"index.py": handling("intern = len\n        sys.intern('a')", "import sys")}),
    # an import behind the use comes too late, and a module of the bundle would come instead
    Case("undefined-name", {"index.py": "PID = os.getpid()\n" + index("get,put /example")}),
    Case("undefined-name", {"index.py": handling("time.sleep(0.1)"), "time.py": "LIMIT = 5\n"}),
    # the module has no `now`: its class is meant
    Case("undefined-name", {"index.py": handling("datetime.now()")}),
    # an old-style class has no `super`
    *(
        Case("python-3-call", {"index.py": index("get,put /example", before=f"class A({bases}):{_METHOD}")})
        for bases in ("", "  # none\n")
    ),
    # `str` is something else
    Case("exception-as-data", {"index.py": _failing("str = repr\n            return response(code=400, data=e)")}),
    # these names are used
    *(
        Case(
            "wrong-init-signature", {"index.py": index("get,put /example", methods=method, before="kwargs = args = 1")}
        )
        for method in ("def init(self):\n    self.limit = kwargs", "def init(self, other=1):\n    self.limit = kwargs")
    ),
    # its factory file is in another folder
    *(
        Case("wrong-model-name", {"index.py": _modelled(folder), "conf/data/exampel.json.factory": content})
        for folder, content in (("'/etc/x'", None), ("HERE + '/conf'", "{}"))
    ),
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


@pytest.mark.parametrize(
    "rebound",
    ["for e in ('a', 'b'):\n                pass", "e, _ = 'a', 'b'", "with open('a') as e:\n                pass"],
)
def test_what_has_the_name_of_the_exception_is_none(rebound: str) -> None:
    checked = bundle({"index.py": _failing(f"{rebound}\n            return response(code=400, data=e)")})
    assert not [one for one in check(checked) if one.rule == "exception-as-data"]


def test_a_field_of_the_exception_leaves_it_one() -> None:
    checked = bundle({"index.py": _failing("self.e = 1\n            return response(code=400, data=e)")})
    assert [one.rule for one in check(checked)] == ["exception-as-data"]


@pytest.mark.parametrize(
    "before",
    ["try:\n    import os, sys\nexcept ImportError:\n    pass\n", "if 0:\n    import os\n    import sys\n"],
)
def test_vendor_line_brings_what_is_imported_sometimes(before: str) -> None:
    content = before + "import pymodbus\n" + index("get,put /example")
    checked = bundle({"index.py": content, "vendor.lock": "{}", "vendor/pymodbus.py": "LIMIT = 5\n"})
    [(_, after)] = fix(checked, only("vendor-not-on-path")).contents.values()
    assert after.decode().removeprefix(before).startswith("import os\nimport sys\n\nsys.path.insert(0, ")
