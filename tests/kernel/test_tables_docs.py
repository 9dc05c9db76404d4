"""The policies of docs/tables.md, each on an event made for it."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conftest import Host

from policyd.reading import open_policy

pytestmark = pytest.mark.kernel

PAGE = Path(__file__).resolve().parents[2] / "docs" / "tables.md"
POLICIES = {
    re.search(r"metadata: \{name: ([\w-]+)\}", text)[1]: text  # type: ignore[index]
    for text in re.findall(r"```yaml\n(.*?)```", PAGE.read_text(), re.DOTALL)
}
SECONDS = 10.0


def run_a_program() -> dict[str, Any]:
    sleeping = subprocess.Popen(["/bin/sleep", "0.05"])
    sleeping.wait()
    return {"pid": sleeping.pid, "exe": os.path.realpath("/bin/sleep")}


def write_below_etc() -> dict[str, Any]:
    path = Path(f"/etc/pd-test-{os.getpid()}")
    try:
        path.write_bytes(b"12345")
    finally:
        path.unlink(missing_ok=True)
    return {"name": str(path), "bytes": 5}


def run_twice() -> dict[str, Any]:
    first = subprocess.Popen(["/bin/true"])
    first.wait()
    subprocess.run(["/bin/true"], check=True)
    return {"process_pid": first.pid, "process_uid": 0, "process_exe": os.path.realpath("/bin/true")}


def connect_and_close() -> dict[str, Any]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port)):
            server.accept()[0].close()
    return {"pid": os.getpid(), "port": port, "comm": Path("/proc/self/comm").read_text().strip()}


def fork_four_deep() -> dict[str, Any]:
    subprocess.run(["/bin/sh", "-c", "(((( /bin/true; : ); : ); : ); : ); :"], check=True)
    return {"comm": "sh", "generations": 3}


WAYS: dict[str, Callable[[], dict[str, Any]]] = {
    "lifetimes": run_a_program,
    "etc-writes-by-name": write_below_etc,
    "first-runs": run_twice,
    "connections": connect_and_close,
    "fork-depth": fork_four_deep,
}


def test_every_policy_of_the_page_is_tried() -> None:
    assert set(POLICIES) == set(WAYS)


@pytest.mark.parametrize("name", WAYS)
def test_a_policy_of_the_page_tells_what_it_says(name: str, host: Host) -> None:
    host.apply(POLICIES[name])

    expected = WAYS[name]()

    found: list[dict[str, Any]] = []
    until = time.monotonic() + SECONDS
    while time.monotonic() < until and not (fitting := [one for one in found if expected.items() <= one.items()]):
        found += [event.fields for event in open_policy(host.kernel, name).events()]
    assert len(fitting) == 1, found
    assert host.account(name)["table_full"] == 0
