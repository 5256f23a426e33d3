"""What the packages are for: the Python 2.7 of a gateway, as markers and options of pip say it."""

from __future__ import annotations

ENVIRONMENT = {
    "implementation_name": "",  # Python 2.7 has no sys.implementation
    "implementation_version": "0",
    "os_name": "posix",
    "platform_machine": "armv7l",
    "platform_python_implementation": "CPython",
    "platform_release": "",
    "platform_system": "Linux",
    "platform_version": "",
    "python_full_version": "2.7.18",
    "python_version": "2.7",
    "sys_platform": "linux2",
}
"""The values of environment markers there; see PEP 508."""

PIP_OPTIONS = (
    *("--python-version", "2.7.18"),
    *("--implementation", "cp"),
    *("--abi", "cp27mu"),
    *("--abi", "none"),
    *("--platform", "any"),
)
"""With them pip takes a wheel only if it is pure Python for 2.7."""

PROVIDED = frozenset({"sanji"})
"""Packages that every gateway has, and of which a second copy would be another SDK."""
