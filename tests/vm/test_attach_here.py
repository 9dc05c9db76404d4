"""Links at functions of this kernel, by the port alone: when they run, what they tell, what is said where they cannot be."""

from __future__ import annotations

import errno
import os
import subprocess
import threading
import time
from collections.abc import Callable

import pytest
from inside import version
from told import Attached, attached

from policyd.errors import AttachError
from policyd.kernel import links
from policyd.kernel.attachable import AttachFeatures
from policyd.kernel.bpf import instructions
from policyd.kernel.real import RealKernel
from policyd.places import attach_target
from policyd.unit import AttachPoint, several

CALL = "__x64_sys_getsid"
"""BTF has it, unlike those of calls without arguments: these are other names of `__do_sys_…`."""
GROUPS = ("__x64_sys_getpgid", "__x64_sys_getpgrp", "__x64_sys_getsid")
MANY = AttachPoint("kprobe_multi", several(GROUPS), members=GROUPS)
POINTS = (
    AttachPoint("kprobe", CALL),
    AttachPoint("kprobe", CALL, "return"),
    AttachPoint("fentry", CALL),
    AttachPoint("fexit", CALL),
)
DECIDING = (AttachPoint("fmod_ret", "security_task_getpgid"), AttachPoint("lsm", "task_getpgid"))
TOLD_SINCE = {"kprobe": (6, 6), "kprobe_multi": (6, 6)}
"""Before, a link's information has no target."""

FEATURES = AttachFeatures()


@pytest.fixture
def kernel() -> RealKernel:
    return RealKernel("/sys/fs/bpf/pd_test_attach")


def _is_told(made: Attached) -> None:
    """The link says where it is, as far as this kernel tells."""
    found = made.kernel.link_info(made.link)
    told = version() >= TOLD_SINCE.get(made.point.kind, (0, 0))
    assert (found.alive, found.target) == (True, made.kernel.locate(made.point) if told else "")


@pytest.mark.parametrize("point", POINTS, ids=lambda point: point.key)
def test_a_link_at_a_function_runs_when_the_function_does(kernel: RealKernel, point: AttachPoint) -> None:
    with attached(kernel, point) as made:
        os.getsid(0)
        assert made.told() is None  # the slot is empty
        made.fill()
        _is_told(made)
        made.told()
        os.getsid(0)
        assert made.told() == 0
        made.detach()
        os.getsid(0)
        assert made.told() is None


@pytest.mark.skipif(not FEATURES["kprobe_multi"], reason="this kernel was built without CONFIG_FPROBE")
@pytest.mark.parametrize("option", ["", "return"])
def test_a_list_of_functions_tells_which_of_them_it_was(kernel: RealKernel, option: str) -> None:
    calls: tuple[Callable[[], object], ...] = (lambda: os.getpgid(0), os.getpgrp, lambda: os.getsid(0))
    with attached(kernel, AttachPoint("kprobe_multi", MANY.target, option, members=GROUPS), cookie=True) as made:
        made.fill()
        _is_told(made)
        for index, call in enumerate(calls):
            made.told()
            call()
            assert made.told() == index


@pytest.mark.skipif(version() < (6, 7), reason="before Linux 6.7 the kernel does not tell")
def test_calls_whose_return_the_kernel_could_not_await_are_counted(kernel: RealKernel) -> None:
    """It awaits ten of a kretprobe, or two a CPU if that is more (`kretprobe.maxactive`)."""
    with attached(kernel, AttachPoint("kprobe", "__x64_sys_clock_nanosleep", "return")) as made:
        sleepers = [threading.Thread(target=time.sleep, args=(2,)) for _ in range(30)]
        for sleeper in sleepers:
            sleeper.start()
        for sleeper in sleepers:
            sleeper.join()
        assert made.kernel.link_info(made.link).missed >= 10


@pytest.mark.parametrize("point", DECIDING, ids=lambda point: point.kind)
def test_what_decides_lets_pass_until_it_does_not_and_after_it_is_gone(kernel: RealKernel, point: AttachPoint) -> None:
    mine = os.getpid()
    with attached(kernel, point) as made:
        assert os.getpgid(mine)
        made.fill(0)
        _is_told(made)
        assert os.getpgid(mine)
        assert made.told() == 0
        made.fill(-errno.EACCES)
        with pytest.raises(PermissionError):
            os.getpgid(mine)
        made.detach()
        assert os.getpgid(mine)


@pytest.mark.skipif(version() < (6, 12), reason="before Linux 6.12 a slot takes any program of its type")
def test_a_body_for_a_function_of_another_type_is_refused_by_the_slot(kernel: RealKernel) -> None:
    with attached(kernel, AttachPoint("fentry", CALL)) as made:
        other = links.load(AttachPoint("fentry", "vfs_read"), instructions.neutral(0), "pd_other")
        try:
            with pytest.raises(Exception, match="EINVAL"):
                kernel.update(made.slot, bytes(4), other.to_bytes(4, "little"))
        finally:
            kernel.close(other)


def test_a_function_that_is_full_of_other_programs_says_so(kernel: RealKernel) -> None:
    point, opened = AttachPoint("fentry", CALL), []
    try:
        for _ in range(38):
            program = kernel.load_neutral(point)
            opened += [program, kernel.attach(point, program)]
        with pytest.raises(AttachError, match="takes 38 programs") as caught, attached(kernel, point):
            pass
        assert caught.value.errno == errno.E2BIG
    finally:
        for fd in opened:
            kernel.close(fd)


@pytest.mark.parametrize(
    ("point", "codes", "hint"),
    [
        (AttachPoint("kprobe", "pd_nothing"), {errno.ENOENT}, "no function pd_nothing"),
        (AttachPoint("kprobe", f"{CALL}+0x1"), {errno.EILSEQ}, "no instruction at that offset"),
        (AttachPoint("kprobe", "asm_exc_int3"), {errno.EINVAL}, "cannot be probed"),
        (AttachPoint("fentry", "pd_nothing"), {errno.ENOENT}, "no function pd_nothing"),
        (AttachPoint("fmod_ret", "vfs_read"), {errno.EINVAL}, "does not let programs decide about vfs_read"),
        (AttachPoint("lsm", "pd_nothing"), {errno.ENOENT}, "no function bpf_lsm_pd_nothing"),
        (
            AttachPoint("kprobe_multi", "pd_nothing+0-a", members=("pd_nothing",)),
            {errno.ESRCH, errno.EOPNOTSUPP},
            "functions",
        ),
    ],
    ids=lambda value: value.key if isinstance(value, AttachPoint) else "",
)
def test_functions_that_cannot_be_attached_to_are_said_with_their_reason(
    kernel: RealKernel, point: AttachPoint, codes: set[int], hint: str
) -> None:
    with pytest.raises(AttachError, match=hint) as caught, attached(kernel, point):
        pass
    assert caught.value.errno in codes
    assert caught.value.hint


def test_a_place_is_another_one_on_another_kernel(kernel: RealKernel) -> None:
    for point in (*POINTS, *DECIDING):
        located = kernel.locate(point)
        assert located
        assert (attach_target(point) or CALL) in located
    assert kernel.locate(AttachPoint("fentry", "pd_nothing")) is None


def test_a_function_of_a_module_goes_with_it(kernel: RealKernel) -> None:
    """A kprobe does not hold the module, and does not come again with it."""
    point = AttachPoint("kprobe", "dummy_xmit")
    assert kernel.locate(point) is None
    subprocess.run(["modprobe", "dummy"], check=True)
    with attached(kernel, point) as made:
        made.fill()
        _is_told(made)
        subprocess.run(["rmmod", "dummy"], check=True)
        assert kernel.locate(point) is None
        assert kernel.link_info(made.link).alive == (version() < (6, 6))
        subprocess.run(["modprobe", "dummy"], check=True)
        assert kernel.locate(point) == "dummy_xmit"
    subprocess.run(["rmmod", "dummy"], check=True)
