"""Stacks on this kernel: a program whose frames are known, and functions of the kernel that must have been there."""

from __future__ import annotations

import shutil
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from codegen_cases import leaf, policy, rule
from conftest import Host, both_builders

from policyd.elf import Binary
from policyd.naming import symbol_name
from policyd.reading import open_policy
from policyd.reading.stacks import Stacks
from policyd.stack import UserFrame
from policyd.views.stacks import stack_outputs

pytestmark = pytest.mark.kernel

COUNT = 20
COMM = "pd_chain"


@pytest.fixture(scope="module")
def chain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The program of chain.c, with a build id and frame pointers."""
    path = tmp_path_factory.mktemp("chain") / COMM
    source = Path(__file__).with_name("chain.c")
    flags = ("-O0", "-fno-omit-frame-pointer", "-fno-optimize-sibling-calls", "-fno-stack-protector", "-fcf-protection=none")
    linked = ("-static", "-nostdlib", "-nostartfiles", "-Wl,--build-id=sha1")
    compiler = shutil.which("gcc") or shutil.which("cc") or "clang"
    subprocess.run([compiler, *flags, *linked, "-o", path, source], check=True)
    return path


def by_chain() -> list[dict[str, object]]:
    return [leaf("process.comm", "Equal", COMM)]


def stacks(**keys: Any) -> dict[str, Any]:
    return {"stacks": {"help": "Calls", **keys}}


def found(host: Host) -> dict[str, Stacks]:
    return {one.name: one for one in stack_outputs(host.kernel, [host.record("chains")])}


def functions(chain: Path, frames: tuple[UserFrame, ...]) -> list[str]:
    """Return the function of each frame: those of the program, by the offset in its file."""
    binary = Binary.open(str(chain))
    known = {symbol.offset: (name, symbol.size) for name, symbol in binary.symbols().items()}
    names = []
    for frame in frames:
        assert frame.build_id == binary.build_id
        start = max(offset for offset in known if offset <= frame.offset)
        names.append(known[start][0])
    return names


def kernel_functions(addresses: tuple[int, ...]) -> list[str]:
    return [(symbol_name(address) or "?").partition("+")[0] for address in addresses]


@contextmanager
def spinning(chain: Path) -> Iterator[int]:
    process = subprocess.Popen([chain, "0", "s"])
    try:
        yield process.pid
    finally:
        process.kill()
        process.wait()


def until(found: Any) -> Any:
    """Return what `found` returns as soon as it is something."""
    end = time.monotonic() + 90
    while not (value := found()):
        assert time.monotonic() < end
        time.sleep(0.1)
    return value


@both_builders
def test_stacks_are_counted_summed_cut_and_lost_as_a_model_says(host: Host, chain: Path) -> None:
    outputs = [
        stacks(name="calls", by=["process.comm"]),
        stacks(name="pids", value="args.pid", kernel=False, by={"asked": "args.pid"}),
        stacks(name="shallow", depth=3, kernel=False),
        stacks(name="exact", depth=5, kernel=False),
        stacks(name="few", maxEntries=1, kernel=False),
        stacks(name="skipped", skip=1, user=False),
        stacks(name="plain", user=False),
        {"event": {"fields": ["process.pid", "kernel.stack", "user.stack"]}},
        {"counter": {"name": "by_stack", "help": "Calls", "by": {"stack": "user.stack"}}},
        {"stats": {"name": "most", "help": "Calls", "columns": {"pid": {"max": "args.pid", "with": {"at": "user.stack"}}}}},
    ]
    host.apply(policy("chains", [rule("calls", {"syscall": "getpgid"}, by_chain(), outputs)]))
    for _ in range(2):  # two processes: files tell their frames alike
        subprocess.run([chain, str(COUNT)], check=True)
    generator = subprocess.Popen([chain, str(COUNT), "j"])
    assert generator.wait() == 0

    got = found(host)
    ways = {"left": 2 * COUNT, "right": 2 * COUNT, "deep": 2}
    in_files = [one for one in got["calls"].series if not one.stack.pid]
    assert {functions(chain, one.stack.user)[1]: one.value for one in in_files} == ways
    assert {one.labels for one in got["calls"].series} == {(("process_comm", COMM),)}
    for one in in_files:
        assert "do_syscall_64" in kernel_functions(one.stack.kernel)
        names = functions(chain, one.stack.user)
        assert names[0] == "innermost"
        assert names[-3:] == ["work", "begin", "_start"]
        assert len(names) == (65 if names[1] == "deep" else 5)

    (generated,) = (one for one in got["calls"].series if one.stack.pid)
    assert generated.stack.pid == generator.pid
    assert generated.value == COUNT
    first, *rest = generated.stack.user
    assert (first.build_id, first.offset) == ("", 0)
    assert functions(chain, tuple(rest)) == ["generated", "work", "begin", "_start"]

    sums = {dict(one.labels)["asked"]: one.value for one in got["pids"].series}
    assert sums == {"7": 14 * COUNT, "11": 22 * COUNT, "60": 120, "13": 13 * COUNT}
    every = 5 * COUNT + 2
    assert got["pids"].totals.value == 14 * COUNT + 22 * COUNT + 120 + 13 * COUNT
    assert (got["calls"].totals.events, got["calls"].totals.truncated, got["calls"].totals.lost) == (every, 0, 0)
    assert (got["shallow"].totals.events, got["shallow"].totals.truncated) == (every, every)
    assert {len(one.stack.user) for one in got["shallow"].series} == {3}
    assert (got["exact"].totals.events, got["exact"].totals.truncated) == (every, 2)
    assert (got["few"].totals.events, got["few"].totals.lost) == (2 * COUNT, every - 2 * COUNT)
    assert len(got["few"].series) == 1
    (skipped,), (plain,) = got["skipped"].series, got["plain"].series
    assert skipped.stack.kernel == plain.stack.kernel[1:]

    account = host.account("chains")
    assert account["map_full"] == every - 2 * COUNT
    reader = open_policy(host.kernel, "chains")
    events = reader.events()
    assert len(events) == every
    innermost = Counter(event.fields["user_stack"][0].partition("+")[0] for event in events)
    assert innermost[Binary.open(str(chain)).build_id] == 4 * COUNT + 2
    assert all(any(frame.startswith("do_syscall_64") for frame in event.fields["kernel_stack"]) for event in events)
    metrics = reader.metrics()
    assert sorted(value for _, value in metrics["by_stack"]) == [2, COUNT, 2 * COUNT, 2 * COUNT]
    (most,) = (family for family in reader.families() if family.name == "most_pid")
    assert most.series[0][1] == 60
    assert most.record[0]["at"].count(" < ") == 64


@both_builders
def test_every_kind_of_hook_that_is_here_has_the_stacks_that_it_can_have(host: Host, chain: Path) -> None:
    host.apply(
        policy(
            "chains",
            [
                rule("exits", {"raw_tracepoint": "sched_process_exit"}, by_chain(), [stacks(name="exits")]),
                rule("switches", {"tracepoint": "sched/sched_switch"}, by_chain(), [stacks(name="switches")]),
                rule("probes", {"uprobe": {"path": str(chain), "symbol": "innermost"}}, [], [stacks(name="probes")]),
                rule("samples", {"perf": {"event": "cpu-clock", "frequency": 499}}, by_chain(), [stacks(name="samples")]),
            ],
        )
    )
    subprocess.run([chain, str(COUNT)], check=True)
    with spinning(chain):
        until(lambda: found(host)["samples"].series and found(host)["switches"].series)

    got = found(host)
    assert got["probes"].parts == ("user",)
    assert sum(one.value for one in got["probes"].series) == 2 * COUNT + 1
    assert {functions(chain, one.stack.user)[0] for one in got["probes"].series} == {"innermost"}
    assert any("spin" in functions(chain, one.stack.user) for one in got["samples"].series if not one.stack.pid)
    assert all("do_exit" in kernel_functions(one.stack.kernel) for one in got["exits"].series)
    assert got["exits"].series
    assert not any(name.startswith("bpf_") for one in got["exits"].series for name in kernel_functions(one.stack.kernel))
    assert all("schedule" in " ".join(kernel_functions(one.stack.kernel)) for one in got["switches"].series)


def test_a_stack_ends_before_what_cannot_be_an_address(host: Host, chain: Path) -> None:
    host.apply(policy("chains", [rule("calls", {"syscall": "getpgid"}, by_chain(), [stacks(name="calls", depth=1)])]))
    subprocess.run([chain, str(COUNT), "a"], check=True)

    (one,) = found(host)["calls"].series
    assert functions(chain, one.stack.user) == ["astray"]
    assert (one.value, one.stack.pid, one.stack.user_cut) == (COUNT, 0, False)


def test_replacing_a_policy_keeps_its_stacks_and_removing_it_frees_them(host: Host, chain: Path) -> None:
    def text(depth: int, message: str) -> str:
        return policy(
            "chains",
            [rule("calls", {"syscall": "getpgid"}, by_chain(), [stacks(name="calls", depth=depth)])],
            description=message,
        )

    host.apply(text(16, "first"))
    subprocess.run([chain, str(COUNT)], check=True)
    before = found(host)["calls"]
    host.apply(text(16, "second"))
    assert found(host)["calls"] == before
    host.apply(text(8, "third"))
    assert found(host)["calls"].series == ()
    subprocess.run([chain, str(COUNT)], check=True)
    assert {len(one.stack.user) for one in found(host)["calls"].series} == {5, 8}
