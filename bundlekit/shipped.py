"""Where the files lie that are shipped beside the code, the schema, the template and the SDK of bundles; and how what
is not shipped gets there.
"""

import shlex
import sys
from importlib.util import find_spec
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def _shipped(*parts: str) -> Path:
    """The path of a shipped file: inside an installed wheel, or at the top of a checkout."""
    in_wheel = _PACKAGE.joinpath("_shipped", *parts)
    return in_wheel if in_wheel.exists() else _PACKAGE.parent.joinpath(*parts)


def manifest_schema() -> Path:
    """The JSON Schema of bundle.json."""
    return _shipped("schemas", "bundle.schema.json")


def rule_page(code: str) -> Path:
    """The page of a rule, in Markdown."""
    return _shipped("docs", "rules", f"{code}.md")


def bundle_template() -> Path:
    """The cookiecutter template of a new bundle."""
    return _shipped("templates", "bundle")


def earlier_templates() -> Path:
    """The folder with the templates of earlier releases, for bundles that do not say which one made them."""
    return _shipped("templates", "earlier")


def sdk() -> Path:
    """The folder with the SDK that bundles are built on and what it pins, to be put on the Python path of a bundle.

    It is there since bundlekit was installed; only who runs a checkout that was never installed misses it.
    """
    return _shipped("sdk")


def install_command(extra: str) -> str:
    """The command that installs what an extra of bundlekit needs into the environment that bundlekit runs in.

    It needs no source of bundlekit: pip and uv take the one that is installed. Plain `pip install` may be the pip of
    another Python, and where pipx or uv made the environment there is no pip in it.
    """
    wanted = f"'bundlekit[{extra}]'"
    prefix = Path(sys.prefix)
    if (prefix / "pipx_metadata.json").is_file():
        return f"pipx runpip {shlex.quote(prefix.name)} install {wanted}"
    python = shlex.quote(sys.executable)
    if (prefix / "uv-receipt.toml").is_file() or find_spec("pip") is None:
        return f"uv pip install --python {python} {wanted}"
    return f"{python} -m pip install {wanted}"
