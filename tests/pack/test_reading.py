"""Archives made by hand, by other tools, and by people who mean harm."""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import random
import subprocess
import tarfile
import tracemalloc
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from bundlekit.bundle.bundle import Bundle
from bundlekit.errors import BundlekitError, Refused, Unreadable
from bundlekit.pack import safety
from bundlekit.pack.archive import pack
from bundlekit.pack.reading import open_archive, read_archive
from tests.pack.folders import BUNDLE, make_folder
from tests.rotation import examples


@dataclass(frozen=True)
class Item:
    """A member as tarfile is told to write it."""

    name: str
    kind: bytes = tarfile.REGTYPE
    content: bytes = b"x"
    link: str = ""
    pax: dict[str, str] = field(default_factory=dict)


def tar_of(*items: Item, style: int = tarfile.GNU_FORMAT) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w", format=style, encoding="utf-8", errors="surrogateescape") as tar:
        for item in items:
            info = tarfile.TarInfo(item.name)
            info.type, info.linkname, info.pax_headers = item.kind, item.link, item.pax
            info.size = len(item.content) if item.kind in tarfile.REGULAR_TYPES else 0
            tar.addfile(info, io.BytesIO(item.content))
    return stream.getvalue()


def _sums(*lines: str) -> Item:
    return Item("SHA256SUMS", content="".join(line + "\n" for line in lines).encode())


X = hashlib.sha256(b"x").hexdigest()
FOLDER = tarfile.DIRTYPE

REFUSED: dict[str, tuple[list[Item], str]] = {
    "symbolic link": ([Item("a", tarfile.SYMTYPE, link="index.py")], "a is a link to index.py"),
    "symbolic link outwards": ([Item("a", tarfile.SYMTYPE, link="../../etc")], "a is a link to ../../etc"),
    "link, then a file through it": ([Item("a", tarfile.SYMTYPE, link="/etc"), Item("a/b")], "a is a link to /etc"),
    "hard link": ([Item("a"), Item("b", tarfile.LNKTYPE, link="a")], "b is a link to a"),
    "character device": ([Item("a", tarfile.CHRTYPE)], "a is neither a file nor a folder"),
    "block device": ([Item("a", tarfile.BLKTYPE)], "a is neither a file nor a folder"),
    "FIFO": ([Item("a", tarfile.FIFOTYPE)], "a is neither a file nor a folder"),
    "contiguous file": ([Item("a", tarfile.CONTTYPE)], "a is neither a file nor a folder"),
    "unknown kind": ([Item("a", b"Z")], "a is neither a file nor a folder"),
    "volume header": ([Item("a", b"V")], "a is neither a file nor a folder"),
    "absolute path": ([Item("/etc/passwd")], "/etc/passwd is an absolute path"),
    "absolute folder": ([Item("/etc", FOLDER)], "/etc is an absolute path"),
    "path that leads out": ([Item("../a")], "../a leads out of its folder"),
    "path that leads out in the middle": ([Item("a/../../b")], "a/../../b leads out of its folder"),
    "folder that leads out": ([Item("a/..", FOLDER)], "a/.. leads out of its folder"),
    "path that leads out behind a dot": ([Item("./../a")], "../a leads out of its folder"),
    "two slashes": ([Item("a//b")], "a//b is not a plain path"),
    "dot inside": ([Item("a/./b")], "a/./b is not a plain path"),
    "no name": ([Item("")], "a member without a name is not a plain path"),
    "absolute behind a dot": ([Item(".//etc/passwd")], "/etc/passwd is an absolute path"),
    "backslash": ([Item("a\\..\\b")], "a\\..\\b has a backslash"),
    "line end": ([Item("a\nb")], r"a\nb has a control character"),
    "escape code": ([Item("a\x1b[2J")], r"a\x1b[2J has a control character"),
    "not UTF-8": ([Item("a\udcff")], r"a\xff has a name that is not UTF-8"),
    "name too long": ([Item("n" * 256)], "has a name of 256 bytes"),
    "path too long": ([Item("/".join(["n" * 100] * 11))], "has a name of 1110 bytes"),
    "same file twice": ([Item("a"), Item("a", content=b"other")], "a comes twice"),
    "same file twice, once with a dot": ([Item("a"), Item("./a")], "a comes twice"),
    "folder and file of a name": ([Item("a", FOLDER), Item("a")], "a comes twice"),
    "file and folder of a name": ([Item("a"), Item("a/b")], "a is a file, and a folder for a/b"),
    "case": ([Item("a"), Item("A")], "A and a differ in case or accents only"),
    "case of a folder": ([Item("lib/a"), Item("Lib/b")], "Lib and lib differ in case or accents only"),
    "form of an accent": ([Item("\u00e9"), Item("e\u0301")], "differ in case or accents only"),
    "sparse file": ([Item("a", tarfile.GNUTYPE_SPARSE)], "a is neither a file nor a folder"),
    "sparse file of POSIX": ([Item("a", pax={"GNU.sparse.map": "0,1", "GNU.sparse.size": "1"})], "a is neither"),
    "too many": ([Item(f"{number}") for number in range(10_001)], "it holds 10001 files and folders or more"),
    "wrong checksum": ([Item("a"), Item("b", content=b"y"), _sums(f"{X}  ./a", f"{X}  ./b")], "b differs from its"),
    "file missing": ([_sums(f"{X}  ./a")], "a is in SHA256SUMS and not in the archive"),
    "checksum of something outside": ([_sums(f"{X}  /etc/passwd")], "/etc/passwd is in SHA256SUMS and not in"),
    "no checksum": ([_sums("a")], "line 1 of SHA256SUMS is not a checksum"),
    "endless checksums": ([Item("SHA256SUMS", content=b"x" * 12_000_000)], "SHA256SUMS has 12000000 bytes"),
    "control character in a checksum's name": ([_sums(f"{X}  ./\x1b[2J")], r"\x1b[2J is in SHA256SUMS and not in"),
}


@pytest.mark.parametrize(("items", "message"), REFUSED.values(), ids=REFUSED.keys())
def test_refused(items: list[Item], message: str, tmp_path: Path) -> None:
    styles = [tarfile.GNU_FORMAT, tarfile.PAX_FORMAT]
    if any(item.pax for item in items):
        styles = [tarfile.PAX_FORMAT]
    for style in styles:
        path = tmp_path / f"{style}.tar.gz"
        path.write_bytes(gzip.compress(tar_of(*items, style=style), 1))
        for read in (open_archive, read_archive):
            with pytest.raises(Refused) as caught:
                read(path)
            assert message in caught.value.message
            assert str(path) in caught.value.message
            assert caught.value.message.isprintable()


GOOD_TAR = tar_of(*(Item(name, content=str(content).encode()) for name, content in BUNDLE.items()))
PLAIN = gzip.compress(GOOD_TAR)


def _header(kind: bytes, size: int, name: bytes = b"././@LongLink") -> bytes:
    block = bytearray(tar_of(Item("a", content=b""))[:512])
    block[:100] = name.ljust(100, b"\0")
    block[124:136] = b"%011o\0" % size if size >= 0 else (size % 256**12 | 255 << 88).to_bytes(12)
    block[156:157] = kind
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block)


UNREADABLE: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "is empty"),
    "text": (b"hello\n", "is not a gzip file"),
    "a plain tar": (GOOD_TAR, "is not a gzip file"),
    "a zip": (b"PK\x03\x04" + bytes(100), "is not a gzip file"),
    "the first byte": (PLAIN[:1], "is not a gzip file"),
    "the first two bytes": (PLAIN[:2], "ends too early"),
    "the header": (PLAIN[:10], "ends too early"),
    "the half": (PLAIN[: len(PLAIN) // 2], "ends too early"),
    "all but the last byte": (PLAIN[:-1], "ends too early"),
    "another method": (PLAIN[:2] + b"\x07" + PLAIN[3:], "is damaged"),
    "a wrong checksum": (PLAIN[:-8] + bytes(4) + PLAIN[-4:], "is damaged"),
    "a wrong length": (PLAIN[:-4] + bytes(4), "is damaged"),
    "garbage behind": (PLAIN + b"garbage", "is damaged"),
    "no tar": (gzip.compress(b"hello" * 1000), "holds no tar"),
    "nothing": (gzip.compress(b""), "holds no tar"),
    "half a tar": (gzip.compress(GOOD_TAR[:700]), "ends within bundle.json"),
    "a member that claims more": (gzip.compress(_header(b"0", 5000, b"a")), "ends within a"),
    "a member that claims less than nothing": (
        gzip.compress(_header(b"0", -5000, b"a") + bytes(1024)),
        "ends within a|holds no tar",  # by the version of Python
    ),
    "a long name of a gigabyte": (gzip.compress(_header(b"L", 1 << 30) + bytes(4096)), "holds no tar"),
    "a long name of less than nothing": (gzip.compress(_header(b"L", -512) + bytes(4096)), "holds no tar"),
    "an extended header of a gigabyte": (gzip.compress(_header(b"x", 1 << 30) + bytes(4096)), "holds no tar"),
    "extended headers without end": (gzip.compress(_header(b"x", 0) * 5000 + GOOD_TAR), "holds no tar"),
    "long names without end": (gzip.compress(_header(b"L", 0) * 5000 + GOOD_TAR), "holds no tar"),
    "an extended header that is none": (gzip.compress(_header(b"x", 512) + b"99 path=a\n".ljust(512)), "holds no tar"),
}


@pytest.mark.parametrize(("content", "message"), UNREADABLE.values(), ids=UNREADABLE.keys())
def test_unreadable(content: bytes, message: str, tmp_path: Path) -> None:
    path = tmp_path / "a.tar.gz"
    path.write_bytes(content)
    with pytest.raises(Unreadable, match=message):
        open_archive(path)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (Path.exists, "No such file or directory"),
        (Path.mkdir, "Is a directory"),
        (os.mkfifo, "is not a file"),
        (lambda path: path.symlink_to("/dev/zero"), "is not a file"),
    ],
    ids=["missing", "folder", "FIFO", "device"],
)
def test_what_is_no_file_is_unreadable(make: Callable[[Path], object], message: str, tmp_path: Path) -> None:
    path = tmp_path / "a.tar.gz"
    make(path)
    with pytest.raises(Unreadable, match=message):
        open_archive(path)


def test_more_behind_the_end_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.tar.gz"
    for more in (tar_of(Item("/etc/passwd")), bytes(512) + tar_of(Item("a")), bytes(300_000) + b"x"):
        for content in (gzip.compress(GOOD_TAR + more), gzip.compress(GOOD_TAR) + gzip.compress(more)):
            path.write_bytes(content)
            with pytest.raises(Refused, match="more after the end"):
                open_archive(path)


def test_gzip_bomb_is_refused_early(tmp_path: Path) -> None:
    path = tmp_path / "a.tar.gz"
    with gzip.open(path, "wb", 1) as stream:
        for _ in range(200):
            stream.write(bytes(safety.MEBIBYTE))
    tracemalloc.start()
    with pytest.raises(Refused, match=r"has \d+ bytes and unpacks to \d+ and more"):
        open_archive(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 16 * safety.MEBIBYTE


def test_large_archive_is_not_held_in_memory(tmp_path: Path) -> None:
    path = tmp_path / "a.tar.gz"
    content = random.Random(5).randbytes(24 * safety.MEBIBYTE)
    sums = _sums(f"{hashlib.sha256(content).hexdigest()}  ./a")
    path.write_bytes(gzip.compress(tar_of(Item("a", content=content), sums), 1))
    tracemalloc.start()
    bundle = open_archive(path)
    start = bundle.files.read("a", 100)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert start == content[:100]
    assert peak < 16 * safety.MEBIBYTE


@pytest.mark.parametrize(
    ("unpacked", "packed", "is_bomb"),
    [
        (safety.HARMLESS_UNPACKED, 100, False),
        (safety.HARMLESS_UNPACKED + 1, 100, True),
        (safety.MAX_UNPACKED, safety.MAX_UNPACKED, False),
        (safety.MAX_UNPACKED + 1, safety.MAX_UNPACKED, True),
        (200_000_000, 1_000_000, False),
        (200_000_001, 1_000_000, True),
    ],
)
def test_bombs(unpacked: int, packed: int, is_bomb: bool) -> None:
    assert safety.is_bomb(unpacked, packed) is is_bomb


def test_what_would_be_a_bomb_is_not_packed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(safety, "HARMLESS_UNPACKED", safety.MEBIBYTE)
    folder = make_folder(tmp_path, BUNDLE | {"zeros": bytes(safety.HARMLESS_UNPACKED)})
    with pytest.raises(Refused, match="no gateway takes that"):
        pack(Bundle.in_folder(folder))


@pytest.mark.parametrize(
    "command",
    [
        ["tar", "-czf", "{archive}", "."],
        ["tar", "-czf", "{archive}", "bundle.json", "index.py", "data"],
        ["tar", "--format=pax", "-czf", "{archive}", "."],
        ["tar", "--format=ustar", "-czf", "{archive}", "."],
        ["tar", "--format=v7", "-czf", "{archive}", "."],
        ["busybox", "tar", "-czf", "{archive}", "."],
        ["git", "archive", "--format=tar.gz", "-o", "{archive}", "HEAD"],
        ["python3", "-c", "import shutil; shutil.make_archive('{archive}'[:-7], 'gztar', '.')"],
    ],
    ids=lambda command: " ".join(command[:3]),
)
def test_archives_of_other_tools_are_read(command: list[str], tmp_path: Path) -> None:
    folder = make_folder(tmp_path / "b", executable=["index.py"])
    git = ["git", "-c", "user.name=a", "-c", "user.email=a@example.com"]
    for words in (["init", "-q"], ["add", "."], ["commit", "-qm", "a"]) if command[0] == "git" else ():
        subprocess.run([*git, *words], cwd=folder, check=True)
    path = tmp_path / "a.tar.gz"
    subprocess.run([word.format(archive=path) for word in command], cwd=folder, check=True)
    if command[0] == "git":
        assert b"pax_global_header" in gzip.decompress(path.read_bytes())
    bundle = open_archive(path)
    assert {name: bundle.files.read(name).decode() for name in BUNDLE} == BUNDLE
    assert bundle.files.entries["index.py"].executable
    assert not bundle.files.entries["bundle.json"].executable
    assert bundle.shown("index.py") == f"{path}:index.py"
    archive = read_archive(path)
    assert (archive.name, archive.version) == ("thermostat", "1.2.0")
    assert archive.data == path.read_bytes()
    assert archive.digest == hashlib.sha256(path.read_bytes()).hexdigest()


def test_reading_what_is_not_there_says_so(tmp_path: Path) -> None:
    path = tmp_path / "a.tar.gz"
    path.write_bytes(PLAIN)
    for name in ("nothing", "data", "../a", "/etc/passwd"):
        with pytest.raises(Unreadable, match="there is no file"):
            open_archive(path).files.read(name)


def test_archive_of_the_folder_itself_has_no_manifest(tmp_path: Path) -> None:
    make_folder(tmp_path / "thermostat")
    path = tmp_path / "a.tar.gz"
    subprocess.run(["tar", "-czf", path, "thermostat"], cwd=tmp_path, check=True)
    with pytest.raises(Unreadable, match=r"there is no bundle\.json"):
        read_archive(path)


@given(st.data())
@example(None)
@settings(max_examples=examples(300), deadline=None, suppress_health_check=list(HealthCheck))
def test_no_damage_gets_past_our_errors(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject | None) -> None:
    """Whatever is done to the bytes of a tar, it opens or is told by an error of ours."""
    tar = bytearray(tar_of(Item("n" * 120), Item("a", pax={"comment": "é"}), style=tarfile.PAX_FORMAT) + GOOD_TAR)
    if data is not None:
        for _ in range(data.draw(st.integers(1, 6))):
            start = data.draw(st.integers(0, len(tar)))
            tar[start : start + data.draw(st.integers(0, 20))] = data.draw(st.binary(max_size=20))
            if data.draw(st.booleans()):
                _mend_checksum(tar, data.draw(st.integers(0, len(tar) // 512 - 1)) * 512)
    path = tmp_path_factory.getbasetemp() / "damaged.tar.gz"
    path.write_bytes(gzip.compress(bytes(tar), 1))
    try:
        told = list(open_archive(path).files.entries)
    except BundlekitError as error:
        told = [error.message.replace(str(path), "")]
    assert all(text.isprintable() and not text.startswith("/") and ".." not in text.split("/") for text in told)


def _mend_checksum(tar: bytearray, at: int) -> None:
    block = tar[at : at + 512]
    block[148:156] = b" " * 8
    tar[at + 148 : at + 156] = b"%06o\0 " % sum(block)


@pytest.mark.parametrize(
    ("name", "hint"),
    [("bundle.json", "name the folder of the bundle: "), ("index.py", "name the folder"), ("a.zip", "bundlekit pack")],
)
def test_file_in_place_of_its_bundle_is_told(tmp_path: Path, name: str, hint: str) -> None:
    (tmp_path / name).write_text("{}")
    with pytest.raises(Unreadable, match="is not a gzip file") as told:
        open_archive(tmp_path / name)
    assert str(told.value.hint).startswith(hint)
