"""The SDK that is brought along, unmodified, under every Python that is there."""

from __future__ import annotations

import hashlib
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from bundlekit.emulator.address import SocketAddress
from bundlekit.emulator.sdk.environment import environment
from bundlekit.shipped import sdk
from tests.emulator.bundles.pythons import current, python_2
from tests.emulator.bundles.run import Run
from tests.emulator.bundles.samples import make_bundle

HANDLERS = """
    @Route(methods="get", resource="/all/:id/x/:other")
    def params(self, message, response):
        return response(data={"param": message.param, "query": message.query, "quoted": quote("a b")})

    @Route(methods="post", resource="/all/schema", schema=Schema({"key": int}, required=True))
    def schema(self, message, response):
        return response(code=201, data=message.data)

    @Route(methods="post", resource="/all/text", schema=Schema({str: str}))
    def text(self, message, response):
        return response(data=[type(one).__name__ for one in message.data.values()])

    @Route(methods="get", resource="/all/raises")
    def raises(self, message, response):
        raise ValueError("oh")

    @Route(methods="get", resource="/all/about")
    def about(self, message, response):
        inherited = subprocess.check_output([sys.executable, "-c", "import sanji; print(sanji.__file__)"])
        return response(data={"version": sys.version_info[:2], "six": six.__file__, "child": inherited.decode()})

    @Route(methods="post", resource="/all/tell")
    def tell(self, message, response):
        self.publish.event.put("/news", data=message.data)
        return response()
"""
HEARS = """
    @Route(methods="put", resource="/news")
    def news(self, message):
        print("heard " + json.dumps(message.data))
"""
RESOURCES = ("/all/:id/x/:other", "/all/schema", "/all/text", "/all/raises", "/all/about", "/all/tell")

PYTHONS = [*current(), pytest.param("2.7", marks=pytest.mark.gateway)]


@pytest.fixture(scope="module", params=PYTHONS)
def run(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    """Two bundles, where a `sync` tells that somebody has called it."""
    folder = tmp_path_factory.mktemp("bridge")
    python = python_2(folder / "python") if request.param == "2.7" else current()[request.param]
    bundles = [
        make_bundle(folder / "all", "all", HANDLERS, RESOURCES),
        make_bundle(folder / "hears", "hears", HEARS, views=["/news"]),
    ]
    (folder / "bin").mkdir()
    (folder / "bin/sync").write_text("#!/bin/sh\necho all disks are written out\n")
    (folder / "bin/sync").chmod(0o755)
    before = _digest(sdk())
    with Run(*bundles, "--python", python, home=folder, variables={"PATH": f"{folder}/bin:/usr/bin:/bin"}) as run:
        run.answers("all")
        run.answers("hears")
        yield run
    assert run.sees("goes, python [23]")
    assert _digest(sdk()) == before


def test_path_parameters_query_and_what_six_moved_work(run: Run) -> None:
    status, body = run.api("GET", "/all/7/x/a-b?q=1&flag")
    params = {"param": {"id": "7", "other": "a-b"}, "query": {"q": "1", "flag": True}}
    assert (status, body) == (200, {**params, "quoted": "a%20b"})


def test_schema_of_a_route_decides_over_the_body(run: Run) -> None:
    assert run.api("POST", "/all/schema", {"key": 1}) == (201, {"key": 1})
    status, body = run.api("POST", "/all/schema", {"key": "text"})
    assert (status, body["message"].replace("[u'", "['")) == (400, "expected int for dictionary value @ data['key']")


def test_ascii_text_is_str_under_every_python(run: Run) -> None:
    assert run.api("POST", "/all/text", {"name": "plain", "empty": ""}) == (200, ["str", "str"])
    _, about = run.api("GET", "/all/about")
    is_python_2 = about["version"][0] == 2
    for data in ({"name": "ü"}, {"ü": "name"}):
        assert run.api("POST", "/all/text", data)[0] == (400 if is_python_2 else 200)


def test_handler_that_raises_answers_500_and_is_found_where_somebody_edits_it(run: Run, tmp_path: Path) -> None:
    status, body = run.api("GET", "/all/raises")
    assert (status, body["message"]) == (500, "Internal Error.")
    assert 'all/index.py", line' in body["traceback"] or 'File "index.py", line' in body["traceback"]
    assert "bundlekit-" not in body["traceback"]
    assert run.sees(r'^all   \|   File "/.*/bridge\d*/all/index.py", line \d+, in raises$')


def test_event_of_one_bundle_reaches_the_view_of_another(run: Run) -> None:
    assert run.api("POST", "/all/tell", {"news": 1}) == (200, None)
    assert run.sees(r'^hears \| heard {"news": 1}$')


def test_saving_writes_out_no_disk(run: Run) -> None:
    assert run.api("PUT", "/all", {"key": 2}) == (200, {"key": 2})
    assert run.api("GET", "/all") == (200, {"key": 2})
    assert not [line for line in run.out if "all disks" in line]


def test_its_sdk_goes_before_what_is_installed_and_its_children_have_it_too(run: Run) -> None:
    _, body = run.api("GET", "/all/about")
    assert Path(body["six"]).is_relative_to(sdk())
    assert Path(body["child"].strip()).is_relative_to(sdk())


def test_log_words_are_those_of_the_sdk(run: Run) -> None:
    assert run.sees(r"^hears \| .* - DEBUG - \d+ - Register successfully hears tunnel: \d+$")
    assert run.sees(r"^hears \| .* - DEBUG - \d+ - Register successfully hears-view tunnel: \d+$")
    assert run.sees(r"^all   \| .* - DEBUG - \d+ - all-view no need to register due to no resources$")


ASK = "import six, sys, os; print(six.__file__); print(os.environ.get('SEEN'))"
HIDDEN = "import os; os.environ['SEEN'] = 'hidden ran'"


@pytest.mark.parametrize("version", PYTHONS)
def test_sitecustomize_that_is_hidden_runs_all_the_same(version: str, tmp_path: Path) -> None:
    python = python_2(tmp_path / "python") if version == "2.7" else current()[version]
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/sitecustomize.py").write_text(HIDDEN)
    six, seen = _ask(python, {"PYTHONPATH": str(tmp_path / "mine")})
    assert Path(six).is_relative_to(sdk())
    assert seen == "hidden ran"


@pytest.mark.gateway
def test_sdk_that_is_installed_goes_before_the_one_that_is_brought_along(tmp_path: Path) -> None:
    six, _ = _ask(python_2(tmp_path / "python", with_sdk=True), {})
    assert Path(six).is_relative_to(tmp_path)


@pytest.mark.parametrize("version", current())
def test_bytecode_is_kept_apart_from_the_sources(version: str, tmp_path: Path) -> None:
    mine, kept = tmp_path / "mine", tmp_path / "kept"
    mine.mkdir()
    given = {"PYTHONPATH": str(mine), "XDG_CACHE_HOME": str(kept)}
    for said in ("1", "2"):  # of the same size and time: the second is not read
        (mine / "own.py").write_text(f"SAID = {said}")
        os.utime(mine / "own.py", (1e9, 1e9))
        assert _ask(current()[version], given, "import own, six, colorsys; print(own.SAID)") == ["1"]
    names = {path.name.partition(".")[0] for path in kept.rglob("*.pyc")}
    assert names >= {"own", "six"}
    assert "colorsys" not in names, "it is compiled where it lies"
    assert not (mine / "__pycache__").exists()


def _ask(python: str | Path, variables: dict[str, str], code: str = ASK) -> list[str]:
    given = {**variables, "PATH": "/usr/bin:/bin"}
    with pytest.MonkeyPatch.context() as patch:
        if "XDG_CACHE_HOME" in variables:
            patch.setenv("XDG_CACHE_HOME", variables["XDG_CACHE_HOME"])
        given |= environment(SocketAddress("127.0.0.1", 1883), given)
    asked = subprocess.run([python, "-c", code], env=given, check=True, capture_output=True, text=True)
    assert asked.stderr == ""
    return asked.stdout.splitlines()


def _digest(folder: Path) -> str:
    # pytest keeps what it imports of the SDK for other tests there.
    files = sorted(path for path in folder.rglob("*") if path.is_file() and "-pytest-" not in path.name)
    return hashlib.sha256(b"".join(str(path).encode() + path.read_bytes() for path in files)).hexdigest()
