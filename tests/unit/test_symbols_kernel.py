"""The kernel's functions by address: ends, aliases, modules, what is hidden, what comes later."""

from __future__ import annotations

from pathlib import Path

import pytest

from policyd.kallsyms import LONGEST_FUNCTION, KernelFunctions, KernelSymbols

TEXT = b"""\
ffffffff81000100 t first
ffffffff81000100 T alias_of_first
ffffffff81000180 D data
ffffffff81000200 T second
ffffffffc0000000 t probe\t[module]
ffffffffc0000040 t bpf_prog_6deef7357e7b4530_watch\t[bpf]
"""


def functions(text: bytes = TEXT) -> KernelFunctions:
    return KernelFunctions(text.splitlines())


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        (0xFFFFFFFF81000100, "first"),
        (0xFFFFFFFF8100017F, "first"),
        (0xFFFFFFFF81000180, None),  # data
        (0xFFFFFFFF81000200, "second"),
        (0xFFFFFFFFC0000004, "probe module"),
        (0xFFFFFFFFC0000044, "bpf_prog_6deef7357e7b4530_watch bpf"),
        (1, None),
    ],
)
def test_an_address_is_named_by_the_function_that_it_is_in(address: int, expected: str | None) -> None:
    found = functions().find(address)

    assert (f"{found.name} {found.module}".strip() if found else None) == expected


def test_a_function_does_not_go_on_for_ever() -> None:
    last = 0xFFFFFFFFC0000040

    assert functions().find(last + LONGEST_FUNCTION - 1) is not None
    assert functions().find(last + LONGEST_FUNCTION) is None


def test_lines_in_any_order_are_found() -> None:
    lines = TEXT.splitlines()

    backwards = KernelFunctions(reversed(lines))

    assert [backwards.find(0xFFFFFFFF81000200 + at) for at in (0, 5)] == [functions().find(0xFFFFFFFF81000200)] * 2


@pytest.mark.parametrize("text", [b"", b"garbage\n", b"zz T name\n", b"\xff\xfe \xff \xff\n"])
def test_a_broken_file_names_nothing(text: bytes) -> None:
    assert functions(text).find(0xFFFFFFFF81000100) is None
    assert not functions(text).hidden


def test_names_are_safe_to_show() -> None:
    found = functions(b"ffffffffc0000000 t \x1b[2Jname\t[mod\x07]\n").find(0xFFFFFFFFC0000000)

    assert found is not None
    assert (found.name, found.module) == (r"\x1b[2Jname", r"mod\x07")


def test_hidden_addresses_are_told_with_what_to_do(tmp_path: Path) -> None:
    file = tmp_path / "kallsyms"
    file.write_bytes(b"0000000000000000 T _text\n0000000000000000 t first\n")
    symbols = KernelSymbols(file)

    assert symbols.find(0xFFFFFFFF81000100) is None
    assert "kptr_restrict" in symbols.why_none
    assert "CONFIG_KALLSYMS" in KernelSymbols(tmp_path / "missing").why_none


def test_functions_that_come_later_are_found_after_a_while(tmp_path: Path) -> None:
    file, now = tmp_path / "kallsyms", [100.0]
    file.write_bytes(b"ffffffff81000100 t first\nffffffff81000200 T second\n")
    symbols = KernelSymbols(file, lambda: now[0])
    address = 0xFFFFFFFFC0000000
    assert symbols.find(address) is None
    assert symbols.why_none == ""

    file.write_bytes(TEXT)
    assert symbols.find(address) is None
    now[0] += 11

    found = symbols.find(address)
    assert found is not None
    assert found.name == "probe"


def test_the_running_kernel_has_functions_or_says_why_not() -> None:
    symbols = KernelSymbols()

    assert len(KernelFunctions.read(Path("/proc/kallsyms"))) > 1000 or symbols.why_none
