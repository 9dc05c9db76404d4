"""What the cases of `test_proof.py` share: the policies as they were applied, and how something is made to happen."""

from __future__ import annotations

import ctypes
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from policyd.reading import open_policy

if TYPE_CHECKING:
    from conftest import Host

    from policyd.reading.metrics import Family

CASES: dict[str, Callable[[Proof], None]] = {}
"""The case of each policy, by its name."""
ALONE = {"memory-held"}
"""Policies that their case applies by itself, for one process."""
CHECKOUT = Path(__file__).resolve().parents[2]
LIBC = ctypes.CDLL(None, use_errno=True)
LIBC.syscall.restype = ctypes.c_long


@dataclass
class Proof:
    """All policies of the folder, applied; `folder` is a place for files."""

    host: Host
    folder: Path
    policy: str = ""
    looked_at: set[str] = field(default_factory=set)
    _seen: dict[str, list[Any]] = field(default_factory=dict)

    def events(self, rule: str = "") -> list[Any]:
        """Return the events of the policy so far, of one rule if it is named."""
        self.looked_at.add(self.policy)
        seen = self._seen.setdefault(self.policy, [])
        seen += open_policy(self.host.kernel, self.policy).events()
        return [event for event in seen if not rule or event.origin.rule == rule]

    def has(self, rule: str = "", **wanted: object) -> bool:
        """Whether some event has these fields."""
        found = [event.fields for event in self.events(rule)]
        return any(all(fields.get(name) == value for name, value in wanted.items()) for fields in found)

    def family(self, name: str) -> Family:
        self.looked_at.add(self.policy)
        return next(one for one in open_policy(self.host.kernel, self.policy).families() if one.name == name)

    def value(self, name: str, **labels: str) -> Any:
        """Return the one value of a metric whose series has these labels."""
        found = [value for of, value in self.family(name).series if labels.items() <= of.items()]
        assert len(found) == 1, (name, labels, self.family(name).series)
        return found[0]

    @contextmanager
    def alone(self, text: str) -> Iterator[None]:
        """Run a policy of `ALONE` below a root of its own, and look at that one."""
        shared = self.host
        self.host = replace(shared, root=f"{shared.root}-alone")
        self.host.kernel.ensure_root()
        try:
            self.host.apply(text)
            yield
        finally:
            self.host.close()
            self.host = shared

    def left_out(self) -> set[str]:
        """Return the rules of the policy that do not apply to this kernel."""
        self.looked_at.add(self.policy)
        return {rule for rule, _ in self.host.record(self.policy).not_applicable}


def until(found: Callable[[], object], act: Callable[[], object] = lambda: time.sleep(0.02)) -> None:
    """Do something again and again until it has shown."""
    end = time.monotonic() + 60
    while not found():
        assert time.monotonic() < end, "it has not shown in a minute"
        act()


def case(function: Callable[[Proof], None]) -> Callable[[Proof], None]:
    """Enter a function as the case of the policy that it is named after."""
    CASES[function.__name__.strip("_").replace("_", "-")] = function
    return function


def run(*words: str) -> None:
    subprocess.run(words, check=True, capture_output=True, timeout=30)


def act(program: str) -> str:
    """Run a Python program in a process of its own; return what it prints."""
    head = "import ctypes, os, socket, sys\nlibc = ctypes.CDLL(None, use_errno=True)\n"
    command = [sys.executable, "-c", head + program]
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=30).stdout


def comm() -> str:
    return Path("/proc/thread-self/comm").read_text(encoding="utf-8").strip()
