"""Snapshots on this kernel: what rules show is what there is when they are read, each time anew."""

from __future__ import annotations

import os
import socket
import tempfile
from pathlib import Path
from typing import Any

import pytest
from codegen_cases import leaf, policy, rule
from conftest import Host, both_builders

from policyd.reading.policy import open_policy
from policyd.reading.snapshots import Snapshot, read_snapshot, snapshot_rules
from policyd.record import opened
from policyd.resolve.snapshots import snapshot_kinds
from policyd.target import Target

pytestmark = pytest.mark.kernel

EVERYTHING = 1 << 20


def showing(name: str, kind: str, fields: dict[str, str], *filters: dict[str, Any]) -> dict[str, Any]:
    return rule(name, {"iter": kind}, list(filters), [{"event": {"fields": fields}}])


FILES = showing(
    "files",
    "task_file",
    {"pid": "args.task.tgid", "comm": "args.task.comm", "fd": "args.fd", "path": "args.file.path"},
    leaf("args.fd", "GreaterOrEqual", "3"),
)
TASKS = showing("tasks", "task", {"pid": "args.task.tgid", "tid": "args.task.pid"})
LISTENERS = showing(
    "listeners",
    "tcp",
    {"port": "args.sk_common.as(sock).flow.src.port", "uid": "args.uid"},
    leaf("args.sk_common.skc_state", "Equal", "10"),
)


def read(host: Host, name: str, most: int = EVERYTHING) -> Snapshot:
    record = open_policy(host.kernel, "seen").record
    (found,) = [one for one in snapshot_rules(record) if one.name == name]
    snapshot = read_snapshot(host.kernel, record, found, most)
    assert snapshot is not None
    return snapshot


def rows(host: Host, name: str) -> list[dict[str, Any]]:
    return read(host, name).as_json()


@both_builders
def test_what_is_read_is_what_there_is_now(host: Host) -> None:
    host.apply(policy("seen", [FILES, TASKS, LISTENERS]))
    with tempfile.NamedTemporaryFile(prefix="pd-snapshot-") as file, socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        mine = {
            "pid": os.getpid(),
            "comm": Path("/proc/self/comm").read_text().strip(),
            "fd": file.fileno(),
            "path": file.name,
        }
        assert mine in rows(host, "files")
        assert {"pid": os.getpid(), "tid": os.getpid()} in rows(host, "tasks")
        here = {"port": listener.getsockname()[1], "uid": os.getuid()}
        assert here in rows(host, "listeners")
    assert mine not in rows(host, "files")
    assert here not in rows(host, "listeners")
    account = open_policy(host.kernel, "seen").account()
    assert account["matched"] == account["delivered"] > 0, "a row that found no room comes again, and counts once"


def test_more_than_one_buffer_of_the_kernel_is_whole(host: Host) -> None:
    """The kernel gives programs eight pages, hands them out when they are full, and comes with the same object again."""
    host.apply(policy("seen", [FILES]))
    with tempfile.TemporaryDirectory(prefix=f"pd-{'long' * 30}-") as folder:
        wanted = {}
        for number in range(400):
            path = f"{folder}/{number}"
            wanted[os.open(path, os.O_CREAT | os.O_RDWR)] = path
        try:
            mine = [row for row in rows(host, "files") if row["pid"] == os.getpid()]
        finally:
            for fd in wanted:
                os.close(fd)
    found = {row["fd"]: row["path"] for row in mine if row["fd"] in wanted}
    assert found == wanted
    assert len([row for row in mine if row["fd"] in wanted]) == len(wanted)


def test_rules_of_several_policies_at_one_kind_show_their_own_rows(host: Host) -> None:
    me = leaf("args.task.tgid", "Equal", str(os.getpid()))
    other = showing("tasks", "task", {"name": "args.task.comm"}, me)
    host.apply(policy("seen", [TASKS, showing("me", "task", {"tid": "args.task.pid"}, me)]), policy("other", [other]))
    assert {row["tid"] for row in rows(host, "me")} == {int(path.name) for path in Path("/proc/self/task").iterdir()}
    assert all(set(row) == {"pid", "tid"} for row in rows(host, "tasks"))


def test_the_first_rows_are_shown_and_all_are_counted(host: Host) -> None:
    host.apply(policy("seen", [TASKS]))
    found = read(host, "tasks", most=2)
    assert len(found.events) == 2
    assert found.entries > 2
    assert found.columns == ("pid", "tid")


def test_a_change_of_the_rule_changes_what_is_shown_through_the_same_link(host: Host) -> None:
    host.apply(policy("seen", [TASKS]))
    before = _links(host)
    host.apply(policy("seen", [showing("tasks", "task", {"comm": "args.task.comm"})]))
    assert _links(host) == before
    assert set(rows(host, "tasks")[0]) == {"comm"}


def _links(host: Host) -> list[int]:
    found = []
    for name in host.kernel.list("hooks"):
        with opened(host.kernel, f"hooks/{name}/link") as link:
            if name.startswith("iter-") and link is not None:
                found.append(host.kernel.link_info(link).id)
    assert found
    return found


def test_every_kind_that_this_kernel_has_can_be_read(host: Host) -> None:
    kinds = snapshot_kinds(Target.running())
    assert {"task", "task_file", "tcp", "udp", "unix", "bpf_map", "bpf_prog", "cgroup"} <= set(kinds)
    host.apply(policy("seen", [showing(kind.replace("_", "-"), kind, {"kind": "hook.name"}) for kind in kinds]))
    found = {kind: read(host, kind.replace("_", "-")).entries for kind in kinds}
    assert all(
        found[kind] for kind in ("task", "task_file", "task_vma", "unix", "bpf_map", "bpf_prog", "bpf_link", "cgroup")
    )
