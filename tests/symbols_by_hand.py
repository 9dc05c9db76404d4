"""Programs and folders of /proc for the tests of symbols: small, compiled here, and running where they have to."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from policyd.elf import Image, build_id_of
from policyd.elf.code_map import CodeMap

SOURCE = """
#include <unistd.h>
__attribute__((noinline)) int inner(int number) { char byte; read(0, &byte, 1); return number + 1; }
static __attribute__((noinline, used)) int middle(int number) { return inner(number) * 2; }
int main(void) { write(1, "ready\\n", 6); return middle(3) == 0; }
"""


def run(*command: str | Path) -> str:
    return subprocess.run([str(part) for part in command], check=True, capture_output=True, text=True).stdout


def compiled(path: Path, *options: str) -> Path:
    """Compile the program to `path`, with its symbols and a build id."""
    source = path.with_suffix(".c")
    source.write_text(SOURCE, encoding="utf-8")
    run("gcc", "-O1", "-g", "-Wl,--build-id", *options, "-o", path, source)
    return path


def separated(path: Path, debug: Path, link: bool = False) -> Path:
    """Move the symbols of a program to a debug file, and leave the debug file's name in it if asked for."""
    debug.parent.mkdir(parents=True, exist_ok=True)
    run("objcopy", "--only-keep-debug", path, debug)
    run("strip", path)
    if link:
        run("objcopy", f"--add-gnu-debuglink={debug}", path)
    return path


def debug_path(folder: Path, program: Path) -> Path:
    """Return where the debug file of a program goes by its build id."""
    build_id = build_id_of(str(program))
    return folder / ".build-id" / build_id[:2] / f"{build_id[2:]}.debug"


def place_of(program: Path, function: str) -> int:
    """Return the file offset of a byte inside a function of a program that has its symbols."""
    with Image.open(str(program)) as image:
        code = CodeMap.read(image)
        for line in run("nm", program).splitlines():
            address, _, name = line.split()[-3:] if len(line.split()) > 2 else ("", "", "")
            if name == function:
                offset = image.tables.file_offset(int(address, 16))
                assert offset is not None
                assert code.find(offset) == (function, offset)
                return offset + 4
    raise AssertionError(f"{program} has no {function}")


@contextmanager
def running(program: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Have the program run, waiting in `inner`, for the length of the block."""
    with subprocess.Popen([str(program)], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        try:
            yield process
        finally:
            process.kill()


def in_memory(pid: int, program: Path, offset: int) -> int:
    """Return the address at which a process has the byte at an offset of a program's file."""
    for line in Path(f"/proc/{pid}/maps").read_text(encoding="utf-8").splitlines():
        fields = line.split(None, 5)
        start, end = (int(part, 16) for part in fields[0].split("-"))
        at = int(fields[2], 16)
        if len(fields) > 5 and fields[5].startswith(str(program)) and "x" in fields[1] and at <= offset < at + end - start:
            return start + offset - at
    raise AssertionError(f"{program} is not mapped")
