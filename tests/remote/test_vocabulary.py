"""The script, its programs, and all that reads what they say, against the one table of it."""

from __future__ import annotations

import ast
import re
import shlex
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

import bundlekit
from bundlekit.cli.terminal import TerminalListener
from bundlekit.remote import bootstrap, script
from bundlekit.remote.vocabulary import EVENTS, EXAMINED, FAILURES, OUTCOMES, PHASES, Said

HERE = Path(bundlekit.__file__).parent
ANY_NUMBER = 99
SEVERAL = ("$@", "$sdk")  # words that stand for more than one
OF_CLIENT = {"fetch", "upload", "prune"}  # phases that no script says

Emitted = tuple[str, str, int]
"""A word, the first field behind it, and how many fields there are: `ANY_NUMBER` where that is not known."""


def said_by_shell(text: str) -> Iterator[Emitted]:
    # What other tools print, and what only looks like `say` to us.
    for line in re.findall(r"""(?:printf ['"](?:\\n)?|/)([a-z]+(?:\\t%s|\t\\1)+)""", text):
        word, *fields = re.split(r"\\t|\t", line)
        yield word, "", len(fields)
    for word in re.findall(r"^echo (end)$", text, re.MULTILINE):
        yield word, "", 0
    for word in re.findall(r"\bsay_history (\w+) ", text):
        yield word, "", 13
    if "say $held " in text:
        for held in re.findall(r"\bheld=([a-z-]+)", text):
            yield held, "", 5
    text = re.sub(r"\\\n\s*", " ", text).replace("\\(", "").replace("\\)", "")
    before = ""
    while before != text:  # what is in `$(...)` or `${...}` has quotes of its own
        before, text = text, re.sub(r"\$\([^()]*\)|\$\{[^{}]*\}|\([^()\n]*\)", "X", text)
    for found in re.finditer(r"(?<![\w.-])(?<!record )(say|fail|die|phase|refuse) (?=(.*))", text):
        lexer = shlex.shlex(found[2], posix=True, punctuation_chars=True)
        lexer.whitespace_split = True
        words = []
        for word in lexer:
            if set(word) <= set(";|&)(}<>"):
                break
            words.append(word)
        if found[1] != "say":
            words.insert(0, "phase" if found[1] == "phase" else "fail")
        known = [word for word in words if word not in SEVERAL]
        if known and not known[0].startswith("$"):
            yield known[0], "".join(known[1:2]), len(words) - 1 if known == words else ANY_NUMBER


def said_by_python(program: str) -> Iterator[Emitted]:
    for call in ast.walk(ast.parse(program)):
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "say":
            word, *fields = call.args
            first = fields[0].value if isinstance(fields[0], ast.Constant) else ""
            count = ANY_NUMBER if any(isinstance(field, ast.Starred) for field in call.args) else len(fields)
            for one in [word.body, word.orelse] if isinstance(word, ast.IfExp) else [word]:
                assert isinstance(one, ast.Constant)
                yield str(one.value), str(first), count


@cache
def said_in_all() -> list[Emitted]:
    opening = bootstrap.opening("0", password=None, look=["x"]).command
    programs = [script.program(name) for name in ("around.py", "check.py", "signature.py", "verify.py")]
    said = [one for program in programs for one in said_by_python(program)]
    return [*said_by_shell(script.bare()), *said_by_shell(opening), *said]


def firsts(word: str) -> dict[str, int]:
    """The first fields of an event, where they are written out, each with the most that follow it."""
    found: dict[str, int] = {}
    for said, first, count in said_in_all():
        if said == word and re.fullmatch("[a-z-]+", first):
            found[first] = max(found.get(first, 0), count - 1)
    return found


def numbers(table: dict[str, str]) -> dict[str, int]:
    return {word: len(fields.split()) for word, fields in table.items()}


@pytest.mark.parametrize("table", [EVENTS, EXAMINED], ids=["script", "examine.sh"])
def test_script_says_the_events_of_the_table_with_their_fields(table: dict[str, Said]) -> None:
    said = said_in_all() if table is EVENTS else list(said_by_shell(script.examination()))
    most: dict[str, int] = {}
    for word, _, count in said:
        most[word] = max(most.get(word, 0), count)
    assert most.keys() == table.keys()
    for word, count in most.items():
        fields = table[word].fields.split()
        if count != ANY_NUMBER:
            assert count == len(fields) or (count < ANY_NUMBER and table[word].fields.endswith("...")), word


def test_each_reader_of_the_table_reads_the_word_and_others_do_not() -> None:
    listed = {
        (reader, word)
        for table in (EVENTS, EXAMINED)
        for word, said in table.items()
        for reader in said.readers.split()
        if reader != "script"
    }
    files = [
        path
        for room in ("remote", "deploy", "cli")
        for path in (HERE / room).rglob("*.py")
        if "programs" not in path.parts
    ]
    read = {(str(path.relative_to(HERE)), word) for path in files for word in words_read(path.read_text())}
    doctors = {one for one in read if one[0] == "deploy/doctor/checks.py" and one[1] in ("by-hand", "deployed")}
    assert read - doctors == listed


def words_read(source: str) -> Iterator[str]:
    """The words that a module compares the word of an event with, or looks up by it."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        match node:
            case ast.Compare(left=ast.Attribute(attr="word"), comparators=[ast.Constant(value=str(word))]):
                yield word
            case ast.Compare(left=ast.Attribute(attr="word"), comparators=[ast.Tuple(elts=words)]):
                yield from (str(word.value) for word in words if isinstance(word, ast.Constant))
            case ast.Compare(left=ast.Constant(value=str(word)), comparators=[ast.Name(id="said")]):
                yield word
            case ast.Call(
                func=ast.Attribute(value=ast.Name(id="said"), attr="get"), args=[ast.Constant(value=str(word)), *_]
            ):
                yield word
            case ast.Call(func=ast.Name(id="_field"), args=[_, ast.Constant(value=str(word)), *_]):
                yield word
            case ast.AnnAssign(target=ast.Name(id="_OF_GATEWAY" | "_OF_BUNDLE"), value=ast.Dict(keys=keys)):
                yield from (str(key.value) for key in keys if isinstance(key, ast.Constant))
            case ast.Constant(value=str(text)) if text == "done\t":
                yield "done"


def test_phases_of_the_script_have_a_text_on_the_terminal() -> None:
    assert firsts("phase") == numbers(PHASES)
    assert PHASES.keys() | OF_CLIENT == TerminalListener._TEXTS.keys()


def test_outcomes_of_the_script_are_judged() -> None:
    assert firsts("outcome") == numbers(OUTCOMES)
    source = (HERE / "deploy/outcome.py").read_text()
    for word in OUTCOMES:
        assert f'"{word}"' in source, word


def test_failures_of_the_script_have_an_error_of_their_own() -> None:
    text = script.bare()
    by_tools = {"space", "read-only", *re.findall(r"(?:trouble_word \".*\"|refuse_trouble|fail_to) ([a-z-]+)", text)}
    said = firsts("fail")
    assert said.keys() | by_tools | firsts("problem").keys() == FAILURES.keys()
    exact = {word: count for word, count in said.items() if word not in by_tools and count < ANY_NUMBER - 1}
    assert exact.items() <= numbers(FAILURES).items()
    source = ast.parse((HERE / "remote/failures.py").read_text())
    cases = {
        node.value.value
        for node in ast.walk(source)
        if isinstance(node, ast.MatchValue) and isinstance(node.value, ast.Constant)
    }
    assert FAILURES.keys() - cases == {"usage", "name", "id", "resource"}
    assert not cases - FAILURES.keys()
