"""Packages with code for one processor, which no bundle can bring along, and what there is in pure Python instead."""

from __future__ import annotations

import re

_ALTERNATIVES = {
    "bcrypt": "hashlib.pbkdf2_hmac of Python 2.7",
    "cffi": "ctypes of Python 2.7",
    "cryptography": "rsa 4.5 and pyaes 1.6.1",
    "gevent": "threading of Python 2.7",
    "hiredis": "redis 3.5.3, which works without it",
    "lxml": "xml.etree.ElementTree of Python 2.7",
    "mysql-python": "PyMySQL 0.10.1",
    "mysqlclient": "PyMySQL 0.10.1",
    "netifaces": "ifaddr 0.1.7",
    "numpy": "array and math of Python 2.7",
    "orjson": "simplejson, which the SDK has",
    "psutil": "the files in /proc",
    "psycopg2": "pg8000 1.13.2",
    "psycopg2-binary": "pg8000 1.13.2",
    "pycrypto": "rsa 4.5 and pyaes 1.6.1",
    "pycryptodome": "rsa 4.5 and pyaes 1.6.1",
    "pycurl": "requests 2.25.1",
    "regex": "re of Python 2.7",
    "smbus": "smbus2 0.4.3",
    "smbus-cffi": "smbus2 0.4.3",
    "ujson": "simplejson, which the SDK has",
}

FASTER_ONLY = frozenset({"crcmod", "markupsafe", "msgpack", "pyyaml", "simplejson", "sqlalchemy", "tornado", "wrapt"})
"""Packages that work without their compiled parts, only slower."""

NATIVE_FILE = re.compile(r".*\.so(?:\.[0-9.]+)?", re.DOTALL)
NATIVE_SOURCE = re.compile(r".*\.(?:c|cc|cpp|cxx|h|hpp|pyx|pxd|rs|f|f90)", re.IGNORECASE | re.DOTALL)
BUILDS_NATIVE = re.compile(
    rb"\bext_modules\b|\bnumpy\.distutils\b|\bExtension\s*\(|\bcffi_modules\b|\brust_extensions\b|\bsetuptools[-_]rust\b"
)
"""What a setup.py or pyproject.toml says that compiles."""


def alternative_to(name: str) -> str:
    """What to do without a package, for a hint."""
    instead = _ALTERNATIVES.get(name)
    return f"in place of {name} take {instead}" if instead else "look for a package in pure Python that does the same"
