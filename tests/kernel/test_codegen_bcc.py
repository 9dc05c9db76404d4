"""The generated C is in the dialect that bcc takes too: every golden case compiles there, in one child process.

bcc needs no kernel headers for it, only a small tree that is made here, with the types from BTF.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path

import pytest
from conftest import target

from policyd.codegen import PROCESSES, render
from policyd.engine import ProcessTable
from policyd.engine.maps import create_shared
from policyd.kernel.real import RealKernel
from policyd.observe import Observed
from policyd.parsing import load
from policyd.plan.rows import allot_rows
from policyd.resolve import Host, resolve
from policyd.unit import BoundUnit, gather
from policyd.vocabulary.attach import attach_kind

pytestmark = pytest.mark.kernel

HERE = Path(__file__).resolve().parent
GOLDEN = sorted((HERE.parent / "golden").glob("*.yaml"))
HOST = Host({"lo": "ethernet", "eth0": "ethernet", "wg0": "none"}, "/sys/fs/cgroup", lambda _: True)
TABLE = ProcessTable(*PROCESSES[:4], lambda: (), PROCESSES[4])
INTERPRETER = "/usr/bin/python3"
OF_BCC = (
    *("enum bpf_func_id", "struct bpf_stack_build_id", "struct bpf_sock", "struct bpf_sock_addr", "struct bpf_sock_ops"),
    *("struct bpf_sock_tuple", "struct bpf_tcp_sock", "struct bpf_fib_lookup", "struct bpf_perf_event_value"),
    *("struct bpf_spin_lock", "struct bpf_tunnel_key", "struct bpf_xfrm_state", "struct sk_msg_md", "struct xdp_md"),
    *("struct sk_reuseport_md", "struct bpf_sysctl", "struct bpf_redir_neigh", "struct bpf_sk_lookup", "struct pt_regs"),
    *("struct bpf_pidns_info", "struct btf_ptr", "struct tcphdr", "struct iphdr", "struct ipv6hdr", "struct __sk_buff"),
)
"""Types that bcc's own headers name.  All of the kernel's would do too, and take four times as long."""
OF_GOLDEN = tuple(
    f"struct {name}" for name in ("task_struct", "linux_binprm", "file", "dentry", "mount", "mm_struct", "signal_struct")
)
REFUSED = {
    "noinline": "static __attribute__((noinline)) int f(int *c) { return *c; }"
    " int entry(int *c) { return f(c) + f(c + 1); }",
    "global": "int counter = 1; int entry(void *c) { return counter++; }",
    "table": "static const int table[4] = {1, 2, 3, 4}; int entry(int *c) { return table[*c & 3]; }",
    "wrong": "int entry(void *c) { return missing; }",
}
"""What the dialect forbids: each in a program that clang would take (but the last)."""


@pytest.fixture(scope="module")
def headers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make what bcc takes for a tree of kernel headers."""
    top = tmp_path_factory.mktemp("headers")
    include = top / "include"
    files = {
        "linux/types.h": "",
        "linux/log2.h": "",
        "uapi/linux/if_packet.h": "",
        "linux/kconfig.h": "#pragma once\n#define CONFIG_BPF_SYSCALL 1\n",
        "linux/version.h": "#define KERNEL_VERSION(a, b, c) ((a) << 16)\n#define LINUX_VERSION_CODE 0\n",
        "asm/page.h": "#define PAGE_SIZE 4096\n",
        "uapi/linux/bpf.h": '#pragma once\n#include "vmlinux.h"\n#define BPF_F_NO_PREALLOC 1\n',
    }
    for name, text in files.items():
        (include / name).parent.mkdir(parents=True, exist_ok=True)
        (include / name).write_text(text)
    (top / "arch" / "x86" / "include").mkdir(parents=True)
    plain = "".join(
        f"typedef {sign} {word} __{letter}{8 * size};\ntypedef __{letter}{8 * size} {letter}{8 * size};\n"
        for letter, sign in (("u", "unsigned"), ("s", "signed"))
        for size, word in ((1, "char"), (2, "short"), (4, "int"), (8, "long long"))
    )
    types = target().btf.slice(tuple(sorted({*OF_BCC, *OF_GOLDEN})))
    (include / "vmlinux.h").write_text(f"typedef unsigned long uintptr_t;\n{plain}{types}")
    return top


@dataclass(frozen=True)
class Job:
    """A program for bcc: its C, the functions to load, and the maps that it names."""

    name: str
    text: str
    programs: tuple[str, ...]
    maps: dict[str, int]
    type: int = 5
    attach_type: int = -1


def jobs(kernel: RealKernel, stack: ExitStack) -> Iterator[Job]:
    """Yield every program of every golden case, made for this kernel, with real maps."""

    def own(fd: int) -> int:
        stack.callback(os.close, fd)
        return fd

    for case in GOLDEN:
        typed = [resolve(policy, target(), HOST).policy for policy in load([str(case)]).require()]
        desired = gather(typed)
        rows = allot_rows(desired, Observed())
        specs = {(spec.policy, spec.name): spec for policy in typed for spec in policy.maps}
        classes = {spec.map_class.name: spec.map_class for spec in specs.values()}
        for number, unit in enumerate(desired.units):
            source = render(BoundUnit(unit, rows, specs), target())
            maps = {symbol: own(create_shared(kernel, name, classes.get(symbol), TABLE)) for symbol, name in source.shared}
            for row in source.private:
                maps[row.symbol] = own(kernel.create_map(row.type, row.key_size, row.value_size, row.max_entries))
            kind = attach_kind(unit.attach_point.kind, unit.attach_point.option)
            expected = kind.expected_attach_type if kind.kind == "cgroup" else -1
            yield Job(f"{case.stem}-{number}", source.text, source.programs, maps, kind.program_type, expected)


def refusals(headers: Path, given: list[Job]) -> dict[str, str | None]:
    """Compile and load with bcc; return name → None, or why it was refused."""
    rows = []
    for job in given:
        file = headers / f"{job.name}.c"
        file.write_text(job.text)
        rows.append({**asdict(job), "file": str(file)})
    done = subprocess.run(
        [INTERPRETER, str(HERE / "bcc_child.py"), str(headers)],
        input=json.dumps(rows),
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
        pass_fds=[fd for job in given for fd in job.maps.values()],
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return dict(json.loads(done.stdout))


def test_bcc_loads_every_golden_case_and_refuses_what_the_dialect_forbids(headers: Path) -> None:
    kernel = RealKernel("/sys/fs/bpf/policyd")  # makes maps only: nothing is pinned
    wrong = [Job(name, text, ("entry",), {}) for name, text in REFUSED.items()]
    with ExitStack() as stack:
        right = list(jobs(kernel, stack))

        found = refusals(headers, right + wrong)

    assert {job.name: found[job.name] for job in right if found[job.name]} == {}
    assert [job.name for job in wrong if not found[job.name]] == []
