"""The one choke point of every change to the kernel or bpffs, numbered so that a test can enumerate them.

Every `bpf(2)` command that changes something, every unlink, rename, mkdir, rmdir and mount goes through `run`; reads do not.
In normal use `run` calls its action and that is all.  A test sets `POLICYD_TEST_POINTS` to a comma-separated script:

    trace=FILE        append "NUMBER NAME DETAIL" of each point to FILE before the point is run
    kill-before=N     SIGKILL this process before point N
    kill-after=N      SIGKILL this process after point N, whether it succeeded or not
    fail=N:EBUSY      point N is not run, and fails with that errno

Points are numbered from 1 in the order in which a process reaches them.  This module imports nothing of policyd, so that
every layer that changes the kernel can import it.
"""

from __future__ import annotations

import errno
import itertools
import os
import signal
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

VARIABLE = "POLICYD_TEST_POINTS"

_Result = TypeVar("_Result")


@dataclass(frozen=True, slots=True)
class Script:
    """What a test asks of the points of one process; numbers count from 1, 0 is never."""

    trace: str = ""
    kill_before: int = 0
    kill_after: int = 0
    fail_at: int = 0
    fail_errno: int = 0

    @classmethod
    def parse(cls, text: str) -> Script:
        """Return the script that `text` spells; a word that is none of the script's raises ValueError."""
        facts: dict[str, str | int] = {}
        for word in filter(None, text.split(",")):
            name, _, value = word.partition("=")
            if name == "trace":
                facts["trace"] = value
            elif name in {"kill-before", "kill-after"}:
                facts[name.replace("-", "_")] = int(value)
            elif name == "fail":
                number, _, code = value.partition(":")
                facts |= {"fail_at": int(number), "fail_errno": getattr(errno, code)}
            else:
                raise ValueError(f"{VARIABLE}: unknown word {word!r}")
        return cls(**facts)  # type: ignore[arg-type]


_script = Script.parse(os.environ[VARIABLE]) if os.environ.get(VARIABLE) else None
_numbers = itertools.count(1)


def run(name: str, detail: str, action: Callable[[], _Result]) -> _Result:
    """Do `action`, which changes the kernel or bpffs.  `name` is the sort of change, `detail` what is changed.

    Errors of the action pass through; an injected one is an `OSError`, as the system call itself would raise it.
    """
    if _script is None:
        return action()
    return _run_scripted(_script, next(_numbers), f"{name} {detail}".rstrip(), action)


def _run_scripted(script: Script, number: int, text: str, action: Callable[[], _Result]) -> _Result:
    if script.trace:
        with Path(script.trace).open("a", encoding="utf-8") as file:
            file.write(f"{number} {text}\n")
    if number == script.kill_before:
        os.kill(os.getpid(), signal.SIGKILL)
    if number == script.fail_at:
        raise OSError(script.fail_errno, os.strerror(script.fail_errno))
    try:
        return action()
    finally:
        if number == script.kill_after:
            os.kill(os.getpid(), signal.SIGKILL)
