"""Changes of a source as somebody makes them who types: characters, lines, pieces moved, much of it wrong."""

from __future__ import annotations

from random import Random

_TYPED = (
    *(
        "#",
        " ",
        "    ",
        "\n",
        "\n    ",
        "(",
        ")",
        '"',
        "'",
        '"""',
        ":",
        "\\\n",
        "\t",
        "[",
        "]",
        "{",
        "}",
        ",",
        "=",
        "x",
    ),
    *("\r\n", "\u00e4", "\U0001f600", "f'{x}'", "print x\n", "exec x\n", "async ", "lambda x: ", "`", "<>", ">>x", "@"),
    *("def f():\n    pass\n", "class A:\n    x = 1\n", "if x:\n", "else:\n", "match x:\n    case 1:\n        pass\n"),
    *(
        "        # c\n",
        "# bundlekit: ignore[BK302]\n",
        "yield ",
        "*",
        "import os\n",
        "self.",
        "return response(code=200)\n",
    ),
)


def retyped(text: str, random: Random) -> str:
    """A text after one change."""
    at = random.randrange(len(text) + 1)
    match random.randrange(6):
        case 0 | 1:
            return text[:at] + random.choice(_TYPED) + text[at:]
        case 2:
            return text[:at] + text[at + random.randrange(1, 6) :]
        case 3:
            end, to = at + random.randrange(200), random.randrange(len(text) + 1)
            return text[:to] + text[at:end] + text[to:]
    lines = text.split("\n")
    row = random.randrange(len(lines))
    line = lines[row]
    lines[row : row + 1] = random.choice(
        [["#" + line], [line.removeprefix("#")], ["    " + line], [line[4:]], [line, line], [], [line[:-1]]]
    )
    return "\n".join(lines)
