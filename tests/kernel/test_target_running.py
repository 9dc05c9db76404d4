"""The running kernel as a target: every tracepoint and raw tracepoint that it has."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from policyd.errors import TargetError
from policyd.kernel.bpf.btf_format import Kind
from policyd.target import Target
from policyd.tracefs import parse_format
from policyd.vocabulary.kinds import KINDS
from policyd.vocabulary.syscalls import syscalls
from policyd.vocabulary.types import Shape

if TYPE_CHECKING:
    from pathlib import Path

    from policyd.tracepoint import Field, TracepointFormat

pytestmark = pytest.mark.kernel

STRONG = {"enum", "flags", "symbol", "ip", "mac", "device", "signal", "errno", "syscall", "protocol", "ethertype"}


@pytest.fixture(scope="module")
def target() -> Target:
    return Target.running()


@pytest.fixture(scope="module")
def formats(target: Target) -> dict[str, TracepointFormat]:
    return {name: target.tracepoint(name) for name in target.tracepoints()}


def own_fields(formats: dict[str, TracepointFormat]) -> list[tuple[str, Field]]:
    return [(name, field) for name, made in formats.items() for field in made.fields if not field.common]


def test_every_tracepoint_is_typed_or_says_why_not(formats: dict[str, TracepointFormat]) -> None:
    assert len(formats) > 500
    for name, field in own_fields(formats):
        assert (field.type is None) == bool(field.why), (name, field)
        assert field.type is None or field.type.kind in KINDS, (name, field)
        if field.type and field.type.shape is Shape.NUMBER:
            assert field.type.size == field.size, (name, field)


def test_every_field_of_every_format_is_there(target: Target, formats: dict[str, TracepointFormat]) -> None:
    for name, made in formats.items():
        text = target.formats.text(name) or ""
        lines = re.findall(r"\tfield:(.*);\toffset:(\d+);\tsize:(\d+);\tsigned:(\d)", text)
        raw = parse_format(text).fields
        assert [(field.offset, field.size, field.signed) for field in raw] == [
            (int(a), int(b), c == "1") for _, a, b, c in lines
        ]
        if not name.startswith("syscalls/"):
            assert [field.name for field in made.fields] == [field.name for field in raw]


def test_system_calls_are_what_their_formats_say(target: Target) -> None:
    """The shipped table against this kernel: names, places and C types of all arguments."""
    for call in target.syscalls.values():
        if not call.event:
            continue
        raw = parse_format(target.formats.text(f"syscalls/sys_enter_{call.event}") or "").fields
        told = [(field.name.lstrip("_"), field.c_type, field.offset) for field in raw if field.offset >= 16]
        assert [(argument.name, argument.c_type, argument.offset) for argument in call.arguments] == told, call.name
        leave = parse_format(target.formats.text(f"syscalls/sys_exit_{call.event}") or "").fields
        assert [(field.name, field.offset, field.size) for field in leave if field.offset >= 16] == [("ret", 16, 8)]


def test_every_traced_system_call_is_in_the_table(target: Target) -> None:
    traced = {
        name.removeprefix("syscalls/sys_enter_") for name in target.tracepoints() if name.startswith("syscalls/sys_enter_")
    }
    known = {call.event for call in target.syscalls.values()}

    assert traced <= known
    assert all(call.number is not None for call in target.syscalls.values()), "the shipped table is older than this kernel"


def test_every_plain_decoder_gives_a_type(target: Target, formats: dict[str, TracepointFormat]) -> None:
    """A field that is printed by symbols, flags or code addresses, and alone, is typed so."""
    direct = re.compile(r"__print_(?:symbolic|flags)\(REC->(\w+),[^{]*\{\s*[^\s}]")  # kvm has one with no symbols
    for name, made in formats.items():
        text = parse_format(target.formats.text(name) or "").print_format
        kinds = {field.name: field.type.kind for field in made.fields if field.type}
        assert {field: kinds[field] for field in direct.findall(text) if kinds.get(field) not in STRONG} == {}, name


def test_every_raw_tracepoint_has_named_arguments(target: Target) -> None:
    names = target.raw_tracepoints()
    assert len(names) > 500
    for name in names:
        prototype = target.raw_tracepoint(name)
        function = target.btf.find(f"__traceiter_{name}", Kind.FUNCTION)
        assert function is not None
        told = [parameter.name for parameter in target.btf.parameters(function)][1:]
        assert [parameter.name for parameter in prototype.args] == told
        assert all(told)
        for parameter in prototype.args:
            assert parameter.size in {1, 2, 4, 8}, (name, parameter)
            composite = target.btf.resolve(parameter.type).kind in {Kind.STRUCT, Kind.UNION}
            assert (parameter.value is None) == composite, (name, parameter)


@pytest.mark.parametrize(
    ("event", "argument", "path", "kind"),
    [
        ("sched_switch", "prev", "real_parent.tgid", "pid"),
        ("sched_switch", "next", "comm", "string"),
        ("sched_switch", "prev", "cred.uid", "uid"),
        ("sched_switch", "prev", "mm.exe_file.f_path.dentry.d_name.name", "string"),
        ("sched_switch", "prev", "sched_reset_on_fork", "u32"),
        ("sched_process_exec", "bprm", "filename", "string"),
        ("inet_sock_set_state", "sk", "__sk_common.skc_dport", "u16"),
        ("inet_sock_set_state", "sk", "__sk_common.skc_v6_daddr", "ip"),
        ("kfree_skb", "skb", "dev.name", "string"),
        ("block_rq_issue", "rq", "__data_len", "u32"),
    ],
)
def test_walks_end_in_a_value(target: Target, event: str, argument: str, path: str, kind: str) -> None:
    _, parameter = target.raw_tracepoint(event).parameter(argument)

    assert target.walk(parameter.type, path.split(".")).type.kind == kind


@pytest.mark.skipif(not shutil.which("clang"), reason="clang is not installed")
def test_the_slice_of_what_policies_need_compiles(target: Target) -> None:
    numbers = [f"{sign}{bits}" for sign in "us" for bits in (8, 16, 32, 64)] + ["__u32", "__u64", "bool", "size_t"]
    structs = [
        "struct task_struct",
        "struct sock",
        "struct sk_buff",
        "struct linux_binprm",
        "struct __sk_buff",
        "struct xdp_md",
    ]
    wanted = "u64 f(struct sock *sk) { return sk->sk_mark; }\n"
    text = target.slice([*numbers, *structs, "struct bpf_sock_addr", "struct request", "struct file"])
    size = target.btf.size_of(target.btf.named("struct task_struct"))  # type: ignore[arg-type]

    done = subprocess.run(
        ["clang", "-target", "bpf", "-g", "-O2", "-x", "c", "-c", "-o", "/dev/null", "-"],
        input=text + f'_Static_assert(sizeof(struct task_struct) == {size}, "size");\n' + wanted,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr[:2000]


def test_an_ordinary_user_gets_types_and_system_calls_and_is_told_the_rest(checkout: Path) -> None:
    code = (
        "from policyd.target import Target; t = Target.default(); print(len(t.syscalls), t.digest)\n"
        "print(t.raw_tracepoint('sched_switch').args[1].name)\n"
        "try: t.tracepoint('sched/sched_switch')\n"
        "except Exception as error: print(type(error).__name__, error)\n"
    )
    prefix = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"] if os.geteuid() == 0 else []
    python = checkout / ".venv" / "bin" / "python"

    done = subprocess.run([*prefix, str(python), "-c", code], capture_output=True, text=True, check=True, cwd=checkout)

    lines = done.stdout.splitlines()
    assert int(lines[0].split()[0]) == len(syscalls(os.uname().machine))
    assert lines[0].split()[1] == Target.running().digest
    assert lines[1] == "prev"
    assert lines[2].startswith("UnsupportedError")
    assert "--target FILE" in lines[2]


def test_a_saved_profile_answers_as_the_kernel_does(
    target: Target, tmp_path: Path, formats: dict[str, TracepointFormat]
) -> None:
    path = tmp_path / "profile"
    target.save(path)
    loaded = Target.load(path)

    assert path.stat().st_size < 8 << 20
    assert loaded.digest == target.digest
    assert loaded.tracepoints() == target.tracepoints()
    assert loaded.raw_tracepoints() == target.raw_tracepoints()
    assert loaded.syscalls == target.syscalls
    for name in list(formats)[::50]:
        assert loaded.tracepoint(name) == formats[name]
    with pytest.raises(TargetError):
        loaded.tracepoint("no/such")
