"""`policyd run` as a process of its own, below the test's bpffs root, with a socket and a folder of its own."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from policyd.api.client import AgentClient
from policyd.errors import NotFoundError, PolicydError
from policyd.health import AgentStatus, SourceStatus

SECONDS = 120.0


def until(condition: Callable[[], Any], seconds: float = SECONDS) -> Any:
    """Wait until a condition holds, and return what it returned; fail after so many seconds."""
    end = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < end, "it has not come about"
        time.sleep(0.05)  # each look may cost the agent an answer
    return found


@dataclass
class RunningAgent:
    """An agent over the folder `policies` in `directory`, as the source `base`."""

    root: str
    directory: Path
    options: tuple[str, ...] = ()
    process: subprocess.Popen[str] = field(init=False)

    def __post_init__(self) -> None:
        self.folder.mkdir(exist_ok=True)
        self.start()

    @property
    def folder(self) -> Path:
        return self.directory / "policies"

    @property
    def client(self) -> AgentClient:
        return AgentClient(str(self.directory / "agent.sock"))

    @property
    def log(self) -> list[dict[str, Any]]:
        """What the agent has logged."""
        lines = (self.directory / "agent.log").read_text("utf-8").splitlines()
        return [json.loads(line) for line in lines if line.startswith("{")]

    def start(self) -> None:
        """Start it (anew), and wait until it has looked at its sources once."""
        with (self.directory / "agent.log").open("a") as out:
            self.process = subprocess.Popen(
                [
                    *(sys.executable, "-m", "policyd", "--root", self.root, "run"),
                    *("--source", f"base={self.folder}", "--listen", f"unix:{self.client.path}"),
                    *("--log-format", "json", *self.options),
                ],
                stderr=out, text=True,
            )  # fmt: skip
        until(self._is_ready)

    def _is_ready(self) -> bool:
        assert self.process.poll() is None, (self.directory / "agent.log").read_text("utf-8")
        try:
            return self.source().state != "Pending"
        except (NotFoundError, PolicydError):
            return False

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Send a signal, wait for the end, and return the exit code."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.process.wait(SECONDS)

    def write(self, name: str, text: str) -> None:
        """Put a file into the folder as a careful program does: whole."""
        aside = self.directory / f"{name}.new"
        aside.write_text(text, encoding="utf-8")
        aside.replace(self.folder / name)

    def status(self) -> AgentStatus:
        return self.client.status()

    def source(self) -> SourceStatus:
        return self.client.source("base")

    def becomes(self, state: str, *policies: str) -> SourceStatus:
        """Wait until the source has this state, and runs these policies."""

        def settled() -> SourceStatus | None:
            found = self.source()
            return found if (found.state, found.policies) == (state, policies) else None

        return until(settled)  # type: ignore[no-any-return]

    def repaired(self, where: str, number: int = 1) -> None:
        """Wait until so many repairs at a place have been told."""
        until(lambda: len([row for row in self.status().drift if row.where == where and row.repaired]) >= number)


@contextmanager
def running_agent(root: str, directory: Path, *options: str) -> Iterator[RunningAgent]:
    """An agent for the length of a `with` block; what it has pinned for itself goes at the end."""
    agent = RunningAgent(root, directory, options)
    try:
        yield agent
    finally:
        if agent.process.poll() is None:
            agent.process.kill()
        agent.process.wait()
        sources = Path(root, "sources")
        for path in sorted(sources.rglob("*"), reverse=True):
            path.rmdir() if path.is_dir() else path.unlink()
        if sources.exists():
            sources.rmdir()
