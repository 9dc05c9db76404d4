"""policyd's command line, without the half second that each new interpreter takes to import it.

One process has imported all of policyd and has run none of it.  For each command it forks a child, which is the program from
then on: its words, environment, directory, streams and network are those of whoever asks (`policyd`, below).
"""

from __future__ import annotations

import atexit
import ctypes
import gc
import json
import os
import pkgutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from contextlib import ExitStack
from functools import cache
from importlib import import_module
from pathlib import Path

SECONDS = 180.0
_CLONE_NEWNET = 0x40000000
_LEFT_OUT = ("policyd.__main__", "policyd.cli.run")
"""Not imported before: the first runs at once, the second would hide the function `policyd.cli.run`."""


def policyd(*words: str, environment: dict[str, str], directory: Path, text: str = "") -> subprocess.CompletedProcess[str]:
    """Run `policyd WORDS…` with `text` as its input; return its exit code (negative: a signal) and what it printed."""
    command = ["policyd", *words]
    with ExitStack() as stack:
        streams = [stack.enter_context(tempfile.TemporaryFile("w+", encoding="utf-8")) for _ in range(3)]
        streams[0].write(text)
        streams[0].seek(0)
        network = stack.enter_context(Path("/proc/thread-self/ns/net").open("rb"))
        told, telling = map(stack.enter_context, socket.socketpair())
        request = json.dumps([command, environment, str(directory)]).encode()
        socket.send_fds(_interpreter(), [request], [each.fileno() for each in (*streams, network, telling)])
        telling.close()
        code = _wait(told, command)
        for stream in streams:
            stream.seek(0)
        return subprocess.CompletedProcess(command, code, streams[1].read(), streams[2].read())


def _wait(told: socket.socket, command: list[str]) -> int:
    """Return the exit code; a program that takes too long is killed."""
    told.settimeout(SECONDS)
    with told.makefile() as lines:
        pid = lines.readline()
        assert pid, f"{command} was not started: what {__file__} said about that is among this test's output"
        try:
            return int(lines.readline())
        except TimeoutError:
            os.kill(int(pid), signal.SIGKILL)
            raise subprocess.TimeoutExpired(command, SECONDS) from None


@cache
def _interpreter() -> socket.socket:
    """Start the process that forks programs; it ends when nobody holds this end of the socket any more."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with theirs:
        process = subprocess.Popen(
            [sys.executable, __file__, str(theirs.fileno())],
            pass_fds=[theirs.fileno()], start_new_session=True, env=os.environ | {"PYDANTIC_DISABLE_PLUGINS": "__all__"},
        )  # fmt: skip
    atexit.register(process.wait)
    atexit.register(ours.close)  # called before
    return ours


# ------------------------------------------------------------------------------------------------ in that process


def _serve(asked: socket.socket) -> None:
    """Fork a child for each request, until nobody can ask any more."""
    import policyd  # noqa: PLC0415 (the name is that of the function above)

    for module in pkgutil.walk_packages(policyd.__path__, "policyd."):
        if module.name not in _LEFT_OUT:
            import_module(module.name)
    gc.freeze()  # else each child would copy what it looks through
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for these
    while True:
        request, given, _, _ = socket.recv_fds(asked, 1 << 18, 5)
        if not request:
            return
        if os.fork() == 0:
            asked.close()
            _run(json.loads(request), *given)
        for fd in given:
            os.close(fd)


def _run(request: tuple[list[str], dict[str, str], str], *given: int) -> None:
    """Be the parent of a program: tell its process id and its exit code.  Never returns; neither does the program."""
    *streams, network, telling = given
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    child = os.fork()
    if child == 0:
        os.close(telling)
        _be_the_program(request, streams, network)
    os.write(telling, b"%d\n" % child)
    os.write(telling, b"%d\n" % os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
    os._exit(0)


def _be_the_program(request: tuple[list[str], dict[str, str], str], streams: list[int], network: int) -> None:
    from policyd.cli import main  # noqa: PLC0415

    if ctypes.CDLL(None, use_errno=True).setns(network, _CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), "setns")
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
    for fd in (*streams, network):
        os.close(fd)
    sys.stdin, sys.stdout, sys.stderr = (os.fdopen(n, mode) for n, mode in enumerate("rww"))
    sys.argv, environment, directory = request
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(directory)
    code = main()
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)  # and not all of an interpreter's end, which would touch, and so copy, whatever was imported


if __name__ == "__main__":
    with socket.socket(fileno=int(sys.argv[1])) as socket_of_the_tests:
        _serve(socket_of_the_tests)
