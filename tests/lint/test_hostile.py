"""Whatever lies in a bundle's folder, there are findings and never a traceback or a wait."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bundlekit.bundle.bundle import Bundle
from bundlekit.lint import check
from bundlekit.lint.facts.structure import MOST
from tests.lint.bundles import MANIFEST, bundle, codes, found, keeper, source
from tests.rotation import examples

pytestmark = pytest.mark.timeout(60)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A sound bundle on disk."""
    (tmp_path / "data").mkdir()
    (tmp_path / "bundle.json").write_text(json.dumps(MANIFEST, indent=2))
    (tmp_path / "index.py").write_text(source(MANIFEST))
    (tmp_path / "data" / "example.json.factory").write_text("{}")
    return tmp_path


FILES = ["bundle.json", "index.py", "data/example.json.factory"]


def rules_in(folder: Path) -> set[str]:
    return {finding.rule for finding in check(Bundle.in_folder(folder))}


def test_sound_folder_is_clean(folder: Path) -> None:
    assert rules_in(folder) == set()


@pytest.mark.parametrize("path", FILES)
def test_pipe_is_not_waited_for(folder: Path, path: str) -> None:
    (folder / path).unlink()
    os.mkfifo(folder / path)
    assert rules_in(folder) == {"unreadable-file"}


@pytest.mark.parametrize("path", FILES)
def test_folder_in_place_of_a_file(folder: Path, path: str) -> None:
    (folder / path).unlink()
    (folder / path).mkdir()
    assert rules_in(folder) == {"unreadable-file"}


@pytest.mark.parametrize("path", FILES)
@pytest.mark.parametrize("target", ["real", "/dev/zero", "nowhere", "itself"])
def test_link_is_not_followed(folder: Path, path: str, target: str) -> None:
    (folder / path).rename(folder / "real")
    (folder / path).symlink_to((folder / path).name if target == "itself" else target)
    assert rules_in(folder) == {"unreadable-file"}


@pytest.mark.parametrize("path", FILES)
def test_two_hundred_megabytes_are_not_read(folder: Path, path: str) -> None:
    os.truncate(folder / path, 200 * 1024 * 1024)
    assert rules_in(folder) == {"too-large"}


@pytest.mark.parametrize("path", FILES)
def test_empty_file(folder: Path, path: str) -> None:
    (folder / path).write_bytes(b"")
    assert rules_in(folder) == {"route-without-handler" if path == "index.py" else "not-json"}


def test_link_in_place_of_the_data_folder(folder: Path) -> None:
    (folder / "data").rename(folder / "elsewhere")
    (folder / "data").symlink_to("elsewhere")
    (folder / "index.py").write_text(keeper())
    assert rules_in(folder) == {"missing-factory", "unpackable-file"}


def test_loop_of_links_beside_the_files(folder: Path) -> None:
    (folder / "loop").symlink_to(".")
    (folder / "data" / "loop").symlink_to("..")
    (folder / "data" / "example.json.factory").unlink()
    (folder / "index.py").write_text(keeper())
    assert rules_in(folder) == {"missing-factory", "unpackable-file"}


def test_folders_nested_deeper_than_python_recurses(folder: Path) -> None:
    (folder / "data" / "example.json.factory").unlink()
    here = os.open(folder, os.O_RDONLY)
    try:
        for _ in range(1500):
            os.mkdir("d", dir_fd=here)
            deeper = os.open("d", os.O_RDONLY, dir_fd=here)
            os.close(here)
            here = deeper
        (folder / "index.py").write_text(keeper())
        assert rules_in(folder) == {"missing-factory", "unpackable-file"}
    finally:
        os.close(here)
        # Python's own way to remove folders, by which pytest cleans up, recurses.
        subprocess.run(["rm", "-rf", folder / "d"], check=True)


def test_names_in_any_encoding_beside_the_files(folder: Path) -> None:
    (folder / "data" / "example.json.factory").unlink()
    (folder / "index.py").write_text(keeper())
    (folder / "data" / os.fsdecode(b"\xff\x1b[31m\n.json.factory")).write_text("{}")
    finding, unpackable = sorted(check(Bundle.in_folder(folder)), key=lambda one: one.code)
    assert unpackable.rule == "unpackable-file"
    assert finding.hint == "rename data/\\xff\\x1b[31m\\n.json.factory"


def test_bundle_without_a_folder_is_told(tmp_path: Path) -> None:
    assert rules_in(tmp_path / "nowhere") == {"missing-manifest", "missing-main"}
    (tmp_path / "file").write_text("")
    assert rules_in(tmp_path / "file") == {"missing-manifest", "missing-main"}


def test_thousands_of_violations_are_cut_off() -> None:
    methods = [{"methods": ["patch"] * 20, "resource": "/x"}] * 500
    findings = found(bundle(resources=methods))
    assert sum(finding.rule == "unknown-method" for finding in findings) > MOST / 2
    assert sum(finding.rule in {"unknown-method", "repeated-method"} for finding in findings) < 2.5 * MOST


@pytest.mark.parametrize(
    "resources",
    [
        [{"methods": [*range(20_000), *map(str, range(10_000))], "resource": "/x"}],
        [{"methods": [[n] for n in range(20_000)], "resource": "/x"}],
        [{"methods": "get", "resource": f"/{n}"} for n in range(4_000)],
        [{"methods": "get", "resource": "/" + ":a/" * 60_000}],
        [{"methods": "get", "resource": "/" + "a:" * 60_000}],
        [{"methods": "get", "resource": "/x" * 60_000 + "\n"}],
    ],
    ids=["mixed methods", "lists as methods", "many resources", "many params", "many colons", "long resource"],
)
def test_time_does_not_explode(resources: list[Any]) -> None:
    handlers = {"index.py": "from sanji.core import *\nclass E(Sanji): pass\n" + "Route('/x', 'get')\n" * 200}
    assert found(bundle(handlers, resources=resources))


def test_hundreds_of_thousands_of_keys_are_looked_through() -> None:
    keys = b"{" + b",".join(b'"%x":0' % n for n in range(350_000)) + b',"0":1}'
    (finding,) = found(bundle({"data/example.json.factory": keys}))
    assert (finding.rule, finding.pointer) == ("duplicate-key", "/0")


@pytest.mark.parametrize("line", ["#\n", "    # x\n", "\\\n", "# x\r\n", " \\\r\n", "\n#\n"])
def test_rows_of_lines_without_code_that_the_parser_would_take_minutes_for_are_told(line: str) -> None:
    rows = "def f():\n    pass\n" + line * (500_000 // len(line)) + "    x\n"
    (finding,) = found(bundle({"index.py": rows}))
    assert (finding.rule, finding.file) == ("too-large", "box/index.py")
    assert "in a row" in finding.message


def test_rows_of_such_lines_in_modules_are_not_looked_into() -> None:
    rows = {f"m{n}.py": "def f():\n" + "    #\n" * 50_000 + "    pass\n" for n in range(8)}
    imports = "".join(f"import m{n}\n" for n in range(8))
    assert codes(bundle({**rows, "index.py": imports + source(MANIFEST)})) == []


def test_a_thousand_comments_in_a_row_are_looked_through() -> None:
    handlers = source(MANIFEST).replace(
        "        return", "        # commented out some time ago\n" * 1000 + "        return"
    )
    assert codes(bundle({"index.py": handlers})) == []


@pytest.mark.parametrize("width", ["999999999", "99999999999999999999"])
def test_template_with_a_width_fills_no_memory(width: str) -> None:
    handlers = f"@Route('/{{:{{}}}}'.format('a', '{width}'))\ndef f(self, message, response): pass\n"
    assert "unresolved-route" in codes(bundle({"index.py": handlers}))


def test_keys_that_come_hundreds_of_thousands_of_times_are_counted() -> None:
    findings = found(bundle({"data/example.json.factory": "{" + '"a":0,' * 500_000 + '"a":1}'}))
    assert {finding.rule for finding in findings} == {"duplicate-key"}
    assert len(findings) == MOST + 1
    assert findings[-1].message == f"{500_000 - MOST} more keys are there twice"


@pytest.mark.parametrize("path", ["bundle.json", "data/example.json.factory"])
def test_places_below_a_long_key_fill_no_memory(path: str) -> None:
    members = ",".join(["0"] * 50_000)
    findings = found(bundle({path: f'{{"{"k" * 100_000}": [{members}], "ttl": 1, "ttl": {{"a": [1]}}}}'}))
    duplicate = next(finding for finding in findings if finding.rule == "duplicate-key")
    assert (duplicate.line, duplicate.column, duplicate.pointer) == (1, 200_019, "/ttl")


SDK = "from sanji.core import *\nclass A(Sanji): pass\n"
HANDLER = (
    "import os\nfrom sanji.core import *\nclass A(Sanji):\n @Route('/example')\n def a(self, message, response):\n"
)


def nested(*lines: str) -> str:
    return HANDLER + "".join("  " * (depth // 2 + 1) + line + "\n" for depth, line in enumerate(lines))


@pytest.mark.parametrize(
    "handlers",
    [
        "a" + ".a" * 200_000,
        "a(" * 100_000 + ")" * 100_000,
        SDK + "A(" * 100_000 + ")" * 100_000,
        SDK + "A().start()\n" * 20_000,
        SDK + "A" + ".start" * 60_000 + "()",
        "Route('{}'" + ".format('a')" * 30_000 + ")",
        "from sanji.core import *\n" + "Route('/x', 'get')\n" * 20_000,
        "x = " + "(" * 200_000,
        "x = " + "[" * 200_000 + "]" * 200_000,
        "f'{" * 100_000,
        "".join(" " * depth + "if x:\n" for depth in range(900)),
        HANDLER + "  if x:\n   response()\n" * 3_000 + "  return response()\n",
        nested(*["while x:", " response(); break"] * 150),
        HANDLER + "  try: pass\n  except A as e: response(data=e)\n" * 2_000,
        HANDLER + "".join(f"  a{n} = a{n - 1} + message.data['{n}']\n" for n in range(3_000)) + "  os.system(a2999)\n",
    ],
    ids=[
        "dots",
        "calls",
        "calls of a class",
        "starts",
        "dots of starts",
        "formats",
        "routes",
        "(",
        "[",
        "f'{",
        "ifs",
        "answers",
        "answers in loops",
        "exceptions",
        "names of data",
    ],
)
def test_long_and_deep_sources_are_looked_through(handlers: str) -> None:
    assert found(bundle({"index.py": handlers}))


def test_too_many_routes_to_compare_are_told() -> None:
    resources = [{"methods": "get", "resource": f"/{n}"} for n in range(2_000)]
    handlers = "from sanji.core import *\nclass E(Sanji): pass\n" + "".join(f"Route('/{n}')\n" for n in range(2_000))
    (finding,) = found(bundle({"index.py": handlers}, resources=resources))
    assert (finding.rule, finding.message) == (
        "unresolved-route",
        "too many routes to compare with the 2000 resources of bundle.json",
    )


def test_long_names_do_not_make_long_messages() -> None:
    long = "x_" * 5_000
    value = {
        **MANIFEST,
        **dict.fromkeys(["name", "main", "role", "ttl"], long),
        "version": "/" * 10_000,
        "resources": [{"methods": [long], "resource": long}],
        "ä" * 1000: 1,
    }
    findings = found(bundle({"bundle.json": json.dumps(value), "index.py": f"Route({long!r}, {long!r})"}))
    assert len(findings) > 6
    assert max(len(finding.message) + len(finding.hint) for finding in findings) < 600


json_like = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from([*MANIFEST, "resource", "methods"]), inner)
    ),
    max_leaves=20,
)


@settings(max_examples=examples(300), deadline=None)
@given(st.binary() | json_like.map(lambda value: json.dumps(value).encode()), st.binary(), st.binary())
def test_any_bytes_give_findings_in_a_stable_order(manifest: bytes, index: bytes, factory: bytes) -> None:
    made = bundle({"bundle.json": manifest, "index.py": index, "data/example.json.factory": factory})
    findings = found(made)
    assert findings == found(made)
    for finding in findings:
        assert finding.message.isprintable()
        assert finding.hint.isprintable()
        assert (1, 1) <= (finding.line, finding.column) <= (finding.end_line, finding.end_column)


@settings(max_examples=examples(200), deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes_as_index_never_make_the_manifest_wrong(index: bytes) -> None:
    allowed = {
        "route-without-handler",
        "undeclared-resource",
        "undeclared-method",
        "unresolved-route",
        "stacked-routes",
        "missing-bundle-class",
        "missing-coding-line",
        "missing-module",
        "python-3-syntax",
        "syntax-error",
        "undefined-name",
        "unknown-handler-method",
    }
    assert set(codes(bundle({"index.py": index}))) <= allowed
