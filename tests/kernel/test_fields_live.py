"""Fields of the kernel's objects, read at raw tracepoints of this kernel and compared with what /proc or the actor says."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from codegen_cases import leaf, policy, rule
from conftest import Host
from network import private_network

from policyd.reading import open_policy
from policyd.vocabulary.kinds import kind_type, show

pytestmark = pytest.mark.kernel

EXEC = {"raw_tracepoint": "sched_process_exec"}
COMM = "pd-fields"
"""The name of the programs that these tests run: nobody else's."""
DEEP = 64
"""Names of a path that are kept (PD_DEEP of `fields/path_types.c`)."""


def watching(hook: object, fields: list[Any], *filters: dict[str, Any]) -> str:
    """Return a policy of one rule that shows these fields."""
    return policy("fields", [rule("r", hook, filters, [{"event": {"fields": fields}}])])


def events(host: Host) -> list[dict[str, Any]]:
    return [
        {**event.fields, "cut": event.cut, "unread": event.unread} for event in open_policy(host.kernel, "fields").events()
    ]


def the_event(host: Host) -> dict[str, Any]:
    (event,) = events(host)
    return event


@pytest.fixture
def program(tmp_path: Path) -> Path:
    """A program with a name of its own."""
    path = tmp_path / COMM
    path.write_bytes(Path("/bin/true").read_bytes())
    path.chmod(0o755)
    return path


def execute(program: Path, setup: str = "", *arguments: str) -> str:
    """Run `program` from a process that has done `setup` first; return what that prints."""
    script = (
        f"import ctypes, os, sys, socket\n{setup}\nsys.stdout.flush()\nos.execv({str(program)!r}, {[COMM, *arguments]!r})"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


MINE = leaf("args.p.comm", "Equal", COMM)

OPENED = """
if os.fork():  # the child's table of files is a small one, which lies in its files_struct
    sys.exit(os.waitstatus_to_exitcode(os.wait()[1]))
names = {}
def keep(number, fd):
    os.dup2(fd, number, inheritable=True)
    names[number] = os.readlink(f"/proc/self/fd/{number}")
pipe, _ = os.pipe()
keep(30, pipe)
made = socket.socket()
keep(31, made.fileno())
keep(32, os.eventfd(0))
keep(33, os.memfd_create("pd-memory"))
gone = os.open(FOLDER + "/gone", os.O_CREAT | os.O_RDWR)
os.unlink(FOLDER + "/gone")
keep(34, gone)
keep(35, os.open(FOLDER, os.O_RDONLY))
keep(36, os.open("/", os.O_RDONLY))
keep(37, os.open(FOLDER + "/mounted/inner", os.O_RDONLY))
import json
print(json.dumps(names))
"""


@pytest.fixture
def mounted(tmp_path: Path) -> Any:
    """A folder that is mounted a second time: `inner` is there under another path."""
    (tmp_path / "real" / "inner").mkdir(parents=True)
    (tmp_path / "mounted").mkdir()
    subprocess.run(["mount", "--bind", str(tmp_path / "real"), str(tmp_path / "mounted")], check=True)
    yield tmp_path / "mounted"
    subprocess.run(["umount", str(tmp_path / "mounted")], check=True)


def test_paths_of_open_files_are_those_of_proc(host: Host, program: Path, mounted: Path) -> None:
    """Pipes, sockets, event and memory files, a removed one, the root, a folder, and one that is mounted twice."""
    numbers = range(30, 38)
    paths = [f"args.p.files.fd_array[{number}].path" for number in numbers]
    gone = [f"args.p.files.fd_array[{number}].deleted" for number in numbers]
    host.apply(watching(EXEC, [*paths, *gone], MINE))
    named = json.loads(execute(program, f"FOLDER = {str(mounted.parent)!r}\n{OPENED}"))
    seen = the_event(host)

    for number in numbers:
        path, deleted = named[str(number)], seen[f"args_p_files_fd_array_{number}_deleted"]
        assert seen[f"args_p_files_fd_array_{number}_path"] == path.removesuffix(" (deleted)"), path
        assert deleted == (number == 34)


def test_a_bind_mount_is_in_the_path_and_not_in_that_of_the_file_system(host: Host, mounted: Path, program: Path) -> None:
    inside = mounted / "inner" / COMM
    inside.write_bytes(program.read_bytes())
    inside.chmod(0o755)
    fields = ["args.bprm.file", "args.bprm.file.host_path", "args.bprm.file.f_path.dentry.fs_path"]
    host.apply(watching(EXEC, fields, leaf("args.bprm.file.path", "Under", str(mounted))))
    execute(program)
    execute(inside)
    event = the_event(host)
    within_mount = str(inside).replace("/mounted/", "/real/")

    assert event["args_bprm_file_path"] == event["args_bprm_file_host_path"] == str(inside)
    assert within_mount.endswith(event["args_bprm_file_f_path_dentry_fs_path"])
    assert event["args_bprm_file_f_path_dentry_fs_path"].endswith("/real/inner/" + COMM)


def test_a_chroot_is_where_a_path_begins(host: Host, tmp_path: Path, program: Path) -> None:
    host.apply(watching(EXEC, ["args.p.fs.pwd.path", "args.p.fs.pwd.host_path"], MINE))
    (tmp_path / "jail" / "work").mkdir(parents=True)
    jail = tmp_path / "jail"
    setup = (
        f"fd = os.open({str(program)!r}, 0)\nos.chroot({str(jail)!r})\nos.chdir('/work')\nos.execve(fd, ['{COMM}'], {{}})"
    )
    subprocess.run(["mount", "--bind", "/lib", str(_made(jail / "lib"))], check=True)
    subprocess.run(["mount", "--bind", "/lib64", str(_made(jail / "lib64"))], check=True)
    try:
        execute(program, setup)
    finally:
        subprocess.run(["umount", str(jail / "lib"), str(jail / "lib64")], check=True)
    event = the_event(host)

    assert event["args_p_fs_pwd_path"] == "/work"
    assert event["args_p_fs_pwd_host_path"] == str(jail / "work")


def _made(path: Path) -> Path:
    path.mkdir()
    return path


def test_a_path_that_is_too_deep_keeps_its_end_and_says_so(host: Host, tmp_path: Path, program: Path) -> None:
    depth = DEEP - len(tmp_path.parts) + 1
    whole = tmp_path / "/".join("d" * depth)
    deeper = whole / "x"
    deeper.mkdir(parents=True)
    host.apply(watching(EXEC, ["args.p.fs.pwd.path"], MINE))
    execute(program, f"os.chdir({str(whole)!r})")
    execute(program, f"os.chdir({str(deeper)!r})")
    first, second = events(host)

    assert (first["args_p_fs_pwd_path"], first["cut"]) == (str(whole), ())
    assert second["args_p_fs_pwd_path"] == "/".join(deeper.parts[-DEEP:])
    assert second["cut"] == ("args_p_fs_pwd_path",)


def test_a_path_that_is_too_long_keeps_its_beginning_and_says_so(host: Host, tmp_path: Path, program: Path) -> None:
    name = "n" * 200
    host.apply(watching(EXEC, ["args.p.fs.pwd.path"], MINE, leaf("args.p.fs.pwd.path", "Under", str(tmp_path))))
    execute(program, f"os.chdir({str(tmp_path)!r})\nfor _ in range(24):\n    os.mkdir({name!r})\n    os.chdir({name!r})")
    event = the_event(host)

    assert event["args_p_fs_pwd_path"] == (str(tmp_path) + f"/{name}" * 24)[:4095]
    assert event["cut"] == ("args_p_fs_pwd_path",)


def test_arguments_of_a_new_program_are_whole(host: Host, program: Path) -> None:
    host.apply(watching(EXEC, ["args.bprm.argv"], leaf("args.bprm.argv", "Contains", "needle"), MINE))
    execute(program, "", "hay")
    execute(program, "", "x" * 1000, "a needle", "")
    execute(program, "", "needle", "y" * 5000)
    first, second = events(host)

    assert first["args_bprm_argv"] == " ".join([COMM, "x" * 1000, "a needle", ""])
    assert second["args_bprm_argv"] == f"{COMM} needle {'y' * 5000}"[:4095]
    assert second["cut"] == ("args_bprm_argv",)


def test_capabilities_are_named_bits(host: Host, program: Path) -> None:
    """A process that gave up CAP_NET_RAW from its bounding set, and so from all sets of a new program."""
    net_raw = 13
    lost = leaf("args.p.cred.capabilities.effective", "NoBits", "CAP_NET_RAW")
    host.apply(watching(EXEC, ["args.p.cred", "args.p.cred.capabilities", "args.p.cred.cap_bset"], lost, MINE))
    execute(program)
    setup = f"assert ctypes.CDLL(None).prctl(24, {net_raw}, 0, 0, 0) == 0\nprint(open('/proc/self/status').read())"
    shown = execute(program, setup)
    event = the_event(host)
    bounding = int(next(line for line in shown.splitlines() if line.startswith("CapBnd")).split()[1], 16)
    names = show(kind_type("capabilities"), bounding)

    assert event["args_p_cred_uid"] == event["args_p_cred_euid"] == 0
    assert event["args_p_cred_capabilities_bounding"] == event["args_p_cred_capabilities_effective"] == names
    assert event["args_p_cred_cap_bset"] == names


def test_namespaces_are_their_inodes(host: Host, program: Path) -> None:
    spaces = {"net": "net_ns", "uts": "uts_ns", "ipc": "ipc_ns", "mnt": "mnt_ns", "cgroup": "cgroup_ns"}
    host.apply(watching(EXEC, [f"args.p.nsproxy.{member}" for member in spaces.values()], MINE))
    execute(program)
    event = the_event(host)

    for name, member in spaces.items():
        assert event[f"args_p_nsproxy_{member}_namespace"] == Path(f"/proc/self/ns/{name}").stat().st_ino


# ------------------------------------------------------------------------------------------------ sockets, packets


def test_a_connection_is_a_flow(host: Host) -> None:
    """Both ends of TCP over IPv4, and the client's of IPv6 sockets that talk IPv4."""
    there = leaf("args.sk.flow.dst.ip", "InCIDR", "127.0.0.2/32")
    hook = {"raw_tracepoint": "inet_sock_set_state"}
    members = [f"args.sk.__sk_common.{name}" for name in ("skc_reuse", "skc_reuseport", "skc_dport")]
    host.apply(watching(hook, ["args.sk", "args.sk.flow.state", "args.newstate", *members], there))
    with private_network(), socket.socket() as server:
        server.bind(("127.0.0.2", 0))
        server.listen()
        port = server.getsockname()[1]
        for family, address in ((socket.AF_INET, "127.0.0.2"), (socket.AF_INET6, "::ffff:127.0.0.2")):
            with socket.socket(family) as client:
                client.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                client.connect((address, port))
                own = client.getsockname()[1]
                seen = [event for event in events(host) if event["args_sk_flow_src_port"] == own]
                established = next(event for event in seen if event["args_newstate"] == "TCP_ESTABLISHED")
                assert established["args_sk_flow_family"] == family.name
                assert established["args_sk_flow_protocol"] == "tcp"
                assert established["args_sk_flow_dst_port"] == port
                assert str(established["args_sk_flow_src_ip"]) in {"127.0.0.1", "127.0.0.2"}
                shown = [established[f"args_sk___sk_common_{name}"] for name in ("skc_reuse", "skc_reuseport", "skc_dport")]
                assert shown == [1, 0, port]  # four bits, one bit, and a number in network order inside two anonymous unions
                assert established["args_sk_flow_state"] == "TCP_SYN_SENT"  # it changes after the event


def test_a_unix_socket_has_no_flow_but_an_address(host: Host, tmp_path: Path) -> None:
    """container_of leads from the general socket to the one of its family, and on to the address."""
    hook = {"raw_tracepoint": "sock_send_length"}
    peer = "args.sk.container_of(unix_sock.sk).addr.name[0].address"
    host.apply(watching(hook, ["args.sk", f"{peer}.path"], leaf(f"{peer}.path", "Suffix", "pd-here")))
    for name in (str(tmp_path / "pd-here"), "\0pd-here", str(tmp_path / "other")):
        with (
            socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as one,
            socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as two,
        ):
            one.bind(name)
            two.bind(str(tmp_path / f"to-{len(name)}"))
            one.sendto(b"x", two.getsockname())
    first = the_event(host)

    flow = [first[f"args_sk_flow_{name}"] for name in ("family", "src_ip", "dst_port")]
    assert flow == ["AF_UNIX", None, None]
    path = next(key for key in first if key.endswith("address_path"))
    assert first[path] == str(tmp_path / "pd-here")


@pytest.mark.parametrize("event", ["net_dev_queue", "netif_receive_skb"])
def test_packets_on_their_way_out_and_in_are_taken_apart(host: Host, event: str) -> None:
    filters = [leaf("args.skb.packet.dst.port", "Equal", "5353"), leaf("args.skb.packet.protocol", "Equal", "udp")]
    more = ["args.skb.packet.interface", "args.skb.packet.ip.ttl", "args.skb.packet.udp.length", "args.skb.packet.tcp.flags"]
    host.apply(watching({"raw_tracepoint": event}, ["args.skb", *more], *filters))
    with private_network():
        for family, address in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
            with socket.socket(family, socket.SOCK_DGRAM) as out:
                out.bind((address, 0))
                out.sendto(b"twelve bytes", (address, 5354))
                out.sendto(b"twelve bytes", (address, 5353))
                own = out.getsockname()[1]
            (seen,) = (one for one in events(host) if one["args_skb_packet_src_port"] == own)
            assert seen["args_skb_packet_family"] == family.name
            assert str(seen["args_skb_packet_src_ip"]) == str(seen["args_skb_packet_dst_ip"]) == address
            assert (seen["args_skb_packet_udp_length"], seen["args_skb_packet_ip_ttl"]) == (20, 64)
            assert (seen["args_skb_packet_interface"], seen["args_skb_packet_tcp_flags"]) == ("lo", None)


# ------------------------------------------------------------------------------------------------ devices, cgroups


def test_what_is_asked_of_a_disk_is_seen(host: Host, tmp_path: Path) -> None:
    """The disk below this test's own files is written to: the request and the bio say which, and what."""
    device = tmp_path.stat().st_dev
    number = os.major(device) << 20 | os.minor(device)
    if not Path(f"/sys/dev/block/{os.major(device)}:{os.minor(device)}").exists():
        pytest.skip("the file system of the tests is on no disk")
    writes = leaf("args.bio.operation", "Equal", "write")
    host.apply(
        watching({"raw_tracepoint": "block_bio_queue"}, ["args.bio"], writes, leaf("args.bio.size", "Equal", "12288"))
    )
    with (tmp_path / "written").open("wb") as file:
        file.write(os.urandom(12288))
        file.flush()
        os.fsync(file.fileno())

    seen = {(event["args_bio_device"], event["args_bio_operation"], event["args_bio_size"]) for event in events(host)}
    assert (show(kind_type("device"), number), "write", 12288) in seen


def test_a_cgroup_is_known_by_its_id(host: Host) -> None:
    mounts = (line.split() for line in Path("/proc/self/mountinfo").read_text().splitlines())
    root = next(words[4] for words in mounts if words[words.index("-") + 1] == "cgroup2")
    folder = Path(root) / f"pd-fields-{os.getpid()}"
    host.apply(watching({"raw_tracepoint": "cgroup_mkdir"}, ["args.cgrp"], leaf("args.path", "Suffix", folder.name)))
    folder.mkdir()
    try:
        assert the_event(host)["args_cgrp_cgroup_id"] == f"/{folder.name}"
    finally:
        folder.rmdir()
