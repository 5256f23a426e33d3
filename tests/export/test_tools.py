"""What other people's tools make of the exports, against bundles that run on the emulated gateway."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from tests.export import newman
from tests.export.bundles import building
from tests.gateway.emulated import Emulated, emulated
from tests.workstation import SAMPLE

# The gateway's REST front answers OPTIONS for every path alike, the SDK answers 404 where others answer 405, and the
# controller drops numbers from 2^63 on, so that nobody answers.
NOT_THE_BUNDLES = "unsupported_method,allow_header_conformance,positive_data_acceptance"


@dataclass(frozen=True)
class Workstation:
    """A gateway, the bundles that run there, and where their settings lie."""

    gateway: Emulated
    bundles: dict[str, Path]
    settings: dict[str, Path]

    def export(self, form: str, bundle: str) -> Path:
        file = self.gateway.home / f"{bundle}.{form}.json"
        printed = self.gateway.run("export", form, str(self.bundles[bundle]), "--output", str(file))
        assert (printed.code, printed.out, printed.err) == (0, "", "")
        return file

    def settings_of(self, bundle: str) -> Any:
        return json.loads(self.settings[bundle].read_text())


@pytest.fixture(scope="module")
def workstation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workstation]:
    folder = tmp_path_factory.mktemp("workstation")
    bundles = {"example": SAMPLE, "building": building(folder)}
    with emulated(folder) as gateway:
        runs = {name: gateway.start(folder) for name, folder in bundles.items()}
        yield Workstation(gateway, bundles, {name: run / f"data/{name}.json" for name, run in runs.items()})


def test_collection_runs_green_and_leaves_the_sample_as_it_was(workstation: Workstation) -> None:
    workstation.gateway.client.put("/example", {"key": "{{token}} ü \"'"})
    before = workstation.settings_of("example")
    run = newman.run(workstation.export("postman", "example"), **of(workstation))
    assert run.code == 0, run.printed
    assert run.requests == ("GET /example 200", "PUT /example 200")
    assert workstation.settings_of("example") == before


def test_collection_gives_back_what_it_takes(workstation: Workstation) -> None:
    before = workstation.settings_of("building")
    run = newman.run(workstation.export("postman", "building"), **of(workstation))
    assert run.code == 0, run.printed
    after = workstation.settings_of("building")
    assert after.pop("keys") == {}, "nothing gives this one back, and its request says so"
    assert {"DELETE /building 200", "DELETE /doors 200", "DELETE /doors/1 200"} <= set(run.requests)
    assert before.pop("keys")
    assert after == before
    assert len([line for line in run.requests if line.startswith("DELETE /rooms/")]) == 2


# After the collections: it leaves other settings.
@pytest.mark.parametrize(
    ("bundle", "mode"),
    # The sample fails with 500 where a body is missing, as the vendor's does: what is not allowed is not sent there.
    [("example", "positive"), ("building", "all")],
)
def test_openapi_is_valid_and_the_bundle_does_what_it_says(workstation: Workstation, bundle: str, mode: str) -> None:
    document = workstation.export("openapi", bundle)
    OpenAPIV31SpecValidator(json.loads(document.read_text())).validate()
    # A gateway answers other methods than these with 500, whatever the bundle.
    methods = '["GET", "POST", "PUT", "DELETE"]'
    (workstation.gateway.home / "schemathesis.toml").write_text(f"[phases.coverage]\nunexpected-methods = {methods}\n")
    ended = subprocess.run(
        [
            Path(sys.executable).with_name("schemathesis"),
            "run",
            document,
            f"--url={workstation.gateway.url}/api/v1",
            f"--header=mx-api-token: {workstation.gateway.token}",
            f"--tls-verify={workstation.gateway.certificate}",
            f"--mode={mode}",
            f"--exclude-checks={NOT_THE_BUNDLES}",
            "--generation-deterministic",
            "--generation-allow-x00=false",  # its controller drops a message with such a character
            "--max-examples=8",
            "--no-color",
        ],
        cwd=workstation.gateway.home,
        env=workstation.gateway.environment,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr


def of(workstation: Workstation) -> dict[str, Any]:
    gateway = workstation.gateway
    return {"host": gateway.url.removeprefix("https://"), "token": gateway.token, "certificate": gateway.certificate}
