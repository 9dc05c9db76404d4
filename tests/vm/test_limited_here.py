"""Packets on this kernel: rates of rules are exact, fragments are read, and programs that send packets elsewhere load."""

from __future__ import annotations

from inside import Shell

SEND = """
import os, socket

os.sched_setaffinity(0, {0})

def sent(port, size, times):
    taker, sender, last = (socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(3))
    with taker, sender, last:
        taker.bind(("127.0.0.1", port))
        last.bind(("127.0.0.1", 7107))
        last.settimeout(60)
        for _ in range(times):
            sender.sendto(bytes(size), ("127.0.0.1", port))
        sender.sendto(b"last", ("127.0.0.1", 7107))
        last.recv(4)
        found = 0
        while True:
            try:
                taker.recv(1 << 16, socket.MSG_DONTWAIT)
            except BlockingIOError:
                return found
            found += 1

def cut():
    with socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW) as out:
        for more, payload in ((0x2000, bytes([27, 188, 27, 189]) + bytes(4)), (1, bytes(8))):
            head = bytes([69, 0, 0, 0, 0, 7]) + more.to_bytes(2, "big") + bytes([64, 17, 0, 0, 127, 0, 0, 1, 127, 0, 0, 1])
            out.sendto(head + payload, ("127.0.0.1", 0))

cut()
print(sent(7104, 10, 10), sent(7105, 158, 20), sent(7106, 10, 1))
"""
"""Prints how many packets arrived at each port: what one CPU sends through `lo` comes in that order."""


def test_packets_are_limited_and_fragments_read(shell: Shell) -> None:
    with shell.case("limited"):
        assert shell.act(SEND) == "3 5 1", "a packet of 200 bytes: five make a thousand"
        (above,), (more,) = (shell.metrics("limited")[name] for name in ("above_total", "bytes_above_total"))
        assert (above["labels"]["src_ip"], above["value"], more["value"]) == ("127.0.0.1", 7, 15)
        found = [event["fields"] for event in shell.events("limited")]
        assert found == [
            {"fragment_offset": 0, "fragment_more": True, "src_port": 7100, "dst_port": 7101},
            {"fragment_offset": 8, "fragment_more": False, "src_port": None, "dst_port": None},
        ]
        assert [event["verdict"] for event in shell.events("limited-elsewhere")] == ["would-redirect"] * 2
