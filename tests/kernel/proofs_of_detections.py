"""Cases of the library's policies about attacks: each does what an attacker would, harmlessly, and looks at what is said."""

from __future__ import annotations

import mmap
import os
import shutil
import socket
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

from proofs import Proof, act, case, comm, run

NOBODY = 65534
SETUID_32 = 213
"""Of arch/x86/entry/syscalls/syscall_32.tbl."""

# ------------------------------------------------------------------------------------------------ powers


@case
def capability_uses(proof: Proof) -> None:
    name = "open('/proc/self/comm', 'w').write('pd-powers')\n"
    act(name + "libc.unshare(0x04000000)")  # CLONE_NEWUTS
    act(name + f"os.setresuid({NOBODY}, {NOBODY}, {NOBODY}); libc.unshare(0x04000000)")
    mine = {"comm": "pd-powers", "capability": "CAP_SYS_ADMIN"}
    assert proof.value("capability_uses_asked", **mine, held="true") >= 1
    assert proof.value("capability_uses_asked", **mine, held="false") >= 1


@case
def capability_changes(proof: Proof) -> None:
    run("setpriv", "--inh-caps", "+chown", "--ambient-caps", "+chown", "true")
    assert proof.has("set", process_comm="setpriv", result=0)
    assert proof.has("handed-on", process_comm="setpriv", option="PR_CAP_AMBIENT")
    assert proof.value("capability_changes_total", comm="setpriv", failed="false") >= 1


@case
def privilege_escalation(proof: Proof) -> None:
    folder = Path(f"/var/tmp/pd-proof-{os.getpid()}")
    folder.mkdir(mode=0o755)
    program = folder / "true"
    try:
        shutil.copy("/bin/true", program)
        program.chmod(0o4755)
        subprocess.run([program], check=True, user=NOBODY, group=NOBODY)
        subprocess.run([program], check=True)
    finally:
        shutil.rmtree(folder)
    become_root("import os; os.setuid(0)", "call")
    become_root(f"from callers import Caller; assert Caller().call({SETUID_32}, 0) == 0", "no-call")
    found = [event.fields for event in proof.events("by-program") if event.fields["process_exe"] == str(program)]
    assert [fields["process_uid"] for fields in found] == [NOBODY]
    called = {event.fields["file"] for event in proof.events("by-no-call")}
    assert ("/bin/pd-no-call" in called, "/bin/pd-call" in called) == (True, False)


def become_root(program: str, name: str) -> None:
    """Become root out of the power to do so, and try to execute `/bin/pd-NAME`.

    A call of the 32-bit kind stands for an exploit: on a kernel without fentry and kprobes the policy does not see it.
    """
    text = f"import os, sys\nsys.path.insert(0, {str(Path(__file__).parent)!r})\n{program}\n"
    text += f"try: os.execv('/bin/pd-{name}', ['x'])\nexcept FileNotFoundError: pass"
    powers = ("--inh-caps", "+setuid", "--ambient-caps", "+setuid")
    run("setpriv", "--reuid", str(NOBODY), "--clear-groups", *powers, sys.executable, "-c", text)


# ------------------------------------------------------------------------------------------------ containers


@case
def container_escapes(proof: Proof) -> None:
    tries = "mount -t tmpfs none /mnt; cat /proc/sys/kernel/core_pattern; mknod /mnt/pd-disk b 7 99"
    tries += "; nsenter --uts=/proc/self/ns/uts true; unshare --user true; true"
    run("unshare", "--pid", "--mount", "--fork", "sh", "-c", tries)
    assert proof.has("mounts", call="mount", process_comm="mount", process_origin="Init")
    assert proof.has("doors", process_comm="cat", file="/proc/sys/kernel/core_pattern")
    assert proof.has("devices", file="/mnt/pd-disk")
    assert proof.has("joins", process_comm="nsenter")
    assert proof.has("user-namespace", process_comm="unshare", flags=["CLONE_NEWUSER"])
    Path("/proc/sys/kernel/core_pattern").read_text(encoding="utf-8")
    assert not proof.has("doors", process_comm=comm())


# ------------------------------------------------------------------------------------------------ ways in and out


@case
def shells_on_sockets(proof: Proof) -> None:
    shell = "subprocess.run(['/bin/sh', '-c', 'exit {1}'], stdin={0})"
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        act(f"import subprocess; one = socket.create_connection(('127.0.0.1', {port})); {shell.format('one', 0)}")
    act(f"import subprocess; one, _ = socket.socketpair(); {shell.format('one', 1)}")
    (found,) = [event.fields for event in proof.events() if event.fields["remote_port"] == port]
    assert (found["args"], found["remote"]) == ("/bin/sh -c exit 0", "127.0.0.1")
    assert not proof.has(args="/bin/sh -c exit 1")


@case
def egress_allow_list(proof: Proof) -> None:
    elsewhere = {("203.0.113.5", 443), ("127.0.0.1", 81)}
    for target in (*elsewhere, ("127.0.0.1", 80)):
        with socket.socket() as client:
            assert client.connect_ex(target) != 1, "in monitor mode nothing is refused"
    found = [event for event in proof.events() if event.fields["process_comm"] == comm()]
    told = {(event.fields["dst_ip"], event.fields["dst_port"]) for event in found}
    assert told >= elsewhere
    assert ("127.0.0.1", 80) not in told
    assert {event.origin.verdict for event in found} == {"would-deny"}


@case
def unexpected_listeners(proof: Proof) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    for low in (817, 443, 0):
        with socket.socket() as server:
            server.bind(("127.0.0.1", low))
    assert proof.has("listens", comm=comm(), ip="127.0.0.1", port=port)
    assert [e.fields["src_port"] for e in proof.events("low") if e.fields["process_comm"] == comm()] == [817]


@case
def crypto_miners(proof: Proof) -> None:
    run("/bin/true", "--donate-level", "1")
    with socket.socket() as client:
        client.connect_ex(("127.0.0.1", 3333))
    with suppress(OSError):
        os.open("/dev/cpu/4095/msr", os.O_RDONLY)
    assert proof.has("called", args="/bin/true --donate-level 1")
    assert proof.has("pool", process_comm=comm(), ip="127.0.0.1", port=3333)
    assert proof.has("registers", process_comm=comm(), file="/dev/cpu/4095/msr", result=-2)


# ------------------------------------------------------------------------------------------------ files and memory


@case
def log_tampering(proof: Proof) -> None:
    file = Path(f"/var/log/pd-proof-{os.getpid()}")
    moved = file.with_suffix(".moved")
    file.open("a").close()
    file.open("w").close()
    os.truncate(file, 0)
    file.rename(moved)
    moved.unlink()
    found = {(event.origin.rule.removesuffix("-old-call"), event.fields["file"]) for event in proof.events()}
    assert found >= {("emptied", str(file)), ("cut", str(file)), ("renamed", str(file)), ("removed", str(moved))}


@case
def code_injection(proof: Proof) -> None:
    with subprocess.Popen(["sleep", "30"]) as victim:
        Path(f"/proc/{victim.pid}/mem").open("rb").close()
        victim.kill()
    with suppress(OSError):
        os.open("/etc/ld.so.preload", os.O_WRONLY)
    mmap.mmap(-1, mmap.PAGESIZE, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC).close()
    assert proof.has("memory-file", process_comm=comm(), file=f"/proc/{victim.pid}/mem")
    assert proof.has("preloaded", process_comm=comm(), file="/etc/ld.so.preload")
    assert proof.value("writable_code_total", process_comm=comm()) >= 1


@case
def file_integrity(proof: Proof) -> None:
    assert proof.left_out() == {"opened-for-writing", "removed", "renamed", "attributes"}, "tests/vm has such kernels"


@case
def link_attacks(proof: Proof) -> None:
    assert proof.left_out() == {"followed", "made"}, "tests/vm has such kernels"
