"""The lane `vm`: fetch kernels, boot each once, run the suite in it; as many at a time as there are CPUs.

Called by `scripts/test-vm`, which has installed what this needs and says where modules are (this folder and tests/kernel).
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import guests
import page
from kernels import NEWEST, LaneError, UnavailableError, fetch
from suite import Run
from transcripts import in_turn

DEFAULT = ("6.1", "6.12")
CANNOT = 77
"""The exit code where this machine cannot run the lane."""


def main() -> int:
    parser = argparse.ArgumentParser(prog="scripts/test-vm", description="Run tests/vm on kernels of other versions.")
    parser.add_argument("kernels", nargs="*", default=DEFAULT, metavar="KERNEL", help=f"6.1, 6.12 (the default), {NEWEST}…")
    parser.add_argument("-k", default="", metavar="WORDS", help="only the tests that pytest's -k selects")
    parser.add_argument("--write-docs", action="store_true", help="write what was found into docs/kernels.md")
    options = parser.parse_args()
    kernels = [fetch(name) for name in options.kernels]
    runs = [Run(kernel, script, options.k) for kernel, script in zip(kernels, in_turn(len(kernels)), strict=True)]
    with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        try:
            for done in [pool.submit(run.run) for run in runs]:
                done.result()
        finally:
            guests.stopping.set()
    for run in runs:
        if run.passed and options.write_docs:
            page.write(run.kernel.name, json.loads((run.kernel.shared / "found.json").read_text()))
    print("test-vm: " + ", ".join(str(run) for run in runs))
    return 0 if all(run.passed for run in runs) else 1


if __name__ == "__main__":
    try:
        sys.exit(main())
    except UnavailableError as error:
        print(f"test-vm: {error}")
        sys.exit(CANNOT)
    except (LaneError, subprocess.CalledProcessError) as error:
        sys.exit(f"test-vm: {error}")
