"""The program of `data/probed.c`, compiled, stripped in several ways, and run: for the tests of user-space hooks."""

from __future__ import annotations

import lzma
import subprocess
from pathlib import Path

SOURCE = Path(__file__).parent / "data" / "probed.c"


def run(*command: str | Path) -> str:
    return subprocess.run([str(part) for part in command], check=True, capture_output=True, text=True).stdout


def compile_probed(path: Path, *options: str) -> Path:
    """Compile the program to `path`; it keeps its symbols."""
    run("gcc", "-O1", "-rdynamic" if "-static" not in options else "-O1", *options, "-o", path, SOURCE)
    return path


def strip(path: Path) -> Path:
    """Leave dynamic symbols only."""
    run("strip", path)
    return path


def hide_symbols(path: Path) -> Path:
    """Strip a program, and keep its functions in `.gnu_debugdata` as Fedora does."""
    mini = path.with_suffix(".mini")
    run("objcopy", "--only-keep-debug", path, mini)
    run("objcopy", "--strip-debug", "--remove-section=.comment", mini)
    packed = path.with_suffix(".xz")
    packed.write_bytes(lzma.compress(mini.read_bytes()))
    strip(path)
    run("objcopy", f"--add-section=.gnu_debugdata={packed}", path)
    return path


class Probed:
    """The program, running: `tell` gives it one command and returns its answer."""

    def __init__(self, path: Path) -> None:
        self.process = subprocess.Popen([str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def __enter__(self) -> Probed:
        return self

    def __exit__(self, *_: object) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait(timeout=60)
        assert self.process.stdout is not None
        self.process.stdout.close()

    @property
    def pid(self) -> int:
        return self.process.pid

    def send(self, command: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(f"{command}\n")
        self.process.stdin.flush()

    def answer(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def tell(self, command: str) -> str:
        self.send(command)
        return self.answer()
