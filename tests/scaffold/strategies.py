"""Answers as hypothesis makes them up: all that the checks let through."""

from __future__ import annotations

from hypothesis import strategies as st

from bundlekit.bundle.manifest import METHODS, Resource
from bundlekit.errors import BadUsage
from bundlekit.scaffold.answers import Answers
from bundlekit.scaffold.resources import beside

_SPECIAL = [
    '"',
    "'",
    '"""',
    "\\",
    "\n",
    "\t",
    "{{",
    "}}",
    "{%",
    "%}",
    "{#",
    "#}",
    "{{ cookiecutter.name }}",
    "{% raw %}",
]
_SPECIAL += [
    "{% endraw %}",
    "\\n",
    "\\u00e9",
    "\\N{DASH}",
    "%s",
    "${HOME}",
    "`",
    "</script>",
    "# coding: klingon",
    "\u2028",
]

texts = st.lists(
    st.sampled_from(_SPECIAL) | st.text(st.characters(exclude_categories=["Cc", "Cs"]), max_size=8), max_size=8
).map("".join)
needed_texts = texts.filter(str.strip)
names = st.from_regex(r"[A-Za-z-]{1,64}", fullmatch=True) | st.sampled_from(
    ["-rf", "--", "None", "Sanji", "Mqtt", "bundle"]
)
emails = st.just("") | st.from_regex(
    r"[^@\s,<>\x00-\x1f\x7f-\x9f]{1,8}@[^@\s,<>\x00-\x1f\x7f-\x9f]{1,8}", fullmatch=True
)
versions = st.from_regex(
    r"(0|[1-9][0-9]?)\.(0|[1-9][0-9]?)\.(0|[1-9][0-9]?)(-[a-z]{1,5}\.1)?(\+[a-z]{1,5})?", fullmatch=True
)

_literals = st.sampled_from(["a", "b", "profile", "a-b", "a_b", "0", "-"]) | st.from_regex(
    "[A-Za-z0-9_-]{1,8}", fullmatch=True
)
_parameters = st.sampled_from([":id", ":self", ":class", ":message", ":settings"]) | st.from_regex(
    ":[A-Za-z_][A-Za-z0-9_]{0,7}", fullmatch=True
).filter(lambda parameter: parameter != ":querystring")
paths = (
    st.tuples(_literals, st.lists(_literals | _parameters, max_size=5))
    .map(lambda drawn: [drawn[0], *drawn[1]])
    .filter(lambda segments: len({s for s in segments if s[0] == ":"}) == sum(s[0] == ":" for s in segments))
    .map(lambda segments: "/" + "/".join(segments))
    .filter(lambda path: not (path + "/").startswith("/api/v1/"))
)
methods = st.lists(st.sampled_from(METHODS), min_size=1, unique=True).map(tuple)


@st.composite
def resource_lists(draw: st.DrawFn) -> tuple[Resource, ...]:
    found: tuple[Resource, ...] = ()
    for path, allowed in draw(st.lists(st.tuples(paths, methods), min_size=1, max_size=6)):
        added = Resource(path, allowed, "model")
        try:
            beside(found, added)
        except BadUsage:
            continue
        found += (added,)
    return found


answers = st.builds(
    Answers,
    name=names,
    description=needed_texts,
    author=texts,
    email=emails,
    license=needed_texts,
    version=versions,
    ttl=st.integers(1, 60),
    resources=resource_lists(),
)
