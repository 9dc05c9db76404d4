"""Programs and libraries that no compiler has made: for tests of hooks in them, the same on every host."""

from __future__ import annotations

from dataclasses import dataclass, field

from policyd.elf import ElfError, Symbol, UsdtProbe
from policyd.elf.operands import parse_arguments


@dataclass
class HandBinary:
    """A file as `policyd.elf.Binary` shows it; its code is from 0x1000 to 0x9000."""

    path: str
    functions: dict[str, Symbol] = field(default_factory=dict)
    probes: tuple[UsdtProbe, ...] = ()
    machine: str = "x86_64"
    build_id: str = "93ac61ec"
    state: str = "fe00-1-2-3"
    is_go: bool = False

    def symbols(self) -> dict[str, Symbol]:
        return self.functions

    def usdt(self) -> tuple[UsdtProbe, ...]:
        return self.probes

    def is_code(self, offset: int) -> bool:
        return 0x1000 <= offset < 0x9000


def function(name: str, offset: int, size: int = 0x40, indirect: bool = False) -> tuple[str, Symbol]:
    return name, Symbol(name.partition("@")[0], offset, size, indirect)


def probe(key: str, offset: int, arguments: str = "", semaphore: int = 0) -> UsdtProbe:
    provider, _, name = key.partition(":")
    return UsdtProbe(provider, name, offset, semaphore, parse_arguments(arguments, "x86_64"))


LIBC = HandBinary(
    "/usr/lib/libc.so.6",
    dict(
        (
            function("malloc", 0x2000),
            function("__libc_malloc", 0x2000),
            function("calloc", 0x1800),
            function("free", 0x2100),
            function("memcpy", 0x3000, indirect=True),
            function("memcpy@GLIBC_2.2.5", 0x3100),
            function("memmove@GLIBC_2.2.5", 0x3200),
            function("getaddrinfo", 0x4000),
        )
    ),
)
BASH = HandBinary("/usr/bin/bash", dict((function("readline", 0x5000), function("main", 0x1100))))
PROBED = HandBinary(
    "/opt/probed",
    {},
    (
        probe("demo:fire", 0x1200, "-4@%edi 8@%rsi -2@14(%rsp) -4@8(%rax,%rdx,4) 8@$-7 8@%xmm0 1@%ah", 0x3050),
        probe("demo:fire", 0x1300, "-4@%edi 8@%rsi -2@14(%rsp) -4@8(%rax,%rdx,4) 8@$-7 8@%xmm0 1@%ah", 0x3050),
        probe("demo:fire", 0x1400, "-4@%ebx 8@16(%rbp) -2@%cx -4@$1 8@%r8 8@%r9 1@%al", 0x3050),
        probe("demo:quiet", 0x1500),
        probe("other:fire", 0x1600, "8@%rax"),
    ),
)
STRIPPED = HandBinary("/opt/stripped", build_id="")
GO = HandBinary("/opt/go", dict((function("main.(*Server).Serve", 0x1800), function("main.main", 0x1900))), is_go=True)
FOREIGN = HandBinary("/opt/foreign", machine="aarch64")


class HandBinaries:
    """The files above by place, as `policyd.elf.Binaries` finds them."""

    def __init__(self, *more: HandBinary) -> None:
        known = (LIBC, BASH, PROBED, STRIPPED, FOREIGN, GO, *more)
        self.files = {binary.path: binary for binary in known} | {"libc": LIBC, "libc.so.6": LIBC, "/bin/bash": BASH}

    def open(self, place: str) -> HandBinary:
        if place not in self.files:
            raise ElfError(f"`{place}` cannot be read: No such file or directory")
        return self.files[place]

    def state(self, place: str) -> str:
        return self.files[place].state if place in self.files else ""
