"""Sampled events on this kernel: who is seen on which CPU, a link a CPU, replaced and mended without loss, killed anywhere.

What is exact is counted by page faults: the pages of one region are touched, and each touch faults once.
"""

from __future__ import annotations

import mmap
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import BPFFS, MINE, Host
from shell import ACTOR, Shell
from test_faults import Bench

from policyd.cpus import online_cpus, show_cpus
from policyd.errors import AttachError
from policyd.host import Host as ResolvingHost
from policyd.kernel import points
from policyd.kernel.bpf import info
from policyd.places import Sampling, perf_event
from policyd.record import opened
from policyd.vocabulary.perf_events import PERF_EVENTS

pytestmark = pytest.mark.kernel

CPUS = online_cpus()
REGION, PAGES = 0x6100_0000_0000, 200
FAULTS = f"""
apiVersion: policyd.dev/v1alpha1
kind: Policy
metadata: {{name: touched}}
spec:
  rules:
    - name: touch
      hook: {{perf: page-faults}}
      filters:
        - {{field: perf.address, operator: InRange, values: ['{REGION}..{REGION + PAGES * mmap.PAGESIZE - 1}']}}
        - {{field: process.comm, operator: NotEqual, value: NOBODY}}
      outputs:
        - counter: {{name: touched_total, by: [cpu]}}
"""
OTHER = FAULTS.replace("NOBODY", "nobody")
TOUCH = f"""
import ctypes, mmap, os, sys
libc = ctypes.CDLL(None)
libc.mmap.restype = ctypes.c_void_p
fixed, size = 0x10, {PAGES} * mmap.PAGESIZE
at = libc.mmap(ctypes.c_void_p({REGION}), ctypes.c_size_t(size), 3, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | fixed, -1, 0)
assert at == {REGION}
region = ctypes.c_void_p(at)
assert libc.madvise(region, ctypes.c_size_t(size), mmap.MADV_NOHUGEPAGE) == 0
pages = (ctypes.c_char * size).from_address(at)

def touch():
    for page in range(0, size, mmap.PAGESIZE):
        pages[page] = 1
    assert libc.madvise(region, ctypes.c_size_t(size), mmap.MADV_DONTNEED) == 0
"""


def touch_on(cpu: int) -> None:
    program = f"{TOUCH}\nos.sched_setaffinity(0, [{cpu}])\ntouch()"
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)


def links(host: Host) -> dict[str, int]:
    """Return the ids of the pinned links, by the names of their pins."""
    (hook,) = host.kernel.list("hooks")
    found = {}
    for name in host.kernel.list(f"hooks/{hook}"):
        if name.startswith("link"):
            with opened(host.kernel, f"hooks/{hook}/{name}") as fd:
                assert fd is not None
                found[name] = host.kernel.link_info(fd).id
    return found


@pytest.mark.parametrize("event", [row.name for row in PERF_EVENTS])
def test_a_link_at_each_event_is_found_again_or_says_that_the_machine_has_no_counter(host: Host, event: str) -> None:
    point = perf_event(Sampling(event, period=1_000_000, cpus=CPUS[-1:]))
    assert host.kernel.link_cpus(point) == CPUS[-1:]
    program = host.kernel.load_neutral(point)
    try:
        if not ResolvingHost.running().can_sample(event):
            with pytest.raises(AttachError, match="cpu-clock is there on every machine"):
                host.kernel.attach(point, program, CPUS[-1])
            return
        link = host.kernel.attach(point, program, CPUS[-1])
        try:
            found = host.kernel.link_info(link)
            assert (found.type, found.alive) == ("perf_event", True)
            assert found.program_id == host.kernel.program_info(program).id
            assert found.target == host.kernel.locate(point)
        finally:
            os.close(link)
    finally:
        os.close(program)


def test_a_cpu_that_is_not_online_and_a_rate_beyond_the_limit_are_told(host: Host) -> None:
    nowhere = perf_event(Sampling("cpu-clock", frequency=49, cpus=(8191,)))
    assert (host.kernel.link_cpus(nowhere), host.kernel.locate(nowhere)) == ((), None)
    program = host.kernel.load_neutral(nowhere)
    try:
        for attach in (lambda: host.kernel.attach(nowhere, program), lambda: host.kernel.attach(nowhere, program, 8191)):
            with pytest.raises(AttachError, match=f"CPU 8191 is not online: online are {show_cpus(CPUS)}"):
                attach()
        # more than any kernel takes, whatever its limit is now
        beyond = perf_event(Sampling("cpu-clock", frequency=2_000_000_000))
        with pytest.raises(AttachError, match=r"kernel\.perf_event_max_sample_rate is \d+; .*: ask for fewer, or raise it"):
            host.kernel.attach(beyond, program, CPUS[0])
    finally:
        os.close(program)


def test_each_cpu_has_a_link_and_a_lost_one_is_made_again_without_touching_the_others(host: Host) -> None:
    host.apply(FAULTS)
    assert host.pending_steps(FAULTS) == ()
    before = links(host)
    assert list(before) == sorted(f"link-{cpu}" for cpu in CPUS)
    assert len({attached(link) for link in before.values()}) == 1
    for number, cpu in enumerate(CPUS, start=1):
        touch_on(cpu)
        assert host.count("touched", "touched_total") == number * PAGES

    last = CPUS[-1]
    (hook,) = host.kernel.list("hooks")
    Path(host.root, "hooks", hook, f"link-{last}").unlink()
    touch_on(last)
    assert host.count("touched", "touched_total") == len(CPUS) * PAGES
    (step,) = host.pending_steps(FAULTS)
    assert step.endswith(f"(CPU {last} has no link)")
    host.apply(FAULTS)
    touch_on(last)
    assert host.count("touched", "touched_total") == (len(CPUS) + 1) * PAGES
    after = links(host)
    assert {name for name in after if before[name] == after[name]} == set(before) - {f"link-{last}"}
    assert host.pending_steps(FAULTS) == ()


def attached(link: int) -> int:
    fd = info.open_id("link", link)
    assert fd is not None
    try:
        return info.link_info(fd).program_id
    finally:
        os.close(fd)


def test_a_program_is_replaced_on_all_cpus_without_losing_or_repeating_an_event(host: Host) -> None:
    host.apply(FAULTS)
    before = links(host)
    program = f"{TOUCH}\nrounds = 0\nwhile not os.path.exists(sys.argv[1]):\n    touch(); rounds += 1\nprint(rounds)"
    done = Path(host.root).with_name(f"{MINE}done")  # a directory of bpffs will do
    actors = [subprocess.Popen([sys.executable, "-c", program, str(done)], stdout=subprocess.PIPE, text=True) for _ in CPUS]
    try:
        for number in range(40):
            host.apply(FAULTS if number % 2 else OTHER)
    finally:
        done.mkdir()
        outputs = [actor.communicate(timeout=60)[0] for actor in actors]
        done.rmdir()
    made = sum(map(int, outputs)) * PAGES
    assert made > 10_000
    assert host.count("touched", "touched_total") == made
    assert links(host) == before


def test_killed_at_any_point_the_next_apply_gives_every_cpu_its_link(host: Host, tmp_path: Path) -> None:
    bench = Bench(host, tmp_path / "trace")

    def lose() -> None:
        host.apply(FAULTS)
        (hook,) = host.kernel.list("hooks")
        for name in links(host):
            host.kernel.unpin(f"hooks/{hook}/{name}")

    for prepare in (host.delete_all, lose):
        prepare()
        names = bench.enumerate(lambda: host.apply(FAULTS))
        assert sum("link-create" in name for name in names) == len(CPUS), names
        for number in range(1, len(names) + 1):
            prepare()
            ended = bench.child(lambda: host.apply(FAULTS), points.Script(kill_after=number))
            assert os.waitstatus_to_exitcode(ended) == -signal.SIGKILL, names[number - 1]
            host.apply(FAULTS)
            assert host.pending_steps(FAULTS) == (), names[number - 1]
            assert list(links(host)) == sorted(f"link-{cpu}" for cpu in CPUS), names[number - 1]


# ------------------------------------------------------------------------------------------------ as people use it

SAMPLES = f"""
apiVersion: policyd.dev/v1alpha1
kind: Policy
metadata: {{name: samples}}
spec:
  events: {{buffer: 4Mi}}
  rules:
    - name: clock
      hook: {{perf: {{event: cpu-clock, frequency: 199}}}}
      filters: [{{field: process.comm, operator: Equal, value: {ACTOR}}}]
      outputs:
        - counter: {{name: samples_total, by: [process.comm, cpu]}}
        - event: {{fields: [process, perf, hook.name, hook.kind]}}
    - name: counter
      hook: {{perf: {{event: cycles, frequency: 97}}}}
      outputs:
        - counter: {{name: cycles_total, by: [hook.name]}}
"""
BURN = """
def burn(cpu):
    os.sched_setaffinity(0, [cpu])
    begun = time.process_time()
    while time.process_time() - begun < 0.5:
        pass
    os._exit(0)

children = []
for cpu in os.sched_getaffinity(0):
    pid = os.fork()
    if pid == 0:
        burn(cpu)
    children.append(pid)
for pid in children:
    assert os.waitpid(pid, 0)[1] == 0
"""


@pytest.mark.parametrize("builder", ["clang", "bcc"])
def test_busy_processes_are_sampled_on_every_cpu(builder: str, tmp_path: Path) -> None:
    shell = Shell(str(BPFFS / f"{MINE}samples"), builder)
    policy = tmp_path / "samples.yaml"
    policy.write_text(SAMPLES)
    said = shell.run("validate", str(policy))
    shell.run("apply", "-f", str(policy))
    try:
        counted = ResolvingHost.running().can_sample("cycles")
        assert ("no counter for cycles: cpu-clock is sampled in its place" in said.stderr) != counted
        shell.act(BURN)
        series = shell.metrics("samples")
        by_cpu = {int(one["labels"]["cpu"]): one["value"] for one in series["samples_total"]}
        allowed = os.sched_getaffinity(0)
        assert set(by_cpu) >= allowed
        assert all(by_cpu[cpu] > 0.5 * 199 / 5 for cpu in allowed), by_cpu  # of half a second on each, a fifth at least
        assert [one["labels"]["hook_name"] for one in series["cycles_total"]] == ["cycles" if counted else "cpu-clock"]

        events = shell.events("samples")
        assert len(events) == sum(by_cpu.values())
        one = events[0]["fields"]
        assert (one["process_comm"], one["hook_name"], one["hook_kind"]) == (ACTOR, "cpu-clock", "perf")
        assert one["perf_period"] == 10**9 // 199
        assert all(event["fields"]["perf_ip"] for event in events)
        assert f"{len(CPUS)} links" in shell.run("get", "hooks", "-o", "wide").stdout or len(CPUS) == 1
        described = shell.run("describe", "policy", "samples").stdout
        assert ("warning: " in described) != counted
    finally:
        shell.remove_all()
