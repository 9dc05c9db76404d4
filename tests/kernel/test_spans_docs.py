"""The policies of docs/spans.md, each on events made for it."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from conftest import Host
from network import private_network

from policyd.naming import symbol_name
from policyd.reading import open_policy
from policyd.reading.metrics import Histogram
from policyd.views.stacks import stack_outputs

pytestmark = pytest.mark.kernel

PAGE = Path(__file__).resolve().parents[2] / "docs" / "spans.md"
POLICIES = {
    re.search(r"metadata: \{name: ([\w-]+)\}", text)[1]: text  # type: ignore[index]
    for text in re.findall(r"```yaml\n(.*?)```", PAGE.read_text(), re.DOTALL)
}
SECONDS = 60.0
Told = dict[str, Any]


def sleep_a_while(_: Host) -> Told:
    sleeping = subprocess.Popen(["/bin/sleep", "0.05"])
    sleeping.wait()
    return {"pid": sleeping.pid, "comm": "sleep"}


def connect(_: Host) -> Told:
    with private_network(), socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port)):
            server.accept()[0].close()
    return {"pid": os.getpid(), "port": port, "comm": Path("/proc/self/comm").read_text().strip()}


def write_a_file(_: Host) -> Told:
    path = Path(__file__).with_name(f".open-{os.getpid()}")
    try:
        path.write_bytes(b"12345")
    finally:
        path.unlink(missing_ok=True)
    return {"pid": os.getpid(), "name": str(path)}


EVENTS: dict[str, Callable[[Host], Told]] = {"off-cpu": sleep_a_while, "connects": connect, "open-files": write_a_file}
HISTOGRAMS = {"run-queue": "run_queue_seconds", "disks": "disk_seconds"}
TOOK = {"off-cpu": "away", "connects": "took", "open-files": "open"}


def until_found(look: Callable[[], Iterator[Any]]) -> list[Any]:
    until = time.monotonic() + SECONDS
    while not (found := list(look())) and time.monotonic() < until:
        time.sleep(0.05)
    return found


def test_every_policy_of_the_page_is_tried() -> None:
    assert set(POLICIES) == {*EVENTS, *HISTOGRAMS, "off-cpu-stacks"}


@pytest.mark.parametrize("name", EVENTS)
def test_a_policy_of_the_page_tells_of_the_span_that_was_made(name: str, host: Host) -> None:
    host.apply(POLICIES[name])
    expected = EVENTS[name](host)

    events = until_found(
        lambda: (one for one in open_policy(host.kernel, name).events() if expected.items() <= one.fields.items())
    )

    assert len(events) == 1
    assert events[0].fields[TOOK[name]] > 0
    if name == "connects":
        said = rf"{expected['comm']} reached port {expected['port']} in \S+"
        assert re.fullmatch(said, events[0].message), events[0].message
    assert host.account(name)["negative"] == host.account(name)["table_full"] == 0


@pytest.mark.parametrize("name", HISTOGRAMS)
def test_a_policy_of_the_page_measures_spans(name: str, host: Host) -> None:
    host.apply(POLICIES[name])
    sleep_a_while(host)
    path = Path(__file__).with_name(f".disk-{os.getpid()}")
    try:
        with path.open("wb") as file:
            file.write(os.urandom(1 << 16))
            file.flush()
            os.fsync(file.fileno())
    finally:
        path.unlink()

    def measured() -> Iterator[Histogram]:
        series = open_policy(host.kernel, name).metrics().get(HISTOGRAMS[name], [])
        yield from (value for _, value in series if isinstance(value, Histogram) and value.count)

    found = until_found(measured)
    assert found
    assert all(one.sum > 0 for one in found)


def test_threads_are_away_in_what_they_sleep_in(host: Host) -> None:
    host.apply(POLICIES["off-cpu-stacks"])
    sleep_a_while(host)

    def slept() -> Iterator[list[str]]:
        (found,) = stack_outputs(host.kernel, [host.record("off-cpu-stacks")])
        for series in found.series:
            if ("args_next_comm", "sleep") in series.labels and series.value > 40_000_000:
                yield [(symbol_name(address) or "").partition("+")[0] for address in series.stack.kernel]

    assert any("hrtimer_nanosleep" in frames for frames in until_found(slept))
