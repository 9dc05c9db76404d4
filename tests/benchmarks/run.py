"""Run benchmarks by hand, as root, on a quiet machine: `.venv/bin/python tests/benchmarks/run.py [apply] [builders] …`.

Prints tables, and writes what was found, with the machine it was found on, to `results/` beside this file.
"""

from __future__ import annotations

import datetime
import json
import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path

import agent
import apply
import bench
import builders
import cost
import events
import language
import pump
import rules
import shipped
import symbols

from policyd.builders.bcc_server import Bcc


def machine() -> dict[str, str]:
    """Return what a figure depends on."""
    clang = subprocess.run(["clang", "--version"], capture_output=True, text=True, check=True).stdout.splitlines()[0]
    tracer = shutil.which("bpftrace")
    version = subprocess.run([tracer, "--version"], capture_output=True, text=True, check=True).stdout if tracer else "none"
    return {
        "kernel": platform.release(),
        "cpus": str(os.cpu_count()),
        "python": platform.python_version(),
        "clang": clang,
        "bcc": Bcc.version() or "none",
        "bpftrace": version.strip(),
    }


def main(names: list[str]) -> int:
    known = {
        "agent": (agent.measure, agent.report),
        "apply": (lambda _: apply.measure(), apply.report),
        "builders": (lambda _: builders.measure(), builders.report),
        "cost": (cost.measure, cost.report),
        "events": (events.measure, events.report),
        "language": (language.measure, language.report),
        "pump": (pump.measure, pump.report),
        "rules": (rules.measure, rules.report),
        "shipped": (shipped.measure, shipped.report),
        "symbols": (symbols.measure, symbols.report),
    }
    unknown = [name for name in names if name not in known]
    if unknown or os.geteuid() != 0:
        print(f"usage, as root: run.py [{'] ['.join(known)}]", file=sys.stderr)
        return 64
    results: dict[str, object] = {"machine": machine()}
    print("  ".join(f"{name}: {value}" for name, value in machine().items()))
    try:
        with bench.workshop() as build:
            for name in names or known:
                measure, report = known[name]
                results[name] = found = measure(build)
                report(found)
    finally:
        subprocess.run([bench.POLICYD, "--root", bench.ROOT, "delete", "--all"], capture_output=True, check=False)
    folder = Path(__file__).resolve().parent / "results"
    folder.mkdir(exist_ok=True)
    file = folder / f"{datetime.datetime.now(datetime.UTC):%Y%m%d-%H%M%S}.json"
    file.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")
    print(f"\nwritten to {file}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
