"""Links of every attach kind on the running kernel, in a network namespace and a cgroup of the test's own."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from network import private_network
from pyroute2 import IPRoute

from policyd.errors import AttachError
from policyd.host import Host
from policyd.kernel.bpf import attach, info, instructions, programs
from policyd.kernel.bpf.programs import ProgramKind
from policyd.kernel.netlink import xdp_program
from policyd.kernel.real import RealKernel
from policyd.unit import AttachPoint
from policyd.vocabulary.attach import ATTACH_KINDS, AttachKind, attach_kind

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.kernel

DEVICE = "pdv0"
TRACEPOINTS = (AttachPoint("tracepoint", "syscalls/sys_enter_vhangup"), AttachPoint("raw_tracepoint", "sched_process_exec"))
PACKETS = tuple(
    AttachPoint(row.kind, DEVICE, option) for row in ATTACH_KINDS if row.kind in {"xdp", "tcx"} for option in row.options
)
CGROUPS = tuple(AttachPoint("cgroup", "", option) for row in ATTACH_KINDS if row.kind == "cgroup" for option in row.options)
UPDATABLE = (*PACKETS, *CGROUPS)
POINTS = (*TRACEPOINTS, *UPDATABLE)
KEYS = [point.key for point in POINTS]

XDP = AttachPoint("xdp", DEVICE, "generic")
TCX = AttachPoint("tcx", DEVICE, "ingress")


@pytest.fixture
def kernel() -> RealKernel:
    return RealKernel(f"/sys/fs/bpf/pd_test_links_{os.getpid()}")


@pytest.fixture
def network() -> Iterator[None]:
    with private_network():
        ip("link", "add", DEVICE, "type", "veth", "peer", "name", "pdv1")
        ip("link", "set", DEVICE, "up")
        ip("link", "set", "pdv1", "up")
        yield


@pytest.fixture
def cgroup() -> Iterator[Path]:
    path = Path(Host.running().cgroup_root) / f"pd_test_links_{os.getpid()}"
    path.mkdir()
    yield path
    if path.exists():
        path.rmdir()


@pytest.fixture
def fds(kernel: RealKernel) -> Iterator[list[int]]:
    opened: list[int] = []
    yield opened
    for fd in opened:
        kernel.close(fd)


def ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True)


def here(point: AttachPoint, cgroup: Path) -> AttachPoint:
    return AttachPoint("cgroup", str(cgroup), point.option) if point.kind == "cgroup" else point


def neutral(kernel: RealKernel, point: AttachPoint, fds: list[int]) -> int:
    fds.append(kernel.load_neutral(point))
    return fds[-1]


def linked(kernel: RealKernel, point: AttachPoint, fds: list[int]) -> tuple[int, int]:
    program = neutral(kernel, point, fds)
    fds.append(kernel.attach(point, program))
    return fds[-1], program


def foreign(fds: list[int], point: AttachPoint = XDP) -> int:
    row = attach_kind(point.kind, point.option)
    fds.append(programs.load(ProgramKind.of(row), instructions.neutral(row.neutral), "someone_elses"))
    return fds[-1]


def gone(sort: info.Sort, number: int) -> bool:
    """Whether an object's id is free again; the kernel frees some a moment after the last reference went."""
    end = time.monotonic() + 60
    while time.monotonic() < end:
        fd = info.open_id(sort, number)
        if fd is None:
            return True
        os.close(fd)
        time.sleep(0.05)
    return False


# ------------------------------------------------------------------------------------------------ every kind


@pytest.mark.parametrize("point", POINTS, ids=KEYS)
@pytest.mark.usefixtures("network")
def test_a_link_is_where_its_attach_point_is_located(
    kernel: RealKernel, cgroup: Path, fds: list[int], point: AttachPoint
) -> None:
    point = here(point, cgroup)
    link, program = linked(kernel, point, fds)
    found = kernel.link_info(link)
    row = attach_kind(point.kind, point.option)
    assert (found.type, found.alive, found.program_id) == (row.link, True, kernel.program_info(program).id)
    assert found.target == kernel.locate(point) != ""


@pytest.mark.parametrize("point", POINTS, ids=KEYS)
@pytest.mark.usefixtures("network")
def test_a_stub_with_an_empty_slot_is_taken_by_every_kind(
    kernel: RealKernel, cgroup: Path, fds: list[int], point: AttachPoint
) -> None:
    point = here(point, cgroup)
    slot = kernel.create_map("prog_array", 4, 4, 1, 0, "pd_slot")
    stub = kernel.load_stub(point, slot)
    fds += [slot, stub, kernel.attach(point, stub)]
    kernel.update(slot, bytes(4), neutral(kernel, point, fds).to_bytes(4, "little"))
    assert (kernel.program_info(stub).name, kernel.link_info(fds[2]).alive) == ("pd_stub", True)


@pytest.mark.parametrize("point", UPDATABLE, ids=[point.key for point in UPDATABLE])
@pytest.mark.usefixtures("network")
def test_a_program_is_replaced_only_if_it_is_the_expected_one(
    kernel: RealKernel, cgroup: Path, fds: list[int], point: AttachPoint
) -> None:
    point = here(point, cgroup)
    link, first = linked(kernel, point, fds)
    second, third = neutral(kernel, point, fds), neutral(kernel, point, fds)
    assert not kernel.uses_slot(point)
    kernel.update_link(point, link, second, first)
    with pytest.raises(AttachError, match="somebody else replaced it"):
        kernel.update_link(point, link, third, first)
    assert kernel.link_info(link).program_id == kernel.program_info(second).id


@pytest.mark.parametrize("point", TRACEPOINTS, ids=[point.key for point in TRACEPOINTS])
def test_kinds_with_a_slot_cannot_update_their_links(kernel: RealKernel, fds: list[int], point: AttachPoint) -> None:
    link, first = linked(kernel, point, fds)
    assert kernel.uses_slot(point)
    with pytest.raises(AttachError) as caught:
        kernel.update_link(point, link, neutral(kernel, point, fds), first)
    assert caught.value.errno == errno.EINVAL


@pytest.mark.parametrize("point", POINTS, ids=KEYS)
@pytest.mark.usefixtures("network")
def test_a_pinned_link_goes_on_when_its_process_ends_and_ends_with_its_pin(
    kernel: RealKernel, cgroup: Path, fds: list[int], point: AttachPoint
) -> None:
    point = here(point, cgroup)
    kernel.ensure_root()
    program = (
        "import sys; from policyd.kernel.real import RealKernel; from policyd.unit import AttachPoint\n"
        "kernel, point = RealKernel(sys.argv[1]), AttachPoint(*sys.argv[2:])\n"
        "kernel.pin(kernel.attach(point, kernel.load_neutral(point)), 'link')\n"
    )
    try:
        subprocess.run([sys.executable, "-c", program, kernel.root, point.kind, point.target, point.option], check=True)
        link = kernel.open("link")
        assert link is not None
        found = kernel.link_info(link)
        kernel.close(link)
        assert (found.alive, found.target) == (True, kernel.locate(point))
    finally:
        kernel.remove_tree("")
    assert gone("link", found.id)
    assert gone("program", found.program_id)


@pytest.mark.parametrize("point", UPDATABLE, ids=[point.key for point in UPDATABLE])
@pytest.mark.usefixtures("network")
def test_a_detached_link_is_seen_as_dead_and_cannot_be_updated(
    kernel: RealKernel, cgroup: Path, fds: list[int], point: AttachPoint
) -> None:
    point = here(point, cgroup)
    link, program = linked(kernel, point, fds)
    kernel.detach(link)
    kernel.detach(link)
    found = kernel.link_info(link)
    assert (found.alive, found.target) == (False, "")
    with pytest.raises(AttachError) as caught:
        kernel.update_link(point, link, neutral(kernel, point, fds), program)
    assert caught.value.errno == errno.ENOLINK


def test_detaching_a_tracepoints_link_is_left_to_its_last_fd(kernel: RealKernel, fds: list[int]) -> None:
    link, _ = linked(kernel, TRACEPOINTS[0], fds)
    kernel.detach(link)
    assert kernel.link_info(link).alive


# ------------------------------------------------------------------------------------------------ places that go


@pytest.mark.parametrize("point", PACKETS, ids=[point.key for point in PACKETS])
@pytest.mark.usefixtures("network")
def test_a_link_dies_with_its_interface_and_a_new_interface_of_that_name_is_another_place(
    kernel: RealKernel, fds: list[int], point: AttachPoint
) -> None:
    link, _ = linked(kernel, point, fds)
    before = kernel.locate(point)
    ip("link", "del", DEVICE)
    assert not kernel.link_info(link).alive
    assert kernel.locate(point) is None
    ip("link", "add", DEVICE, "type", "veth", "peer", "name", "pdv1")
    assert kernel.locate(point) not in {None, before}


def test_a_link_dies_with_its_cgroup(kernel: RealKernel, cgroup: Path, fds: list[int]) -> None:
    point = here(CGROUPS[0], cgroup)
    link, _ = linked(kernel, point, fds)
    cgroup.rmdir()
    end = time.monotonic() + 60
    while kernel.link_info(link).alive and time.monotonic() < end:
        time.sleep(0.05)
    assert not kernel.link_info(link).alive
    assert kernel.locate(point) is None


# ------------------------------------------------------------------------------------------------ errors


@pytest.mark.usefixtures("network")
def test_a_foreign_xdp_link_is_named_and_left_alone(kernel: RealKernel, fds: list[int]) -> None:
    theirs = foreign(fds)
    fds.append(kernel.attach(XDP, theirs))
    number = kernel.program_info(theirs).id
    with pytest.raises(AttachError) as caught:
        kernel.attach(XDP, neutral(kernel, XDP, fds))
    assert caught.value.errno == errno.EBUSY
    assert f"already has an XDP program (id {number}, name someone_elses) that is not ours" in str(caught.value)
    assert kernel.link_info(fds[1]).program_id == number


@pytest.mark.parametrize("mode", ["auto", "native", "generic"])
@pytest.mark.usefixtures("network")
def test_a_foreign_xdp_program_without_a_link_is_named_and_left_alone(kernel: RealKernel, fds: list[int], mode: str) -> None:
    theirs = foreign(fds)
    with IPRoute() as route:
        route.link("set", index=route.link_lookup(ifname=DEVICE)[0], xdp_fd=theirs)
    point = AttachPoint("xdp", DEVICE, mode)
    with pytest.raises(AttachError, match="name someone_elses"):
        kernel.attach(point, neutral(kernel, point, fds))
    found = xdp_program(DEVICE)
    assert found is not None
    assert found.id == kernel.program_info(theirs).id


@pytest.mark.usefixtures("network")
@pytest.mark.parametrize(
    ("point", "code", "hint"),
    [
        (AttachPoint("tracepoint", "syscalls/nothing"), errno.ENOENT, "no such tracepoint"),
        (AttachPoint("tracepoint", "../../etc/passwd"), errno.ENOENT, "no such tracepoint"),
        (AttachPoint("raw_tracepoint", "nothing"), errno.ENOENT, "no such raw tracepoint"),
        (AttachPoint("xdp", "pdnone", "auto"), errno.ENODEV, "no interface pdnone"),
        (AttachPoint("xdp", "lo", "native"), errno.EOPNOTSUPP, "use mode auto or generic"),
        (AttachPoint("tcx", "pdnone", "egress"), errno.ENODEV, "no interface pdnone"),
        (AttachPoint("cgroup", "/nothing", "connect4"), errno.ENOENT, "no such cgroup"),
        (AttachPoint("cgroup", "/tmp", "connect4"), errno.EBADF, "not in a cgroup v2"),
    ],
    ids=lambda value: value.key if isinstance(value, AttachPoint) else "",
)
def test_a_place_that_cannot_be_attached_to_is_said_with_its_errno_and_reason(
    kernel: RealKernel, fds: list[int], point: AttachPoint, code: int, hint: str
) -> None:
    program = neutral(kernel, point, fds)
    with pytest.raises(AttachError, match=hint) as caught:
        kernel.attach(point, program)
    assert (caught.value.errno, caught.value.attach_point) == (code, point.key)


@pytest.mark.parametrize(
    ("point", "limit", "code"),
    [(TRACEPOINTS[0], 64, errno.E2BIG), (TCX, 63, errno.ERANGE), (CGROUPS[0], 64, errno.E2BIG)],
    ids=["tracepoint", "tcx", "cgroup"],
)
@pytest.mark.usefixtures("network")
def test_a_place_that_is_full_of_other_programs_says_so(
    kernel: RealKernel, cgroup: Path, fds: list[int], point: AttachPoint, limit: int, code: int
) -> None:
    point = here(point, cgroup)
    for _ in range(limit):
        linked(kernel, point, fds)
    with pytest.raises(AttachError, match="hold them all") as caught:
        kernel.attach(point, neutral(kernel, point, fds))
    assert caught.value.errno == code


@pytest.mark.usefixtures("network")
def test_auto_takes_generic_xdp_where_the_driver_has_none(kernel: RealKernel, fds: list[int]) -> None:
    point = AttachPoint("xdp", "lo", "auto")
    link, _ = linked(kernel, point, fds)
    assert kernel.link_info(link).alive


@pytest.mark.usefixtures("network")
def test_xdp_takes_a_large_mtu(kernel: RealKernel, fds: list[int]) -> None:
    for name in (DEVICE, "pdv1"):
        ip("link", "set", name, "mtu", "9000")
    link, _ = linked(kernel, AttachPoint("xdp", DEVICE, "native"), fds)
    assert kernel.link_info(link).alive


RUN_ON_PACKETS = [row for row in ATTACH_KINDS if row.kind in {"xdp", "tcx"} or row.options[0].startswith("skb")]
"""BPF_PROG_TEST_RUN gives these a packet; the others are seen where they are attached."""


@pytest.mark.parametrize("row", RUN_ON_PACKETS, ids=lambda row: f"{row.kind}:{row.options[0]}")
def test_the_neutral_program_returns_the_neutral_verdict(kernel: RealKernel, fds: list[int], row: AttachKind) -> None:
    program = neutral(kernel, AttachPoint(row.kind, "", row.options[0]), fds)
    assert programs.run_on_packet(program, bytes(64)).verdict == row.neutral & 0xFFFFFFFF


def test_nothing_is_pinned_by_attaching(kernel: RealKernel, fds: list[int]) -> None:
    linked(kernel, TRACEPOINTS[0], fds)
    assert attach.open_pin(kernel.root) is None
