"""`python -m bundlekit.remote.script | shellcheck -` and other ways to look at the whole script."""

import sys

from bundlekit.remote import script

sys.stdout.write(script.text())
