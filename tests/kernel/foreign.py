"""Packet programs of somebody else, which count what they see: policyd must leave them alone, and hide nothing from them."""

from __future__ import annotations

import os
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from policyd.kernel.bpf import attach, maps
from policyd.kernel.bpf.object import Wanted, load
from policyd.kernel.bpf.programs import ProgramKind
from policyd.vocabulary.attach import AttachKind, attach_kind

SOURCE = r"""
struct {
	int (*type)[2]; /* array */
	int (*max_entries)[4];
	unsigned *key;
	unsigned long long *value;
} seen __attribute__((section(".maps"), used));

static unsigned long long *(*lookup)(void *map, const void *key) = (void *)1;

static inline __attribute__((always_inline)) unsigned long long *row(unsigned key)
{
	return lookup(&seen, &key);
}

__attribute__((section("foreign"), used)) int someone_elses(unsigned *ctx)
{
	unsigned long long *packets = row(0), *linear = row(1), *mark = row(2);

	if (packets)
		__sync_fetch_and_add(packets, 1);
	if (linear)
		*linear = ctx[DATA + 1] - ctx[DATA];
#if DATA
	if (mark)
		*mark = ctx[2];
#endif
	return VERDICT;
}

char LICENSE[] __attribute__((section("license"), used)) = "GPL";
"""


@dataclass(frozen=True)
class Foreign:
    """A loaded program with its map; it passes every packet on."""

    program: int
    seen: int
    kind: AttachKind

    def _row(self, row: int) -> int:
        return int.from_bytes(maps.lookup(self.seen, row.to_bytes(4, "little"), 8) or b"", "little")

    @property
    def packets(self) -> int:
        return self._row(0)

    @property
    def linear(self) -> int:
        """Bytes of the last packet's linear part."""
        return self._row(1)

    @property
    def mark(self) -> int:
        return self._row(2)

    @contextmanager
    def attached(self, interface: str) -> Iterator[int]:
        """Attach by link, behind what is there; yield the link's file descriptor."""
        index = socket.if_nametoindex(interface)
        link = attach.create_link(self.program, index, self.kind.link_attach_type, 0, "attach someone else's")
        try:
            yield link
        finally:
            os.close(link)


@contextmanager
def foreign(kind: str, option: str) -> Iterator[Foreign]:
    """Load such a program: `xdp` and a mode, `tcx` and a direction."""
    row = attach_kind(kind, option)
    words = {"xdp": ("-DDATA=0", "-DVERDICT=2"), "tcx": ("-DDATA=19", "-DVERDICT=-1")}[kind]
    command = ["clang", "-target", "bpf", "-O2", "-g", "-x", "c", *words, "-c", "-", "-o", "-"]
    # u32 numbers 19 and 20 of struct __sk_buff, 0 and 1 of struct xdp_md: data and data_end
    elf = subprocess.run(command, input=SOURCE.encode(), capture_output=True, check=True).stdout
    seen = maps.create("array", 4, 8, 4, name="foreign")
    try:
        wanted = Wanted(("someone_elses",), ProgramKind.of(row), "load someone else's")
        (program,) = load(elf, wanted, {"seen": seen})
        try:
            yield Foreign(program, seen, row)
        finally:
            os.close(program)
    finally:
        os.close(seen)
