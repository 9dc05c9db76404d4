"""Hostile files: whatever is in them, there is an answer or an `ElfError`, soon and in little memory."""

from __future__ import annotations

import lzma
import os
import struct
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from probed import compile_probed, hide_symbols, run

from policyd.elf import Binary, ElfError
from policyd.elf.debugdata import LARGEST
from policyd.text import is_safe

pytestmark = pytest.mark.skipif(os.uname().machine != "x86_64", reason="operands of the test program are those of x86")


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return hide_symbols(compile_probed(tmp_path_factory.mktemp("elf") / "probed")).read_bytes()


@pytest.fixture
def written(tmp_path: Path) -> Path:
    return tmp_path / "hostile"


def ask(path: Path) -> None:
    binary = Binary.open(str(path))
    binary.symbols()
    binary.usdt()
    binary.is_code(0)


def answer(path: Path) -> tuple[str, tuple[str, ...]]:
    """Return what is wrong with a file, or nothing and the names that it has."""
    try:
        ask(path)
        return "", tuple(Binary.open(str(path)).symbols())
    except ElfError as error:
        return str(error), ()


def wrong(path: Path) -> str:
    with pytest.raises(ElfError) as caught:
        ask(path)
    return str(caught.value).replace(str(path.parent) + "/", "")


def patched(raw: bytes, *patches: tuple[int, str, int]) -> bytes:
    changed = bytearray(raw)
    for at, form, number in patches:
        struct.pack_into(f"<{form}", changed, at, number)
    return bytes(changed)


def test_what_is_no_file_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert wrong(tmp_path / "pipe") == "`pipe` is no regular file"
    assert wrong(tmp_path / "none") == "`none` cannot be read: No such file or directory"
    with pytest.raises(ElfError, match="is no regular file"):
        ask(tmp_path)
    with pytest.raises(ElfError, match="is no regular file"):
        ask(Path("/dev/zero"))


def test_what_is_no_elf_file_is_told(written: Path) -> None:
    for raw in (b"", b"#!/bin/sh\n", b"\x7fEL"):
        written.write_bytes(raw)
        assert wrong(written) == "`hostile` is no program and no shared library (it does not begin as ELF files do)"
    written.write_bytes(b"\x7fELF")
    assert "is no sound ELF file" in wrong(written)


def test_other_processors_are_told(written: Path, sound: bytes) -> None:
    written.write_bytes(patched(sound, (18, "H", 3)))
    assert wrong(written) == ("`hostile` is for another processor (64 bits, EM_386): x86-64 and arm64 are known")


@pytest.mark.parametrize(
    ("patches", "why"),
    [
        (((60, "H", 0),), "it claims to have"),  # e_shnum 0: as many as section 0 says
        (((58, "H", 0),), "the rows of its tables have another size"),
        (((54, "H", 1),), "the rows of its tables have another size"),
        (((40, "Q", 1 << 62),), "its tables cannot be read"),
        (((32, "Q", (1 << 64) - 1),), "its tables cannot be read"),
    ],
)
def test_tables_that_lie_are_refused(
    written: Path, sound: bytes, patches: tuple[tuple[int, str, int], ...], why: str
) -> None:
    first = int.from_bytes(sound[40:48], "little")  # e_shoff: section 0's size is where e_shnum 0 looks
    written.write_bytes(patched(sound, (first + 32, "Q", 1 << 40), *patches))
    assert why in wrong(written)


def test_a_bomb_in_debug_data_is_not_unpacked(tmp_path: Path) -> None:
    program = compile_probed(tmp_path / "probed")
    bomb = tmp_path / "bomb"
    bomb.write_bytes(lzma.compress(bytes(LARGEST + 4096), preset=1))
    run("objcopy", f"--add-section=.gnu_debugdata={bomb}", program)
    assert "its .gnu_debugdata is cut, or unpacks to more than 64 MiB" in wrong(program)
    bomb.write_bytes(b"this is nothing that xz has packed")
    run("objcopy", f"--update-section=.gnu_debugdata={bomb}", program)
    assert "its .gnu_debugdata cannot be unpacked" in wrong(program)


def test_a_hostile_name_reaches_no_terminal(tmp_path: Path) -> None:
    path = tmp_path / "a\x1b[31mb"
    path.write_bytes(b"")
    with pytest.raises(ElfError) as caught:
        ask(path)
    assert "\x1b" not in str(caught.value)


def test_names_that_no_terminal_should_see_are_left_out(tmp_path: Path) -> None:
    path = compile_probed(tmp_path / "probed")
    raw = path.read_bytes()
    for name, evil in ((b"greet\0", b"g\x1b[2J\0"), (b"nine\0", b"n\xff\xfee\0"), (b"quiet\0", b"q\nity\0")):
        assert name in raw
        raw = raw.replace(name, evil)
    path.write_bytes(raw)
    binary = Binary.open(str(path))
    assert "add" in binary.symbols()
    assert all(is_safe(name) for name in binary.symbols())
    assert {"greet", "nine"}.isdisjoint(binary.symbols())
    assert [probe.key for probe in binary.usdt()] == ["demo:fire"]


@settings(max_examples=150)
@given(st.data())
def test_a_file_with_any_bytes_changed_has_an_answer(
    sound: bytes, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    raw = bytearray(sound)
    tables = int.from_bytes(sound[40:48], "little")
    spots = st.one_of(st.integers(0, 1023), st.integers(tables, len(sound) - 1), st.integers(0, len(sound) - 1))
    for _ in range(data.draw(st.integers(1, 6))):
        raw[data.draw(spots)] = data.draw(st.sampled_from([0, 1, 0x7F, 0x80, 0xFF]))
    path = tmp_path_factory.getbasetemp() / "mutated"
    path.write_bytes(raw[: data.draw(st.sampled_from([len(raw), len(raw) // 2, 700]))])
    error, names = answer(path)
    assert error.startswith(f"`{path}` ") or not error
    assert is_safe(error)
    assert all(map(is_safe, names))
