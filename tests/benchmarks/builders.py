"""Both builders side by side, on all programs of policies/: time to compile, from the cache, to load; size; memory."""

from __future__ import annotations

import os
import resource
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import bench

from policyd.builders.bcc import BccBuilder
from policyd.builders.bcc_server import Bcc, Job, Result
from policyd.builders.building import CachingBuilder
from policyd.builders.cache import ObjectCache
from policyd.builders.clang import ClangBuilder
from policyd.codegen import PROCESSES, render
from policyd.codegen.source import Source
from policyd.engine import ProcessTable
from policyd.engine.maps import create_shared
from policyd.kernel.bpf.info import program_info
from policyd.kernel.real import RealKernel
from policyd.maps import MapClass
from policyd.observe import Observed
from policyd.parsing import load
from policyd.plan.rows import allot_rows
from policyd.resolve import Host, resolve
from policyd.target import Target
from policyd.unit import AttachPoint, BoundUnit, gather

Unit = tuple[Source, AttachPoint, dict[str, MapClass]]
POLICIES = bench.HERE.parents[1] / "policies"
TABLE = ProcessTable(*PROCESSES[:4], lambda: (), PROCESSES[4])


class Watched(Bcc):
    """A bcc that remembers how much memory its largest job took."""

    peak_kib = 0

    def compile(self, job: Job) -> Result:
        result = super().compile(job)
        self.peak_kib = max(self.peak_kib, result.peak_kib)
        return result


def units() -> dict[str, Unit]:
    """Return the C of all shipped policies together, for this kernel, by attach point."""
    target, host = Target.running(), Host.running()
    typed = [resolve(policy, target, host).policy for policy in load([str(POLICIES)]).require()]
    desired = gather(typed)
    rows = allot_rows(desired, Observed())
    specs = {(spec.policy, spec.name): spec for policy in typed for spec in policy.maps}
    classes = {spec.map_class.name: spec.map_class for spec in specs.values()}
    return {
        unit.attach_point.key: (render(BoundUnit(unit, rows, specs), target), unit.attach_point, classes)
        for unit in desired.units
    }


def timed_loads(builder: CachingBuilder, found: dict[str, Unit], made: dict[str, Any]) -> tuple[float, int]:
    """Return the seconds that loading all programs takes, without the making of shared maps, and their instructions."""
    kernel, seconds, count = RealKernel(bench.ROOT), 0.0, 0
    for key, (source, point, classes) in found.items():
        with ExitStack() as stack:
            maps = {}
            for symbol, name in source.shared:
                maps[symbol] = create_shared(kernel, name, classes.get(symbol), TABLE)
                stack.callback(os.close, maps[symbol])
            start = time.monotonic()
            fds = builder.load(made[key], source, point, maps)
            seconds += time.monotonic() - start
            for fd in fds:
                count += program_info(fd).verified_instructions
                os.close(fd)
    return seconds, count


def measured(name: str, found: dict[str, Unit]) -> dict[str, float]:
    """Return what one builder takes, by what was done."""
    sources = {key: source for key, (source, *_) in found.items()}
    one = dict([next(iter(sources.items()))])
    with tempfile.TemporaryDirectory(prefix="policyd-benchmark-") as folder:

        def timed(wanted: dict[str, Source], cache: str) -> tuple[float, dict[str, Any], int]:
            """Compile as a new process would: with nothing started."""
            bcc, place = Watched(), Path(folder) / cache
            objects = ObjectCache(place)
            builder = BccBuilder(objects, bcc) if name == "bcc" else ClangBuilder(objects)
            start = time.monotonic()
            made = builder.compile_many(wanted)
            took = time.monotonic() - start
            builder.close()
            objects.close()
            return took, made, bcc.peak_kib

        single, _, _ = timed(one, "one")
        cold, made, peak = timed(sources, "all")
        cached, _, _ = timed(sources, "all")
        loaded, instructions = timed_loads(BccBuilder() if name == "bcc" else ClangBuilder(), found, made)
    largest = max(peak, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss if name == "clang" else 0)
    return {
        "compile one, s": single,
        f"compile all {len(sources)}, s": cold,
        "the same from the cache, s": cached,
        "load all, s": loaded,
        "instructions verified": instructions,
        "size of the results, KiB": sum(len(one) for one in made.values()) / 1024,
        "largest compiler process, MiB": largest / 1024,
    }


def measure() -> dict[str, dict[str, float]]:
    """Return what each builder takes; clang first, for its largest process is that of all children until then."""
    found = units()
    return {name: measured(name, found) for name in ("clang", "bcc")}


def report(found: dict[str, dict[str, float]]) -> None:
    """Print both, side by side, and how many times clang's figure bcc's is."""
    clang, bcc = found["clang"], found["bcc"]
    rows = [(what, _shown(value), _shown(bcc[what]), f"{bcc[what] / value:.2f}") for what, value in clang.items()]
    bench.table("Builders", ("what", "clang", "bcc", "ratio"), rows)


def _shown(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.2f}"
