"""Run by the system's interpreter, which has bcc: compiles and loads programs one after another, and says how each went.

Usage: bcc_child.py HEADERS < JOBS   A job is {name, file, maps, programs, type, attach_type}; `maps` are descriptors that
this process has inherited, by name: `MAP(name)` is `PD_FD_name`.  Prints a JSON object: name → null, or why it was refused.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

FLAGS = ("-Wno-everything", "-D_UAPI__LINUX_BPF_H__", "-DPD_TYPES", "-DPD_LITERAL_MAPS")


def main(headers: str) -> None:
    os.environ["BCC_KERNEL_SOURCE"] = headers
    os.chdir(headers)
    jobs = json.load(sys.stdin)
    print(json.dumps({job["name"]: attempt(job) for job in jobs}))


def attempt(job: dict[str, Any]) -> str | None:
    """Compile and load a job; return what bcc said if it refused: it writes that to its standard error only."""
    from bcc import BPF  # type: ignore[import-not-found]  # noqa: PLC0415 (it looks at the environment)

    flags = [*FLAGS, *(f"-DPD_FD_{name}={fd}" for name, fd in job["maps"].items())]
    with tempfile.TemporaryFile() as said:
        before = os.dup(2)
        os.dup2(said.fileno(), 2)
        try:
            compiled = BPF(text=Path(job["file"]).read_text(), cflags=flags)
            for program in job["programs"]:
                compiled.load_func(program, job["type"], attach_type=job["attach_type"])
        except Exception as error:  # bcc raises plain ones
            said.seek(0)
            return f"{error}\n{said.read().decode(errors='replace')[-3000:]}"
        finally:
            os.dup2(before, 2)
            os.close(before)
    return None


if __name__ == "__main__":
    main(sys.argv[1])
