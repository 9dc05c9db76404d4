"""The lane `vm`: fetch kernels, boot each once, run the suite in it; as many at a time as there are CPUs.

Called by `scripts/test-vm`, which has installed what this needs and says where modules are (this folder and tests/kernel).
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import guests
from archives import CHECKOUT, LaneError, NetworkError, UnavailableError
from kernels import NEWEST, Kernel, fetch
from suite import Run
from transcripts import in_turn

DEFAULT = ("6.1", "6.12")
FOUND = CHECKOUT / "tests/vm/found"
CANNOT = 77
"""The exit code where this machine cannot run the lane."""


def main() -> int:
    parser = argparse.ArgumentParser(prog="scripts/test-vm", description="Run tests/vm on kernels of other versions.")
    parser.add_argument(
        "kernels", nargs="*", default=DEFAULT, metavar="KERNEL", help=f"6.1, 6.12 (the default), {NEWEST}, ubuntu-6.8…"
    )
    parser.add_argument("-k", default="", metavar="WORDS", help="only the tests that pytest's -k selects")
    parser.add_argument("--fetch", action="store_true", help="only fetch the kernels")
    parser.add_argument("--write-docs", action="store_true", help="write what was found into docs/support.md")
    options = parser.parse_args()
    kernels = [fetch(name) for name in options.kernels]
    if options.fetch:
        return 0
    runs = [Run(kernel, script, options.k) for kernel, script in zip(kernels, in_turn(len(kernels)), strict=True)]
    with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        try:
            for done in [pool.submit(run.run) for run in runs]:
                done.result()
        finally:
            guests.stopping.set()
    if options.write_docs:
        _write([run.kernel for run in runs if run.passed])
    print("test-vm: " + ", ".join(str(run) for run in runs))
    return 0 if all(run.passed for run in runs) else 1


def _write(kernels: list[Kernel]) -> None:
    """Keep what was found on each kernel, for the tables of docs/support.md."""
    for kernel in kernels:
        found = json.loads((kernel.shared / "found.json").read_text())
        (FOUND / f"{kernel.name}.json").write_text(json.dumps(found, indent=1, sort_keys=True) + "\n")
    subprocess.run([CHECKOUT / "scripts/generate-docs"], check=True)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # guests are ended either way
    try:
        sys.exit(main())
    except UnavailableError as error:
        print(f"test-vm: {error}")
        sys.exit(CANNOT)
    except NetworkError as error:
        sys.exit(f"test-vm: {error}\ntest-vm: FAILED: the kernels could not be fetched: is there a network?")
    except (LaneError, subprocess.CalledProcessError) as error:
        sys.exit(f"test-vm: {error}")
    except KeyboardInterrupt:
        sys.exit("test-vm: interrupted")
