"""What the kernel tests share: a bpffs root of their own, an engine on the running kernel, and the check for leaks.

`host` applies YAML text through the real resolver, toolchain and kernel.  Whatever a test leaves is removed at its end; at
the session's end nothing may be left that is neither pinned elsewhere nor held by another process.
"""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from policyd.builders import Builder
from policyd.builders.cache import ObjectCache
from policyd.builders.choice import make_builder
from policyd.codegen import PROCESSES
from policyd.engine import Engine, Given, ProcessTable, Request, Result
from policyd.kernel.bpf import attach, info
from policyd.kernel.real import RealKernel
from policyd.layout import ACCOUNT_BYTES, ACCOUNT_COLUMNS
from policyd.parsing import parse_policies
from policyd.processes import snapshot
from policyd.record import PolicyRecord, map_pin, policy_path, read_record
from policyd.resolve import Host as ResolvingHost
from policyd.resolve import resolve
from policyd.target import Target
from policyd.toolchain import Toolchain
from policyd.unit import TypedPolicy

BPFFS = Path("/sys/fs/bpf")
MINE = f"pd_test_{os.getpid()}_"
Objects = dict[tuple[str, int], dict[str, Any]]
"""What bpftool sees: (`prog`, `map` or `link`, id) and its facts."""

_numbers = itertools.count(1)

both_builders = pytest.mark.parametrize("host", ["clang", "bcc"], indirect=True)
"""For tests of which both builders must be seen to keep what they claim; the others use clang."""


@cache
def target() -> Target:
    return Target.running()


def resolve_text(
    text: str, overrides: dict[str, tuple[str, ...]] | None = None, file: str = "test.yaml"
) -> tuple[Given, ...]:
    """Return the policies of YAML (or JSON) text, with params set by hand."""
    found = []
    for policy in parse_policies(text.encode(), file).require():
        params = tuple(
            param.model_copy(update={"values": tuple((overrides or {})[param.name])})
            if param.name in (overrides or {})
            else param
            for param in policy.params
        )
        resolved = resolve(policy.model_copy(update={"params": params}), target(), ResolvingHost.running())
        found.append(Given(resolved.policy, tuple(str(problem) for problem in resolved.warnings)))
    return tuple(found)


def resolve_again(document: str, overrides: Any) -> tuple[TypedPolicy, tuple[str, ...]]:
    (given,) = resolve_text(document, overrides)
    return given.policy, given.warnings


@dataclass
class Host:
    """An engine on the running kernel, below a root of its own."""

    root: str
    objects: Path
    workers: int = 2
    builder: str = "clang"
    kernel: RealKernel = field(init=False)
    maker: Builder = field(init=False)
    engine: Engine = field(init=False)

    def __post_init__(self) -> None:
        self.kernel = RealKernel(self.root)
        kind, key_size, value_size, entries, flags = PROCESSES
        table = ProcessTable(kind, key_size, value_size, entries, snapshot, flags)
        self.maker = make_builder(self.builder, ObjectCache(self.objects))
        self.engine = Engine(self.kernel, Toolchain(target(), self.maker), resolve_again, table, workers=self.workers)

    def apply(self, *texts: str, **how: Any) -> Result:
        """Apply exactly these policies; fail if one of them fails."""
        result = self.try_apply(*texts, **how)
        assert not result.failed, [str(outcome.error) for outcome in result.failed]
        return result

    def try_apply(self, *texts: str, **how: Any) -> Result:
        given = tuple(itertools.chain.from_iterable(resolve_text(text) for text in texts))
        try:
            return self.engine.apply(Request(given, **{"prune": True, "allow_empty": True, **how}))
        finally:
            self.engine.guard.leave()  # what a test starts shall be signalled like any other process

    def pending_steps(self, *texts: str) -> tuple[str, ...]:
        given = tuple(itertools.chain.from_iterable(resolve_text(text) for text in texts))
        return self.engine.plan(Request(given, prune=True, allow_empty=True)).describe()

    def delete_all(self) -> None:
        self.engine.delete(None)

    def record(self, policy: str) -> PolicyRecord:
        found = read_record(self.kernel, policy_path(policy, "record"))
        assert found is not None, f"policy {policy} has no record"
        return found

    def count(self, policy: str, name: str) -> int:
        """Return the sum of all keys and CPUs of a counter."""
        record = self.record(policy).maps[name]
        fd = self.kernel.open(policy_path(policy, map_pin(policy, name, record.fingerprint)))
        assert fd is not None
        try:
            return sum(
                int.from_bytes(value[at : at + 8], "little") for _, value in self.kernel.items(fd) for at in _cells(value)
            )
        finally:
            self.kernel.close(fd)

    def account(self, policy: str) -> dict[str, int]:
        """Return a policy's row of the account, summed over CPUs."""
        fd = self.kernel.open("shared/account")
        assert fd is not None
        try:
            data = self.kernel.lookup(fd, self.record(policy).row.to_bytes(4, "little")) or b""
        finally:
            self.kernel.close(fd)
        width = ACCOUNT_BYTES
        rows = [data[at : at + width] for at in range(0, len(data), width)]
        return {
            name: sum(int.from_bytes(row[8 * n : 8 * n + 8], "little") for row in rows)
            for n, name in enumerate(ACCOUNT_COLUMNS)
        }

    def close(self) -> None:
        self.maker.close()
        self.delete_all()
        self.kernel.remove_tree("pending")
        path = Path(self.root)
        left = sorted(str(found) for found in path.rglob("*"))
        for name in sorted(path.rglob("*"), key=lambda found: -len(found.parts)):
            name.rmdir() if name.is_dir() else name.unlink()
        path.rmdir()
        assert not left, f"left in bpffs: {left}"


def _cells(value: bytes) -> range:
    return range(0, len(value), 8)


@pytest.fixture(scope="session")
def objects(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache of compiled objects that all tests share: the same policy is compiled once."""
    path = tmp_path_factory.mktemp("objects")
    path.chmod(0o700)
    return path


@pytest.fixture
def host(objects: Path, request: pytest.FixtureRequest) -> Iterator[Host]:
    found = Host(str(BPFFS / f"{MINE}{next(_numbers)}"), objects, builder=getattr(request, "param", "clang"))
    found.kernel.ensure_root()
    yield found
    found.close()


# ------------------------------------------------------------------------------------------------ leaks


@pytest.fixture(scope="session", autouse=True)
def _no_leaks() -> Iterator[None]:
    """Nothing of ours is left when the session ends: objects, pins, network namespaces."""
    if os.geteuid() != 0:
        yield
        return
    before = bpf_objects()
    yield
    assert_nothing_leaked(before)
    assert not [path.name for path in BPFFS.iterdir() if path.name.startswith(MINE)]
    assert not [path.name for path in Path("/run/netns").glob(f"pdt{os.getpid()}-*")]


def assert_nothing_leaked(before: Objects) -> None:
    """Fail if objects of ours are there that were not before: held by this process, or (if nobody else tests here) at all.

    The kernel frees what a link held only after a grace period or two.
    """
    assert not own_bpf_fds()
    end = time.monotonic() + 60
    alone = True
    while alone and (left := leaked(before)):
        assert time.monotonic() < end, f"leaked: {sorted(left)}"
        time.sleep(0.5)
        alone = all(path.name.startswith(MINE) for path in BPFFS.glob("pd*"))


def own_bpf_fds() -> list[str]:
    """Return what this process holds of bpf(2)."""
    found = []
    for path in list(Path("/proc/self/fd").iterdir()):
        with suppress(FileNotFoundError):  # the descriptor that read the directory
            found.append(str(path.readlink()))
    return [name for name in found if name.startswith(("anon_inode:bpf-", "anon_inode:bpf_link"))]


def bpf_objects(settle: float = 0) -> Objects:
    """Return what bpftool sees: (`prog`, `map` or `link`, id) → its facts.

    `settle`: seconds to wait first, after maps were let go.  bpftool opens every map by its id, and the kernel keeps a
    program array for ever that is opened and closed while its last user's release is under way: `prog_array_map_clear` takes
    a reference a release, and `schedule_work` runs once (`kernel/bpf/arraymap.c`; docs/decisions.md has the experiment).
    """
    time.sleep(settle)
    found = {}
    for kind in ("prog", "map", "link"):
        done = subprocess.run(["bpftool", "-j", kind, "show"], capture_output=True, text=True, check=False)
        for row in json.loads(done.stdout or "[]"):
            found[kind, row["id"]] = row
    return found


def leaked(before: Objects) -> set[tuple[str, int, str]]:
    """Return new objects with our names that no other process and no other root holds."""
    now = bpf_objects(settle=0.5)
    new = {key for key, row in now.items() if key not in before and str(row.get("name", "")).startswith("pd_")}
    return {(*key, str(now[key].get("name"))) for key in new - _held_by_others(now)}


def _held_by_others(now: Objects) -> set[tuple[str, int]]:
    held = _fds_of_others() | _pinned_elsewhere()
    todo = list(held)
    while todo:
        kind, number = todo.pop()
        row = now.get((kind, number), {})
        more = {("map", map_id) for map_id in row.get("map_ids", ())} if kind == "prog" else set()
        if kind == "link" and "prog_id" in row:
            more.add(("prog", row["prog_id"]))
        todo += more - held
        held |= more
    return held


def _fds_of_others() -> set[tuple[str, int]]:
    words = {"map_id": "map", "prog_id": "prog", "link_id": "link"}
    found = set()
    for path in Path("/proc").glob("[0-9]*/fdinfo/*"):
        if path.parts[2] == str(os.getpid()):
            continue
        try:
            lines = path.read_text().splitlines()
        except OSError:
            continue
        found |= {(words[name], int(value)) for name, _, value in (line.partition(":\t") for line in lines) if name in words}
    return found


def _pinned_elsewhere() -> set[tuple[str, int]]:
    """Return what is pinned below other roots (other tests may run beside these)."""
    found = set()
    pins = (Path(parent, name) for parent, _, names in os.walk(BPFFS) for name in names)  # directories may vanish meanwhile
    for path in pins:
        if path.relative_to(BPFFS).parts[0].startswith(MINE):
            continue
        for kind, ask in (("map", info.map_info), ("prog", info.program_info), ("link", info.link_info)):
            try:
                fd = attach.open_pin(str(path))
                if fd is None:
                    break
                try:
                    found.add((kind, ask(fd).id))
                finally:
                    os.close(fd)
            except Exception:
                continue
    return found
