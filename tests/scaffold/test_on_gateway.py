"""Generated bundles where they belong: under Python 2.7 and the SDK, on a gateway."""

from __future__ import annotations

import json
import shlex
import subprocess
from base64 import b64encode
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given, settings

from bundlekit.scaffold.answers import Answers
from bundlekit.scaffold.template import render_bundle
from tests.box import Box
from tests.rotation import examples
from tests.scaffold import strategies
from tests.scaffold.conversations import CONVERSATIONS, NOTHING, Conversation, is_as_promised

pytestmark = pytest.mark.gateway

_CROWD = Conversation("new-crowd", ("/new-crowd:get,put",), (), kept=None)
_FOLDER = "/root/generated"
_START = "cd {folder} && {{ setsid python index.py >log 2>&1 & echo $!; }}"
_DOCSTRING = "import ast, sys; sys.stdout.write(ast.get_docstring(ast.parse(sys.stdin.read()), clean=False) + '.')"
_WAIT = """
cd /root/generated
for _ in $(seq 300); do
    missing=
    for bundle in *; do grep -q 'Register successfully' "./$bundle/log" || missing=$bundle; done
    [ "$missing" ] || exit 0
    sleep 0.1
done
tail -n 30 -- "./$missing/log"
exit 1
"""


@pytest.fixture(scope="module")
def gateway(shared_box: Box, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Box]:
    """A gateway on which the bundles of all conversations have registered."""
    started = []
    for conversation in (*CONVERSATIONS, _CROWD):
        folder = render_bundle(conversation.answers, tmp_path_factory.mktemp("rendered"))
        there = shlex.quote(f"{_FOLDER}/{conversation.name}")
        packed = subprocess.run(["tar", "-C", folder, "-cz", "."], check=True, capture_output=True).stdout
        shared_box.run(f"mkdir -p {there} && base64 -d | tar -C {there} -xz", given=b64encode(packed).decode())
        started.append(shared_box.run(_START.format(folder=there)).stdout.strip())
    shared_box.run(_WAIT)
    yield shared_box
    shared_box.run(f"kill {' '.join(started)}; rm -r {_FOLDER}")


@pytest.mark.parametrize("conversation", CONVERSATIONS, ids=lambda conversation: conversation.name)
def test_generated_bundle_answers_as_promised(gateway: Box, conversation: Conversation) -> None:
    for exchange in conversation.exchanges:
        body = None if exchange.body is NOTHING else exchange.body
        if body is None and exchange.method in ("PUT", "POST"):
            continue  # a gateway puts an empty object in the place of a body that is missing; see below
        code, answer = gateway.api(exchange.method, exchange.path, body)
        assert code == exchange.code, (exchange, answer)
        assert is_as_promised(answer, exchange.answer), (exchange, answer)
    settings = gateway.run(f"cat {_FOLDER}/{conversation.name}/data/{conversation.name}.json").stdout
    assert json.loads(settings) == conversation.kept


def test_missing_body_is_an_empty_object_for_generated_bundles(gateway: Box) -> None:
    paths = {one.path for conversation in CONVERSATIONS for one in conversation.exchanges if one.method == "PUT"}
    assert paths
    for path in paths:
        assert gateway.api("PUT", path, None) == gateway.api("PUT", path, {}), path


@given(answers=strategies.answers)
@settings(deadline=None, max_examples=examples(30))
def test_python_2_reads_the_description_as_it_was_given(
    shared_box: Box, tmp_path_factory: pytest.TempPathFactory, answers: Answers
) -> None:
    source = render_bundle(answers, tmp_path_factory.mktemp("rendered")) / "index.py"
    read = shared_box.run(f"python -c {shlex.quote(_DOCSTRING)}", given=source.read_bytes().decode())
    assert read.stdout == answers.description + "."


def test_generated_bundle_logs_in_the_form_of_the_sample(gateway: Box) -> None:
    log = gateway.run(f"cat {_FOLDER}/new-one/log").stdout
    assert " - DEBUG - 420 - Register successfully new-one tunnel: " in log


def test_changes_at_once_are_all_kept(gateway: Box) -> None:
    # Large, so that a change takes long enough for another one to come in between.
    large = {"large": [[number] for number in range(5000)]}
    assert gateway.api("PUT", "/new-crowd", large) == (200, {"key": "value", **large})
    with ThreadPoolExecutor(8) as crowd:
        answers = crowd.map(lambda number: gateway.api("PUT", "/new-crowd", {f"key-{number}": number}), range(16))
        codes = [code for code, _ in answers]
    assert {200} <= set(codes) <= {200, 423}  # a gateway locks a resource while it is changed
    wanted = {"key": "value", **large, **{f"key-{number}": number for number, code in enumerate(codes) if code == 200}}
    assert gateway.api("GET", "/new-crowd") == (200, wanted)
    assert json.loads(gateway.run(f"cat {_FOLDER}/new-crowd/data/new-crowd.json").stdout) == wanted
