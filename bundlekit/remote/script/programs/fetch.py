# The folder of a bundle as a compressed tar, in lines of base64. For Python 2.7 and 3.
#
#   fetch.py FOLDER [SETTINGS-FOLDER [SUFFIX]]
#
# With a suffix, only bundle.json and the files beside it whose names end so.
# Settings come from a folder of their own or not at all; links are told as links.
import base64
import os
import re
import sys
import tarfile

NEVER = re.compile(r"[.](git|hg|svn)$|__pycache__$|.*[.]py[co]$")


class Lines(object):
    """What is written comes out as lines that decode each by itself."""

    def __init__(self):
        self.rest = b""

    def write(self, data):
        self.rest += data
        while len(self.rest) >= 48000:
            self.line(48000)

    def line(self, size):
        os.write(1, base64.b64encode(self.rest[:size]) + b"\n")
        self.rest = self.rest[size:]


def main(folder, settings="", suffix=""):
    lines = Lines()
    tar = tarfile.open(mode="w|gz", fileobj=lines, format=tarfile.GNU_FORMAT)
    for place, folders, files in os.walk(folder):
        inner = os.path.relpath(place, folder)
        folders[:] = [name for name in folders if not NEVER.match(name) and not suffix]
        files = [name for name in files if name == "bundle.json" or name.endswith(suffix)]
        for name in sorted(folders + files):
            path = os.path.normpath(os.path.join(inner, name))
            if path != "SHA256SUMS" and not NEVER.match(name) and not is_settings(folder, path):
                tar.add(os.path.join(place, name), path, recursive=False)
    for name in sorted(os.listdir(settings) if os.path.isdir(settings) else ()):
        if is_settings(folder, "data/" + name):
            tar.add(os.path.join(settings, name), "data/" + name, recursive=False)
    tar.close()
    lines.line(48000)


def is_settings(folder, path):
    found = re.match(r"(data/[^/]+[.]json)([.]backup)?$", path)
    return found and (found.group(2) or os.path.exists(os.path.join(folder, path + ".factory")))


if __name__ == "__main__":
    main(*sys.argv[1:])
