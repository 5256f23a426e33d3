"""`python -m bundlekit.deploy.script | shellcheck -` and other ways to look at the whole script."""

import sys

from bundlekit.deploy import script

sys.stdout.write(script.text())
