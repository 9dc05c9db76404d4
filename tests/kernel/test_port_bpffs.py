"""The bpffs root on the running kernel: ours alone, pins replaced in one step, one writer at a time."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from policyd.errors import KernelError, LockError, OwnershipError
from policyd.kernel import bpffs
from policyd.kernel.real import RealKernel

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.kernel

BPFFS = Path("/sys/fs/bpf")

HOLD = """
import sys
from policyd.kernel.real import RealKernel
with RealKernel(sys.argv[1]).lock(None):
    print("locked", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def root() -> Iterator[Path]:
    path = BPFFS / f"pd_test_port_{os.getpid()}"
    yield path
    if path.is_symlink():
        path.unlink()
    elif path.exists():
        RealKernel(str(path)).remove_tree("")


@pytest.fixture
def kernel(root: Path) -> RealKernel:
    found = RealKernel(str(root))
    found.ensure_root()
    return found


@pytest.fixture
def map_fd(kernel: RealKernel) -> Iterator[int]:
    fd = kernel.create_map("array", 4, 4, 1, name="pd_pinned")
    yield fd
    kernel.close(fd)


def id_of(kernel: RealKernel, path: str) -> int | None:
    fd = kernel.open(path)
    if fd is None:
        return None
    try:
        return kernel.map_info(fd).id
    finally:
        kernel.close(fd)


# ------------------------------------------------------------------------------------------------ the root


def test_the_root_is_made_for_its_owner_only(kernel: RealKernel, root: Path) -> None:
    assert root.stat().st_mode & 0o777 == 0o700
    kernel.ensure_root()


def test_a_root_that_others_can_enter_is_refused(kernel: RealKernel, root: Path) -> None:
    root.chmod(0o755)
    with pytest.raises(OwnershipError, match="mode 0755"):
        kernel.ensure_root()
    assert root.stat().st_mode & 0o777 == 0o755


def test_a_root_of_another_user_is_refused(kernel: RealKernel, root: Path) -> None:
    os.chown(root, 65534, 65534)
    with pytest.raises(OwnershipError, match="belongs to user 65534"):
        kernel.ensure_root()


def test_a_root_that_is_a_symbolic_link_is_refused(root: Path) -> None:
    root.symlink_to("/sys/fs/bpf")
    with pytest.raises(OwnershipError, match="not a directory"):
        RealKernel(str(root)).ensure_root()


def test_a_directory_outside_of_bpffs_is_refused(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    with pytest.raises(OwnershipError, match="outside of bpffs"):
        RealKernel(str(tmp_path)).ensure_root()
    with pytest.raises(KernelError, match="mount -t bpf"):
        RealKernel(str(tmp_path / "new")).ensure_root()
    assert list(tmp_path.iterdir()) == []


# ------------------------------------------------------------------------------------------------ names and pins


def test_a_pin_keeps_its_object_when_the_fd_is_closed(kernel: RealKernel) -> None:
    fd = kernel.create_map("array", 4, 4, 1)
    kernel.pin(fd, "here")
    found = kernel.map_info(fd).id
    kernel.close(fd)
    assert id_of(kernel, "here") == found


def test_a_name_always_names_an_object_while_it_is_replaced(kernel: RealKernel, map_fd: int) -> None:
    other = kernel.create_map("array", 4, 4, 1)
    kernel.pin(map_fd, "here")
    both = {kernel.map_info(map_fd).id, kernel.map_info(other).id}
    seen: set[int | None] = set()
    done = threading.Event()

    def look() -> None:
        while not done.is_set():
            seen.add(id_of(kernel, "here"))

    reader = threading.Thread(target=look)
    reader.start()
    end = time.monotonic() + 60
    rounds = 0
    while rounds < 200 or (seen != both and time.monotonic() < end):  # the reader may get its turns late
        kernel.pin(other, "here")
        kernel.pin(map_fd, "here")
        rounds += 1
    done.set()
    reader.join()
    kernel.close(other)
    assert seen == both
    assert kernel.list("") == ("here",)


def test_a_pin_left_aside_by_a_crash_does_not_stop_the_next_one(kernel: RealKernel, map_fd: int) -> None:
    kernel.pin(map_fd, "here")
    kernel.pin(map_fd, "here__new")
    kernel.pin(map_fd, "here")
    assert kernel.list("") == ("here",)


def test_what_is_not_there_is_answered_and_not_raised(kernel: RealKernel) -> None:
    assert (kernel.open("nothing"), kernel.list("nothing"), kernel.exists("nothing/below")) == (None, (), False)
    kernel.unpin("nothing")
    kernel.remove_directory("nothing")
    kernel.remove_tree("nothing")


def test_a_name_with_a_dot_fails_with_the_kernels_reason(kernel: RealKernel, map_fd: int) -> None:
    with pytest.raises(KernelError) as caught:
        kernel.pin(map_fd, "a.b")
    assert caught.value.errno == errno.EPERM


def test_a_directory_that_holds_something_is_not_removed(kernel: RealKernel, map_fd: int) -> None:
    kernel.make_directory("a/b/c")
    kernel.pin(map_fd, "a/b/c/pin")
    with pytest.raises(KernelError) as caught:
        kernel.remove_directory("a/b/c")
    assert caught.value.errno == errno.ENOTEMPTY
    assert kernel.exists("a/b/c/pin")


def test_a_tree_is_removed_with_its_pins_and_a_link_in_it_is_not_followed(
    kernel: RealKernel, root: Path, map_fd: int
) -> None:
    kernel.make_directory("a/b")
    kernel.make_directory("keep")
    for path in ("a/pin", "a/b/pin", "keep/pin"):
        kernel.pin(map_fd, path)
    (root / "a" / "link").symlink_to(root / "keep")
    kernel.remove_tree("a")
    assert kernel.list("") == ("keep",)
    assert kernel.list("keep") == ("pin",)


def test_a_directory_is_renamed_with_what_is_in_it(kernel: RealKernel, map_fd: int) -> None:
    kernel.make_directory("old")
    kernel.pin(map_fd, "old/pin")
    kernel.rename("old", "new")
    assert (kernel.list(""), kernel.list("new")) == (("new",), ("pin",))


# ------------------------------------------------------------------------------------------------ the lock


@pytest.fixture
def holder(kernel: RealKernel) -> Iterator[subprocess.Popen[str]]:
    """Another process that holds the lock until its input ends."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, kernel.root], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with process:
        assert process.stdout is not None
        assert process.stdout.readline() == "locked\n"
        yield process
        process.kill()


def test_a_lock_that_another_process_holds_times_out_and_names_the_process(
    kernel: RealKernel, holder: subprocess.Popen[str]
) -> None:
    told: list[str] = []
    with pytest.raises(LockError, match=f"process {holder.pid}"), kernel.lock(0.3, lambda: told.append("waiting")):
        pass
    assert told == ["waiting"]


def test_a_waiting_process_gets_the_lock_when_its_holder_is_killed(
    kernel: RealKernel, holder: subprocess.Popen[str]
) -> None:
    with kernel.lock(60, holder.kill):  # called when it has to wait
        assert holder.wait(60) == -signal.SIGKILL


def test_a_free_lock_is_taken_without_waiting_and_given_back(kernel: RealKernel) -> None:
    told: list[str] = []
    for _ in range(2):
        with kernel.lock(0, lambda: told.append("waiting")):
            pass
    assert told == []


def test_a_lock_of_a_root_that_was_removed_meanwhile_is_not_mistaken_for_the_new_roots(
    kernel: RealKernel, root: Path, holder: subprocess.Popen[str]
) -> None:
    got: list[int] = []
    waiting = threading.Event()

    def wait() -> None:
        with kernel.lock(60, waiting.set):
            got.append(root.stat().st_ino)

    waiter = threading.Thread(target=wait)
    waiter.start()
    assert waiting.wait(60)
    root.rmdir()
    root.mkdir(0o700)
    waiter.join(timeout=60)
    assert got == [root.stat().st_ino]


# ------------------------------------------------------------------------------------------------ the end of a root


def test_a_root_goes_with_its_empty_folders_and_what_holds_a_pin_stays(kernel: RealKernel, root: Path, map_fd: int) -> None:
    for name in ("shared", "hooks/empty", "hooks/held"):
        kernel.make_directory(name)
    kernel.pin(map_fd, "hooks/held/map")
    (root / "link").symlink_to("/sys")
    with kernel.lock(0):
        kernel.remove_root()
    left = {str(path.relative_to(root)) for path in root.rglob("*")}
    assert left == {"hooks", "hooks/held", "hooks/held/map", "link"}

    (root / "link").unlink()
    kernel.unpin("hooks/held/map")
    with kernel.lock(0):
        kernel.remove_root()
    assert not root.exists()


def test_a_root_that_is_a_mounted_bpffs_of_its_own_stays_mounted(tmp_path: Path) -> None:
    subprocess.run(["mount", "-t", "bpf", "-o", "mode=0700", "none", tmp_path], check=True)
    try:
        kernel = RealKernel(str(tmp_path))
        kernel.ensure_root()
        kernel.make_directory("shared")
        with kernel.lock(0):
            kernel.remove_root()
        assert tmp_path.is_mount()
        assert not (tmp_path / "shared").exists()
    finally:
        subprocess.run(["umount", tmp_path], check=True)


@pytest.mark.parametrize("made_again", [False, True])
def test_a_root_that_goes_between_a_look_and_its_lock_is_made_again_and_locked(
    kernel: RealKernel, root: Path, monkeypatch: pytest.MonkeyPatch, made_again: bool
) -> None:
    real, tries = bpffs._try_lock, []

    def try_lock(fd: int) -> bool:
        tries.append(fd)
        if len(tries) == 1:
            root.rmdir()
            if made_again:
                root.mkdir(0o700)
        return real(fd)

    monkeypatch.setattr(bpffs, "_try_lock", try_lock)
    with kernel.lock(0):
        assert len(tries) == 2
        with pytest.raises(LockError), RealKernel(str(root)).lock(0):
            pytest.fail("two hold one lock")


def test_who_waits_for_the_lock_of_a_root_that_goes_gets_one_that_is_there(kernel: RealKernel, root: Path) -> None:
    """Each thread makes the root, works in it alone, and removes it under the noses of the others."""
    inside = threading.Lock()
    done: list[str] = []

    def work(name: str) -> None:
        for _ in range(100):
            with kernel.lock(60):
                assert inside.acquire(blocking=False)
                kernel.make_directory(f"{name}/below")
                assert kernel.list("") == (name,)
                kernel.remove_root()
                inside.release()
        done.append(name)

    threads = [threading.Thread(target=work, args=(f"t{number}",)) for number in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(done) == ["t0", "t1", "t2"]
    assert not root.exists()
