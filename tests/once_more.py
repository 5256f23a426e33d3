"""Runs the tests that failed once more, one after the other: `python -m tests.once_more`.

Five processes on two processors make some things slow: a gateway that boots, a link, a broker. A test that fails then
and passes alone has to be found and mended, and is named here, but it is no fault of the product. More than a few are.
"""

import json
import os
import sys
from pathlib import Path

_MOST = 3
_FAILED = Path(".pytest_cache/v/cache/lastfailed")


def main() -> None:
    """Become pytest with what failed in the last run; end with 1 where that is too much, or nothing."""
    failed = sorted(json.loads(_FAILED.read_text())) if _FAILED.is_file() else []
    if not 0 < len(failed) <= _MOST:
        sys.exit(f"{len(failed)} tests failed; up to {_MOST} are run once more")
    sys.stderr.write("\n  ".join(["failed, and run once more with nothing beside them:", *failed]) + "\n")
    os.execv(sys.executable, [sys.executable, "-m", "pytest", "-n", "0", *failed])


if __name__ == "__main__":
    main()
