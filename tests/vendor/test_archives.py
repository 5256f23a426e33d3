"""Wheels and sdists that were made to do harm, or that are unusual."""

from __future__ import annotations

import bz2
import gzip
import io
import stat
import struct
import tarfile
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from bundlekit.errors import BundlekitError, Refused, Unreadable
from bundlekit.vendor.distribution import licence_of, parse_metadata
from bundlekit.vendor.folder import contents_of
from bundlekit.vendor.sdists import read_sdist
from bundlekit.vendor.wheels import NAMESPACE, read_wheel
from tests.vendor.packages import metadata, sdist, wheel


def member(name: str, mode: int = 0) -> zipfile.ZipInfo:
    made = zipfile.ZipInfo(name)
    made.external_attr = mode << 16
    return made


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize(
    ("name", "mode", "why"),
    [
        ("../../evil.py", 0, "leads out"),
        ("/etc/cron.d/evil", 0, "absolute"),
        ("foo/../../evil.py", 0, "leads out"),
        ("foo\\..\\evil.py", 0, "backslash"),
        ("foo/./evil.py", 0, "not a plain path"),
        ("foo/evil\n.py", 0, "control character"),
        ("FOO/__init__.py", 0, "differ in case"),
        ("foo-1.0.data/purelib/../../evil.py", 0, "leads out"),
        ("foo/link", stat.S_IFLNK | 0o777, "is a link"),
        ("foo/device", stat.S_IFCHR | 0o600, "neither a file nor a folder"),
        ("foo/__init__.py", 0, "comes twice"),
    ],
)
def test_hostile_wheel_is_refused(tmp_path: Path, name: str, mode: int, why: str) -> None:
    path = wheel(tmp_path, "foo", "1.0", {"foo/__init__.py": ""}, members=[member(name, mode)])
    with pytest.raises(Refused, match=why):
        read_wheel(path)
    assert [one.name for one in tmp_path.iterdir()] == [path.name]


def test_wheel_that_unpacks_to_gigabytes_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "foo-1.0-py2-none-any.whl"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("foo/__init__.py", bytes(40_000_000))
    with pytest.raises(Refused, match="unpacks to 40000000"):
        read_wheel(path)


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress])
def test_header_that_unpacks_to_gigabytes_is_refused(tmp_path: Path, pack: Callable[[bytes], bytes]) -> None:
    """tarfile reads all of an extended header before anybody sees a member."""
    header = tarfile.TarInfo("x")
    header.type, header.size = tarfile.XHDTYPE, 400_000_000
    path = tmp_path / f"foo-1.0.tar.{'gz' if pack is gzip.compress else 'bz2'}"
    path.write_bytes(pack(header.tobuf(tarfile.USTAR_FORMAT) + bytes(40_000_000)))
    with pytest.raises(Refused, match="and unpacks to 3"):
        read_sdist(path)


def test_nothing_is_vendored_that_no_bundle_imports(tmp_path: Path) -> None:
    useless = (
        "foo-1.0.data/scripts/foo",
        "foo/__init__.pyc",
        "foo/__pycache__/x.pyc",
        "tests/__init__.py",
        "docs/a.py",
    )
    path = wheel(tmp_path, "foo", "1.0", dict.fromkeys(("foo/__init__.py", "foo/data.txt", *useless), ""))
    assert list(contents_of([read_wheel(path)])) == ["foo/__init__.py", "foo/data.txt"]


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"PK\x05\x06" + bytes(18), b"no zip"])
def test_file_that_is_no_wheel_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "foo-1.0-py2-none-any.whl"
    path.write_bytes(content)
    with pytest.raises(Unreadable, match="not a wheel"):
        read_wheel(path)


def test_damaged_wheel_never_ends_in_a_traceback(tmp_path: Path) -> None:
    whole = wheel(tmp_path, "foo", "1.0", {"foo/__init__.py": "x = 1\n" * 9}).read_bytes()
    damaged = tmp_path / "foo-2.0-py2-none-any.whl"
    refused = 0
    for place in range(len(whole)):
        damaged.write_bytes(whole[:place] + bytes([whole[place] ^ 0x81]) + whole[place + 1 :])
        try:
            read_wheel(damaged)
        except BundlekitError:
            refused += 1
    assert refused > 100


def test_wheel_gives_modules_and_licences_and_leaves_scripts(tmp_path: Path) -> None:
    files = {
        "space/part/__init__.py": "",
        "single.py": "",
        "INFO/LICENSE": "terms",
        "INFO/licenses/more/AUTHORS": "names",
        "INFO/namespace_packages.txt": "space\n",
        "foo-1.0.data/purelib/also.py": "",
        "foo-1.0.data/scripts/foo": "#!python",
        "foo-1.0-nspkg.pth": "import sys",
    }
    found = read_wheel(wheel(tmp_path, "foo", "1.0", files))
    assert set(found.files) == {"space/__init__.py", "space/part/__init__.py", "single.py", "also.py"}
    assert found.files["space/__init__.py"] == NAMESPACE
    assert found.modules == ("also", "single", "space")
    assert found.licences == {"LICENSE": b"terms", "AUTHORS": b"names"}


@pytest.mark.parametrize(
    ("fields", "licence"),
    [
        (("License-Expression: mit",), "MIT"),
        (("License: MIT", "Classifier: License :: OSI Approved :: BSD License"), "MIT"),
        (("License: UNKNOWN", "Classifier: License :: OSI Approved :: MIT License"), "MIT"),
        (
            (
                "Classifier: License :: OSI Approved :: MIT License",
                "Classifier: License :: OSI Approved :: Apache Software License",
            ),
            "Apache-2.0 OR MIT",
        ),
        (("License: Our own\x1b[31m words",), "Our own\\x1b[31m words"),
        (("Classifier: License :: OSI Approved :: BSD License",), "BSD License"),
        ((), ""),
    ],
)
def test_licence_is_that_of_spdx_where_one_is_meant(fields: tuple[str, ...], licence: str) -> None:
    assert licence_of(parse_metadata(metadata("foo", "1.0", *fields).encode())) == licence


@pytest.mark.parametrize("root", ["", "src/", "lib/", "python2/"])
def test_sdist_gives_its_modules_from_where_they_lie(tmp_path: Path, root: str) -> None:
    files = {
        f"{root}foo/__init__.py": "",
        f"{root}foo/data.txt": "",
        f"{root}foo/fast.c": "",
        f"{root}foo.egg-info/top_level.txt": "foo\ntests\n",
        f"{root}foo.egg-info/requires.txt": 'bar>=1\n\n[:python_version < "3"]\nbaz\n\n[more]\nqux\n',
        "python3/foo/__init__.py": "no",
        "tests/__init__.py": "",
        "LICENSE.txt": "terms",
        "setup.py": "",
    }
    found = read_sdist(sdist(tmp_path, "foo", "1.0", files))
    assert sorted(found.files) == ["foo/__init__.py", "foo/data.txt"]
    assert found.licences == {"LICENSE.txt": b"terms"}
    assert found.requires == ("bar>=1", 'baz ; (python_version < "3")', 'qux ; extra == "more"')
    assert found.extras == ("more",)


def test_sdist_without_a_list_of_modules_gives_the_one_of_its_name(tmp_path: Path) -> None:
    found = read_sdist(sdist(tmp_path, "foo-bar", "1.0", {"foo_bar.py": "", "conf.py": "", "setup.py": ""}))
    assert found.modules == ("foo_bar",)


def test_sdist_whose_modules_cannot_be_seen_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Unreadable, match="cannot be seen where its modules are"):
        read_sdist(sdist(tmp_path, "foo", "1.0", {"deep/er/foo.py": "", "setup.py": ""}))


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE])
def test_link_in_an_sdist_is_not_followed(tmp_path: Path, kind: bytes) -> None:
    path = sdist(tmp_path, "foo", "1.0", {"foo/__init__.py": ""})
    with tarfile.open(path.with_suffix(".more"), "w:gz") as tar, tarfile.open(path) as before:
        for one in before:
            tar.addfile(one, before.extractfile(one))
        link = tarfile.TarInfo("foo-1.0/foo/passwd.py")
        link.type, link.linkname = kind, "/etc/passwd"
        tar.addfile(link)
    path.with_suffix(".more").replace(path)
    assert set(read_sdist(path).files) == {"foo/__init__.py"}


@pytest.mark.parametrize("name", ["foo/../../../evil.py", "foo/\x1bevil.py"])
def test_sdist_with_hostile_paths_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(Refused):
        read_sdist(sdist(tmp_path, "foo", "1.0", {"foo/__init__.py": "", name: ""}))


def test_damaged_sdist_never_ends_in_a_traceback(tmp_path: Path) -> None:
    whole = sdist(tmp_path, "foo", "1.0", {"foo/__init__.py": "x = 1\n" * 9}).read_bytes()
    damaged = tmp_path / "foo-2.0.tar.gz"
    for place in range(len(whole)):
        damaged.write_bytes(whole[:place] + bytes([whole[place] ^ 0x81]) + whole[place + 1 :])
        try:
            read_sdist(damaged)
        except BundlekitError:
            continue


@pytest.mark.parametrize(
    ("name", "setup", "hint"),
    [
        ("lxml", "setup(ext_modules=[Extension('a', ['a.c'])])", "in place of lxml take xml.etree"),
        ("numpy", "from numpy.distutils.core import setup", "in place of numpy take array"),
        ("unknown", "setup(ext_modules=[Extension('a', ['a.c'])])", "look for a package in pure Python"),
    ],
)
def test_native_code_is_refused_with_what_to_take_instead(tmp_path: Path, name: str, setup: str, hint: str) -> None:
    files = {f"{name}/__init__.py": "", "setup.py": setup}
    with pytest.raises(Refused, match="has code for one processor") as told:
        contents_of([read_sdist(sdist(tmp_path, name, "1.0", files))])
    assert hint in str(told.value.hint)
    with pytest.raises(Refused, match=r"fast\.so"):
        contents_of([read_wheel(wheel(tmp_path, name, "1.0", {f"{name}/__init__.py": "", f"{name}/fast.so": ""}))])


def test_package_that_only_runs_faster_with_native_code_is_taken(tmp_path: Path) -> None:
    files = {"crcmod/__init__.py": "", "src/_crc.c": "", "setup.py": "setup(ext_modules=[1])"}
    assert contents_of([read_sdist(sdist(tmp_path, "crcmod", "1.7", files))]) == {"crcmod/__init__.py": b""}


def test_package_that_brings_another_sdk_is_refused(tmp_path: Path) -> None:
    package = read_wheel(wheel(tmp_path, "helper", "1.0", {"helper.py": "", "sanji/__init__.py": ""}))
    with pytest.raises(Refused, match="brings the module sanji"):
        contents_of([package])


def test_two_packages_with_one_file_are_refused(tmp_path: Path) -> None:
    one = read_wheel(wheel(tmp_path, "one", "1.0", {"one.py": "", "shared.py": "1"}))
    two = read_wheel(wheel(tmp_path, "two", "1.0", {"two.py": "", "shared.py": "2"}))
    with pytest.raises(Refused, match=r"one and two both bring vendor/shared\.py"):
        contents_of([one, two])


def test_zip_sdist_is_read(tmp_path: Path) -> None:
    path = tmp_path / "foo-1.0.zip"
    with zipfile.ZipFile(path, "w") as made:
        made.writestr("foo-1.0/PKG-INFO", metadata("foo", "1.0"))
        made.writestr("foo-1.0/foo.py", "")
    assert read_sdist(path).modules == ("foo",)


def test_zip_sdist_that_lies_about_its_size_fills_no_memory(tmp_path: Path) -> None:
    path = tmp_path / "foo-1.0.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("foo-1.0/foo.py", bytes(40_000_000))
    size = struct.pack("<L", 40_000_000)
    path.write_bytes(path.read_bytes().replace(size, struct.pack("<L", 10)))
    tracemalloc.start()
    try:
        with pytest.raises(Unreadable, match="not an sdist that can be read"):
            read_sdist(path)
        assert tracemalloc.get_traced_memory()[1] < 10_000_000
    finally:
        tracemalloc.stop()


def test_tar_of_another_kind_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "foo-1.0.tar.gz"
    with tarfile.open(path, "w:gz") as tar:
        tar.addfile(tarfile.TarInfo("foo-1.0/other"), io.BytesIO())
    with pytest.raises(Unreadable, match="no PKG-INFO"):
        read_sdist(path)
