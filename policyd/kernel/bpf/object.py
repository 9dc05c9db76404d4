"""Load a compiled object through libbpf: relocate it against this kernel's BTF, give it our maps, load its programs.

In: the bytes of an ELF object, the fds of the maps that it names, how its programs are to be loaded.  Out: program fds.
libbpf 1.0 or later is used through `ctypes`; it creates no map (each is the engine's), attaches nothing and pins nothing.
Its messages, with the verifier's log in them, come through a callback that is one for the whole process: one load at a time.
"""

from __future__ import annotations

import ctypes
import errno
import os
import re
import threading
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from policyd.errors import KernelError, UnsupportedError
from policyd.kernel import points
from policyd.kernel.bpf.constants import ATTACH_TYPES
from policyd.kernel.bpf.programs import LOG_BYTES, RefusedError, log_is_whole, no_function
from policyd.kernel.bpf.syscall import Buffer, address, buffer, failure

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from policyd.kernel.bpf.programs import ProgramKind

_POINTER, _TEXT, _INT = ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int
_PRINT = ctypes.CFUNCTYPE(_INT, _INT, _TEXT, _POINTER)
_WARN = 0  # enum libbpf_print_level

_PROTOTYPES: dict[str, tuple[Any, list[Any]]] = {
    "libbpf_set_print": (_POINTER, [_PRINT]),
    "libbpf_probe_bpf_helper": (_INT, [_INT, _INT, _POINTER]),
    "bpf_object__open_mem": (_POINTER, [_TEXT, ctypes.c_size_t, _POINTER]),
    "bpf_object__load": (_INT, [_POINTER]),
    "bpf_object__close": (None, [_POINTER]),
    "bpf_object__next_map": (_POINTER, [_POINTER, _POINTER]),
    "bpf_object__next_program": (_POINTER, [_POINTER, _POINTER]),
    "bpf_map__name": (_TEXT, [_POINTER]),
    "bpf_map__reuse_fd": (_INT, [_POINTER, _INT]),
    "bpf_program__name": (_TEXT, [_POINTER]),
    "bpf_program__set_type": (_INT, [_POINTER, _INT]),
    "bpf_program__set_expected_attach_type": (_INT, [_POINTER, _INT]),
    "bpf_program__set_attach_target": (_INT, [_POINTER, _INT, _TEXT]),
    "bpf_program__set_flags": (_INT, [_POINTER, ctypes.c_uint32]),
    "bpf_program__set_log_buf": (_INT, [_POINTER, _POINTER, ctypes.c_size_t]),
    "bpf_program__set_autoload": (_INT, [_POINTER, ctypes.c_bool]),
    "bpf_program__fd": (_INT, [_POINTER]),
}

_REFUSED = re.compile(r"^libbpf: prog '([^']*)': BPF program load failed", re.MULTILINE)

_one_at_a_time = threading.Lock()


class MalformedObjectError(Exception):
    """The object is none that this module can load: not what the code generator and the compiler should make."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to load: the programs by the names of their functions, how, and `what` to say in errors."""

    programs: tuple[str, ...]
    kind: ProgramKind
    what: str


def load(elf: bytes, wanted: Wanted, maps: Mapping[str, int]) -> tuple[int, ...]:
    """Return new fds of the wanted programs, in order; all of them or an error.

    `maps` are fds by symbol; they stay the caller's.  `RefusedError` with the verifier's log, `MalformedObjectError`,
    `KernelError` for everything else.
    """
    with _one_at_a_time:
        for size in LOG_BYTES:
            try:
                return _attempt(elf, wanted, maps, buffer(size))
            except RefusedError as error:
                if log_is_whole(error.log, error.errno) or size == LOG_BYTES[-1]:
                    raise
    raise AssertionError("unreachable")


def library_version() -> str:
    """Return libbpf's version, `1.1`; `UnsupportedError` if it is missing or older than 1.0."""
    library = _library()
    return f"{library.libbpf_major_version()}.{library.libbpf_minor_version()}"


def helper_known(program_type: int, helper: int) -> bool:
    """Tell whether this kernel has a helper for programs of that type, by trying to load a call of it."""
    with _one_at_a_time, _messages():
        return int(_library().libbpf_probe_bpf_helper(program_type, helper, None)) == 1


@cache
def _library() -> ctypes.CDLL:
    try:
        library = ctypes.CDLL("libbpf.so.1", use_errno=True)
    except OSError:
        raise UnsupportedError("libbpf is not installed", "libbpf 1.0", "install the package libbpf1") from None
    for name, (result, arguments) in _PROTOTYPES.items():
        function = getattr(library, name)
        function.restype, function.argtypes = result, arguments
    return library


def _attempt(elf: bytes, wanted: Wanted, maps: Mapping[str, int], log: Buffer) -> tuple[int, ...]:
    with _messages() as messages:
        handle = _open(elf, messages)
        try:
            _give_maps(handle, maps)
            found = _prepare(handle, wanted, log)
            _load(handle, wanted.what, messages, log)
            return tuple(os.dup(_library().bpf_program__fd(found[name])) for name in wanted.programs)
        finally:
            _library().bpf_object__close(handle)


def _open(elf: bytes, messages: list[str]) -> int:
    handle = _library().bpf_object__open_mem(elf, len(elf), None)
    if not handle:
        raise MalformedObjectError(_last(messages) or os.strerror(ctypes.get_errno()))
    return int(handle)


def _give_maps(handle: int, maps: Mapping[str, int]) -> None:
    library = _library()
    for entry in _each(library.bpf_object__next_map, handle):
        name = library.bpf_map__name(entry).decode()
        if name not in maps:
            raise MalformedObjectError(
                f"it has static data ({name})" if "." in name else f"it wants a map {name!r} that nobody made"
            )
        code = library.bpf_map__reuse_fd(entry, maps[name])
        if code:
            raise failure(f"hand map {name} over to libbpf", -code)


def _prepare(handle: int, wanted: Wanted, log: Buffer) -> dict[str, int]:
    library, found = _library(), {}
    for entry in _each(library.bpf_object__next_program, handle):
        name = library.bpf_program__name(entry).decode()
        found[name] = entry
        library.bpf_program__set_autoload(entry, name in wanted.programs)
        library.bpf_program__set_type(entry, wanted.kind.type)
        library.bpf_program__set_expected_attach_type(entry, wanted.kind.attach_type)
        library.bpf_program__set_flags(entry, wanted.kind.flags)
        if wanted.kind.function:
            _aim(entry, wanted)
        library.bpf_program__set_log_buf(entry, address(log), len(log))
    missing = [name for name in wanted.programs if name not in found]
    if missing:
        raise MalformedObjectError(f"it has no program {missing[0]!r}")
    return found


_PREFIXES = {ATTACH_TYPES["lsm_mac"]: "bpf_lsm_", ATTACH_TYPES["trace_iter"]: "bpf_iter_"}


def _aim(entry: int, wanted: Wanted) -> None:
    """Name the function that a program is loaded for; libbpf puts some prefixes itself."""
    name = wanted.kind.function.removeprefix(_PREFIXES.get(wanted.kind.attach_type, ""))
    code = -_library().bpf_program__set_attach_target(entry, 0, name.encode())
    if code in {errno.ENOENT, errno.ESRCH}:
        raise no_function(wanted.kind.function, wanted.what)
    if code:
        raise failure(wanted.what, code)


def _load(handle: int, what: str, messages: list[str], log: Buffer) -> None:
    """libbpf loads each program without a log, and again with one if the kernel refuses it."""
    try:
        code = points.run("program-load", what, lambda: -int(_library().bpf_object__load(handle)))
    except OSError as error:
        raise failure(what, error.errno or errno.EIO) from None
    if not code:
        return
    refused = _REFUSED.search("".join(messages))
    text = log.value.decode("utf-8", "replace")
    if refused and (text or code == errno.E2BIG):
        raise RefusedError(text, code, refused[1])
    said = _last(messages)
    raise KernelError(what, code, f"libbpf says: {said}" if said else failure(what, code).hint)


def _each(following: Any, handle: int) -> Iterator[int]:
    entry = following(handle, None)
    while entry:
        yield entry
        entry = following(handle, entry)


# ------------------------------------------------------------------------------------------------ what libbpf says


@contextmanager
def _messages() -> Iterator[list[str]]:
    """Collect libbpf's warnings; silence it again afterwards."""
    collected: list[str] = []

    def collect(level: int, form: bytes, arguments: int) -> int:
        if level <= _WARN:
            collected.append(_formatted(form, arguments))
        return 0

    callback = _PRINT(collect)
    _library().libbpf_set_print(callback)
    try:
        yield collected
    finally:
        _library().libbpf_set_print(_PRINT())


def _formatted(form: bytes, arguments: int) -> str:
    """Format a message of libbpf: the C library does it, into memory of its own."""
    libc, out = _libc(), ctypes.c_void_p()
    size = libc.vasprintf(ctypes.byref(out), form, arguments)
    if size < 0:
        return ""
    try:
        return ctypes.string_at(out, size).decode("utf-8", "replace")
    finally:
        libc.free(out)


@cache
def _libc() -> ctypes.CDLL:
    libc = ctypes.CDLL(None)
    libc.vasprintf.argtypes = [_POINTER, _TEXT, _POINTER]
    libc.vasprintf.restype = _INT
    libc.free.argtypes = [_POINTER]
    libc.free.restype = None
    return libc


def _last(messages: list[str]) -> str:
    """Return libbpf's telling message: the first one, since the later ones only say that therefore something else failed."""
    first = next((message for message in messages if message.strip()), "")
    return first.removeprefix("libbpf: ").strip()
