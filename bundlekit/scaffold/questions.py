"""The questions to the author of a new bundle: what each asks, what answers it takes, what it supposes."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from bundlekit.bundle.email import is_address
from bundlekit.bundle.manifest import DEFAULT_TTL, NAME
from bundlekit.errors import BadUsage
from bundlekit.quoting import printable, quoted
from bundlekit.scaffold.answers import Answers
from bundlekit.scaffold.resources import resources

_LONGEST_NAME = 64  # it becomes a part of the names of files
_LONGEST_TEXT = 2000  # characters; the text goes into the manifest and into comments
_LONGEST_TTL = 60  # seconds; then the gateway's REST front gives up
_VERSION = re.compile(
    r"(0|[1-9][0-9]{0,8})(\.(0|[1-9][0-9]{0,8})){2}(-[0-9A-Za-z-]{1,20}(\.[0-9A-Za-z-]{1,20}){0,3})?"
    r"(\+[0-9A-Za-z-]{1,20})?"
)

Check = Callable[[object], Any]


@dataclass(frozen=True)
class Author:
    """Who is probably making the bundle."""

    name: str = ""
    email: str = ""


@dataclass(frozen=True)
class Question:
    """A question that one line answers.

    Attributes:
        key: the attribute of `Answers`.
        text: what to ask.
        check: takes what somebody wrote, and returns the answer or raises BadUsage.
        default: what to suppose, from the name of the bundle and its author; None where an answer is a must.
    """

    key: str
    text: str
    check: Check
    default: Callable[[str, Author], str] | None


def name(value: object) -> str:
    """The name of a bundle, checked.

    Raises:
        BadUsage: a bundle cannot have this name.
    """
    text = _text("name", value)
    if not NAME.fullmatch(text):
        raise BadUsage(f"the name is {quoted(text)}, expected letters (a to z) and hyphens, nothing else")
    if len(text) > _LONGEST_NAME:
        raise BadUsage(f"the name {quoted(text)} is longer than {_LONGEST_NAME} characters")
    return text


def description(value: object) -> str:
    return _needed("description", value)


def author(value: object) -> str:
    return _text("author", value)


def email(value: object) -> str:
    """The e-mail address of the author, checked; it may be empty.

    Raises:
        BadUsage: it is no address.
    """
    text = _text("e-mail address", value)
    if text and not is_address(text):
        raise BadUsage(f"the e-mail address is {quoted(text)}, expected an address such as jo@example.com, or nothing")
    return text


def license(value: object) -> str:
    return _needed("licence", value)


def version(value: object) -> str:
    """The first version, checked.

    Raises:
        BadUsage: it is no semantic version.
    """
    text = _text("version", value)
    if not _VERSION.fullmatch(text):
        raise BadUsage(f"the version is {quoted(text)}, expected a version such as 0.1.0 (semantic versioning)")
    return text


def ttl(value: object) -> int:
    """Seconds that the gateway waits for an answer of the bundle, checked.

    Raises:
        BadUsage: it is no whole number of seconds in the range.
    """
    seconds = int(value) if isinstance(value, str) and re.fullmatch("[0-9]{1,9}", value) else value
    if not isinstance(seconds, int) or isinstance(seconds, bool) or not 1 <= seconds <= _LONGEST_TTL:
        raise BadUsage(
            f"the ttl is {quoted(value)}, expected a whole number of seconds from 1 to {_LONGEST_TTL}: "
            "the gateway waits no longer for an answer"
        )
    return seconds


QUESTIONS = (
    Question("name", "Name", name, None),
    Question("description", "What it is for", description, lambda name, _: f"The {name} bundle"),
    Question("author", "Author", author, lambda _, author: author.name),
    Question("email", "E-mail", email, lambda _, author: author.email),
    Question("license", "Licence", license, lambda *_: "MIT"),
    Question("version", "Version", version, lambda *_: "0.1.0"),
    Question("ttl", "Seconds within which it always answers", ttl, lambda *_: str(DEFAULT_TTL)),
)

KEYS = (*(question.key for question in QUESTIONS), "resources")


def default_resource(name: str) -> str:
    """The resource that a bundle has if nobody names one."""
    return f"/{name}"


def checked(given: Mapping[str, object]) -> dict[str, Any]:
    """The answers that were given, each checked.

    Raises:
        BadUsage: one is wrong.
    """
    checks = {question.key: question.check for question in QUESTIONS} | {"resources": resources}
    return {key: checks[key](given[key]) for key in KEYS if key in given}


def completed(answered: Mapping[str, Any], author: Author) -> Answers:
    """Answers to everything: what is missing is supposed.

    Args:
        answered: checked answers; the name is among them.
        author: who to suppose as the author.
    """
    found = dict(answered)
    for question in QUESTIONS:
        if question.key not in found and question.default:
            found[question.key] = question.check(question.default(found["name"], author))
    if "resources" not in found:
        found["resources"] = resources([default_resource(found["name"])])
    return Answers(**found)


def _needed(what: str, value: object) -> str:
    text = _text(what, value)
    if not text.strip():
        raise BadUsage(f"the {what} is empty")
    return text


def _text(what: str, value: object) -> str:
    if not isinstance(value, str):
        raise BadUsage(f"the {what} is {quoted(value)}, expected a text")
    if len(value) > _LONGEST_TEXT:
        raise BadUsage(f"the {what} is longer than {_LONGEST_TEXT} characters")
    for character in value:
        if unicodedata.category(character) in ("Cc", "Cs") and character not in "\t\n":
            raise BadUsage(f"the {what} has the character {printable(character)} in it, which is not text")
    return value
