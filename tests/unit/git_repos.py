"""Real git repositories and sources of them, for tests: every commit has the time that a test gives it."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from policyd.config import model
from policyd.sources.git import GitSource
from policyd.sources.git_run import Limits

if TYPE_CHECKING:
    from pathlib import Path

START = 1_795_000_000  # 2026-11-18
PLAIN = {
    "PATH": os.environ["PATH"],
    "HOME": "/nonexistent",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_AUTHOR_NAME": "Alice",
    "GIT_AUTHOR_EMAIL": "alice@example.com",
    "GIT_COMMITTER_NAME": "Alice",
    "GIT_COMMITTER_EMAIL": "alice@example.com",
}


@dataclass
class Repository:
    """A repository with a work tree, on branch `main`; commits are an hour apart."""

    path: Path
    hours: int = 0

    @classmethod
    def new(cls, path: Path, *options: str) -> Repository:
        path.mkdir(parents=True)
        made = cls(path)
        made.git("init", "-q", "-b", "main", *options)
        made.git("config", "uploadpack.allowFilter", "true")
        return made

    @property
    def url(self) -> str:
        return f"file://{self.path}"

    @property
    def time(self) -> int:
        return START + 3600 * self.hours

    def git(self, *words: str, given: bytes | None = None) -> str:
        date = f"{self.time} +0000"
        environment = PLAIN | {"GIT_AUTHOR_DATE": date, "GIT_COMMITTER_DATE": date}
        done = subprocess.run(["git", *words], cwd=self.path, env=environment, input=given, capture_output=True, check=False)
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout.decode().strip()

    def write(self, **files: str | bytes) -> None:
        """Write files; `__` in a name is a dot, and the rest is put below `policies/`."""
        for name, text in files.items():
            self.put("policies/" + name.replace("__", "."), text)

    def put(self, name: str, text: str | bytes) -> None:
        file = self.path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text if isinstance(text, bytes) else text.encode())

    def commit(self, *options: str, **files: str | bytes) -> str:
        """Commit what is there and these files; return the commit's id."""
        self.hours += 1
        self.write(**files)
        self.git("add", "--all")
        self.git("commit", "-q", "--allow-empty", "-m", f"hour {self.hours}", *options)
        return self.head()

    def head(self, ref: str = "HEAD") -> str:
        return self.git("rev-parse", ref)


def source_of(url: str, state: Path, limits: Limits | None = None, **config: Any) -> GitSource:
    """Return a source of the folder `policies` of a repository, as the configuration would make it."""
    return GitSource("team", model.GitSource(**{"url": url, "path": "policies", **config}), state, limits)
