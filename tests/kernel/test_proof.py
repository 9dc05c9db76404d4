"""Jobs of other tools as policies (`tests/proof/`, a file each), all at once on this kernel: each sees what it is for.

A case makes a policy's event and looks at what it says; others' events may be among them, for the policies filter by what
they are about, not by who runs the test.
"""

from __future__ import annotations

import ctypes
import os
import pwd
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from conftest import BPFFS, MINE, Host
from devices import make_pair, send_frames
from network import private_network
from packets import ether, ip4, tcp

from policyd.engine import Given, Request
from policyd.kernel.attachable import AttachFeatures
from policyd.parsing import load
from policyd.reading import open_policy
from policyd.reading.metrics import Family, Histogram
from policyd.resolve import Host as ResolvingHost
from policyd.resolve import resolve
from policyd.target import Target

pytestmark = pytest.mark.kernel

FILES = sorted((Path(__file__).parent.parent / "proof").glob("*.yaml"))
CASES: dict[str, Callable[[Proof], None]] = {}
LIBC = ctypes.CDLL(None, use_errno=True)
LIBC.syscall.restype = ctypes.c_long
ADD_KEY, SYSLOG, CLOCK_SETTIME, READV, IO_URING, USERFAULTFD = 248, 103, 227, 310, 425, 323
"""System calls of x86_64 that Python has no function for."""
IP4 = 0x0800
SYN = 0x02
SOURCE = "10.77.0.1"


@dataclass
class Proof:
    """All policies of the folder, applied; `folder` is a place for files."""

    host: Host
    folder: Path
    policy: str = ""
    _seen: dict[str, list[Any]] = field(default_factory=dict)

    def events(self, rule: str = "") -> list[Any]:
        """Return the events of the policy so far, of one rule if it is named."""
        seen = self._seen.setdefault(self.policy, [])
        seen += open_policy(self.host.kernel, self.policy).events()
        return [event for event in seen if not rule or event.origin.rule == rule]

    def has(self, rule: str = "", **wanted: object) -> bool:
        """Whether some event has these fields."""
        found = [event.fields for event in self.events(rule)]
        return any(all(fields.get(name) == value for name, value in wanted.items()) for fields in found)

    def family(self, name: str) -> Family:
        return next(one for one in open_policy(self.host.kernel, self.policy).families() if one.name == name)

    def value(self, name: str, **labels: str) -> Any:
        """Return the one value of a metric whose series has these labels."""
        found = [value for of, value in self.family(name).series if labels.items() <= of.items()]
        assert len(found) == 1, (name, labels, self.family(name).series)
        return found[0]


def case(function: Callable[[Proof], None]) -> Callable[[Proof], None]:
    """Enter a function as the case of the policy that it is named after."""
    CASES[function.__name__.strip("_").replace("_", "-")] = function
    return function


@pytest.fixture(scope="module")
def proof(objects: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proof]:
    host = Host(str(BPFFS / f"{MINE}proof"), objects)
    host.kernel.ensure_root()
    with ExitStack() as stack:
        stack.enter_context(private_network())
        stack.callback(host.close)
        make_pair("pdp0", "pdp1")
        apply(host)
        yield Proof(host, tmp_path_factory.mktemp("proof"))


def apply(host: Host) -> None:
    """Apply all policies at once, as this kernel can see what they hook."""
    target, here = Target.running(AttachFeatures()), ResolvingHost.running()
    given = tuple(Given(resolve(policy, target, here).policy) for policy in load([str(FILES[0].parent)]).require())
    result = host.engine.apply(Request(given, prune=True))
    host.engine.guard.leave()
    assert not result.failed, [str(outcome.error) for outcome in result.failed]


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_job_of_another_tool_is_a_policy(proof: Proof, file: Path) -> None:
    proof.policy = file.stem
    CASES[file.stem](proof)


def test_every_case_is_of_a_policy_that_is_called_like_its_file() -> None:
    assert set(CASES) == {file.stem for file in FILES}
    assert all(f"metadata: {{name: {file.stem}}}" in file.read_text(encoding="utf-8") for file in FILES)


def run(*words: str) -> None:
    subprocess.run(words, check=True, capture_output=True, timeout=30)


def act(program: str) -> str:
    """Run a Python program in a process of its own; return what it prints."""
    head = "import ctypes, os, socket, sys\nlibc = ctypes.CDLL(None, use_errno=True)\n"
    command = [sys.executable, "-c", head + program]
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=30).stdout


def comm() -> str:
    return Path("/proc/thread-self/comm").read_text(encoding="utf-8").strip()


# ------------------------------------------------------------------------------------------------ processes


@case
def namespace_entries(proof: Proof) -> None:
    run("unshare", "--uts", "true")
    run("nsenter", "--uts=/proc/self/ns/uts", "true")
    assert proof.has("made", process_comm="unshare", args_unshare_flags=["CLONE_NEWUTS"])
    assert proof.has("entered", process_comm="nsenter")


@case
def fileless_exec(proof: Proof) -> None:
    act("fd = os.memfd_create('x'); os.write(fd, open('/bin/true', 'rb').read()); os.execve(fd, ['hidden'], {})")
    assert any(str(event.fields["called"]).startswith("/dev/fd/") for event in proof.events())


@case
def exec_from_memory_disks(proof: Proof) -> None:
    program = Path(f"/dev/shm/pd-proof-{os.getpid()}")
    shutil.copy("/bin/true", program)
    try:
        run(str(program), "word")
    finally:
        program.unlink()
    assert proof.has(process_exe=str(program), process_args=f"{program} word")


@case
def setuid_bits(proof: Proof) -> None:
    file = proof.folder / "tool"
    file.touch()
    file.chmod(0o4755)
    with file.open("r") as opened:
        os.fchmod(opened.fileno(), 0o2755)
        os.fchmod(opened.fileno(), 0o755)
    (chmod,) = [event for event in proof.events("chmod") if event.fields["args_filename"] == str(file)]
    assert chmod.fields["args_mode"] == "04755"
    assert [event.fields["args_mode"] for event in proof.events("fchmod")].count("02755") == 1


@case
def redirected_shells(proof: Proof) -> None:
    act("plain = os.open('/dev/null', 0); os.dup2(plain, 0); one = socket.socket(); os.dup2(one.fileno(), 1)")
    assert proof.has(newfd=1, family="AF_INET")
    assert not proof.has(newfd=0, comm="python3")


@case
def keyring(proof: Proof) -> None:
    act(f"libc.syscall({ADD_KEY}, b'user', b'pd-proof', b'hidden', 6, -2)")
    assert proof.has(type="user", description="pd-proof", size=6)
    assert not any("hidden" in str(event.fields) for event in proof.events())


@case
def raw_sockets(proof: Proof) -> None:
    for kind in ((socket.AF_PACKET, socket.SOCK_RAW), (socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)):
        socket.socket(*kind).close()
    socket.socket().close()
    assert proof.has(comm=comm(), family="AF_PACKET", type=["SOCK_RAW"])
    assert proof.has(comm=comm(), family="AF_INET", type=["SOCK_RAW"])
    assert not proof.has(comm=comm(), type=["SOCK_STREAM"])


@case
def kernel_log(proof: Proof) -> None:
    LIBC.syscall(SYSLOG, 10, None, 0)
    assert proof.has(comm=comm(), operation="size")


@case
def address_randomization_off(proof: Proof) -> None:
    run("setarch", "-R", "true")
    assert proof.has(process_comm="setarch")


@case
def shells_in_containers(proof: Proof) -> None:
    run("unshare", "--pid", "--fork", "/bin/sh", "-c", "exit 0")
    run("/bin/sh", "-c", "exit 0")
    shells = [event.fields["process_args"] for event in proof.events()]
    assert shells.count("/bin/sh -c exit 0") == 1


@case
def joined_containers(proof: Proof) -> None:
    with subprocess.Popen(["unshare", "--pid", "--fork", "sleep", "30"]) as container:
        children = Path(f"/proc/{container.pid}/task/{container.pid}/children")
        end = time.monotonic() + 10
        while not (found := children.read_text().split()) and time.monotonic() < end:
            time.sleep(0.01)
        run("nsenter", "--target", found[0], "--pid", "/bin/true")
        os.kill(int(found[0]), 9)
    exes = [event.fields["process_exe"] for event in proof.events()]
    assert any(exe.endswith("/true") for exe in exes), exes
    assert not any(exe.endswith("/sleep") for exe in exes), "that one is of the container"


@case
def children_of_servers(proof: Proof) -> None:
    run("setarch", "-R", "/bin/sh", "-c", "/bin/true inside; exit 0")
    run("/bin/true", "outside")
    called = [event.fields["process_args"] for event in proof.events()]
    assert called.count("/bin/true inside") == 1
    assert "/bin/true outside" not in called


@case
def cgroups_made(proof: Proof) -> None:
    folder = Path(ResolvingHost.running().cgroup_root, f"pd-proof-{os.getpid()}")
    folder.mkdir()
    folder.rmdir()
    path = f"/{folder.name}"
    assert [event.fields["what"] for event in proof.events() if event.fields["path"] == path] == ["made", "removed"]


@case
def names_and_clocks(proof: Proof) -> None:
    act("libc.unshare(0x04000000); socket.sethostname('pd-proof')")  # CLONE_NEWUTS: nobody else's name
    LIBC.syscall(CLOCK_SETTIME, 99, None)
    assert proof.has("name", call="sethostname", name="pd-proof", ret=0)
    assert any(event.fields["call"] == "clock_settime" and event.fields["comm"] == comm() for event in proof.events("clock"))


@case
def io_uring(proof: Proof) -> None:
    made = LIBC.syscall(IO_URING, 4, ctypes.create_string_buffer(120))
    with suppress(OSError):
        os.close(made)
    assert proof.has(comm=comm(), entries=4)


@case
def faults_in_user_hands(proof: Proof) -> None:
    with suppress(OSError):
        os.close(LIBC.syscall(USERFAULTFD, 1))
    assert any(event.fields["process_comm"] == comm() for event in proof.events())


@case
def foreign_memory(proof: Proof) -> None:
    for pid in (os.getppid(), os.getpid()):
        LIBC.syscall(READV, pid, None, 0, None, 0, 0)
    targets = [event.fields["target"] for event in proof.events() if event.fields["comm"] == comm()]
    assert targets == [os.getppid()]


# ------------------------------------------------------------------------------------------------ files


@case
def failed_opens(proof: Proof) -> None:
    for _ in range(5):
        with suppress(FileNotFoundError):
            (proof.folder / "nothing").open()
    labels = {"comm": comm(), "error": "ENOENT"}
    assert proof.value("failed_opens_calls", **labels) >= 5
    family = proof.family("failed_opens_longest_seconds")
    (at,) = [at for at, (found, _) in enumerate(family.series) if labels.items() <= found.items()]
    assert family.beside[at]["file"] == str(proof.folder / "nothing")
    assert 0 < proof.value("failed_opens_longest_seconds", **labels) <= proof.value("failed_opens_seconds", **labels)


@case
def sync_calls(proof: Proof) -> None:
    with (proof.folder / "synced").open("w") as file:
        file.write("x")
        file.flush()
        os.fsync(file.fileno())
    found = proof.value("syncs_latency_seconds", comm=comm(), call="fsync")
    assert isinstance(found, Histogram)
    assert 1 <= found.count <= proof.value("syncs_calls", comm=comm(), call="fsync")
    assert found.sum > 0


@case
def stat_calls(proof: Proof) -> None:
    before = dict(proof.host.account("stat-calls"))
    for _ in range(400):
        proof.folder.stat()
    account = proof.host.account("stat-calls")
    assert sum(value for _, value in proof.family("stat_calls_total").series) >= 400  # type: ignore[misc]
    assert account["sampled_out"] - before["sampled_out"] > 200
    assert proof.has(process_comm=comm(), args_filename=str(proof.folder))


@case
def read_by_file_descriptor(proof: Proof) -> None:
    file = proof.folder / "large"
    file.write_bytes(bytes(1 << 20))
    with file.open("rb", buffering=0) as opened:
        opened.read(1 << 20)
    mine = {"pid": str(os.getpid())}
    assert proof.value("process_reads_largest_bytes", **mine) >= 1 << 20
    assert proof.value("process_reads_bytes", **mine) > proof.value("process_reads_mean_bytes", **mine) > 0
    family = proof.family("process_reads_largest_bytes")
    (at,) = [at for at, (found, _) in enumerate(family.series) if found == mine]
    assert family.beside[at] == {"comm": comm()}


@case
def slow_reads(proof: Proof) -> None:
    into, out = os.pipe()
    writer = threading.Timer(0.1, os.write, (out, b"late"))
    writer.start()
    os.read(into, 99)
    writer.join()
    os.close(into)
    os.close(out)
    (found,) = [event.fields for event in proof.events() if event.fields["comm"] == comm() and event.fields["asked"] == 99]
    assert (found["fd"], found["got"]) == (into, 4)
    assert found["took"] >= 20 * 10**6


@case
def disk_latency(proof: Proof) -> None:
    file = Path(__file__).parent / ".proof-of-disk-latency"
    try:
        with file.open("wb") as opened:
            opened.write(os.urandom(1 << 20))
            opened.flush()
            os.fsync(opened.fileno())
    finally:
        file.unlink()
    found = [value for _, value in proof.family("disk_latency_seconds").series]
    assert any(isinstance(value, Histogram) and value.count and value.sum > 0 for value in found)
    assert sum(value for _, value in proof.family("disk_bytes").series) >= 1 << 20  # type: ignore[misc]


@case
def links_to_secrets(proof: Proof) -> None:
    link = proof.folder / "harmless"
    link.symlink_to("/etc/shadow")
    with suppress(OSError):
        os.link("/etc/sudoers.pd-proof-not-there", proof.folder / "other")
    with suppress(OSError):
        os.link("/root/.ssh/pd-proof-not-there", proof.folder / "third")
    assert proof.has("symlink", args_oldname="/etc/shadow", args_newname=str(link))
    assert [event.fields["args_oldname"] for event in proof.events("link")] == ["/root/.ssh/pd-proof-not-there"]


@case
def histories_removed(proof: Proof) -> None:
    file = proof.folder / "some_history"
    file.touch()
    file.open("w").close()
    file.unlink()
    assert proof.has("emptied", args_filename=str(file))
    assert proof.has("removed", args_pathname=str(file))


@case
def logs_emptied(proof: Proof) -> None:
    file = Path(f"/var/log/pd-proof-{os.getpid()}")
    try:
        file.open("a").close()
        file.open("w").close()
    finally:
        file.unlink()
    assert [event.fields["args_filename"] for event in proof.events("emptied")].count(str(file)) == 1


# ------------------------------------------------------------------------------------------------ time


@case
def syscall_latency(proof: Proof) -> None:
    time.sleep(0.05)
    assert proof.value("waiting_calls_longest_seconds", call="clock_nanosleep") >= 0.05
    assert proof.value("waiting_calls_calls", call="clock_nanosleep") >= 1


@case
def run_queue_latency(proof: Proof) -> None:
    time.sleep(0.02)
    found = proof.value("run_queue_wait_seconds")
    assert found.count > 0 < found.sum


@case
def off_cpu_time(proof: Proof) -> None:
    time.sleep(0.05)
    assert proof.value("off_cpu_longest_seconds", comm=comm()) >= 0.05
    assert proof.value("off_cpu_seconds", comm=comm()) >= 0.05


@case
def on_cpu_time(proof: Proof) -> None:
    time.sleep(0.02)
    assert proof.value("on_cpu_run_seconds", idle="false").count > 0


@case
def softirq_time(proof: Proof) -> None:
    end = time.monotonic() + 10
    while not (found := proof.family("softirq_seconds").series) and time.monotonic() < end:
        time.sleep(0.02)
    assert all(value > 0 for _, value in found if not isinstance(value, Histogram))
    assert {labels["kind"] for labels, _ in found} <= {
        "HI", "TIMER", "NET_TX", "NET_RX", "BLOCK", "IRQ_POLL", "TASKLET", "SCHED", "HRTIMER", "RCU",
    }  # fmt: skip


@case
def wakers(proof: Proof) -> None:
    event = threading.Event()
    thread = threading.Thread(target=event.wait)
    thread.start()
    time.sleep(0.02)
    event.set()
    thread.join()
    assert proof.value("wakeups_total", waker=comm(), woken=comm()) >= 1


@case
def page_faults(proof: Proof) -> None:
    bytearray(8 << 20)
    found = sum(value for labels, value in proof.family("faults_faults").series if labels["comm"] == comm())  # type: ignore[misc]
    assert found >= 1000


@case
def shell_commands(proof: Proof) -> None:
    LIBC.system(b"true pd-proof")
    assert proof.has(comm=comm(), function="system", command="true pd-proof")


@case
def library_latency(proof: Proof) -> None:
    pwd.getpwnam("root")
    assert proof.value("user_lookups_calls", user="root", result="0") >= 1
    assert proof.value("user_lookups_latency_seconds", user="root", result="0").sum > 0


# ------------------------------------------------------------------------------------------------ network


def served() -> tuple[socket.socket, socket.socket]:
    """Return both ends of a TCP connection through `lo`: the one that connected first."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        one = socket.create_connection(server.getsockname())
        return one, server.accept()[0]


@case
def connect_latency(proof: Proof) -> None:
    one, other = served()
    port = one.getpeername()[1]
    one.close()
    other.close()
    (found,) = [event.fields for event in proof.events() if event.fields["port"] == port]
    assert (found["comm"], found["to"]) == (comm(), "127.0.0.1")
    assert 0 < found["took"] < 10 * 10**9
    assert proof.value("tcp_connect_seconds").count >= 1


@case
def connection_lives(proof: Proof) -> None:
    one, other = served()
    local, remote = one.getsockname()[1], one.getpeername()[1]
    one.sendall(b"x" * 1000)
    other.recv(2000)
    one.close()
    other.close()
    end = time.monotonic() + 10
    while not (ends := {e.fields["local_port"]: e.fields for e in proof.events() if e.fields["remote_port"] == remote}):
        assert time.monotonic() < end
        time.sleep(0.01)
    assert ends[local]["sent"] >= 1000
    assert ends[local]["lived"] > 0


def syns(*ports: int) -> None:
    send_frames("pdp0", [ether(IP4, ip4(6, tcp(40000, port, SYN), src=SOURCE)) for port in ports])


@case
def packets_by_source(proof: Proof) -> None:
    source = "10.77.1.1"
    parts = [tcp(40000, 80 + number) + bytes(number) for number in range(5)]
    frames = [ether(IP4, ip4(6, part, src=source, dst="10.77.0.9")) for part in parts]
    send_frames("pdp0", frames)
    assert proof.value("source_packets", ip=source) == 5
    assert proof.value("source_bytes", ip=source) == sum(map(len, frames))
    family = proof.family("source_largest")
    (at,) = [at for at, (labels, _) in enumerate(family.series) if labels["ip"] == source]
    assert (family.record[at], family.beside[at]) == ({"port": "84"}, {"last_target": "10.77.0.9"})


@case
def syn_floods(proof: Proof) -> None:
    syns(*[443] * 200)
    assert proof.value("syns_total", src_ip=SOURCE) >= 200
    assert 1 <= len(proof.events()) <= 5
    assert proof.host.account("syn-floods")["rate_limited"] >= 195


@case
def port_scans(proof: Proof) -> None:
    syns(*range(1000, 1030))
    (found,) = proof.events("scan")
    assert (found.fields["from"], found.fields["tried"]) == (SOURCE, 10)


@case
def low_ports(proof: Proof) -> None:
    for port in (817, 443, 0):
        with socket.socket() as server:
            server.bind(("127.0.0.1", port))
    assert [event.fields["src_port"] for event in proof.events() if event.fields["process_comm"] == comm()] == [817]


@case
def other_resolvers(proof: Proof) -> None:
    for target in ("203.0.113.5", "10.1.2.3", "127.0.0.53"):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking, suppress(OSError):
            asking.connect((target, 53))
    assert [event.fields["dst_ip"] for event in proof.events() if event.fields["process_comm"] == comm()] == ["203.0.113.5"]
