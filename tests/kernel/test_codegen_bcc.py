"""The generated C is in the dialect that bcc takes too: every golden case is built with it, and loads.

What the dialect forbids is refused, by bcc or by the verifier, and never runs as something else.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from binaries_by_hand import HandBinaries
from conftest import target

from policyd.builders.bcc import BccBuilder
from policyd.codegen import PROCESSES, render
from policyd.codegen.source import Source
from policyd.engine import ProcessTable
from policyd.engine.maps import create_shared
from policyd.errors import BuildError
from policyd.kernel.attachable import AttachFeatures
from policyd.kernel.real import RealKernel
from policyd.observe import Observed
from policyd.parsing import load
from policyd.plan.rows import allot_rows
from policyd.resolve import Host, resolve
from policyd.unit import AttachPoint, BoundUnit, gather

pytestmark = pytest.mark.kernel

GOLDEN = sorted((Path(__file__).resolve().parent.parent / "golden").glob("*.yaml"))
HOST = Host({"lo": "ethernet", "eth0": "ethernet", "wg0": "none"}, "/sys/fs/cgroup", lambda _: True, HandBinaries())
TABLE = ProcessTable(*PROCESSES[:4], lambda: (), PROCESSES[4])
TYPED = ("fentry", "fexit", "fmod_ret", "lsm")
"""Programs that the kernel loads only if it has the means to attach them."""
POINT = AttachPoint("tracepoint", "syscalls/sys_enter_vhangup")
ENTRY = '__attribute__((section("policyd"), used)) int pd_a(int *c)'
REFUSED = {
    "a function that is not inlined": "static __attribute__((noinline)) int f(int *c) { return *c; }"
    f" {ENTRY} {{ return f(c) + f(c + 1); }}",
    "a function of elsewhere": f"extern int f(int *c); {ENTRY} {{ return f(c); }}",
    "a variable": f"int counter = 1; {ENTRY} {{ return counter++; }}",
    "a table": f"static const int table[4] = {{1, 2, 3, 4}}; {ENTRY} {{ return table[*c & 3]; }}",
    "a name that nobody declared": f"{ENTRY} {{ return missing; }}",
    "a division with a sign": f"{ENTRY} {{ return *c / -3; }}",
}
"""What the dialect forbids: mostly what clang would take."""


@pytest.fixture(scope="module")
def builder() -> Iterator[BccBuilder]:
    found = BccBuilder()
    yield found
    found.close()


def units(case: Path) -> Iterator[tuple[Source, AttachPoint, dict[str, object]]]:
    """Yield the units of a golden case, made for this kernel, with the map classes that they name."""
    typed = [resolve(policy, target(), HOST).policy for policy in load([str(case)]).require()]
    desired = gather(typed)
    rows = allot_rows(desired, Observed())
    specs = {(spec.policy, spec.name): spec for policy in typed for spec in policy.maps}
    classes = {spec.map_class.name: spec.map_class for spec in specs.values()}
    for unit in desired.units:
        calls = {"calls": unit.calls.map_class} if unit.calls else {}
        yield render(BoundUnit(unit, rows, specs), target()), unit.attach_point, {**classes, **calls}


@pytest.mark.parametrize("case", GOLDEN, ids=lambda case: case.stem)
def test_a_golden_case_is_built_with_bcc(builder: BccBuilder, case: Path) -> None:
    kernel = RealKernel("/sys/fs/bpf/policyd")  # makes maps only: nothing is pinned
    can_load = {kind: there for kind, there in AttachFeatures().items() if kind in TYPED}
    found = list(units(case))
    compiled = builder.compile_many({str(number): source for number, (source, *_) in enumerate(found)})
    for (source, point, classes), made in zip(found, compiled.values(), strict=True):
        assert isinstance(made, bytes), made
        if not can_load.get(point.kind, True):
            continue
        with ExitStack() as stack:
            maps = {}
            for symbol, name in source.shared:
                maps[symbol] = create_shared(kernel, name, classes.get(symbol), TABLE)  # type: ignore[arg-type]
                stack.callback(os.close, maps[symbol])
            programs = builder.load(made, source, point, maps)
            for fd in programs:
                stack.callback(os.close, fd)
            assert [kernel.program_info(fd).name for fd in programs] == list(source.programs)


@pytest.mark.parametrize("name", REFUSED)
def test_what_the_dialect_forbids_is_refused(builder: BccBuilder, name: str) -> None:
    with pytest.raises(BuildError):
        builder.build(Source(REFUSED[name], ("pd_a",), (), ()), POINT, {})
