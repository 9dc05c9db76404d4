"""Numbers of the kernel's BPF interface (`include/uapi/linux/bpf.h`), by the names that policyd uses for them.

Only what policyd uses is here.  Names of types are spelled in lower case as `bpftool` does, because people see them.
"""

from __future__ import annotations

from enum import IntEnum


class Command(IntEnum):
    """`enum bpf_cmd`."""

    MAP_CREATE = 0
    MAP_LOOKUP_ELEM = 1
    MAP_UPDATE_ELEM = 2
    MAP_DELETE_ELEM = 3
    MAP_GET_NEXT_KEY = 4
    PROG_LOAD = 5
    OBJ_PIN = 6
    OBJ_GET = 7
    PROG_TEST_RUN = 10
    PROG_GET_NEXT_ID = 11
    MAP_GET_NEXT_ID = 12
    PROG_GET_FD_BY_ID = 13
    MAP_GET_FD_BY_ID = 14
    OBJ_GET_INFO_BY_FD = 15
    RAW_TRACEPOINT_OPEN = 17
    MAP_FREEZE = 22
    MAP_LOOKUP_BATCH = 24
    MAP_UPDATE_BATCH = 26
    LINK_CREATE = 28
    LINK_UPDATE = 29
    LINK_GET_FD_BY_ID = 30
    LINK_GET_NEXT_ID = 31
    ENABLE_STATS = 32
    ITER_CREATE = 33
    LINK_DETACH = 34


CHANGES: dict[Command, str] = {
    Command.MAP_CREATE: "map-create",
    Command.MAP_UPDATE_ELEM: "map-update",
    Command.MAP_DELETE_ELEM: "map-delete",
    Command.MAP_UPDATE_BATCH: "map-update-batch",
    Command.MAP_FREEZE: "map-freeze",
    Command.PROG_LOAD: "program-load",
    Command.OBJ_PIN: "pin",
    Command.RAW_TRACEPOINT_OPEN: "link-create",
    Command.LINK_CREATE: "link-create",
    Command.LINK_UPDATE: "link-update",
    Command.LINK_DETACH: "link-detach",
}
"""The commands that change the kernel, with the names of their points (`kernel/points.py`)."""

MAP_TYPES: dict[str, int] = {
    "hash": 1,
    "array": 2,
    "prog_array": 3,
    "perf_event_array": 4,
    "percpu_hash": 5,
    "percpu_array": 6,
    "stack_trace": 7,
    "lru_hash": 9,
    "lru_percpu_hash": 10,
    "lpm_trie": 11,
    "array_of_maps": 12,
    "hash_of_maps": 13,
    "ringbuf": 27,
}
MAP_TYPE_NAMES: dict[int, str] = {number: name for name, number in MAP_TYPES.items()}
PER_CPU_MAP_TYPES: frozenset[str] = frozenset({"percpu_hash", "percpu_array", "lru_percpu_hash"})

PROGRAM_TYPES: dict[str, int] = {
    "socket_filter": 1,
    "kprobe": 2,
    "sched_cls": 3,
    "tracepoint": 5,
    "xdp": 6,
    "perf_event": 7,
    "cgroup_skb": 8,
    "cgroup_sock": 9,
    "sock_ops": 13,
    "raw_tracepoint": 17,
    "cgroup_sock_addr": 18,
    "flow_dissector": 22,
    "tracing": 26,
    "lsm": 29,
    "sk_lookup": 30,
    "syscall": 31,
    "netfilter": 32,
}
PROGRAM_TYPE_NAMES: dict[int, str] = {number: name for name, number in PROGRAM_TYPES.items()}

ATTACH_TYPES: dict[str, int] = {
    "none": 0,
    "cgroup_inet_ingress": 0,
    "cgroup_inet_egress": 1,
    "cgroup_inet4_bind": 8,
    "cgroup_inet6_bind": 9,
    "cgroup_inet4_connect": 10,
    "cgroup_inet6_connect": 11,
    "cgroup_udp4_sendmsg": 14,
    "cgroup_udp6_sendmsg": 15,
    "trace_raw_tp": 23,
    "trace_fentry": 24,
    "trace_iter": 28,
    "lsm_mac": 27,
    "xdp": 37,
    "perf_event": 41,
    "trace_kprobe_multi": 42,
    "tcx_ingress": 46,
    "tcx_egress": 47,
    "trace_uprobe_multi": 48,
    "netkit_primary": 54,
    "netkit_peer": 55,
}

LINK_TYPE_NAMES: dict[int, str] = {
    1: "raw_tracepoint",
    2: "tracing",
    3: "cgroup",
    4: "iter",
    5: "netns",
    6: "xdp",
    7: "perf_event",
    8: "kprobe_multi",
    9: "struct_ops",
    10: "netfilter",
    11: "tcx",
    12: "uprobe_multi",
    13: "netkit",
    14: "sockmap",
}

MAP_NO_PREALLOC = 1 << 0  # BPF_F_NO_PREALLOC: obligatory for lpm_trie
PROGRAM_XDP_HAS_FRAGS = 1 << 5  # BPF_F_XDP_HAS_FRAGS: packets of several buffers, so large MTU (5.18)
LINK_REPLACE = 1 << 2  # BPF_F_REPLACE: the link's program must still be the expected one
XDP_GENERIC = 1 << 1  # XDP_FLAGS_SKB_MODE
XDP_NATIVE = 1 << 2  # XDP_FLAGS_DRV_MODE
BPFFS_MAGIC = 0xCAFE4A11
ENOTSUPP = 524  # the kernel's internal "not supported", which some BPF commands let out
