"""Cases of policies about processes and files: each makes what its policy is about, and looks at what it says."""

from __future__ import annotations

import ctypes
import os
import shutil
import socket
import subprocess
import threading
import time
from contextlib import suppress
from pathlib import Path

from proofs import LIBC, Proof, act, case, comm, run, until

from policyd.reading.metrics import Histogram
from policyd.resolve import Host as ResolvingHost

ADD_KEY, SYSLOG, CLOCK_SETTIME, READV, IO_URING, USERFAULTFD = 248, 103, 227, 310, 425, 323
"""System calls of x86_64 that Python has no function for."""

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
    # The ring may be full of what others ask for.
    until(lambda: proof.has(process_comm=comm(), args_filename=str(proof.folder)), proof.folder.stat)


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
