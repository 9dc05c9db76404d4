"""The events of a cgroup's TCP sockets that `sock_ops` hooks see, one row each: the kernel's number, and what comes with it.

`resolve/sockets.py` makes places of them, `codegen/hook.py` has the kernel call for those that must be asked for.  Numbers
are `BPF_SOCK_OPS_*_CB` of `include/uapi/linux/bpf.h`.
"""

from __future__ import annotations

from dataclasses import dataclass

from policyd.vocabulary.task import BOOL, number
from policyd.vocabulary.types import Shape, ValueType

TCP_STATES: tuple[tuple[int, str], ...] = (
    *((1, "TCP_ESTABLISHED"), (2, "TCP_SYN_SENT"), (3, "TCP_SYN_RECV"), (4, "TCP_FIN_WAIT1"), (5, "TCP_FIN_WAIT2")),
    *((6, "TCP_TIME_WAIT"), (7, "TCP_CLOSE"), (8, "TCP_CLOSE_WAIT"), (9, "TCP_LAST_ACK"), (10, "TCP_LISTEN")),
    *((11, "TCP_CLOSING"), (12, "TCP_NEW_SYN_RECV")),
)
"""`include/net/tcp_states.h`."""
STATE = number("enum", 1, TCP_STATES)
_U32 = number("u32", 4)
_RESULT = ValueType("result", Shape.NUMBER, 4, True)


@dataclass(frozen=True, slots=True)
class EventArgument:
    """`args.NAME` of an event: the number at `index` of what the kernel hands over."""

    name: str
    index: int
    type: ValueType
    explain: str


@dataclass(frozen=True, slots=True)
class TcpEvent:
    """One event.  `flag`: the bit of a socket that has the kernel call for it (0: it always does)."""

    name: str
    number: int
    flag: int
    explain: str
    args: tuple[EventArgument, ...] = ()


TCP_EVENTS: tuple[TcpEvent, ...] = (
    TcpEvent("Connect", 3, 0, "A connection is about to be opened from here: the first SYN is next."),
    TcpEvent("ActiveEstablished", 4, 0, "A connection that was opened from here stands."),
    TcpEvent("PassiveEstablished", 5, 0, "A connection that was opened to here stands."),
    TcpEvent("Listen", 11, 0, "A socket begins to listen."),
    TcpEvent(
        "Retransmit",
        9,
        2,
        "Segments are sent once more.",
        (
            EventArgument("sequence", 0, _U32, "The sequence number of the first byte."),
            EventArgument("segments", 1, _U32, "How many segments."),
            EventArgument("error", 2, _RESULT, "0, or below zero an errno: why they could not be sent."),
        ),
    ),
    TcpEvent(
        "RTO",
        8,
        1,
        "No acknowledgement came in time: the timer of retransmissions has run out.",
        (
            EventArgument("retransmits", 0, _U32, "How often in a row it has."),
            EventArgument("expired", 2, BOOL, "Whether the connection is given up."),
        ),
    ),
    TcpEvent(
        "StateChange",
        10,
        4,
        "A socket goes from one state to another; `state` is the old one.",
        (
            EventArgument("old_state", 0, STATE, "The state that it leaves."),
            EventArgument("new_state", 1, STATE, "The state that it goes to."),
        ),
    ),
    TcpEvent("RTT", 12, 8, "A round trip was measured: with about each acknowledgement of new data."),
)
"""Those that need a flag are called for on sockets that connect, listen or are established once the policy is there."""

EVENT_PATH = "sock_ops.event"
"""The path of the value that tells which event it is; no policy can name it."""
