"""The pytest plugin: a `gateway` fixture that runs the bundle under test.

    def test_settings_are_kept(gateway):
        gateway.put("/thermostat", {"key": 1})
        gateway.restart()
        assert gateway.get("/thermostat").json == {"key": 1}

Which bundle: the one whose folder the test lies in, or what the `bundle` fixture or `--bundlekit-bundle` says.
"""

from __future__ import annotations

import sys
from collections.abc import Generator, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from bundlekit.testing.bundle_gateway import BundleGateway
    from bundlekit.testing.session import GatewaySession

_GATEWAY: pytest.StashKey[BundleGateway] = pytest.StashKey()


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("bundlekit", "bundles for ThingsPro gateways")
    group.addoption("--bundlekit-bundle", metavar="FOLDER", help="the bundle that the `gateway` fixture runs")
    group.addoption("--bundlekit-python", metavar="PYTHON", help="the interpreter to run it under, such as python2.7")
    parser.addini("bundlekit_bundle", "the folder of the bundle that the `gateway` fixture runs, from the root folder")
    parser.addini("bundlekit_python", "the interpreter to run it under, such as python2.7; by default this one")
    meaning = "whether the gateway lets the worst happen of what it does only sometimes; by default it does"
    parser.addini("bundlekit_strict", meaning, type="bool", default=True)


class BundleModule(pytest.Module):
    """A module of tests in a bundle, which may be called as one in another bundle of the same run is."""

    def collect(self) -> Iterable[pytest.Item | pytest.Collector]:
        try:
            self.obj  # noqa: B018 - imports it
        except self.CollectError as error:
            if not _is_taken(error.__cause__, self.path):
                raise
            _forget(self.path)  # the tests of the other one have all that they need
        return super().collect()


def _is_taken(error: BaseException | None, path: Path) -> bool:
    """Whether an import failed for another module of the same name, or for a package of tests of the same name."""
    if isinstance(error, ModuleNotFoundError):
        return str(error.name).endswith(f".{path.stem}")
    return type(error).__name__ == "ImportPathMismatchError"


def _forget(path: Path) -> None:
    """Let Python import a module anew, and the package that it is in."""
    top = path.with_suffix("")
    while (top.parent / "__init__.py").is_file():
        top = top.parent
    for name in [one for one in sys.modules if one.partition(".")[0] == top.name]:
        del sys.modules[name]


def pytest_pycollect_makemodule(module_path: Path, parent: pytest.Collector) -> BundleModule | None:
    if any((folder / "bundle.json").is_file() for folder in module_path.parents):
        module: BundleModule = BundleModule.from_parent(parent, path=module_path)
        return module
    return None


@pytest.fixture(scope="session")
def _bundlekit_session(
    pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[GatewaySession]:
    """The emulated gateway that all tests of a run share; bundles come and go on it."""
    try:
        from bundlekit.testing.session import GatewaySession
    except ModuleNotFoundError as error:
        from bundlekit.shipped import install_command

        raise pytest.fail.Exception(f"{error}; run: {install_command('emulator')}", pytrace=False) from None
    python = pytestconfig.getoption("bundlekit_python") or pytestconfig.getini("bundlekit_python") or None
    strict: bool = pytestconfig.getini("bundlekit_strict")
    with GatewaySession(tmp_path_factory.mktemp("gateway"), python, strict=strict) as session:
        yield session


@pytest.fixture
def bundle(request: pytest.FixtureRequest) -> Path:
    """The folder of the bundle under test. Define a fixture of this name to test another one."""
    config = request.config
    if given := config.getoption("bundlekit_bundle"):
        folder: Path = config.invocation_params.dir / given
    elif given := config.getini("bundlekit_bundle"):
        folder = config.rootpath / given
    else:
        for folder in request.path.parents:
            if (folder / "bundle.json").is_file():
                return folder
        pytest.fail(
            f"the `gateway` fixture found no bundle.json in {request.path.parent} or above: say which bundle with "
            "--bundlekit-bundle FOLDER or with `bundlekit_bundle = FOLDER` in pytest's settings",
            pytrace=False,
        )
    if not (folder / "bundle.json").is_file():
        pytest.fail(f"there is no bundle.json in {folder}", pytrace=False)
    return folder


@pytest.fixture
def gateway(
    request: pytest.FixtureRequest, bundle: Path, _bundlekit_session: GatewaySession
) -> Iterator[BundleGateway]:
    """A gateway on which the bundle under test has just been started for the first time, with its factory settings.

    Raises:
        pytest.fail.Exception: it did not come up.
    """
    from bundlekit.errors import BundlekitError

    try:
        started = _bundlekit_session.gateway_with(bundle)
    except BundlekitError as error:
        raise pytest.fail.Exception(_as_text(error), pytrace=False) from None  # else pytest shows both
    request.node.stash[_GATEWAY] = started
    with started:
        yield started


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show what the bundle printed where a test has failed."""
    report = yield
    gateway = item.stash.get(_GATEWAY, None)
    if report.when == "call" and report.failed and gateway:
        report.sections.append((f"Log of the bundle {gateway.name}", gateway.log))
    return report


def _as_text(error: Exception) -> str:
    """An error of ours as it is shown elsewhere."""
    lines = [str(error), *(f"  | {line}" for line in getattr(error, "details", ()))]
    if hint := getattr(error, "hint", None):
        lines.append(f"hint: {hint}")
    return "\n".join(lines)
