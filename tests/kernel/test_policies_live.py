"""Every shipped policy on this kernel: attached by `policyd apply`, its event made to happen, its record read back."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from shell import ACTOR, CHECKOUT, Shell

pytestmark = pytest.mark.kernel

POLICIES = CHECKOUT / "policies"
BUILDERS = ("clang", "bcc")
CASES: dict[str, Callable[[Shell], None]] = {}
Case = Callable[[Shell], None]


@pytest.fixture
def shell(request: pytest.FixtureRequest) -> Iterator[Shell]:
    """A shell with one shipped policy running (the test's parameter: builder, file), removed at the end."""
    builder, policy = request.param
    shell = Shell(f"/sys/fs/bpf/pd_test_policies_{os.getpid()}", builder)
    shell.run("apply", "-f", str(policy))
    yield shell
    shell.remove_all()


def case(name: str) -> Callable[[Case], Case]:
    """Enter a function as the case of a policy."""

    def enter(function: Case) -> Case:
        CASES[name] = function
        return function

    return enter


def fields(shell: Shell, policy: str, rule: str) -> list[dict[str, Any]]:
    """Return the fields of all events of a rule."""
    return [event["fields"] for event in shell.events(policy) if event["rule"] == rule]


def has(found: list[dict[str, Any]], **wanted: object) -> bool:
    """Whether one of the mappings has these items."""
    return any(all(one.get(name) == value for name, value in wanted.items()) for one in found)


def total(shell: Shell, policy: str, metric: str, **labels: str) -> float:
    """Return the sum of a metric's series that have these labels; a histogram counts as its number of values."""
    series = [one for one in shell.metrics(policy)[metric] if labels.items() <= one["labels"].items()]
    values = [one["value"] for one in series]
    return sum(value["count"] if isinstance(value, dict) else value for value in values)


@pytest.mark.parametrize(
    ("shell", "name"),
    [
        pytest.param((builder, file), file.stem, id=f"{file.stem}-{builder}")
        for file in sorted(POLICIES.rglob("*.yaml"))
        for builder in BUILDERS
    ],
    indirect=["shell"],
)
def test_a_shipped_policy_sees_what_it_is_for(shell: Shell, name: str) -> None:
    assert name in CASES, "every shipped policy needs a case here"
    CASES[name](shell)


def test_there_is_no_case_without_a_policy() -> None:
    assert set(CASES) == {file.stem for file in POLICIES.rglob("*.yaml")}


# ------------------------------------------------------------------------------------------------ processes


@case("syscalls")
def _(shell: Shell) -> None:
    shell.act("for _ in range(50): os.getppid()")
    assert total(shell, "syscalls", "syscalls_total", process_comm=ACTOR, hook_name="getppid") == 50


@case("exec-audit")
def _(shell: Shell) -> None:
    pid = int(shell.act('child = subprocess.Popen(["/bin/sh", "-c", "exit 7"]); child.wait(); print(child.pid)'))
    killed = int(shell.act('child = subprocess.Popen(["/bin/sh", "-c", "kill -TERM $$"]); child.wait(); print(child.pid)'))
    events = shell.events("exec-audit")
    by_rule = {rule: [e["fields"] for e in events if e["rule"] == rule] for rule in ("exec", "exit", "killed")}
    (started,) = [one for one in by_rule["exec"] if one["pid"] == pid]
    assert started["exe"] in {"/bin/sh", os.path.realpath("/bin/sh")}
    assert started["args"] == "/bin/sh -c exit 7"
    assert started["parent"].rpartition("/")[2].startswith("python3")
    assert has(by_rule["exit"], pid=pid, exit_code=7)
    assert has(by_rule["killed"], pid=killed, signal=15)
    assert not has(by_rule["killed"], pid=pid)
    assert total(shell, "exec-audit", "programs_started_total", process_parent_comm=ACTOR) >= 2


@case("cpu-usage")
def _(shell: Shell) -> None:
    shell.act("end = time.process_time() + 0.3\nwhile time.process_time() < end: pass")
    assert 0.25e9 < total(shell, "cpu-usage", "cpu_run_nanoseconds_total", comm=ACTOR) < 5e9


@case("profile")
def _(shell: Shell) -> None:
    shell.act("begun = time.process_time()\nwhile time.process_time() - begun < 1: pass")
    samples = total(shell, "profile", "cpu_samples_total", process_comm=ACTOR)
    assert samples >= 5  # of 49, where nothing else wants the CPU
    assert total(shell, "profile", "cpu_sampled_nanoseconds_total", process_comm=ACTOR) == samples * (10**9 // 49)


@case("forks")
def _(shell: Shell) -> None:
    shell.act(
        """
        for _ in range(3):
            if os.fork() == 0: os._exit(0)
            os.wait()
        for _ in range(2):
            thread = threading.Thread(target=time.sleep, args=(0,)); thread.start(); thread.join()
        """
    )
    assert total(shell, "forks", "processes_begun_total", process_comm=ACTOR) == 3
    assert total(shell, "forks", "threads_begun_total", process_comm=ACTOR) == 2


@case("signals")
def _(shell: Shell) -> None:
    pid = int(shell.act('child = subprocess.Popen(["sleep", "9"]); child.terminate(); child.wait(); print(child.pid)'))
    assert has(fields(shell, "signals", "sent"), signal="SIGTERM", sender=ACTOR, receiver_pid=pid)
    assert total(shell, "signals", "signals_sent_total", signal="SIGTERM") >= 1


@case("private-keys")
def _(shell: Shell) -> None:
    shell.act('open("/etc/shadow").close()')
    found = [event for event in shell.events("private-keys") if event["fields"]["process_comm"] == ACTOR]
    by_rule = {event["rule"]: (event["fields"]["path"], event["verdict"]) for event in found}
    (item,) = json.loads(shell.run("get", "policies", "private-keys", "-o", "json").stdout)["items"]
    opened = {} if item["status"].get("notApplicable") else {"opened": ("/etc/shadow", "would-deny")}
    assert by_rule == opened | {"asked-for": ("/etc/shadow", "none")}
    assert total(shell, "private-keys", "private_keys_asked_for_total", process_comm=ACTOR) == 1


@case("removed-files")
def _(shell: Shell) -> None:
    shell.act('os.mkdir("/tmp/pd-removed"); os.rmdir("/tmp/pd-removed"); os.close(os.open("/tmp/pd-file", os.O_CREAT))')
    shell.act('os.unlink("/tmp/pd-file")')
    removed = total(shell, "removed-files", "removed_files_total", process_comm=ACTOR)
    assert removed in {2, 4}, "on an overlay each is removed above and below"


@case("privilege-changes")
def _(shell: Shell) -> None:
    shell.act(
        "os.setregid(4242, 4242); os.setresgid(4242, 4242, 4242); os.setgid(4242)\nos.setreuid(4242, 4242); os.setuid(4242)"
    )
    shell.act("os.setresuid(4242, 4242, 4242)")
    events = shell.events("privilege-changes")
    assert has([e["fields"] for e in events if e["rule"] == "user"], call="setuid", uid=4242, process_comm=ACTOR)
    assert has([e["fields"] for e in events if e["rule"] == "group"], call="setgid", gid=4242, process_comm=ACTOR)
    rules = {event["rule"] for event in events if event["fields"]["process_comm"] == ACTOR}
    assert rules == {
        f"{kind}{form}" for kind in ("user", "group") for form in ("", "-real-effective", "-real-effective-saved")
    }
    assert total(shell, "privilege-changes", "privilege_changes_total", process_comm=ACTOR) == 6


@case("ptrace")
def _(shell: Shell) -> None:
    pid = int(
        shell.act(
            """
            child = subprocess.Popen(["sleep", "9"])
            assert libc.ptrace(0x4206, child.pid, None, None) == 0  # PTRACE_SEIZE
            libc.process_vm_readv(child.pid, None, 0, None, 0, 0)
            child.kill(); print(child.pid)
            """
        )
    )
    events = shell.events("ptrace")
    assert has([e["fields"] for e in events if e["rule"] == "trace"], request="PTRACE_SEIZE", target_pid=pid)
    assert has([e["fields"] for e in events if e["rule"] == "memory"], call="process_vm_readv", target_pid=pid)


@case("bpf-use")
def _(shell: Shell) -> None:
    shell.act("libc.bpf = libc.syscall; libc.syscall({'x86_64': 321, 'aarch64': 280}[os.uname().machine], 5, None, 0)")
    assert has(fields(shell, "bpf-use", "command"), comm=ACTOR, command="BPF_PROG_LOAD")


# ------------------------------------------------------------------------------------------------ files and devices


@case("sensitive-writes")
def _(shell: Shell) -> None:
    shell.act(
        """
        open("/etc/.policyd-test", "w").close()
        os.rename("/etc/.policyd-test", "/etc/.policyd-test-2")
        os.unlink("/etc/.policyd-test-2")
        open("/etc/hostname").close()
        """
    )
    events = shell.events("sensitive-writes")
    mine = [event["fields"] for event in events if event["fields"]["process_comm"] == ACTOR]
    opened = [one for one in mine if "args_flags" in one]
    assert has(opened, args_filename="/etc/.policyd-test")
    assert {"O_WRONLY", "O_CREAT"} <= set(opened[0]["args_flags"])
    assert not has(mine, args_filename="/etc/hostname")
    assert has(mine, args_oldname="/etc/.policyd-test", args_newname="/etc/.policyd-test-2")
    assert has(mine, args_pathname="/etc/.policyd-test-2")
    assert total(shell, "sensitive-writes", "sensitive_writes_total", process_comm=ACTOR) == 3


@case("access-denied")
def _(shell: Shell) -> None:
    shell.act(
        """
        os.setuid(4242)
        try: open("/etc/shadow")
        except PermissionError: pass
        try: os.kill(1, 0)
        except PermissionError: pass
        """
    )
    found = fields(shell, "access-denied", "refused")
    assert has(found, comm=ACTOR, call="openat", error=-13)
    assert has(found, comm=ACTOR, call="kill", error=-1)
    assert total(shell, "access-denied", "access_denied_total", process_comm=ACTOR, hook_name="openat") == 1


@case("mounts")
def _(shell: Shell) -> None:
    shell.act(
        """
        assert libc.unshare(0x20000) == 0  # CLONE_NEWNS: nobody else sees what is mounted here
        assert libc.mount(None, b"/", None, 0x44000, None) == 0  # private, with all below
        assert libc.mount(b"policyd-test", b"/mnt", b"tmpfs", 0, None) == 0
        assert libc.umount2(b"/mnt", 2) == 0
        """
    )
    events = shell.events("mounts")
    mounted = [event["fields"] for event in events if event["rule"] == "mount"]
    assert has(mounted, source="policyd-test", target="/mnt", type="tmpfs", process_comm=ACTOR)
    assert has([event["fields"] for event in events if event["rule"] == "unmount"], target="/mnt", process_comm=ACTOR)


@case("block-io")
def _(shell: Shell) -> None:
    with (CHECKOUT / ".block-io-test").open("wb") as file:
        try:
            file.write(os.urandom(1 << 20))
            file.flush()
            os.fsync(file.fileno())
        finally:
            Path(file.name).unlink()
    assert total(shell, "block-io", "block_io_bytes") >= 1


@case("module-loads")
def _(shell: Shell) -> None:
    if not Path("/proc/modules").exists():
        # This kernel has no modules (CONFIG_MODULES): the policy is in place, and says that it does not apply.
        (found,) = json.loads(shell.run("get", "policies", "-o", "json").stdout)["items"]
        assert {row["rule"] for row in found["status"]["notApplicable"]} == {"load", "attempt", "remove"}
        return
    number = {"x86_64": 313, "aarch64": 273}[os.uname().machine]
    shell.act(f'libc.syscall({number}, -1, b"policyd=test", 0)')
    assert has(fields(shell, "module-loads", "attempt"), call="finit_module", parameters="policyd=test", process_comm=ACTOR)


# ------------------------------------------------------------------------------------------------ CPUs


@case("cpu-idle")
def _(shell: Shell) -> None:
    until = time.monotonic() + 300  # a busy machine takes its time to go idle
    while not total(shell, "cpu-idle", "cpu_idle_entries_total") and time.monotonic() < until:
        time.sleep(1)
    assert total(shell, "cpu-idle", "cpu_idle_entries_total") > 0
    assert "4294967295" not in {one["labels"]["state"] for one in shell.metrics("cpu-idle")["cpu_idle_entries_total"]}
    assert total(shell, "cpu-idle", "cpu_busy_nanoseconds_total", cpu="0") > 0


# ------------------------------------------------------------------------------------------------ network

_CONNECT = """
server = socket.create_server(("127.0.0.1", 0))
port = server.getsockname()[1]
client = socket.create_connection(("127.0.0.1", port))
server.accept()[0].close(); client.close(); server.close()
print(port)
"""


@case("tcp-states")
def _(shell: Shell) -> None:
    port = int(shell.act(_CONNECT))
    found = fields(shell, "tcp-states", "opened-or-ended")
    states = {"from": "TCP_SYN_SENT", "to": "TCP_ESTABLISHED"}
    assert has(found, **states, remote="127.0.0.1", remote_port=port)
    assert total(shell, "tcp-states", "tcp_transitions_total", **states) >= 1


@case("connections")
def _(shell: Shell) -> None:
    port = int(shell.act(_CONNECT))
    found = fields(shell, "connections", "connect")
    assert has(found, process_comm=ACTOR, dst_ip="127.0.0.1", dst_port=port, protocol="tcp")
    assert total(shell, "connections", "connections_opened_total", process_comm=ACTOR, dst_port=str(port)) == 1


@case("tcp-retransmits")
def _(shell: Shell) -> None:
    # A full accept queue drops what comes: the client sends its SYN again after a second.
    port = int(
        shell.act(
            """
            server = socket.create_server(("127.0.0.1", 0), backlog=0)
            clients = [socket.socket() for _ in range(4)]
            for client in clients:
                client.setblocking(False); client.connect_ex(server.getsockname())
            time.sleep(1.6)
            print(server.getsockname()[1])
            """
        )
    )
    assert has(fields(shell, "tcp-retransmits", "retransmit"), remote="127.0.0.1", remote_port=port, state="TCP_SYN_SENT")
    assert total(shell, "tcp-retransmits", "tcp_retransmits_total", remote="127.0.0.1") >= 1


@case("deny-egress")
def _(shell: Shell) -> None:
    shell.act(
        """
        import ctypes, errno
        assert ctypes.CDLL(None).unshare(0x40000000) == 0  # CLONE_NEWNET: a network without a way out
        assert socket.socket().connect_ex(("192.0.2.1", 80)) == errno.ENETUNREACH  # not EPERM: monitor mode denies nothing
        """
    )
    found = [event for event in shell.events("deny-egress") if event["fields"]["process_comm"] == ACTOR]
    assert {event["verdict"] for event in found} == {"would-deny"}
    assert has([event["fields"] for event in found], dst_ip="192.0.2.1", dst_port=80)
    shell.run("params", "set", "deny-egress", "blocked=127.0.0.0/8")
    shell.act('socket.socket(type=socket.SOCK_DGRAM).sendto(b"x", ("127.0.0.1", 9))')
    assert total(shell, "deny-egress", "egress_denied_total", process_comm=ACTOR, dst_ip="127.0.0.1") == 1


@case("xdp-drop")
def _(shell: Shell) -> None:
    shell.run("params", "set", "xdp-drop", "blocked=127.0.0.9/32")
    shell.act(
        """
        receiver = socket.socket(type=socket.SOCK_DGRAM); receiver.bind(("127.0.0.1", 0)); receiver.settimeout(5)
        sender = socket.socket(type=socket.SOCK_DGRAM); sender.bind(("127.0.0.9", 0))
        sender.sendto(b"hello", receiver.getsockname())
        assert receiver.recv(9) == b"hello"  # monitor mode drops nothing
        """
    )
    series = {"src_ip": "127.0.0.9", "protocol": "udp"}
    assert total(shell, "xdp-drop", "packets_from_blocked_networks_total", **series) == 1


@case("traffic")
def _(shell: Shell) -> None:
    shell.act('for _ in range(5): socket.socket(type=socket.SOCK_DGRAM).sendto(b"x" * 100, ("127.0.0.1", 9))')
    udp = {"interface": "lo", "protocol": "udp"}
    assert total(shell, "traffic", "packets_sent_total", **udp) >= 5
    assert total(shell, "traffic", "bytes_received_total", **udp) >= 5 * 128


# ------------------------------------------------------------------------------------------------ user space


@case("bash-readline")
def _(shell: Shell) -> None:
    shell.act(
        r"""
        import pty
        pid, terminal = pty.fork()
        if pid == 0:
            os.execve("/bin/bash", ["bash", "--norc", "-i"], {"TERM": "dumb", "HISTFILE": "/dev/null", "PS1": "ready> "})
        said = b""
        while b"ready> " not in said:
            said += os.read(terminal, 4096)
        os.write(terminal, b"true pd-typed\nexit\n")
        try:
            while os.read(terminal, 4096):
                pass
        except OSError:  # EIO: the shell has gone
            pass
        os.waitpid(pid, 0)
        """
    )
    found = fields(shell, "bash-readline", "line")
    assert has(found, line="true pd-typed", parent=ACTOR, uid=0)
    assert has(found, line="exit")


@case("name-lookups")
def _(shell: Shell) -> None:
    shell.act(
        """
        socket.getaddrinfo("localhost", "80")
        try:
            socket.getaddrinfo("127.0.0.1", "pd-no-such-service")
        except socket.gaierror:
            pass
        """
    )
    found = fields(shell, "name-lookups", "asked")
    assert has(found, comm=ACTOR, node="localhost", service="80")
    assert has(found, comm=ACTOR, node="127.0.0.1", service="pd-no-such-service")
    assert total(shell, "name-lookups", "name_lookups_total", process_comm=ACTOR) == 2
    failed = {"comm": ACTOR, "reason": "SERVICE"}
    assert total(shell, "name-lookups", "name_lookup_failures_total", **failed) == 1


@pytest.mark.parametrize(("builder", "other"), [BUILDERS, BUILDERS[::-1]])
def test_the_whole_folder_is_applied_is_the_same_to_the_other_builder_and_goes_without_a_trace(
    builder: str, other: str
) -> None:
    shell = Shell(f"/sys/fs/bpf/pd_test_folder_{os.getpid()}", builder)
    try:
        shell.run("apply", "-f", "policies/")
        shell.run("diff", "-f", "policies/")
        names = {item["metadata"]["name"] for item in json.loads(shell.run("get", "policies", "-o", "json").stdout)["items"]}
        assert names == {file.stem for file in POLICIES.rglob("*.yaml")}
        shell.run("diff", "-f", "policies/", "--builder", other)
        assert "nothing to do" in shell.run("plan", "-f", "policies/", "--builder", other).stderr
    finally:
        shell.remove_all()
