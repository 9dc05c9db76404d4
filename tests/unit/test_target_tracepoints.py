"""Tracepoints of a target: fields with types.  The formats are 6.18's (tests/data/formats)."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from policyd.errors import TargetError
from policyd.kernel.bpf.btf import Btf
from policyd.target import Target
from policyd.tracefs import SavedFormats
from policyd.vocabulary.types import Shape, ValueType

if TYPE_CHECKING:
    from policyd.tracepoint import Field

DATA = Path(__file__).parent.parent / "data"


def make_target(arch: str = "x86_64") -> Target:
    texts = {path.stem.replace("__", "/", 1): path.read_text() for path in (DATA / "formats").glob("*.txt")}
    btf = Btf.from_bytes((DATA / "types.btf").read_bytes())
    return Target(arch, "6.18.0", "the test's target", SavedFormats(texts), lambda: btf)


@pytest.fixture(scope="module")
def target() -> Target:
    return make_target()


def field(target: Target, tracepoint: str, name: str) -> Field:
    return target.tracepoint(tracepoint).field(name)


@pytest.mark.parametrize(
    ("tracepoint", "name", "kind", "size"),
    [
        ("sched/sched_switch", "prev_pid", "pid", 4),
        ("sched/sched_switch", "prev_prio", "s32", 4),
        ("sched/sched_switch", "prev_state", "flags", 8),
        ("block/block_rq_issue", "dev", "device", 4),
        ("block/block_rq_issue", "sector", "u64", 8),
        ("block/block_rq_issue", "bytes", "size", 4),
        ("sock/inet_sock_set_state", "newstate", "enum", 4),
        ("sock/inet_sock_set_state", "family", "enum", 2),
        ("sock/inet_sock_set_state", "dport", "port", 2),
        ("sock/inet_sock_set_state", "skaddr", "hex", 8),
        ("kmem/kmalloc", "call_site", "symbol", 8),
        ("kmem/kmalloc", "gfp_flags", "flags", 8),
        ("kmem/kmalloc", "bytes_req", "size", 8),
        ("signal/signal_generate", "sig", "signal", 4),
        ("signal/signal_generate", "pid", "pid", 4),
        ("power/cpu_idle", "state", "u32", 4),
        ("raw_syscalls/sys_enter", "id", "syscall", 8),
        ("raw_syscalls/sys_enter", "args[2]", "u64", 8),
        ("skb/kfree_skb", "protocol", "ethertype", 2),
        ("skb/kfree_skb", "location", "symbol", 8),
        ("skb/kfree_skb", "reason", "enum", 4),
    ],
)
def test_numbers_have_a_kind(target: Target, tracepoint: str, name: str, kind: str, size: int) -> None:
    found = field(target, tracepoint, name)

    assert found.type is not None
    assert (found.type.kind, found.type.shape, found.type.size, found.size) == (kind, Shape.NUMBER, size, size)


def test_symbols_and_flags_carry_their_names(target: Target) -> None:
    state = field(target, "sock/inet_sock_set_state", "newstate").type
    flags = field(target, "kmem/kmalloc", "gfp_flags").type

    assert state is not None
    assert (10, "TCP_LISTEN") in state.symbols
    assert flags is not None
    assert (1 << 8, "__GFP_ZERO") in flags.symbols


def test_characters_in_the_record_are_strings(target: Target) -> None:
    found = field(target, "sched/sched_switch", "next_comm")

    assert found.type == ValueType("string", Shape.STRING, 16)
    assert not found.located
    assert not found.space


def test_located_characters_are_strings(target: Target) -> None:
    found = field(target, "net/net_dev_xmit", "name")

    assert found.type is not None
    assert found.type.shape is Shape.STRING
    assert found.located


@pytest.mark.parametrize(("name", "size"), [("saddr", 4), ("daddr_v6", 16)])
def test_addresses_are_addresses_whatever_their_size(target: Target, name: str, size: int) -> None:
    found = field(target, "sock/inet_sock_set_state", name)

    assert found.type == ValueType("ip", Shape.ADDRESS, 16)
    assert found.size == size


def test_an_array_of_numbers_is_read_by_element(target: Target) -> None:
    whole = field(target, "raw_syscalls/sys_enter", "args")
    third = field(target, "raw_syscalls/sys_enter", "args[2]")

    assert whole.type is None
    assert "args[0]" in whole.why
    assert (third.offset, third.size) == (whole.offset + 16, 8)
    with pytest.raises(TargetError, match="6 elements"):
        field(target, "raw_syscalls/sys_enter", "args[6]")
    with pytest.raises(TargetError, match="no array"):
        field(target, "raw_syscalls/sys_enter", "id[0]")


def test_a_tracepoint_has_the_common_fields(target: Target) -> None:
    found = field(target, "power/cpu_idle", "common_pid")

    assert (found.offset, found.size, found.common) == (4, 4, True)


def test_both_spellings_of_a_name_are_one_tracepoint(target: Target) -> None:
    assert target.tracepoint("power:cpu_idle") is target.tracepoint("power/cpu_idle")
    assert (target.tracepoint("power:cpu_idle").system, target.tracepoint("power:cpu_idle").event) == ("power", "cpu_idle")


@pytest.mark.parametrize(
    "name", ["power/cpu_idl", "cpu_idle", "power/", "/cpu_idle", "../../etc/passwd", "a/b/c", "power/cpu_idle/format", ""]
)
def test_an_unknown_tracepoint_lists_those_that_are_there(target: Target, name: str) -> None:
    with pytest.raises(TargetError) as error:
        target.tracepoint(name)

    assert "power/cpu_idle" in error.value.candidates


def test_an_unknown_field_lists_those_that_are_there(target: Target) -> None:
    with pytest.raises(TargetError) as error:
        field(target, "power/cpu_idle", "stat")

    assert error.value.candidates == ("state", "cpu_id")


def test_a_system_calls_tracepoint_agrees_with_its_format(target: Target) -> None:
    made = target.tracepoint("syscalls/sys_enter_openat")

    assert [(each.name, each.offset) for each in made.fields] == [
        ("__syscall_nr", 8),
        ("dfd", 16),
        ("filename", 24),
        ("flags", 32),
        ("mode", 40),
    ]
    filename = made.field("filename")
    assert (filename.space, filename.size) == ("user", 8)
    assert [each.name for each in target.tracepoint("syscalls/sys_exit_openat").fields] == ["__syscall_nr", "ret"]


def test_raw_tracepoints_have_the_names_of_their_callers_parameters(target: Target) -> None:
    prototype = target.raw_tracepoint("sample")

    assert [(each.name, each.c_type, each.size) for each in prototype.args] == [
        ("task", "struct task *", 8),
        ("reason", "const char *", 8),
        ("port", "u16", 2),
        ("last", "bool", 1),
    ]
    assert [each.space for each in prototype.args] == ["", "kernel", "", ""]
    assert prototype.parameter("port")[0] == 2
    assert target.walk(prototype.args[0].type, ["parent", "tgid"]).type.kind == "pid"


def test_raw_tracepoints_without_names_are_numbered(target: Target) -> None:
    assert [each.name for each in target.raw_tracepoint("unnamed").args] == ["arg0"]


@pytest.mark.parametrize("name", ["sampl", "", "a b", "sample;"])
def test_an_unknown_raw_tracepoint_lists_those_that_are_there(target: Target, name: str) -> None:
    with pytest.raises(TargetError) as error:
        target.raw_tracepoint(name)

    assert error.value.candidates == ("sample", "unnamed")


def test_an_unknown_argument_lists_those_that_are_there(target: Target) -> None:
    with pytest.raises(TargetError) as error:
        target.raw_tracepoint("sample").parameter("prot")

    assert error.value.candidates == ("task", "reason", "port", "last")
