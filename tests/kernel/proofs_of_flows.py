"""Cases of policies about time and about the network: each makes what its policy is about, and looks at what it says."""

from __future__ import annotations

import mmap
import pwd
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress

from devices import send_frames
from packets import ether, ip4, tcp
from proofs import LIBC, Proof, case, comm

from policyd.reading.metrics import Histogram

IP4 = 0x0800
SYN = 0x02
SOURCE = "10.77.0.1"

# ------------------------------------------------------------------------------------------------ time


def sleep_until(seen: Callable[[], bool]) -> None:
    """Sleep 50 ms until that was seen: a thread that is preempted just before it sleeps has slept less."""
    for _ in range(20):
        time.sleep(0.05)
        if seen():
            return
    raise AssertionError("no sleep was seen to last 50 ms")


@case
def syscall_latency(proof: Proof) -> None:
    sleep_until(lambda: proof.value("waiting_calls_longest_seconds", call="clock_nanosleep") >= 0.05)
    assert proof.value("waiting_calls_calls", call="clock_nanosleep") >= 1


@case
def run_queue_latency(proof: Proof) -> None:
    time.sleep(0.02)
    found = proof.value("run_queue_wait_seconds")
    assert found.count > 0 < found.sum


@case
def off_cpu_time(proof: Proof) -> None:
    sleep_until(lambda: proof.value("off_cpu_longest_seconds", comm=comm()) >= 0.05)
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
    with mmap.mmap(-1, 8 << 20) as memory:
        memory.madvise(mmap.MADV_NOHUGEPAGE)
        for at in range(0, len(memory), mmap.PAGESIZE):
            memory[at] = 1
    found = sum(value for labels, value in proof.family("faults_faults").series if labels["comm"] == comm())  # type: ignore[misc]
    assert found >= 2048


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
def other_resolvers(proof: Proof) -> None:
    for target in ("203.0.113.5", "10.1.2.3", "127.0.0.53"):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking, suppress(OSError):
            asking.connect((target, 53))
    assert [event.fields["dst_ip"] for event in proof.events() if event.fields["process_comm"] == comm()] == ["203.0.113.5"]
