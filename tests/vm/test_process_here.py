"""What a rule tells of a process on this kernel is what `/proc` and the process itself say."""

from __future__ import annotations

import ctypes
import json
import os
import sys
from pathlib import Path
from typing import Any

from inside import Shell, forked

from policyd.vocabulary.kinds import kind_type, parse

NAMESPACES = ("pid", "mnt", "net", "user", "uts", "ipc", "cgroup")
SETS = {"effective": "CapEff", "permitted": "CapPrm", "inheritable": "CapInh", "bounding": "CapBnd", "ambient": "CapAmb"}
CLONE_NEWUTS = 0x04000000
SYS_ADMIN, SYS_TIME = 21, 25


def _contained() -> None:
    """Be a process with a namespace of its own and fewer capabilities, and tell what the kernel says of it."""
    libc = ctypes.CDLL(None, use_errno=True)
    results = [libc.unshare(CLONE_NEWUTS), libc.prctl(24, SYS_TIME, 0, 0, 0)]  # PR_CAPBSET_DROP
    header = (ctypes.c_uint32 * 2)(0x20080522, 0)  # _LINUX_CAPABILITY_VERSION_3
    sets = (ctypes.c_uint32 * 6)()
    results.append(libc.capget(header, sets))
    sets[0] &= ~(1 << SYS_ADMIN)
    results.append(libc.capset(header, sets))
    assert not any(results), results
    os.chdir("/proc/self/task")
    Path("/proc/self/comm").write_text("pd-fields")
    os.getppid()
    status = dict(line.split(":\t") for line in Path("/proc/self/status").read_text().splitlines() if ":\t" in line)
    namespaces = {name: Path(f"/proc/self/ns/{name}").stat().st_ino for name in NAMESPACES}
    told = {"pid": os.getpid(), "namespaces": namespaces, "sets": {name: status[word] for name, word in SETS.items()}}
    child = os.fork()
    if child == 0:
        os._exit(0)
    os.waitpid(child, 0)
    print(json.dumps({**told, "child": child, "cwd": str(Path.cwd())}))


def test_fields_of_processes_are_what_proc_says(shell: Shell) -> None:
    with shell.case("process-fields"):
        told = json.loads(forked(_contained).stdout)
        events = {event["rule"]: event["fields"] for event in shell.events("process-fields")}
        assert shell.metrics("process-fields")["contained_total"][0]["value"] == 1

    shown = events["shown"]
    assert shown["process_pid_in_namespace"] == told["pid"]
    assert {name: shown[f"process_namespaces_{name}"] for name in NAMESPACES} == told["namespaces"]
    assert (shown["process_namespaces_uts_is_host"], shown["process_namespaces_net_is_host"]) == (False, True)
    for name, text in told["sets"].items():
        assert _bits(shown[f"process_capabilities_{name}"]) == int(text, 16), name
    assert "CAP_SYS_ADMIN" not in shown["process_capabilities_effective"]
    assert "CAP_SYS_TIME" not in shown["process_capabilities_bounding"]
    assert shown["process_cwd"] == told["cwd"]
    assert shown["process_ancestors"][0] == os.path.realpath(sys.executable)
    assert shown["process_parent_parent_pid"] == os.getppid()

    child = events["task"]
    assert child["args_child_process_pid"] == told["child"]
    assert child["args_child_process_comm"] == "pd-fields"
    assert child["args_child_process_cwd"] == told["cwd"]
    assert child["args_child_process_capabilities_effective"] == shown["process_capabilities_effective"]


def _bits(names: Any) -> int:
    return int(parse(kind_type("capabilities"), "|".join(names)) if names else 0)
