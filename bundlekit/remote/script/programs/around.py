# Which bundles are on this gateway: those that bundlekit has deployed, and those that run by hand. For Python 2.7 and 3.
#
#   around.py ROOT NAME [FOLDER [force|'' [BUT]]]
#
# Prints events of the script: `by-hand PID FOLDER NAME VERSION RESOURCE...` for each that runs from a folder of
# somebody's, `deployed NAME VERSION RESOURCE...` for each of bundlekit's but NAME. With the FOLDER of a release of NAME
# it tells instead with which of them that one would share requests, and ends with status 3 then, unless `force`;
# what runs by hand in the folder BUT does not count.
import json
import os
import re
import sys

TEXT = type(json.loads('""'))
UNFIT = 3  # Python itself may end with 1


def say(*fields):
    line = "\t".join(" ".join(re.sub("[\\s\\x00-\\x1f\\x7f-\\x9f]", " ", field).split()) for field in fields)
    os.write(1, line.encode("utf-8", "replace") + b"\n")


def about(folder):
    """Name, version and resources that bundle.json in a folder declares; None if it is none."""
    try:
        with open(os.path.join(folder, b"bundle.json"), "rb") as stream:
            manifest = json.loads(stream.read(300000).decode("utf-8-sig"))
        items = manifest.get("resources") or []
        mine = [
            re.sub("^/?api/v1(?=/)", "", item["resource"])
            for item in items
            if isinstance(item, dict) and isinstance(item.get("resource"), TEXT)
            # What only listens answers nothing.
            and item.get("role", manifest.get("role")) != "view"
        ]
        found = [manifest["name"], manifest.get("version", TEXT())] + mine
        return found if all(isinstance(one, TEXT) for one in found) else None
    except Exception:
        return None


def by_hand(root):
    """The first process and the folder of each bundle that runs and is not bundlekit's."""
    folders = []
    for process in sorted(int(name) for name in os.listdir("/proc") if name.isdigit()):
        try:
            place = ("/proc/%d/" % process).encode()
            with open(place + b"cmdline", "rb") as stream:
                words = stream.read(4096).split(b"\0")
            if not re.match(b"python|node", os.path.basename(words[0])):
                continue
            main = [word for word in words[1:] if re.search(b"[.](py|js)$", word)][0]
            folder = os.path.dirname(os.path.realpath(os.path.join(os.readlink(place + b"cwd"), main)))
        except (IOError, OSError, IndexError):
            continue  # it has ended, or is none
        if folder not in folders and not folder.startswith(root + b"/"):
            folders.append(folder)
            yield process, folder


def parts(resource):
    return ["+" if "+" in part else part for part in re.sub(":\\w+", "+", resource).strip("/").split("/")]


def meet(one, other):
    """Whether some request goes to both resources, as the controller matches them."""
    ours, theirs = sorted([parts(one), parts(other)], key=len)
    for mine, its in zip(ours, theirs):
        if "#" in (mine, its):
            return True
        if mine != its and "+" not in (mine, its):
            return False
    return len(ours) == len(theirs) or theirs[len(ours)] == "#"


def main(root, name, folder="", force="", but=""):
    root = os.path.realpath(root.encode())
    ours = about(folder.encode()) if folder else None
    but = getattr(os, "fsencode", str)(but)
    found = [(str(process), place, about(place)) for process, place in by_hand(root) if place != but]
    for one in sorted(os.listdir(root + b"/bundles")) if os.path.isdir(root + b"/bundles") else ():
        if one != name.encode():
            found.append(("", b"", about(root + b"/bundles/" + one + b"/current")))
    bad = 0
    for process, place, bundle in found:
        if bundle is None:
            continue
        where = [process, place.decode("utf-8", "replace")] if process else []
        if not folder:
            say("by-hand" if where else "deployed", *(where + bundle))
            continue
        shared = [mine for mine in (ours or [])[2:] if any(meet(mine, its) for its in bundle[2:])]
        if shared or bundle[0] == name:
            say("shared" if force else "fail", "resource", ", ".join(shared[:5]), bundle[0], bundle[1], *where)
            bad += 1
    return UNFIT if bad and not force else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
