"""Libraries by name: as the dynamic loader finds them."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policyd.elf import ElfError, find_library
from policyd.elf.libraries import CACHE

ARCH = os.uname().machine
with_cache = pytest.mark.skipif(not Path(CACHE).exists(), reason="this host's loader has no cache")


@with_cache
def test_every_library_of_the_cache_is_found_where_ldconfig_says() -> None:
    listed = subprocess.run(["/sbin/ldconfig", "-p"], capture_output=True, text=True, check=True).stdout
    wanted = {"x86_64": "x86-64", "aarch64": "AArch64"}[ARCH]
    rows = re.findall(r"^\t(\S+) \(([^)\s]*)[^)\n]*\) => (\S+)$", listed, re.MULTILINE)
    paths: dict[str, str] = {}
    for name, kinds, path in rows:
        if wanted in kinds.split(",") and "hwcap" not in kinds:
            paths.setdefault(name, path)
    assert len(paths) > 10
    assert {name: find_library(name, ARCH) for name in paths} == {
        name: os.path.realpath(path) for name, path in paths.items()
    }


@pytest.mark.parametrize("name", ["libc.so.6", "libc", "c"])
def test_a_library_has_short_names(name: str) -> None:
    assert Path(find_library(name, ARCH)).name == "libc.so.6"


def test_without_a_cache_the_usual_directories_are_searched(tmp_path: Path) -> None:
    assert find_library("libc.so.6", ARCH, str(tmp_path / "none")) == find_library("libc.so.6", ARCH)


def test_a_library_that_is_not_there_has_near_misses() -> None:
    with pytest.raises(ElfError, match=r"there is no library `libcc.so.6`; did you mean .*libc.so.6"):
        find_library("libcc.so.6", ARCH)


def test_several_versions_must_be_told_apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("libssl.so.1.1", "libssl.so.3"):
        (tmp_path / name).touch()
    monkeypatch.setattr("policyd.elf.libraries.directories", lambda arch: (str(tmp_path),))
    with pytest.raises(ElfError, match=r"several libraries `libssl`: name one of libssl.so.1.1 or libssl.so.3"):
        find_library("libssl", ARCH, str(tmp_path / "none"))
    assert find_library("libssl.so.3", ARCH, str(tmp_path / "none")) == str(tmp_path / "libssl.so.3")


def test_names_of_one_file_are_one_library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "libz.so.1.3").touch()
    for link in ("libz.so", "libz.so.1"):
        (tmp_path / link).symlink_to("libz.so.1.3")
    monkeypatch.setattr("policyd.elf.libraries.directories", lambda arch: (str(tmp_path),))
    assert find_library("z", ARCH, str(tmp_path / "none")) == str(tmp_path / "libz.so.1.3")


def found_or_told(cache: str) -> str:
    try:
        return find_library("libc", ARCH, cache)
    except ElfError as error:
        return str(error)


@with_cache
@given(where=st.integers(0, 400), what=st.binary(max_size=8), cut=st.integers(0, 2000))
def test_a_broken_cache_finds_nothing_or_something(
    tmp_path_factory: pytest.TempPathFactory, where: int, what: bytes, cut: int
) -> None:
    raw = bytearray(Path(CACHE).read_bytes())
    raw[where : where + len(what)] = what
    path = tmp_path_factory.getbasetemp() / "cache-of-libraries"
    path.write_bytes(raw[: len(raw) - cut])
    found = found_or_told(str(path))
    assert Path(found).is_file() or "`libc`" in found


def test_a_library_that_the_cache_does_not_know_yet_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("policyd.elf.libraries.directories", lambda arch: (str(tmp_path),))
    with pytest.raises(ElfError):
        find_library("pdnew", ARCH)
    (tmp_path / "libpdnew.so.2").touch()
    assert find_library("pdnew", ARCH) == str(tmp_path / "libpdnew.so.2")
