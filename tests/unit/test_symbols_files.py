"""Which function a place in a file is in: as binutils say, with debug files, whatever is in the file."""

from __future__ import annotations

import os
import struct
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from probed import hide_symbols
from symbols_by_hand import compiled, debug_path, place_of, run, separated

from policyd.elf import CodeMap, ElfError, Image, build_id_of
from policyd.elf.code_map import has_all_functions
from policyd.elf.debug_files import find_debug_file
from policyd.elf.symbols import Row, Symbol
from policyd.symbols.programs import Place, Programs
from policyd.text import is_safe

pytestmark = pytest.mark.skipif(os.uname().machine not in {"x86_64", "aarch64"}, reason="other processors are not read")


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return compiled(tmp_path_factory.mktemp("symbols") / "program")


@pytest.fixture
def copy(program: Path, tmp_path: Path) -> Path:
    return Path(run("cp", program, tmp_path / "copy") or tmp_path / "copy")


def code_of(path: Path) -> CodeMap:
    with Image.open(str(path)) as image:
        return CodeMap.read(image)


def name_at(path: Path, offset: int, folder: Path | None = None) -> str:
    found = Programs((str(folder or "/nowhere"),)).open(Place((str(path),), str(path)))
    assert found is not None
    at = found.code.find(offset)
    return at[0] if at else ""


def rows(*functions: tuple[str, int, int]) -> CodeMap:
    """Make a map of (name, offset, size)."""
    code, ranks = CodeMap(), bytearray()
    for index, (name, offset, size) in enumerate(functions):
        code._append(Row(index, Symbol(name, offset, size), local=False), complete=True)
        ranks.append(len(name) - len(name.lstrip("_")))
    code._flatten(ranks, [0x2000])
    return code


def named(code: CodeMap, *offsets: int) -> list[str]:
    return [(code.find(offset) or ("",))[0] for offset in offsets]


def test_every_function_is_found_where_nm_has_it(program: Path) -> None:
    code = code_of(program)
    with Image.open(str(program)) as image:
        for line in run("nm", "-S", program).splitlines():
            fields = line.split()
            if len(fields) == 4 and fields[2] in "tT":
                offset = image.tables.file_offset(int(fields[0], 16))
                assert offset is not None
                size = int(fields[1], 16)
                assert code.find(offset) == code.find(offset + size - 1) == (fields[3], offset)


def test_nothing_is_named_beyond_its_end() -> None:
    code = rows(("first", 0x100, 0x10), ("second", 0x200, 0x10))

    assert named(code, 0xFF, 0x100, 0x10F, 0x110, 0x1FF, 0x20F, 0x210) == ["", "first", "first", "", "", "second", ""]


def test_of_functions_inside_one_another_the_inner_one_counts() -> None:
    code = rows(("outer", 0x100, 0x100), ("inner", 0x140, 0x10), ("innermost", 0x144, 4))

    assert named(code, 0x13F, 0x140, 0x145, 0x149, 0x150, 0x1FF, 0x200) == [
        *("outer", "inner", "innermost", "inner", "outer", "outer", "")
    ]


def test_functions_that_overlap_are_both_found() -> None:
    assert named(rows(("one", 0x100, 0x20), ("two", 0x110, 0x20)), 0x100, 0x110, 0x11F, 0x120, 0x130) == [
        *("one", "two", "two", "two", "")
    ]


def test_a_function_without_a_size_ends_at_the_next_one_or_with_its_section() -> None:
    code = rows(("bare", 0x100, 0), ("next", 0x180, 0x10), ("last", 0x1F00, 0), ("far", 0x3000, 0))

    assert named(code, 0x17F, 0x180, 0x190, 0x1FFF, 0x2000, 0x3000) == ["bare", "next", "", "last", "", ""]
    assert named(rows(("only", 0x1000, 0)), 0x1FFF, 0x2000) == ["only", ""]


def test_of_equal_functions_the_one_with_fewer_underscores_counts() -> None:
    assert named(rows(("__read", 0x100, 8), ("read", 0x100, 8), ("_read", 0x100, 8)), 0x104) == ["read"]


def test_stripped_programs_keep_what_they_export(copy: Path) -> None:
    offset = place_of(copy, "middle")
    assert name_at(copy, offset) == "middle"
    run("strip", copy)

    assert name_at(copy, offset) == ""


def test_symbols_in_gnu_debugdata_are_found(copy: Path) -> None:
    offset = place_of(copy, "middle")

    assert name_at(hide_symbols(copy), offset) == "middle"


def test_a_debug_file_is_found_by_build_id(copy: Path, tmp_path: Path) -> None:
    offset, debug = place_of(copy, "middle"), debug_path(tmp_path / "debug", copy)
    separated(copy, debug)

    assert name_at(copy, offset, tmp_path / "debug") == "middle"


def test_a_debug_file_of_another_program_is_not_taken(copy: Path, tmp_path: Path) -> None:
    other = compiled(tmp_path / "other", "-DOTHER", "-O2")
    offset, debug = place_of(copy, "middle"), debug_path(tmp_path / "debug", copy)
    separated(other, debug)
    run("strip", copy)

    assert name_at(copy, offset, tmp_path / "debug") == ""


@pytest.mark.parametrize("damaged", [False, True])
def test_a_program_without_build_id_has_its_debug_file_by_checksum(tmp_path: Path, damaged: bool) -> None:
    path = compiled(tmp_path / "program", "-Wl,--build-id=none")
    offset = place_of(path, "middle")
    separated(path, tmp_path / ".debug" / "program.debug", link=True)
    if damaged:
        with (tmp_path / ".debug" / "program.debug").open("ab") as file:
            file.write(b"!")

    assert build_id_of(str(path)) == ""
    assert name_at(path, offset) == ("" if damaged else "middle")


def test_a_debug_link_leads_nowhere_else(copy: Path, tmp_path: Path) -> None:
    path = compiled(tmp_path / "program", "-Wl,--build-id=none")
    separated(path, tmp_path / "ab.debug", link=True)
    path.write_bytes(path.read_bytes().replace(b"ab.debug", b"../a.dbg"))

    with Image.open(str(path)) as image:
        assert find_debug_file(image, str(path)) is None


def test_the_build_id_is_that_of_readelf(program: Path, tmp_path: Path) -> None:
    assert f"Build ID: {build_id_of(str(program))}" in run("readelf", "-n", program)
    assert [build_id_of(str(path)) for path in (tmp_path, tmp_path / "missing", Path("/dev/zero"), Path(__file__))] == [
        ""
    ] * 4


def test_a_file_is_read_again_when_it_has_become_another(copy: Path) -> None:
    programs, place = Programs(("/nowhere",)), Place((str(copy),), str(copy))
    before = programs.open(place)
    assert before is programs.open(place)
    assert before is not None
    assert before.complete

    run("strip", copy)

    after = programs.open(place)
    assert after is not None
    assert not after.complete


def test_what_is_kept_has_a_limit(tmp_path: Path) -> None:
    paths = [compiled(tmp_path / f"program{number}", f"-DN{number}", "-Wl,--build-id") for number in range(3)]
    programs = Programs(("/nowhere",), most_bytes=3 * code_of(paths[0]).weight // 2)
    first = programs.open(Place((str(paths[0]),), "one"))
    for path in paths[1:]:
        programs.open(Place((str(path),), "other"))

    assert programs.open(Place((str(paths[0]),), "one")) is not first


def test_a_file_that_is_no_program_is_none(tmp_path: Path) -> None:
    programs = Programs()

    assert programs.open(Place((__file__,), __file__)) is None
    assert programs.open(Place((str(tmp_path / "gone"),), "gone")) is None
    assert programs.open(Place((__file__,), __file__), wanted="ab" * 20) is None


@pytest.fixture(scope="module")
def sound(program: Path) -> bytes:
    return program.read_bytes()


@given(data=st.data())
@settings(max_examples=60)
def test_a_damaged_file_is_an_error_or_names_that_are_safe(
    data: st.DataObject, sound: bytes, tmp_path_factory: pytest.TempPathFactory
) -> None:
    raw = bytearray(sound)
    headers = st.one_of(st.integers(0, 0x400), st.integers(len(raw) - 0x2000, len(raw) - 8))
    for _ in range(data.draw(st.integers(1, 6))):
        struct.pack_into("<Q", raw, data.draw(headers), data.draw(st.integers(0, 2**64 - 1)))
    path = tmp_path_factory.getbasetemp() / "damaged"
    path.write_bytes(raw)
    build_id_of(str(path))
    try:
        with Image.open(str(path)) as image:
            has_all_functions(image)
            code = CodeMap.read(image)
            find_debug_file(image, str(path), folders=("/nowhere",))
    except ElfError:
        return
    found = [code.find(offset) for offset in range(0x1000, 0x1200, 8)]
    assert all(is_safe(one[0]) for one in found if one)


def test_what_is_no_file_is_not_even_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pipe, link = tmp_path / "pipe", tmp_path / "link"
    os.mkfifo(pipe)
    link.symlink_to(pipe)
    opened = os.open
    looks: list[int] = []
    monkeypatch.setattr(
        "os.open", lambda path, flags, *rest, **how: looks.append(flags) or opened(path, flags, *rest, **how)
    )

    assert [build_id_of(str(path)) for path in (pipe, link)] == ["", ""]
    for path in (pipe, link):
        with pytest.raises(ElfError, match="is no regular file"):
            Image.open(str(path))
    assert all(flags & os.O_PATH for flags in looks)
