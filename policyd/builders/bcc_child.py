"""The process that has bcc in it: run by the distribution's interpreter, never imported.  C in, instructions out.

bcc is not thread safe, holds 75 MB of LLVM, changes the working directory and ends its process when LLVM is not pleased.  So
this process imports it once, and forks for each job; what becomes of a job's process concerns that job only.  Everything
here gives up what it does not need first: user, capabilities, network, the ways to new privilege.

Standard input is a socket (SOCK_SEQPACKET).  The first message that goes out says which bcc this is, or why there is none.
A message that comes in is a job, {programs, flags, debug}, with four descriptors: the C, room for the instructions, room for
what the compiler says, a pipe.  Instructions are written as length (u32) and bytes, a program after the other; the pipe gets
the job's wait status and its peak memory in KiB when it has ended.  The end of the socket is the end of all.

Stands alone: it may use nothing of policyd, and no Python newer than 3.9.
"""

from __future__ import annotations

import ctypes
import json
import os
import resource
import signal
import socket
import struct
import sys
from pathlib import Path
from typing import Any

CLONE_NEWNET = 0x40000000
PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_SET_NO_NEW_PRIVS = 1, 4, 38
CAPABILITY_VERSION_3 = 0x20080522
NOBODY = 65534
LIBRARIES = ("libbcc", "libLLVM", "libclang")
MOST_MESSAGE = 1 << 17
DESCRIPTORS = 4

libc = ctypes.CDLL(None, use_errno=True)


def main() -> None:
    """Give up privileges, say which bcc there is, serve."""
    settings = json.loads(sys.argv[1])
    connection = socket.socket(fileno=0)
    give_up_privileges()
    for name, most in settings["limits"]:
        resource.setrlimit(name, (most, most))
    told = describe()
    connection.send(json.dumps(told).encode())
    if not told["error"]:
        serve(connection, settings["seconds"], settings["idle"])


def give_up_privileges() -> None:
    """Become nobody, without capabilities and network, where this process may: compiling needs none of it.

    Not dumpable: other processes of that user can neither trace this one nor write into its memory.
    """
    if os.geteuid() == 0:
        libc.unshare(CLONE_NEWNET)
        try:
            os.setgroups([])
            os.setresgid(NOBODY, NOBODY, NOBODY)
            os.setresuid(NOBODY, NOBODY, NOBODY)
        except OSError:
            pass  # a container whose root may not: then without capabilities at the least
    header, none = struct.pack("<Ii", CAPABILITY_VERSION_3, 0), bytes(24)
    libc.capset(header, none)
    libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    libc.prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)


def describe() -> dict[str, Any]:
    """Import bcc; return where it is, its version and its libraries, or the `error`."""
    told: dict[str, Any] = {"python": sys.executable, "file": "", "version": "", "libraries": [], "error": ""}
    source = os.environ["BCC_KERNEL_SOURCE"]
    if not os.access(source + "/include/linux/kconfig.h", os.R_OK):
        told["error"] = "unreadable"  # bcc would look for the kernel's headers elsewhere, and run programs for it
        return told
    try:
        import bcc  # type: ignore[import-not-found]  # noqa: PLC0415 (without privileges)
    except ImportError as error:
        told["error"] = f"{type(error).__name__}: {error}"
        return told
    told["file"], told["version"] = str(getattr(bcc, "__file__", "")), str(getattr(bcc, "__version__", ""))
    if not hasattr(bcc, "BPF") or not hasattr(bcc, "libbcc"):
        told["error"] = "unrelated"
        return told
    maps = Path("/proc/self/maps").read_text(encoding="utf-8").splitlines()
    paths = {Path(line.split(maxsplit=5)[5]) for line in maps if "/" in line}
    told["libraries"] = sorted(str(path) for path in paths if path.name.startswith(LIBRARIES))
    return told


def serve(connection: socket.socket, seconds: int, idle: int) -> None:
    """Start a keeper for each job that comes, until the other side ends or has nothing to say for `idle` seconds."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for keepers
    connection.settimeout(idle)
    while True:
        try:
            message, descriptors, _, _ = socket.recv_fds(connection, MOST_MESSAGE, DESCRIPTORS)
        except socket.timeout:  # noqa: UP041 (its name before Python 3.10)
            if has_children():
                continue
            return
        if not message:
            return
        if os.fork() == 0:
            connection.close()
            keep(json.loads(message), descriptors, seconds)
        for descriptor in descriptors:
            os.close(descriptor)


def has_children() -> bool:
    """Tell whether a keeper still runs."""
    try:
        os.waitpid(-1, os.WNOHANG)
    except ChildProcessError:
        return False
    return True


def keep(job: dict[str, Any], descriptors: list[int], seconds: int) -> None:
    """Run a job in a process of its own, stop it after `seconds`, and tell what became of it."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    end_with_parent()
    worker = os.fork()
    if worker == 0:
        work(job, *descriptors[:3])
    signal.signal(signal.SIGALRM, lambda *_: os.kill(worker, signal.SIGKILL))
    signal.alarm(seconds)
    status = os.waitpid(worker, 0)[1]
    os.write(descriptors[3], struct.pack("<iI", status, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss))
    os._exit(0)


def end_with_parent() -> None:
    """Have the kernel kill this process when the one that started it ends."""
    parent = os.getppid()
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent or parent == 1:
        os._exit(1)


def work(job: dict[str, Any], text: int, instructions: int, said: int) -> None:
    """Compile, and never return: bcc has handlers that run at the end of a process."""
    status = 1
    try:
        end_with_parent()
        os.dup2(said, 1)
        os.dup2(said, 2)
        import bcc  # noqa: PLC0415 (it is there already)

        module = bcc.BPF(text=os.pread(text, os.fstat(text).st_size, 0), cflags=job["flags"], debug=job["debug"])
        for name in job["programs"]:
            code = module.dump_func(name.encode())
            os.write(instructions, struct.pack("<I", len(code)) + code)  # whole: what is cut is found out
        status = 0
    except Exception as error:
        os.write(2, f"\n{type(error).__name__}: {error}\n".encode("utf-8", "replace"))
    finally:
        os._exit(status)


if __name__ == "__main__":
    main()
