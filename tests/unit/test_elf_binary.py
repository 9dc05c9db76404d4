"""Programs and libraries as files: symbols and probes are where binutils say, also in stripped and replaced files."""

from __future__ import annotations

import os
import re
import shutil
import struct
from pathlib import Path

import pytest
from probed import compile_probed, hide_symbols, run, strip

from policyd.elf import Binaries, Binary, ElfError, find_library
from policyd.elf.operands import InMemory, InRegister, Literal

pytestmark = pytest.mark.skipif(os.uname().machine != "x86_64", reason="operands of the test program are those of x86")

KNOWN_FILES = ("libc.so.6", "libstdc++.so.6", "/bin/bash", "/usr/bin/python3")


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return compile_probed(tmp_path_factory.mktemp("elf") / "probed")


def place(name: str) -> str:
    try:
        return os.path.realpath(name) if name.startswith("/") else find_library(name, "x86_64")
    except ElfError:
        pytest.skip(f"{name} is not installed")


def loads(path: str | Path) -> list[tuple[int, int, int]]:
    """The segments as readelf tells: (address, offset, bytes)."""
    rows = re.findall(r"^\s+LOAD\s+(\w+) (\w+) \w+ (\w+)", run("readelf", "-lW", path), re.MULTILINE)
    return [(int(address, 16), int(offset, 16), int(size, 16)) for offset, address, size in rows]


def in_file(address: int, segments: list[tuple[int, int, int]]) -> int:
    return next(address - start + offset for start, offset, size in segments if start <= address < start + size)


@pytest.mark.parametrize("name", KNOWN_FILES)
def test_exported_functions_are_where_nm_says(name: str) -> None:
    path = place(name)
    segments, found = loads(path), Binary.open(path).symbols()
    rows = re.findall(r"^(\w+) ([TWi]) (\S+)$", run("nm", "-D", "--defined-only", path), re.MULTILINE)
    expected = {symbol.replace("@@", "@"): (in_file(int(at, 16), segments), kind == "i") for at, kind, symbol in rows}
    assert len(expected) > 100
    data = {symbol for symbol in expected if symbol not in found}
    assert {symbol: (found[symbol].offset, found[symbol].indirect) for symbol in expected if symbol not in data} == {
        symbol: place for symbol, place in expected.items() if symbol not in data
    }
    assert all(kind == "W" for _, kind, symbol in rows if symbol.replace("@@", "@") in data)  # weak objects


def test_a_name_without_version_means_the_default_one() -> None:
    path = place("libc.so.6")
    rows = re.findall(r" [TW] (\w+)@(@?)([\w.]+)$", run("nm", "-D", "--defined-only", path), re.MULTILINE)
    found = Binary.open(path).symbols()
    default = {name: found[f"{name}@{version}"] for name, mark, version in rows if mark}
    assert {name: found[name] for name in default} == default
    old = [name for name, mark, version in rows if not mark and found[f"{name}@{version}"] != default.get(name, found[name])]
    assert old  # as pthread_cond_wait: without such a one this shows nothing


def test_build_ids_are_those_of_readelf(program: Path) -> None:
    for path in (program, place("libc.so.6")):
        match = re.search(r"Build ID: (\w+)", run("readelf", "-n", path))
        assert match is not None
        assert Binary.open(str(path)).build_id == match[1]


def test_a_file_can_be_without_build_id(tmp_path: Path) -> None:
    assert Binary.open(str(compile_probed(tmp_path / "plain", "-Wl,--build-id=none"))).build_id == ""


@pytest.mark.parametrize("options", [(), ("-static",), ("-no-pie",)])
def test_probes_are_where_the_notes_say(tmp_path: Path, options: tuple[str, ...]) -> None:
    path = compile_probed(tmp_path / "probed", *options)
    segments, binary = loads(path), Binary.open(str(path))
    rows = re.findall(
        r"Provider: (\w+)\s+Name: (\w+)\s+Location: (\w+), Base: \w+, Semaphore: (\w+)\s+Arguments: ?(.*)",
        run("readelf", "-nW", path),
    )
    assert [row[:2] for row in rows if row[0] == "demo"] == [("demo", "fire"), ("demo", "quiet")]
    known = {probe.key: probe for probe in binary.usdt()}
    for provider, name, location, semaphore, arguments in rows:
        if provider != "demo":  # a static libc may have its own
            continue
        probe = known[f"{provider}:{name}"]
        assert probe.offset == in_file(int(location, 16), segments)
        assert probe.semaphore == (in_file(int(semaphore, 16), segments) if int(semaphore, 16) else 0)
        assert [argument.text for argument in probe.arguments] == arguments.split()


def test_the_probes_arguments_are_where_the_compiler_has_them(program: Path) -> None:
    fire = next(probe for probe in Binary.open(str(program)).usdt() if probe.name == "fire")
    assert [(argument.size, argument.signed) for argument in fire.arguments] == [
        (4, True),
        (8, False),
        (2, True),
        (4, True),
        (8, False),
    ]
    places = [argument.place for argument in fire.arguments]
    assert places[:2] == [InRegister("di"), InRegister("si")]
    assert all(isinstance(place, InMemory) for place in places[2:4])
    assert places[4] == Literal(7)


def test_a_prelinked_file_has_its_probes_where_they_were_moved_to(program: Path, tmp_path: Path) -> None:
    """Prelink moved the sections and left the notes: their addresses are off by as much as their base is."""
    before = {probe.key: probe for probe in Binary.open(str(program)).usdt()}
    raw = bytearray(program.read_bytes())
    at = raw.find(b"stapsdt\0")
    while at >= 0:
        pc, base, semaphore = struct.unpack_from("<QQQ", raw, at + 8)
        moved = (pc - 0x10000, base - 0x10000, semaphore and semaphore - 0x10000)
        struct.pack_into("<QQQ", raw, at + 8, *(number % (1 << 64) for number in moved))
        at = raw.find(b"stapsdt\0", at + 1)
    moved_file = tmp_path / "prelinked"
    moved_file.write_bytes(raw)
    assert {probe.key: probe for probe in Binary.open(str(moved_file)).usdt()} == before


def test_a_stripped_program_has_its_exported_functions(tmp_path: Path) -> None:
    path = compile_probed(tmp_path / "probed")
    before = Binary.open(str(path)).symbols()
    after = Binary.open(str(strip(path))).symbols()
    assert "hidden" in before
    assert "hidden" not in after
    assert after["add"] == before["add"]


def test_debug_data_of_a_stripped_program_has_the_others(tmp_path: Path) -> None:
    path = compile_probed(tmp_path / "probed")
    before = Binary.open(str(path)).symbols()
    after = Binary.open(str(hide_symbols(path))).symbols()
    assert ".symtab" not in run("readelf", "-SW", path)
    assert {name: after[name] for name in ("hidden", "add", "main")} == {
        name: before[name] for name in ("hidden", "add", "main")
    }


def test_only_code_can_be_hooked_by_its_offset(program: Path) -> None:
    binary = Binary.open(str(program))
    assert binary.is_code(binary.symbols()["add"].offset)
    assert not binary.is_code(0)
    assert not binary.is_code(program.stat().st_size)


def test_links_are_followed(program: Path, tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(program)
    assert Binary.open(str(link)).path == str(program)
    assert Binary.open(str(link)).state == Binary.open(str(program)).state


def test_a_file_is_read_once_until_it_is_replaced(program: Path, tmp_path: Path) -> None:
    path, binaries = tmp_path / "probed", Binaries("x86_64")
    shutil.copy(program, path)
    first, state = binaries.open(str(path)), binaries.state(str(path))
    assert binaries.open(str(path)) is first
    assert binaries.state(str(path)) == state
    shutil.copy(program, tmp_path / "new")
    (tmp_path / "new").rename(path)
    assert binaries.open(str(path)).state != first.state
    assert binaries.state(str(path)) != state
    with pytest.raises(ElfError, match="was replaced"):
        first.symbols()
    path.unlink()
    assert binaries.state(str(path)) == ""
