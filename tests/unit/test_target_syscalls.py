"""System calls: the shipped table, and what a target makes of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from policyd.errors import TargetError, UnsupportedError
from policyd.target import Target
from policyd.tracefs import SavedFormats
from policyd.vocabulary.arguments import SYSCALL_ARGUMENTS
from policyd.vocabulary.constants import ARCHITECTURES, constant_sets
from policyd.vocabulary.kinds import KINDS
from policyd.vocabulary.syscalls import syscalls
from policyd.vocabulary.types import Shape

if TYPE_CHECKING:
    from collections.abc import Callable

ENTER = 'name: {0}\nID: 7\nformat:\n\tfield:int __syscall_nr;\toffset:8;\tsize:4;\tsigned:1;\n{1}\nprint fmt: ""\n'


class NoFormats:
    """Tracefs that may not be read."""

    def names(self) -> tuple[str, ...]:
        raise UnsupportedError("no tracefs")

    def text(self, name: str) -> str | None:
        raise UnsupportedError("no tracefs")


def no_btf() -> object:
    raise AssertionError("system calls need no types")


def target(formats: SavedFormats | NoFormats, btf: Callable[[], object] = no_btf) -> Target:
    return Target("x86_64", "6.18.0", "the test's target", formats, btf)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("name", "x86_64", "compat", "aarch64"), [("openat", 257, 295, 56), ("execve", 59, 11, 221), ("mseal", 462, 462, 462)]
)
def test_numbers_are_those_of_the_architecture(name: str, x86_64: int, compat: int, aarch64: int) -> None:
    assert syscalls("x86_64")[name].number == x86_64
    assert syscalls("x86_64")[name].compat == compat
    assert syscalls("aarch64")[name].number == aarch64
    assert syscalls("aarch64")[name].compat is None


def test_32_bit_callers_make_a_call_by_all_its_numbers() -> None:
    assert syscalls("x86_64")["setuid"].compat_numbers == (23, 213)
    assert syscalls("x86_64")["newfstatat"].compat_numbers == (300,)
    assert syscalls("x86_64")["stat"].compat_numbers == (106, 18, 195)
    assert syscalls("x86_64")["read"].compat_numbers == (3,)
    assert syscalls("x86_64")["accept"].compat_numbers == ()


def test_what_only_32_bit_callers_have_is_not_in_the_table() -> None:
    for name in ("setuid32", "mmap2", "clock_gettime64"):
        assert name not in syscalls("x86_64")
        assert name not in syscalls("aarch64")


def test_old_calls_are_not_on_newer_architectures() -> None:
    assert "open" in syscalls("x86_64")
    assert "open" not in syscalls("aarch64")


@pytest.mark.parametrize("arch", ARCHITECTURES)
def test_every_argument_can_be_read(arch: str) -> None:
    for call in syscalls(arch).values():
        for index, argument in enumerate(call.arguments):
            assert argument.offset == 16 + 8 * index
            assert not argument.name.startswith("_")
            assert argument.size in {1, 2, 4, 8}
            assert argument.type.kind in KINDS
            assert (argument.type.shape is Shape.STRING) == bool(argument.space)
            assert argument.space or argument.type.size == argument.size


def test_leading_underscores_are_stripped_from_names() -> None:
    rows = [argument for call in syscalls("x86_64").values() for argument in call.arguments]

    assert rows
    assert syscalls("x86_64")["umount2"].argument("name") is not None


@pytest.mark.parametrize(
    ("call", "argument", "kind", "symbol"),
    [
        ("openat", "flags", "flags", "O_CREAT"),
        ("openat", "dfd", "enum", "AT_FDCWD"),
        ("openat", "mode", "mode", ""),
        ("openat", "filename", "path", ""),
        ("socket", "family", "enum", "AF_INET6"),
        ("socket", "type", "flags", "SOCK_STREAM"),
        ("socket", "protocol", "protocol", ""),
        ("kill", "sig", "signal", ""),
        ("kill", "pid", "pid", ""),
        ("mount", "flags", "flags", "MS_BIND"),
        ("mount", "type", "string", ""),
        ("mmap", "prot", "flags", "PROT_EXEC"),
        ("mmap", "flags", "flags", "MAP_PRIVATE"),
        ("ptrace", "request", "enum", "PTRACE_ATTACH"),
        ("clone", "clone_flags", "flags", "CLONE_NEWUSER"),
        ("unshare", "unshare_flags", "flags", "CLONE_NEWTIME"),
        ("setns", "flags", "flags", "CLONE_NEWNET"),
        ("prctl", "option", "enum", "PR_SET_NAME"),
        ("bpf", "cmd", "enum", "BPF_PROG_LOAD"),
        ("setuid", "uid", "uid", ""),
        ("setresgid", "egid", "gid", ""),
        ("read", "count", "size", ""),
        ("read", "buf", "hex", ""),
        ("finit_module", "uargs", "string", ""),
        ("reboot", "cmd", "enum", "LINUX_REBOOT_CMD_RESTART"),
    ],
)
def test_plain_ints_mean_something(call: str, argument: str, kind: str, symbol: str) -> None:
    found = syscalls("x86_64")[call].argument(argument)

    assert found is not None
    assert found.type.kind == kind
    assert not symbol or symbol in {name for _, name in found.type.symbols}


def test_every_meaning_is_of_a_call_that_has_the_argument() -> None:
    known = syscalls("x86_64") | {call.event: call for call in syscalls("x86_64").values()}
    for row in SYSCALL_ARGUMENTS:
        assert row.meaning in KINDS or row.meaning in constant_sets("x86_64"), row
        calls = [name for name in row.calls if name != "*"]
        for name in calls:
            assert known[name].argument(row.argument) or row.argument in {"addr", "start", "brk", "new_addr"}, (row, name)


def test_constants_differ_where_the_architectures_do() -> None:
    numbers = {arch: {name: number for number, name in constant_sets(arch)["open_flags"].symbols} for arch in ARCHITECTURES}

    assert numbers["x86_64"]["O_DIRECTORY"] == 0o200000
    assert numbers["aarch64"]["O_DIRECTORY"] == 0o40000
    assert numbers["x86_64"]["O_CREAT"] == numbers["aarch64"]["O_CREAT"] == 0o100


@pytest.mark.parametrize("arch", ARCHITECTURES)
def test_the_shown_name_of_a_number_comes_before_its_aliases(arch: str) -> None:
    shown = dict(reversed(constant_sets(arch)["errnos"].symbols))

    assert shown[11] == "EAGAIN"
    assert (11, "EWOULDBLOCK") in constant_sets(arch)["errnos"].symbols


# ------------------------------------------------------------------------------------------------ a target's calls


def test_without_tracefs_the_shipped_table_counts() -> None:
    here = target(NoFormats())

    assert here.syscalls.keys() == syscalls("x86_64").keys()
    assert here.tracepoint("syscalls/sys_enter_openat").field("flags").offset == 32
    with pytest.raises(UnsupportedError):
        here.tracepoint("sched/sched_switch")


def test_a_call_that_this_kernel_does_not_trace_has_no_tracepoint() -> None:
    here = target(SavedFormats({"syscalls/sys_enter_openat": ""}))

    assert here.syscall("openat").has_tracepoint
    assert not here.syscall("finit_module").has_tracepoint


def test_a_call_that_is_newer_than_the_table_is_read_from_its_format() -> None:
    arguments = (
        "\tfield:const char * path;\toffset:16;\tsize:8;\tsigned:0;\n"
        "\tfield:unsigned long __what;\toffset:24;\tsize:8;\tsigned:0;\n"
    )
    name = "syscalls/sys_enter_brand_new"

    class Sizes:
        def named(self, spelling: str) -> None:
            return None

    here = target(SavedFormats({name: ENTER.format("sys_enter_brand_new", arguments)}), Sizes)
    call = here.syscall("brand_new")

    assert (call.number, call.event) == (None, "brand_new")
    assert [(each.name, each.type.kind, each.space) for each in call.arguments] == [
        ("path", "path", "user"),
        ("what", "u64", ""),
    ]


def test_an_unknown_call_lists_those_that_are_known() -> None:
    with pytest.raises(TargetError) as error:
        target(NoFormats()).syscall("opennat")

    assert "openat" in error.value.candidates


def test_a_tracepoints_name_is_told_from_the_calls() -> None:
    here = target(NoFormats())

    assert here.syscall("stat").event == "newstat"
    with pytest.raises(TargetError, match="the call is stat"):
        here.syscall("newstat")
