"""What counts as an e-mail address: for what is asked, and for what is checked."""

from __future__ import annotations

import re

# RFC 5322 lets more through in quotes; `,` parts addresses, and angle brackets part one from a name.
_ADDRESS = re.compile(r"[^@\s,<>]+@[^@\s,<>]+")


def is_address(text: str) -> bool:
    """Whether this is one address and nothing else."""
    return _ADDRESS.fullmatch(text) is not None
