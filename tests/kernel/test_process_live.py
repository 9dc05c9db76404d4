"""What rules tell of processes, on this kernel, is what `/proc` and the process itself say."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from codegen_cases import leaf, policy, rule
from conftest import Host, both_builders

from policyd.reading import open_policy
from policyd.reading.events import Event
from policyd.vocabulary.kinds import kind_type, parse
from policyd.vocabulary.syscalls import syscalls
from policyd.vocabulary.task import MOST_ANCESTORS, TASK_FIELDS

pytestmark = pytest.mark.kernel

OWN = str(Path("/proc/self/exe").readlink())
COMM = f"pdp{os.getpid()}"
"""What the processes of this run call themselves as they call getppid: others do so too."""
SHOWN = [f"process.{name}" for name in TASK_FIELDS]
NAMESPACES = ("pid", "mnt", "net", "user", "uts", "ipc", "cgroup")
UNSHARED = {"mnt": 0x00020000, "cgroup": 0x02000000, "uts": 0x04000000, "ipc": 0x08000000, "net": 0x40000000}
"""CLONE_NEW* of include/uapi/linux/sched.h."""

PRELUDE = f"""
import ctypes, json, mmap, os, signal, sys, threading
libc = ctypes.CDLL(None, use_errno=True)
def seen():
    open("/proc/self/comm", "w").write("{COMM}")
    os.getppid()
def must(result):
    if result:
        raise OSError(ctypes.get_errno(), "refused")
"""


def acted(program: str) -> Any:
    """Run Python text in a process of its own; return what it prints, as JSON."""
    done = subprocess.run(
        [sys.executable, "-c", PRELUDE + textwrap.dedent(program)], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout or "null")


def watch(*rules: dict[str, Any], fields: list[str], **spec: Any) -> str:
    """Return a policy that shows `fields` of who calls getppid under our name, with further rules that count it."""
    mine = leaf("process.comm", "Equal", COMM)
    outputs = [{"event": {"fields": fields}}]
    counting = [{**one, "filters": [mine, *one["filters"]]} for one in rules]
    return policy("seen", [rule("shown", {"syscall": "getppid"}, [mine], outputs), *counting], **spec)


def counts(name: str, *filters: dict[str, Any]) -> dict[str, Any]:
    return rule(
        name.replace("_", "-"), {"syscall": "getppid"}, filters, [{"counter": {"name": f"{name}_total", "help": name}}]
    )


def the_event(host: Host) -> Event:
    (event,) = open_policy(host.kernel, "seen").events()
    return event


def holding(host: Host, *names: str) -> set[str]:
    """Return which of these rules have held."""
    return {name for name in names if host.count("seen", f"{name}_total")}


# ------------------------------------------------------------------------------------------------ namespaces


def of_namespaces() -> str:
    every = [f"process.namespaces.{name}" for name in NAMESPACES]
    fields = ["process.pid", "process.pid_in_namespace", *every, *(f"{path}.is_host" for path in every)]
    rules = [counts(f"{name}_host", leaf(f"process.namespaces.{name}", "Equal", "host")) for name in NAMESPACES]
    rules += [counts(f"{name}_other", leaf(f"process.namespaces.{name}", "NotIn", "host", "1")) for name in NAMESPACES]
    return watch(*rules, fields=fields)


TELL = f'print(json.dumps({{n: os.stat("/proc/self/ns/" + n).st_ino for n in {NAMESPACES}}} | {{"own": os.getpid()}}))'


def test_namespaces_are_those_that_proc_shows(host: Host) -> None:
    host.apply(of_namespaces())

    told = acted(f"must(libc.unshare({sum(UNSHARED.values())}))\nseen()\n{TELL}")

    shown = the_event(host).fields
    assert {name: shown[f"process_namespaces_{name}"] for name in NAMESPACES} == {n: told[n] for n in NAMESPACES}
    own = {name for name in NAMESPACES if not shown[f"process_namespaces_{name}_is_host"]}
    assert own == set(UNSHARED)
    assert holding(host, *(f"{name}_host" for name in NAMESPACES)) == {f"{n}_host" for n in NAMESPACES if n not in UNSHARED}
    assert holding(host, *(f"{name}_other" for name in NAMESPACES)) == {f"{name}_other" for name in UNSHARED}


def test_the_init_of_a_pid_namespace_has_two_numbers(host: Host) -> None:
    host.apply(of_namespaces())

    told = acted(
        f"""
        must(libc.unshare(0x20000000))  # CLONE_NEWPID: for children
        child = os.fork()
        if child:
            os.waitpid(child, 0)
            os._exit(0)
        seen()
        {TELL}
        """
    )

    shown = the_event(host).fields
    assert told["own"] == shown["process_pid_in_namespace"] == 1
    assert shown["process_pid"] > 1
    assert shown["process_namespaces_pid"] == told["pid"]
    assert shown["process_namespaces_pid_is_host"] is False
    assert holding(host, "pid_host", "net_host") == {"net_host"}


# ------------------------------------------------------------------------------------------------ capabilities


def test_capabilities_are_those_that_proc_shows(host: Host) -> None:
    sets = ("effective", "permitted", "inheritable", "bounding", "ambient")
    host.apply(
        watch(
            counts("may_kill", leaf("process.capabilities.effective", "AllBits", "CAP_KILL")),
            counts("may_not_admin", leaf("process.capabilities.effective", "NoBits", "CAP_SYS_ADMIN", "CAP_SETUID")),
            counts("none", leaf("process.capabilities.effective", "Equal", "0")),
            fields=["process.capabilities"],
        )
    )

    told = acted(
        """
        kill, chown, nice = 5, 0, 23
        must(libc.prctl(24, 25, 0, 0, 0))  # PR_CAPBSET_DROP, CAP_SYS_TIME
        class Set(ctypes.Structure):
            _fields_ = [(name, ctypes.c_uint32) for name in ("effective", "permitted", "inheritable")]
        header = (ctypes.c_uint32 * 2)(0x20080522, 0)  # _LINUX_CAPABILITY_VERSION_3
        bits = [1 << kill | 1 << chown, 1 << kill | 1 << chown | 1 << nice, 1 << nice]
        must(libc.capset(header, (Set * 2)(Set(*bits), Set())))
        must(libc.prctl(47, 2, nice, 0, 0))  # PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE
        seen()
        print(json.dumps(dict(line.split() for line in open("/proc/self/status") if line.startswith("Cap"))))
        """
    )

    shown = the_event(host).fields
    names = {
        "effective": "CapEff:",
        "permitted": "CapPrm:",
        "inheritable": "CapInh:",
        "bounding": "CapBnd:",
        "ambient": "CapAmb:",
    }
    for name in sets:
        assert bits_of(shown[f"process_capabilities_{name}"]) == int(told[names[name]], 16), name
    assert shown["process_capabilities_effective"] == ["CAP_CHOWN", "CAP_KILL"]
    assert shown["process_capabilities_ambient"] == ["CAP_SYS_NICE"]
    assert "CAP_SYS_TIME" not in shown["process_capabilities_bounding"]
    assert holding(host, "may_kill", "may_not_admin", "none") == {"may_kill", "may_not_admin"}


def bits_of(names: list[str]) -> int:
    return int(parse(kind_type("capabilities"), "|".join(names)) if names else 0)


# ------------------------------------------------------------------------------------------------ ancestors


@pytest.fixture
def tools() -> Iterator[list[str]]:
    """Programs of different names, each of which runs the next; short names make short programs."""
    with tempfile.TemporaryDirectory(prefix="pd", dir="/tmp") as top:
        made = [Path(top, f"g{number}", "tool") for number in range(MOST_ANCESTORS + 2)]
        for tool in made:
            tool.parent.mkdir()
            shutil.copy("/usr/bin/perl", tool)
        yield [str(tool) for tool in made]


def chain(tools: list[str], *, first: str = "") -> list[str]:
    """Return the command of a process whose child's child … calls getppid under our name, after what it does `first`."""
    command: list[str] = []
    for tool in tools[:-1]:
        command += [tool, "-e", "system(@ARGV); exit(0)"]
    return [*command, tools[-1], "-e", f"{first}; $0 = '{COMM}'; getppid()"]


def of_ancestors(tools: list[str]) -> str:
    return watch(
        counts("nearest", leaf("process.ancestors[0]", "Equal", tools[-2])),
        counts("some", leaf("process.ancestors", "In", "/nowhere", tools[3])),
        counts("below", leaf("process.ancestors", "Under", str(Path(tools[4]).parent))),
        counts("far", leaf("process.ancestors", "In", tools[0])),
        counts("none_far", leaf("process.ancestors", "NotIn", tools[0])),
        counts("param", leaf("process.ancestors", "In", param="known")),
        fields=["process.exe", "process.ancestors", "process.parent.parent.exe", "process.parent.parent.parent.args"],
        params={"known": {"type": "path", "values": [tools[6]]}},
    )


HELD = {"nearest", "some", "below", "none_far", "param"}


def test_ancestors_are_a_list_nearest_first(host: Host, tools: list[str]) -> None:
    host.apply(of_ancestors(tools))

    subprocess.run(chain(tools), timeout=60, check=True)

    event = the_event(host)
    assert event.fields["process_exe"] == tools[-1]
    assert event.fields["process_ancestors"] == tools[-2:0:-1]
    assert "process_ancestors" in event.cut
    assert event.fields["process_parent_parent_exe"] == tools[-3]
    assert event.fields["process_parent_parent_parent_args"].startswith(f"{tools[-4]} -e system(@ARGV)")
    assert holding(host, *HELD, "far") == HELD


def test_processes_that_were_there_before_are_ancestors(host: Host, tools: list[str]) -> None:
    """All of them are, up to the first process; what `/proc` does not show is not known."""
    with subprocess.Popen(
        chain(tools[-3:], first="$| = 1; print 'ready'; <STDIN>"), stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as child:
        assert child.stdout is not None
        child.stdout.read(5)
        host.apply(watch(fields=["process.ancestors"]))
        child.communicate(b"\n", timeout=60)

    event = the_event(host)
    assert event.fields["process_ancestors"][:3] == [tools[-2], tools[-3], OWN]
    expected = list(programs_above(os.getpid()))
    assert event.fields["process_ancestors"][3:] == expected[: MOST_ANCESTORS - 3]
    assert ("process_ancestors" in event.cut) is (len(expected) > MOST_ANCESTORS - 3)


def programs_above(pid: int) -> Iterator[str]:
    while pid := int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1]):
        try:
            yield str(Path(f"/proc/{pid}/exe").readlink()).removesuffix(" (deleted)")
        except OSError:  # a sandbox keeps it from root, and from policyd
            yield "?"


# ------------------------------------------------------------------------------------------------ directories


def test_a_working_directory_is_seen_through_bind_mounts_and_from_a_root(host: Host, tmp_path: Path) -> None:
    (tmp_path / "real" / "inner").mkdir(parents=True)
    (tmp_path / "bound").mkdir()
    host.apply(watch(counts("below", leaf("process.cwd", "Under", str(tmp_path / "bound"))), fields=["process.cwd"]))

    acted(
        f"""
        top = {str(tmp_path)!r}
        must(libc.unshare({UNSHARED["mnt"]}))
        must(libc.mount(b"none", b"/", None, 1 << 18 | 1 << 14, None))  # MS_PRIVATE | MS_REC
        must(libc.mount(os.fsencode(top + "/real"), os.fsencode(top + "/bound"), None, 1 << 12, None))  # MS_BIND
        os.chdir(top + "/bound/inner")
        seen()
        os.getppid()
        os.chroot(top + "/bound")
        os.chdir("/inner")
        os.getppid()
        os.chdir("/")
        os.getppid()
        """
    )

    events = open_policy(host.kernel, "seen").events()
    assert [event.fields["process_cwd"] for event in events] == [f"{tmp_path}/bound/inner"] * 2 + ["/inner", "/"]
    assert host.count("seen", "below_total") == 2


# ------------------------------------------------------------------------------------------------ any task


@both_builders
def test_a_task_that_an_argument_points_to_has_the_fields_of_the_current_one(host: Host, tools: list[str]) -> None:
    """At exec the argument is the current task: two ways to each value, which must agree."""
    theirs = [path.replace("process", "args.p.process", 1) for path in SHOWN]
    hook = {"raw_tracepoint": "sched_process_exec"}
    mine = [leaf("args.p.process.exe", "Equal", tools[1])]
    halves = [[*SHOWN[at::2], *theirs[at::2]] for at in (0, 1)]  # an event has at most 64 columns
    rules = [rule(f"half-{at}", hook, mine, [{"event": {"fields": half}}]) for at, half in enumerate(halves)]
    host.apply(policy("seen", rules))

    subprocess.run(chain(tools[:3]), timeout=60, check=True)

    one, other = open_policy(host.kernel, "seen").events()
    shown = {**one.fields, **other.fields}
    raw = {**_raw(one), **_raw(other)}
    for path in SHOWN:
        assert raw[path.replace(".", "_")] == raw[f"args_p_{path}".replace(".", "_")], path
    assert shown["process_exe"] == tools[1]
    assert shown["process_ancestors"][:2] == [tools[0], OWN]
    assert shown["process_cwd"] == str(Path.cwd())
    assert shown["process_kernel_thread"] is False


def _raw(event: Event) -> dict[str, object]:
    assert event.form is not None
    return {column.name: value for column, value in zip(event.form.columns, event.values, strict=True)}


def test_threads_of_the_kernel_have_no_program(host: Host) -> None:
    hook = {"raw_tracepoint": "sched_switch"}
    idle = leaf("args.next.process.kernel_thread", "Equal", "true")
    absent = leaf("args.next.process.exe", "DoesNotExist")
    count = [{"counter": {"name": "seen_total", "help": "Seen", "by": ["args.next.process.comm"]}}]
    host.apply(policy("seen", [rule("all", hook, [idle], count), rule("bare", hook, [idle, absent], count)]))

    for _ in range(20):
        subprocess.run(["/bin/true"], check=True)

    account = host.account("seen")
    assert account["unread"] == 0
    assert host.count("seen", "seen_total") > 0


# ------------------------------------------------------------------------------------------------ what cannot be read


def test_what_is_in_no_page_yet_decides_nothing_and_acts_only_if_told(host: Host, tmp_path: Path) -> None:
    """The name of the file that is opened stands in a page of a mapping that nobody has touched."""
    named = f"/pd-file-{os.getpid()}"
    mapped = tmp_path / "mapped"
    mapped.write_bytes(named.encode().ljust(4096, b"\0"))
    hook, mine = {"syscall": "openat"}, leaf("process.comm", "Equal", COMM)
    shown = [{"event": {"fields": ["args.filename"]}}, {"counter": {"name": "hits_total", "help": "Hits"}}]
    host.apply(
        policy(
            "seen",
            [
                rule(
                    "not-other",
                    hook,
                    [mine, leaf("args.filename", "NotEqual", "/other")],
                    shown,
                    action={"signal": "SIGUSR1"},
                ),
                rule("listed", hook, [mine, leaf("args.filename", "In", "/a", "/b")], shown, action={"signal": "SIGUSR1"}),
                rule(
                    "surely-not",
                    hook,
                    [mine, leaf("args.filename", "NotEqual", "/other")],
                    shown,
                    action={"signal": "SIGUSR2"},
                    onUnread="act",
                ),
                rule(
                    "decided", hook, [mine, leaf("args.filename", "Equal", "/other"), leaf("process.uid", "Equal", "4711")]
                ),
            ],
            mode="enforce",
        )
    )

    told = acted(
        f"""
        signals = []
        for number in (signal.SIGUSR1, signal.SIGUSR2):
            signal.signal(number, lambda number, _: signals.append(number))
        fd = os.open({str(mapped)!r}, os.O_RDONLY)
        page = mmap.mmap(fd, 4096, mmap.MAP_PRIVATE, mmap.PROT_READ | mmap.PROT_WRITE)
        address = ctypes.addressof(ctypes.c_char.from_buffer(page))
        open("/proc/self/comm", "w").write("{COMM}")
        libc.syscall.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_long]
        results = []
        for _ in range(2):
            results.append([libc.syscall({openat()}, -100, address, 0), sorted(set(signals))])
            signals.clear()
        print(json.dumps(results))
        """
    )

    usr1, usr2 = 10, 12
    assert told == [[-1, [usr2]], [-1, [usr1, usr2]]]  # the call itself has read the name: now the page is there
    events = open_policy(host.kernel, "seen").events()
    first, second = [event for event in events if event.undecided], [event for event in events if not event.undecided]
    assert [(event.unread, event.fields["args_filename"]) for event in first] == [(("args_filename",), None)] * 3
    verdicts = {event.origin.rule: event.origin.verdict for event in first}
    assert verdicts == {"not-other": "none", "listed": "none", "surely-not": "signalled"}
    assert {event.origin.rule: event.origin.verdict for event in second} == {
        "not-other": "signalled",
        "surely-not": "signalled",
    }
    assert host.count("seen", "hits_total") == 2  # only what was decided counts


def openat() -> int:
    number = syscalls(os.uname().machine)["openat"].number
    assert number is not None
    return number
