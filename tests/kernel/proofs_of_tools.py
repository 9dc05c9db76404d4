"""Cases of the library's tools: each makes what its policy measures, and looks at what it says."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from proofs import CHECKOUT, Proof, act, case, comm, run, until
from proofs_of_flows import served

from policyd.reading.metrics import Histogram
from policyd.views.stacks import stack_outputs

if TYPE_CHECKING:
    from collections.abc import Iterator

    from policyd.reading.stacks import Stacks

LIBRARY = CHECKOUT / "library"


def write_and_sync(size: int = 1 << 20) -> Path:
    """Write a file of the checkout's file system through to the disk; it is removed again."""
    file = Path(__file__).parent / f".proof-{os.getpid()}"
    try:
        with file.open("wb") as opened:
            opened.write(os.urandom(size))
            opened.flush()
            os.fsync(opened.fileno())
    finally:
        file.unlink()
    return file


def sum_of(proof: Proof, name: str, **labels: str) -> float:
    """Return the sum of a metric's series that have these labels."""
    found = [value for of, value in proof.family(name).series if labels.items() <= of.items()]
    return sum(value.count if isinstance(value, Histogram) else value for value in found)


# ------------------------------------------------------------------------------------------------ processes


@case
def process_ends(proof: Proof) -> None:
    with subprocess.Popen(["sh", "-c", "exit 3"]) as ended:
        pass
    with subprocess.Popen(["sleep", "30"]) as killed:
        killed.send_signal(signal.SIGKILL)
    assert proof.has("ended", pid=ended.pid, exit_code=3, signal="none", dumped=False)
    assert proof.has("ended", pid=killed.pid, exit_code=0, signal="SIGKILL")
    assert all(event.fields["lived"] > 0 for event in proof.events())
    assert sum_of(proof, "process_lifetime_seconds", killed="true") >= 1


# ------------------------------------------------------------------------------------------------ files and disks


@case
def opens(proof: Proof) -> None:
    file = proof.folder / "opened"
    file.touch()

    def look() -> None:
        for name in (file, proof.folder / "missing"):
            with suppress(FileNotFoundError):
                name.open().close()

    until(lambda: proof.has("open", comm=comm(), file=str(file)), look)
    until(lambda: proof.has("open", comm=comm(), file=str(proof.folder / "missing"), result=-2), look)
    assert sum_of(proof, "opens_total", comm=comm(), failed="true") >= 1


@case
def file_calls(proof: Proof) -> None:
    def calls() -> float:
        return sum(value for _, value in proof.family("file_calls_total").series)  # type: ignore[misc]

    before = calls()
    with (proof.folder / "called").open("w+b", buffering=0) as file:
        for _ in range(100):
            file.write(b"x")
    assert calls() >= before + 100


@case
def page_cache(proof: Proof) -> None:
    file = proof.folder / "cached"
    file.write_bytes(bytes(1 << 20))
    write_and_sync()
    file.read_bytes()
    assert sum_of(proof, "page_cache_added_total") >= 1
    assert sum_of(proof, "page_cache_dirtied_total") >= 1
    if "looked-up" not in proof.left_out():
        assert sum_of(proof, "page_cache_lookups_total") >= 1


@case
def file_lives(proof: Proof) -> None:
    assert proof.left_out() == {"removed"}, "tests/vm has such kernels"


@case
def ext4_latency(proof: Proof) -> None:
    write_and_sync()
    assert proof.value("ext4_sync_seconds").count >= 1
    assert proof.left_out() == {"call", "slow"}, "tests/vm has such kernels"


@case
def xfs_latency(proof: Proof) -> None:
    assert proof.left_out() == {"call", "slow"}, "tests/vm has such kernels"


@case
def disk_requests(proof: Proof) -> None:
    def seen() -> bool:
        found = [event.fields for event in proof.events() if event.fields["operation"] == "write"]
        return any(fields["bytes"] >= 4096 and fields["took"] > 0 and fields["error"] == 0 for fields in found)

    until(seen, write_and_sync)


# ------------------------------------------------------------------------------------------------ network


@case
def accepts(proof: Proof) -> None:
    one, other = served()
    local, remote = one.getsockname()[1], one.getpeername()[1]
    one.close()
    other.close()
    assert proof.has(remote="127.0.0.1", remote_port=local, local="127.0.0.1", port=remote)
    assert proof.value("tcp_accepted_total", port=str(remote)) == 1


@case
def name_lookup_latency(proof: Proof) -> None:
    act("open('/proc/self/comm', 'w').write('pd-asks'); socket.getaddrinfo('localhost', 80)")
    found = proof.value("name_lookup_seconds", comm="pd-asks", failed="false")
    assert (found.count, found.sum > 0) == (1, True)


@case
def binds(proof: Proof) -> None:
    with socket.socket() as one, suppress(OSError):
        one.bind(("127.0.0.1", 0))
    with socket.socket() as other, suppress(OSError):
        other.bind(("203.0.113.9", 0))
    assert proof.has("bind", process_comm=comm(), protocol="tcp", src_ip="127.0.0.1", src_port=0)
    assert proof.has("refused", process_comm=comm(), result=-99)
    assert proof.value("binds_refused_total", comm=comm(), error="EADDRNOTAVAIL") == 1


@case
def dropped_packets(proof: Proof) -> None:
    with socket.socket(type=socket.SOCK_DGRAM) as sender:
        for _ in range(5):
            sender.sendto(b"x", ("127.0.0.1", 9))
    assert sum_of(proof, "packets_dropped_total", reason="NO_SOCKET") >= 5, proof.family("packets_dropped_total").series


@case
def syn_backlog(proof: Proof) -> None:
    assert proof.left_out() == {"comes-in"}, "tests/vm has such kernels"


@contextmanager
def tls_server(folder: Path) -> Iterator[int]:
    """Run OpenSSL's server, which sends each line back in reverse; give its port."""
    key, cert = folder / "key.pem", folder / "cert.pem"
    run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=pd",
        "-keyout", str(key), "-out", str(cert))  # fmt: skip
    with socket.create_server(("127.0.0.1", 0)) as chosen:
        port: int = chosen.getsockname()[1]
    words = ["openssl", "s_server", "-accept", f"127.0.0.1:{port}", "-key", str(key), "-cert", str(cert), "-rev", "-quiet"]
    with subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:
        try:
            until(lambda: _answers(port))
            yield port
        finally:
            server.kill()


def _answers(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


@case
def tls_data(proof: Proof) -> None:
    with tls_server(proof.folder) as port:
        words = ["openssl", "s_client", "-quiet", "-connect", f"127.0.0.1:{port}"]
        with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as client:
            assert client.stdin is not None
            assert client.stdout is not None
            client.stdin.write(b"pd-secret\n")
            client.stdin.flush()
            assert client.stdout.readline() == b"terces-dp\n"
            client.kill()
    written = [event.fields for event in proof.events("write") if event.fields["pid"] == client.pid]
    read = [event.fields for event in proof.events("read") if event.fields["pid"] == client.pid]
    assert any(fields["length"] == 10 and fields["data"].startswith("pd-secret\n") for fields in written)
    assert any(fields["data"].startswith("terces-dp") for fields in read)


# ------------------------------------------------------------------------------------------------ CPUs and memory


def stacks(proof: Proof, name: str) -> Stacks:
    """Return an output of stacks of the policy."""
    proof.looked_at.add(proof.policy)
    found = stack_outputs(proof.host.kernel, [proof.host.record(proof.policy)])
    return next(one for one in found if one.name == name)


@case
def cpu_stacks(proof: Proof) -> None:
    spin = "open('/proc/self/comm', 'w').write('pd-spins')\nwhile sum(range(9999)): pass"
    with subprocess.Popen([sys.executable, "-c", spin]) as spinning:
        until(lambda: any(("process_comm", "pd-spins") in one.labels for one in stacks(proof, "cpu_stacks").series))
        spinning.kill()
    mine = [one for one in stacks(proof, "cpu_stacks").series if ("process_comm", "pd-spins") in one.labels]
    assert all(one.value >= 1 and (one.stack.user or one.stack.kernel) for one in mine)


@case
def off_cpu_stacks(proof: Proof) -> None:
    assert proof.left_out() == {"waited"}, "tests/vm has such kernels"


@case
def hardirq_time(proof: Proof) -> None:
    until(lambda: proof.family("hardirq_runs").series, write_and_sync)
    assert all(labels["device"] for labels, _ in proof.family("hardirq_seconds").series)


@case
def cache_misses(proof: Proof) -> None:
    if not proof.left_out():
        act("sum(range(3_000_000))")
        assert sum_of(proof, "cache_references_total") > 0


@contextmanager
def memory_group(limit: int) -> Iterator[Path]:
    """Make a control group (v1 or v2) whose memory is limited; give its list of processes."""
    old = Path("/sys/fs/cgroup/memory/memory.limit_in_bytes").exists()
    folder = Path("/sys/fs/cgroup/memory" if old else "/sys/fs/cgroup", f"pd-memory-{os.getpid()}")
    folder.mkdir()
    try:
        (folder / ("memory.limit_in_bytes" if old else "memory.max")).write_text(str(limit))
        yield folder / "cgroup.procs"
    finally:
        until(lambda: not (folder / "cgroup.procs").read_text())
        folder.rmdir()


@case
def oom_kills(proof: Proof) -> None:
    program = "import os, sys\nopen(sys.argv[1], 'w').write(str(os.getpid()))\nkept = b'x' * (256 << 20)"
    with memory_group(32 << 20) as members, subprocess.Popen([sys.executable, "-c", program, str(members)]) as greedy:
        pass
    assert greedy.returncode == -signal.SIGKILL
    assert proof.has("ended", victim=greedy.pid)
    assert "named" in proof.left_out() or proof.has("named", victim=greedy.pid, uid=0)
    assert proof.value("oom_kills_total") >= 1


HOLDER = """
import ctypes, sys
libc = ctypes.CDLL(None)
libc.malloc.restype = libc.calloc.restype = ctypes.c_void_p
libc.free.argtypes = [ctypes.c_void_p]
sys.stdin.readline()
libc.malloc(7_000_000); libc.free(libc.malloc(500_000)); libc.calloc(3, 1_000_000)
print(flush=True)
input()
"""


@case
def memory_held(proof: Proof) -> None:
    text = (LIBRARY / "memory/memory-held.yaml").read_text(encoding="utf-8")
    words = [sys.executable, "-c", HOLDER]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdin is not None
        assert holder.stdout is not None
        with proof.alone(text.replace("{library: libc.so.6,", f"{{library: libc.so.6, pid: {holder.pid},")):
            print(file=holder.stdin, flush=True)
            holder.stdout.readline()
            assert sum_of(proof, "memory_taken_bytes_total") >= 10_500_000
            assert sum_of(proof, "memory_given_back_bytes_total") >= 500_000
            assert stacks(proof, "memory_taken").totals.value >= 10_500_000
        print(file=holder.stdin, flush=True)
