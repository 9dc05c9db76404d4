"""Links at places in files (uprobe, uprobe_multi): where they are, when they run, and what is said where they cannot be."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import pytest
from told import attached

from policyd.elf.binary import Binary
from policyd.errors import AttachError
from policyd.kernel.real import RealKernel
from policyd.places import Location, UserPlace, uprobe, uprobe_multi
from policyd.unit import AttachPoint

pytestmark = pytest.mark.kernel

SOURCE = Path(__file__).resolve().parents[1] / "data/probed.c"


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("probed") / "probed"
    subprocess.run(["cc", "-O1", "-o", str(path), str(SOURCE)], check=True)
    return path


@pytest.fixture
def program(compiled: Path, tmp_path: Path) -> Path:
    """A copy that the test may replace."""
    return Path(shutil.copy2(compiled, tmp_path / "probed"))


@pytest.fixture
def kernel() -> RealKernel:
    return RealKernel(f"/sys/fs/bpf/pd_test_probes_{os.getpid()}")


@dataclass
class Running:
    """A run of the program, which obeys commands."""

    process: subprocess.Popen[str]

    def obey(self, command: str) -> str:
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write(command + "\n")
        self.process.stdin.flush()
        return self.process.stdout.readline().strip()


@contextmanager
def running(program: Path) -> Iterator[Running]:
    with subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        yield Running(process)
        assert process.stdin
        process.stdin.close()
        assert process.wait(60) == 0


def place(program: Path, *names: str, pid: int = 0) -> UserPlace:
    binary = Binary.open(str(program))
    return UserPlace(str(program), tuple(Location(binary.symbols()[name].offset) for name in names), pid, binary.state)


def fire(program: Path) -> UserPlace:
    """Return where the USDT probe with a semaphore is."""
    binary = Binary.open(str(program))
    probe = next(one for one in binary.usdt() if one.name == "fire")
    return UserPlace(str(program), (Location(probe.offset, probe.semaphore),), 0, binary.state)


# ------------------------------------------------------------------------------------------------ what runs when


@pytest.mark.parametrize("option", ["", "return"])
def test_a_uprobe_runs_when_its_function_does_and_no_other(kernel: RealKernel, program: Path, option: str) -> None:
    point = uprobe(place(program, "add"), option)  # type: ignore[arg-type]
    with running(program) as run, attached(kernel, point, cookie=True) as made:
        found = kernel.link_info(made.link)
        assert (found.type, found.alive, found.target) == ("perf_event", True, kernel.locate(point))
        assert (run.obey("add 1 2"), made.told()) == ("3", None)  # the slot is empty
        made.fill()
        run.obey("greet you")
        assert made.told() is None
        assert (run.obey("add 1 2"), made.told()) == ("3", 0)
        made.detach()
        assert (run.obey("add 1 2"), made.told()) == ("3", None)


@pytest.mark.parametrize("option", ["", "return"])
def test_a_list_of_places_tells_which_of_them_it_was(kernel: RealKernel, program: Path, option: str) -> None:
    names = ("add", "greet", "nine")
    point = uprobe_multi(place(program, *names), names, option)  # type: ignore[arg-type]
    with running(program) as run, attached(kernel, point, cookie=True) as made:
        made.fill()
        found = kernel.link_info(made.link)
        assert (found.type, found.alive, found.target) == ("uprobe_multi", True, kernel.locate(point))
        for index, command in enumerate(("add 1 2", "greet you", "nine")):
            run.obey(command)
            assert made.told() == index


@pytest.mark.parametrize("make", [uprobe, partial(uprobe_multi, names=("fire",))], ids=["one", "list"])
def test_a_semaphore_is_held_up_while_somebody_looks(kernel: RealKernel, program: Path, make: object) -> None:
    point = make(fire(program))  # type: ignore[operator]
    with running(program) as run:
        assert run.obey("fire 1 text") == "fired"
        with attached(kernel, point) as made:
            made.fill()
            assert run.obey("fire 1 text") == "watched"
            assert run.process.stdout
            assert run.process.stdout.readline() == "fired\n"
            assert made.told() == 0
        assert run.obey("fire 1 text") == "fired"


@pytest.mark.parametrize("make", [uprobe, partial(uprobe_multi, names=("add",))], ids=["one", "list"])
def test_a_probe_of_one_process_leaves_others_alone(kernel: RealKernel, program: Path, make: object) -> None:
    with running(program) as run, running(program) as other:
        point = make(place(program, "add", pid=run.process.pid))  # type: ignore[operator]
        with attached(kernel, point) as made:
            made.fill()
            other.obey("add 1 2")
            assert made.told() is None
            run.obey("add 1 2")
            assert made.told() == 0
            assert kernel.link_info(made.link).target == kernel.locate(point)
    assert kernel.locate(point) is None
    with pytest.raises(AttachError, match=f"there is no process {run.process.pid}"), attached(kernel, point):
        pass


# ------------------------------------------------------------------------------------------------ files that go


@pytest.mark.parametrize("make", [uprobe, partial(uprobe_multi, names=("add",))], ids=["one", "list"])
def test_a_file_that_took_the_place_of_another_is_seen_and_refused(kernel: RealKernel, program: Path, make: object) -> None:
    point: AttachPoint = make(place(program, "add"))  # type: ignore[operator]
    with attached(kernel, point) as made:
        before = kernel.link_info(made.link)
        program.unlink()
        assert kernel.locate(point) is None
        shutil.copy(SOURCE.parent.parent / "data/probed.c", program)
        after = kernel.link_info(made.link)
        assert not after.alive or kernel.locate(point) != before.target == after.target
    with pytest.raises(AttachError, match="the file has been replaced") as caught, attached(kernel, point):
        pass
    assert caught.value.errno == errno.ESTALE


def test_places_that_cannot_be_probed_are_said_with_their_reason(kernel: RealKernel, program: Path) -> None:
    good = place(program, "add")
    cases = [
        (uprobe(replace(good, path=f"{program}.gone", file="")), errno.ENOENT, "there is no file"),
        (uprobe_multi(replace(good, path=f"{program}.gone", file=""), ("add",)), errno.ENOENT, "there is no file"),
        (uprobe(replace(good, path=str(program.parent), file="")), errno.EINVAL, "no file that can be executed"),
        (uprobe_multi(replace(good, path=str(program.parent), file=""), ("add",)), errno.EBADF, "no regular file"),
        (uprobe(replace(good, locations=(Location(1 << 40),))), errno.EINVAL, "not inside its code"),
        (uprobe(replace(good, locations=(Location(16, 1 << 32),))), errno.EFBIG, "offset of 32 bits"),
    ]
    for point, code, hint in cases:
        with pytest.raises(AttachError, match=hint) as caught, attached(kernel, point):
            pass
        assert (caught.value.errno, caught.value.attach_point) == (code, point.key)
