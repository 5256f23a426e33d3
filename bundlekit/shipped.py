"""Where the files lie that are shipped beside the code: the schema and the template."""

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def _shipped(*parts: str) -> Path:
    """The path of a shipped file: inside an installed wheel, or at the top of a checkout."""
    in_wheel = _PACKAGE.joinpath("_shipped", *parts)
    return in_wheel if in_wheel.exists() else _PACKAGE.parent.joinpath(*parts)


def manifest_schema() -> Path:
    """The JSON Schema of bundle.json."""
    return _shipped("schemas", "bundle.schema.json")


def bundle_template() -> Path:
    """The cookiecutter template of a new bundle."""
    return _shipped("templates", "bundle")
