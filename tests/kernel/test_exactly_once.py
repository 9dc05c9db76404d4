"""Replacing a policy under load neither loses nor repeats an event: the counters of both versions add up exactly.

The negative control removes and adds the policy instead, which must lose events: else the load proves nothing.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from conftest import BPFFS, MINE, Host
from load import CALLS, LIBRARY, PACKETS, Kind, Load, compile_loop, received
from network import private_network

pytestmark = pytest.mark.kernel

REPLACEMENTS = 200


@pytest.fixture(scope="session")
def loop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return compile_loop(tmp_path_factory.mktemp("loop"))


@pytest.fixture
def lone_host(objects: Path, request: pytest.FixtureRequest) -> Iterator[Host]:
    """A host in a network namespace of its own; the parameter is the builder."""
    with private_network():
        found = Host(str(BPFFS / f"{MINE}once"), objects, builder=getattr(request, "param", "clang"))
        found.kernel.ensure_root()
        try:
            yield found
        finally:
            found.close()


def counted_and_made(host: Host, loop: Path, kind: Kind, disturb: Callable[[str, str], None]) -> tuple[int, int]:
    """Run the load while `disturb(one version, the other)` works; return (events counted, events made)."""
    one, two = kind.versions()
    host.apply(one)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sink:
        sink.bind(("127.0.0.1", 9))
        load = Load(loop, kind.load)
        before = received()
        load.start()
        disturb(one, two)
        made = load.finish()
        if kind is PACKETS:
            made = received() - before
    return host.count("counted", "events_total"), made


@pytest.mark.parametrize(
    ("lone_host", "kind"),
    [("clang", CALLS), ("clang", PACKETS), ("bcc", CALLS), ("clang", LIBRARY)],
    indirect=["lone_host"],
    ids=lambda value: getattr(value, "name", value),
)
def test_replacing_a_policy_under_load_loses_and_repeats_nothing(lone_host: Host, loop: Path, kind: Kind) -> None:
    def replace(one: str, two: str) -> None:
        for number in range(REPLACEMENTS):
            lone_host.apply(one if number % 2 else two)

    counted, made = counted_and_made(lone_host, loop, kind, replace)
    assert made > 100_000
    assert counted == made


@pytest.mark.parametrize("kind", [CALLS, PACKETS], ids=lambda kind: kind.name)
def test_detaching_and_attaching_instead_loses_events(lone_host: Host, loop: Path, kind: Kind) -> None:
    """The negative control."""

    def reattach(one: str, _two: str) -> None:
        (hook,) = lone_host.kernel.list("hooks")
        for _ in range(10):
            lone_host.kernel.unpin(f"hooks/{hook}/link")
            lone_host.apply(one)

    counted, made = counted_and_made(lone_host, loop, kind, reattach)
    assert counted < made
