"""What `fake_kernel.FakeKernel` models, done to it and to the running kernel alike."""

from __future__ import annotations

import errno
from collections.abc import Iterator

import pytest
from conftest import BPFFS, MINE
from fake_kernel import FakeKernel
from network import private_network

from policyd.errors import AttachError, KernelError
from policyd.kernel.port import Kernel
from policyd.kernel.real import RealKernel
from policyd.unit import AttachPoint

pytestmark = pytest.mark.kernel

TRACE = AttachPoint("tracepoint", "syscalls/sys_enter_getppid")
XDP = AttachPoint("xdp", "lo", "generic")
FIRST = bytes(4)


@pytest.fixture(params=["fake", "real"])
def kernel(request: pytest.FixtureRequest) -> Iterator[Kernel]:
    if request.param == "fake":
        yield FakeKernel()
        return
    with private_network():
        found = RealKernel(str(BPFFS / f"{MINE}true"))
        found.ensure_root()
        try:
            yield found
        finally:
            found.remove_tree("")


def number(kernel: Kernel, fd: int) -> bytes | None:
    return kernel.lookup(fd, FIRST)


def test_a_program_array_forgets_its_programs_with_its_last_user_reference(kernel: Kernel) -> None:
    slot = kernel.create_map("prog_array", 4, 4, 1)
    stub = kernel.load_stub(TRACE, slot)
    body = kernel.load_neutral(TRACE)
    kernel.update(slot, FIRST, body.to_bytes(4, "little"))
    kernel.make_directory("x")
    kernel.pin(slot, "x/slot")
    kernel.close(slot)
    again = kernel.open("x/slot")
    assert again is not None
    assert number(kernel, again) == kernel.program_info(body).id.to_bytes(4, "little")
    for fd in (again, body, stub):
        kernel.close(fd)


def test_a_frozen_map_refuses_writes_and_keeps_its_contents(kernel: Kernel) -> None:
    fd = kernel.create_map("array", 4, 8, 1)
    kernel.update(fd, FIRST, b"12345678")
    kernel.freeze(fd)
    with pytest.raises(KernelError) as caught:
        kernel.update(fd, FIRST, bytes(8))
    assert caught.value.errno == errno.EPERM
    assert (kernel.map_info(fd).frozen, number(kernel, fd)) == (True, b"12345678")
    kernel.close(fd)


def test_a_row_takes_only_a_map_like_the_template_and_gives_its_id(kernel: Kernel) -> None:
    inner, other = kernel.create_map("hash", 4, 8, 1), kernel.create_map("hash", 8, 8, 1)
    outer = kernel.create_map("array_of_maps", 4, 4, 2, inner_fd=inner)
    bigger = kernel.create_map("hash", 4, 8, 100)
    kernel.update(outer, FIRST, bigger.to_bytes(4, "little"))
    assert number(kernel, outer) == kernel.map_info(bigger).id.to_bytes(4, "little")
    assert dict(kernel.items(outer)) == {FIRST: number(kernel, outer)}
    with pytest.raises(KernelError) as caught:
        kernel.update(outer, FIRST, other.to_bytes(4, "little"))
    assert caught.value.errno == errno.EINVAL
    kernel.delete(outer, FIRST)
    kernel.delete(outer, FIRST)
    assert dict(kernel.items(outer)) == {}
    for fd in (inner, other, outer, bigger):
        kernel.close(fd)


def test_a_pin_is_replaced_and_a_missing_one_is_none(kernel: Kernel) -> None:
    one, two = kernel.create_map("array", 4, 8, 1, name="one"), kernel.create_map("array", 4, 8, 1, name="two")
    kernel.make_directory("x/y")
    kernel.pin(one, "x/y/pin")
    kernel.pin(two, "x/y/pin")
    fd = kernel.open("x/y/pin")
    assert fd is not None
    assert kernel.map_info(fd).name == "two"
    assert kernel.list("x/y") == ("pin",)
    assert (kernel.open("x/y/none"), kernel.exists("x/y"), kernel.list("none")) == (None, True, ())
    with pytest.raises(KernelError) as caught:
        kernel.remove_directory("x/y")
    assert caught.value.errno == errno.ENOTEMPTY
    for number_ in (one, two, fd):
        kernel.close(number_)


def test_a_link_update_insists_on_the_old_program_and_xdp_takes_one_link(kernel: Kernel) -> None:
    one, two = kernel.load_neutral(XDP), kernel.load_neutral(XDP)
    link = kernel.attach(XDP, one)
    with pytest.raises(AttachError) as caught:
        kernel.attach(XDP, two)
    assert caught.value.errno == errno.EBUSY
    with pytest.raises(AttachError) as caught:
        kernel.update_link(XDP, link, two, two)
    assert caught.value.errno == errno.EPERM
    kernel.update_link(XDP, link, two, one)
    assert kernel.link_info(link).program_id == kernel.program_info(two).id
    kernel.detach(link)
    assert not kernel.link_info(link).alive
    with pytest.raises(AttachError) as caught:
        kernel.update_link(XDP, link, one, two)
    assert caught.value.errno == errno.ENOLINK
    for fd in (one, two, link):
        kernel.close(fd)


def test_a_pinned_link_outlives_its_file_descriptor(kernel: Kernel) -> None:
    program = kernel.load_neutral(XDP)
    link = kernel.attach(XDP, program)
    kernel.make_directory("x")
    kernel.pin(link, "x/link")
    kernel.close(link)
    kernel.close(program)
    found = kernel.open("x/link")
    assert found is not None
    info = kernel.link_info(found)
    assert (info.alive, info.target) == (True, kernel.locate(XDP))
    kernel.close(found)
