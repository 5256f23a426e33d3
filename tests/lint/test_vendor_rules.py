"""What the rules make of `vendor/`: nothing in it is reported, and index.py has to look there."""

from __future__ import annotations

import pytest

from bundlekit.bundle.files import Kind
from bundlekit.lint import check
from bundlekit.lint.fixing import fix
from bundlekit.lint.selection import Choice, selection, selector
from tests.lint.bundles import MANIFEST, bundle, source

SOUND = source(MANIFEST)
LINE = 'sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "vendor"))\n'
Files = dict[str, bytes | str | Kind | None]
VENDOR: Files = {
    "vendor.lock": "{}",
    "requirements.txt": "pymodbus==2.5.3\n",
    "vendor/pymodbus/__init__.py": "import nowhere\nprint(undefined)\n",
    "vendor/pymodbus/new.py": "async def f(*, a): pass\n",
    "vendor/six.py": "import sys\nsys.meta_path.append(1)\nexec('x = \\xe9')\n",
    "vendor/large.bin": b"\0" * 3_000_000,
}


def rules_of(files: Files) -> set[str]:
    return {one.rule for one in check(bundle(files))}


def test_nothing_in_vendor_is_reported() -> None:
    index = f"import os\nimport sys\n\n{LINE}\nimport pymodbus.new\nimport six\n{SOUND}"
    assert rules_of({**VENDOR, "index.py": index}) == set()
    by_hand: Files = {**VENDOR, "index.py": index, "vendor.lock": None}
    assert {"python-3-syntax", "undefined-name"} <= rules_of(by_hand), "a folder of one's own is looked into"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("import pymodbus\n", f"import os\nimport sys\n\n{LINE}\nimport pymodbus\n"),
        ("import six\n", f"import os\nimport sys\n\n{LINE}\nimport six\n"),
        (
            "# -*- coding: utf-8 -*-\nfrom __future__ import print_function\nimport os\nimport sys\n\n"
            "from sanji.core import Sanji\nfrom pymodbus.client import x\n",
            "# -*- coding: utf-8 -*-\nfrom __future__ import print_function\nimport os\nimport sys\n\n"
            f"{LINE}\nfrom sanji.core import Sanji\nfrom pymodbus.client import x\n",
        ),
        (
            "import os\ntry:\n    import pymodbus\nexcept ImportError:\n    pymodbus = None\n",
            f"import os\nimport sys\n\n{LINE}\ntry:\n    import pymodbus\nexcept ImportError:\n    pymodbus = None\n",
        ),
        (
            "import sys as system\nimport os.path\nimport pymodbus\n",
            f"import sys as system\nimport os.path\nimport os\nimport sys\n\n{LINE}\nimport pymodbus\n",
        ),
    ],
)
def test_fix_adds_the_line_before_the_first_import_that_needs_it(before: str, after: str) -> None:
    chosen = selection(Choice(select=(selector("BK339"),)))
    given = bundle({**VENDOR, "index.py": before + SOUND})
    fixed = fix(given, chosen)
    assert fixed.bundle.files.read("index.py").decode() == after + SOUND
    assert check(fixed.bundle, chosen) == ()


def test_import_before_the_line_is_reported() -> None:
    index = f"import os\nimport sys\nimport pymodbus\n\n{LINE}{SOUND}"
    found = [one for one in check(bundle({**VENDOR, "index.py": index})) if one.code == "BK339"]
    assert [(one.line, one.fix) for one in found] == [(3, ())]
    late = f"import os\nimport sys\n\n{LINE}\n\ndef f():\n    import pymodbus\n{SOUND}"
    assert "vendor-not-on-path" not in rules_of({**VENDOR, "index.py": late})


def test_import_in_a_helper_is_reported_once_and_named_as_nothing_else() -> None:
    files: Files = {**VENDOR, "index.py": f"import helper\n{SOUND}", "helper.py": "import pymodbus\nimport six\n"}
    found = [(one.rule, one.file.rpartition("/")[2]) for one in check(bundle(files))]
    assert found == [("vendor-not-on-path", "helper.py")]


def test_vendored_module_that_is_not_packed_is_reported() -> None:
    index = f"import os\nimport sys\n\n{LINE}\nimport pymodbus\n{SOUND}"
    assert rules_of({**VENDOR, "index.py": index, ".bundleignore": "vendor/\n"}) == {"unpacked-module"}


def test_requirement_that_is_not_vendored_yet_points_to_the_verb() -> None:
    (found,) = check(bundle({"index.py": f"import pymodbus\n{SOUND}", "requirements.txt": "pymodbus\n"}))
    assert (found.rule, "bundlekit vendor" in found.hint) == ("requirement-not-installed", True)
